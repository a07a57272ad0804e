/* What training has beside products and attention: norms backward, and rows brought back to where
 * they came from. */
#include <assert.h>
#include <string.h>

#include "nn/cpu_train.h"

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- norm ---- */

/* MCI_NORM_ROWS rows a task, which leaves its dgamma and dbeta behind; then these are added up, in
 * order, some columns a task. */
typedef struct {
    mci_nn_ctx *ctx;
    mci_nn_tensor *dx, *rows, *y;
    const mci_nn_tensor *dy, *x;
    const mci_nn_norm *norm;
    bool add;
    float *sums; /* [n_parts, 2, padded K] */
    size_t n_parts;
    float *dgamma, *dbeta;
} norm_job;

/* A row as f32: where it is, or brought to `room`. */
static const float *row_of(const mci_nn_ctx *ctx, const mci_nn_tensor *x, size_t row, float *room)
{
    if (x->form == MCI_ROWS_F32)
        return mci_row_f32(x, row);
    ctx->amx->train->get_row(x, row, room);
    return room;
}

static void norm_row(const norm_job *job, size_t row, float *room, float *dgamma, float *dbeta)
{
    const size_t n = job->x->n_lines * MCI_LINE;
    float *dx = mci_row_f32(job->dx, row);
    float *y = job->y ? room + n : NULL;
    job->ctx->train->norm_back(job->norm, mci_row_f32(job->x, row),
                               row_of(job->ctx, job->dy, row, room), dx, job->add, y, dgamma,
                               dbeta);
    if (job->y)
        mci_cpu_put_row(job->ctx, job->y, row, y);
    if (job->rows)
        mci_cpu_put_row(job->ctx, job->rows, row, dx);
}

static void norm_rows(void *user, size_t part, unsigned worker)
{
    const norm_job *job = user;
    size_t row = part * MCI_NORM_ROWS, end = smaller(row + MCI_NORM_ROWS, job->x->n_rows);
    size_t n = job->x->n_lines * MCI_LINE;
    float *dgamma = job->sums + part * 2 * n;
    memset(dgamma, 0, 2 * n * sizeof *dgamma);
    for (; row < end; row++)
        norm_row(job, row, (float *)(void *)mci_scratch_of(job->ctx, worker), dgamma, dgamma + n);
}

static void norm_columns(void *user, size_t line, unsigned worker)
{
    const norm_job *job = user;
    size_t n = job->x->n_lines * MCI_LINE, column = line * MCI_LINE;
    float sums[2][MCI_LINE] = { { 0 } };
    (void)worker;
    for (size_t part = 0; part < job->n_parts; part++)
        for (size_t i = 0; i < 2; i++)
            job->ctx->train->add_to(sums[i], job->sums + (part * 2 + i) * n + column, MCI_LINE);
    size_t n_columns = smaller(MCI_LINE, job->norm->K - column);
    job->ctx->train->add_to(job->dgamma + column, sums[0], n_columns);
    job->ctx->train->add_to(job->dbeta + column, sums[1], n_columns);
}

void mci_cpu_layernorm_backward(mci_nn_ctx *ctx, mci_nn_tensor *dx, mci_nn_tensor *rows,
                                mci_nn_tensor *y, const mci_nn_tensor *dy, const mci_nn_tensor *x,
                                const mci_nn_norm *norm, mci_nn_vector *grads, bool add)
{
    norm_job job = { .ctx = ctx,
                     .dx = dx,
                     .rows = rows,
                     .y = y,
                     .dy = dy,
                     .x = x,
                     .norm = norm,
                     .add = add,
                     .n_parts = (x->n_rows + MCI_NORM_ROWS - 1) / MCI_NORM_ROWS,
                     .dgamma = grads->values + norm->at_gamma.grad,
                     .dbeta = grads->values + norm->at_beta.grad };
    assert(x->use == MCI_NN_SUM && dx->use == MCI_NN_SUM && dy->n_rows == x->n_rows);
    assert(x->K == norm->K && dy->K == norm->K && dx->K == norm->K && x->n_rows <= dx->max_rows);
    assert(!add || dx->n_rows == x->n_rows);
    const size_t row_bytes = x->n_lines * MCI_LINE * sizeof(float);
    job.sums = (float *)(void *)mci_cpu_room_of(ctx, MCI_ROOM_SUMS, job.n_parts * 2 * row_bytes);
    if (!job.sums || !mci_cpu_reserve(ctx, 2 * row_bytes))
        return;
    mci_nn_tensor *const written[] = { dx, rows, y };
    for (size_t i = 0; i < 3; i++)
        if (written[i]) {
            assert(written[i]->K == x->K && x->n_rows <= written[i]->max_rows);
            written[i]->n_rows = x->n_rows;
        }
    mci_team_run(ctx->team, job.n_parts, norm_rows, &job);
    mci_team_run(ctx->team, x->n_lines, norm_columns, &job);
}

/* ---- places of images ---- */

typedef struct {
    mci_nn_ctx *ctx;
    mci_nn_tensor *dx;
    const mci_nn_tensor *dy;
    size_t n, T;
    float *first, *places;
} join_job;

/* One place of all images. */
static void join_place(void *user, size_t place, unsigned worker)
{
    const join_job *job = user;
    const size_t K = job->dy->K;
    (void)worker;
    for (size_t i = 0; i < job->n; i++) {
        const float *row = mci_row_f32(job->dy, i * job->T + place);
        job->ctx->train->add_to(job->places + place * K, row, K);
        if (place == 0)
            job->ctx->train->add_to(job->first, row, K);
        else
            mci_cpu_put_row(job->ctx, job->dx, i * (job->T - 1) + place - 1, row);
    }
}

void mci_cpu_join_patches_backward(mci_nn_ctx *ctx, mci_nn_tensor *dx, const mci_nn_tensor *dy,
                                   size_t n, const mci_nn_table *first, const mci_nn_table *places,
                                   mci_nn_vector *grads)
{
    join_job job = { .ctx = ctx,
                     .dx = dx,
                     .dy = dy,
                     .n = n,
                     .T = places->R,
                     .first = grads->values + first->at.grad,
                     .places = grads->values + places->at.grad };
    assert(dx->use == MCI_NN_ROWS && dy->use == MCI_NN_SUM && dx->K == dy->K);
    assert(dy->n_rows == n * job.T && n * (job.T - 1) <= dx->max_rows);
    dx->n_rows = n * (job.T - 1);
    mci_team_run(ctx->team, job.T, join_place, &job);
}

/* ---- picked rows ---- */

static void zero_panel(void *user, size_t panel, unsigned worker)
{
    const mci_nn_tensor *x = user;
    size_t row = panel * MCI_PANEL, n = smaller(MCI_PANEL, x->n_rows - row);
    (void)worker;
    memset(mci_row_f32(x, row), 0, n * x->stride * sizeof(float));
}

void mci_cpu_pick_backward(mci_nn_ctx *ctx, mci_nn_tensor *dx, const mci_nn_tensor *dy,
                           const uint32_t *rows, size_t n, size_t R)
{
    assert(dx->use == MCI_NN_SUM && dy->use == MCI_NN_SUM && dx->K == dy->K);
    assert(dy->n_rows == n && R <= dx->max_rows);
    dx->n_rows = R;
    mci_team_run(ctx->team, (R + MCI_PANEL - 1) / MCI_PANEL, zero_panel, dx);
    for (size_t i = 0; i < n; i++) {
        assert(rows[i] < R);
        ctx->train->add_to(mci_row_f32(dx, rows[i]), mci_row_f32(dy, i), dy->K);
    }
}
