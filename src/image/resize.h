/* A window of a resized image, made row by row as the source's rows come: Pillow's two passes,
 * first across with results rounded to bytes, then down, but only for what the window needs, and
 * with no more rows in memory than one resized row is made of. Pixels are of four bytes; channels
 * do not touch each other. */
#ifndef MCI_MODEL_RESIZE_H
#define MCI_MODEL_RESIZE_H

#include "base/error.h"
#include "image/resize_kernels.h"
#include "metaclip/image.h"

typedef struct {
    mc_resample filter;
    uint32_t in_width, in_height;   /* the source */
    uint32_t out_width, out_height; /* what it would become as a whole */
    uint32_t x, y, width, height;   /* the window of that, which is made */
} mci_resize_plan;

/* Takes a row of the window, `width` pixels; lent for the call. */
typedef void mci_resize_sink(void *user, uint32_t y, const uint8_t *row);

typedef struct mci_resizer mci_resizer; /* one thread at a time; used again and again */

/* kernels NULL: the best. */
mc_status mci_resizer_new(const mci_resize_kernels *kernels, mci_resizer **out, mc_error *err);
void mci_resizer_free(mci_resizer *resizer);

/* What of the source is needed. */
typedef struct {
    uint32_t x, y, width, height;
} mci_resize_need;

mc_status mci_resizer_begin(mci_resizer *resizer, const mci_resize_plan *plan,
                            mci_resize_need *need, mc_error *err);
/* The next n of the rows that are needed, each from its first pixel on; n is a multiple of
 * MCI_RESIZE_ROWS unless they are the last. 16 bytes behind each may be read. Rows of the window go
 * to sink as soon as they are known. */
void mci_resizer_rows(mci_resizer *resizer, const uint8_t *const rows[], uint32_t n,
                      mci_resize_sink *sink, void *user);

/* The same window of one channel of 32-bit numbers, in double arithmetic, as Pillow does mode I.
 * The rows are all those that mci_resizer_begin asked for; out is int32_t [height, width]. */
mc_status mci_resize_ints(mci_resizer *resizer, const int32_t *rows, int32_t *out, mc_error *err);

#endif
