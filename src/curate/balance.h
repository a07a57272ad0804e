/* Balancing, for the rest of the library; the public part is in metaclip/curate.h. */
#ifndef MCI_CURATE_BALANCE_H
#define MCI_CURATE_BALANCE_H

#include "metaclip/curate.h"

/* The entry probabilities of counts[n] under t, each the float nearest to mc_entry_probability:
 * what entry_prob.npy holds. out is the caller's, n long. */
void mci_entry_probs_f32(const uint64_t *counts, size_t n, uint64_t t, float *out);

#endif
