/* A model in training: its parameters, their gradients, the optimizer's state, and the step.
 *
 * A step's batch may be larger than what is computed at a time. The loss sees the whole batch all
 * the same: features of all micro-batches are computed first, from them the gradient by each
 * feature, and then each micro-batch is computed again, with its gradient. So k micro-batches of m
 * give the loss and the gradients of one batch of k*m; and so do processes that have a share of it
 * each, for they know each other's features. Source: Gao et al., arXiv:2101.06983
 * (gradient cache). */
#ifndef MCI_TRAIN_TRAINER_H
#define MCI_TRAIN_TRAINER_H

#include "train/dist.h"
#include "train/params.h"
#include "train/schedule.h"
#include "train/tower_grad.h"

typedef struct {
    const mci_nn_backend *backend;
    mci_nn_precision precision;
    unsigned n_threads;
    size_t micro_batch; /* pairs that are computed at a time */
    bool recompute;     /* keep less, compute the blocks twice */
    /* Each block's gradients are used up as soon as they are whole, and their memory is the next
     * one's. Only for a process that is alone, computes its batch at once and does not clip. */
    bool spend_grads;
    double beta1, beta2, eps, decay;
    double clip_norm; /* the gradient is cut to this length; 0: never */
    mci_schedule schedule;
    mci_dist *dist; /* who trains together; lent. NULL: this process alone */
} mci_trainer_options;

typedef struct mci_trainer mci_trainer;

mc_status mci_trainer_new(const mci_clip_config *config, const mci_trainer_options *options,
                          mci_trainer **out, mc_error *err);
void mci_trainer_free(mci_trainer *trainer);

const mci_params *mci_trainer_params(const mci_trainer *trainer);

/* The four vectors, all of the parameters' places: what a checkpoint holds. Gradients that are
 * spent cannot be looked at. */
typedef enum { MCI_VALUES, MCI_GRADS, MCI_FIRST_MOMENT, MCI_SECOND_MOMENT } mci_trainer_vector;

/* Values written are used from the next step on. */
void mci_trainer_write(mci_trainer *trainer, mci_trainer_vector which, size_t at,
                       const float *values, size_t n);
void mci_trainer_read(mci_trainer *trainer, mci_trainer_vector which, size_t at, float *out,
                      size_t n);

/* The values from `at` on where they lie. What is changed there is used from the next step on. */
float *mci_trainer_lend(mci_trainer *trainer, mci_trainer_vector which, size_t at);

/* Steps made so far; to be set when going on from a checkpoint. */
uint64_t mci_trainer_steps(const mci_trainer *trainer);
void mci_trainer_set_steps(mci_trainer *trainer, uint64_t n);

typedef struct {
    double loss;        /* before the step */
    double lr;          /* of this step */
    double grad_norm;   /* before clipping */
    double logit_scale; /* after the step: the stored logarithm */
} mci_step_facts;

/* One step. All processes make it together, each with its own n pairs, at least one; facts are of
 * the whole.
 *   pixels  f32 [n, 3, S, S];  tokens  int32 [n, T] */
mc_status mci_trainer_step(mci_trainer *trainer, const float *pixels, const int32_t *tokens,
                           size_t n, mci_step_facts *facts, mc_error *err);

#endif
