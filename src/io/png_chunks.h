/* The chunks of a PNG file, judged as Pillow judges them; libpng then sees the picture only, and
 * nothing that a file can hide beside it. */
#ifndef MCI_IO_PNG_CHUNKS_H
#define MCI_IO_PNG_CHUNKS_H

#include "base/buf.h"

typedef struct {
    uint32_t width, height;
    uint8_t bit_depth, color_type, interlace;
    mc_str palette; /* PLTE's, empty if there is none */
    mc_str exif;    /* eXIf's, before the picture */
    /* The picture is an IDAT chunk and those that follow it at once: where the first begins in the
     * file, where the last begins, and where the last's body ends, which may be cut. */
    size_t data_at, last_at, data_end;
    /* for mci_png_check_end */
    uint64_t text_bytes;
    int64_t sequence; /* the last number of an animation's chunks; -1: none */
    bool is_animated;
} mci_png_chunks;

/* What stands before the picture: checksums hold, nothing is cut, compressed texts and profiles are
 * not huge. `room` is for looking into these. Errors: MC_E_FORMAT, MC_E_LIMIT, MC_E_NOMEM. */
mc_status mci_png_read_start(mc_str file, mci_png_chunks *out, mci_buf *room, mc_error *err);

/* What stands behind the picture, where checksums do not matter, nor that the end is missing, but
 * chunks that are cut do. used_end is how far the picture's data was read: its last chunk may be
 * cut behind it. */
mc_status mci_png_read_end(mc_str file, mci_png_chunks *chunks, size_t used_end, mci_buf *room,
                           mc_error *err);

#endif
