/* Softmax(Q K^T / sqrt(D)) V, one query after the other. */
#include <assert.h>
#include <math.h>

#include "nn/ref_internal.h"

/* What one head of one query gives to each of T keys: exp(score - largest), of which the sum is
 * returned.
 *   q  [D];  k  [T, D] in rows that lie `stride` apart;  out  [T] */
static double find_weights(mci_nn_precision precision, const float *q, const float *k,
                           size_t stride, size_t T, size_t D, float *out)
{
    const double scale = 1.0 / sqrt((double)D);
    double largest = -INFINITY, sum = 0.0;
    for (size_t t = 0; t < T; t++) {
        double dot = 0.0;
        for (size_t d = 0; d < D; d++)
            dot += (double)mci_ref_in(precision, q[d]) *
                   (double)mci_ref_in(precision, k[t * stride + d]);
        out[t] = (float)(dot * scale);
        largest = fmax(largest, (double)out[t]);
    }
    for (size_t t = 0; t < T; t++) {
        out[t] = (float)exp((double)out[t] - largest);
        sum += (double)out[t];
    }
    return sum;
}

/* v as k above;  y  [D] */
static void attend(mci_nn_precision precision, const float *q, const float *k, const float *v,
                   size_t stride, size_t T, size_t D, float *scores, float *y)
{
    const double sum = find_weights(precision, q, k, stride, T, D, scores);
    for (size_t d = 0; d < D; d++) {
        double mean = 0.0;
        for (size_t t = 0; t < T; t++)
            mean += (double)mci_ref_in(precision, scores[t]) *
                    (double)mci_ref_in(precision, v[t * stride + d]);
        y[d] = (float)(mean / sum);
    }
}

/* All heads of the query in row `query` (of all) of a sequence with the rows first .. end - 1. */
static void attend_row(mci_nn_ctx *ctx, const mci_nn_tensor *qkv, size_t query, size_t first,
                       size_t end, size_t heads, float *y)
{
    const size_t stride = qkv->K, C = qkv->K / 3, D = C / heads;
    for (size_t head = 0; head < heads; head++) {
        const float *q = qkv->rows + query * stride + head * D;
        const float *k = qkv->rows + first * stride + C + head * D;
        attend(ctx->precision, q, k, k + C, stride, end - first, D, ctx->scores, y + head * D);
    }
}

void mci_ref_attention(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *qkv,
                       mci_nn_sequences s, size_t heads, bool causal, const uint32_t *only)
{
    const size_t C = y->K;
    assert(qkv->K == 3 * C && C % heads == 0 && qkv->R == s.starts[s.n]);
    mci_ref_set_rows(y, only ? s.n : qkv->R);
    for (size_t i = 0; i < s.n; i++) {
        size_t first = s.starts[i], end = s.starts[i + 1];
        size_t query = only ? first + only[i] : first, last = only ? query + 1 : end;
        for (; query < last; query++)
            attend_row(ctx, qkv, query, first, causal ? query + 1 : end, heads,
                       y->rows + (only ? i : query) * C);
    }
}

/* ---- the gradient ---- */

/* With p the weights, which have the sum 1, and dp_t = dy . v_t:  ds_t = p_t (dp_t - sum p dp)
 * scale, and dq = sum ds_t k_t;   dk_t += ds_t q;   dv_t += p_t dy. Pointers as attend()'s, those
 * to gradients with the same strides. */
static void attend_backward(const float *q, const float *k, const float *v, size_t stride, size_t T,
                            size_t D, const float *p, const float *dy, float *dq, float *dk,
                            float *dv)
{
    const double scale = 1.0 / sqrt((double)D);
    double mean = 0.0;
    for (size_t t = 0; t < T; t++)
        for (size_t d = 0; d < D; d++)
            mean += (double)p[t] * (double)dy[d] * (double)v[t * stride + d];
    for (size_t t = 0; t < T; t++) {
        double dp = 0.0;
        for (size_t d = 0; d < D; d++)
            dp += (double)dy[d] * (double)v[t * stride + d];
        const double ds = (double)p[t] * (dp - mean) * scale;
        for (size_t d = 0; d < D; d++) {
            dq[d] += (float)(ds * (double)k[t * stride + d]);
            dk[t * stride + d] += (float)(ds * (double)q[d]);
            dv[t * stride + d] += (float)((double)p[t] * (double)dy[d]);
        }
    }
}

/* All heads of the query in row `query` (of all), as attend_row(). dy: its row. */
static void attend_row_backward(mci_nn_ctx *ctx, mci_nn_tensor *dqkv, const float *dy,
                                const mci_nn_tensor *qkv, size_t query, size_t first, size_t end,
                                size_t heads)
{
    const size_t stride = qkv->K, C = qkv->K / 3, D = C / heads, T = end - first;
    for (size_t head = 0; head < heads; head++) {
        const size_t at_q = query * stride + head * D, at_k = first * stride + C + head * D;
        const double sum = find_weights(ctx->precision, qkv->rows + at_q, qkv->rows + at_k, stride,
                                        T, D, ctx->scores);
        for (size_t t = 0; t < T; t++)
            ctx->scores[t] = (float)((double)ctx->scores[t] / sum);
        attend_backward(qkv->rows + at_q, qkv->rows + at_k, qkv->rows + at_k + C, stride, T, D,
                        ctx->scores, dy + head * D, dqkv->rows + at_q, dqkv->rows + at_k,
                        dqkv->rows + at_k + C);
    }
}

void mci_ref_attention_backward(mci_nn_ctx *ctx, mci_nn_tensor *dqkv, const mci_nn_tensor *dy,
                                const mci_nn_tensor *qkv, mci_nn_sequences s, size_t heads,
                                bool causal, const uint32_t *only)
{
    const size_t C = dy->K;
    assert(qkv->K == 3 * C && dqkv->K == 3 * C && qkv->R == s.starts[s.n]);
    assert(dy->R == (only ? s.n : qkv->R));
    mci_ref_set_rows(dqkv, qkv->R);
    memset(dqkv->rows, 0, qkv->R * qkv->K * sizeof *dqkv->rows);
    for (size_t i = 0; i < s.n; i++) {
        size_t first = s.starts[i], end = s.starts[i + 1];
        size_t query = only ? first + only[i] : first, last = only ? query + 1 : end;
        for (; query < last; query++)
            attend_row_backward(ctx, dqkv, dy->rows + (only ? i : query) * C, qkv, query, first,
                                causal ? query + 1 : end, heads);
    }
}
