/* The two towers in training: forward with what the gradient needs, and backward. */
#ifndef MCI_TRAIN_TOWER_GRAD_H
#define MCI_TRAIN_TOWER_GRAD_H

#include "model/text_tower.h"
#include "model/vision_tower.h"
#include "train/trunk_grad.h"

/* What words need for a step of their own, when the gradient has come to them. */
typedef struct {
    mci_nn_vector *values, *m, *v;
    mci_nn_adamw how;
    double square; /* what it gave: of the gradient */
} mci_words_step;

typedef struct {
    mci_trunk_trace trunk;
    mci_nn_tensor *joined;              /* vision only: SUM [n*T, C] */
    const float *pixels;                /* ... and lent by the way forward */
    mci_nn_tensor *normed, *features;   /* of the rows that speak: INPUT, SUM */
    mci_nn_tensor *dfeatures, *dnormed; /* ROWS */
    int32_t *ids;                       /* text only: of the batch, one text after the other */
    uint32_t *starts, *only, *picked;   /* of the sequences */
    mci_nn_sequences s;
    mci_words_step *words_step; /* text only: lent; NULL: words have gradients */
} mci_tower_trace;

/* For `batch` images or full texts; passing as mci_trunk_trace_make has it. On failure
 * mci_tower_trace_release is the caller's to call. */
mc_status mci_vision_trace_make(mci_tower_trace *trace, const mci_vision_tower *tower,
                                const mci_nn_backend *backend, mci_nn_ctx *ctx,
                                mci_passing *passing, size_t batch, bool recompute, mc_error *err);
mc_status mci_text_trace_make(mci_tower_trace *trace, const mci_text_tower *tower,
                              const mci_nn_backend *backend, mci_nn_ctx *ctx, mci_passing *passing,
                              size_t batch, bool recompute, mc_error *err);
void mci_tower_trace_release(mci_tower_trace *trace, const mci_trunk *trunk,
                             const mci_nn_backend *backend, mci_nn_ctx *ctx);

/* trace->features [n, D] of pixels f32 [n, 3, S, S], which are lent until the way back is made, or
 * of tokens int32 [n, T]. */
void mci_vision_forward(const mci_vision_tower *tower, const mci_nn_backend *backend,
                        mci_nn_ctx *ctx, mci_tower_trace *trace, const float *pixels, size_t n);
void mci_text_forward(const mci_text_tower *tower, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                      mci_tower_trace *trace, const int32_t *tokens, size_t n);
/* Of the last forward: dfeatures f32 [n, D] is the gradient by its features; grads grow. */
void mci_vision_backward(const mci_vision_tower *tower, const mci_nn_backend *backend,
                         mci_nn_ctx *ctx, mci_tower_trace *trace, const float *dfeatures, size_t n,
                         mci_nn_vector *grads);
void mci_text_backward(const mci_text_tower *tower, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                       mci_tower_trace *trace, const float *dfeatures, size_t n,
                       mci_nn_vector *grads);

/* Take the present values from the vector. */
void mci_vision_refresh(const mci_vision_tower *tower, const mci_nn_backend *backend,
                        mci_nn_ctx *ctx, const mci_nn_vector *values);
void mci_text_refresh(const mci_text_tower *tower, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                      const mci_nn_vector *values);

#endif
