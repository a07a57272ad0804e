/* From a checkpoint's tensors to a backend's packed weights; or, for training, to weights that are
 * bound to their places in a vector of parameters. */
#ifndef MCI_MODEL_LOADER_H
#define MCI_MODEL_LOADER_H

#include "model/checkpoint.h"
#include "nn/nn_train.h"

/* Where the parameter of a name stands; nowhere if it is none. */
typedef mci_nn_place mci_place_of(const void *user, const char *name);

/* Has room for one tensor at a time, for those that cannot be used where they lie in the file. */
typedef struct {
    const mci_checkpoint *checkpoint;
    mci_place_of *place_of; /* instead of a checkpoint: binds. NULL: loads */
    const void *place_user;
    const mci_nn_vector *values; /* in which the places are */
    const mci_nn_backend *backend;
    mci_nn_precision precision;
    float *room[2];
    size_t cap[2];
} mci_loader;

void mci_loader_release(mci_loader *loader);

/* The values of a tensor, lent until the next call with the same `slot` (0 or 1). prefix and name
 * are put together. */
mc_status mci_loader_values(mci_loader *loader, int slot, const char *prefix, const char *name,
                            size_t rank, const uint64_t *dims, const float **out, mc_error *err);

/* Whether it binds. */
bool mci_loader_binds(const mci_loader *loader);

/* "PREFIXname.weight" [N, K] with "PREFIXname.bias" [N]. */
mc_status mci_loader_linear(mci_loader *loader, const char *prefix, const char *name, size_t N,
                            size_t K, mci_nn_weight **out, mc_error *err);
/* The kernels of a convolution, [N, 3, P, P], each laid flat; without bias. */
mc_status mci_loader_kernels(mci_loader *loader, const char *name, size_t N, size_t P,
                             mci_nn_weight **out, mc_error *err);
/* A bare matrix [K, N] that stands on the right of its input, without bias. */
mc_status mci_loader_projection(mci_loader *loader, const char *name, size_t K, size_t N,
                                mci_nn_weight **out, mc_error *err);
/* "PREFIXname.weight" and ".bias", [K] each. */
mc_status mci_loader_norm(mci_loader *loader, const char *prefix, const char *name, size_t K,
                          float eps, mci_nn_norm **out, mc_error *err);
/* [R, K]; and a single row, [K], as a table of one. */
mc_status mci_loader_table(mci_loader *loader, const char *name, size_t R, size_t K,
                           mci_nn_table **out, mc_error *err);
mc_status mci_loader_row(mci_loader *loader, const char *name, size_t K, mci_nn_table **out,
                         mc_error *err);

#endif
