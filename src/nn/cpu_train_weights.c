/* Weights, norms and tables that have their values in a vector. */
#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "nn/cpu_train.h"

/* ---- binding ---- */

mc_status mci_cpu_weight_bind(mci_cpu_level level, mci_nn_precision precision,
                              const mci_nn_vector *values, mci_nn_place at, bool transposed,
                              mci_nn_place at_bias, size_t N, size_t K, mci_nn_weight **out,
                              mc_error *err)
{
    const bool tiles = level == MCI_CPU_AMX && precision == MCI_NN_BF16 && mci_amx_if_usable();
    mci_nn_weight *weight = mci_alloc_zeroed(1, sizeof *weight);
    if (!weight)
        return mci_nomem(err, sizeof *weight);
    assert(at.value <= values->n && N * K <= values->n - at.value);
    *weight = (mci_nn_weight){ .form = tiles ? MCI_TILES_BF16 : MCI_ROWS_F32,
                               .N = N,
                               .K = K,
                               .n_strips = mci_lines_of(N),
                               .n_lines = mci_lines_of(K),
                               .values = values,
                               .at = at,
                               .at_bias = at_bias,
                               .transposed = transposed };
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

/* ---- packing ---- */

/* The matrix as it lies in the vector, n_rows x n_columns, of which a task takes 32 rows: they are
 * columns of the strips, or, `across`, its columns are. */
typedef struct {
    mci_nn_ctx *ctx;
    const float *w;
    size_t n_rows, n_columns;
    bool across;
    mci_nn_weight *to;
} pack_job;

/* Strips of f32 end where K does. */
static void pack_block_f32(const pack_job *job, const float *w, size_t n_rows, size_t n_columns,
                           float *to)
{
    float block[MCI_BLOCK];
    if (!job->across)
        job->ctx->train->transpose(w, job->n_columns, n_rows, n_columns, block, MCI_LINE);
    for (size_t r = 0; job->across && r < n_rows; r++) {
        memcpy(block + r * MCI_LINE, w + r * job->n_columns, n_columns * sizeof *block);
        memset(block + r * MCI_LINE + n_columns, 0, (MCI_LINE - n_columns) * sizeof *block);
    }
    const size_t n = (job->across ? n_rows : n_columns) * MCI_LINE;
    if (job->ctx->precision == MCI_NN_BF16)
        job->ctx->kernels->round(block, n);
    memcpy(to, block, n * sizeof *to);
}

static void pack_rows(void *user, size_t task, unsigned worker)
{
    const pack_job *job = user;
    const mci_nn_weight *to = job->to;
    const bool tiles = to->form == MCI_TILES_BF16;
    size_t row = task * MCI_PANEL, rows_left = job->n_rows - row;
    size_t n_rows = rows_left < MCI_PANEL ? rows_left : MCI_PANEL;
    (void)worker;
    for (size_t line = 0; line < mci_lines_of(job->n_columns); line++) {
        size_t left = job->n_columns - line * MCI_LINE, n = left < MCI_LINE ? left : MCI_LINE;
        const float *w = job->w + row * job->n_columns + line * MCI_LINE;
        size_t strip = job->across ? line : task, block = job->across ? task : line;
        char *at = to->strips + strip * to->strip_bytes +
                   block * (tiles ? MCI_PAIR_BYTES : MCI_BLOCK * sizeof *w);
        const mci_block_forms forms = { .along = job->across ? NULL : at,
                                        .across = job->across ? at : NULL };
        if (tiles)
            job->ctx->amx->train->pack_values(w, job->n_columns, n_rows, n, &forms);
        else
            pack_block_f32(job, w, n_rows, n, (float *)(void *)at);
    }
}

/* Strips, and behind them the bias. */
static bool make_strips(mci_nn_ctx *ctx, mci_nn_weight *to)
{
    const size_t depth = to->form == MCI_TILES_BF16 ? to->n_lines * MCI_PAIR_BYTES
                                                    : to->K * MCI_LINE * sizeof(float);
    const size_t bias_bytes = to->n_strips * MCI_LINE * sizeof(float);
    to->strip_bytes = depth;
    to->strips = mci_cpu_room_of(ctx, MCI_ROOM_STRIPS, to->n_strips * depth + bias_bytes);
    if (!to->strips)
        return false;
    to->bias = (float *)(void *)(to->strips + to->n_strips * depth);
    memset(to->bias, 0, bias_bytes);
    return true;
}

bool mci_cpu_pack_bound(mci_nn_ctx *ctx, const mci_nn_weight *weight, bool turned,
                        mci_nn_weight *packed)
{
    const size_t N = weight->N, K = weight->K;
    const float *values = weight->values->values;
    *packed = (mci_nn_weight){ .form = weight->form, .N = turned ? K : N, .K = turned ? N : K };
    packed->n_strips = mci_lines_of(packed->N);
    packed->n_lines = mci_lines_of(packed->K);
    if (!make_strips(ctx, packed))
        return false;
    pack_job job = { .ctx = ctx,
                     .w = values + weight->at.value,
                     .n_rows = weight->transposed ? K : N,
                     .n_columns = weight->transposed ? N : K,
                     .across = weight->transposed != turned,
                     .to = packed };
    mci_team_run(ctx->team, mci_lines_of(job.n_rows), pack_rows, &job);
    if (!turned && mci_nn_is_somewhere(weight->at_bias))
        memcpy(packed->bias, values + weight->at_bias.value, N * sizeof *values);
    return true;
}

/* ---- refreshing ---- */

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
