/* What the files of info share. For info*.c only. */
#ifndef MCI_CURATE_INFO_INTERNAL_H
#define MCI_CURATE_INFO_INTERNAL_H

#include "base/info_facts.h"

/* info_fasttext.c: a fastText model that tells languages. Reads all of it.
 * Errors: those of mci_fasttext_open, naming the path; MC_E_IO. */
mc_status mci_info_fasttext(const char *path, mc_info *info, mc_error *err);

#endif
