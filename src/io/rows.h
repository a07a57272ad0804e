/* Tables, tars and plain text as records: every row comes out as one line in the project's own form
 * of pairs (pairs.h), so that all that follows knows one form only. */
#ifndef MCI_IO_ROWS_H
#define MCI_IO_ROWS_H

#include "base/buf.h"

/* A reader of rows, whatever lies behind. */
typedef struct {
    void *self;
    /* Puts the next row's record into line (cleared first; no line end) and where it stands into
     * *offset (bytes or row number). MC_END; MC_SKIPPED with err: this row is unusable, go on. */
    mc_status (*next)(void *self, mci_buf *line, uint64_t *offset, mc_error *err);
    void (*close)(void *self);
} mci_rows;

/* What a column is by its name, letter case apart. */
typedef enum {
    MCI_COLUMN_EXTRA, /* carried through as it is */
    MCI_COLUMN_UUID,  /* uuid, uid */
    MCI_COLUMN_URL,   /* url, image_url, filepath */
    MCI_COLUMN_TEXT,  /* text, caption, alt, title, description */
    MCI_COLUMN_KEY,   /* key: names the text of a pair, one row a pair */
    MCI_COLUMN_ENTRIES,
    MCI_COLUMN_LANG, /* lang, language */
} mci_column_role;

mci_column_role mci_column_role_of(mc_str name);

#endif
