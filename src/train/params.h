/* The parameters of a model in training, by OpenCLIP's names, and where each stands in one flat
 * vector. Those that decay come first, so that the optimizer passes over two ranges. */
#ifndef MCI_TRAIN_PARAMS_H
#define MCI_TRAIN_PARAMS_H

#include "model/clip_config.h"
#include "nn/nn_train.h"

enum { MCI_PARAM_NAME = 96 };

typedef struct {
    char name[MCI_PARAM_NAME];
    size_t rank;
    uint64_t dims[4];
    size_t at, n;
    size_t grad_at;
    bool decays;
} mci_param;

typedef struct {
    mci_param *items; /* in OpenCLIP's order */
    size_t n, cap;
    size_t n_values, n_decaying; /* of the vector; of its first part */
    size_t n_grads;              /* of the vector of gradients */
} mci_params;

/* Weight decay is for parameters of two and more dimensions whose name has none of "bn", "ln",
 * "bias", "logit_scale", "norm", as in OpenCLIP's training. The last parameter is "logit_scale".
 * Release in any case. */
mc_status mci_params_list(const mci_clip_config *config, mci_params *out, mc_error *err);
void mci_params_release(mci_params *params);

/* Gives all blocks of both towers the same place for their gradients, which therefore are to be
 * used up before the next block's, and those of words none (they make a step at once). Else each
 * parameter has its gradient where it has its value. */
void mci_params_share_grads(mci_params *params);
/* The parameters whose names begin with a prefix and that decay, or do not: neighbours, as a
 * block's are. n is 0 if there are none. */
mci_nn_place mci_params_range(const mci_params *params, const char *prefix, bool decays, size_t *n);

/* NULL if there is none. */
const mci_param *mci_params_find(const mci_params *params, const char *name);
/* An mci_place_of. */
mci_nn_place mci_params_place(const void *params, const char *name);

#endif
