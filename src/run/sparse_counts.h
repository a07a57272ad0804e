/* Counts of one shard: most entries have none, so only the others are written. */
#ifndef MCI_RUN_SPARSE_COUNTS_H
#define MCI_RUN_SPARSE_COUNTS_H

#include "base/buf.h"

/* Writes the entries of counts[n] that are not 0, atomically. */
mc_status mci_sparse_save(const uint64_t *counts, size_t n, const char *path, mc_error *err);
/* Adds what the file holds to counts[n]. MC_E_FORMAT if it is not such a file of n entries. */
mc_status mci_sparse_add(const char *path, uint64_t *counts, size_t n, mc_error *err);

#endif
