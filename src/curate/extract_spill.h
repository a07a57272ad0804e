/* Pairs that wait on disk while it is found out which of them go: what extracting does where the
 * keys of all pairs are more than memory may hold, or earlier runs are to be asked.
 *
 *     batches ---> pairs.jsonl.zst  keys          in a temporary folder
 *                       |            |  parts of the keys (duplicates.h)
 *                       |          marks
 *                       +------------+----> what stays, in order
 */
#ifndef MCI_CURATE_EXTRACT_SPILL_H
#define MCI_CURATE_EXTRACT_SPILL_H

#include "curate/duplicates.h"

typedef struct mci_spill mci_spill;

/* The folder is in temp_dir; if that is NULL beside out_path, or, if that is no file, in $TMPDIR
 * or /tmp. Beside a file it takes the place of what a killed run left there. */
mc_status mci_spill_open(const char *out_path, const char *temp_dir, mci_spill **out,
                         mc_error *err);
/* Takes NULL. Removes the folder. */
void mci_spill_close(mci_spill *spill);

/* The keys of pairs that have passed already; the set is emptied. */
mc_status mci_spill_passed(mci_spill *spill, mci_key_set *keys, mc_error *err);
/* The records of a batch with their keys in batch->extra (mci_key_batch). */
mc_status mci_spill_add(mci_spill *spill, mci_batch *batch, mc_error *err);

typedef struct {
    uint64_t memory; /* bytes */
    unsigned n_threads;
    const mci_known_runs *earlier; /* may be NULL */
    bool keeps_keys;               /* for mci_spill_save_keys */
} mci_spill_search;

/* Nothing more comes: finds what goes. */
mc_status mci_spill_find(mci_spill *spill, const mci_spill_search *search, mc_error *err);
/* Lets what stays flow to drain, which may drop more, formats and writes it; counts in summary what
 * went and what was kept. */
mc_status mci_spill_drain(mci_spill *spill, const mc_pool *pool,
                          mc_status (*drain)(void *user, mci_batch *batch, mc_error *err),
                          void *user, mc_summary *summary, mc_error *err);
/* The keys of what stays as a known run's (known_keys.h). */
mc_status mci_spill_save_keys(const mci_spill *spill, const char *path, mc_str origin,
                              mc_error *err);

#endif
