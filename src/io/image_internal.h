/* What the decoders of image.c are to it. */
#ifndef MCI_IO_IMAGE_INTERNAL_H
#define MCI_IO_IMAGE_INTERNAL_H

#include "base/buf.h"
#include "io/image.h"

/* One format. A state is made when it is needed first, and used for many images. */
typedef struct {
    mc_status (*new_state)(void **out, mc_error *err);
    void (*free_state)(void *state); /* takes NULL */
    void (*drop)(void *state);       /* gives back what one image needed; takes NULL */
    /* Reads what stands before the pixels into info, whose kind is set. */
    mc_status (*begin)(void *state, mc_str bytes, const mci_image_limits *limits,
                       mci_image_info *info, mc_error *err);
    mc_status (*rows)(void *state, uint32_t n, const uint8_t *rows[], mc_error *err);
    mc_status (*finish)(void *state, mc_error *err);
    /* May be NULL: then all of a row is made, and rows that are skipped are read. */
    mc_status (*want)(void *state, uint32_t x, uint32_t n, mc_error *err);
    mc_status (*skip)(void *state, uint32_t n, mc_error *err);
} mci_image_decoder;

extern const mci_image_decoder mci_jpeg_decoder, mci_png_decoder, mci_webp_decoder;

/* MC_E_LIMIT unless an image of this size may be decoded with n_bytes of memory. */
mc_status mci_image_check_size(const mci_image_limits *limits, uint64_t width, uint64_t height,
                               uint64_t n_bytes, mc_error *err);

/* Rows of one image, or all of them, with MCI_IMAGE_SLACK bytes behind the last. */
typedef struct {
    uint8_t *data;
    size_t cap, row_bytes;
} mci_image_frame;

mc_status mci_image_frame_make(mci_image_frame *frame, size_t row_bytes, size_t n_rows,
                               mc_error *err);
/* Keeps small ones for the next image. */
void mci_image_frame_drop(mci_image_frame *frame);
void mci_image_frame_release(mci_image_frame *frame);

/* The orientation that the bytes of an EXIF block say, without "Exif\0\0" before it; 1 if they say
 * none. */
unsigned mci_exif_orientation(mc_str tiff);

#endif
