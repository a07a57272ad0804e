/* Keys that were there before: those of earlier runs, which a folder (`--state DIR`) carries from
 * run to run, and those of a run's own beginning.
 *
 *     DIR/ID.keys    | keys, ascending, distinct, 16 bytes each | origin | trailer |
 *
 * A file appears whole or not at all, so a run is known when it is complete, and not before. In the
 * machine's byte order. */
#ifndef MCI_CURATE_KNOWN_KEYS_H
#define MCI_CURATE_KNOWN_KEYS_H

#include "base/files.h"
#include "base/hash.h"
#include "io/output.h"

/* ---- one file ---- */

typedef struct {
    mci_mapped map;
    const mci_hash128 *keys; /* ascending */
    size_t n;
    char made_from[MC_SHA256_DIGITS + 1]; /* of whoever wrote it: equal ones hold the same keys */
    mc_str origin;                        /* the output of the run, as an absolute path */
    char *id;                             /* of a run of a folder, else NULL */
} mci_known_keys;

/* MC_E_FORMAT: it is no such file, or cut. */
mc_status mci_known_keys_open(const char *path, mci_known_keys *out, mc_error *err);
void mci_known_keys_close(mci_known_keys *known);

/* Writing is of keys as they are, then the end; the file is committed by the caller. */
mc_status mci_known_keys_end(mci_output *file, uint64_t n_keys, const char *made_from,
                             mc_str origin, mc_error *err);

/* Appends a file of bare keys, a range behind those before it; adds them to sha, unless that is
 * NULL, and their number to *n_keys. */
mc_status mci_known_keys_append(mci_output *file, const char *keys_path, mci_sha256 *sha,
                                uint64_t *n_keys, mc_error *err);

/* Puts keys in order and drops repeated ones; gives how many are left. */
size_t mci_keys_sort(mci_hash128 *keys, size_t n);

/* Calls `found` for every one of the `n` keys (ascending, distinct) that is known. Costs a walk
 * over the known keys between them or a search for each, whichever is less. */
typedef mc_status mci_known_fn(void *user, mci_hash128 key, mc_error *err);
mc_status mci_known_keys_among(const mci_known_keys *known, const mci_hash128 *keys, size_t n,
                               mci_known_fn *found, void *user, mc_error *err);

/* ---- a folder of them ---- */

typedef struct {
    mci_known_keys *runs; /* by id */
    size_t n, cap;
} mci_known_runs;

/* MC_E_ARG with a sentence if this cannot be a run's id: it names a file. */
mc_status mci_run_id_check(mc_str id, mc_error *err);

/* DIR/ID.keys. */
mc_status mci_known_runs_path(const char *dir, mc_str id, mci_buf *path, mc_error *err);

/* Opens all runs of the folder but `own_id`; there are none if there is no folder. */
mc_status mci_known_runs_open(const char *dir, mc_str own_id, mci_known_runs *out, mc_error *err);
/* Adds one of them, by its id. MC_E_IO if it is not there. */
mc_status mci_known_runs_add(mci_known_runs *runs, const char *dir, mc_str id, mc_error *err);
void mci_known_runs_close(mci_known_runs *runs);

/* What a run is called in such a folder. */
typedef struct {
    mc_str id, origin;
    char text[2 * 4096]; /* theirs */
} mci_run_name;

/* The id is the one given, or, if that is NULL, the name of what the run writes, which must then be
 * the origin of the run that has this id in the folder, if any: MC_E_MISMATCH. The origin is the
 * absolute path of what it writes (a file or a folder, which may not be there yet). */
mc_status mci_run_name_choose(mci_run_name *name, const char *dir, const char *id,
                              const char *out_path, mc_error *err);

#endif
