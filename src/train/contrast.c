#include "train/contrast.h"

#include <math.h>

static double dot(const float *a, const float *b, size_t D)
{
    double sum = 0.0;
    for (size_t d = 0; d < D; d++)
        sum += (double)a[d] * (double)b[d];
    return sum;
}

/* In one pass: the sum is kept relative to the largest so far. */
void mci_contrast_lse(const float *a, size_t m, const float *b, size_t N, size_t D, double scale,
                      double *lse)
{
    for (size_t i = 0; i < m; i++) {
        double largest = -INFINITY, sum = 0.0;
        for (size_t j = 0; j < N; j++) {
            const double s = scale * dot(a + i * D, b + j * D, D);
            if (s > largest) {
                sum = sum * exp(largest - s) + 1.0;
                largest = s;
            } else {
                sum += exp(s - largest);
            }
        }
        lse[i] = largest + log(sum);
    }
}

double mci_contrast_loss(const float *a, size_t m, size_t first, const float *b, size_t D,
                         double scale, const double *lse_a, const double *lse_b)
{
    double sum = 0.0;
    for (size_t i = 0; i < m; i++) {
        const double s = scale * dot(a + i * D, b + (first + i) * D, D);
        sum += 0.5 * (lse_a[i] + lse_b[i]) - s;
    }
    return sum;
}

/* With p = softmax over the row and q over the column: ds_ij = (p_ij + q_ij - 2 [i = j]) / 2N. */
static double row_backward(const float *a, size_t own, const float *b, size_t N, size_t D,
                           double scale, double lse_a, const double *lse_b, float *da)
{
    double dscale = 0.0;
    memset(da, 0, D * sizeof *da);
    for (size_t j = 0; j < N; j++) {
        const double s = scale * dot(a, b + j * D, D);
        const double two = j == own ? 2.0 : 0.0;
        const double ds = (exp(s - lse_a) + exp(s - lse_b[j]) - two) / (2.0 * (double)N);
        dscale += ds * s;
        for (size_t d = 0; d < D; d++)
            da[d] += (float)(ds * scale * (double)b[j * D + d]);
    }
    return dscale;
}

double mci_contrast_backward(const float *a, size_t m, size_t first, const float *b, size_t N,
                             size_t D, double scale, const double *lse_a, const double *lse_b,
                             float *da)
{
    double dscale = 0.0;
    for (size_t i = 0; i < m; i++)
        dscale += row_backward(a + i * D, first + i, b, N, D, scale, lse_a[i], lse_b, da + i * D);
    return dscale;
}

void mci_normalize_rows(float *rows, size_t n, size_t D, double *lengths)
{
    for (size_t i = 0; i < n; i++) {
        float *row = rows + i * D;
        lengths[i] = fmax(sqrt(dot(row, row, D)), 1e-12);
        for (size_t d = 0; d < D; d++)
            row[d] = (float)((double)row[d] / lengths[i]);
    }
}

/* The part along the row itself cannot change it: df = (dy - y (y . dy)) / length. */
void mci_normalize_backward(const float *rows, size_t n, size_t D, const double *lengths,
                            float *drows)
{
    for (size_t i = 0; i < n; i++) {
        const float *y = rows + i * D;
        float *dy = drows + i * D;
        const double along = dot(y, dy, D);
        for (size_t d = 0; d < D; d++)
            dy[d] = (float)(((double)dy[d] - along * (double)y[d]) / lengths[i]);
    }
}
