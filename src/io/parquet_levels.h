/* Parquet's levels: small numbers in runs and packed bits, mixed.
 *
 *   run      varint 2 * length,         the number in a byte
 *   packed   varint 2 * groups + 1,     eight numbers a group, `width` bits each, the lowest first
 */
#ifndef MCI_IO_PARQUET_LEVELS_H
#define MCI_IO_PARQUET_LEVELS_H

#include "base/buf.h"

/* Appends n levels below 1 << width (width 1 to 8). */
mc_status mci_parquet_add_levels(const uint8_t *levels, size_t n, unsigned width, mci_buf *out,
                                 mc_error *err);

#endif
