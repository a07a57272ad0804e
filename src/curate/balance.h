/* Balancing, for the rest of the library; the public part is in metaclip/curate.h. */
#ifndef MCI_CURATE_BALANCE_H
#define MCI_CURATE_BALANCE_H

#include "metaclip/curate.h"

/* The t of the n entries from id `first` on. */
typedef struct {
    uint64_t first, n, t;
} mci_limit;

/* As mc_balancer_new, with a t for each of n_limits parts, which follow one another from id 0 on
 * and are as many entries as there are counts. */
mc_status mci_balancer_new(const uint64_t *counts, const mci_limit *limits, size_t n_limits,
                           uint64_t seed, mc_balancer **out, mc_error *err);

/* The entry probabilities of counts[n] under t, each the float nearest to mc_entry_probability:
 * what entry_prob.npy holds. out is the caller's, n long. */
void mci_entry_probs_f32(const uint64_t *counts, size_t n, uint64_t t, float *out);

#endif
