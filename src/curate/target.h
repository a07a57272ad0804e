/* The t that keeps so many pairs. */
#ifndef MCI_CURATE_TARGET_H
#define MCI_CURATE_TARGET_H

#include "curate/shards.h"

/* The smallest t whose expected number of curated pairs, the sum of round(P * 2^32) over the pairs
 * of `matched`, is at least target * 2^32. Reads the shards a few times over, with pool's threads.
 * Errors: MC_E_ARG (a shard is no regular file; not so many pairs match, the text says how many),
 * MC_E_MISMATCH and MC_E_FORMAT as mci_count_batch. */
mc_status mci_t_of_target(const mc_pool *pool, const mci_shards *matched, const mc_counts *counts,
                          uint64_t target, uint64_t *t, mc_error *err);

/* The largest of the counts, at least 1: a t from which on all pairs are kept. */
uint64_t mci_largest_count(const mc_counts *counts);

#endif
