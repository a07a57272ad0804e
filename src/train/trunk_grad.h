/* The blocks of a tower, forward with what the gradient needs kept, and backward. What is kept is
 * either what cost attention or a large product, or, with `recompute`, only what goes into each
 * block, from which one block at a time is computed anew (gradient checkpointing: Chen et al.,
 * arXiv:1604.06174).
 *
 * Of the last block only one row of each sequence is wanted, and computed. */
#ifndef MCI_TRAIN_TRUNK_GRAD_H
#define MCI_TRAIN_TRUNK_GRAD_H

#include "model/trunk.h"
#include "nn/nn_train.h"

/* What one block computes on its way, and keeps. R rows; in the last block all but qkv have one a
 * sequence. */
typedef struct {
    mci_nn_tensor *qkv;   /* QKV   [R, 3C] */
    mci_nn_tensor *mixed; /* INPUT [R, C] */
    mci_nn_tensor *inner; /* ROWS  [R, M], before the activation; then, its gradient */
} mci_block_trace;

/* What passes by: the same memory for all blocks, and for both towers, which take turns. */
typedef struct {
    mci_block_trace block;          /* with `recompute` */
    mci_nn_tensor *normed, *active; /* INPUT [R, C], [R, M]: between two products */
    mci_nn_tensor *middle;          /* SUM [R, C]: after the first half of a block */
    mci_nn_tensor *dx, *dx_rows;    /* SUM, ROWS [R, C]: by what goes into a block */
    mci_nn_tensor *dnormed, *dqkv;  /* ROWS [R, C], [R, 3C] */
} mci_passing;

typedef struct {
    size_t R;                  /* rows of all sequences, at most */
    mci_block_trace *traces;   /* of each block; NULL: they pass */
    mci_nn_tensor **x;         /* SUM [R, C]: what goes into each block */
    mci_passing *passing;      /* lent */
    mci_nn_tensor *picked;     /* SUM [batch, C]: of what goes into the last block */
    mci_nn_tensor *last;       /* SUM [batch, C]: what comes out of it */
    mci_nn_tensor *dlast;      /* SUM [batch, C]: the gradient by `last`, and ... */
    mci_nn_tensor *dlast_rows; /* ROWS: ... the same, as products read it */
    /* Called when the gradients of a block are whole; NULL: nobody waits for them. */
    void (*block_done)(void *user, const mci_trunk *trunk, size_t layer);
    void *user;
} mci_trunk_trace;

/* The sequences of a batch, and the row of each that is wanted: counted from its start, and from
 * the first's. */
typedef struct {
    mci_nn_sequences s;
    const uint32_t *only, *rows;
} mci_wanted;

/* Makes one of them, or what is there large enough for another shape too. */
mc_status mci_passing_fit(mci_nn_tensor **tensor, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                          mci_nn_use use, size_t R, size_t K, mc_error *err);
void mci_passing_release(mci_passing *passing, const mci_nn_backend *backend, mci_nn_ctx *ctx);

/* Room for a batch of sequences with R rows together. What passes is made, or becomes large enough;
 * it outlives the trace. On failure mci_trunk_trace_release is the caller's to call. */
mc_status mci_trunk_trace_make(mci_trunk_trace *trace, const mci_trunk *trunk,
                               const mci_nn_backend *backend, mci_nn_ctx *ctx, mci_passing *passing,
                               size_t batch, size_t R, bool recompute, mc_error *err);
void mci_trunk_trace_release(mci_trunk_trace *trace, const mci_trunk *trunk,
                             const mci_nn_backend *backend, mci_nn_ctx *ctx);

/* What passes is this tower's from here on: before its way forward, and before its way back. */
void mci_trunk_enter(const mci_trunk *trunk, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                     mci_trunk_trace *trace);
/* trace->x[0] -> trace->last. */
void mci_trunk_forward(const mci_trunk *trunk, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                       mci_trunk_trace *trace, mci_wanted wanted);
/* From trace->dlast and dlast_rows to passing->dx, the gradient by x[0]; grads grow. */
void mci_trunk_backward(const mci_trunk *trunk, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                        mci_trunk_trace *trace, mci_wanted wanted, mci_nn_vector *grads);

/* Takes the blocks' present values from the vector. */
void mci_trunk_refresh(const mci_trunk *trunk, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                       const mci_nn_vector *values);

#endif
