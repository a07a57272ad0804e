/* Pixels as a PNG file, without compression: for those who have pixels where a file is expected. */
#ifndef MCI_IO_PNG_WRITE_H
#define MCI_IO_PNG_WRITE_H

#include "base/buf.h"

/* Puts the file into out (cleared first).
 *   pixels  u8 [height, width, channels], grey for 1 channel, red, green, blue for 3
 * Errors: MC_E_ARG (a side of 0 or above 16,384, other channels), MC_E_NOMEM. */
mc_status mci_png_write(const uint8_t *pixels, uint32_t width, uint32_t height, unsigned channels,
                        mci_buf *out, mc_error *err);

#endif
