/* Products in training: y = x W^T + b with what is kept of it, and dx = dy W: dy as it lies, strips
 * of W^T are made of the blocks of those of W. dW is made in cpu_train_dw.c. */
#include <assert.h>
#include <string.h>

#include "nn/cpu_train.h"

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- W^T ---- */

typedef struct {
    mci_nn_ctx *ctx;
    const mci_nn_weight *from;
    mci_nn_weight *to;
} turn_job;

/* Strips of f32 have as many rows as K, and so may the last block. */
static void turn_block_f32(const turn_job *job, const float *from, float *to, size_t n_rows,
                           size_t n_columns)
{
    float block[MCI_BLOCK];
    job->ctx->train->transpose(from, MCI_LINE, n_rows, n_columns, block, MCI_LINE);
    memcpy(to, block, n_columns * MCI_LINE * sizeof *to);
}

/* One strip of W^T: 32 of its columns are 32 rows of each of W's strips. */
static void turn_strip(void *user, size_t strip, unsigned worker)
{
    const turn_job *job = user;
    const mci_nn_weight *from = job->from, *to = job->to;
    const bool tiles = from->form == MCI_TILES_BF16;
    const size_t block_bytes = tiles ? MCI_PAIR_BYTES : MCI_BLOCK * sizeof(float);
    (void)worker;
    for (size_t s = 0; s < from->n_strips; s++) {
        const char *block = from->strips + s * from->strip_bytes + strip * block_bytes;
        char *turned = to->strips + strip * to->strip_bytes + s * block_bytes;
        if (tiles)
            job->ctx->amx->train->turn_strip_block(block, turned);
        else
            turn_block_f32(job, (const float *)(const void *)block, (float *)(void *)turned,
                           smaller(MCI_PANEL, from->K - strip * MCI_PANEL),
                           smaller(MCI_LINE, from->N - s * MCI_LINE));
    }
}

/* The memory is the context's, until the next is made. It costs less than to keep W^T: a weight is
 * turned once for all rows of a batch. */
static bool turn_weight(mci_nn_ctx *ctx, const mci_nn_weight *weight, mci_nn_weight *turned)
{
    *turned = (mci_nn_weight){ .form = weight->form,
                               .N = weight->K,
                               .K = weight->N,
                               .n_strips = weight->n_lines,
                               .n_lines = weight->n_strips };
    turned->strip_bytes = weight->form == MCI_TILES_BF16 ? weight->n_strips * MCI_PAIR_BYTES
                                                         : weight->N * MCI_LINE * sizeof(float);
    turned->strips = mci_cpu_room_of(ctx, MCI_ROOM_STRIPS, turned->n_strips * turned->strip_bytes);
    turned->bias = (float *)(void *)mci_cpu_room_of(ctx, MCI_ROOM_ZEROS,
                                                    turned->n_strips * MCI_LINE * sizeof(float));
    if (!turned->strips || !turned->bias)
        return false;
    turn_job job = { ctx, weight, turned };
    mci_team_run(ctx->team, turned->n_strips, turn_strip, &job);
    return true;
}

/* ---- what is kept ---- */

/* Where there are no tiles, products and activations go one after the other, a panel a task. What
 * is behind the last row is nobody's; padding stays 0: so do all f(0), and all dy. */
typedef struct {
    mci_nn_ctx *ctx;
    mci_nn_tensor *y, *dz; /* y = f(z);  dz *= f'(z), if there is one */
    const mci_nn_tensor *z;
    mci_nn_activation f;
} activate_job;

static void activate_panel(void *user, size_t panel, unsigned worker)
{
    const activate_job *job = user;
    const size_t n = MCI_PANEL * job->z->stride, at = panel * n;
    const float *z = (const float *)(const void *)job->z->data + at;
    float *y = (float *)(void *)job->y->data + at;
    (void)worker;
    job->ctx->train->activate(y, z, n, job->f);
    if (job->y->rounded)
        job->ctx->kernels->round(y, n);
    if (!job->dz)
        return;
    float *dz = (float *)(void *)job->dz->data + at;
    job->ctx->train->slope(dz, dz, z, n, job->f);
    if (job->dz->rounded)
        job->ctx->kernels->round(dz, n);
}

static void run_activation(activate_job job)
{
    const size_t n_panels = (job.z->n_rows + MCI_PANEL - 1) / MCI_PANEL;
    assert(job.y->K == job.z->K && job.z->n_rows <= job.y->max_rows);
    job.y->n_rows = job.z->n_rows;
    mci_team_run(job.ctx->team, n_panels, activate_panel, &job);
}

void mci_cpu_linear_onto(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *base,
                         const mci_nn_tensor *x, const mci_nn_weight *weight)
{
    assert(x->use == MCI_NN_INPUT && base->use == MCI_NN_SUM && base->K == y->K);
    mci_cpu_run_linear(
        (mci_linear_job){ .ctx = ctx, .y = y, .x = x, .weight = weight, .base = base });
}

void mci_cpu_linear_kept(mci_nn_ctx *ctx, mci_nn_tensor *y, mci_nn_tensor *z,
                         const mci_nn_tensor *x, const mci_nn_weight *weight, mci_nn_activation f)
{
    assert(x->use == MCI_NN_INPUT && y->use == MCI_NN_INPUT && z->use == MCI_NN_ROWS);
    assert(y->K == z->K && x->n_rows <= z->max_rows);
    if (ctx->amx) {
        z->n_rows = x->n_rows;
        mci_cpu_run_linear(
            (mci_linear_job){ .ctx = ctx, .y = y, .x = x, .weight = weight, .f = f, .also = z });
        return;
    }
    mci_cpu_run_linear((mci_linear_job){ .ctx = ctx, .y = z, .x = x, .weight = weight });
    run_activation((activate_job){ .ctx = ctx, .y = y, .z = z, .f = f });
}

/* ---- dx ---- */

void mci_cpu_input_gradient(mci_nn_ctx *ctx, mci_nn_tensor *dx, const mci_nn_tensor *dy,
                            const mci_nn_weight *weight)
{
    mci_nn_weight turned;
    assert(dy->use == MCI_NN_ROWS && dy->K == weight->N && dx->K == weight->K);
    if (turn_weight(ctx, weight, &turned))
        mci_cpu_run_linear((mci_linear_job){ .ctx = ctx, .y = dx, .x = dy, .weight = &turned });
}

void mci_cpu_inner_gradient(mci_nn_ctx *ctx, mci_nn_tensor *dz, mci_nn_tensor *x,
                            const mci_nn_tensor *dy, const mci_nn_tensor *z,
                            const mci_nn_weight *weight, mci_nn_activation f)
{
    mci_nn_weight turned;
    assert(dy->use == MCI_NN_ROWS && dz->use == MCI_NN_ROWS && z->use == MCI_NN_ROWS);
    assert(dy->K == weight->N && dz->K == weight->K && z->K == weight->K && x->K == weight->K);
    assert(x->use == MCI_NN_INPUT && z->n_rows == dy->n_rows && z->n_rows <= x->max_rows);
    if (!turn_weight(ctx, weight, &turned))
        return;
    mci_linear_job job = { .ctx = ctx, .y = dz, .x = dy, .weight = &turned };
    if (ctx->amx) {
        job.f = f;
        job.z = z;
        job.also = x;
        x->n_rows = z->n_rows;
        mci_cpu_run_linear(job);
        return;
    }
    mci_cpu_run_linear(job);
    run_activation((activate_job){ .ctx = ctx, .y = x, .dz = dz, .z = z, .f = f });
}
