/* Gradients of weights: dW += dy^T x, and db += the sums of dy's columns.
 *
 * Of the two tensors one is turned, so that its columns are the rows of panels, and the other is
 * brought into strips: dy and x where the vector has W as [N, K]; x and dy where it has [K, N], for
 * dW^T += x^T dy. Both are cut into lines of 32 columns:
 *
 *              lines of the other: packed first, by all workers, and read by all
 *            +-----------------------------------------------------------------
 *   owned    | task: packs its lines, of so many rows as are summed at once, into memory that only
 *   lines    |       it sees; multiplies; goes on with the next rows
 *            +-----------------------------------------------------------------
 *            | task
 *
 * What a task packs and the part of dW that it adds to stay in its core's second cache. Where each
 * worker has one task, of lines enough, it packs the others too, which costs less than to read what
 * somebody else has packed. No sum depends on who owns what. */
#include <assert.h>
#include <string.h>

#include "nn/cpu_train.h"

enum {
    MAX_DEPTH = 512,          /* rows that are summed at once: a panel stays in the first cache */
    OWNED_BYTES = 900 * 1024, /* that a task packs at once, and of dW that it adds to */
    OTHER_BYTES = 400 * 1024, /* of others' lines that owned ones meet at once */
    MAX_OWNED = MCI_MAX_PANELS,
    APART_LINES = 3, /* owned by a worker, beside which it may pack all others */
};

typedef struct {
    const mci_nn_tensor *from;
    bool turned; /* into panels */
    float *sums; /* of each column, to be added to; NULL: not wanted */
} side;

typedef struct {
    mci_nn_ctx *ctx;
    side owned, other;
    size_t n_rows, depth;  /* of both; how many are summed at once */
    size_t n_tasks, group; /* of others' lines, that owned ones meet at once */
    bool apart;            /* each worker packs the others for itself */
    char *others;          /* lines of depth after depth, or of a depth for each worker */
    char *rooms;           /* room_bytes for each worker */
    size_t room_bytes;
    float *bias; /* zeros */
    float *to;   /* [rows, stride] += the product; or, if `padded`, = */
    size_t stride;
    bool padded;
} gradient;

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* ---- lines ---- */

/* Rows of f32 panels: an odd number of cache lines. */
static size_t panel_stride(size_t n)
{
    return mci_lines_of(n) * MCI_LINE + 16;
}

/* Of a line, n rows deep. */
static size_t line_bytes(const gradient *g, const side *s, size_t n)
{
    if (g->ctx->amx)
        return mci_lines_of(n) * MCI_PAIR_BYTES;
    return (s->turned ? panel_stride(n) : n) * MCI_LINE * sizeof(float);
}

/* The rows from `row` on, 32 at most, as those of a line from `at` on; n are packed in all. */
static void pack_block_f32(const gradient *g, const side *s, size_t row, size_t n_rows, size_t line,
                           char *packed, size_t at, size_t n, float *sums)
{
    const float *from = mci_row_f32(s->from, row) + line * MCI_LINE;
    const size_t stride = s->from->stride;
    float *to = (float *)(void *)packed;
    for (size_t r = 0; sums && r < n_rows; r++)
        g->ctx->train->add_to(sums, from + r * stride, MCI_LINE);
    if (s->turned) {
        g->ctx->train->transpose(from, stride, n_rows, MCI_LINE, to + at, panel_stride(n));
        return;
    }
    for (size_t r = 0; r < n_rows; r++)
        memcpy(to + (at + r) * MCI_LINE, from + r * stride, MCI_LINE * sizeof *to);
}

static void pack_block(const gradient *g, const side *s, size_t row, size_t n_rows, size_t line,
                       char *packed, size_t at, size_t n, float *sums)
{
    if (!g->ctx->amx) {
        pack_block_f32(g, s, row, n_rows, line, packed, at, n, sums);
        return;
    }
    char *to = packed + at / MCI_PANEL * MCI_PAIR_BYTES;
    mci_block_forms forms = { .sums = sums };
    *(s->turned ? &forms.turned : &forms.across) = to;
    g->ctx->amx->train->pack_tensor(s->from, row, n_rows, line, &forms);
}

/* n rows from `row` on, of some lines; MAX_OWNED at most. */
static void pack_lines(const gradient *g, const side *s, size_t row, size_t n, size_t line,
                       size_t end, char *to)
{
    const size_t bytes = line_bytes(g, s, n);
    float sums[MAX_OWNED * MCI_LINE] = { 0 };
    for (size_t at = 0; at < n; at += MCI_PANEL)
        for (size_t i = line; i < end; i++)
            pack_block(g, s, row + at, smaller(MCI_PANEL, n - at), i, to + (i - line) * bytes, at,
                       n, s->sums ? sums + (i - line) * MCI_LINE : NULL);
    if (s->sums)
        g->ctx->train->add_to(s->sums + line * MCI_LINE, sums,
                              smaller(end * MCI_LINE, s->from->K) - line * MCI_LINE);
}

/* Where the others' lines of the rows from `row` on are: whole depths lie before them, unless every
 * worker has its own. */
static char *others_at(const gradient *g, size_t row, unsigned worker)
{
    const size_t bytes = g->other.from->n_lines * line_bytes(g, &g->other, g->depth);
    return g->others + (g->apart ? worker : row / g->depth) * bytes;
}

static void pack_other(void *user, size_t line, unsigned worker)
{
    const gradient *g = user;
    for (size_t row = 0; row < g->n_rows; row += g->depth) {
        const size_t n = smaller(g->depth, g->n_rows - row);
        pack_lines(g, &g->other, row, n, line, line + 1,
                   others_at(g, row, worker) + line * line_bytes(g, &g->other, n));
    }
}

/* ---- products ---- */

static mci_nn_tensor panels_of(const gradient *g, const side *s, size_t n, size_t line, size_t end,
                               char *data)
{
    const bool tiles = g->ctx->amx != NULL;
    const size_t n_rows = smaller(end * MCI_LINE, s->from->K) - line * MCI_LINE;
    return (mci_nn_tensor){ .use = MCI_NN_INPUT,
                            .form = tiles ? MCI_TILES_BF16 : MCI_ROWS_F32,
                            .n_rows = n_rows,
                            .max_rows = n_rows,
                            .K = n,
                            .n_lines = mci_lines_of(n),
                            .stride = tiles ? mci_lines_of(n) * MCI_LINE : panel_stride(n),
                            .data = data };
}

static mci_nn_weight strips_of(const gradient *g, const side *s, size_t n, size_t line, size_t end,
                               char *data)
{
    return (mci_nn_weight){ .form = g->ctx->amx ? MCI_TILES_BF16 : MCI_ROWS_F32,
                            .N = smaller(end * MCI_LINE, s->from->K) - line * MCI_LINE,
                            .K = n,
                            .n_strips = end - line,
                            .n_lines = mci_lines_of(n),
                            .strip_bytes = line_bytes(g, s, n),
                            .bias = g->bias,
                            .strips = data };
}

/* Of so many rows, some of the owned lines with some of the others'. */
typedef struct {
    size_t row, n;
    size_t line, end; /* owned */
    char *packed, *others;
    size_t other, end_other;
} part;

static part part_of_others(const gradient *g, part p, size_t other)
{
    p.other = other;
    p.end_other = smaller(other + g->group, g->other.from->n_lines);
    return p;
}

static void multiply(const gradient *g, const part *p, unsigned worker)
{
    const bool turned = g->owned.turned;
    char *others = p->others + p->other * line_bytes(g, &g->other, p->n);
    mci_nn_tensor x = turned ? panels_of(g, &g->owned, p->n, p->line, p->end, p->packed)
                             : panels_of(g, &g->other, p->n, p->other, p->end_other, others);
    mci_nn_weight w = turned ? strips_of(g, &g->other, p->n, p->other, p->end_other, others)
                             : strips_of(g, &g->owned, p->n, p->line, p->end, p->packed);
    const size_t first_row = (turned ? p->line : p->other) * MCI_PANEL;
    const size_t first_column = (turned ? p->other : p->line) * MCI_LINE;
    mci_nn_tensor y = { .use = MCI_NN_SUM,
                        .form = MCI_ROWS_F32,
                        .n_rows = x.n_rows,
                        .max_rows = x.n_rows,
                        .K = w.N,
                        .n_lines = w.n_strips,
                        .stride = g->stride,
                        .data = (char *)(g->to + first_row * g->stride + first_column) };
    const bool adds = !g->padded || p->row > 0;
    const mci_linear_job job = {
        .ctx = g->ctx, .y = &y, .x = &x, .weight = &w, .base = adds ? &y : NULL, .near = turned
    };
    mci_cpu_linear_range(&job, 0, mci_lines_of(x.n_rows), 0, w.n_strips, worker);
}

static void own(void *user, size_t task, unsigned worker)
{
    const gradient *g = user;
    const size_t n_lines = g->owned.from->n_lines;
    const size_t line = task * n_lines / g->n_tasks, end = (task + 1) * n_lines / g->n_tasks;
    part p = { .line = line, .end = end, .packed = g->rooms + worker * g->room_bytes };
    side other = g->other;
    if (task > 0)
        other.sums = NULL; /* once is enough */
    for (; p.row < g->n_rows; p.row += p.n) {
        p.n = smaller(g->depth, g->n_rows - p.row);
        p.others = others_at(g, p.row, worker);
        pack_lines(g, &g->owned, p.row, p.n, line, end, p.packed);
        if (g->apart)
            pack_lines(g, &other, p.row, p.n, 0, other.from->n_lines, p.others);
        for (size_t i = 0; i < other.from->n_lines; i += g->group) {
            const part q = part_of_others(g, p, i);
            multiply(g, &q, worker);
        }
    }
}

/* ---- all of it ---- */

/* By the shape alone: sums are the same for any number of threads. */
static size_t depth_of(size_t n_rows)
{
    return ceil_div(n_rows, ceil_div(n_rows, MAX_DEPTH) * MCI_PANEL) * MCI_PANEL;
}

/* As many tasks as keep all workers busy, of no more lines than stay in the cache. */
static void cut(gradient *g)
{
    const size_t n_workers = mci_team_size(g->ctx->team), n_lines = g->owned.from->n_lines;
    const size_t bytes = line_bytes(g, &g->owned, g->depth);
    const size_t of_dw = g->other.from->n_lines * MCI_BLOCK * sizeof(float);
    const size_t most = larger(smaller(OWNED_BYTES / (bytes + of_dw), MAX_OWNED), 1);
    const size_t n_least = ceil_div(n_lines, most);
    g->n_tasks = ceil_div(n_least, n_workers) * n_workers;
    g->n_tasks = smaller(g->n_tasks, n_lines);
    g->apart = g->n_tasks <= n_workers && g->n_tasks * APART_LINES <= n_lines &&
               g->other.from->n_lines <= MAX_OWNED;
    g->group = smaller(larger(OTHER_BYTES / line_bytes(g, &g->other, g->depth), 1), MAX_OWNED);
    g->room_bytes = ceil_div(n_lines, g->n_tasks) * bytes;
}

static bool find_rooms(gradient *g)
{
    mci_nn_ctx *ctx = g->ctx;
    const size_t n_depths = ceil_div(g->n_rows, g->depth), n_workers = mci_team_size(ctx->team);
    const side *panels = g->owned.turned ? &g->owned : &g->other;
    const side *strips = g->owned.turned ? &g->other : &g->owned;
    g->rooms = mci_cpu_room_of(ctx, MCI_ROOM_OWNED, n_workers * g->room_bytes);
    g->others = mci_cpu_room_of(ctx, MCI_ROOM_STRIPS,
                                (g->apart ? n_workers : n_depths) * g->other.from->n_lines *
                                    line_bytes(g, &g->other, g->depth));
    const size_t bytes = strips->from->n_lines * MCI_LINE * sizeof(float);
    g->bias = (float *)(void *)mci_cpu_room_of(ctx, MCI_ROOM_ZEROS, bytes);
    if (g->padded)
        g->to = (float *)(void *)mci_cpu_room_of(ctx, MCI_ROOM_SUMS, panels->from->K * bytes);
    return g->rooms && g->others && g->bias && g->to;
}

typedef struct {
    mci_nn_ctx *ctx;
    const float *from;
    size_t stride;
    float *to;
    size_t n;
} add_job;

static void add_row(void *user, size_t row, unsigned worker)
{
    const add_job *job = user;
    (void)worker;
    job->ctx->train->add_to(job->to + row * job->n, job->from + row * job->stride, job->n);
}

void mci_cpu_weight_gradient(mci_nn_ctx *ctx, const mci_nn_tensor *dy, const mci_nn_tensor *x,
                             const mci_nn_weight *weight, mci_nn_vector *grads)
{
    assert(dy->use == MCI_NN_ROWS && x->use == MCI_NN_INPUT && x->n_rows == dy->n_rows);
    assert(dy->K == weight->N && x->K == weight->K);
    float *db = mci_nn_is_somewhere(weight->at_bias) ? grads->values + weight->at_bias.grad : NULL;
    float *dw = grads->values + weight->at.grad;
    if (dy->n_rows == 0)
        return;
    const side of_dy = { .from = dy, .turned = !weight->transposed, .sums = db };
    const side of_x = { .from = x, .turned = weight->transposed };
    /* In f32 a panel is what stays in the cache; in tiles, whichever is owned. */
    const bool owns_dy = ctx->amx ? dy->n_lines >= x->n_lines : of_dy.turned;
    const size_t n_columns = weight->transposed ? weight->N : weight->K;
    gradient g = { .ctx = ctx,
                   .owned = owns_dy ? of_dy : of_x,
                   .other = owns_dy ? of_x : of_dy,
                   .n_rows = dy->n_rows,
                   .depth = depth_of(dy->n_rows),
                   .to = dw,
                   .stride = mci_lines_of(n_columns) * MCI_LINE,
                   .padded = n_columns % MCI_LINE != 0 };
    cut(&g);
    if (!find_rooms(&g))
        return;
    if (!g.apart)
        mci_team_run(ctx->team, g.other.from->n_lines, pack_other, &g);
    mci_team_run(ctx->team, g.n_tasks, own, &g);
    add_job job = { ctx, g.to, g.stride, dw, n_columns };
    if (g.padded)
        mci_team_run(ctx->team, weight->transposed ? weight->K : weight->N, add_row, &job);
}
