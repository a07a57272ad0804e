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
#include "text/matcher_round.h"

#define MAX_ENTRIES ((size_t)UINT32_MAX - 1) /* so that an id plus 1 is never 0 */

/* Lays bytes of a text down behind those that are there. */
static void lay(mc_match_scratch *s, const char *from, size_t n)
{
    s->kernels->lay(s->bytes + s->n_bytes, from, n);
    s->n_bytes += n;
}

/* Matches the beginning of a text that is longer than a round, up to the end of a token; *rest is
 * what is left. Of a token longer than a round only the first bytes are laid down. */
static mc_status match_piece(const mc_matcher *matcher, mc_match_scratch *s, mc_str *rest,
                             mc_error *err)
{
    size_t n = MCI_ROUND_BYTES;
    while (n > 0 && !mci_ends_token(rest->data[n - 1]))
        n--;
    if (n > 0) {
        lay(s, rest->data, n);
    } else {
        for (n = MCI_ROUND_BYTES; n < rest->len && !mci_ends_token(rest->data[n]);)
            n++;
        s->giant = (mc_str){ rest->data, n };
        s->giant_at = s->n_bytes;
        lay(s, rest->data, MCI_KEY_BYTES);
        if (n < rest->len)
            lay(s, rest->data + n++, 1);
    }
    *rest = (mc_str){ rest->data + n, rest->len - n };
    return rest->len ? mci_round_run_all(matcher, s, err) : MC_OK;
}

static mc_status match_text(const mc_matcher *matcher, mc_match_scratch *s, mc_str text,
                            mc_error *err)
{
    if (text.len >= MCI_ROUND_BYTES - s->n_bytes) {
        MC_TRY(mci_round_run_all(matcher, s, err));
        while (text.len >= MCI_ROUND_BYTES)
            MC_TRY(match_piece(matcher, s, &text, err));
    }
    if (text.len)
        lay(s, text.data, text.len);
    s->bytes[s->n_bytes++] = MCI_TEXT_END;
    return MC_OK;
}

static mc_status match_texts(const mc_matcher *matcher, mc_match_scratch *s, const mc_str *texts,
                             size_t n, mc_error *err)
{
    void *offsets = s->offsets;
    if (n == SIZE_MAX)
        return mci_nomem(err, n);
    MC_TRY(mci_grow(&offsets, &s->cap_offsets, n + 1, sizeof *s->offsets, err));
    s->offsets = offsets;
    s->offsets[0] = 0;
    for (size_t i = 0; i < n; i++)
        MC_TRY(match_text(matcher, s, texts[i], err));
    return mci_round_run_all(matcher, s, err);
}

mc_status mc_match_batch(const mc_matcher *matcher, mc_match_scratch *s, const mc_str *texts,
                         size_t n, const size_t **offsets, const uint32_t **ids, mc_error *err)
{
    s->n_bytes = s->n_ids = s->n_texts = s->giant.len = 0;
    s->last_word = MCI_WORD_UNKNOWN;
    s->last_pair = s->last_run = 0;
    MC_TRY(mci_id_set_begin(&s->set, matcher->n_entries, err));
    mc_status status = match_texts(matcher, s, texts, n, err);
    if (status < 0) {
        mci_id_set_clear(&s->set);
        return status;
    }
    *offsets = s->offsets;
    *ids = s->ids;
    return MC_OK;
}

mc_status mc_match(const mc_matcher *matcher, mc_match_scratch *scratch, mc_str text,
                   const uint32_t **ids, size_t *n_ids, mc_error *err)
{
    const size_t *offsets;
    MC_TRY(mc_match_batch(matcher, scratch, &text, 1, &offsets, ids, err));
    *n_ids = offsets[1];
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
    mci_slots_release(&matcher->pair_slots);
    mci_table_memory_release(&matcher->pair_memory);
    mci_table_memory_release(&matcher->run_memory);
    mci_table_memory_release(&matcher->link_memory);
    mci_free(matcher->twin_plus_1);
    mci_free(matcher);
}

size_t mc_matcher_bytes(const mc_matcher *matcher)
{
    size_t twins = matcher->twin_plus_1 ? matcher->n_entries * sizeof *matcher->twin_plus_1 : 0;
    const mci_words *words = &matcher->words;
    return sizeof *matcher + words->memory.n_bytes + words->slots.memory.n_bytes +
           words->long_words.cap + matcher->pair_memory.n_bytes +
           matcher->pair_slots.memory.n_bytes + matcher->run_memory.n_bytes +
           matcher->link_memory.n_bytes + twins;
}

mc_status mc_match_scratch_new(mc_match_scratch **out, mc_error *err)
{
    mc_match_scratch *scratch = mci_alloc_zeroed(1, sizeof *scratch);
    if (!scratch)
        return mci_nomem(err, sizeof *scratch);
    scratch->kernels = mci_kernels_best();
    *out = scratch;
    return MC_OK;
}

void mc_match_scratch_free(mc_match_scratch *scratch)
{
    if (!scratch)
        return;
    mci_id_set_release(&scratch->set);
    mci_free(scratch->ids);
    mci_free(scratch->offsets);
    mci_free(scratch);
}
