/* The t that keeps so many pairs. */
#ifndef MCI_CURATE_TARGET_H
#define MCI_CURATE_TARGET_H

#include "curate/choices.h"

/* The smallest t whose expected number of curated pairs, the sum of round(P * 2^32) over the pairs
 * of `matched` (with choices: of round(P / k * 2^32), expect.h), is at least target * 2^32; the
 * largest count where only rounding keeps it from that. Reads the shards a few times over, with
 * pool's threads. Errors: MC_E_ARG (a shard is no regular file; not so many pairs match, the text
 * says how many), MC_E_MISMATCH and MC_E_FORMAT as mci_count_batch. */
mc_status mci_t_of_target(const mc_pool *pool, const mci_shards *matched, const mc_counts *counts,
                          const mci_choice_lists *choices, uint64_t target, uint64_t *t,
                          mc_error *err);

/* MC_E_ARG if a shard is no regular file; `what` happens by reading them several times. */
mc_status mci_want_files(const mci_shards *shards, const char *what, mc_error *err);

/* The largest of the counts, at least 1: a t from which on all pairs are kept. */
uint64_t mci_largest_count(const mc_counts *counts);

#endif
