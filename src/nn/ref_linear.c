/* y = f(x W^T + b). */
#include <assert.h>
#include <math.h>

#include "nn/ref_internal.h"

static double activate(mci_nn_activation f, double x)
{
    switch (f) {
    case MCI_NN_GELU:
        return 0.5 * x * (1.0 + erf(x * 0.70710678118654752440));
    case MCI_NN_QUICK_GELU:
        return x / (1.0 + exp(-1.702 * x));
    default:
        return x;
    }
}

static double dot(const float *x, const float *w, size_t K, mci_nn_precision precision)
{
    double sum = 0.0;
    for (size_t k = 0; k < K; k++)
        sum += (double)mci_ref_in(precision, x[k]) * (double)w[k];
    return sum;
}

void mci_ref_linear(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x,
                    const mci_nn_weight *weight, mci_nn_activation f, bool add)
{
    const size_t N = weight->N, K = weight->K;
    (void)ctx;
    assert(x->K == K && y->K == N && x != y && (!add || y->R == x->R));
    mci_ref_set_rows(y, x->R);
    for (size_t row = 0; row < x->R; row++) {
        float *out = y->rows + row * N;
        for (size_t n = 0; n < N; n++) {
            double sum = dot(x->rows + row * K, weight->w + n * K, K, weight->precision);
            float value = (float)activate(f, sum + (double)weight->bias[n]);
            out[n] = add ? out[n] + value : value;
        }
    }
}
