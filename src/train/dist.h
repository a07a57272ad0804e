/* The processes that train together. One alone needs nothing; several are started by mpirun (or
 * srun) and speak through MPI, whose library is loaded only then. When one of them dies, MPI ends
 * all. */
#ifndef MCI_TRAIN_DIST_H
#define MCI_TRAIN_DIST_H

#include "base/error.h"
#include "metaclip/base.h"

typedef struct mci_dist mci_dist;

/* One process, alone. */
mc_status mci_dist_single(mci_dist **out, mc_error *err);
/* All processes of the job that this one was started in. Must be called by each of them, once, from
 * the thread that will make all further calls.
 * Errors: MC_E_BACKEND: no Open MPI library here, or it failed. */
mc_status mci_dist_mpi(mci_dist **out, mc_error *err);
/* Waits for the others. Takes NULL. */
void mci_dist_close(mci_dist *dist);

unsigned mci_dist_rank(const mci_dist *dist);
unsigned mci_dist_size(const mci_dist *dist);

/* Every process gives n_own numbers; all get everybody's, in the order of ranks.
 *   counts  [size]: what each gives. out  their sum */
mc_status mci_dist_gather_f32(mci_dist *dist, const float *own, const size_t *counts, float *out,
                              mc_error *err);
mc_status mci_dist_gather_f64(mci_dist *dist, const double *own, const size_t *counts, double *out,
                              mc_error *err);
/* The sums over all processes, in place: the same bits on each. */
mc_status mci_dist_sum_f64(mci_dist *dist, double *values, size_t n, mc_error *err);
/* Begins such a sum and lets the caller go on; values must not be touched until mci_dist_wait. All
 * processes begin the same sums in the same order. */
mc_status mci_dist_sum_begin(mci_dist *dist, float *values, size_t n, mc_error *err);
/* Ends all that were begun. */
mc_status mci_dist_wait(mci_dist *dist, mc_error *err);
/* What the first process has, for all. */
mc_status mci_dist_share(mci_dist *dist, void *bytes, size_t n, mc_error *err);

#endif
