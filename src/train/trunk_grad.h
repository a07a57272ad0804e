/* The blocks of a tower, forward with what the gradient needs kept, and backward. What is kept is
 * either everything, or, with `recompute`, only what goes into each block, from which one block at
 * a time is computed anew (gradient checkpointing: Chen et al., arXiv:1604.06174). */
#ifndef MCI_TRAIN_TRUNK_GRAD_H
#define MCI_TRAIN_TRUNK_GRAD_H

#include "model/trunk.h"
#include "nn/nn_train.h"

/* What one block computes on its way. */
typedef struct {
    mci_nn_tensor *normed_1; /* INPUT [R, C] */
    mci_nn_tensor *qkv;      /* QKV   [R, 3C] */
    mci_nn_tensor *mixed;    /* INPUT [R, C] */
    mci_nn_tensor *middle;   /* SUM   [R, C], after the first half */
    mci_nn_tensor *normed_2; /* INPUT [R, C] */
    mci_nn_tensor *inner;    /* ROWS  [R, M], before the activation */
    mci_nn_tensor *active;   /* INPUT [R, M], after it */
} mci_block_trace;

typedef struct {
    size_t n_traces; /* one, or one a block */
    mci_block_trace *traces;
    mci_nn_tensor **x; /* SUM [R, C]: n_layers + 1; x[i] goes into block i, the last comes out */
    mci_nn_tensor *dx; /* SUM [R, C]: the gradient on its way back */
    mci_nn_tensor *dnormed, *dqkv, *dinner; /* ROWS [R, C], [R, 3C], [R, M] */
    /* Called when the gradients of a block are whole; NULL: nobody waits for them. */
    void (*block_done)(void *user, const mci_trunk *trunk, size_t layer);
    void *user;
} mci_trunk_trace;

/* On failure mci_trunk_trace_release is the caller's to call. */
mc_status mci_trunk_trace_make(mci_trunk_trace *trace, const mci_trunk *trunk,
                               const mci_nn_backend *backend, mci_nn_ctx *ctx, size_t R,
                               bool recompute, mc_error *err);
void mci_trunk_trace_release(mci_trunk_trace *trace, const mci_trunk *trunk,
                             const mci_nn_backend *backend, mci_nn_ctx *ctx);

/* trace->x[0] -> trace->x[n_layers]. */
void mci_trunk_forward(const mci_trunk *trunk, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                       mci_trunk_trace *trace, mci_nn_sequences s);
/* trace->dx, the gradient by x[n_layers], becomes that by x[0]; grads grow. */
void mci_trunk_backward(const mci_trunk *trunk, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                        mci_trunk_trace *trace, mci_nn_sequences s, mci_nn_vector *grads);

/* Takes the blocks' present values from the vector. */
void mci_trunk_refresh(const mci_trunk *trunk, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                       const mci_nn_vector *values);

#endif
