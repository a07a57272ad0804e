/* y = f(x W^T + b): how the work is cut, and the cutting of f32.
 *
 *             strips of W (32 columns of y each)
 *            | group 0     | group 1     | ..
 *           -+-------------+-------------+--
 *   chunk 0  | task        | task        | ..      chunks of panels (32 rows of x each)
 *           -+-------------+-------------+--
 *   chunk 1  | task        | ..
 *
 * In f32 a chunk is as large as stays in a core's second cache while strip after strip comes by. In
 * tiles it is a group that stays there, and the chunks come by.
 *
 * K is never cut between tasks, so no sum depends on the number of threads. */
#include <assert.h>
#include <string.h>

#include "nn/cpu_internal.h"

enum {
    CHUNK_BYTES = 1200 * 1024, /* in f32 */
    GROUP_BYTES = 800 * 1024,  /* in tiles */
    MIN_GROUP = 4,             /* strips */
    MIN_CHUNK = 4,             /* panels, where groups are many enough */
    TASKS_A_WORKER = 4,        /* so that one who is held up is helped */
    PART = 256,                /* of K at once, in f32: 32 KiB of a strip */
    ROWS_OF_A_BLOCK = 56,      /* of f32 */
};

static size_t ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Groups of at least MIN_GROUP strips that make up a number of tasks with so many chunks. */
static void cut_strips(mci_linear_job *job, size_t n_chunks, size_t n_tasks)
{
    size_t n_groups = ceil_div(n_tasks, n_chunks);
    job->group = smaller(larger(ceil_div(job->n_strips, n_groups), MIN_GROUP), job->n_strips);
}

/* Where there are fewer chunks than workers, all look at the same rows, and each at strips of its
 * own; else as many chunks as give everyone the same. */
static void cut_f32(mci_linear_job *job, size_t n_workers)
{
    size_t largest = CHUNK_BYTES / (MCI_PANEL * job->x->stride * sizeof(float));
    largest = smaller(larger(largest, 1), MCI_MAX_PANELS);
    size_t n_chunks = ceil_div(job->n_panels, largest);
    if (n_chunks >= n_workers)
        n_chunks = ceil_div(n_chunks, n_workers) * n_workers;
    job->chunk = ceil_div(job->n_panels, n_chunks);
    cut_strips(job, ceil_div(job->n_panels, job->chunk), TASKS_A_WORKER * n_workers);
}

/* As few groups as stay in the cache; then chunks, until there are tasks enough; and if the panels
 * are too few for that, smaller groups. */
static void cut_tiles(mci_linear_job *job, size_t n_workers)
{
    const size_t n_tasks = TASKS_A_WORKER * n_workers;
    size_t largest = larger(GROUP_BYTES / job->weight->strip_bytes, MIN_GROUP);
    size_t n_groups = ceil_div(job->n_strips, largest);
    size_t n_chunks = larger(smaller(ceil_div(n_tasks, n_groups), job->n_panels / MIN_CHUNK), 1);
    job->chunk = ceil_div(job->n_panels, n_chunks);
    n_chunks = ceil_div(job->n_panels, job->chunk);
    cut_strips(job, n_chunks, larger(n_tasks, n_groups * n_chunks));
}

/* ---- f32 ---- */

static void put_block(const mci_linear_job *job, size_t row, size_t n_rows, size_t strip, float *c)
{
    const mci_cpu_kernels *kernels = job->ctx->kernels;
    if (job->y->rounded)
        kernels->round(c, n_rows * MCI_LINE);
    for (size_t r = 0; r < n_rows; r++, c += MCI_LINE) {
        float *to = mci_row_f32(job->y, row + r) + strip * MCI_LINE;
        if (job->base)
            kernels->add(to, mci_row_f32(job->base, row + r) + strip * MCI_LINE, c, MCI_LINE);
        else
            memcpy(to, c, MCI_LINE * sizeof *to);
    }
}

/* Asks for part i of n of so many floats: what is to be read next, a bit at a time, so that it
 * comes from the third cache while there is something to do. */
static void ask_for(const float *from, size_t n_floats, size_t i, size_t n)
{
    size_t each = ceil_div(n_floats / 16, n) * 16;
    for (const float *line = from + i * each; line < from + (i + 1) * each; line += 16)
        __builtin_prefetch(line, 0, 2);
}

/* As in amx_linear.c: a part of the strip stays in the first cache while the rows come by. */
static void linear_f32(const mci_linear_job *job, size_t row, size_t end_row, size_t first_strip,
                       size_t end_strip, float *sums)
{
    const mci_cpu_kernels *kernels = job->ctx->kernels;
    const mci_nn_weight *weight = job->weight;
    const size_t K = weight->K, stride = job->x->stride;
    for (size_t s = first_strip; s < end_strip; s++) {
        const float *strip =
            (const float *)(const void *)(weight->strips + s * weight->strip_bytes);
        for (size_t k = 0; k < K; k += PART) {
            size_t depth = smaller(PART, K - k);
            for (size_t r = row; r < end_row; r += ROWS_OF_A_BLOCK) {
                size_t n = smaller(ROWS_OF_A_BLOCK, end_row - r);
                float *c = sums + (r - row) * MCI_LINE;
                ask_for(strip + (k + depth) * MCI_LINE, depth * MCI_LINE,
                        (r - row) / ROWS_OF_A_BLOCK, ceil_div(end_row - row, ROWS_OF_A_BLOCK));
                kernels->product(mci_row_f32(job->x, r) + k, stride, n, strip + k * MCI_LINE, depth,
                                 c, MCI_LINE, k > 0);
                if (k + depth < K)
                    continue;
                kernels->finish(c, n, weight->bias + s * MCI_LINE, job->f);
                put_block(job, r, n, s, c);
            }
        }
    }
}

/* ---- both ---- */

void mci_cpu_linear_range(const mci_linear_job *job, size_t panel, size_t end_panel, size_t strip,
                          size_t end_strip, unsigned worker)
{
    char *scratch = mci_scratch_of(job->ctx, worker);
    if (job->weight->form == MCI_TILES_BF16)
        job->ctx->amx->linear(job, panel, end_panel, strip, end_strip, scratch);
    else
        linear_f32(job, panel * MCI_PANEL, smaller(end_panel * MCI_PANEL, job->x->n_rows), strip,
                   end_strip, (float *)(void *)scratch);
}

/* Tasks that follow each other have in common what stays in the cache. */
static void linear_task(void *user, size_t task, unsigned worker)
{
    const mci_linear_job *job = user;
    const bool tiles = job->weight->form == MCI_TILES_BF16;
    size_t n_chunks = ceil_div(job->n_panels, job->chunk);
    size_t n_groups = ceil_div(job->n_strips, job->group);
    size_t panel = (tiles ? task % n_chunks : task / n_groups) * job->chunk;
    size_t strip = (tiles ? task / n_chunks : task % n_groups) * job->group;
    mci_cpu_linear_range(job, panel, smaller(panel + job->chunk, job->n_panels), strip,
                         smaller(strip + job->group, job->n_strips), worker);
}

void mci_cpu_run_linear(mci_linear_job job)
{
    const mci_nn_tensor *x = job.x;
    mci_nn_weight packed;
    assert(!job.base || (job.y->use == MCI_NN_SUM && job.base->n_rows == x->n_rows));
    job.y->n_rows = x->n_rows;
    job.past = mci_is_for_memory(job.y);
    if (x->n_rows == 0)
        return;
    if (job.weight->values) {
        if (!mci_cpu_pack_bound(job.ctx, job.weight, job.turned, &packed))
            return;
        job.weight = &packed;
    }
    assert(x->K == job.weight->K && job.y->K == job.weight->N && x->n_rows <= job.y->max_rows);
    assert(job.weight->form == x->form);
    job.n_panels = ceil_div(x->n_rows, MCI_PANEL);
    job.n_strips = job.weight->n_strips;
    size_t n_workers = mci_team_size(job.ctx->team);
    if (x->form == MCI_ROWS_F32)
        cut_f32(&job, n_workers);
    else
        cut_tiles(&job, n_workers);
    mci_team_run(job.ctx->team,
                 ceil_div(job.n_panels, job.chunk) * ceil_div(job.n_strips, job.group), linear_task,
                 &job);
}

void mci_cpu_linear(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x,
                    const mci_nn_weight *weight, mci_nn_activation f, bool add)
{
    assert(x->use == MCI_NN_INPUT);
    mci_cpu_run_linear((mci_linear_job){
        .ctx = ctx, .y = y, .x = x, .weight = weight, .f = f, .base = add ? y : NULL });
}
