/* Tables of comma- or tab-separated values with a header, as rows of pairs (rows.h). */
#ifndef MCI_IO_CSV_H
#define MCI_IO_CSV_H

#include "io/rows.h"
#include "io/stream.h"

/* Keeps stream, does not own it; out->close is the caller's to call. Fields are separated by tabs
 * if is_tsv, or if the header holds tabs and no comma; else by commas (delimited.h says what a row
 * is).
 *
 * The header names the columns. The first that is a uuid, a url, a language (mci_column_role_of)
 * is the record's; each text column gives a text whose key is the column's name in lower case,
 * but a single column "text" beside one called "key" takes its key from there. All other columns
 * are carried through as strings under their own names.
 *
 * Rows without uuid leave it empty. Offsets are bytes. A field or a row beyond max_item_bytes is
 * passed over without being held.
 * MC_SKIPPED: a row that has not as many fields as the header, or that delimited.h refuses; a
 * header that is cut (nothing follows then). MC_E_FORMAT: no column holds texts, or there are more
 * than 4096 columns. */
mc_status mci_csv_open(mci_stream *stream, bool is_tsv, uint64_t max_item_bytes, mci_rows *out,
                       mc_error *err);

/* Plain text, one caption a line, without header: each line is a text with the key "text". White
 * space stays, but for the line's end; blank lines are passed over. is_cut: the stream stands
 * behind a gap, so what is left of that line is passed over. Otherwise like the above. */
mc_status mci_captions_open(mci_stream *stream, bool is_cut, uint64_t max_item_bytes, mci_rows *out,
                            mc_error *err);

#endif
