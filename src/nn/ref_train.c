/* The plain backend in training: vectors, bound weights, AdamW. */
#include <assert.h>
#include <math.h>

#include "base/alloc.h"
#include "nn/ref_backend.h"
#include "nn/ref_internal.h"

/* ---- vectors ---- */

static void vector_free(mci_nn_ctx *ctx, mci_nn_vector *vector)
{
    (void)ctx;
    if (!vector)
        return;
    mci_free(vector->values);
    mci_free(vector);
}

static mc_status vector_new(mci_nn_ctx *ctx, size_t n, mci_nn_vector **out, mc_error *err)
{
    mci_nn_vector *vector = mci_alloc_zeroed(1, sizeof *vector);
    if (!vector)
        return mci_nomem(err, sizeof *vector);
    *vector = (mci_nn_vector){ n, mci_alloc_zeroed(n, sizeof(float)) };
    if (!vector->values) {
        vector_free(ctx, vector);
        return mci_nomem(err, n * sizeof(float));
    }
    *out = vector;
    return MC_OK;
}

static void vector_zero(mci_nn_ctx *ctx, mci_nn_vector *vector, size_t at, size_t n)
{
    (void)ctx;
    assert(at + n <= vector->n);
    memset(vector->values + at, 0, n * sizeof(float));
}

static void vector_write(mci_nn_ctx *ctx, mci_nn_vector *vector, size_t at, const float *values,
                         size_t n)
{
    (void)ctx;
    assert(at + n <= vector->n);
    memcpy(vector->values + at, values, n * sizeof(float));
}

static void vector_read(mci_nn_ctx *ctx, const mci_nn_vector *vector, size_t at, float *out,
                        size_t n)
{
    (void)ctx;
    assert(at + n <= vector->n);
    memcpy(out, vector->values + at, n * sizeof(float));
}

static float *vector_host(mci_nn_vector *vector)
{
    return vector->values;
}

static double vector_square(mci_nn_ctx *ctx, const mci_nn_vector *vector, size_t at, size_t n)
{
    double sum = 0.0;
    (void)ctx;
    assert(at + n <= vector->n);
    for (size_t i = at; i < at + n; i++)
        sum += (double)vector->values[i] * (double)vector->values[i];
    return sum;
}

typedef struct {
    double step, root;
} step_factors;

static step_factors factors_of(mci_nn_adamw s)
{
    return (step_factors){ s.lr / (1.0 - pow(s.beta1, (double)s.step)),
                           sqrt(1.0 - pow(s.beta2, (double)s.step)) };
}

static void step_one(float *p, double grad, float *m, float *v, mci_nn_adamw s, step_factors f)
{
    const double g = grad * s.grad_scale;
    const double m_new = s.beta1 * (double)*m + (1.0 - s.beta1) * g;
    const double v_new = s.beta2 * (double)*v + (1.0 - s.beta2) * g * g;
    const double kept = (double)*p * (1.0 - s.lr * s.decay);
    *m = (float)m_new;
    *v = (float)v_new;
    *p = (float)(kept - f.step * m_new / (sqrt(v_new) / f.root + s.eps));
}

static void adamw(mci_nn_ctx *ctx, mci_nn_vector *values, const mci_nn_vector *grads,
                  mci_nn_vector *m, mci_nn_vector *v, mci_nn_place at, size_t n, mci_nn_adamw s)
{
    const step_factors f = factors_of(s);
    (void)ctx;
    assert(at.value + n <= values->n && at.grad + n <= grads->n);
    for (size_t i = 0; i < n; i++)
        step_one(&values->values[at.value + i], (double)grads->values[at.grad + i],
                 &m->values[at.value + i], &v->values[at.value + i], s, f);
}

/* The gradient of one value of a word. */
static float word_gradient(const mci_nn_tensor *dy, const int32_t *ids, int32_t word, size_t k)
{
    float sum = 0.0f;
    for (size_t row = 0; row < dy->R; row++)
        sum += ids[row] == word ? dy->rows[row * dy->K + k] : 0.0f;
    return sum;
}

static double embed_step(mci_nn_ctx *ctx, const mci_nn_tensor *dy, const int32_t *ids,
                         mci_nn_sequences s, const mci_nn_table *words, const mci_nn_table *places,
                         mci_nn_vector *grads, mci_nn_vector *values, mci_nn_vector *m,
                         mci_nn_vector *v, mci_nn_adamw step)
{
    const step_factors f = factors_of(step);
    double square = 0.0;
    (void)ctx;
    mci_ref_places_backward(dy, s, places, grads);
    for (size_t i = 0; i < words->R * words->K; i++) {
        const float g = word_gradient(dy, ids, (int32_t)(i / words->K), i % words->K);
        const size_t at = words->at.value + i;
        step_one(&values->values[at], (double)g, &m->values[at], &v->values[at], step, f);
        square += (double)g * (double)g;
    }
    return square;
}

/* ---- bound weights ---- */

static mc_status weight_bind(mci_nn_precision precision, const mci_nn_vector *values,
                             mci_nn_place at, bool transposed, mci_nn_place at_bias, size_t N,
                             size_t K, mci_nn_weight **out, mc_error *err)
{
    mci_nn_weight *weight = mci_alloc_zeroed(1, sizeof *weight);
    if (!weight)
        return mci_nomem(err, sizeof *weight);
    *weight = (mci_nn_weight){ .precision = precision,
                               .N = N,
                               .K = K,
                               .transposed = transposed,
                               .w = values->values + at.value,
                               .at = at,
                               .at_bias = at_bias };
    if (mci_nn_is_somewhere(at_bias))
        weight->bias = values->values + at_bias.value;
    *out = weight;
    return MC_OK;
}

static mc_status norm_bind(mci_nn_place at_gamma, mci_nn_place at_beta, float eps, size_t K,
                           mci_nn_norm **out, mc_error *err)
{
    MC_TRY(mci_nn_ref.norm_new(NULL, NULL, eps, K, out, err));
    (*out)->at_gamma = at_gamma;
    (*out)->at_beta = at_beta;
    return MC_OK;
}

static mc_status table_bind(mci_nn_place at, size_t R, size_t K, mci_nn_table **out, mc_error *err)
{
    MC_TRY(mci_nn_ref.table_new(NULL, R, K, out, err));
    (*out)->at = at;
    return MC_OK;
}

static void norm_refresh(mci_nn_ctx *ctx, mci_nn_norm *norm, const mci_nn_vector *values)
{
    (void)ctx;
    memcpy(norm->gamma, values->values + norm->at_gamma.value, norm->K * sizeof(float));
    memcpy(norm->beta, values->values + norm->at_beta.value, norm->K * sizeof(float));
}

static void table_refresh(mci_nn_ctx *ctx, mci_nn_table *table, const mci_nn_vector *values)
{
    (void)ctx;
    memcpy(table->rows, values->values + table->at.value, table->R * table->K * sizeof(float));
}

const mci_nn_training mci_ref_training = {
    .vector_new = vector_new,
    .vector_free = vector_free,
    .vector_zero = vector_zero,
    .vector_write = vector_write,
    .vector_read = vector_read,
    .vector_host = vector_host,
    .vector_square = vector_square,
    .adamw = adamw,
    .weight_bind = weight_bind,
    .norm_bind = norm_bind,
    .table_bind = table_bind,
    .norm_refresh = norm_refresh,
    .table_refresh = table_refresh,
    .linear_onto = mci_ref_linear_onto,
    .linear_kept = mci_ref_linear_kept,
    .input_gradient = mci_ref_input_gradient,
    .inner_gradient = mci_ref_inner_gradient,
    .weight_gradient = mci_ref_weight_gradient,
    .layernorm_backward = mci_ref_layernorm_backward,
    .attention_backward = mci_ref_attention_backward,
    .embed_backward = mci_ref_embed_backward,
    .embed_step = embed_step,
    .join_patches_backward = mci_ref_join_patches_backward,
    .pick_backward = mci_ref_pick_backward,
};
