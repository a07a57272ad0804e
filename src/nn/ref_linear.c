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

/* Of a row of x and the column n of W^T. */
static double dot(const float *x, const mci_nn_weight *weight, size_t n)
{
    double sum = 0.0;
    for (size_t k = 0; k < weight->K; k++)
        sum += (double)mci_ref_in(weight->precision, x[k]) * mci_ref_weight_at(weight, n, k);
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
            double sum = dot(x->rows + row * K, weight, n) + mci_ref_bias_at(weight, n);
            float value = (float)activate(f, sum);
            out[n] = add ? out[n] + value : value;
        }
    }
}

/* ---- in training ---- */

static double slope(mci_nn_activation f, double x)
{
    double s;
    switch (f) {
    case MCI_NN_GELU:
        return 0.5 * (1.0 + erf(x * 0.70710678118654752440)) +
               x * exp(-0.5 * x * x) * 0.39894228040143267794;
    case MCI_NN_QUICK_GELU:
        s = 1.0 / (1.0 + exp(-1.702 * x));
        return s * (1.0 + 1.702 * x * (1.0 - s));
    default:
        return 1.0;
    }
}

void mci_ref_linear_onto(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *base,
                         const mci_nn_tensor *x, const mci_nn_weight *weight)
{
    assert(base->R == x->R);
    mci_ref_copy(y, base);
    mci_ref_linear(ctx, y, x, weight, MCI_NN_LINEAR, true);
}

static void activate_all(mci_nn_tensor *y, const mci_nn_tensor *z, mci_nn_activation f)
{
    assert(y->K == z->K);
    mci_ref_set_rows(y, z->R);
    for (size_t i = 0; i < z->R * z->K; i++)
        y->rows[i] = (float)activate(f, (double)z->rows[i]);
}

void mci_ref_linear_kept(mci_nn_ctx *ctx, mci_nn_tensor *y, mci_nn_tensor *z,
                         const mci_nn_tensor *x, const mci_nn_weight *weight, mci_nn_activation f)
{
    mci_ref_linear(ctx, z, x, weight, MCI_NN_LINEAR, false);
    activate_all(y, z, f);
}

void mci_ref_input_gradient(mci_nn_ctx *ctx, mci_nn_tensor *dx, const mci_nn_tensor *dy,
                            const mci_nn_weight *weight)
{
    const size_t N = weight->N, K = weight->K;
    (void)ctx;
    assert(dy->K == N && dx->K == K);
    mci_ref_set_rows(dx, dy->R);
    for (size_t row = 0; row < dy->R; row++) {
        for (size_t k = 0; k < K; k++) {
            double sum = 0.0;
            for (size_t n = 0; n < N; n++)
                sum += (double)mci_ref_in(weight->precision, dy->rows[row * N + n]) *
                       mci_ref_weight_at(weight, n, k);
            dx->rows[row * K + k] = (float)sum;
        }
    }
}

void mci_ref_inner_gradient(mci_nn_ctx *ctx, mci_nn_tensor *dz, mci_nn_tensor *x,
                            const mci_nn_tensor *dy, const mci_nn_tensor *z,
                            const mci_nn_weight *weight, mci_nn_activation f)
{
    assert(z->R == dy->R && z->K == weight->K);
    mci_ref_input_gradient(ctx, x, dy, weight);
    mci_ref_set_rows(dz, dy->R);
    for (size_t i = 0; i < z->R * z->K; i++) {
        const double at = (double)z->rows[i];
        dz->rows[i] = (float)((double)x->rows[i] * slope(f, at));
        x->rows[i] = (float)activate(f, at);
    }
}

static void products_gradient(const mci_nn_tensor *dy, const mci_nn_tensor *x,
                              const mci_nn_weight *weight, float *dw)
{
    const size_t N = weight->N, K = weight->K;
    for (size_t n = 0; n < N; n++) {
        for (size_t k = 0; k < K; k++) {
            double sum = 0.0;
            for (size_t row = 0; row < dy->R; row++)
                sum += (double)mci_ref_in(weight->precision, dy->rows[row * N + n]) *
                       (double)mci_ref_in(weight->precision, x->rows[row * K + k]);
            dw[weight->transposed ? k * N + n : n * K + k] += (float)sum;
        }
    }
}

static void bias_gradient(const mci_nn_tensor *dy, float *db)
{
    for (size_t n = 0; n < dy->K; n++) {
        double sum = 0.0;
        for (size_t row = 0; row < dy->R; row++)
            sum += (double)dy->rows[row * dy->K + n];
        db[n] += (float)sum;
    }
}

void mci_ref_weight_gradient(mci_nn_ctx *ctx, const mci_nn_tensor *dy, const mci_nn_tensor *x,
                             const mci_nn_weight *weight, mci_nn_vector *grads)
{
    (void)ctx;
    assert(dy->K == weight->N && x->K == weight->K && x->R == dy->R);
    products_gradient(dy, x, weight, grads->values + weight->at.grad);
    if (mci_nn_is_somewhere(weight->at_bias))
        bias_gradient(dy, grads->values + weight->at_bias.grad);
}
