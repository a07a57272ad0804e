/* Arithmetic on features, which are few enough for plain loops. */
#include <math.h>

#include "metaclip/model.h"

static double dot(const float *a, const float *b, size_t D)
{
    double sum = 0.0;
    for (size_t d = 0; d < D; d++)
        sum += (double)a[d] * (double)b[d];
    return sum;
}

void mc_features_normalize(float *rows, size_t n, size_t D)
{
    for (size_t i = 0; i < n; i++) {
        float *row = rows + i * D;
        double length = sqrt(dot(row, row, D));
        for (size_t d = 0; length > 0.0 && d < D; d++)
            row[d] = (float)((double)row[d] / length);
    }
}

void mc_features_logits(const float *images, size_t n, const float *texts, size_t m, size_t D,
                        float scale, float *out)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            out[i * m + j] = (float)((double)scale * dot(images + i * D, texts + j * D, D));
}
