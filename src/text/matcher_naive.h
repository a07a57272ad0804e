/* The definition of a match, said in code: what the matcher is tested against. */
#ifndef MCI_TEXT_MATCHER_NAIVE_H
#define MCI_TEXT_MATCHER_NAIVE_H

#include "base/error.h"
#include "metaclip/base.h"

/* The ids of the entries that match text, ascending. ids holds n; *n_ids is how many were written.
 * Spaces the text, and looks for each entry in turn. */
mc_status mci_match_naive(const mc_str *entries, size_t n, mc_str text, uint32_t *ids,
                          size_t *n_ids, mc_error *err);

/* The same by the worldwide rule. */
mc_status mci_match_naive_worldwide(const mc_str *entries, size_t n, mc_str text, uint32_t *ids,
                                    size_t *n_ids, mc_error *err);

#endif
