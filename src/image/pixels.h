/* Rows of pixels from one mode to another, as Pillow's convert() does it. All are of four bytes a
 * pixel but where `from` is of mode 1, L or P. */
#ifndef MCI_MODEL_PIXELS_H
#define MCI_MODEL_PIXELS_H

#include "io/image.h"

/* n pixels of the image's mode as red, green, blue and something. */
void mci_pixels_to_rgb(const mci_image_info *info, const uint8_t *from, size_t n, uint8_t *to);
/* Whether they are that already. */
bool mci_pixels_are_rgb(mci_image_mode mode);

/* The colours of LA and RGBA multiplied by alpha; and divided by it again, in place. */
void mci_pixels_premultiply(const uint8_t *from, size_t n, uint8_t *to);
void mci_pixels_unpremultiply(uint8_t *row, size_t n);

/* What bytes become: floats by a table for each channel, in three planes. */
typedef struct {
    float of[3][256];
} mci_pixel_table;

/* rescale 0: value / 255 in float32, else value * rescale in double; then (x - mean) / std in
 * float32. */
void mci_pixel_table_make(mci_pixel_table *table, double rescale, const float mean[3],
                          const float std[3]);
void mci_pixels_to_floats(const mci_pixel_table *table, const uint8_t *row, size_t n,
                          float *const planes[3]);
/* Drops the fourth byte. */
void mci_pixels_to_bytes(const uint8_t *row, size_t n, uint8_t *to);

#endif
