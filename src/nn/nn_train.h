/* What training needs beside nn.h: gradients of every operation, and the vectors that parameters,
 * gradients and the optimizer's state live in. A backend that can train has a table of these.
 *
 * Parameters are one flat f32 vector, the master copy; weights, norms and tables of a model in
 * training are bound to places in it. A weight has nothing of its own: its values are read there
 * whenever it is used. Norms and tables are refreshed after each step. Gradients are a vector
 * too, in which a parameter has a place of its own; they are added to what is there, so that
 * micro-batches accumulate. As nn.h's, operations here give no status.
 *
 * dx names the gradient of the loss by x. Gradients of SUM tensors are SUM tensors (f32); those of
 * what linear() gave, and of its input, are ROWS tensors. What a gradient needs of the way forward
 * is kept where it costs a product to compute it anew, and else computed anew in passing. */
#ifndef MCI_NN_NN_TRAIN_H
#define MCI_NN_NN_TRAIN_H

#include "nn/nn.h"

typedef struct mci_nn_vector mci_nn_vector;

/* Where a parameter begins in the vector of values, and in that of gradients. */
typedef struct {
    size_t value, grad;
} mci_nn_place;

static inline mci_nn_place mci_nn_same_place(size_t at)
{
    return (mci_nn_place){ at, at };
}

static inline mci_nn_place mci_nn_nowhere(void)
{
    return mci_nn_same_place(SIZE_MAX);
}

static inline bool mci_nn_is_somewhere(mci_nn_place place)
{
    return place.value != SIZE_MAX;
}

/* The numbers of one step of AdamW.
 * Source: Loshchilov & Hutter, arXiv:1711.05101, with Adam's bias corrections as PyTorch has them:
 *     p *= 1 - lr decay;  m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2
 *     p -= lr/(1-b1^t) m / (sqrt(v)/sqrt(1-b2^t) + eps) */
typedef struct {
    double lr, beta1, beta2, eps, decay;
    uint64_t step;     /* t, from 1 */
    double grad_scale; /* gradients are multiplied by this first: clipping */
} mci_nn_adamw;

typedef struct mci_nn_training {
    /* ---- vectors ---- */
    mc_status (*vector_new)(mci_nn_ctx *ctx, size_t n, mci_nn_vector **out, mc_error *err); /* 0s */
    void (*vector_free)(mci_nn_ctx *ctx, mci_nn_vector *vector);
    void (*vector_zero)(mci_nn_ctx *ctx, mci_nn_vector *vector, size_t at, size_t n);
    void (*vector_write)(mci_nn_ctx *ctx, mci_nn_vector *vector, size_t at, const float *values,
                         size_t n);
    void (*vector_read)(mci_nn_ctx *ctx, const mci_nn_vector *vector, size_t at, float *out,
                        size_t n);
    /* The values where they lie, for other processes' sums; NULL if the host cannot reach them.
     * What changes them must be finished. */
    float *(*vector_host)(mci_nn_vector *vector);
    /* The sum of n squares; the same bits for any number of threads. */
    double (*vector_square)(mci_nn_ctx *ctx, const mci_nn_vector *vector, size_t at, size_t n);
    /* One step over n parameters, which have their m and v where they have their values. */
    void (*adamw)(mci_nn_ctx *ctx, mci_nn_vector *values, const mci_nn_vector *grads,
                  mci_nn_vector *m, mci_nn_vector *v, mci_nn_place at, size_t n, mci_nn_adamw step);

    /* ---- bound weights: as nn.h's, but their values are places in a vector ---- */

    /* at_bias nowhere: none. The vector is lent for the weight's life. */
    mc_status (*weight_bind)(mci_nn_precision precision, const mci_nn_vector *values,
                             mci_nn_place at, bool transposed, mci_nn_place at_bias, size_t N,
                             size_t K, mci_nn_weight **out, mc_error *err);
    /* refresh() must be called before use and after each change. */
    mc_status (*norm_bind)(mci_nn_place at_gamma, mci_nn_place at_beta, float eps, size_t K,
                           mci_nn_norm **out, mc_error *err);
    mc_status (*table_bind)(mci_nn_place at, size_t R, size_t K, mci_nn_table **out, mc_error *err);
    void (*norm_refresh)(mci_nn_ctx *ctx, mci_nn_norm *norm, const mci_nn_vector *values);
    void (*table_refresh)(mci_nn_ctx *ctx, mci_nn_table *table, const mci_nn_vector *values);

    /* ---- forward, where training wants what inference fuses ---- */

    /* y = base + x W^T + b, where both are wanted later.   base, y: SUM */
    void (*linear_onto)(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *base,
                        const mci_nn_tensor *x, const mci_nn_weight *weight);
    /* z = x W^T + b;  y = f(z).   z: ROWS;  y: INPUT */
    void (*linear_kept)(mci_nn_ctx *ctx, mci_nn_tensor *y, mci_nn_tensor *z, const mci_nn_tensor *x,
                        const mci_nn_weight *weight, mci_nn_activation f);

    /* ---- backward ---- */

    /* Of y = x W^T + b:  dx = dy W.   dy: ROWS */
    void (*input_gradient)(mci_nn_ctx *ctx, mci_nn_tensor *dx, const mci_nn_tensor *dy,
                           const mci_nn_weight *weight);
    /* Of y = f(z) W^T + b:  dz = (dy W) f'(z);  x = f(z), anew.   dz, dy, z: ROWS;  x: INPUT; dz
     * may be z */
    void (*inner_gradient)(mci_nn_ctx *ctx, mci_nn_tensor *dz, mci_nn_tensor *x,
                           const mci_nn_tensor *dy, const mci_nn_tensor *z,
                           const mci_nn_weight *weight, mci_nn_activation f);
    /* Of y = x W^T + b:  dW += dy^T x;  db += the sum of dy's rows.   dy: ROWS */
    void (*weight_gradient)(mci_nn_ctx *ctx, const mci_nn_tensor *dy, const mci_nn_tensor *x,
                            const mci_nn_weight *weight, mci_nn_vector *grads);
    /* Of y = layernorm(x): dx is the gradient by x, or with `add` has it added, and dgamma and
     * dbeta grow. If they are not NULL, rows = dx for products to read, and y is computed anew. dx,
     * x: SUM;  dy: ROWS or SUM, may be dx;  rows: ROWS;  y: INPUT */
    void (*layernorm_backward)(mci_nn_ctx *ctx, mci_nn_tensor *dx, mci_nn_tensor *rows,
                               mci_nn_tensor *y, const mci_nn_tensor *dy, const mci_nn_tensor *x,
                               const mci_nn_norm *norm, mci_nn_vector *grads, bool add);
    /* With `only`, as attention(): dy has one row a sequence. */
    void (*attention_backward)(mci_nn_ctx *ctx, mci_nn_tensor *dqkv, const mci_nn_tensor *dy,
                               const mci_nn_tensor *qkv, mci_nn_sequences s, size_t heads,
                               bool causal, const uint32_t *only);
    void (*embed_backward)(mci_nn_ctx *ctx, const mci_nn_tensor *dy, const int32_t *ids,
                           mci_nn_sequences s, const mci_nn_table *words,
                           const mci_nn_table *places, mci_nn_vector *grads);
    /* The same for places; but the words make a step at once (those that are not there, with a
     * gradient of 0), so that no vector has their gradients: their place for them is nowhere. Gives
     * the sum of these gradients' squares. */
    double (*embed_step)(mci_nn_ctx *ctx, const mci_nn_tensor *dy, const int32_t *ids,
                         mci_nn_sequences s, const mci_nn_table *words, const mci_nn_table *places,
                         mci_nn_vector *grads, mci_nn_vector *values, mci_nn_vector *m,
                         mci_nn_vector *v, mci_nn_adamw step);
    /* dx: ROWS [n*(T-1), K] */
    void (*join_patches_backward)(mci_nn_ctx *ctx, mci_nn_tensor *dx, const mci_nn_tensor *dy,
                                  size_t n, const mci_nn_table *first, const mci_nn_table *places,
                                  mci_nn_vector *grads);
    /* dx, of R rows, is 0 but for the rows that were picked. */
    void (*pick_backward)(mci_nn_ctx *ctx, mci_nn_tensor *dx, const mci_nn_tensor *dy,
                          const uint32_t *rows, size_t n, size_t R);
} mci_nn_training;

#endif
