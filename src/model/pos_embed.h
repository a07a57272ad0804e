/* Position tables for other image sizes. */
#ifndef MCI_MODEL_POS_EMBED_H
#define MCI_MODEL_POS_EMBED_H

#include <stddef.h>

/* Resizes a table of 1 + from*from rows to 1 + to*to: the first row, of the class token, is kept,
 * the others are a grid that is interpolated bicubically with aligned corners, as PyTorch's
 * interpolate(mode="bicubic", align_corners=True) does and OpenCLIP uses it.
 *   in  f32 [1 + from*from, K];  out  f32 [1 + to*to, K] */
void mci_pos_embed_resize(const float *in, size_t from, float *out, size_t to, size_t K);

#endif
