/* Layer norm, and its gradient. Source: Ba, Kiros & Hinton, arXiv:1607.06450. */
#include <assert.h>
#include <math.h>

#include "nn/ref_internal.h"

/* (x - mean) * scale has mean 0 and variance 1, but for eps. */
static void find_scale(const float *x, size_t K, float eps, double *mean, double *scale)
{
    double sum = 0.0, var = 0.0;
    for (size_t k = 0; k < K; k++)
        sum += (double)x[k];
    *mean = sum / (double)K;
    for (size_t k = 0; k < K; k++)
        var += ((double)x[k] - *mean) * ((double)x[k] - *mean);
    *scale = 1.0 / sqrt(var / (double)K + (double)eps);
}

void mci_ref_layernorm(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x,
                       const mci_nn_norm *norm)
{
    const size_t K = norm->K;
    double mean, scale;
    (void)ctx;
    assert(x->K == K && y->K == K);
    mci_ref_set_rows(y, x->R);
    for (size_t row = 0; row < x->R; row++) {
        const float *in = x->rows + row * K;
        float *out = y->rows + row * K;
        find_scale(in, K, norm->eps, &mean, &scale);
        for (size_t k = 0; k < K; k++)
            out[k] = (float)(((double)in[k] - mean) * scale * (double)norm->gamma[k] +
                             (double)norm->beta[k]);
    }
}

/* With h = (x - mean) scale and dh = dy gamma:
 *   dx = scale (dh - mean(dh) - h mean(dh h));   dgamma += dy h;   dbeta += dy */
static void row_backward(const mci_nn_norm *norm, const float *x, const float *dy, float *dx,
                         bool add, float *dgamma, float *dbeta)
{
    const size_t K = norm->K;
    double mean, scale, mean_dh = 0.0, mean_dhh = 0.0;
    find_scale(x, K, norm->eps, &mean, &scale);
    for (size_t k = 0; k < K; k++) {
        double h = ((double)x[k] - mean) * scale, dh = (double)dy[k] * (double)norm->gamma[k];
        mean_dh += dh;
        mean_dhh += dh * h;
        dgamma[k] += (float)((double)dy[k] * h);
        dbeta[k] += dy[k];
    }
    mean_dh /= (double)K;
    mean_dhh /= (double)K;
    for (size_t k = 0; k < K; k++) {
        double h = ((double)x[k] - mean) * scale, dh = (double)dy[k] * (double)norm->gamma[k];
        double value = scale * (dh - mean_dh - h * mean_dhh);
        dx[k] = (float)(add ? (double)dx[k] + value : value);
    }
}

void mci_ref_layernorm_backward(mci_nn_ctx *ctx, mci_nn_tensor *dx, mci_nn_tensor *rows,
                                mci_nn_tensor *y, const mci_nn_tensor *dy, const mci_nn_tensor *x,
                                const mci_nn_norm *norm, mci_nn_vector *grads, bool add)
{
    const size_t K = norm->K;
    assert(x->K == K && dy->K == K && dx->K == K && dy->R == x->R && (!add || dx->R == x->R));
    mci_ref_set_rows(dx, x->R);
    for (size_t row = 0; row < x->R; row++)
        row_backward(norm, x->rows + row * K, dy->rows + row * K, dx->rows + row * K, add,
                     grads->values + norm->at_gamma.grad, grads->values + norm->at_beta.grad);
    if (y)
        mci_ref_layernorm(ctx, y, x, norm);
    if (rows)
        mci_ref_copy(rows, dx);
}
