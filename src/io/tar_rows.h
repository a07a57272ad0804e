/* Webdataset tars as rows of pairs (rows.h): images and, beside them, what is said of them. */
#ifndef MCI_IO_TAR_ROWS_H
#define MCI_IO_TAR_ROWS_H

#include "io/rows.h"
#include "io/stream.h"
#include "io/tar.h"

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

/* ---- the samples behind the rows, for those who copy them ---- */

enum { MCI_MAX_SAMPLE_MEMBERS = 1 << 12, MCI_MAX_SUFFIXES_BYTES = 256 };
#define MCI_NO_IMAGE SIZE_MAX

/* The bytes of a member in the stream: mci_tar_last_end says what they are. */
typedef struct {
    uint64_t start, end;
    uint64_t n_bytes; /* of its content, as claimed */
} mci_tar_extent;

typedef struct {
    mc_str key;
    uint64_t number;               /* of the sample in the stream, from 0, given as a row or not */
    const mci_tar_extent *members; /* the first MCI_MAX_SAMPLE_MEMBERS of them */
    size_t n_members;              /* all */
    size_t image;                  /* the first with the suffix jpg, jpeg, png or webp, letter case
                                    * apart; MCI_NO_IMAGE: none */
    mc_str suffixes;               /* of the members, spaces between; as far as they fit */
    bool is_spoiled;               /* something was skipped in it, or right behind it */
    bool lacks_end;                /* it is the last, and mci_tar_lacks_end */
} mci_tar_sample;

/* The sample of the row that was given last, until the next call. `rows` are of mci_tar_rows_open.
 */
void mci_tar_rows_sample(const mci_rows *rows, mci_tar_sample *out);
/* How many members so far were of no sample: folders, links, names without a dot. */
uint64_t mci_tar_rows_n_others(const mci_rows *rows);

#endif
