/* Image files as rows of pixels, in the mode of the file itself, as Pillow opens them: JPEG through
 * libjpeg-turbo, PNG through libpng, WebP through libwebp. Rows come as they are decoded, so that a
 * large photograph is never whole in memory where its format allows that (not an interlaced PNG, a
 * progressive JPEG, or WebP). Of an animation the first picture is read.
 *
 * Where Pillow 9.4 refuses a file, so does this, but for what docs/preprocess.md lists. */
#ifndef MCI_IO_IMAGE_H
#define MCI_IO_IMAGE_H

#include "base/error.h"
#include "io/image_kind.h"
#include "metaclip/base.h"

/* What the bytes of a pixel are. */
typedef enum {
    MCI_MODE_1,    /* 0 or 255 */
    MCI_MODE_L,    /* grey */
    MCI_MODE_P,    /* an index into the palette */
    MCI_MODE_LA,   /* grey three times, alpha */
    MCI_MODE_RGB,  /* red, green, blue, 255 */
    MCI_MODE_RGBA, /* alpha not multiplied in */
    MCI_MODE_CMYK, /* 255 is full ink */
    MCI_MODE_I     /* an int32_t: 16-bit grey */
} mci_image_mode;

const char *mci_image_mode_name(mci_image_mode mode); /* Pillow's: "RGB" */
/* 1 for the first three, else 4. */
size_t mci_image_pixel_bytes(mci_image_mode mode);

typedef struct {
    mci_image_kind kind;
    mci_image_mode mode;
    uint32_t width, height; /* of what is given: after shrinking, before turning */
    unsigned orientation;   /* EXIF's, 1 to 8, which rows do not follow; 1 if there is none */
    unsigned shrunk;        /* 1, 2, 4 or 8: by what the decoder shrank both sides */
    uint8_t palette[256][4];
} mci_image_info;

typedef struct {
    uint64_t max_pixels; /* width times height */
    uint64_t max_bytes;  /* that one image may take while it is decoded */
    /* A JPEG may be decoded at 1/2, 1/4 or 1/8 if its sides remain as long as this; 0: never. */
    uint32_t enough;
} mci_image_limits;

enum {
    MCI_IMAGE_ROWS = 8,  /* the most that are given at once */
    MCI_IMAGE_SLACK = 64 /* bytes that may be read (not used) behind a row */
};

typedef struct mci_image_reader mci_image_reader; /* one thread at a time; used again and again */

mc_status mci_image_reader_new(mci_image_reader **out, mc_error *err);
void mci_image_reader_free(mci_image_reader *reader);

/* Begins an image; the bytes must stay until the last row. What was begun before is dropped. *info
 * lives as long as the reader, until the next begin.
 * Errors: MC_E_FORMAT (no image, one of another format, which is named, or damaged), MC_E_LIMIT,
 * MC_E_NOMEM. */
mc_status mci_image_begin(mci_image_reader *reader, mc_str bytes, const mci_image_limits *limits,
                          const mci_image_info **info, mc_error *err);
/* Before the first row: only the pixels x..x+n-1 of rows will be used; the others may then hold
 * anything. Errors: as below. */
mc_status mci_image_want(mci_image_reader *reader, uint32_t x, uint32_t n, mc_error *err);
/* Passes over n rows, at less than what it costs to have them. */
mc_status mci_image_skip(mci_image_reader *reader, uint32_t n, mc_error *err);
/* The next n rows (at most MCI_IMAGE_ROWS, and as many as are left), lent until the next call.
 * Errors: MC_E_FORMAT (damaged or cut short), MC_E_NOMEM. */
mc_status mci_image_rows(mci_image_reader *reader, uint32_t n, const uint8_t *rows[],
                         mc_error *err);
/* Passes over the rows that are left and looks at how the file ends: Pillow refuses one that is cut
 * short even behind the last row. Errors: as above. */
mc_status mci_image_finish(mci_image_reader *reader, mc_error *err);

#endif
