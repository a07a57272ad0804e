/* Webdataset tars as rows of pairs (rows.h): images and, beside them, what is said of them. */
#ifndef MCI_IO_TAR_ROWS_H
#define MCI_IO_TAR_ROWS_H

#include "io/rows.h"
#include "io/stream.h"

/* Keeps stream, does not own it; out->close is the caller's to call.
 *
 * Members that follow each other and have the same key (the name up to the first dot behind the
 * last slash) are a sample; each sample is a row. Of its members (by what follows that dot, letter
 * case apart) two are read, all others, the image among them, are passed over:
 *   json  an object. "texts" is the original's list of [key, text]. Of the other members, those
 *         that would be a text, a uuid, a url or a language as a table's column
 *         (mci_column_role_of) are; all others are carried through.
 *   txt   a text with the key "txt", unless the json says the same; a line end at its end goes.
 * The sample's key is carried through as "__key__", webdataset's name for it. A member .txt or
 * .json that comes again begins a sample of the same key. Offsets are those of the first member.
 *
 * MC_SKIPPED: a text member that is cut, longer than max_item_bytes, or no JSON object (the rest of
 * its sample is still given), or what tar.h says. Wrong bytes of a json become U+FFFD (here, so
 * that nobody counts them). */
mc_status mci_tar_rows_open(mci_stream *stream, uint64_t max_item_bytes, mci_rows *out,
                            mc_error *err);

#endif
