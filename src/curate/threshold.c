/* What a t means for a list of counts, and the t of a tail ratio. */
#include <stdlib.h>

#include "base/alloc.h"
#include "metaclip/curate.h"

/* A sum beyond 64 bits stays at the largest number instead of starting again from 0. */
static uint64_t add_counts(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

mc_count_shape mc_counts_shape(const mc_counts *counts, uint64_t t)
{
    mc_count_shape shape = { .n_entries = counts->n };
    for (size_t i = 0; i < counts->n; i++) {
        uint64_t count = counts->counts[i];
        shape.n_matches = add_counts(shape.n_matches, count);
        shape.n_zero += count == 0;
        if (count < t) {
            shape.n_tail++;
            shape.n_tail_matches = add_counts(shape.n_tail_matches, count);
        } else {
            shape.n_head++;
        }
    }
    if (shape.n_matches)
        shape.tail_ratio = (double)shape.n_tail_matches / (double)shape.n_matches;
    return shape;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The count at the first place where the cumulated share is nearest to ratio. */
static uint64_t nearest(const uint64_t *ascending, size_t n, uint64_t total, double ratio)
{
    uint64_t sum = 0, found = 0;
    double smallest = 2.0;
    for (size_t i = 0; i < n; i++) {
        sum = add_counts(sum, ascending[i]);
        double share = (double)sum / (double)total;
        double distance = share > ratio ? share - ratio : ratio - share;
        if (distance < smallest) {
            smallest = distance;
            found = ascending[i];
        }
    }
    return found;
}

mc_status mc_t_of_tail_ratio(const mc_counts *counts, double ratio, uint64_t *t, mc_error *err)
{
    if (!(ratio >= 0.0 && ratio <= 1.0)) /* NaN too */
        return mc_fail(err, MC_E_ARG, "the tail ratio must lie between 0 and 1, not %g", ratio);
    uint64_t total = mc_counts_shape(counts, 1).n_matches;
    if (total == 0)
        return mc_fail(err, MC_E_ARG, "no entry has a match, so no t has a tail ratio");
    uint64_t *ascending = mci_alloc(counts->n * sizeof *ascending);
    if (!ascending)
        return mci_nomem(err, counts->n * sizeof *ascending);
    memcpy(ascending, counts->counts, counts->n * sizeof *ascending);
    qsort(ascending, counts->n, sizeof *ascending, by_value);
    uint64_t found = nearest(ascending, counts->n, total, ratio);
    mci_free(ascending);
    *t = found ? found : 1;
    return MC_OK;
}
