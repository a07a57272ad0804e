/* What is said of an image in files beside it, a .json and a .txt, as a row of pairs (rows.h): in
 * webdataset tars (tar_rows.h), and in folders.
 *
 *   json  an object. "texts" is the original's list of [key, text]. Of the other members, those
 *         that would be a text, a uuid, a url or a language as a table's column
 *         (mci_column_role_of) are; all others are carried through. A caption that is the first
 *         of "texts" is that text, not another.
 *   txt   a text with the key "txt", unless the json says the same; a byte order mark goes, and a
 *         line end at its end. */
#ifndef MCI_IO_SAMPLE_ROW_H
#define MCI_IO_SAMPLE_ROW_H

#include "base/buf.h"
#include "io/json.h"

/* Zero-initialise; the caller fills txt and bytes (of the json), then has them taken. */
typedef struct {
    mci_buf txt, bytes;
    bool has_txt, has_json;
    /* the rest is sample_row.c's own */
    mci_json *json;
    mci_json_value root;
    mci_buf repaired, uuid;
} mci_sample;

void mci_sample_release(mci_sample *sample);
/* Forgets what was taken. */
void mci_sample_clear(mci_sample *sample);
void mci_sample_take_txt(mci_sample *sample);
/* Wrong bytes become U+FFFD (here, so that nobody counts them). MC_SKIPPED: no JSON object. */
mc_status mci_sample_take_json(mci_sample *sample, mc_error *err);
/* Puts the row's line into line (cleared first). key, if not empty, is carried through as
 * "__key__", webdataset's name for it. MC_SKIPPED: the line would be longer than max_bytes. */
mc_status mci_sample_line(mci_sample *sample, mc_str key, uint64_t max_bytes, mci_buf *line,
                          mc_error *err);

#endif
