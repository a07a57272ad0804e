#include "eval/zeroshot.h"

#include <math.h>

#include "metaclip/model.h"

void mci_zeroshot_means(float *prompts, size_t C, size_t P, size_t D, float *out)
{
    mc_features_normalize(prompts, C * P, D);
    for (size_t c = 0; c < C; c++) {
        for (size_t d = 0; d < D; d++) {
            double sum = 0.0;
            for (size_t p = 0; p < P; p++)
                sum += (double)prompts[(c * P + p) * D + d];
            out[c * D + d] = (float)(sum / (double)P);
        }
    }
}

void mci_zeroshot_weights(float *prompts, size_t C, size_t P, size_t D, float *out)
{
    mci_zeroshot_means(prompts, C, P, D, out);
    mc_features_normalize(out, C, D);
}

void mci_zeroshot_apply(float *rows, size_t n, size_t D, const float *mean, const float *deviation)
{
    for (size_t i = 0; i < n * D; i++)
        rows[i] = (rows[i] - mean[i % D]) / deviation[i % D];
    mc_features_normalize(rows, n, D);
}

void mci_zeroshot_standardize(float *means, size_t C, size_t D, float *mean, float *deviation)
{
    for (size_t d = 0; d < D; d++) {
        double sum = 0.0, squares = 0.0;
        for (size_t c = 0; c < C; c++)
            sum += (double)means[c * D + d];
        sum /= (double)C;
        for (size_t c = 0; c < C; c++)
            squares += ((double)means[c * D + d] - sum) * ((double)means[c * D + d] - sum);
        mean[d] = (float)sum;
        deviation[d] = (float)sqrt(squares / (double)(C - 1));
    }
    mci_zeroshot_apply(means, C, D, mean, deviation);
}
