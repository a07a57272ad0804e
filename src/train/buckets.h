/* Adding up gradients over processes while they are still being computed: what is whole is sent
 * off, block by block, and the rest at the end. */
#ifndef MCI_TRAIN_BUCKETS_H
#define MCI_TRAIN_BUCKETS_H

#include "train/dist.h"
#include "train/params.h"

typedef struct {
    mci_dist *dist;
    const mci_params *params;
    bool *sent; /* [params->n] */
    float *grads;
    mc_status status; /* of what was begun */
    mc_error err;
} mci_buckets;

/* Release in any case. */
mc_status mci_buckets_make(mci_buckets *buckets, mci_dist *dist, const mci_params *params,
                           mc_error *err);
void mci_buckets_release(mci_buckets *buckets);

/* Nothing is sent yet. grads  [params->n_values] */
void mci_buckets_start(mci_buckets *buckets, float *grads);
/* Begins the sums of all parameters whose name begins so; all processes in the same order. */
void mci_buckets_send(mci_buckets *buckets, const char *prefix);
/* Sends the rest and waits for all. */
mc_status mci_buckets_finish(mci_buckets *buckets, mc_error *err);

#endif
