/* Building goes level by level: first all tokens, then the edges that lead to nodes of two tokens,
 * of three, ... Whatever a node's link needs then lies on levels that are complete. */
#include "base/alloc.h"
#include "text/matcher_internal.h"

enum { MAX_EDGES = 1 << 30 };

/* An entry of two tokens or more on its way down the tree. */
typedef struct {
    size_t path; /* where its tokens begin in builder.path */
    size_t len;
    mci_node node;
    uint32_t id;
} entry_run;

typedef struct {
    mc_matcher *matcher;
    const mc_str *entries;
    uint32_t *path; /* the tokens of all runs */
    size_t n_path;
    entry_run *runs;
    size_t n_runs;
    mci_node *level; /* the nodes made on this level */
    size_t n_level;
} builder;

/* Takes the first token off *rest. False when nothing was left: rest->data is then NULL. */
static bool take_token(mc_str *rest, mc_str *token)
{
    if (!rest->data)
        return false;
    const char *space = rest->len ? memchr(rest->data, ' ', rest->len) : NULL;
    token->data = rest->data;
    token->len = space ? (size_t)(space - rest->data) : rest->len;
    rest->data = space ? space + 1 : NULL;
    rest->len = space ? rest->len - token->len - 1 : 0;
    return true;
}

/* An entry as take_token wants it: the empty one has a token too. */
static mc_str tokens_of(mc_str entry)
{
    return entry.len ? entry : mc_str_of("");
}

static mc_status add_words(builder *b, size_t n, mc_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!mc_entry_can_match(b->entries[i], NULL))
            continue;
        mc_str rest = tokens_of(b->entries[i]), token;
        size_t n_tokens = 0;
        for (; take_token(&rest, &token); n_tokens++)
            MC_TRY(mci_words_add(&b->matcher->words, token, n_tokens || rest.data, err));
        if (n_tokens > 1) {
            b->n_path += n_tokens;
            b->n_runs++;
        }
    }
    return mci_words_fit(&b->matcher->words, err);
}

/* The entry ends at the place whose field this is; a twin goes behind the first. */
static mc_status end_entry(builder *b, uint32_t *entry_plus_1, uint32_t id, mc_error *err)
{
    mc_matcher *matcher = b->matcher;
    if (*entry_plus_1 == 0) {
        *entry_plus_1 = id + 1;
        return MC_OK;
    }
    if (!matcher->twin_plus_1) {
        size_t n_bytes = matcher->n_entries * sizeof *matcher->twin_plus_1;
        matcher->twin_plus_1 = mci_alloc_zeroed(n_bytes, 1);
        if (!matcher->twin_plus_1)
            return mci_nomem(err, n_bytes);
    }
    matcher->twin_plus_1[id] = matcher->twin_plus_1[*entry_plus_1 - 1];
    matcher->twin_plus_1[*entry_plus_1 - 1] = id + 1;
    return MC_OK;
}

/* Entries of one token end at their word, the others become runs. */
static mc_status add_runs(builder *b, size_t n, mc_error *err)
{
    mci_words *words = &b->matcher->words;
    size_t n_path = 0, n_runs = 0;
    for (size_t i = 0; i < n; i++) {
        if (!mc_entry_can_match(b->entries[i], NULL))
            continue;
        mc_str rest = tokens_of(b->entries[i]), token;
        take_token(&rest, &token);
        uint32_t word = mci_words_number(words, token);
        if (!rest.data) {
            MC_TRY(end_entry(b, &words->words[word].entry_plus_1, (uint32_t)i, err));
            continue;
        }
        entry_run *run = &b->runs[n_runs++];
        *run = (entry_run){ .path = n_path, .node = word, .id = (uint32_t)i };
        b->path[n_path++] = word;
        while (take_token(&rest, &token))
            b->path[n_path++] = mci_words_number(words, token);
        run->len = n_path - run->path;
    }
    return MC_OK;
}

static mc_status allocate_edges(builder *b, mc_error *err)
{
    mc_matcher *matcher = b->matcher;
    size_t n_edges = b->n_path - b->n_runs; /* at most: common beginnings share them */
    if (n_edges > MAX_EDGES)
        return mc_fail(err, MC_E_LIMIT, "more than %d words in entries", (int)MAX_EDGES);
    matcher->n_edge_slots = (uint32_t)(n_edges + n_edges / 2 + 1);
    MC_TRY(mci_table_memory_new(matcher->n_edge_slots, sizeof *matcher->edges,
                                &matcher->edge_memory, err));
    matcher->edges = matcher->edge_memory.data;
    MC_TRY(mci_table_memory_new(matcher->n_edge_slots, sizeof *matcher->links,
                                &matcher->link_memory, err));
    matcher->links = matcher->link_memory.data;
    return MC_OK;
}

/* Takes the run down by its token at `depth`, along an edge that is there or new. */
static void lower_run(builder *b, entry_run *run, size_t depth)
{
    mc_matcher *matcher = b->matcher;
    mci_word *words = matcher->words.words;
    uint32_t before = b->path[run->path + depth - 1], word = b->path[run->path + depth];
    uint64_t key = mci_edge_key(run->node, word);
    uint32_t slot = mci_edge_slot(matcher, key, mci_edge_home(matcher, key));
    mci_node below = MCI_NODE_DEEP | slot;
    if (!matcher->edges[slot].key) {
        matcher->edges[slot].key = key;
        b->level[b->n_level++] = below;
    }
    if (run->node & MCI_NODE_DEEP)
        mci_edge_to(matcher, run->node)->successors |= mci_successor_bit(word);
    else
        words[run->node].successors |= mci_successor_bit(word);
    words[word].predecessors |= mci_predecessor_bit(before);
    run->node = below;
}

/* Finds where to go on when nothing follows a node: what its parent's ends lead to by the same
 * token. Aho and Corasick, "Efficient string matching", CACM 18 (1975), with tokens as letters. */
static void link_node(mc_matcher *matcher, mci_node node)
{
    mci_edge *edge = mci_edge_to(matcher, node);
    mci_node parent = (mci_node)(edge->key >> 32), end = 0;
    uint32_t word = (uint32_t)edge->key;
    while (!end && parent & MCI_NODE_DEEP) {
        parent = mci_node_fail(matcher, parent);
        end = mci_node_next(matcher, parent, word);
    }
    if (!end)
        return; /* the word itself, which mci_node_fail knows */
    mci_link *of_end = &matcher->links[end & ~MCI_NODE_DEEP];
    mci_link *link = &matcher->links[node & ~MCI_NODE_DEEP];
    link->fail = end;
    link->report = mci_edge_to(matcher, end)->entry_plus_1 ? end : of_end->report;
    edge->key |= MCI_HAS_LINK;
}

static mc_status add_level(builder *b, size_t depth, mc_error *err)
{
    size_t n_left = 0;
    b->n_level = 0;
    for (size_t i = 0; i < b->n_runs; i++) {
        entry_run *run = &b->runs[i];
        lower_run(b, run, depth);
        if (depth + 1 < run->len)
            b->runs[n_left++] = *run;
        else
            MC_TRY(end_entry(b, &mci_edge_to(b->matcher, run->node)->entry_plus_1, run->id, err));
    }
    for (size_t i = 0; i < b->n_level; i++)
        link_node(b->matcher, b->level[i]);
    b->n_runs = n_left;
    return MC_OK;
}

static mc_status add_all(builder *b, size_t n, mc_error *err)
{
    MC_TRY(mci_words_init(&b->matcher->words, err));
    MC_TRY(add_words(b, n, err));
    MC_TRY(allocate_edges(b, err));
    b->path = mci_alloc(b->n_path * sizeof *b->path);
    b->runs = mci_alloc(b->n_runs * sizeof *b->runs);
    b->level = mci_alloc(b->n_runs * sizeof *b->level);
    if (!b->path || !b->runs || !b->level)
        return mci_nomem(err, b->n_path * sizeof *b->path + b->n_runs * sizeof *b->runs);
    MC_TRY(add_runs(b, n, err));
    for (size_t depth = 1; b->n_runs; depth++)
        MC_TRY(add_level(b, depth, err));
    return MC_OK;
}

mc_status mci_matcher_build(mc_matcher *matcher, const mc_str *entries, size_t n, mc_error *err)
{
    builder b = { .matcher = matcher, .entries = entries };
    matcher->n_entries = n;
    mc_status status = add_all(&b, n, err);
    mci_free(b.path);
    mci_free(b.runs);
    mci_free(b.level);
    return status;
}
