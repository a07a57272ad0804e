/* Which part of an image is trained on. */
#ifndef MCI_TRAIN_RANDOM_CROP_H
#define MCI_TRAIN_RANDOM_CROP_H

#include "image/preprocess.h"
#include "train/draws.h"

typedef struct {
    double min_scale, max_scale; /* of the image's area */
    double min_ratio, max_ratio; /* width to height */
} mci_crop_range;

/* A box as torchvision's RandomResizedCrop takes it: an area uniform in the range of scales and a
 * shape whose logarithm is uniform in that of ratios, both sides rounded (halves to even), at a
 * uniform place; if it does not fit, again, up to ten times; then the largest from the middle whose
 * shape is in the range. The law is torchvision's, the numbers are ours: draws, four a try that
 * fits and two for one that does not.
 * Source: torchvision 0.15, transforms.RandomResizedCrop.get_params. */
mci_image_box mci_random_crop(mci_draws draws, const mci_crop_range *range, uint32_t width,
                              uint32_t height);

#endif
