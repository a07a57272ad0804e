/* Attention in f32, for one sequence and head at a time. K and V are laid down as strips, so that
 * both products are those of linear():
 *
 *   scores [rows, T] = Q [rows, D] x strips of K: 32 keys each, D deep
 *   y      [rows, D] = softmax(scores) x strips of V: 32 columns each, T deep
 *
 * A block of rows is taken through both before the next. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "nn/cpu_internal.h"

enum { ROWS_OF_A_BLOCK = 28 };

static size_t stride_of(size_t T)
{
    return mci_lines_of(T) * MCI_LINE + 16;
}

/* A worker's scratch: strips of K, strips of V, scores, y, in floats. */
typedef struct {
    float *keys, *values, *scores, *y;
} attention_scratch;

static size_t lay_scratch(attention_scratch *lay, char *scratch, size_t T, size_t D)
{
    size_t n_keys = mci_lines_of(T) * D * MCI_LINE, n_values = mci_lines_of(D) * T * MCI_LINE;
    size_t n_scores = ROWS_OF_A_BLOCK * stride_of(T);
    size_t n_y = ROWS_OF_A_BLOCK * mci_lines_of(D) * MCI_LINE;
    if (lay) {
        lay->keys = (float *)(void *)scratch;
        lay->values = lay->keys + n_keys;
        lay->scores = lay->values + n_values;
        lay->y = lay->scores + n_scores;
    }
    return (n_keys + n_values + n_scores + n_y) * sizeof(float);
}

static void lay_keys(float *strips, const float *k, size_t stride, size_t T, size_t D)
{
    for (size_t t = 0; t < mci_lines_of(T) * MCI_LINE; t++) {
        float *to = strips + t / MCI_LINE * D * MCI_LINE + t % MCI_LINE;
        for (size_t d = 0; d < D; d++)
            to[d * MCI_LINE] = t < T ? k[t * stride + d] : 0.0f;
    }
}

static void lay_values(float *strips, const float *v, size_t stride, size_t T, size_t D)
{
    for (size_t d = 0; d < D; d += MCI_LINE) {
        size_t n = D - d < MCI_LINE ? D - d : MCI_LINE;
        for (size_t t = 0; t < T; t++, strips += MCI_LINE) {
            memcpy(strips, v + t * stride + d, n * sizeof *strips);
            memset(strips + n, 0, (MCI_LINE - n) * sizeof *strips);
        }
    }
}

typedef struct {
    const mci_attention_job *job;
    attention_scratch s;
    const float *q; /* the first row's, of this head */
    size_t head, T;
} head_work;

/* y of the rows [first, first + n) of the sequence goes to the rows from y_row on. */
static void attend_rows(const head_work *work, size_t first, size_t n, size_t y_row)
{
    const mci_attention_job *job = work->job;
    const mci_cpu_kernels *kernels = job->ctx->kernels;
    const attention_scratch *s = &work->s;
    size_t D = job->D, T = work->T, stride = stride_of(T), y_stride = mci_lines_of(D) * MCI_LINE;
    size_t n_seen = job->causal ? first + n : T; /* by the last of them */
    size_t n_padded = mci_lines_of(n_seen) * MCI_LINE;
    float sums[ROWS_OF_A_BLOCK];
    for (size_t t = 0; t < n_seen; t += MCI_LINE)
        kernels->product(work->q + first * job->qkv->stride, job->qkv->stride, n, s->keys + t * D,
                         D, s->scores + t, stride, false);
    for (size_t r = 0; r < n; r++) {
        float *row = s->scores + r * stride;
        sums[r] = kernels->softmax(row, job->causal ? first + r + 1 : T, n_padded,
                                   1.0f / sqrtf((float)D));
        if (job->y->rounded)
            kernels->round(row, n_padded);
    }
    for (size_t d = 0; d < D; d += MCI_LINE)
        kernels->product(s->scores, stride, n, s->values + d * T, n_seen, s->y + d, y_stride,
                         false);
    for (size_t r = 0; r < n; r++) {
        kernels->scale(s->y + r * y_stride, y_stride, 1.0f / sums[r]);
        if (job->y->rounded)
            kernels->round(s->y + r * y_stride, y_stride);
        memcpy(mci_row_f32(job->y, y_row + r) + work->head * D, s->y + r * y_stride,
               D * sizeof(float));
    }
}

static void attention_f32(const mci_attention_job *job, size_t sequence, size_t head, char *scratch)
{
    size_t start = job->s.starts[sequence], T = job->s.starts[sequence + 1] - start;
    size_t K = job->y->K, stride = job->qkv->stride;
    head_work work = { .job = job, .head = head, .T = T };
    work.q = mci_row_f32(job->qkv, start) + head * job->D;
    lay_scratch(&work.s, scratch, T, job->D);
    size_t n_seen = job->only && job->causal ? job->only[sequence] + 1 : T;
    lay_keys(work.s.keys, work.q + K, stride, n_seen, job->D);
    lay_values(work.s.values, work.q + 2 * K, stride, T, job->D);
    if (job->only) {
        attend_rows(&work, job->only[sequence], 1, sequence);
        return;
    }
    for (size_t r = 0; r < T; r += ROWS_OF_A_BLOCK)
        attend_rows(&work, r, T - r < ROWS_OF_A_BLOCK ? T - r : ROWS_OF_A_BLOCK, start + r);
}

static void attention_task(void *user, size_t task, unsigned worker)
{
    const mci_attention_job *job = user;
    char *scratch = mci_scratch_of(job->ctx, worker);
    if (job->ctx->amx)
        job->ctx->amx->attention(job, task / job->heads, task % job->heads, scratch);
    else
        attention_f32(job, task / job->heads, task % job->heads, scratch);
}

static size_t longest(mci_nn_sequences s, const uint32_t *only)
{
    size_t T = 0;
    for (size_t i = 0; i < s.n; i++) {
        size_t length = s.starts[i + 1] - s.starts[i];
        assert(length > 0 && (!only || only[i] < length));
        T = length > T ? length : T;
    }
    (void)only;
    return T;
}

void mci_cpu_attention(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *qkv,
                       mci_nn_sequences s, size_t heads, bool causal, const uint32_t *only)
{
    mci_attention_job job = { .ctx = ctx,
                              .y = y,
                              .qkv = qkv,
                              .s = s,
                              .heads = heads,
                              .D = y->K / heads,
                              .causal = causal,
                              .only = only };
    assert(qkv->use == MCI_NN_QKV && y->use == MCI_NN_INPUT && qkv->K == 3 * y->K);
    assert(y->K % heads == 0 && s.starts[s.n] == qkv->n_rows);
    y->n_rows = only ? s.n : qkv->n_rows;
    assert(y->n_rows <= y->max_rows);
    size_t T = longest(s, only);
    if (mci_cpu_reserve(ctx, ctx->amx ? ctx->amx->attention_bytes(T, job.D)
                                      : lay_scratch(NULL, NULL, T, job.D)))
        mci_team_run(ctx->team, s.n * heads, attention_task, &job);
}
