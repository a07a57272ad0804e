/* The plain backend: what it owns, and its table. The operations are ref_rows.c's, ref_linear.c's
 * and ref_attention.c's. */
#include <assert.h>

#include "base/alloc.h"
#include "nn/ref_backend.h"
#include "nn/ref_internal.h"

static bool usable(mci_nn_precision precision, const char **how)
{
    *how = precision == MCI_NN_BF16 ? "plain loops, inputs rounded to bf16" : "plain loops, f32";
    return true;
}

/* ---- weights ---- */

static void weight_free(mci_nn_weight *weight)
{
    if (!weight)
        return;
    mci_free(weight->copy);
    mci_free(weight);
}

static mc_status weight_new(mci_nn_precision precision, const float *w, bool transposed,
                            const float *bias, size_t N, size_t K, mci_nn_weight **out,
                            mc_error *err)
{
    mci_nn_weight *weight = mci_alloc_zeroed(1, sizeof *weight);
    float *copy = mci_alloc_zeroed(N * (K + 1), sizeof *copy);
    if (!weight || !copy) {
        mci_free(weight);
        mci_free(copy);
        return mci_nomem(err, N * (K + 1) * sizeof *copy);
    }
    memcpy(copy, w, N * K * sizeof *copy);
    if (bias)
        memcpy(copy + N * K, bias, N * sizeof *copy);
    *weight = (mci_nn_weight){ .precision = precision,
                               .N = N,
                               .K = K,
                               .transposed = transposed,
                               .w = copy,
                               .bias = bias ? copy + N * K : NULL,
                               .copy = copy };
    *out = weight;
    return MC_OK;
}

static void norm_free(mci_nn_norm *norm)
{
    if (!norm)
        return;
    mci_free(norm->gamma);
    mci_free(norm->beta);
    mci_free(norm);
}

static mc_status norm_new(const float *gamma, const float *beta, float eps, size_t K,
                          mci_nn_norm **out, mc_error *err)
{
    mci_nn_norm *norm = mci_alloc_zeroed(1, sizeof *norm);
    if (!norm)
        return mci_nomem(err, sizeof *norm);
    *norm = (mci_nn_norm){ .K = K,
                           .eps = eps,
                           .gamma = mci_alloc_zeroed(K, sizeof(float)),
                           .beta = mci_alloc_zeroed(K, sizeof(float)) };
    if (!norm->gamma || !norm->beta) {
        norm_free(norm);
        return mci_nomem(err, K * sizeof(float));
    }
    if (gamma) {
        memcpy(norm->gamma, gamma, K * sizeof(float));
        memcpy(norm->beta, beta, K * sizeof(float));
    }
    *out = norm;
    return MC_OK;
}

static void table_free(mci_nn_table *table)
{
    if (!table)
        return;
    mci_free(table->rows);
    mci_free(table);
}

static mc_status table_new(const float *rows, size_t R, size_t K, mci_nn_table **out, mc_error *err)
{
    mci_nn_table *table = mci_alloc_zeroed(1, sizeof *table);
    if (!table)
        return mci_nomem(err, sizeof *table);
    *table = (mci_nn_table){ .R = R, .K = K, .rows = mci_alloc_zeroed(R * K, sizeof(float)) };
    if (!table->rows) {
        table_free(table);
        return mci_nomem(err, R * K * sizeof(float));
    }
    if (rows)
        memcpy(table->rows, rows, R * K * sizeof(float));
    *out = table;
    return MC_OK;
}

/* ---- a context and its tensors ---- */

static mc_status ctx_new(mci_nn_precision precision, unsigned n_threads, mci_nn_ctx **out,
                         mc_error *err)
{
    mci_nn_ctx *ctx = mci_alloc_zeroed(1, sizeof *ctx);
    (void)n_threads; /* the caller's alone */
    if (!ctx)
        return mci_nomem(err, sizeof *ctx);
    ctx->precision = precision;
    *out = ctx;
    return MC_OK;
}

static void ctx_free(mci_nn_ctx *ctx)
{
    if (!ctx)
        return;
    mci_free(ctx->scores);
    mci_free(ctx);
}

static void tensor_free(mci_nn_ctx *ctx, mci_nn_tensor *tensor)
{
    (void)ctx;
    if (!tensor)
        return;
    mci_free(tensor->rows);
    mci_free(tensor);
}

static mc_status make_scores(mci_nn_ctx *ctx, size_t R, mc_error *err)
{
    if (R <= ctx->max_rows)
        return MC_OK;
    float *scores = mci_realloc(ctx->scores, R * sizeof *scores);
    if (!scores)
        return mci_nomem(err, R * sizeof *scores);
    ctx->scores = scores;
    ctx->max_rows = R;
    return MC_OK;
}

static mc_status tensor_new(mci_nn_ctx *ctx, mci_nn_use use, size_t R, size_t K,
                            mci_nn_tensor **out, mc_error *err)
{
    MC_TRY(make_scores(ctx, R, err));
    mci_nn_tensor *tensor = mci_alloc_zeroed(1, sizeof *tensor);
    if (!tensor)
        return mci_nomem(err, sizeof *tensor);
    *tensor = (mci_nn_tensor){ use, 0, K, R, mci_alloc(R * K * sizeof(float)), R * K };
    if (!tensor->rows) {
        tensor_free(ctx, tensor);
        return mci_nomem(err, R * K * sizeof(float));
    }
    *out = tensor;
    return MC_OK;
}

static bool tensor_reshape(mci_nn_ctx *ctx, mci_nn_tensor *tensor, size_t R, size_t K)
{
    if (R * K > tensor->n_values || make_scores(ctx, R, NULL) < 0)
        return false;
    tensor->R = 0;
    tensor->K = K;
    tensor->max_rows = R;
    return true;
}

void mci_ref_set_rows(mci_nn_tensor *y, size_t R)
{
    assert(R <= y->max_rows);
    y->R = R;
}

static void read_rows(mci_nn_ctx *ctx, const mci_nn_tensor *x, float *out)
{
    (void)ctx;
    memcpy(out, x->rows, x->R * x->K * sizeof *out);
}

static void write_rows(mci_nn_ctx *ctx, mci_nn_tensor *x, const float *rows, size_t R)
{
    (void)ctx;
    mci_ref_set_rows(x, R);
    memcpy(x->rows, rows, R * x->K * sizeof *rows);
}

static mc_status finish(mci_nn_ctx *ctx, mc_error *err)
{
    (void)ctx;
    (void)err;
    return MC_OK; /* nothing here can fail, nor is anything still going on */
}

const mci_nn_backend mci_nn_ref = {
    .name = "ref",
    .usable = usable,
    .weight_new = weight_new,
    .weight_free = weight_free,
    .norm_new = norm_new,
    .norm_free = norm_free,
    .table_new = table_new,
    .table_free = table_free,
    .ctx_new = ctx_new,
    .ctx_free = ctx_free,
    .tensor_new = tensor_new,
    .tensor_free = tensor_free,
    .tensor_reshape = tensor_reshape,
    .patches = mci_ref_patches,
    .join_patches = mci_ref_join_patches,
    .embed = mci_ref_embed,
    .layernorm = mci_ref_layernorm,
    .linear = mci_ref_linear,
    .attention = mci_ref_attention,
    .pick = mci_ref_pick,
    .read = read_rows,
    .write = write_rows,
    .finish = finish,
    .training = &mci_ref_training,
};
