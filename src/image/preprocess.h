/* One image from a file's bytes to a model's input, in two steps, so that what is cut out can
 * depend on the image's size; metaclip/image.h's calls do both at once. */
#ifndef MCI_MODEL_PREPROCESS_H
#define MCI_MODEL_PREPROCESS_H

#include "image/resize.h"
#include "metaclip/image.h"

/* Begins an image; the bytes must stay. *width and *height are the image's, after turning and
 * shrinking. */
mc_status mci_prepare_begin(mc_image_scratch *scratch, const mc_image_options *options, mc_str file,
                            uint32_t *width, uint32_t *height, mc_error *err);

/* A part of the image: pixels x..x+width-1, y..y+height-1. */
typedef struct {
    uint32_t x, y, width, height;
} mci_image_box;

/* Where results go: one of the two. */
typedef struct {
    float *pixels;  /* f32 [3, H, W] */
    uint8_t *bytes; /* u8 [H, W, 3] */
} mci_prepared;

/* The box, resized to all of the output's size; what is outside of it does not touch the result, as
 * with torchvision's RandomResizedCrop, which crops, then resizes. MC_E_ARG: the box is empty or
 * not in the image. */
mc_status mci_prepare_box(mc_image_scratch *scratch, const mc_image_options *options,
                          const mci_image_box *box, const mci_prepared *to, mc_error *err);

/* As the options say: resized, cropped from the middle. */
mc_status mci_prepare_whole(mc_image_scratch *scratch, const mc_image_options *options,
                            const mci_prepared *to, mc_error *err);

/* Of what is resized to `resized` and cropped to `crop`: where the crop begins, at the middle as
 * Python's int(round((resized - crop) / 2)) finds it; 0 if the image is smaller. */
uint32_t mci_crop_at(uint32_t resized, uint32_t crop);

#endif
