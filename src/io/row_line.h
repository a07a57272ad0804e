/* Writing a row as a line of pairs (pairs.h), for readers of rows:
 *
 *     begin, then any number of extras, then names, then any number of texts, then end
 *
 * What fails, or would make the line longer than max_bytes, is told at the end and not before.
 * Texts are bytes: wrong UTF-8 is left to the reader of the line, which repairs and counts. Extras
 * come first, so that one called "texts" cannot take the texts' place (the last one counts). */
#ifndef MCI_IO_ROW_LINE_H
#define MCI_IO_ROW_LINE_H

#include "base/buf.h"
#include "io/json.h"

typedef struct {
    mci_buf *line;
    size_t max_bytes;
    size_t n_members; /* extras, then texts */
    mc_status status; /* the first thing that went wrong */
    mc_error *err;
} mci_row_line;

/* Empties line; keeps it and err until the end. */
void mci_row_begin(mci_row_line *row, mci_buf *line, uint64_t max_bytes, mc_error *err);
/* A member that is carried through, as a string or as it was read. */
void mci_row_extra(mci_row_line *row, mc_str name, mc_str text);
void mci_row_extra_json(mci_row_line *row, mc_str name, mci_json_value value);
/* Empty ones are not written. */
void mci_row_names(mci_row_line *row, mc_str uuid, mc_str url);
/* An empty text is written as null, which is counted as such; lang may be empty. */
void mci_row_text(mci_row_line *row, mc_str key, mc_str text, mc_str lang);
/* An element of "texts" as it was read. */
void mci_row_text_json(mci_row_line *row, mci_json_value text);
/* MC_SKIPPED with err: the line would be too long. Then, and on failure, it is empty. */
mc_status mci_row_end(mci_row_line *row);

#endif
