/* Verifying a run with a folder of lists. For the verify*.c files only. */
#ifndef MCI_RUN_VERIFY_LISTS_H
#define MCI_RUN_VERIFY_LISTS_H

#include "run/verify_internal.h"

/* Whether the metadata is made of the same lists as the run's, or of none as that. */
bool mci_verify_has_lists(const mci_verify *v, const mc_metadata *metadata);

/* What a tail ratio (negative: none) or else t gives for drawn_by: a t of every list. MC_E_FORMAT:
 * nothing can be. */
mc_status mci_verify_limits(const mci_verify *v, double tail_ratio, uint64_t t, mci_limits *out,
                            mc_error *err);
/* The t that the run speaks of, as mc_t_of_tail_ratio for a single list. */
mc_status mci_verify_t_of_ratio(const mci_verify *v, double tail_ratio, uint64_t *t, mc_error *err);

/* Holds the lists of the data card and of the summary, if they could be read, against run.json's,
 * and what was recounted. */
mc_status mci_verify_published_lists(mci_verify *v, mc_error *err);

#endif
