/* Products in training: y = x W^T + b with what is kept of it, and dx = dy W: dy as it lies, strips
 * of W^T are packed as those of W are, when it is wanted. dW is made in cpu_train_dw.c. */
#include <assert.h>
#include <string.h>

#include "nn/cpu_train.h"

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- what is kept ---- */

/* Where there are no tiles, products and activations go one after the other, a panel a task. What
 * is behind the last row is nobody's; padding stays 0: so do all f(0), and all dy. */
typedef struct {
    mci_nn_ctx *ctx;
    mci_nn_tensor *y, *dz; /* y = f(z);  dz = y f'(z) of what y was, if there is one; may be z */
    const mci_nn_tensor *z;
    mci_nn_activation f;
} activate_job;

static void put_activated(const activate_job *job, float *y, const float *z, size_t n)
{
    job->ctx->train->activate(y, z, n, job->f);
    if (job->y->rounded)
        job->ctx->kernels->round(y, n);
}

/* Block by block, for z may go as its slope comes. */
static void put_slope(const activate_job *job, float *y, float *dz, const float *z, size_t n)
{
    float active[MCI_BLOCK];
    for (size_t at = 0; at < n; at += MCI_BLOCK) {
        const size_t n_here = smaller(MCI_BLOCK, n - at);
        put_activated(job, active, z + at, n_here);
        job->ctx->train->slope(dz + at, y + at, z + at, n_here, job->f);
        if (job->dz->rounded)
            job->ctx->kernels->round(dz + at, n_here);
        memcpy(y + at, active, n_here * sizeof *y);
    }
}

static void activate_panel(void *user, size_t panel, unsigned worker)
{
    const activate_job *job = user;
    const size_t n = MCI_PANEL * job->z->stride, at = panel * n;
    const float *z = (const float *)(const void *)job->z->data + at;
    float *y = (float *)(void *)job->y->data + at;
    (void)worker;
    if (job->dz)
        put_slope(job, y, (float *)(void *)job->dz->data + at, z, n);
    else
        put_activated(job, y, z, n);
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
    assert(dy->use == MCI_NN_ROWS && dy->K == weight->N && dx->K == weight->K && weight->values);
    mci_cpu_run_linear(
        (mci_linear_job){ .ctx = ctx, .y = dx, .x = dy, .weight = weight, .turned = true });
}

void mci_cpu_inner_gradient(mci_nn_ctx *ctx, mci_nn_tensor *dz, mci_nn_tensor *x,
                            const mci_nn_tensor *dy, const mci_nn_tensor *z,
                            const mci_nn_weight *weight, mci_nn_activation f)
{
    mci_linear_job job = { .ctx = ctx, .y = x, .x = dy, .weight = weight, .turned = true };
    assert(dy->use == MCI_NN_ROWS && dz->use == MCI_NN_ROWS && z->use == MCI_NN_ROWS);
    assert(dy->K == weight->N && dz->K == weight->K && z->K == weight->K && x->K == weight->K);
    assert(x->use == MCI_NN_INPUT && z->n_rows == dy->n_rows && z->n_rows <= x->max_rows);
    assert(weight->values);
    dz->n_rows = x->n_rows = z->n_rows;
    if (ctx->amx) {
        job.y = dz;
        job.f = f;
        job.z = z;
        job.also = x;
    }
    mci_cpu_run_linear(job);
    if (!ctx->amx)
        run_activation((activate_job){ .ctx = ctx, .y = x, .dz = dz, .z = z, .f = f });
}
