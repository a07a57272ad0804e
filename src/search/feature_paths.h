/* The files of features that paths name. */
#ifndef MCI_SEARCH_FEATURE_PATHS_H
#define MCI_SEARCH_FEATURE_PATHS_H

#include "base/arena.h"

typedef struct {
    const char **paths;
    size_t n, cap;
    mci_arena texts;
} mci_feature_paths;

/* A file is itself; a folder is what mc_embed_run wrote into it: 00000.npy, 00001.npy, ..., in the
 * order of their numbers. Errors: MC_E_IO; MC_E_FORMAT for a folder without them; MC_E_MISMATCH for
 * one that has a number but not those below it; MC_E_NOMEM. All name the path. Zero it before,
 * release it whatever came out. */
mc_status mci_feature_paths_add(mci_feature_paths *all, const char *path, mc_error *err);
void mci_feature_paths_release(mci_feature_paths *all);

#endif
