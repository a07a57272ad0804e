#include "curate/stages.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "curate/list_route.h"
#include "io/pairs.h"

mc_status mci_filter_batch(mci_text_filter *filter, void *user, mci_batch *batch,
                           uint64_t *n_emptied, mc_error *err)
{
    for (size_t i = 0; i < batch->list.n; i++) {
        mc_record *record = &batch->list.records[i];
        size_t n_before = record->n_texts, n = 0;
        for (size_t j = 0; j < n_before; j++) {
            bool keeps = true;
            MC_TRY(filter(user, batch, record, &record->texts[j], &keeps, err));
            if (keeps)
                record->texts[n++] = record->texts[j];
        }
        record->n_texts = n;
        *n_emptied += n_before > 0 && n == 0;
    }
    return MC_OK;
}

/* ---- keys ---- */

mc_status mci_key_batch(mci_batch *batch, mc_error *err)
{
    for (size_t i = 0; i < batch->list.n; i++) {
        const mc_record *record = &batch->list.records[i];
        for (size_t j = 0; j < record->n_texts; j++) {
            mci_hash128 key = mci_hash128_pair(record->uuid, record->texts[j].text);
            MC_TRY(mci_buf_append(&batch->extra, &key, sizeof key, err));
        }
    }
    return MC_OK;
}

/* ---- block ---- */

static void count_blocked(mc_counters *n, mci_block_kind kind, size_t n_texts)
{
    n->records_blocked++;
    n->pairs_blocked += n_texts;
    n->blocked_by_uuid += kind == MCI_BLOCK_UUID;
    n->blocked_by_url += kind == MCI_BLOCK_URL;
    n->blocked_by_host += kind == MCI_BLOCK_HOST;
}

uint64_t mci_block_batch(const mci_block_list *list, mci_batch *batch)
{
    uint64_t n_matches = 0;
    for (size_t i = 0; list && i < batch->list.n; i++) {
        mc_record *record = &batch->list.records[i];
        mci_block_kind kind;
        if (record->n_texts == 0 || !mci_block_list_has(list, record, &kind))
            continue;
        for (size_t j = 0; j < record->n_texts; j++)
            n_matches += record->texts[j].n_entries;
        count_blocked(&batch->n, kind, record->n_texts);
        record->n_texts = 0;
    }
    return n_matches;
}

/* ---- count ---- */

mc_status mci_count_stage_open(size_t n_entries, unsigned n_workers, mci_count_stage *out,
                               mc_error *err)
{
    uint64_t **counts = mci_alloc_zeroed(n_workers, sizeof *counts);
    if (!counts)
        return mci_nomem(err, n_workers * sizeof *counts);
    *out = (mci_count_stage){ .counts = counts, .n_entries = n_entries, .n_workers = n_workers };
    return MC_OK;
}

void mci_count_stage_close(mci_count_stage *stage)
{
    for (unsigned i = 0; stage->counts && i < stage->n_workers; i++)
        mci_free(stage->counts[i]);
    mci_free(stage->counts);
    *stage = (mci_count_stage){ 0 };
}

mc_status mci_check_ids(const mc_record *record, const mc_text *text, size_t n_entries,
                        mc_error *err)
{
    if (!text->is_matched)
        return mc_fail(err, MC_E_FORMAT,
                       "record %.*s has a text without entry ids; run `metaclip match` first",
                       (int)record->uuid.len, record->uuid.data);
    /* Ascending, so the last one is the largest. */
    if (text->n_entries > 0 && text->entries[text->n_entries - 1] >= n_entries)
        return mc_fail(err, MC_E_MISMATCH,
                       "record %.*s has entry id %u, but the list has %zu entries: it was matched "
                       "with another list",
                       (int)record->uuid.len, record->uuid.data, text->entries[text->n_entries - 1],
                       n_entries);
    return MC_OK;
}

/* All ids of a text are of one list. */
static void count_pair(const mci_count_stage *stage, const mc_text *text, uint64_t *counts)
{
    if (stage->n_lists == 0 || text->n_entries == 0)
        return;
    int list = mci_list_of_id(stage->lists, stage->n_lists, text->entries[0]);
    if (list != MCI_NO_LIST)
        counts[stage->n_entries + (size_t)list]++;
}

mc_status mci_count_batch(mci_count_stage *stage, mci_batch *batch, unsigned worker, mc_error *err)
{
    size_t n_counts = stage->n_entries + stage->n_lists;
    if (!stage->counts[worker]) {
        stage->counts[worker] = mci_alloc_zeroed(n_counts, sizeof(uint64_t));
        if (!stage->counts[worker])
            return mci_nomem(err, n_counts * sizeof(uint64_t));
    }
    uint64_t *counts = stage->counts[worker];
    for (size_t i = 0; i < batch->list.n; i++) {
        const mc_record *record = &batch->list.records[i];
        for (size_t j = 0; j < record->n_texts; j++) {
            const mc_text *text = &record->texts[j];
            MC_TRY(mci_check_ids(record, text, stage->n_entries, err));
            for (size_t k = 0; k < text->n_entries; k++)
                counts[text->entries[k]]++;
            count_pair(stage, text, counts);
        }
    }
    return MC_OK;
}

void mci_count_stage_fold(mci_count_stage *stage, uint64_t *sum)
{
    for (unsigned i = 0; i < stage->n_workers; i++) {
        uint64_t *counts = stage->counts[i];
        for (size_t e = 0; counts && e < stage->n_entries + stage->n_lists; e++)
            sum[e] += counts[e];
        mci_free(counts);
        stage->counts[i] = NULL;
    }
}

/* ---- draw ---- */

typedef struct {
    const mci_drawing *how;
    mci_choice_cursor choices;
} draw_state;

/* The keep probability of a text, which is one of n_texts; added to what is expected. */
static mc_status expect_text(const draw_state *state, mci_batch *batch, const mc_record *record,
                             const mc_text *text, uint64_t n_texts, double *out, mc_error *err)
{
    if (!text->is_matched)
        return mci_check_ids(record, text, 0, err);
    mc_status status =
        mc_keep_probability(state->how->balancer, text->entries, text->n_entries, out, err);
    if (status < 0)
        return mc_add_context(err, MC_E_MISMATCH, "record %.*s", (int)record->uuid.len,
                              record->uuid.data);
    batch->expected += *out / (double)n_texts;
    batch->n.matches += text->n_entries;
    return MC_OK;
}

static mc_status choose_text(void *user, mci_batch *batch, const mc_record *record, mc_text *text,
                             bool *keeps, mc_error *err)
{
    draw_state *state = user;
    double probability = 0;
    mci_choice choice = mci_choices_next(&state->choices);
    MC_TRY(expect_text(state, batch, record, text, choice.n_texts, &probability, err));
    *keeps = choice.is_chosen;
    batch->n.pairs_not_chosen += !*keeps;
    return MC_OK;
}

static mc_status draw_text(void *user, mci_batch *batch, const mc_record *record, mc_text *text,
                           bool *keeps, mc_error *err)
{
    draw_state *state = user;
    double probability = 0;
    if (!state->how->choices)
        MC_TRY(expect_text(state, batch, record, text, 1, &probability, err));
    else /* it was expected when it was chosen */
        MC_TRY(mc_keep_probability(state->how->balancer, text->entries, text->n_entries,
                                   &probability, err));
    *keeps = mc_draw(record->uuid, text->text, state->how->seed) < probability;
    batch->n.pairs_not_drawn += !*keeps;
    return MC_OK;
}

static mc_status choose_texts(draw_state *state, mci_batch *batch, mc_error *err)
{
    MC_TRY(mci_choices_begin(state->how->choices, batch, &state->choices, err));
    mc_status status =
        mci_filter_batch(choose_text, state, batch, &batch->n.records_not_chosen, err);
    mci_choices_end(&state->choices);
    return status;
}

mc_status mci_draw_batch(const mci_drawing *drawing, mci_batch *batch, mc_error *err)
{
    draw_state state = { .how = drawing };
    if (drawing->choices)
        MC_TRY(choose_texts(&state, batch, err));
    return mci_filter_batch(draw_text, &state, batch, &batch->n.records_not_drawn, err);
}

/* ---- format ---- */

void mci_keep_batch(mci_batch *batch)
{
    for (size_t i = 0; i < batch->list.n; i++) {
        size_t n_texts = batch->list.records[i].n_texts;
        batch->n.records_kept += n_texts > 0;
        batch->n.pairs_kept += n_texts;
    }
}

mc_status mci_format_batch(mci_batch *batch, mc_error *err)
{
    mci_keep_batch(batch);
    for (size_t i = 0; i < batch->list.n; i++)
        if (batch->list.records[i].n_texts > 0)
            MC_TRY(mci_pairs_format(&batch->list.records[i], &batch->out, err));
    return MC_OK;
}
