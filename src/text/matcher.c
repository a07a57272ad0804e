/* After spacing, a text is a row of tokens: what stands between two spaces in a row, the empty
 * token too. An entry matches if its tokens stand in the text one after another. The text is never
 * spaced for this: cutting it at spaces, tabs, line ends and marks, and adding each mark as a token
 * of its own, gives the same row ("a, b" is `a` `,` `` `b`).
 *
 *   words   token -> number: its slot. Two to a cache line, all that is asked of a token in it.
 *
 *           | unknown | empty token | 7 marks | hot: up to 16384 words | cold: all others  |
 *           |  (0)    |    (1)      | (2..8)  | that entries share     |                   |
 *
 *           slot, 32 bytes:  | the token, 16 bytes | len | entry | successors | predecessors |
 *
 *           `entry` is the entry of that token alone. The two filters are sets of 32 classes of
 *           tokens: those that come next where this one begins an entry, and those that come before
 *           it in any. Only where both agree two tokens in a row are worth a look at the edges: in
 *           captions one pair in two to four, and most of these have one.
 *
 *   edges   the tree of entries of two tokens or more: (node, token) -> node below, whose number is
 *           the edge's slot. Nodes of the first level are the tokens themselves. Entries
 *           "a b", "a b c", "b c", "b c d" make
 *
 *               a --b--> (a b)*  --c--> (a b c)*         * an entry ends here
 *               b --c--> (b c)*  --d--> (b c d)*         fail:   (a b c) -> (b c), (a b) -> b
 *                                                        report: (a b c) -> (b c)
 *
 *           slot, 16 bytes:  | node, has link, token | entry | successors |
 *
 *   links   beside the edges, 8 bytes each. fail: where to go on if no edge fits, as in Aho and
 *           Corasick's automaton with tokens as letters, so that a text takes time in proportion to
 *           its length whatever the entries are. report: the next shorter entry that ends here too.
 *           Most nodes fail to their last token, which needs no link.
 *
 * A text goes through in batches of tokens, in stages, so that the cache misses of a stage run side
 * by side: cut and hash (asks for the words' lines), find words (asks for the edges'), walk. */
#include "base/alloc.h"
#include "text/id_set.h"
#include "text/matcher_internal.h"
#include "text/separators.h"

/* Tokens of a text that are looked up together: the cache lines they need are asked for before
 * the first is read. A step of 64 bytes makes up to 128. */
enum { BATCH = 256, STEP_TOKENS = 2 * MCI_SEPARATOR_STEP };

#define MAX_ENTRIES ((size_t)UINT32_MAX - 1) /* so that an id plus 1 is never 0 */

/* Two tokens in a row that may be an edge, or the way on from a deep node. */
typedef struct {
    uint32_t at;   /* of the second, in the batch */
    uint32_t home; /* where the edge from the first alone would be */
} token_pair;

struct mc_match_scratch {
    mci_id_set ids;
    mci_token tokens[BATCH + 1];
    uint32_t words[BATCH + 1]; /* of the tokens, behind the last word of the batch before */
    token_pair pairs[BATCH + 1];
    char tail[2 * MCI_SEPARATOR_STEP + MCI_KEY_BYTES];
};

/* A text on its way: what lies behind is gone into `node`, what is cut off waits in the batch. */
typedef struct {
    const mc_matcher *matcher;
    mc_match_scratch *scratch;
    mc_str text;
    size_t token_at; /* where the open token begins */
    size_t n_tokens; /* in the batch */
    mci_node node;
    size_t tail_at; /* from here on, bytes are read from the tail, behind which there is room */
} walk;

static void prefetch(const void *at)
{
#ifdef __GNUC__
    __builtin_prefetch(at);
#else
    (void)at;
#endif
}

/* The text's bytes from `at` on, of which a step, or a key, can be read. */
static inline const char *readable(const walk *w, size_t at)
{
    return at >= w->tail_at ? w->scratch->tail + (at - w->tail_at) : w->text.data + at;
}

/* Makes the token from..to ready; 16 bytes at `bytes`, which are its own, can be read. */
static inline void cut_token(const walk *w, mci_word_table hot, const char *bytes, size_t from,
                             size_t to, mci_token *token)
{
    if (to - from <= MCI_KEY_BYTES)
        mci_token_short(hot, bytes, to - from, token);
    else
        mci_token_long(hot, (mc_str){ w->text.data + from, to - from }, token);
    prefetch(&w->matcher->words.words[token->home]);
}

/* Cuts the text at the separators among the 64 bytes from `at` on, of which n are its own. */
static void cut_step(walk *w, size_t at, size_t n)
{
    const char *bytes = readable(w, at);
    mci_word_table hot = w->matcher->words.hot;
    mci_token *token = &w->scratch->tokens[w->n_tokens];
    size_t token_at = w->token_at;
    uint64_t left = mci_separators64(bytes);
    if (n < MCI_SEPARATOR_STEP)
        left &= (UINT64_C(1) << n) - 1;
    for (; left; left &= left - 1) {
        size_t i = (size_t)__builtin_ctzll(left);
        const char *from = token_at >= at ? bytes + (token_at - at) : readable(w, token_at);
        cut_token(w, hot, from, token_at, at + i, token++);
        unsigned mark = mci_mark_of(bytes[i]);
        mci_token_mark(mark, token);
        token += mark != 0; /* else it is written over */
        token_at = at + i + 1;
    }
    w->token_at = token_at;
    w->n_tokens = (size_t)(token - w->scratch->tokens);
}

/* Finds the words of the batch: the hot ones, then, while their lines are under way, the others. */
static void find_words(walk *w)
{
    const mci_words *words = &w->matcher->words;
    const mci_token *tokens = w->scratch->tokens;
    uint32_t *found = w->scratch->words + 1;
    uint16_t missed[BATCH];
    size_t n_missed = 0;
    for (size_t i = 0; i < w->n_tokens; i++) {
        found[i] = mci_words_find_hot(words, &tokens[i]);
        if (found[i] == MCI_WORD_UNKNOWN) {
            prefetch(&words->words[mci_word_home(words->cold, tokens[i].hash)]);
            missed[n_missed++] = (uint16_t)i;
        }
    }
    for (size_t i = 0; i < n_missed; i++)
        found[missed[i]] = mci_words_find_cold(words, &tokens[missed[i]]);
}

/* Reports entries of one token, finds the pairs, and asks for their edges. Gives their number. */
static size_t find_pairs(const walk *w, mci_id_set *ids)
{
    const mc_matcher *matcher = w->matcher;
    const mci_word *words = matcher->words.words;
    token_pair *pairs = w->scratch->pairs;
    uint32_t first = w->scratch->words[0];
    size_t n_pairs = 0;
    uint32_t may_be_deep = w->node >> 31; /* MCI_NODE_DEEP; later: whether the last was a pair */
    for (size_t i = 0; i < w->n_tokens; i++) {
        uint32_t second = w->scratch->words[i + 1];
        const mci_word *word = &words[second];
        mci_id_set_add_if(ids, word->entry_plus_1 - 1, word->entry_plus_1 != 0);
        uint32_t can_follow = (word->predecessors & mci_predecessor_bit(first)) != 0;
        uint32_t can_lead = (words[first].successors & mci_successor_bit(second)) != 0;
        uint32_t is_pair = can_follow & (can_lead | may_be_deep);
        uint32_t home = mci_edge_home(matcher, mci_edge_key(first, second));
        prefetch(&matcher->edges[is_pair ? home : 0]);
        pairs[n_pairs] = (token_pair){ (uint32_t)i, home }; /* no branch: it could not be guessed */
        n_pairs += is_pair;
        may_be_deep = is_pair;
        first = second;
    }
    return n_pairs;
}

/* Adds the entries that end here and are shorter than this deep node. Where an id is among the
 * bits already, so are all behind it: a long text goes each way once. */
static void report_ends(const mc_matcher *matcher, mci_node deep, mci_id_set *ids)
{
    mci_node end = matcher->links[deep & ~MCI_NODE_DEEP].report;
    while (end) {
        uint32_t id = mci_edge_to(matcher, end)->entry_plus_1 - 1;
        if (mci_id_set_has_bit(ids, id))
            return;
        mci_id_set_add_if(ids, id, true);
        end = matcher->links[end & ~MCI_NODE_DEEP].report;
    }
}

static inline mci_node arrive(const mc_matcher *matcher, uint32_t slot, mci_id_set *ids)
{
    const mci_edge *edge = &matcher->edges[slot];
    mci_node node = MCI_NODE_DEEP | slot;
    mci_id_set_add_if(ids, edge->entry_plus_1 - 1, edge->entry_plus_1 != 0);
    if (edge->key & MCI_HAS_LINK)
        report_ends(matcher, node, ids);
    return node;
}

/* Where the word leads to from the node, or else from the node's ends; the last one of these is
 * `before` alone, whose edge would be at `home`. */
static inline mci_node follow(const mc_matcher *matcher, mci_node node, uint32_t before,
                              uint32_t word, uint32_t home, mci_id_set *ids)
{
    uint32_t bit = mci_successor_bit(word);
    for (; node & MCI_NODE_DEEP; node = mci_node_fail(matcher, node)) {
        if (!(mci_edge_to(matcher, node)->successors & bit))
            continue;
        mci_node next = mci_node_next(matcher, node, word);
        if (next)
            return arrive(matcher, next & ~MCI_NODE_DEEP, ids);
    }
    if (!(matcher->words.words[before].successors & bit))
        return word;
    uint32_t slot = mci_edge_slot(matcher, mci_edge_key(before, word), home);
    return matcher->edges[slot].key ? arrive(matcher, slot, ids) : word;
}

static void walk_batch(walk *w)
{
    mci_id_set *ids = &w->scratch->ids;
    uint32_t *words = w->scratch->words;
    find_words(w);
    size_t n_pairs = find_pairs(w, ids), n = w->n_tokens, next = 0; /* `node` is before `next` */
    mci_node node = w->node;
    for (size_t i = 0; i < n_pairs; i++) {
        token_pair pair = w->scratch->pairs[i];
        if (pair.at != next)
            node = words[pair.at];
        node = follow(w->matcher, node, words[pair.at], words[pair.at + 1], pair.home, ids);
        next = pair.at + 1;
    }
    w->node = next == n ? node : words[n];
    words[0] = words[n];
    w->n_tokens = 0;
}

static void walk_text(walk *w)
{
    size_t len = w->text.len, at = 0;
    for (; at < len; at += MCI_SEPARATOR_STEP) {
        if (w->n_tokens > BATCH - STEP_TOKENS - 1)
            walk_batch(w);
        cut_step(w, at, len - at);
    }
    cut_token(w, w->matcher->words.hot, readable(w, w->token_at), w->token_at, len,
              &w->scratch->tokens[w->n_tokens++]);
    walk_batch(w);
}

/* Reading 16 or 64 bytes at a time must not reach beyond the text: the last step that is whole and
 * what follows are copied. */
static void begin_text(walk *w)
{
    w->scratch->words[0] = MCI_WORD_UNKNOWN;
    size_t len = w->text.len, whole = len / MCI_SEPARATOR_STEP * MCI_SEPARATOR_STEP;
    if (len == 0)
        w->text.data = w->scratch->tail; /* it may be NULL */
    w->tail_at = whole ? whole - MCI_SEPARATOR_STEP : 0;
    if (len)
        memcpy(w->scratch->tail, w->text.data + w->tail_at, len - w->tail_at);
}

/* Of equal entries only the first was found. */
static mc_status add_twins(const mc_matcher *matcher, mci_id_set *set, const uint32_t **ids,
                           size_t *n_ids, mc_error *err)
{
    uint32_t any = 0;
    for (size_t i = 0; i < *n_ids; i++)
        any |= matcher->twin_plus_1[(*ids)[i]];
    if (!any)
        return MC_OK;
    for (size_t i = 0; i < *n_ids; i++) {
        for (uint32_t id = (*ids)[i] + 1; id; id = matcher->twin_plus_1[id - 1])
            mci_id_set_add_if(set, id - 1, true);
    }
    return mci_id_set_end(set, ids, n_ids, err);
}

mc_status mc_match(const mc_matcher *matcher, mc_match_scratch *scratch, mc_str text,
                   const uint32_t **ids, size_t *n_ids, mc_error *err)
{
    walk w = { .matcher = matcher, .scratch = scratch, .text = text };
    const uint32_t *found;
    size_t n_found;
    MC_TRY(mci_id_set_begin(&scratch->ids, matcher->n_entries, err));
    begin_text(&w);
    walk_text(&w);
    MC_TRY(mci_id_set_end(&scratch->ids, &found, &n_found, err));
    if (matcher->twin_plus_1)
        MC_TRY(add_twins(matcher, &scratch->ids, &found, &n_found, err));
    *ids = found;
    *n_ids = n_found;
    return MC_OK;
}

mc_status mc_matcher_new(const mc_str *entries, size_t n, mc_matcher **out, mc_error *err)
{
    if (n > MAX_ENTRIES)
        return mc_fail(err, MC_E_LIMIT, "%zu entries, where %zu are the most", n, MAX_ENTRIES);
    mc_matcher *matcher = mci_alloc_zeroed(1, sizeof *matcher);
    if (!matcher)
        return mci_nomem(err, sizeof *matcher);
    mc_status status = mci_matcher_build(matcher, entries, n, err);
    if (status < 0) {
        mc_matcher_free(matcher);
        return mc_add_context(err, status, "building a matcher");
    }
    *out = matcher;
    return MC_OK;
}

void mc_matcher_free(mc_matcher *matcher)
{
    if (!matcher)
        return;
    mci_words_release(&matcher->words);
    mci_table_memory_release(&matcher->edge_memory);
    mci_table_memory_release(&matcher->link_memory);
    mci_free(matcher->twin_plus_1);
    mci_free(matcher);
}

size_t mc_matcher_bytes(const mc_matcher *matcher)
{
    size_t twins = matcher->twin_plus_1 ? matcher->n_entries * sizeof *matcher->twin_plus_1 : 0;
    return sizeof *matcher + matcher->words.memory.n_bytes + matcher->words.long_words.cap +
           matcher->edge_memory.n_bytes + matcher->link_memory.n_bytes + twins;
}

mc_status mc_match_scratch_new(mc_match_scratch **out, mc_error *err)
{
    mc_match_scratch *scratch = mci_alloc_zeroed(1, sizeof *scratch);
    if (!scratch)
        return mci_nomem(err, sizeof *scratch);
    *out = scratch;
    return MC_OK;
}

void mc_match_scratch_free(mc_match_scratch *scratch)
{
    if (!scratch)
        return;
    mci_id_set_release(&scratch->ids);
    mci_free(scratch);
}
