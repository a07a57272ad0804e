/* A classifier made of words: a class is the mean direction of the prompts that name it.
 * Source: Radford et al. 2021, section 3.1.4 (prompt ensembling). */
#ifndef MCI_EVAL_ZEROSHOT_H
#define MCI_EVAL_ZEROSHOT_H

#include "base/error.h"
#include "metaclip/base.h"

/* out f32 [C, D]: for each class the mean of its P normalised prompt features, normalised again.
 *   prompts  f32 [C, P, D], as the text tower gave them; changed: normalised */
void mci_zeroshot_weights(float *prompts, size_t C, size_t P, size_t D, float *out);

/* The variant that first takes out what all classes share: subtracts the mean over the classes and
 * divides by the deviation (of C - 1), dimension by dimension, before the last normalisation. The
 * same mean and deviation [D] must then be applied to image features.
 *   means  f32 [C, D], the means of normalised prompts, become the weights */
void mci_zeroshot_standardize(float *means, size_t C, size_t D, float *mean, float *deviation);
/* rows [n, D]: (row - mean) / deviation, normalised. */
void mci_zeroshot_apply(float *rows, size_t n, size_t D, const float *mean, const float *deviation);
/* The means of normalised prompts, not normalised again: what standardize() takes. */
void mci_zeroshot_means(float *prompts, size_t C, size_t P, size_t D, float *out);

#endif
