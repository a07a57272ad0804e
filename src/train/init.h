/* The weights that a training from scratch starts from: OpenCLIP's, in distribution. */
#ifndef MCI_TRAIN_INIT_H
#define MCI_TRAIN_INIT_H

#include "train/params.h"

/* Fills out, f32 of the parameter's size; a pure function of seed, name and shape.
 *
 *   text    N(0, s): token_embedding 0.02, positional_embedding 0.01, in_proj C^-1/2, out_proj and
 *           c_proj (2 L C)^-1/2, c_fc (2 C)^-1/2, text_projection C^-1/2
 *   vision  N(0, C^-1/2): class and positional embedding, proj; in_proj uniform as Xavier's; the
 *           rest, and the biases of both towers' mlp, uniform within fan_in^-1/2
 *   norms 1 and 0; other biases 0; logit_scale ln(1/0.07)
 *
 * Source: Radford et al. 2021, arXiv:2103.00020, section 2.4, and PyTorch's defaults where CLIP
 * says nothing. */
void mci_init_param(const mci_clip_config *config, const mci_param *param, uint64_t seed,
                    float *out);

#endif
