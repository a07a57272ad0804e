/* The lines of a text file by their number. The file is mapped; of its lines every 64th is known by
 * its place, so that names cost an eighth of a byte a row beside themselves. */
#ifndef MCI_MODEL_SEARCH_NAMES_H
#define MCI_MODEL_SEARCH_NAMES_H

#include "base/files.h"

typedef struct {
    mci_mapped map;
    size_t *marks; /* where line 0, 64, 128, ... begins */
    uint64_t n;
} mci_names;

/* Errors: MC_E_IO, MC_E_NOMEM; MC_E_MISMATCH if there are not n lines. */
mc_status mci_names_open(const char *path, uint64_t n, mci_names *out, mc_error *err);
void mci_names_close(mci_names *names);
/* Line i < n without its LF; empty if names is zeroed. */
mc_str mci_names_at(const mci_names *names, uint64_t i);

#endif
