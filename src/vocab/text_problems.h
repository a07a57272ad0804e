/* The first few texts of a job that cannot be used, by name. */
#ifndef MCI_MODEL_TEXT_PROBLEMS_H
#define MCI_MODEL_TEXT_PROBLEMS_H

#include "vocab/text_source.h"

typedef char mci_text_problem[508];

/* Writes "PATH: line 7: why" into the next of MC_TOKENIZE_PROBLEMS lines, if one is left. With
 * strict it fails with that instead. */
mc_status mci_text_problem_note(mci_text_problem *problems, size_t *n, const char *path,
                                const mci_text_item *item, const char *why, bool strict,
                                mc_error *err);

/* MC_E_ARG if the file that will be written is one of those that are read. */
mc_status mci_text_files_check(const char *const *inputs, size_t n_inputs, const char *out_path,
                               mc_error *err);

#endif
