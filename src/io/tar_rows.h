/* Webdataset tars as rows of pairs (rows.h): images and, beside them, what is said of them. */
#ifndef MCI_IO_TAR_ROWS_H
#define MCI_IO_TAR_ROWS_H

#include "io/rows.h"
#include "io/stream.h"

/* Keeps stream, does not own it; out->close is the caller's to call.
 *
 * Members that follow each other and have the same key (the name up to the first dot behind the
 * last slash) are a sample; each sample is a row. Of its members two are read, .json and .txt (by
 * what follows that dot, letter case apart), and taken as sample_row.h says; all others, the image
 * among them, are passed over.
 * The sample's key is carried through as "__key__", webdataset's name for it. A member .txt or
 * .json that comes again begins a sample of the same key. Offsets are those of the first member.
 *
 * MC_SKIPPED: a text member that is cut, longer than max_item_bytes, or no JSON object (the rest of
 * its sample is still given), or what tar.h says. */
mc_status mci_tar_rows_open(mci_stream *stream, uint64_t max_item_bytes, mci_rows *out,
                            mc_error *err);

#endif
