/* The operations that move rows, and their gradients. */
#include <assert.h>

#include "nn/ref_internal.h"

void mci_ref_patches(mci_nn_ctx *ctx, mci_nn_tensor *y, const float *pixels, size_t n, size_t S,
                     size_t P)
{
    const size_t G = S / P;
    float *out = y->rows;
    (void)ctx;
    assert(y->K == 3 * P * P);
    mci_ref_set_rows(y, n * G * G);
    for (size_t row = 0; row < y->R; row++) {
        const float *image = pixels + row / (G * G) * 3 * S * S;
        const size_t top = row % (G * G) / G * P, left = row % G * P;
        for (size_t c = 0; c < 3; c++)
            for (size_t i = 0; i < P; i++)
                for (size_t j = 0; j < P; j++)
                    *out++ = image[(c * S + top + i) * S + left + j];
    }
}

static void add_rows(float *y, const float *a, const float *b, size_t K)
{
    for (size_t k = 0; k < K; k++)
        y[k] = a[k] + b[k];
}

void mci_ref_join_patches(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x, size_t n,
                          const mci_nn_table *first, const mci_nn_table *places)
{
    const size_t K = y->K, T = places->R;
    (void)ctx;
    assert(x->K == K && places->K == K && first->K == K && x->R == n * (T - 1));
    mci_ref_set_rows(y, n * T);
    for (size_t i = 0; i < n; i++) {
        for (size_t t = 0; t < T; t++) {
            const float *row = t ? x->rows + (i * (T - 1) + t - 1) * K : first->rows;
            add_rows(y->rows + (i * T + t) * K, row, places->rows + t * K, K);
        }
    }
}

static void add_to(float *sum, const float *row, size_t K)
{
    for (size_t k = 0; k < K; k++)
        sum[k] += row[k];
}

void mci_ref_join_patches_backward(mci_nn_ctx *ctx, mci_nn_tensor *dx, const mci_nn_tensor *dy,
                                   size_t n, const mci_nn_table *first, const mci_nn_table *places,
                                   mci_nn_vector *grads)
{
    const size_t K = dy->K, T = places->R;
    (void)ctx;
    assert(dx->K == K && dy->R == n * T);
    mci_ref_set_rows(dx, n * (T - 1));
    for (size_t i = 0; i < n; i++) {
        const float *rows = dy->rows + i * T * K;
        add_to(grads->values + first->at.grad, rows, K);
        for (size_t t = 0; t < T; t++)
            add_to(grads->values + places->at.grad + t * K, rows + t * K, K);
        memcpy(dx->rows + i * (T - 1) * K, rows + K, (T - 1) * K * sizeof *rows);
    }
}

void mci_ref_embed(mci_nn_ctx *ctx, mci_nn_tensor *y, const int32_t *ids, mci_nn_sequences s,
                   const mci_nn_table *words, const mci_nn_table *places)
{
    const size_t K = y->K;
    (void)ctx;
    assert(words->K == K && places->K == K);
    mci_ref_set_rows(y, s.starts[s.n]);
    for (size_t i = 0; i < s.n; i++) {
        for (size_t row = s.starts[i]; row < s.starts[i + 1]; row++) {
            size_t place = row - s.starts[i];
            assert((size_t)ids[row] < words->R && place < places->R);
            add_rows(y->rows + row * K, words->rows + (size_t)ids[row] * K,
                     places->rows + place * K, K);
        }
    }
}

void mci_ref_places_backward(const mci_nn_tensor *dy, mci_nn_sequences s,
                             const mci_nn_table *places, mci_nn_vector *grads)
{
    const size_t K = dy->K;
    for (size_t i = 0; i < s.n; i++)
        for (size_t row = s.starts[i]; row < s.starts[i + 1]; row++)
            add_to(grads->values + places->at.grad + (row - s.starts[i]) * K, dy->rows + row * K,
                   K);
}

void mci_ref_embed_backward(mci_nn_ctx *ctx, const mci_nn_tensor *dy, const int32_t *ids,
                            mci_nn_sequences s, const mci_nn_table *words,
                            const mci_nn_table *places, mci_nn_vector *grads)
{
    const size_t K = dy->K;
    (void)ctx;
    for (size_t row = 0; row < s.starts[s.n]; row++)
        add_to(grads->values + words->at.grad + (size_t)ids[row] * K, dy->rows + row * K, K);
    mci_ref_places_backward(dy, s, places, grads);
}

void mci_ref_pick(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x, const uint32_t *rows,
                  size_t n)
{
    (void)ctx;
    assert(x->K == y->K);
    mci_ref_set_rows(y, n);
    for (size_t i = 0; i < n; i++) {
        assert(rows[i] < x->R);
        memcpy(y->rows + i * y->K, x->rows + rows[i] * x->K, y->K * sizeof *y->rows);
    }
}

void mci_ref_pick_backward(mci_nn_ctx *ctx, mci_nn_tensor *dx, const mci_nn_tensor *dy,
                           const uint32_t *rows, size_t n, size_t R)
{
    const size_t K = dy->K;
    (void)ctx;
    assert(dx->K == K && dy->R == n);
    mci_ref_set_rows(dx, R);
    memset(dx->rows, 0, R * K * sizeof *dx->rows);
    for (size_t i = 0; i < n; i++)
        add_to(dx->rows + rows[i] * K, dy->rows + i * K, K);
}

void mci_ref_copy(mci_nn_tensor *y, const mci_nn_tensor *x)
{
    assert(x->K == y->K);
    mci_ref_set_rows(y, x->R);
    memcpy(y->rows, x->rows, x->R * x->K * sizeof *y->rows);
}
