/* Counting over shards, for the jobs that need counts of files. */
#ifndef MCI_CURATE_COUNT_H
#define MCI_CURATE_COUNT_H

#include "curate/shards.h"

/* Adds the matches of all shards to counts, n_entries long. */
mc_status mci_count_shards(const mc_pool *pool, const mci_shards *shards, size_t n_entries,
                           uint64_t *counts, mc_summary *summary, mc_error *err);

/* Counts pool->inputs, after a look at their sidecars. Release *out with mc_counts_release. */
mc_status mci_count_inputs(const mc_pool *pool, const mc_metadata *metadata, mc_counts *out,
                           mc_summary *summary, mc_error *err);

#endif
