/* PATH.meta.json: one line of JSON beside a file of ids or counts that says whose they are. */
#ifndef MCI_CURATE_SIDECAR_H
#define MCI_CURATE_SIDECAR_H

#include "metaclip/curate.h"

/* The kind of counts of a folder of lists. */
#define MCI_COUNTS_BY_LANGUAGE "entry counts by language"

/* Writes the sidecar of path, atomically:
 *   {"kind":"entry counts","metadata_sha256":"...","entries":N,"tool":"metaclip 0.1.0"}
 * Nothing is written beside standard output, pipes and devices. With an empty sha256 nothing is
 * known: an older sidecar, which would speak of another file, is removed. */
mc_status mci_sidecar_save(const char *path, const char *kind, const char *sha256,
                           uint64_t n_entries, mc_error *err);
/* Removes the sidecar of path, if any: before a new file appears under this name. */
mc_status mci_sidecar_remove(const char *path, mc_error *err);
/* Reads it. *found is false if there is none (also of "-" and pipes); the rest is then untouched.
 * Errors: MC_E_FORMAT (not a sidecar), MC_E_IO. */
mc_status mci_sidecar_load(const char *path, char sha256[MC_SHA256_DIGITS + 1], uint64_t *n_entries,
                           bool *found, mc_error *err);

/* Whether there is one that names this kind. Errors as above. */
mc_status mci_sidecar_is(const char *path, const char *kind, bool *out, mc_error *err);

/* True for 64 lower-case hex digits. */
bool mci_is_sha256(mc_str text);

#endif
