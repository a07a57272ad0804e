#include "model/pos_embed.h"

#include <math.h>
#include <string.h>

/* Keys' kernel with a = -0.75, for the distances 1+x, x, 1-x, 2-x of the four neighbours. */
static void cubic_weights(double x, double w[4])
{
    const double a = -0.75;
    const double far[2] = { 1.0 + x, 2.0 - x }, near[2] = { x, 1.0 - x };
    for (int i = 0; i < 2; i++) {
        double f = far[i], n = near[i];
        w[i * 3] = ((a * f - 5.0 * a) * f + 8.0 * a) * f - 4.0 * a;
        w[1 + i] = ((a + 2.0) * n - (a + 3.0)) * n * n + 1.0;
    }
}

/* The four neighbours of place i of `to`, among `from`, and their weights. */
static void neighbours(size_t i, size_t from, size_t to, size_t at[4], double w[4])
{
    double place = to > 1 ? (double)i * (double)(from - 1) / (double)(to - 1) : 0.0;
    long base = (long)floor(place), last = (long)from - 1;
    cubic_weights(place - (double)base, w);
    for (long j = 0; j < 4; j++) {
        long k = base - 1 + j;
        at[j] = (size_t)(k < 0 ? 0 : k > last ? last : k);
    }
}

static void interpolate(const float *grid, size_t from, size_t row, size_t col, size_t to,
                        float *out, size_t K)
{
    size_t rows[4], cols[4];
    double down[4], across[4];
    neighbours(row, from, to, rows, down);
    neighbours(col, from, to, cols, across);
    for (size_t k = 0; k < K; k++) {
        double sum = 0.0;
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++)
                sum += down[i] * across[j] * (double)grid[(rows[i] * from + cols[j]) * K + k];
        out[k] = (float)sum;
    }
}

void mci_pos_embed_resize(const float *in, size_t from, float *out, size_t to, size_t K)
{
    memcpy(out, in, K * sizeof *out);
    for (size_t row = 0; row < to; row++)
        for (size_t col = 0; col < to; col++)
            interpolate(in + K, from, row, col, to, out + (1 + row * to + col) * K, K);
}
