/* Rows of fields out of a stream: comma- or tab-separated (RFC 4180), or plain lines. Taken as
 * Python's csv module takes them: a field that begins with a quote goes on to the next single one
 * and may hold anything, line ends too; two quotes stand for one; what follows the closing quote
 * belongs to the field; a quote inside an unquoted field is a character like others. Rows end with
 * LF, CR or CR LF; blank ones are passed over, so is a byte order mark. */
#ifndef MCI_IO_DELIMITED_H
#define MCI_IO_DELIMITED_H

#include "base/buf.h"
#include "io/stream.h"

enum { MCI_NOT_DELIMITED = -1 }; /* a row is a line, quotes are characters like others */

typedef enum { MCI_AT_FIELD, MCI_IN_FIELD, MCI_IN_QUOTES, MCI_BEHIND_QUOTE } mci_delimited_place;

typedef struct {
    /* of the row that was read */
    uint64_t offset;   /* in decompressed bytes */
    uint64_t row;      /* 1 for the first, unusable ones counted, blank ones not */
    size_t n_fields;   /* all, also those that are not held */
    size_t max_fields; /* no more are held; the caller may change it between rows */
    /* the rest is delimited.c's own */
    mci_stream *stream;
    size_t max_bytes;
    int delimiter;
    mci_buf bytes; /* of all fields that are held */
    size_t *ends;  /* of each field in bytes */
    size_t n_ends, cap_ends;
    mci_delimited_place place;
    bool has_begun, has_quotes, is_whole, is_too_long;
    bool skips_lf; /* the row before ended with CR */
    bool is_lost;  /* behind a gap: the rest of the line is of a row that begins in it */
} mci_delimited;

/* Keeps stream, does not own it. A row beyond max_item_bytes is passed over without being held. */
void mci_delimited_init(mci_delimited *rows, mci_stream *stream, int delimiter, size_t max_fields,
                        uint64_t max_item_bytes);
void mci_delimited_release(mci_delimited *rows);

/* The next row. MC_END; MC_SKIPPED with err, which names the row: too long, cut by a gap of the
 * stream, or with a quote that the end leaves open. */
mc_status mci_delimited_next(mci_delimited *rows, mc_error *err);
/* A field of it, i < n_fields and < max_fields; lives until the next call. */
mc_str mci_delimited_field(const mci_delimited *rows, size_t i);
/* "row N at byte N: " before what err says. */
mc_status mci_delimited_name_row(const mci_delimited *rows, mc_status status, mc_error *err);

#endif
