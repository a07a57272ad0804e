#include "text/matcher_worldwide.h"

#include <stdlib.h>

#include "base/alloc.h"

/* ---- building ---- */

typedef struct {
    mc_str text;
    uint32_t id;
} numbered;

static int by_text(const void *a, const void *b)
{
    const numbered *x = a, *y = b;
    size_t n = x->text.len < y->text.len ? x->text.len : y->text.len;
    int order = n ? memcmp(x->text.data, y->text.data, n) : 0;
    if (order == 0)
        order = (x->text.len > y->text.len) - (x->text.len < y->text.len);
    return order ? order : (x->id > y->id) - (x->id < y->id);
}

static int by_id(const void *a, const void *b)
{
    const numbered *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/* Those that can match, the last of equal ones, in the order of their ids. */
static size_t choose_entries(const mc_str *entries, size_t n, numbered *chosen)
{
    size_t n_possible = 0, n_chosen = 0;
    for (size_t i = 0; i < n; i++)
        if (mc_entry_can_match(entries[i], NULL))
            chosen[n_possible++] = (numbered){ entries[i], (uint32_t)i };
    qsort(chosen, n_possible, sizeof *chosen, by_text);
    for (size_t i = 0; i < n_possible; i++) {
        if (i + 1 == n_possible || !mc_str_equal(chosen[i].text, chosen[i + 1].text))
            chosen[n_chosen++] = chosen[i];
    }
    qsort(chosen, n_chosen, sizeof *chosen, by_id);
    return n_chosen;
}

typedef struct {
    numbered *chosen;
    mci_pattern *patterns; /* for the automaton */
    mc_str *words;         /* for the matcher by tokens */
    size_t n_patterns;
} builder;

/* Deals the chosen entries out. */
static void deal(builder *b, size_t n_chosen, mci_worldwide *out)
{
    for (size_t i = 0; i < n_chosen; i++) {
        numbered entry = b->chosen[i];
        mci_open_sides open = mci_entry_open_sides(entry.text);
        if (open.left || open.right) {
            b->patterns[b->n_patterns++] = (mci_pattern){ entry.text, open, entry.id };
        } else {
            b->words[out->n_word_ids] = entry.text;
            out->word_ids[out->n_word_ids++] = entry.id;
        }
    }
}

static mc_status build(builder *b, const mc_str *entries, size_t n, mci_worldwide *out,
                       mc_error *err)
{
    b->chosen = mci_alloc_zeroed(n + 1, sizeof *b->chosen);
    b->patterns = mci_alloc_zeroed(n + 1, sizeof *b->patterns);
    b->words = mci_alloc_zeroed(n + 1, sizeof *b->words);
    out->word_ids = mci_alloc_zeroed(n + 1, sizeof *out->word_ids);
    if (!b->chosen || !b->patterns || !b->words || !out->word_ids)
        return mci_nomem(err, n * sizeof *b->patterns);
    deal(b, choose_entries(entries, n, b->chosen), out);
    if (b->n_patterns > 0)
        MC_TRY(mci_automaton_new(b->patterns, b->n_patterns, n, &out->automaton, err));
    if (out->n_word_ids > 0)
        MC_TRY(mc_matcher_new(b->words, out->n_word_ids, &out->words, err));
    return MC_OK;
}

mc_status mci_worldwide_build(const mc_str *entries, size_t n, mci_worldwide *out, mc_error *err)
{
    builder b = { 0 };
    mc_status status = build(&b, entries, n, out, err);
    mci_free(b.chosen);
    mci_free(b.patterns);
    mci_free(b.words);
    return status;
}

void mci_worldwide_release(mci_worldwide *worldwide)
{
    mc_matcher_free(worldwide->words);
    mci_automaton_free(worldwide->automaton);
    mci_free(worldwide->word_ids);
    *worldwide = (mci_worldwide){ 0 };
}

size_t mci_worldwide_bytes(const mci_worldwide *worldwide)
{
    size_t n = worldwide->n_word_ids * sizeof *worldwide->word_ids;
    if (worldwide->words)
        n += mc_matcher_bytes(worldwide->words);
    if (worldwide->automaton)
        n += mci_automaton_measure(worldwide->automaton).n_bytes;
    return n;
}

/* ---- matching ---- */

static mc_status make_room(mci_worldwide_scratch *s, size_t n, size_t n_ids, mc_error *err)
{
    void *offsets = s->offsets, *ids = s->ids;
    MC_TRY(mci_grow(&offsets, &s->cap_offsets, n + 1, sizeof *s->offsets, err));
    s->offsets = offsets;
    MC_TRY(mci_grow(&ids, &s->cap_ids, n_ids + 1, sizeof *s->ids, err));
    s->ids = ids;
    return MC_OK;
}

/* What the words found, by its names; nothing if no entry goes by them. */
static mc_status name_words(mci_worldwide_scratch *s, const mci_other_ids *words, size_t n,
                            mc_error *err)
{
    size_t n_ids = words->offsets ? words->offsets[n] : 0;
    MC_TRY(make_room(s, n, n_ids, err));
    for (size_t i = 0; i <= n; i++)
        s->offsets[i] = n_ids ? words->offsets[i] : 0;
    for (size_t i = 0; i < n_ids; i++)
        s->ids[i] = words->names[words->ids[i]];
    return MC_OK;
}

mc_status mci_worldwide_match(const mci_worldwide *worldwide, mci_worldwide_scratch *own,
                              mc_match_scratch *words, const mc_str *texts, size_t n,
                              const size_t **offsets, const uint32_t **ids, mc_error *err)
{
    mci_other_ids found = { .names = worldwide->word_ids };
    if (n == SIZE_MAX)
        return mci_nomem(err, n);
    if (worldwide->words)
        MC_TRY(mc_match_batch(worldwide->words, words, texts, n, &found.offsets, &found.ids, err));
    if (worldwide->automaton) {
        if (!own->automaton)
            MC_TRY(mci_automaton_scratch_new(&own->automaton, err));
        return mci_automaton_match(worldwide->automaton, own->automaton, texts, n,
                                   worldwide->words ? &found : NULL, offsets, ids, err);
    }
    MC_TRY(name_words(own, &found, n, err));
    *offsets = own->offsets;
    *ids = own->ids;
    return MC_OK;
}

void mci_worldwide_scratch_release(mci_worldwide_scratch *scratch)
{
    mci_automaton_scratch_free(scratch->automaton);
    mci_free(scratch->offsets);
    mci_free(scratch->ids);
    *scratch = (mci_worldwide_scratch){ 0 };
}
