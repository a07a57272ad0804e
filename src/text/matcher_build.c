/* Building goes level by level: first all tokens, then the pairs that entries begin with, then the
 * runs of three tokens, of four, ... Whatever a run's link needs then lies on levels that are
 * complete. */
#include "base/alloc.h"
#include "base/hash.h"
#include "text/matcher_internal.h"

enum { MAX_RUNS = 1 << 30, MAX_SEEDS = 64 };

/* An entry on its way down the tree. */
typedef struct {
    size_t path; /* where its tokens begin in builder.path */
    size_t len;
    mci_node node;
    uint32_t id;
} path_run;

typedef struct {
    mc_matcher *matcher;
    const mc_str *entries;
    mci_words_builder *words;
    uint32_t *path; /* the tokens of all entries */
    size_t n_path, cap_path;
    mc_str waiting[MCI_WORDS_TOGETHER]; /* tokens behind them, to be added together */
    size_t n_waiting;
    path_run *runs;
    size_t n_runs;
    uint64_t *pairs; /* keys, a hash table, then those of all pairs */
    uint64_t *hashes;
    size_t n_pairs;
    mci_node *level; /* the nodes made on this level */
    size_t n_level;
} builder;

/* ---- tokens ---- */

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

/* Adds the tokens that wait to the words, and their indices to the path. */
static mc_status add_waiting(builder *b, mc_error *err)
{
    void *path = b->path;
    if (b->n_waiting == 0)
        return MC_OK;
    MC_TRY(mci_grow(&path, &b->cap_path, b->n_path + b->n_waiting, sizeof *b->path, err));
    b->path = path;
    MC_TRY(mci_words_add(b->words, b->waiting, b->n_waiting, b->path + b->n_path, err));
    b->n_path += b->n_waiting;
    b->n_waiting = 0;
    return MC_OK;
}

static mc_status add_path(builder *b, mc_str entry, size_t *len, mc_error *err)
{
    mc_str rest = entry.len ? entry : mc_str_of(""), token; /* the empty entry has a token too */
    for (*len = 0; take_token(&rest, &token); ++*len) {
        b->waiting[b->n_waiting++] = token;
        if (b->n_waiting == MCI_WORDS_TOGETHER)
            MC_TRY(add_waiting(b, err));
    }
    return MC_OK;
}

static mc_status add_words(builder *b, size_t n, mc_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!mc_entry_can_match(b->entries[i], NULL))
            continue;
        path_run *run = &b->runs[b->n_runs++];
        *run = (path_run){ .path = b->n_path + b->n_waiting, .id = (uint32_t)i };
        MC_TRY(add_path(b, b->entries[i], &run->len, err));
    }
    MC_TRY(add_waiting(b, err));
    return mci_words_build(b->words, b->path, b->n_path, &b->matcher->words, err);
}

static void find_mark_words(mc_matcher *matcher)
{
    for (int byte = 0; byte < 128; byte++) {
        char c = (char)byte;
        unsigned mark = mci_mark_of(c);
        if (mark)
            matcher->mark_words[mark] = mci_words_number(&matcher->words, (mc_str){ &c, 1 });
    }
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

/* Entries of one token end at their word, the others go on. */
static mc_status end_words(builder *b, mc_error *err)
{
    mci_word *words = b->matcher->words.words;
    size_t n_left = 0;
    for (size_t i = 0; i < b->n_runs; i++) {
        path_run run = b->runs[i];
        if (run.len > 1)
            b->runs[n_left++] = run;
        else
            MC_TRY(end_entry(b, &words[b->path[run.path]].entry_plus_1, run.id, err));
    }
    b->n_runs = n_left;
    return MC_OK;
}

/* ---- pairs ---- */

static uint64_t first_pair(const builder *b, const path_run *run)
{
    return mci_node_key(b->path[run->path], b->path[run->path + 1]);
}

/* Leaves each pair once in b->pairs, by a hash table that is at most half full. */
static mc_status unify_pairs(builder *b, mc_error *err)
{
    size_t n_places = 2;
    while (n_places < 2 * b->n_runs)
        n_places *= 2;
    b->pairs = mci_alloc_zeroed(n_places, sizeof *b->pairs);
    if (!b->pairs)
        return mci_nomem(err, n_places * sizeof *b->pairs);
    for (size_t i = 0; i < b->n_runs; i++) {
        uint64_t key = first_pair(b, &b->runs[i]);
        size_t place = mci_pair_hash(b->matcher, key) & (n_places - 1);
        while (b->pairs[place] && b->pairs[place] != key)
            place = (place + 1) & (n_places - 1);
        b->pairs[place] = key;
    }
    for (size_t i = 0; i < n_places; i++) {
        if (b->pairs[i])
            b->pairs[b->n_pairs++] = b->pairs[i];
    }
    return MC_OK;
}

static mc_status place_pairs(builder *b, mc_error *err)
{
    mc_matcher *matcher = b->matcher;
    b->hashes = mci_alloc(b->n_pairs * sizeof *b->hashes);
    if (!b->hashes)
        return mci_nomem(err, b->n_pairs * sizeof *b->hashes);
    for (int i = 0; i < MAX_SEEDS; i++) {
        bool placed;
        for (size_t k = 0; k < b->n_pairs; k++)
            b->hashes[k] = mci_pair_hash(matcher, b->pairs[k]);
        MC_TRY(mci_slots_place(b->hashes, b->n_pairs, &placed, &matcher->pair_slots, err));
        if (placed)
            return MC_OK;
        matcher->seed = mci_mix(matcher->seed + 1, UINT64_C(0x9E3779B97F4A7C15));
    }
    return mc_fail(err, MC_E_LIMIT, "%zu pairs of words cannot be told apart by their hashes",
                   b->n_pairs);
}

static mc_status add_pairs(builder *b, mc_error *err)
{
    mc_matcher *matcher = b->matcher;
    mci_word *words = matcher->words.words;
    MC_TRY(unify_pairs(b, err));
    MC_TRY(place_pairs(b, err));
    MC_TRY(mci_table_memory_new((size_t)matcher->pair_slots.n_slots + 1, sizeof *matcher->pairs,
                                &matcher->pair_memory, err));
    matcher->pairs = matcher->pair_memory.data;
    for (size_t i = 0; i < b->n_pairs; i++)
        matcher->pairs[mci_slot_of(&matcher->pair_slots, b->hashes[i])].key = b->pairs[i];
    size_t n_left = 0;
    for (size_t i = 0; i < b->n_runs; i++) {
        path_run run = b->runs[i];
        const uint32_t *path = b->path + run.path;
        uint64_t hash = mci_pair_hash(matcher, first_pair(b, &run));
        uint32_t slot = mci_slot_of(&matcher->pair_slots, hash);
        words[path[0]].successors |= UINT64_C(1) << mci_successor_bit(path[1]);
        words[path[1]].predecessors |= UINT32_C(1) << mci_predecessor_bit(path[0]);
        run.node = MCI_NODE_PAIR | slot;
        if (run.len > 2)
            b->runs[n_left++] = run;
        else
            MC_TRY(end_entry(b, &matcher->pairs[slot].entry_plus_1, run.id, err));
    }
    b->n_runs = n_left;
    return MC_OK;
}

/* ---- longer runs ---- */

static mc_status allocate_runs(builder *b, mc_error *err)
{
    mc_matcher *matcher = b->matcher;
    size_t n_runs = 0; /* at most: common beginnings share them */
    for (size_t i = 0; i < b->n_runs; i++)
        n_runs += b->runs[i].len - 2;
    if (n_runs > MAX_RUNS)
        return mc_fail(err, MC_E_LIMIT, "more than %d words in entries", (int)MAX_RUNS);
    matcher->n_run_slots = (uint32_t)(n_runs + n_runs / 2 + 1);
    MC_TRY(mci_table_memory_new(matcher->n_run_slots, sizeof *matcher->runs, &matcher->run_memory,
                                err));
    matcher->runs = matcher->run_memory.data;
    MC_TRY(mci_table_memory_new(matcher->n_run_slots, sizeof *matcher->links, &matcher->link_memory,
                                err));
    matcher->links = matcher->link_memory.data;
    b->level = mci_alloc(b->n_runs * sizeof *b->level);
    return b->level ? MC_OK : mci_nomem(err, b->n_runs * sizeof *b->level);
}

/* Takes the run down by its token at `depth`, along an edge that is there or new. */
static void lower_run(builder *b, path_run *run, size_t depth)
{
    mc_matcher *matcher = b->matcher;
    uint32_t word = b->path[run->path + depth];
    uint64_t key = mci_node_key(run->node, word);
    uint32_t slot = mci_run_slot(matcher, key);
    mci_node below = MCI_NODE_RUN | slot;
    if (!matcher->runs[slot].key) {
        matcher->runs[slot].key = key;
        b->level[b->n_level++] = below;
    }
    if (run->node & MCI_NODE_RUN)
        mci_run_at(matcher, run->node)->successors |= UINT32_C(1) << mci_run_successor_bit(word);
    else
        matcher->pairs[run->node & ~MCI_NODE_PAIR].successors |= UINT32_C(1)
                                                                 << mci_run_successor_bit(word);
    run->node = below;
}

static uint32_t last_word(const mc_matcher *matcher, mci_node node)
{
    return (uint32_t)(node & MCI_NODE_RUN ? mci_run_at(matcher, node)->key & ~MCI_HAS_LINK
                                          : matcher->pairs[node & ~MCI_NODE_PAIR].key);
}

/* The last two tokens of a run, as a node; 0 if no entry begins with them. */
static mci_node last_pair(const mc_matcher *matcher, mci_node run)
{
    mci_node parent = (mci_node)(mci_run_at(matcher, run)->key >> 32);
    uint64_t key = mci_node_key(last_word(matcher, parent), last_word(matcher, run));
    uint32_t slot = mci_slot_of(&matcher->pair_slots, mci_pair_hash(matcher, key));
    return matcher->pairs[slot].key == key ? MCI_NODE_PAIR | slot : 0;
}

/* Finds where to go on when nothing follows a run: the run that its parent's ends lead to by the
 * same token. Aho and Corasick, "Efficient string matching", CACM 18 (1975), with tokens as
 * letters; what leads to no run they do not need, since pairs are found on their own. */
static void link_run(const mc_matcher *matcher, mci_node node)
{
    mci_run *run = mci_run_at(matcher, node);
    mci_node parent = (mci_node)(run->key >> 32), end = 0;
    uint32_t word = (uint32_t)run->key;
    if (!(parent & MCI_NODE_RUN))
        return; /* three tokens: no run is shorter */
    while (!end && (parent = mci_node_fail(matcher, parent)))
        end = mci_node_next(matcher, parent, word);
    if (!end && (parent = last_pair(matcher, (mci_node)(run->key >> 32))))
        end = mci_node_next(matcher, parent, word);
    if (!end)
        return;
    mci_link *links = matcher->links;
    links[node & ~MCI_NODE_RUN].fail = end;
    links[node & ~MCI_NODE_RUN].report =
        mci_run_at(matcher, end)->entry_plus_1 ? end : links[end & ~MCI_NODE_RUN].report;
    run->key |= MCI_HAS_LINK;
}

static mc_status add_level(builder *b, size_t depth, mc_error *err)
{
    size_t n_left = 0;
    b->n_level = 0;
    for (size_t i = 0; i < b->n_runs; i++) {
        path_run *run = &b->runs[i];
        lower_run(b, run, depth);
        if (depth + 1 < run->len)
            b->runs[n_left++] = *run;
        else
            MC_TRY(end_entry(b, &mci_run_at(b->matcher, run->node)->entry_plus_1, run->id, err));
    }
    for (size_t i = 0; i < b->n_level; i++)
        link_run(b->matcher, b->level[i]);
    b->n_runs = n_left;
    return MC_OK;
}

/* ---- all ---- */

static mc_status add_all(builder *b, size_t n, mc_error *err)
{
    uint64_t seed[2] = { n, 1 };
    for (size_t i = 0; i < n; i++)
        seed[0] = mci_hash64(b->entries[i], seed[0]);
    seed[1] = mci_mix(seed[0], UINT64_C(0x9E3779B97F4A7C15));
    b->matcher->seed = seed[0];
    MC_TRY(mci_words_builder_new(seed, n, &b->words, err));
    b->runs = mci_alloc(n * sizeof *b->runs);
    if (!b->runs)
        return mci_nomem(err, n * sizeof *b->runs);
    MC_TRY(add_words(b, n, err));
    find_mark_words(b->matcher);
    MC_TRY(end_words(b, err));
    MC_TRY(add_pairs(b, err));
    MC_TRY(allocate_runs(b, err));
    for (size_t depth = 2; b->n_runs; depth++)
        MC_TRY(add_level(b, depth, err));
    return MC_OK;
}

mc_status mci_matcher_build(mc_matcher *matcher, const mc_str *entries, size_t n, mc_error *err)
{
    builder b = { .matcher = matcher, .entries = entries };
    matcher->n_entries = n;
    mc_status status = add_all(&b, n, err);
    mci_words_builder_free(b.words);
    mci_free(b.path);
    mci_free(b.runs);
    mci_free(b.pairs);
    mci_free(b.hashes);
    mci_free(b.level);
    return status;
}
