/* The plain backend's own: everything is f32 rows. Sums are taken in double, so that what the
 * others are compared with has next to no rounding of its own. */
#ifndef MCI_NN_REF_INTERNAL_H
#define MCI_NN_REF_INTERNAL_H

#include "nn/nn_train.h"

struct mci_nn_weight {
    mci_nn_precision precision;
    size_t N, K;
    bool transposed;
    const float *w;           /* [N, K], or [K, N] if transposed */
    const float *bias;        /* [N]; NULL: none */
    float *copy;              /* of both; NULL in training, where they are the vector's */
    mci_nn_place at, at_bias; /* in training; at_bias nowhere: no bias */
};

struct mci_nn_norm {
    size_t K;
    float eps;
    float *gamma, *beta;
    mci_nn_place at_gamma, at_beta;
};

struct mci_nn_table {
    size_t R, K;
    float *rows;
    mci_nn_place at;
};

struct mci_nn_vector {
    size_t n;
    float *values;
};

struct mci_nn_tensor {
    mci_nn_use use;
    size_t R, K; /* rows at present; columns */
    size_t max_rows;
    float *rows;     /* [R, K] */
    size_t n_values; /* that there is room for */
};

struct mci_nn_ctx {
    mci_nn_precision precision;
    float *scores; /* of one query, as many as the longest tensor has rows */
    size_t max_rows;
};

/* How a value enters a product: as it is, or rounded to bf16. */
static inline float mci_ref_in(mci_nn_precision precision, float value)
{
    return precision == MCI_NN_BF16 ? mci_f32_of_bf16(mci_bf16_of(value)) : value;
}

extern const mci_nn_training mci_ref_training;

/* W[n, k], as it enters a product. */
static inline double mci_ref_weight_at(const mci_nn_weight *weight, size_t n, size_t k)
{
    const size_t at = weight->transposed ? k * weight->N + n : n * weight->K + k;
    return (double)mci_ref_in(weight->precision, weight->w[at]);
}

static inline double mci_ref_bias_at(const mci_nn_weight *weight, size_t n)
{
    return weight->bias ? (double)weight->bias[n] : 0.0;
}

void mci_ref_set_rows(mci_nn_tensor *y, size_t R);

void mci_ref_patches(mci_nn_ctx *ctx, mci_nn_tensor *y, const float *pixels, size_t n, size_t S,
                     size_t P);
void mci_ref_join_patches(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x, size_t n,
                          const mci_nn_table *first, const mci_nn_table *places);
void mci_ref_embed(mci_nn_ctx *ctx, mci_nn_tensor *y, const int32_t *ids, mci_nn_sequences s,
                   const mci_nn_table *words, const mci_nn_table *places);
void mci_ref_pick(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x, const uint32_t *rows,
                  size_t n);
void mci_ref_layernorm(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x,
                       const mci_nn_norm *norm);
void mci_ref_linear(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x,
                    const mci_nn_weight *weight, mci_nn_activation f, bool add);
void mci_ref_attention(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *qkv,
                       mci_nn_sequences s, size_t heads, bool causal, const uint32_t *only);

void mci_ref_copy(mci_nn_tensor *y, const mci_nn_tensor *x);
void mci_ref_linear_onto(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *base,
                         const mci_nn_tensor *x, const mci_nn_weight *weight);
void mci_ref_linear_kept(mci_nn_ctx *ctx, mci_nn_tensor *y, mci_nn_tensor *z,
                         const mci_nn_tensor *x, const mci_nn_weight *weight, mci_nn_activation f);
void mci_ref_input_gradient(mci_nn_ctx *ctx, mci_nn_tensor *dx, const mci_nn_tensor *dy,
                            const mci_nn_weight *weight);
void mci_ref_inner_gradient(mci_nn_ctx *ctx, mci_nn_tensor *dz, mci_nn_tensor *x,
                            const mci_nn_tensor *dy, const mci_nn_tensor *z,
                            const mci_nn_weight *weight, mci_nn_activation f);
void mci_ref_weight_gradient(mci_nn_ctx *ctx, const mci_nn_tensor *dy, const mci_nn_tensor *x,
                             const mci_nn_weight *weight, mci_nn_vector *grads);
void mci_ref_layernorm_backward(mci_nn_ctx *ctx, mci_nn_tensor *dx, mci_nn_tensor *rows,
                                mci_nn_tensor *y, const mci_nn_tensor *dy, const mci_nn_tensor *x,
                                const mci_nn_norm *norm, mci_nn_vector *grads, bool add);
void mci_ref_attention_backward(mci_nn_ctx *ctx, mci_nn_tensor *dqkv, const mci_nn_tensor *dy,
                                const mci_nn_tensor *qkv, mci_nn_sequences s, size_t heads,
                                bool causal, const uint32_t *only);
void mci_ref_embed_backward(mci_nn_ctx *ctx, const mci_nn_tensor *dy, const int32_t *ids,
                            mci_nn_sequences s, const mci_nn_table *words,
                            const mci_nn_table *places, mci_nn_vector *grads);
void mci_ref_places_backward(const mci_nn_tensor *dy, mci_nn_sequences s,
                             const mci_nn_table *places, mci_nn_vector *grads);
void mci_ref_join_patches_backward(mci_nn_ctx *ctx, mci_nn_tensor *dx, const mci_nn_tensor *dy,
                                   size_t n, const mci_nn_table *first, const mci_nn_table *places,
                                   mci_nn_vector *grads);
void mci_ref_pick_backward(mci_nn_ctx *ctx, mci_nn_tensor *dx, const mci_nn_tensor *dy,
                           const uint32_t *rows, size_t n, size_t R);

#endif
