/* How much arithmetic a step is, and how much of it a backend does in a second: their quotient says
 * how far a run is from what its machine could do. */
#ifndef MCI_TRAIN_STEP_WORK_H
#define MCI_TRAIN_STEP_WORK_H

#include "model/clip_config.h"
#include "nn/nn.h"

/* Multiplications and additions of a step over n pairs: three times the products of a forward pass
 * (those of the gradient are twice as many), attention's included. Texts count as long as they are;
 * what is computed twice (micro-batches, recomputing) counts once. The loss, norms and the
 * optimizer do not.   tokens  int32 [n, context_length] */
double mci_step_work(const mci_clip_config *config, const int32_t *tokens, size_t n);

/* Multiplications and additions a second of this backend's linear(), the best of some that take a
 * fraction of a second. */
mc_status mci_product_rate(const mci_nn_backend *backend, mci_nn_precision precision,
                           unsigned n_threads, double *out, mc_error *err);

#endif
