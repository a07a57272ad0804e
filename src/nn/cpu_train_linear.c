/* Products in training: y = x W^T + b with what is kept of it, and its gradients, which are
 * products again:
 *
 *   dx  = dy W       dy as it lies; strips of W^T are packed as those of W are, when it is wanted
 *   dW += dy^T x     dy turned into panels, x in strips, MCI_DEPTH rows at a time; where the
 *                    vector has W as [K, N], x is what is turned: dW^T += x^T dy
 *   db += the sums of dy's columns, while they are packed
 *
 * linear() cuts the products among the workers, but never what is summed over. */
#include <assert.h>
#include <string.h>

#include "nn/cpu_train.h"

/* ---- the forms ---- */

typedef struct {
    mci_nn_ctx *ctx;
    const mci_nn_tensor *from; /* its rows from `row` on, n of them */
    size_t row, n;
    mci_nn_tensor *turned; /* rows are from's columns; or */
    mci_nn_weight *strips; /* columns are from's columns */
    float *sums;           /* of each column, to be added to; NULL: not wanted */
} pack_job;

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void pack_block_f32(const pack_job *job, size_t at, size_t n_rows, size_t line, float *sums)
{
    const float *from = mci_row_f32(job->from, job->row + at) + line * MCI_LINE;
    const size_t stride = job->from->stride;
    for (size_t r = 0; sums && r < n_rows; r++)
        job->ctx->train->add_to(sums, from + r * stride, MCI_LINE);
    if (job->turned) {
        float *to = mci_row_f32(job->turned, line * MCI_LINE) + at;
        job->ctx->train->transpose(from, stride, n_rows, MCI_LINE, to, job->turned->stride);
        return;
    }
    float *to =
        (float *)(void *)(job->strips->strips + line * job->strips->strip_bytes) + at * MCI_LINE;
    for (size_t r = 0; r < n_rows; r++)
        memcpy(to + r * MCI_LINE, from + r * stride, MCI_LINE * sizeof *to);
}

static void pack_block_amx(const pack_job *job, size_t at, size_t n_rows, size_t line, float *sums)
{
    mci_block_forms forms = { .sums = sums };
    if (job->turned)
        forms.turned =
            job->turned->data + (line * job->turned->n_lines + at / MCI_PANEL) * MCI_PAIR_BYTES;
    else
        forms.across =
            job->strips->strips + line * job->strips->strip_bytes + at / MCI_PANEL * MCI_PAIR_BYTES;
    job->ctx->amx->train->pack_tensor(job->from, job->row + at, n_rows, line, &forms);
}

/* All rows of 32 columns. */
static void pack_line(void *user, size_t line, unsigned worker)
{
    const pack_job *job = user;
    float sums[MCI_LINE] = { 0 }, *wanted = job->sums ? sums : NULL;
    (void)worker;
    for (size_t at = 0; at < job->n; at += MCI_PANEL) {
        size_t n_rows = smaller(MCI_PANEL, job->n - at);
        if (job->ctx->amx)
            pack_block_amx(job, at, n_rows, line, wanted);
        else
            pack_block_f32(job, at, n_rows, line, wanted);
    }
    if (job->sums)
        job->ctx->train->add_to(job->sums + line * MCI_LINE, sums,
                                smaller(MCI_LINE, job->from->K - line * MCI_LINE));
}

/* The forms' memory is the context's, until the next ones are made. */
static bool make_turned(const pack_job *job, mci_nn_tensor *turned)
{
    size_t n_lines = mci_lines_of(job->n), n_rows = job->from->n_lines * MCI_LINE;
    bool tiles = job->ctx->amx != NULL;
    size_t stride = n_lines * MCI_LINE + (tiles ? 0 : 16);
    *turned = (mci_nn_tensor){ .use = MCI_NN_INPUT,
                               .form = tiles ? MCI_TILES_BF16 : MCI_ROWS_F32,
                               .n_rows = job->from->K,
                               .max_rows = n_rows,
                               .K = job->n,
                               .n_lines = n_lines,
                               .stride = stride };
    turned->data =
        mci_cpu_room_of(job->ctx, MCI_ROOM_TURNED, n_rows * stride * (tiles ? 2 : sizeof(float)));
    return turned->data != NULL;
}

static bool make_strips(const pack_job *job, mci_nn_weight *strips)
{
    bool tiles = job->ctx->amx != NULL;
    size_t n_strips = job->from->n_lines, n_lines = mci_lines_of(job->n);
    *strips = (mci_nn_weight){ .form = tiles ? MCI_TILES_BF16 : MCI_ROWS_F32,
                               .N = job->from->K,
                               .K = job->n,
                               .n_strips = n_strips,
                               .n_lines = n_lines };
    strips->strip_bytes = tiles ? n_lines * MCI_PAIR_BYTES : job->n * MCI_LINE * sizeof(float);
    strips->strips = mci_cpu_room_of(job->ctx, MCI_ROOM_STRIPS, n_strips * strips->strip_bytes);
    strips->bias = (float *)(void *)mci_cpu_room_of(job->ctx, MCI_ROOM_ZEROS,
                                                    n_strips * MCI_LINE * sizeof(float));
    return strips->strips && strips->bias;
}

/* ---- dW, db ---- */

typedef struct {
    mci_nn_ctx *ctx;
    const mci_nn_tensor *from; /* SUM */
    float *to;
    size_t n;
} add_job;

static void add_row(void *user, size_t row, unsigned worker)
{
    const add_job *job = user;
    (void)worker;
    job->ctx->train->add_to(job->to + row * job->n, mci_row_f32(job->from, row), job->n);
}

/* to [a's columns, b's columns] += a^T b. Where rows of `to` are whole lines, the product adds to
 * them where they are; else by way of rows that are padded. */
static void add_product(mci_nn_ctx *ctx, const mci_nn_tensor *turned, const mci_nn_weight *strips,
                        float *to)
{
    const bool in_place = strips->N % MCI_LINE == 0;
    const size_t stride = strips->n_strips * MCI_LINE;
    mci_nn_tensor y = { .use = MCI_NN_SUM,
                        .form = MCI_ROWS_F32,
                        .n_rows = turned->n_rows,
                        .max_rows = turned->n_rows,
                        .K = strips->N,
                        .n_lines = strips->n_strips,
                        .stride = stride,
                        .data = (char *)to };
    if (!in_place)
        y.data = mci_cpu_room_of(ctx, MCI_ROOM_SUMS, y.n_rows * stride * sizeof(float));
    if (!y.data)
        return;
    mci_cpu_linear(ctx, &y, turned, strips, MCI_NN_LINEAR, in_place);
    add_job job = { ctx, &y, to, strips->N };
    if (!in_place)
        mci_team_run(ctx->team, y.n_rows, add_row, &job);
}

/* By the shape alone: sums are the same for any number of threads. */
static size_t depth_of(const mci_nn_weight *weight, size_t n_rows)
{
    size_t most = weight->N * weight->K <= MCI_SMALL_DW ? MCI_SMALL_DEPTH : MCI_DEPTH;
    size_t n_parts = (n_rows + most - 1) / most;
    return n_parts ? (n_rows / n_parts / MCI_PANEL + 1) * MCI_PANEL : MCI_PANEL;
}

void mci_cpu_weight_gradient(mci_nn_ctx *ctx, const mci_nn_tensor *dy, const mci_nn_tensor *x,
                             const mci_nn_weight *weight, mci_nn_vector *grads)
{
    assert(dy->use == MCI_NN_ROWS && x->use == MCI_NN_INPUT && x->n_rows == dy->n_rows);
    assert(dy->K == weight->N && x->K == weight->K);
    float *db = mci_nn_is_somewhere(weight->at_bias) ? grads->values + weight->at_bias.grad : NULL;
    const bool turns_x = weight->transposed;
    const size_t depth = depth_of(weight, dy->n_rows);
    for (size_t row = 0; row < dy->n_rows; row += depth) {
        size_t n = smaller(depth, dy->n_rows - row);
        mci_nn_tensor turned;
        mci_nn_weight strips;
        pack_job a = { .ctx = ctx, .from = turns_x ? x : dy, .row = row, .n = n }, b = a;
        b.from = turns_x ? dy : x;
        (turns_x ? &b : &a)->sums = db;
        if (!make_turned(&a, &turned) || !make_strips(&b, &strips))
            return;
        a.turned = &turned;
        b.strips = &strips;
        mci_team_run(ctx->team, a.from->n_lines, pack_line, &a);
        mci_team_run(ctx->team, b.from->n_lines, pack_line, &b);
        add_product(ctx, &turned, &strips, grads->values + weight->at.grad);
    }
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
