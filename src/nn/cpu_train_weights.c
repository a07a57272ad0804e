/* Weights, norms and tables that have their values in a vector. */
#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "nn/cpu_train.h"

/* ---- binding ---- */

mc_status mci_cpu_weight_bind(mci_cpu_level level, mci_nn_precision precision, mci_nn_place at,
                              bool transposed, mci_nn_place at_bias, size_t N, size_t K,
                              mci_nn_weight **out, mc_error *err)
{
    mci_nn_weight *weight = NULL;
    MC_TRY(mci_cpu_weight_new(level, precision, NULL, transposed, NULL, N, K, &weight, err));
    weight->at = at;
    weight->at_bias = at_bias;
    weight->transposed = transposed;
    *out = weight;
    return MC_OK;
}

mc_status mci_cpu_norm_bind(mci_nn_place at_gamma, mci_nn_place at_beta, float eps, size_t K,
                            mci_nn_norm **out, mc_error *err)
{
    MC_TRY(mci_cpu_norm_new(NULL, NULL, eps, K, out, err));
    (*out)->at_gamma = at_gamma;
    (*out)->at_beta = at_beta;
    return MC_OK;
}

/* Rows without padding are looked up where they are. */
mc_status mci_cpu_table_bind(mci_nn_place at, size_t R, size_t K, mci_nn_table **out, mc_error *err)
{
    if (K % MCI_LINE) {
        MC_TRY(mci_cpu_table_new(NULL, R, K, out, err));
        (*out)->at = at;
        return MC_OK;
    }
    mci_nn_table *table = mci_alloc_zeroed(1, sizeof *table);
    if (!table)
        return mci_nomem(err, sizeof *table);
    *table = (mci_nn_table){ .R = R, .K = K, .stride = K, .at = at, .lent = true };
    *out = table;
    return MC_OK;
}

/* ---- refreshing ---- */

/* The matrix as it lies in the vector, n_rows x n_columns: of W itself, rows are columns of the
 * strips; of W transposed, columns. A task has 32 rows. */
typedef struct {
    mci_nn_ctx *ctx;
    const float *w;
    size_t n_rows, n_columns;
    mci_nn_weight *weight;
} refresh_job;

/* Strips of f32 end where K does. */
static void refresh_block_f32(const refresh_job *job, const float *w, size_t n_rows,
                              size_t n_columns, float *to)
{
    const bool turned = job->weight->transposed;
    float block[MCI_BLOCK];
    if (!turned)
        job->ctx->train->transpose(w, job->n_columns, n_rows, n_columns, block, MCI_LINE);
    for (size_t r = 0; turned && r < n_rows; r++) {
        memcpy(block + r * MCI_LINE, w + r * job->n_columns, n_columns * sizeof *block);
        memset(block + r * MCI_LINE + n_columns, 0, (MCI_LINE - n_columns) * sizeof *block);
    }
    const size_t n = (turned ? n_rows : n_columns) * MCI_LINE;
    if (job->ctx->precision == MCI_NN_BF16)
        job->ctx->kernels->round(block, n);
    memcpy(to, block, n * sizeof *to);
}

static void refresh_rows(void *user, size_t task, unsigned worker)
{
    const refresh_job *job = user;
    const mci_nn_weight *weight = job->weight;
    const bool tiles = weight->form == MCI_TILES_BF16;
    size_t row = task * MCI_PANEL, rows_left = job->n_rows - row;
    size_t n_rows = rows_left < MCI_PANEL ? rows_left : MCI_PANEL;
    (void)worker;
    for (size_t line = 0; line < mci_lines_of(job->n_columns); line++) {
        size_t left = job->n_columns - line * MCI_LINE, n = left < MCI_LINE ? left : MCI_LINE;
        const float *w = job->w + row * job->n_columns + line * MCI_LINE;
        size_t strip = weight->transposed ? line : task, block = weight->transposed ? task : line;
        char *to = weight->strips + strip * weight->strip_bytes +
                   block * (tiles ? MCI_PAIR_BYTES : MCI_BLOCK * sizeof *w);
        const mci_block_forms forms = { .along = weight->transposed ? NULL : to,
                                        .across = weight->transposed ? to : NULL };
        if (tiles)
            job->ctx->amx->train->pack_values(w, job->n_columns, n_rows, n, &forms);
        else
            refresh_block_f32(job, w, n_rows, n, (float *)(void *)to);
    }
}

void mci_cpu_weight_refresh(mci_nn_ctx *ctx, mci_nn_weight *weight, const mci_nn_vector *values)
{
    bool turned = weight->transposed;
    refresh_job job = { .ctx = ctx,
                        .w = values->values + weight->at.value,
                        .n_rows = turned ? weight->K : weight->N,
                        .n_columns = turned ? weight->N : weight->K,
                        .weight = weight };
    assert(weight->at.value + weight->N * weight->K <= values->n);
    mci_team_run(ctx->team, mci_lines_of(job.n_rows), refresh_rows, &job);
    if (mci_nn_is_somewhere(weight->at_bias))
        memcpy(weight->bias, values->values + weight->at_bias.value, weight->N * sizeof(float));
}

void mci_cpu_norm_refresh(mci_nn_ctx *ctx, mci_nn_norm *norm, const mci_nn_vector *values)
{
    (void)ctx;
    memcpy(norm->gamma, values->values + norm->at_gamma.value, norm->K * sizeof(float));
    memcpy(norm->beta, values->values + norm->at_beta.value, norm->K * sizeof(float));
}

void mci_cpu_table_refresh(mci_nn_ctx *ctx, mci_nn_table *table, const mci_nn_vector *values)
{
    (void)ctx;
    assert(table->at.value + table->R * table->K <= values->n);
    if (table->lent) {
        table->rows = values->values + table->at.value;
        return;
    }
    for (size_t r = 0; r < table->R; r++)
        memcpy(table->rows + r * table->stride, values->values + table->at.value + r * table->K,
               table->K * sizeof(float));
}
