#include "text/matcher_round.h"

#include "text/separators.h"

static inline void prefetch(const void *at)
{
    __builtin_prefetch(at);
}

static const unsigned char class_of[256] = {
    [','] = 1, ['.'] = 2, [';'] = 3, [':'] = 4, ['?'] = 5, ['!'] = 6, ['`'] = 7, ['\r'] = 8
};

static void cut_long(const mc_matcher *matcher, mc_match_scratch *s, size_t from, size_t len, size_t n)
{
    mc_str text = { s->bytes + from, len };
    if (s->giant.len && from == s->giant_at)
        text = s->giant;
    s->slots[n] = 0;
    if (text.len > matcher->words.longest)
        return;
    uint64_t hash = mci_long_hash(&matcher->words, text);
    s->slots[n] = mci_slot_of(&matcher->words.slots, hash);
    s->longs[s->n_longs++] = (mci_long_token){ (uint32_t)n, hash, text };
    prefetch(&matcher->words.words[s->slots[n]]);
}

static void cut(const mc_matcher *matcher, mc_match_scratch *s)
{
    const mci_words *words = &matcher->words;
    size_t from = 0, n = 0, n_ends = 0;
    s->n_longs = 0;
    for (size_t at = 0; at < s->n_bytes; at += MCI_SEPARATOR_STEP) {
        for (uint64_t left = mci_separators64(s->bytes + at); left; left &= left - 1) {
            size_t end = at + (size_t)__builtin_ctzll(left), len = end - from;
            unsigned char byte = (unsigned char)s->bytes[end];
            unsigned mark = class_of[byte];
            if (len <= MCI_SHORT_BYTES) {
                mci_key key = mci_key_of(s->bytes + from, len);
                uint32_t slot = mci_slot_of(&words->slots, mci_key_hash(words, key));
                s->keys[n] = key;
                s->slots[n] = slot;
                prefetch(&words->words[slot]);
            } else {
                cut_long(matcher, s, from, len, n);
            }
            n++;
            s->keys[n] = (mci_key){ { byte, UINT64_C(2) << MCI_KEY_LEN_SHIFT } };
            s->slots[n] = matcher->mark_words[mark];
            n += mark != 0;
            s->ends[n_ends] = (uint32_t)n;
            n_ends += mark == 8;
            from = end + 1;
        }
    }
    s->n_tokens = n;
    s->n_ends = n_ends;
}

static void find_words(const mc_matcher *matcher, mc_match_scratch *s)
{
    const mci_word *words = matcher->words.words;
    for (size_t i = 0; i < s->n_longs; i++) {
        const mci_long_token *token = &s->longs[i];
        s->keys[token->token] = mci_words_long_key(&matcher->words, s->slots[token->token],
                                                   token->hash, token->text);
    }
    uint32_t last = s->last_word;
    uint64_t successors = words[last].successors;
    size_t n_pairs = 0;
    s->words[0] = last;
    for (size_t i = 0; i < s->n_tokens; i++) {
        uint32_t slot = s->slots[i];
        const mci_word *word = &words[slot];
        bool is_it = mci_key_equal(word->key, s->keys[i]);
        uint32_t number = is_it ? slot : 0;
        s->words[i + 1] = number;
        s->word_entries[i] = is_it ? word->entry_plus_1 : 0;
        s->pair_entries[i] = 0;
        uint32_t may_be = (successors & mci_successor_of_word(slot)) != 0 &&
                          (word->predecessors & mci_predecessor_bit(last)) != 0;
        s->pairs[n_pairs].token = (uint32_t)i;
        n_pairs += may_be & is_it;
        successors = is_it ? word->successors : 0;
        last = number;
    }
    s->words[s->n_tokens + 1] = 0;
    s->last_word = last;
    s->n_pairs = n_pairs;
}

static void place_pairs(const mc_matcher *matcher, mc_match_scratch *s)
{
    for (size_t i = 0; i < s->n_pairs; i++) {
        uint32_t token = s->pairs[i].token;
        uint64_t key = mci_run_key(s->words[token], s->words[token + 1]);
        uint32_t slot = mci_slot_of(&matcher->pair_slots, mci_pair_hash(matcher, key));
        s->pairs[i].slot = slot;
        prefetch(&matcher->pairs[slot]);
    }
}

static void find_pairs(const mc_matcher *matcher, mc_match_scratch *s)
{
    size_t n_runs = 0;
    mci_node open_pair = 0;
    if (s->last_pair) {
        s->runs[0] = (mci_candidate){ 0, s->last_pair };
        n_runs = (mci_node_successors(matcher, s->last_pair) & mci_successor_bit(s->words[1])) != 0;
    }
    for (size_t i = 0; i < s->n_pairs; i++) {
        mci_candidate pair = s->pairs[i];
        const mci_pair *at = &matcher->pairs[pair.slot];
        uint64_t key = mci_run_key(s->words[pair.token], s->words[pair.token + 1]);
        bool is_it = at->key == key;
        s->pair_entries[pair.token] = is_it ? at->entry_plus_1 : 0;
        uint32_t next = s->words[pair.token + 2];
        mci_node node = MCI_NODE_PAIR | pair.slot;
        bool may_be = (at->successors & mci_successor_bit(next)) != 0 && is_it && next;
        s->runs[n_runs] = (mci_candidate){ pair.token + 1, node };
        prefetch(&matcher->runs[may_be ? mci_run_home(matcher, mci_run_key(node, next)) : 0]);
        n_runs += may_be;
        open_pair = is_it && pair.token + 1 == s->n_tokens ? node : 0;
    }
    s->last_pair = open_pair;
    s->n_runs = n_runs;
}

/* Adds the entries that end here and are shorter than this run. Where an id is among the bits
 * already, so are all behind it: a long text goes each way once. */
static void report_ends(const mc_matcher *matcher, mci_node run, mci_id_set *ids)
{
    mci_node end = matcher->links[run & ~MCI_NODE_RUN].report;
    while (end) {
        uint32_t id = mci_run_at(matcher, end)->entry_plus_1 - 1;
        if (mci_id_set_has_bit(ids, id))
            return;
        mci_id_set_add_if(ids, id, true);
        end = matcher->links[end & ~MCI_NODE_RUN].report;
    }
}

/* The run that the word leads to from the node, or else from the node's ends; 0: none. */
static mci_node follow(const mc_matcher *matcher, mci_node node, uint32_t word, mci_id_set *ids)
{
    uint32_t bit = mci_successor_bit(word);
    for (; node; node = mci_node_fail(matcher, node)) {
        if (!(mci_node_successors(matcher, node) & bit))
            continue;
        mci_node next = mci_node_next(matcher, node, word);
        if (!next)
            continue;
        const mci_run *run = mci_run_at(matcher, next);
        mci_id_set_add_if(ids, run->entry_plus_1 - 1, run->entry_plus_1 != 0);
        if (run->key & MCI_HAS_LINK)
            report_ends(matcher, next, ids);
        return next;
    }
    return 0;
}

/* Walks the runs of the text whose tokens are from..end. */
static size_t walk_runs(const mc_matcher *matcher, mc_match_scratch *s, size_t next_run, size_t from, size_t end)
{
    mci_node node = s->last_run;
    size_t at = from;
    s->last_run = 0;
    for (;;) {
        if (!node) {
            if (next_run == s->n_runs || s->runs[next_run].token >= end)
                return next_run;
            at = s->runs[next_run].token;
            node = s->runs[next_run++].slot;
        }
        for (; node && at < end; at++)
            node = follow(matcher, node, s->words[at + 1], &s->set);
        if (node) {
            s->last_run = node;
        }
        while (next_run < s->n_runs && s->runs[next_run].token < at)
            next_run++;
        if (node)
            return next_run;
    }
}

static void gather(mc_match_scratch *s, size_t from, size_t end)
{
    mci_id_set *set = &s->set;
    while (from < end) {
        size_t to = end - from > 64 ? from + 64 : end;
        if (set->n_fresh > MCI_N_FRESH - 128)
            mci_id_set_fold(set);
        uint32_t *fresh = set->fresh + set->n_fresh;
        for (; from < to; from++) {
            uint32_t word_entry = s->word_entries[from], pair_entry = s->pair_entries[from];
            *fresh = word_entry - 1;
            fresh += word_entry != 0;
            *fresh = pair_entry - 1;
            fresh += pair_entry != 0;
        }
        set->n_fresh = (size_t)(fresh - set->fresh);
    }
}

mc_status mci_round_run(const mc_matcher *matcher, mc_match_scratch *s, mc_error *err)
{
    size_t from = 0, run = 0;
    cut(matcher, s);
    find_words(matcher, s);
    place_pairs(matcher, s);
    find_pairs(matcher, s);
    for (size_t i = 0; i < s->n_ends; i++) {
        size_t end = s->ends[i];
        run = walk_runs(matcher, s, run, from, end);
        s->last_run = 0;
        gather(s, from, end);
        MC_TRY(mci_round_end_text(matcher, s, err));
        from = end;
    }
    if (from < s->n_tokens) {
        walk_runs(matcher, s, run, from, s->n_tokens);
        gather(s, from, s->n_tokens);
    }
    s->n_bytes = 0;
    return MC_OK;
}
