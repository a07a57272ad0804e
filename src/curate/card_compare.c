/* How two distributions differ. */
#include <inttypes.h>

#include "base/error.h"
#include "metaclip/curate.h"

typedef struct {
    const uint64_t *counts;
    double total;
} distribution;

static distribution distribution_of(const uint64_t *counts, uint64_t n)
{
    distribution d = { .counts = counts };
    for (uint64_t i = 0; i < n; i++)
        d.total += (double)counts[i];
    return d;
}

static double share(const distribution *d, uint64_t id)
{
    return d->total > 0 ? (double)d->counts[id] / d->total : 0.0;
}

static double distance(const distribution *a, const distribution *b, uint64_t id)
{
    double difference = share(a, id) - share(b, id);
    return difference < 0 ? -difference : difference;
}

/* Puts id among the largest; equal ones stay in the order of their ids. */
static void note_largest(mc_card_difference *out, double *largest, uint32_t id, double value)
{
    size_t at = out->n_largest;
    while (at > 0 && largest[at - 1] < value)
        at--;
    if (at == COUNT_OF(out->largest))
        return;
    if (out->n_largest < COUNT_OF(out->largest))
        out->n_largest++;
    for (size_t i = out->n_largest - 1; i > at; i--) {
        largest[i] = largest[i - 1];
        out->largest[i] = out->largest[i - 1];
    }
    largest[at] = value;
    out->largest[at] = id;
}

mc_status mc_card_compare(const mc_card *a, const mc_card *b, mc_card_difference *out,
                          mc_error *err)
{
    uint64_t n = a->n_entries;
    if (b->n_entries != n)
        return mc_fail(err, MC_E_MISMATCH,
                       "one card has %" PRIu64 " entries, the other %" PRIu64
                       ": they are not of one metadata list",
                       n, b->n_entries);
    bool both_curated = a->curated && b->curated;
    distribution x = distribution_of(both_curated ? a->curated : a->pool, n);
    distribution y = distribution_of(both_curated ? b->curated : b->pool, n);
    double largest[COUNT_OF(out->largest)];
    double sum = 0.0;
    *out =
        (mc_card_difference){ .same_metadata = strcmp(a->metadata_sha256, b->metadata_sha256) == 0,
                              .of_curated = both_curated };
    for (uint64_t id = 0; id < n; id++) {
        double value = distance(&x, &y, id);
        sum += value;
        out->n_differ += x.counts[id] != y.counts[id];
        if (value > 0)
            note_largest(out, largest, (uint32_t)id, value);
    }
    out->total_variation = sum / 2;
    for (size_t i = 0; i < out->n_largest; i++) {
        out->shares[i][0] = share(&x, out->largest[i]);
        out->shares[i][1] = share(&y, out->largest[i]);
    }
    return MC_OK;
}
