/* Where a list's entries come from: the sidecar that says it (metadata_sources.c) needs the hashes
 * of what was read. */
#ifndef MCI_CURATE_METADATA_SOURCES_H
#define MCI_CURATE_METADATA_SOURCES_H

#include "metaclip/curate.h"

/* The SHA-256 of a file's bytes as they lie there, or of WordNet's four data files in a folder, one
 * after the other; empty for NULL, standard input and pipes. */
mc_status mci_source_hash(const char *path, char sha256[MC_SHA256_DIGITS + 1], mc_error *err);

#endif
