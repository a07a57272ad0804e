/* Attention backward in f32, for one sequence and head at a time, with products as linear()'s:
 *
 *   scores [n, T] = Q x strips of K        32 keys each, D deep
 *   dp     [n, T] = dY x strips of V
 *   p = softmax(scores),  ds = p (dp - sum of p dp) / sqrt(D)
 *   dQ     [n, D] = ds x strips of K       32 columns each, T deep
 *   dK     [T, D] = ds^T x strips of Q     n deep
 *   dV     [T, D] = p^T x strips of dY
 *
 * of n queries: all T rows, or the only one that is asked for.
 *
 * Source: the chain rule, as Dao et al. write it down, arXiv:2205.14135, appendix B. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "nn/cpu_train.h"

/* A worker's scratch, in floats. Strips are made when they are wanted, in one place. */
typedef struct {
    float *strips, *scores, *dp, *turned, *out;
    size_t stride, out_stride;
} back_scratch;

static size_t lay_scratch(back_scratch *lay, char *scratch, size_t T, size_t D)
{
    size_t t = mci_lines_of(T) * MCI_LINE, d = mci_lines_of(D) * MCI_LINE, stride = t + 16;
    size_t n_strips = t * d;
    if (lay) {
        lay->stride = stride;
        lay->out_stride = d;
        lay->strips = (float *)(void *)scratch;
        lay->scores = lay->strips + n_strips;
        lay->dp = lay->scores + t * stride;
        lay->turned = lay->dp + t * stride;
        lay->out = lay->turned + t * stride;
    }
    return (n_strips + 3 * t * stride + t * d) * sizeof(float);
}

typedef struct {
    const mci_attention_back_job *job;
    back_scratch s;
    mci_queries q;
    size_t head;
} back_work;

/* Rows of a part of qkv (0, 1, 2), or of a gradient of it. */
static float *part_of(const back_work *w, const mci_nn_tensor *qkv, size_t part)
{
    return mci_row_f32(qkv, w->q.start) + part * (qkv->K / 3) + w->head * w->job->D;
}

/* Strips of 32 rows each, D deep. */
static void lay_rows(const back_work *w, const float *rows, size_t stride)
{
    const size_t T = w->q.T, D = w->job->D;
    for (size_t t = 0; t < T; t += MCI_LINE)
        for (size_t d = 0; d < D; d += MCI_LINE) {
            float block[MCI_BLOCK];
            size_t n_rows = T - t < MCI_LINE ? T - t : MCI_LINE;
            size_t n_columns = D - d < MCI_LINE ? D - d : MCI_LINE;
            w->job->ctx->train->transpose(rows + t * stride + d, stride, n_rows, n_columns, block,
                                          MCI_LINE);
            memcpy(w->s.strips + t * D + d * MCI_LINE, block, n_columns * MCI_LINE * sizeof *block);
        }
}

/* Strips of 32 columns each, so many rows deep. */
static void lay_columns(const back_work *w, const float *rows, size_t stride, size_t n_rows)
{
    const size_t D = w->job->D;
    float *to = w->s.strips;
    for (size_t d = 0; d < D; d += MCI_LINE) {
        size_t n = D - d < MCI_LINE ? D - d : MCI_LINE;
        for (size_t t = 0; t < n_rows; t++, to += MCI_LINE) {
            memcpy(to, rows + t * stride + d, n * sizeof *to);
            memset(to + n, 0, (MCI_LINE - n) * sizeof *to);
        }
    }
}

/* out [n, T] = rows [n, D] x the rows that are laid. */
static void multiply_rows(const back_work *w, const float *rows, size_t stride, float *out)
{
    for (size_t t = 0; t < w->q.T; t += MCI_LINE)
        w->job->ctx->kernels->product(rows, stride, w->q.n, w->s.strips + t * w->job->D, w->job->D,
                                      out + t, w->s.stride, false);
}

/* Rows of a part of dqkv = weights [n_rows, depth] x the columns that are laid. */
static void multiply_columns(const back_work *w, const float *weights, size_t n_rows, size_t depth,
                             float *to)
{
    const mci_cpu_kernels *kernels = w->job->ctx->kernels;
    const size_t D = w->job->D;
    for (size_t d = 0; d < D; d += MCI_LINE)
        kernels->product(weights, w->s.stride, n_rows, w->s.strips + d * depth, depth, w->s.out + d,
                         w->s.out_stride, false);
    if (w->job->dqkv->rounded)
        kernels->round(w->s.out, n_rows * w->s.out_stride);
    for (size_t t = 0; t < n_rows; t++)
        memcpy(to + t * w->job->dqkv->stride, w->s.out + t * w->s.out_stride, D * sizeof *to);
}

/* turned [T, n] = from [n, T]. */
static void turn(const back_work *w, const float *from)
{
    const size_t n = w->q.n, T = w->q.T;
    for (size_t r = 0; r < n; r += MCI_PANEL)
        for (size_t c = 0; c < T; c += MCI_LINE) {
            size_t n_rows = n - r < MCI_PANEL ? n - r : MCI_PANEL;
            size_t n_columns = T - c < MCI_LINE ? T - c : MCI_LINE;
            w->job->ctx->train->transpose(from + r * w->s.stride + c, w->s.stride, n_rows,
                                          n_columns, w->s.turned + c * w->s.stride + r,
                                          w->s.stride);
        }
}

/* Scores and dp become p and ds. */
static void weigh(const back_work *w)
{
    const mci_nn_ctx *ctx = w->job->ctx;
    const float scale = 1.0f / sqrtf((float)w->job->D);
    const size_t n = mci_lines_of(w->q.T) * MCI_LINE;
    for (size_t r = 0; r < w->q.n; r++) {
        float *p = w->s.scores + r * w->s.stride, *dp = w->s.dp + r * w->s.stride;
        float sum = ctx->kernels->softmax(p, mci_keys_of(w->job, w->q, r), n, scale);
        ctx->train->softmax_back(p, dp, n, 1.0f / sum, scale);
        if (ctx->precision == MCI_NN_BF16) {
            ctx->kernels->round(p, n);
            ctx->kernels->round(dp, n);
        }
    }
}

static void query_gradient(const back_work *w)
{
    float *dq = part_of(w, w->job->dqkv, 0);
    const size_t stride = w->job->dqkv->stride;
    for (size_t t = 0; w->job->only && t < w->q.T; t++)
        memset(dq + t * stride, 0, w->job->D * sizeof *dq);
    lay_columns(w, part_of(w, w->job->qkv, 1), w->job->qkv->stride, w->q.T);
    multiply_columns(w, w->s.dp, w->q.n, w->q.T, dq + w->q.row * stride);
}

static void attention_f32(const mci_attention_back_job *job, size_t sequence, size_t head,
                          char *scratch)
{
    back_work w = { .job = job, .q = mci_queries_of(job, sequence), .head = head };
    lay_scratch(&w.s, scratch, w.q.T, job->D);
    const size_t stride = job->qkv->stride, dy_stride = job->dy->stride, n = w.q.n, T = w.q.T;
    const float *q = part_of(&w, job->qkv, 0) + w.q.row * stride;
    const float *dy = mci_row_f32(job->dy, w.q.dy) + head * job->D;
    lay_rows(&w, part_of(&w, job->qkv, 1), stride);
    multiply_rows(&w, q, stride, w.s.scores);
    lay_rows(&w, part_of(&w, job->qkv, 2), stride);
    multiply_rows(&w, dy, dy_stride, w.s.dp);
    weigh(&w);
    query_gradient(&w);
    turn(&w, w.s.dp);
    lay_columns(&w, q, stride, n);
    multiply_columns(&w, w.s.turned, T, n, part_of(&w, job->dqkv, 1));
    turn(&w, w.s.scores);
    lay_columns(&w, dy, dy_stride, n);
    multiply_columns(&w, w.s.turned, T, n, part_of(&w, job->dqkv, 2));
}

static void attention_task(void *user, size_t task, unsigned worker)
{
    const mci_attention_back_job *job = user;
    char *scratch = mci_scratch_of(job->ctx, worker);
    if (job->ctx->amx)
        job->ctx->amx->train->attention(job, task / job->heads, task % job->heads, scratch);
    else
        attention_f32(job, task / job->heads, task % job->heads, scratch);
}

void mci_cpu_attention_backward(mci_nn_ctx *ctx, mci_nn_tensor *dqkv, const mci_nn_tensor *dy,
                                const mci_nn_tensor *qkv, mci_nn_sequences s, size_t heads,
                                bool causal, const uint32_t *only)
{
    mci_attention_back_job job = { .ctx = ctx,
                                   .dqkv = dqkv,
                                   .dy = dy,
                                   .qkv = qkv,
                                   .s = s,
                                   .heads = heads,
                                   .D = dy->K / heads,
                                   .causal = causal,
                                   .only = only };
    assert(qkv->use == MCI_NN_QKV && dqkv->use == MCI_NN_ROWS && dy->use == MCI_NN_ROWS);
    assert(qkv->K == 3 * dy->K && dqkv->K == qkv->K && dy->K % heads == 0);
    assert(dy->n_rows == (only ? s.n : qkv->n_rows) && s.starts[s.n] == qkv->n_rows);
    assert(qkv->n_rows <= dqkv->max_rows);
    size_t T = 0;
    for (size_t i = 0; i < s.n; i++)
        T = s.starts[i + 1] - s.starts[i] > T ? s.starts[i + 1] - s.starts[i] : T;
    dqkv->n_rows = qkv->n_rows;
    job.past = mci_is_for_memory(dqkv);
    if (mci_cpu_reserve(ctx, ctx->amx ? ctx->amx->train->attention_bytes(T, job.D)
                                      : lay_scratch(NULL, NULL, T, job.D)))
        mci_team_run(ctx->team, s.n * heads, attention_task, &job);
}
