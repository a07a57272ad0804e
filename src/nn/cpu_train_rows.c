/* What training has beside products and attention: rows copied, activations, norms backward, and
 * rows brought back to where they came from. */
#include <assert.h>
#include <string.h>

#include "nn/cpu_train.h"

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- copies ---- */

typedef struct {
    mci_nn_tensor *y;
    const mci_nn_tensor *x; /* NULL: 0 */
} copy_job;

static void copy_panel(void *user, size_t panel, unsigned worker)
{
    const copy_job *job = user;
    size_t row = panel * MCI_PANEL, n = smaller(MCI_PANEL, job->y->n_rows - row);
    size_t n_bytes = n * job->y->stride * sizeof(float);
    (void)worker;
    if (job->x)
        memcpy(mci_row_f32(job->y, row), mci_row_f32(job->x, row), n_bytes);
    else
        memset(mci_row_f32(job->y, row), 0, n_bytes);
}

static size_t n_panels_of(const mci_nn_tensor *x)
{
    return (x->n_rows + MCI_PANEL - 1) / MCI_PANEL;
}

void mci_cpu_copy(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x)
{
    copy_job job = { y, x };
    assert(x->use == MCI_NN_SUM && y->use == MCI_NN_SUM && x->K == y->K);
    assert(x->n_rows <= y->max_rows);
    y->n_rows = x->n_rows;
    mci_team_run(ctx->team, n_panels_of(y), copy_panel, &job);
}

void mci_cpu_pick_backward(mci_nn_ctx *ctx, mci_nn_tensor *dx, const mci_nn_tensor *dy,
                           const uint32_t *rows, size_t n, size_t R)
{
    copy_job job = { dx, NULL };
    assert(dx->use == MCI_NN_SUM && dy->use == MCI_NN_SUM && dx->K == dy->K);
    assert(dy->n_rows == n && R <= dx->max_rows);
    dx->n_rows = R;
    mci_team_run(ctx->team, n_panels_of(dx), copy_panel, &job);
    for (size_t i = 0; i < n; i++) {
        assert(rows[i] < R);
        ctx->train->add_to(mci_row_f32(dx, rows[i]), mci_row_f32(dy, i), dy->K);
    }
}

/* ---- activations ---- */

/* Tensors of one form go from end to end, a panel a task; what is behind the last row is nobody's.
 * Padding stays 0: so do all f(0), and all dy. */
typedef struct {
    mci_nn_ctx *ctx;
    mci_nn_tensor *y;
    const mci_nn_tensor *dy, *z;
    mci_nn_activation f;
} activate_job;

static void activate_panel(void *user, size_t panel, unsigned worker)
{
    const activate_job *job = user;
    const mci_nn_tensor *y = job->y;
    const size_t n = MCI_PANEL * y->stride, at = panel * n;
    (void)worker;
    if (y->form == MCI_ROWS_F32) {
        float *to = (float *)(void *)y->data + at;
        const float *z = (const float *)(const void *)job->z->data + at;
        if (job->dy)
            job->ctx->train->slope(to, (const float *)(const void *)job->dy->data + at, z, n,
                                   job->f);
        else
            job->ctx->train->activate(to, z, n, job->f);
        if (y->rounded)
            job->ctx->kernels->round(to, n);
        return;
    }
    size_t panel_bytes = y->n_lines * MCI_PAIR_BYTES, from = panel * panel_bytes;
    if (job->dy)
        job->ctx->amx->train->slope(y->data + from, job->dy->data + from, job->z->data + from,
                                    panel_bytes / 2, job->f);
    else
        job->ctx->amx->train->activate(y->data + from, job->z->data + from, panel_bytes / 2,
                                       job->f);
}

static void run_activation(mci_nn_ctx *ctx, activate_job job)
{
    assert(job.y->K == job.z->K && job.y->form == job.z->form && job.z->n_rows <= job.y->max_rows);
    assert(job.y->form != MCI_ROWS_BF16);
    job.y->n_rows = job.z->n_rows;
    mci_team_run(ctx->team, n_panels_of(job.y), activate_panel, &job);
}

void mci_cpu_activate(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *z,
                      mci_nn_activation f)
{
    run_activation(ctx, (activate_job){ .ctx = ctx, .y = y, .z = z, .f = f });
}

void mci_cpu_activate_backward(mci_nn_ctx *ctx, mci_nn_tensor *dz, const mci_nn_tensor *dy,
                               const mci_nn_tensor *z, mci_nn_activation f)
{
    assert(dy->n_rows == z->n_rows && dy->K == z->K && dy->form == z->form);
    run_activation(ctx, (activate_job){ .ctx = ctx, .y = dz, .dy = dy, .z = z, .f = f });
}

/* ---- norm ---- */

/* MCI_NORM_ROWS rows a task, which leaves its dgamma and dbeta behind; then these are added up, in
 * order, some columns a task. */
typedef struct {
    mci_nn_ctx *ctx;
    mci_nn_tensor *dx;
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

static void norm_rows(void *user, size_t part, unsigned worker)
{
    const norm_job *job = user;
    size_t row = part * MCI_NORM_ROWS, end = smaller(row + MCI_NORM_ROWS, job->x->n_rows);
    size_t n = job->x->n_lines * MCI_LINE;
    float *dgamma = job->sums + part * 2 * n;
    float *room = (float *)(void *)mci_scratch_of(job->ctx, worker);
    memset(dgamma, 0, 2 * n * sizeof *dgamma);
    for (; row < end; row++)
        job->ctx->train->norm_back(job->norm, mci_row_f32(job->x, row),
                                   row_of(job->ctx, job->dy, row, room), mci_row_f32(job->dx, row),
                                   job->add, dgamma, dgamma + n);
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

void mci_cpu_layernorm_backward(mci_nn_ctx *ctx, mci_nn_tensor *dx, const mci_nn_tensor *dy,
                                const mci_nn_tensor *x, const mci_nn_norm *norm,
                                mci_nn_vector *grads, bool add)
{
    norm_job job = { .ctx = ctx,
                     .dx = dx,
                     .dy = dy,
                     .x = x,
                     .norm = norm,
                     .add = add,
                     .n_parts = (x->n_rows + MCI_NORM_ROWS - 1) / MCI_NORM_ROWS,
                     .dgamma = grads->values + norm->at_gamma,
                     .dbeta = grads->values + norm->at_beta };
    assert(x->use == MCI_NN_SUM && dx->use == MCI_NN_SUM && dy->n_rows == x->n_rows);
    assert(x->K == norm->K && dy->K == norm->K && dx->K == norm->K && x->n_rows <= dx->max_rows);
    assert(!add || dx->n_rows == x->n_rows);
    const size_t row_bytes = x->n_lines * MCI_LINE * sizeof(float);
    job.sums =
        (float *)(void *)mci_cpu_room_of(ctx, MCI_ROOM_SUMS, (job.n_parts * 2 + 1) * row_bytes);
    if (!job.sums || !mci_cpu_reserve(ctx, row_bytes))
        return;
    dx->n_rows = x->n_rows;
    mci_team_run(ctx->team, job.n_parts, norm_rows, &job);
    mci_team_run(ctx->team, x->n_lines, norm_columns, &job);
}

/* ---- places, words ---- */

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
            memcpy(mci_row_f32(job->dx, i * (job->T - 1) + place - 1), row,
                   job->dy->n_lines * MCI_LINE * sizeof *row);
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
                     .first = grads->values + first->at,
                     .places = grads->values + places->at };
    assert(dx->use == MCI_NN_SUM && dy->use == MCI_NN_SUM && dx->K == dy->K);
    assert(dy->n_rows == n * job.T && n * (job.T - 1) <= dx->max_rows);
    dx->n_rows = n * (job.T - 1);
    mci_team_run(ctx->team, job.T, join_place, &job);
}

typedef struct {
    mci_nn_ctx *ctx;
    const mci_nn_tensor *dy;
    const int32_t *ids;
    mci_nn_sequences s;
    float *words, *places;
} embed_job;

enum { EMBED_COLUMNS = 64 };

/* Some columns of all rows: a word may stand in many, and each has its turn. */
static void embed_columns(void *user, size_t task, unsigned worker)
{
    const embed_job *job = user;
    const size_t K = job->dy->K, at = task * EMBED_COLUMNS, n = smaller(EMBED_COLUMNS, K - at);
    (void)worker;
    for (size_t i = 0; i < job->s.n; i++)
        for (size_t start = job->s.starts[i], r = start; r < job->s.starts[i + 1]; r++) {
            const float *row = mci_row_f32(job->dy, r) + at;
            job->ctx->train->add_to(job->words + (size_t)job->ids[r] * K + at, row, n);
            job->ctx->train->add_to(job->places + (r - start) * K + at, row, n);
        }
}

void mci_cpu_embed_backward(mci_nn_ctx *ctx, const mci_nn_tensor *dy, const int32_t *ids,
                            mci_nn_sequences s, const mci_nn_table *words,
                            const mci_nn_table *places, mci_nn_vector *grads)
{
    embed_job job = { .ctx = ctx,
                      .dy = dy,
                      .ids = ids,
                      .s = s,
                      .words = grads->values + words->at,
                      .places = grads->values + places->at };
    assert(dy->use == MCI_NN_SUM && words->K == dy->K && places->K == dy->K);
    assert(dy->n_rows == s.starts[s.n]);
    mci_team_run(ctx->team, (dy->K + EMBED_COLUMNS - 1) / EMBED_COLUMNS, embed_columns, &job);
}
