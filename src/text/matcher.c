/* After spacing, a text is a row of tokens: what stands between two spaces in a row, the empty
 * token too. An entry matches if its tokens stand in the text one after another. The text is never
 * spaced for this: cutting it at spaces, tabs, line ends and marks, and adding each mark as a token
 * of its own, gives the same row ("a, b" is `a` `,` `` `b`).
 *
 *   words   token -> its slot, which is its number, in one look (slots.h says how): 32 bytes
 *
 *           | key: the token itself if it is short, 16 | successors 8 | predecessors 4 | entry 4 |
 *
 *           `entry` is the entry of that token alone. The two filters are sets of 64 and of 32
 *           classes of tokens: those that come next where this one begins an entry, and those that
 *           come before it in any pair below. Only where both agree two tokens are worth a look.
 *
 *   pairs   the two tokens that longer entries begin with -> slot, in one look: 16 bytes
 *
 *           | first token, second token 8 | entry 4 | successors 4 |
 *
 *   runs    the tree of entries of three tokens or more: (pair or run, token) -> run, 16 bytes, by
 *           hash and probing. Entries "a b", "a b c d", "b c d", "b c d e" make
 *
 *               (a b)* --c--> (a b c)  --d--> (a b c d)*     * an entry ends here
 *               (b c)  --d--> (b c d)* --e--> (b c d e)*     fail, report: (a b c d) -> (b c d)
 *
 *           | pair or run, has link, token 8 | entry 4 | successors 4 |
 *
 *   links   beside the runs, 8 bytes each. fail: the run to go on from if no token fits, as in Aho
 *           and Corasick's automaton with tokens as letters, so that a text takes time in
 *           proportion to its length whatever the entries are. report: the next shorter run that is
 *           an entry and ends here too. Few runs have one: pairs are found on their own.
 *
 * Texts go through together, some 40 of them (2 KiB) a round, in stages. What a stage finds lies in
 * arrays in the scratch, and it asks for the memory that the next one reads, so that cache misses
 * run side by side. Stages 1 to 3 have no branch that depends on what is found.
 *
 *   texts  "a red car" "b"              laid down one behind another, an end (E) behind each
 *   bytes  a red carEbE                 kernel find_ends: places of what ends a token
 *   tokens a | red | car | E | b | E    stage 1: key, slot                     asks for words
 *   words  7 |  0  | 19  | 0 | 3 | 0    stage 2: number, entry, may be a pair  asks for pairs
 *   pairs      car may follow red       stage 3: entry, may go on              asks for runs
 *   runs                                stage 4: walked as in the automaton
 *   ids    [ 5 | 12 ] [ 4 ]             kernel collect: sorted, each once, by text
 *
 * A text longer than a round goes through in pieces, which end where a token ends; what it is in
 * the middle of (last token, pair, run) goes from round to round. */
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
    size_t n = s->round_bytes - 1; /* room for the end */
    while (n > 0 && !mci_ends_token(rest->data[n - 1]))
        n--;
    if (n > 0) {
        lay(s, rest->data, n);
    } else {
        for (n = s->round_bytes - 1; n < rest->len && !mci_ends_token(rest->data[n]);)
            n++;
        s->giant = (mc_str){ rest->data, n };
        s->giant_at = s->n_bytes;
        lay(s, rest->data, MCI_KEY_BYTES);
        if (n < rest->len)
            lay(s, rest->data + n++, 1);
    }
    *rest = (mc_str){ rest->data + n, rest->len - n };
    return rest->len ? mci_match_round(matcher, s, err) : MC_OK;
}

static mc_status match_text(const mc_matcher *matcher, mc_match_scratch *s, mc_str text,
                            mc_error *err)
{
    if (text.len >= s->round_bytes - s->n_bytes) {
        MC_TRY(mci_match_round(matcher, s, err));
        while (text.len >= s->round_bytes)
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
    return mci_match_round(matcher, s, err);
}

mc_status mc_match_batch(const mc_matcher *matcher, mc_match_scratch *s, const mc_str *texts,
                         size_t n, const size_t **offsets, const uint32_t **ids, mc_error *err)
{
    if (matcher->is_worldwide)
        return mci_worldwide_match(&matcher->worldwide, &s->worldwide, s, texts, n, offsets, ids,
                                   err);
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

mc_status mc_matcher_new_by_rule(mc_match_rule rule, const mc_str *entries, size_t n,
                                 mc_matcher **out, mc_error *err)
{
    if (n > MAX_ENTRIES)
        return mc_fail(err, MC_E_LIMIT, "%zu entries, where %zu are the most", n, MAX_ENTRIES);
    mc_matcher *matcher = mci_alloc_zeroed(1, sizeof *matcher);
    if (!matcher)
        return mci_nomem(err, sizeof *matcher);
    matcher->is_worldwide = rule == MC_RULE_WORLDWIDE;
    matcher->n_entries = n;
    mc_status status = matcher->is_worldwide
                           ? mci_worldwide_build(entries, n, &matcher->worldwide, err)
                           : mci_matcher_build(matcher, entries, n, err);
    if (status < 0) {
        mc_matcher_free(matcher);
        return mc_add_context(err, status, "building a matcher");
    }
    *out = matcher;
    return MC_OK;
}

mc_status mc_matcher_new(const mc_str *entries, size_t n, mc_matcher **out, mc_error *err)
{
    return mc_matcher_new_by_rule(MC_RULE_WORDS, entries, n, out, err);
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
    mci_worldwide_release(&matcher->worldwide);
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
           matcher->link_memory.n_bytes + twins + mci_worldwide_bytes(&matcher->worldwide);
}

mc_status mc_match_scratch_new(mc_match_scratch **out, mc_error *err)
{
    mc_match_scratch *scratch = mci_alloc_zeroed(1, sizeof *scratch);
    if (!scratch)
        return mci_nomem(err, sizeof *scratch);
    scratch->kernels = mci_kernels_best();
    scratch->round_bytes = MCI_ROUND_BYTES;
    *out = scratch;
    return MC_OK;
}

void mc_match_scratch_free(mc_match_scratch *scratch)
{
    if (!scratch)
        return;
    mci_worldwide_scratch_release(&scratch->worldwide);
    mci_id_set_release(&scratch->set);
    mci_free(scratch->ids);
    mci_free(scratch->offsets);
    mci_free(scratch);
}
