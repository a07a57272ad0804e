#include "text/matcher_round.h"

#include "base/alloc.h"

static inline void prefetch(const void *at)
{
#ifdef __GNUC__
    __builtin_prefetch(at);
#else
    (void)at;
#endif
}

/* ---- stage 1: tokens, their keys, and where they would be ---- */

static void cut_long(const mc_matcher *matcher, mc_match_scratch *s, size_t from, size_t len,
                     size_t token)
{
    mc_str text = { s->bytes + from, len };
    if (s->giant.len && from == s->giant_at)
        text = s->giant;
    s->slots[token] = MCI_WORD_UNKNOWN;
    if (text.len > matcher->words.longest)
        return;
    uint64_t hash = mci_long_hash(&matcher->words, text);
    uint32_t slot = mci_slot_of(&matcher->words.slots, hash);
    s->slots[token] = slot;
    s->longs[s->n_longs++] = (mci_round_long){ (uint32_t)token, hash, text };
    prefetch(&matcher->words.words[slot]);
}

enum { TEXT_END = MCI_N_MARKS + 1 };

/* What a byte that ends a token is beside that: a mark, numbered as by mci_mark_of, or the end of a
 * text. One table, since every token asks. */
static const unsigned char kinds[256] = {
    [','] = 1, ['.'] = 2, [';'] = 3, [':'] = 4,
    ['?'] = 5, ['!'] = 6, ['`'] = 7, [MCI_TEXT_END] = TEXT_END
};

/* A mark is a token of its own, and so is the end of a text, which is unknown: nothing leads over
 * it. Where the byte is neither, this token is written over by the next. */
static void cut(const mc_matcher *matcher, mc_match_scratch *s)
{
    const mci_words words = matcher->words; /* copied: stores to *s cannot change it */
    uint32_t kind_words[TEXT_END + 1] = { 0 };
    memcpy(kind_words, matcher->mark_words, sizeof matcher->mark_words);
    size_t from = 0, n = 0, n_text_ends = 0;
    s->n_longs = 0;
    for (size_t i = 0; i < s->n_token_ends; i++) {
        size_t end = s->token_ends[i], len = end - from;
        char byte = s->bytes[end];
        unsigned kind = kinds[(unsigned char)byte];
        if (len <= MCI_SHORT_BYTES) {
            mci_key key = mci_key_of(s->bytes + from, len);
            uint32_t slot = mci_slot_of(&words.slots, mci_key_hash(&words, key));
            s->keys[n] = key;
            s->slots[n] = slot;
            prefetch(&words.words[slot]);
        } else {
            cut_long(matcher, s, from, len, n);
        }
        n++;
        s->keys[n] = mci_key_of_byte(byte);
        s->slots[n] = kind_words[kind];
        n += kind != 0;
        s->text_ends[n_text_ends] = (uint32_t)n;
        n_text_ends += kind == TEXT_END;
        from = end + 1;
    }
    s->n_tokens = n;
    s->n_text_ends = n_text_ends;
}

/* ---- stage 2: words, their entries, and which two of them may be a pair ---- */

static void find_long_words(const mc_matcher *matcher, mc_match_scratch *s)
{
    for (size_t i = 0; i < s->n_longs; i++) {
        const mci_round_long *token = &s->longs[i];
        s->keys[token->token] =
            mci_words_long_key(&matcher->words, s->slots[token->token], token->hash, token->text);
    }
}

static void find_words(const mc_matcher *matcher, mc_match_scratch *s)
{
    const mci_word *words = matcher->words.words;
    uint32_t last = s->last_word;
    uint64_t successors = words[last].successors;
    size_t n_pairs = 0;
    s->words[0] = last;
    for (size_t i = 0; i < s->n_tokens; i++) {
        uint32_t slot = s->slots[i];
        const mci_word *word = &words[slot];
        /* All ones or zero, and no branch: it could not be guessed. */
        uint64_t is_it = (uint64_t)0 - mci_key_equal(word->key, s->keys[i]);
        uint64_t may_be = successors >> mci_successor_bit(slot) &
                          word->predecessors >> mci_predecessor_bit(last) & is_it & 1;
        s->pairs[n_pairs].token = (uint32_t)i;
        n_pairs += may_be;
        last = slot & (uint32_t)is_it;
        successors = word->successors & is_it;
        s->words[i + 1] = last;
        s->word_entries[i] = word->entry_plus_1 & (uint32_t)is_it;
        s->pair_entries[i] = 0;
    }
    s->words[s->n_tokens + 1] = MCI_WORD_UNKNOWN;
    s->last_word = last;
    s->n_pairs = n_pairs;
}

/* ---- stage 3: pairs, their entries, and which may go on ---- */

static uint64_t pair_key(const mc_match_scratch *s, uint32_t token)
{
    return mci_node_key(s->words[token], s->words[token + 1]);
}

static void place_pairs(const mc_matcher *matcher, mc_match_scratch *s)
{
    for (size_t i = 0; i < s->n_pairs; i++) {
        uint64_t hash = mci_pair_hash(matcher, pair_key(s, s->pairs[i].token));
        s->pairs[i].slot = mci_slot_of(&matcher->pair_slots, hash);
        prefetch(&matcher->pairs[s->pairs[i].slot]);
    }
}

static void find_pairs(const mc_matcher *matcher, mc_match_scratch *s)
{
    size_t n_runs = s->last_pair != 0;
    s->runs[0] = (mci_round_run){ 0, s->last_pair };
    s->last_pair = 0;
    for (size_t i = 0; i < s->n_pairs; i++) {
        uint32_t token = s->pairs[i].token, slot = s->pairs[i].slot;
        const mci_pair *pair = &matcher->pairs[slot];
        uint32_t is_it = (uint32_t)0 - (pair->key == pair_key(s, token));
        uint32_t next = s->words[token + 2];
        mci_node node = MCI_NODE_PAIR | slot;
        uint32_t may_go_on = pair->successors >> mci_run_successor_bit(next) & is_it & 1;
        s->pair_entries[token] = pair->entry_plus_1 & is_it;
        s->runs[n_runs] = (mci_round_run){ token + 1, node };
        n_runs += may_go_on;
        uint32_t home = mci_run_home(matcher, mci_node_key(node, next));
        prefetch(&matcher->runs[may_go_on ? home : 0]);
        if (token + 1 == s->n_tokens)
            s->last_pair = node & is_it;
    }
    s->n_runs = n_runs;
}

/* ---- stage 4: longer runs, and the ids of each text ---- */

/* Adds the entries that end here and are shorter runs than this. Where an id is among the bits
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

/* The run that the word leads to from the node, or else from its ends; 0: none. */
static mci_node follow(const mc_matcher *matcher, mci_node node, uint32_t word, mci_id_set *ids)
{
    mci_node next = 0;
    for (; node && !next; node = mci_node_fail(matcher, node)) {
        if (mci_node_successors(matcher, node) >> mci_run_successor_bit(word) & 1)
            next = mci_node_next(matcher, node, word);
    }
    if (!next)
        return 0;
    const mci_run *run = mci_run_at(matcher, next);
    mci_id_set_add_if(ids, run->entry_plus_1 - 1, run->entry_plus_1 != 0);
    if (run->key & MCI_HAS_LINK)
        report_ends(matcher, next, ids);
    return next;
}

/* Walks the runs among the tokens from..end, from the round's run *next on, which becomes the first
 * that comes later. While a run goes on, those that begin inside it are among its ends. */
static void walk_runs(const mc_matcher *matcher, mc_match_scratch *s, size_t from, size_t end,
                      size_t *next)
{
    mci_node node = s->last_run;
    size_t token = from, i = *next;
    while (node || (i < s->n_runs && s->runs[i].token < end)) {
        if (!node) {
            token = s->runs[i].token;
            node = s->runs[i++].before;
        }
        for (; node && token < end; token += node != 0)
            node = follow(matcher, node, s->words[token + 1], &s->set);
        while (i < s->n_runs && s->runs[i].token < token)
            i++;
        if (token == end)
            break;
    }
    s->last_run = node;
    *next = i;
}

/* Adds the entries of one token or two that end with the tokens from..end. */
static void gather(mc_match_scratch *s, size_t from, size_t end)
{
    for (size_t i = from; i < end; i++) {
        mci_id_set_add_if(&s->set, s->word_entries[i] - 1, s->word_entries[i] != 0);
        mci_id_set_add_if(&s->set, s->pair_entries[i] - 1, s->pair_entries[i] != 0);
    }
}

static mc_status reserve_ids(mc_match_scratch *s, size_t extra, mc_error *err)
{
    void *ids = s->ids;
    if (s->cap_ids - s->n_ids >= extra)
        return MC_OK;
    mc_status status = mci_grow(&ids, &s->cap_ids, s->n_ids + extra, sizeof *s->ids, err);
    s->ids = ids;
    return status;
}

static mc_status take_set(mc_match_scratch *s, mc_error *err)
{
    MC_TRY(reserve_ids(s, mci_id_set_room(&s->set), err));
    s->n_ids += mci_id_set_take(&s->set, s->ids + s->n_ids);
    return MC_OK;
}

/* Of equal entries only the first was found. */
static mc_status add_twins(const mc_matcher *matcher, mc_match_scratch *s, size_t first,
                           mc_error *err)
{
    uint32_t any = 0;
    for (size_t i = first; i < s->n_ids; i++)
        any |= matcher->twin_plus_1[s->ids[i]];
    if (!any)
        return MC_OK;
    for (size_t i = first; i < s->n_ids; i++) {
        for (uint32_t id = s->ids[i] + 1; id; id = matcher->twin_plus_1[id - 1])
            mci_id_set_add_if(&s->set, id - 1, true);
    }
    s->n_ids = first;
    return take_set(s, err);
}

/* Whether the kernel could do it: a text that is short and lies in this round alone. */
static bool collect(mc_match_scratch *s, size_t from, size_t end)
{
    if (!s->kernels->collect || s->set.n_set)
        return false;
    size_t n = s->kernels->collect(s->word_entries + from, s->pair_entries + from, end - from,
                                   s->set.fresh, s->set.n_fresh, s->ids + s->n_ids);
    if (n == MCI_NOT_COLLECTED)
        return false;
    s->n_ids += n;
    s->set.n_fresh = 0;
    return true;
}

/* A text ends with the token before `end`. */
static mc_status end_text(const mc_matcher *matcher, mc_match_scratch *s, size_t from, size_t end,
                          mc_error *err)
{
    size_t first = s->n_ids;
    MC_TRY(reserve_ids(s, MCI_COLLECT_IDS + MCI_COLLECT_SPILL, err));
    if (!collect(s, from, end)) {
        gather(s, from, end);
        MC_TRY(take_set(s, err));
    }
    if (matcher->twin_plus_1)
        MC_TRY(add_twins(matcher, s, first, err));
    s->offsets[++s->n_texts] = s->n_ids;
    return MC_OK;
}

static mc_status end_texts(const mc_matcher *matcher, mc_match_scratch *s, mc_error *err)
{
    size_t from = 0, run = 0;
    for (size_t i = 0; i < s->n_text_ends; i++) {
        size_t end = s->text_ends[i];
        walk_runs(matcher, s, from, end, &run);
        MC_TRY(end_text(matcher, s, from, end - 1, err)); /* the end is a token too */
        from = end;
    }
    walk_runs(matcher, s, from, s->n_tokens, &run);
    gather(s, from, s->n_tokens);
    return MC_OK;
}

mc_status mci_match_round(const mc_matcher *matcher, mc_match_scratch *s, mc_error *err)
{
    s->n_token_ends = s->kernels->find_ends(s->bytes, s->n_bytes, s->token_ends);
    cut(matcher, s);
    find_long_words(matcher, s);
    find_words(matcher, s);
    place_pairs(matcher, s);
    find_pairs(matcher, s);
    MC_TRY(end_texts(matcher, s, err));
    s->n_bytes = 0;
    s->giant.len = 0;
    return MC_OK;
}
