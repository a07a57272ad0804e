/* Stamps: what was made, from what. A file of a run is up to date if its stamp bears the
 * fingerprint of the inputs it would be made from now; so any restart, with other options or more
 * inputs, redoes exactly what has changed. */
#ifndef MCI_RUN_STAMP_H
#define MCI_RUN_STAMP_H

#include "base/hash.h"
#include "metaclip/curate.h"
#include "run/run_folder.h"

typedef struct {
    char digits[MC_SHA256_DIGITS + 1];
} mci_fingerprint;

typedef struct {
    mci_fingerprint made_from;
    uint64_t n_bytes;   /* of the file of pairs that it vouches for */
    mc_summary summary; /* counters, problems and expected pairs of the making */
} mci_stamp;

/* *found is false if there is none, or one that cannot be read (then it is made anew). */
mc_status mci_stamp_load(const char *path, mci_stamp *out, bool *found, mc_error *err);
mc_status mci_stamp_save(const mci_stamp *stamp, const char *path, mc_error *err);

#endif
