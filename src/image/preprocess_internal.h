/* What preprocess.c and image_options.c share. */
#ifndef MCI_MODEL_PREPROCESS_INTERNAL_H
#define MCI_MODEL_PREPROCESS_INTERNAL_H

#include "base/error.h"
#include "image/preprocess.h"

/* What an image of this size is resized to. MC_E_LIMIT if it is too narrow. */
mc_status mci_resized_size(const mc_image_options *options, uint32_t width, uint32_t height,
                           uint32_t *out_width, uint32_t *out_height, mc_error *err);

#endif
