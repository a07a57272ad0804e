/* Softmax(Q K^T / sqrt(D)) V, one query after the other. */
#include <assert.h>
#include <math.h>

#include "nn/ref_internal.h"

/* One head of one query.
 *   q  [D];  k, v  [T, D] in rows that lie `stride` apart;  scores  room for T;  y  [D] */
static void attend(mci_nn_precision precision, const float *q, const float *k, const float *v,
                   size_t stride, size_t T, size_t D, float *scores, float *y)
{
    const double scale = 1.0 / sqrt((double)D);
    double largest = -INFINITY, sum = 0.0;
    for (size_t t = 0; t < T; t++) {
        double dot = 0.0;
        for (size_t d = 0; d < D; d++)
            dot += (double)mci_ref_in(precision, q[d]) *
                   (double)mci_ref_in(precision, k[t * stride + d]);
        scores[t] = (float)(dot * scale);
        largest = fmax(largest, (double)scores[t]);
    }
    for (size_t t = 0; t < T; t++) {
        scores[t] = (float)exp((double)scores[t] - largest);
        sum += (double)scores[t];
    }
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
