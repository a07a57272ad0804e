/* What a model brings along: weights in strips, norms and tables with padded rows. */
#include <string.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "nn/cpu_internal.h"

/* n items of a size, or none where that is more than memory can be. */
static void *lines_of(size_t n, size_t item_bytes)
{
    return n > SIZE_MAX / 2 / item_bytes ? NULL : mci_alloc_lines(n * item_bytes);
}

static float *padded(const float *values, size_t n)
{
    float *copy = lines_of(mci_lines_of(n) * MCI_LINE, sizeof *copy);
    if (copy && values)
        memcpy(copy, values, n * sizeof *copy);
    return copy;
}

/* ---- weights ---- */

static void pack_f32(float *strip, const float *w, size_t row_step, size_t column_step,
                     size_t n_columns, size_t K, bool rounds)
{
    for (size_t n = 0; n < n_columns; n++)
        for (size_t k = 0; k < K; k++) {
            float value = w[n * row_step + k * column_step];
            strip[k * MCI_LINE + n] = rounds ? mci_f32_of_bf16(mci_bf16_of(value)) : value;
        }
}

static void pack_strips(mci_nn_weight *weight, const mci_amx *amx, const float *w, bool transposed,
                        bool rounds)
{
    size_t row_step = transposed ? 1 : weight->K, column_step = transposed ? weight->N : 1;
    for (size_t s = 0; s < weight->n_strips; s++) {
        char *strip = weight->strips + s * weight->strip_bytes;
        const float *rows = w + s * MCI_LINE * row_step;
        size_t left = weight->N - s * MCI_LINE, n = left < MCI_LINE ? left : MCI_LINE;
        if (amx)
            amx->pack_strip(strip, rows, row_step, column_step, n, weight->K);
        else
            pack_f32((float *)(void *)strip, rows, row_step, column_step, n, weight->K, rounds);
    }
}

mc_status mci_cpu_weight_new(mci_cpu_level level, mci_nn_precision precision, const float *w,
                             bool transposed, const float *bias, size_t N, size_t K,
                             mci_nn_weight **out, mc_error *err)
{
    const mci_amx *amx =
        level == MCI_CPU_AMX && precision == MCI_NN_BF16 ? mci_amx_if_usable() : NULL;
    mci_nn_weight *weight = mci_alloc_zeroed(1, sizeof *weight);
    if (!weight)
        return mci_nomem(err, sizeof *weight);
    weight->form = amx ? MCI_TILES_BF16 : MCI_ROWS_F32;
    weight->N = N;
    weight->K = K;
    weight->n_strips = mci_lines_of(N);
    weight->n_lines = mci_lines_of(K);
    weight->strip_bytes = amx ? weight->n_lines * MCI_PAIR_BYTES : K * MCI_LINE * sizeof(float);
    weight->bias = padded(bias, N);
    weight->strips = lines_of(weight->n_strips, weight->strip_bytes);
    if (!weight->bias || !weight->strips) {
        mc_status status = mci_nomem(err, weight->n_strips * weight->strip_bytes);
        mci_cpu_weight_free(weight);
        return status;
    }
    pack_strips(weight, amx, w, transposed, precision == MCI_NN_BF16);
    *out = weight;
    return MC_OK;
}

void mci_cpu_weight_free(mci_nn_weight *weight)
{
    if (!weight)
        return;
    mci_free(weight->bias);
    mci_free(weight->strips);
    mci_free(weight);
}

/* ---- norms and tables ---- */

mc_status mci_cpu_norm_new(const float *gamma, const float *beta, float eps, size_t K,
                           mci_nn_norm **out, mc_error *err)
{
    mci_nn_norm *norm = mci_alloc_zeroed(1, sizeof *norm);
    if (!norm)
        return mci_nomem(err, sizeof *norm);
    *norm = (mci_nn_norm){ .K = K, .eps = eps, .gamma = padded(gamma, K), .beta = padded(beta, K) };
    if (!norm->gamma || !norm->beta) {
        mci_cpu_norm_free(norm);
        return mci_nomem(err, K * sizeof(float));
    }
    *out = norm;
    return MC_OK;
}

void mci_cpu_norm_free(mci_nn_norm *norm)
{
    if (!norm)
        return;
    mci_free(norm->gamma);
    mci_free(norm->beta);
    mci_free(norm);
}

mc_status mci_cpu_table_new(const float *rows, size_t R, size_t K, mci_nn_table **out,
                            mc_error *err)
{
    size_t stride = mci_lines_of(K) * MCI_LINE;
    mci_nn_table *table = mci_alloc_zeroed(1, sizeof *table);
    float *copy = stride && R > SIZE_MAX / 2 / sizeof(float) / stride
                      ? NULL
                      : mci_alloc_lines(R * stride * sizeof *copy);
    if (!table || !copy) {
        mci_free(table);
        mci_free(copy);
        return mci_nomem(err, R * stride * sizeof *copy);
    }
    for (size_t r = 0; rows && r < R; r++)
        memcpy(copy + r * stride, rows + r * K, K * sizeof *copy);
    *table = (mci_nn_table){ .R = R, .K = K, .stride = stride, .rows = copy };
    *out = table;
    return MC_OK;
}

void mci_cpu_table_free(mci_nn_table *table)
{
    if (!table)
        return;
    if (!table->lent)
        mci_free(table->rows);
    mci_free(table);
}
