/* The contrastive loss over a batch that several processes share: each has its own pairs' features,
 * gets to know everybody's, and ends with the gradient by its own. */
#ifndef MCI_TRAIN_BATCH_LOSS_H
#define MCI_TRAIN_BATCH_LOSS_H

#include "base/threads.h"
#include "train/dist.h"

/* One side of a batch, images or texts. */
typedef struct {
    float *rows, *drows; /* [n, D]: own features; and the gradient by them */
    float *all;          /* [N, D]: everybody's, normalised */
    double *lengths;     /* [n] */
    double *lse;         /* [n] */
    double *all_lse;     /* [N] */
} mci_loss_side;

typedef struct {
    mci_dist *dist;
    mci_team *team; /* who computes */
    size_t D;
    size_t n, N, first;   /* own pairs, all, and the place of the first own one */
    size_t *pairs, *rows; /* [ranks]: pairs of each, and numbers in their features */
    double *counts;       /* [ranks] */
    mci_loss_side images, texts;
    size_t max_own, max_all; /* pairs that there is room for */
} mci_batch_loss;

/* Release in any case. dist is lent. n_threads 0: one a processor. */
mc_status mci_batch_loss_make(mci_batch_loss *loss, mci_dist *dist, size_t D, unsigned n_threads,
                              mc_error *err);
void mci_batch_loss_release(mci_batch_loss *loss);

/* All processes say how many pairs they have: at least one. Room for features is then there. */
mc_status mci_batch_loss_begin(mci_batch_loss *loss, size_t n, mc_error *err);
/* images.rows and texts.rows hold the features as the towers gave them. Gives the loss over all N
 * pairs; drows then hold the gradient by those features, and *dscale is this process's share of
 * that by the logarithm of the scale. */
mc_status mci_batch_loss_run(mci_batch_loss *loss, double scale, double *value, double *dscale,
                             mc_error *err);

#endif
