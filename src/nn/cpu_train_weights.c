/* Weights, norms and tables that have their values in a vector. */
#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "nn/cpu_train.h"

/* ---- binding ---- */

mc_status mci_cpu_weight_bind(mci_cpu_level level, mci_nn_precision precision, size_t at,
                              bool transposed, size_t at_bias, size_t N, size_t K,
                              mci_nn_weight **out, mc_error *err)
{
    mci_nn_weight *weight = NULL;
    MC_TRY(mci_cpu_weight_new(level, precision, NULL, transposed, NULL, N, K, &weight, err));
    mc_status status =
        mci_cpu_weight_new(level, precision, NULL, transposed, NULL, K, N, &weight->back, err);
    if (status < 0) {
        mci_cpu_weight_free(weight);
        return status;
    }
    weight->at = at;
    weight->at_bias = at_bias;
    weight->transposed = transposed;
    *out = weight;
    return MC_OK;
}

mc_status mci_cpu_norm_bind(size_t at_gamma, size_t at_beta, float eps, size_t K, mci_nn_norm **out,
                            mc_error *err)
{
    MC_TRY(mci_cpu_norm_new(NULL, NULL, eps, K, out, err));
    (*out)->at_gamma = at_gamma;
    (*out)->at_beta = at_beta;
    return MC_OK;
}

/* Rows without padding are looked up where they are. */
mc_status mci_cpu_table_bind(size_t at, size_t R, size_t K, mci_nn_table **out, mc_error *err)
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
 * strips; of W transposed, columns. For the other direction it is the other way round, and both
 * are made of a block that is read once. A task has 32 rows. */
typedef struct {
    mci_nn_ctx *ctx;
    const float *w;
    size_t n_rows, n_columns;
    mci_nn_weight *along, *across;
    bool rounds;
} refresh_job;

static char *block_of(const mci_nn_weight *weight, size_t strip, size_t line)
{
    size_t block_bytes = weight->form == MCI_TILES_BF16 ? MCI_PAIR_BYTES : MCI_BLOCK * 4;
    return weight->strips + strip * weight->strip_bytes + line * block_bytes;
}

/* Strips of f32 end where K does. */
static void refresh_block_f32(const refresh_job *job, const float *w, size_t n_rows,
                              size_t n_columns, float *along, float *across)
{
    const mci_cpu_kernels *kernels = job->ctx->kernels;
    float block[MCI_BLOCK];
    job->ctx->train->transpose(w, job->n_columns, n_rows, n_columns, block, MCI_LINE);
    if (job->rounds)
        kernels->round(block, MCI_BLOCK);
    memcpy(along, block, n_columns * MCI_LINE * sizeof *along);
    for (size_t r = 0; r < n_rows; r++) {
        float *to = across + r * MCI_LINE;
        memcpy(to, w + r * job->n_columns, n_columns * sizeof *to); /* behind it, 0 from birth */
        if (job->rounds)
            kernels->round(to, MCI_LINE);
    }
}

static void refresh_rows(void *user, size_t task, unsigned worker)
{
    const refresh_job *job = user;
    size_t row = task * MCI_PANEL, rows_left = job->n_rows - row;
    size_t n_rows = rows_left < MCI_PANEL ? rows_left : MCI_PANEL;
    (void)worker;
    for (size_t line = 0; line < mci_lines_of(job->n_columns); line++) {
        size_t left = job->n_columns - line * MCI_LINE, n = left < MCI_LINE ? left : MCI_LINE;
        const float *w = job->w + row * job->n_columns + line * MCI_LINE;
        char *along = block_of(job->along, task, line), *across = block_of(job->across, line, task);
        if (job->along->form == MCI_TILES_BF16)
            job->ctx->amx->train->pack_values(
                w, job->n_columns, n_rows, n,
                &(mci_block_forms){ .along = along, .across = across });
        else
            refresh_block_f32(job, w, n_rows, n, (float *)(void *)along, (float *)(void *)across);
    }
}

void mci_cpu_weight_refresh(mci_nn_ctx *ctx, mci_nn_weight *weight, const mci_nn_vector *values)
{
    bool turned = weight->transposed;
    refresh_job job = { .ctx = ctx,
                        .w = values->values + weight->at,
                        .n_rows = turned ? weight->K : weight->N,
                        .n_columns = turned ? weight->N : weight->K,
                        .along = turned ? weight->back : weight,
                        .across = turned ? weight : weight->back,
                        .rounds = ctx->precision == MCI_NN_BF16 };
    assert(weight->at + weight->N * weight->K <= values->n);
    mci_team_run(ctx->team, mci_lines_of(job.n_rows), refresh_rows, &job);
    if (weight->at_bias != SIZE_MAX)
        memcpy(weight->bias, values->values + weight->at_bias, weight->N * sizeof(float));
}

void mci_cpu_norm_refresh(mci_nn_ctx *ctx, mci_nn_norm *norm, const mci_nn_vector *values)
{
    (void)ctx;
    memcpy(norm->gamma, values->values + norm->at_gamma, norm->K * sizeof(float));
    memcpy(norm->beta, values->values + norm->at_beta, norm->K * sizeof(float));
}

void mci_cpu_table_refresh(mci_nn_ctx *ctx, mci_nn_table *table, const mci_nn_vector *values)
{
    (void)ctx;
    assert(table->at + table->R * table->K <= values->n);
    if (table->lent) {
        table->rows = values->values + table->at;
        return;
    }
    for (size_t r = 0; r < table->R; r++)
        memcpy(table->rows + r * table->stride, values->values + table->at + r * table->K,
               table->K * sizeof(float));
}
