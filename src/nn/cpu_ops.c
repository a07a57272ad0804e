/* The operations that go row by row. */
#include <assert.h>
#include <string.h>

#include "base/dtype.h"
#include "nn/cpu_internal.h"

/* ---- rows ---- */

/* Some rows a task: a few tasks a worker, so that one who is held up is helped. */
typedef struct {
    mci_nn_ctx *ctx;
    void (*run)(const void *job, size_t row, float *scratch);
    const void *job;
    size_t n_rows, rows_a_task;
} row_work;

static void run_rows(void *user, size_t task, unsigned worker)
{
    const row_work *work = user;
    size_t row = task * work->rows_a_task, end = row + work->rows_a_task;
    float *scratch = (float *)(void *)mci_scratch_of(work->ctx, worker);
    for (; row < end && row < work->n_rows; row++)
        work->run(work->job, row, scratch);
}

static void for_rows(mci_nn_ctx *ctx, size_t n_rows,
                     void (*run)(const void *job, size_t row, float *scratch), const void *job)
{
    row_work work = { .ctx = ctx, .run = run, .job = job, .n_rows = n_rows };
    work.rows_a_task = n_rows / (8 * mci_team_size(ctx->team)) + 1;
    mci_team_run(ctx->team, (n_rows + work.rows_a_task - 1) / work.rows_a_task, run_rows, &work);
}

void mci_cpu_put_row(const mci_nn_ctx *ctx, mci_nn_tensor *y, size_t row, const float *values)
{
    if (y->form != MCI_ROWS_F32) {
        ctx->amx->put_row(y, row, values);
        return;
    }
    float *to = mci_row_f32(y, row);
    if (to != values)
        memcpy(to, values, y->n_lines * MCI_LINE * sizeof *to);
    if (y->rounded)
        ctx->kernels->round(to, y->n_lines * MCI_LINE);
}

static void pad_row(float *values, size_t K)
{
    for (size_t i = K; i < mci_lines_of(K) * MCI_LINE; i++)
        values[i] = 0.0f;
}

static void set_rows(mci_nn_tensor *y, size_t n_rows)
{
    assert(n_rows <= y->max_rows);
    y->n_rows = n_rows;
}

/* ---- patches ---- */

typedef struct {
    mci_nn_ctx *ctx;
    mci_nn_tensor *y;
    const float *pixels;
    size_t S, P, G;
} patches_job;

static void one_patch(const void *user, size_t row, float *scratch)
{
    const patches_job *job = user;
    size_t S = job->S, P = job->P, G = job->G, image = row / (G * G), place = row % (G * G);
    const float *corner = job->pixels + image * 3 * S * S + place / G * P * S + place % G * P;
    float *to = scratch;
    for (size_t channel = 0; channel < 3; channel++)
        for (size_t y = 0; y < P; y++, to += P)
            memcpy(to, corner + (channel * S + y) * S, P * sizeof *to);
    pad_row(scratch, job->y->K);
    mci_cpu_put_row(job->ctx, job->y, row, scratch);
}

void mci_cpu_patches(mci_nn_ctx *ctx, mci_nn_tensor *y, const float *pixels, size_t n, size_t S,
                     size_t P)
{
    patches_job job = { .ctx = ctx, .y = y, .pixels = pixels, .S = S, .P = P, .G = S / P };
    assert(y->use == MCI_NN_INPUT && y->K == 3 * P * P);
    set_rows(y, n * job.G * job.G);
    for_rows(ctx, y->n_rows, one_patch, &job);
}

/* ---- places ---- */

typedef struct {
    const mci_cpu_kernels *kernels;
    mci_nn_tensor *y;
    const mci_nn_tensor *x;
    const mci_nn_table *first, *places;
} join_job;

static void join_row(const void *user, size_t row, float *scratch)
{
    (void)scratch;
    const join_job *job = user;
    size_t T = job->places->R, sequence = row / T, place = row % T;
    const float *from =
        place ? mci_row_f32(job->x, sequence * (T - 1) + place - 1) : job->first->rows;
    job->kernels->add(mci_row_f32(job->y, row), from,
                      job->places->rows + place * job->places->stride, job->y->n_lines * MCI_LINE);
}

void mci_cpu_join_patches(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x, size_t n,
                          const mci_nn_table *first, const mci_nn_table *places)
{
    join_job job = { .kernels = ctx->kernels, .y = y, .x = x, .first = first, .places = places };
    assert(y->use == MCI_NN_SUM && x->use == MCI_NN_SUM && x->K == y->K);
    assert(x->n_rows == n * (places->R - 1) && first->K == y->K && places->K == y->K);
    set_rows(y, n * places->R);
    for_rows(ctx, y->n_rows, join_row, &job);
}

typedef struct {
    const mci_cpu_kernels *kernels;
    mci_nn_tensor *y;
    const int32_t *ids;
    mci_nn_sequences s;
    const mci_nn_table *words, *places;
} embed_job;

static void embed_row(const embed_job *job, size_t row, size_t place)
{
    assert(job->ids[row] >= 0 && (size_t)job->ids[row] < job->words->R && place < job->places->R);
    job->kernels->add(mci_row_f32(job->y, row),
                      job->words->rows + (size_t)job->ids[row] * job->words->stride,
                      job->places->rows + place * job->places->stride, job->y->n_lines * MCI_LINE);
}

static void embed_sequence(void *user, size_t sequence, unsigned worker)
{
    (void)worker;
    const embed_job *job = user;
    size_t start = job->s.starts[sequence], end = job->s.starts[sequence + 1];
    for (size_t row = start; row < end; row++)
        embed_row(job, row, row - start);
}

void mci_cpu_embed(mci_nn_ctx *ctx, mci_nn_tensor *y, const int32_t *ids, mci_nn_sequences s,
                   const mci_nn_table *words, const mci_nn_table *places)
{
    embed_job job = { ctx->kernels, y, ids, s, words, places };
    assert(y->use == MCI_NN_SUM && words->K == y->K && places->K == y->K);
    set_rows(y, s.starts[s.n]);
    mci_team_run(ctx->team, s.n, embed_sequence, &job);
}

/* ---- norm ---- */

typedef struct {
    mci_nn_ctx *ctx;
    mci_nn_tensor *y;
    const mci_nn_tensor *x;
    const mci_nn_norm *norm;
} norm_job;

static void norm_one(const void *user, size_t row, float *scratch)
{
    const norm_job *job = user;
    float *to = job->y->form == MCI_ROWS_F32 ? mci_row_f32(job->y, row) : scratch;
    job->ctx->kernels->norm(job->norm, mci_row_f32(job->x, row), to);
    mci_cpu_put_row(job->ctx, job->y, row, to);
}

void mci_cpu_layernorm(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x,
                       const mci_nn_norm *norm)
{
    norm_job job = { .ctx = ctx, .y = y, .x = x, .norm = norm };
    assert(x->use == MCI_NN_SUM && y->use != MCI_NN_QKV && x->K == y->K && norm->K == x->K);
    set_rows(y, x->n_rows);
    for_rows(ctx, x->n_rows, norm_one, &job);
}

/* ---- in and out ---- */

void mci_cpu_pick(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x, const uint32_t *rows,
                  size_t n)
{
    (void)ctx;
    assert(y->use == MCI_NN_SUM && x->use == MCI_NN_SUM && x->K == y->K && x != y);
    set_rows(y, n);
    for (size_t i = 0; i < n; i++) {
        assert(rows[i] < x->n_rows);
        memcpy(mci_row_f32(y, i), mci_row_f32(x, rows[i]), x->n_lines * MCI_LINE * sizeof(float));
    }
}

static void read_row_bf16(const mci_nn_tensor *x, size_t row, float *out)
{
    for (size_t i = 0; i < x->K; i++) {
        uint16_t bits;
        memcpy(&bits, mci_line_bf16(x, row, i / MCI_LINE) + i % MCI_LINE * 2, sizeof bits);
        out[i] = mci_f32_of_bf16(bits);
    }
}

void mci_cpu_read(mci_nn_ctx *ctx, const mci_nn_tensor *x, float *out)
{
    (void)ctx;
    for (size_t row = 0; row < x->n_rows; row++, out += x->K) {
        if (x->form == MCI_ROWS_F32)
            memcpy(out, mci_row_f32(x, row), x->K * sizeof *out);
        else
            read_row_bf16(x, row, out);
    }
}

typedef struct {
    mci_nn_ctx *ctx;
    mci_nn_tensor *x;
    const float *rows;
} write_job;

static void write_row(const void *user, size_t row, float *scratch)
{
    const write_job *job = user;
    memcpy(scratch, job->rows + row * job->x->K, job->x->K * sizeof *scratch);
    pad_row(scratch, job->x->K);
    mci_cpu_put_row(job->ctx, job->x, row, scratch);
}

void mci_cpu_write(mci_nn_ctx *ctx, mci_nn_tensor *x, const float *rows, size_t R)
{
    write_job job = { .ctx = ctx, .x = x, .rows = rows };
    set_rows(x, R);
    for_rows(ctx, R, write_row, &job);
}
