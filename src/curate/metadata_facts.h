/* Whose ids and counts these are: small helpers that every job with metadata shares. */
#ifndef MCI_CURATE_METADATA_FACTS_H
#define MCI_CURATE_METADATA_FACTS_H

#include "metaclip/curate.h"

/* Puts the list's hash and length into the summary. */
void mci_summary_set_metadata(mc_summary *summary, const mc_metadata *metadata);

/* Whose ids a file holds: by its sidecar, or by run.json if it lies in a run folder. *found is
 * false if nobody says. Errors: MC_E_FORMAT, MC_E_IO. */
mc_status mci_list_of_file(const char *path, char sha256[MC_SHA256_DIGITS + 1], uint64_t *n_entries,
                           bool *found, mc_error *err);

/* Checks the sidecars of files that hold ids: MC_E_MISMATCH if one belongs to another list than
 * sha256. Files without one are told to hooks->warn, once for all of them. Pipes have none. */
mc_status mci_check_sidecars(const char *const *paths, size_t n, const char *sha256,
                             const mc_hooks *hooks, mc_error *err);

#endif
