/* Cutting a stream into items, without looking inside: lines of JSON Lines, elements of one JSON
 * array. WARC records have warc.h. */
#ifndef MCI_IO_ITEMS_H
#define MCI_IO_ITEMS_H

#include "io/stream.h"

typedef struct mci_items mci_items;

/* Keeps stream, does not own it. A UTF-8 byte order mark and white space at the start are passed
 * over; then `[` makes it a JSON array, everything else lines. An item beyond max_item_bytes is
 * passed over without being held. */
mc_status mci_items_open(mci_stream *stream, uint64_t max_item_bytes, mci_items **out,
                         mc_error *err);
void mci_items_close(mci_items *items);

/* The next item: a line without its end (LF or CR LF; blank lines are passed over), or an array's
 * element without the white space around it. Lives until the next call. *offset: where it starts,
 * in decompressed bytes. Items are not looked into: an element may be no valid JSON.
 * MC_END; MC_SKIPPED with err: too long, a gap of the stream (a line that it cuts is not given), an
 * array that is cut or broken (it ends there: nothing after it can be trusted), or something behind
 * the array. */
mc_status mci_items_next(mci_items *items, mc_str *item, uint64_t *offset, mc_error *err);

#endif
