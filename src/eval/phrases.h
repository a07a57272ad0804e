/* The texts of a zero-shot classifier: names of classes, and templates, from files of lines or
 * JSON. */
#ifndef MCI_EVAL_PHRASES_H
#define MCI_EVAL_PHRASES_H

#include "base/buf.h"

/* Texts in groups: a class and its names, or a template alone. Zero-initialise, release at the end.
 */
typedef struct {
    mci_buf text;     /* of all, one behind the other */
    size_t *ends;     /* [n], in text */
    uint32_t *groups; /* [n], ascending, every one from 0 to n_groups - 1 */
    size_t n, n_groups, cap_ends, cap_groups;
} mci_phrases;

void mci_phrases_release(mci_phrases *phrases);
void mci_phrases_clear(mci_phrases *phrases);
/* Adds a text to the last group, or to a new one. */
mc_status mci_phrases_add(mci_phrases *phrases, mc_str text, bool begins, mc_error *err);
mc_str mci_phrases_get(const mci_phrases *phrases, size_t i);

/* Lines, without spaces at both ends; blank ones are passed over. */
mc_status mci_phrases_lines(mci_phrases *phrases, mc_str text, mc_error *err);
/* A file of lines; or of JSON, if it begins with [ or {: an array of strings, and of arrays of
 * strings for groups of several; or an object that has such an array under the name `set`.
 * Errors: MC_E_FORMAT, MC_E_IO, MC_E_LIMIT (64 MiB), all with the path. */
mc_status mci_phrases_load(mci_phrases *phrases, const char *path, const char *set, mc_error *err);

#endif
