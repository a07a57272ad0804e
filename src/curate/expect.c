#include "curate/expect.h"

#include "base/alloc.h"
#include "curate/stages.h"

/* One worker's part of the answers. */
typedef struct {
    mci_u128 kept[MCI_GRID], variance[MCI_GRID];
    mci_u128
        certain[MCI_GRID + 1]; /* sum of 1 / k of those t[i] is the first to keep for certain */
    uint64_t n_pairs;
} tally;

typedef struct {
    const mci_expect *asked;
    const mc_counts *counts;
    tally *tallies; /* one per worker */
} expecting;

/* p * 2^32, to the nearest whole number: at 2^52 doubles are 1 apart. */
static uint64_t fixed(double p)
{
    return (uint64_t)(p * 0x1p32 + 0x1p52 - 0x1p52);
}

/* How many t of the grid are below count: with them the entry is drawn with less than certainty. */
static size_t n_below(const mci_expect *asked, uint64_t count)
{
    size_t low = 0, high = asked->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (asked->t[middle] < count)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t fewest_matches(const mc_counts *counts, const mc_text *text)
{
    uint64_t fewest = UINT64_MAX;
    for (size_t k = 0; k < text->n_entries; k++) {
        uint64_t count = counts->counts[text->entries[k]];
        if (count < fewest)
            fewest = count;
    }
    return fewest;
}

/* The arithmetic of mc_keep_probability, operation for operation, for all t at once; where the
 * rarest entry is tail, P is 1 and nothing has to be multiplied. */
static void add_pair(const expecting *state, const mc_text *text, mci_choice choice, tally *to)
{
    const mci_expect *asked = state->asked;
    double miss[MCI_GRID], n_texts = (double)choice.n_texts;
    if (text->n_entries == 0)
        return;
    size_t n = n_below(asked, fewest_matches(state->counts, text));
    to->n_pairs += choice.is_chosen;
    to->certain[n] += fixed(1.0 / n_texts);
    for (size_t i = 0; i < n; i++)
        miss[i] = 1.0;
    for (size_t k = 0; k < text->n_entries; k++) {
        double count = (double)state->counts->counts[text->entries[k]];
        for (size_t i = 0; i < n; i++)
            miss[i] *= 1.0 - (double)asked->t[i] / count;
    }
    for (size_t i = 0; i < n; i++) {
        double p = 1.0 - miss[i];
        to->kept[i] += fixed(p / n_texts);
        if (asked->wants_variance)
            to->variance[i] += fixed(p * (1.0 - p) / n_texts);
    }
}

static mc_status add_pairs(const expecting *state, mci_choice_cursor *choices, mci_batch *batch,
                           tally *to, mc_error *err)
{
    for (size_t i = 0; i < batch->list.n; i++) {
        const mc_record *record = &batch->list.records[i];
        for (size_t j = 0; j < record->n_texts; j++) {
            MC_TRY(mci_check_ids(record, &record->texts[j], state->counts->n, err));
            add_pair(state, &record->texts[j], mci_choices_next(choices), to);
            batch->n.matches += record->texts[j].n_entries;
        }
        batch->n.pairs_kept += record->n_texts;
        batch->n.records_kept += record->n_texts > 0;
    }
    return MC_OK;
}

static mc_status expect_work(void *user, mci_batch *batch, unsigned worker, mc_error *err)
{
    const expecting *state = user;
    mci_choice_cursor choices;
    MC_TRY(mci_choices_begin(state->asked->choices, batch, &choices, err));
    mc_status status = add_pairs(state, &choices, batch, &state->tallies[worker], err);
    mci_choices_end(&choices);
    return status;
}

static mc_status expect_drain(void *user, mci_batch *batch, mc_error *err)
{
    (void)user;
    (void)batch;
    (void)err;
    return MC_OK;
}

static void fold(const tally *from, mci_expect *to)
{
    mci_u128 certain = 0;
    for (size_t i = 0; i < to->n; i++) {
        certain += from->certain[i];
        to->kept[i] += from->kept[i] + certain;
        to->variance[i] += from->variance[i];
    }
    to->n_pairs += from->n_pairs;
}

mc_status mci_expect_shards(const mc_pool *pool, const mci_shards *shards, const mc_counts *counts,
                            const char *phase, mci_expect *expect, mc_summary *summary,
                            mc_error *err)
{
    unsigned n_workers = mci_flow_workers(pool);
    expecting state = { expect, counts, mci_alloc_zeroed(n_workers, sizeof(tally)) };
    if (!state.tallies)
        return mci_nomem(err, n_workers * sizeof(tally));
    mci_flow_steps steps = { .work = expect_work,
                             .drain = expect_drain,
                             .user = &state,
                             .places = expect->choices != NULL };
    mc_status status = mci_flow_run(pool, shards, phase, &steps, summary, err);
    for (unsigned i = 0; i < n_workers && status >= 0; i++)
        fold(&state.tallies[i], expect);
    mci_free(state.tallies);
    return status;
}
