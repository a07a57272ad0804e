/* Tables of images' paths and texts, row by row: OpenCLIP's, and others with a header. */
#ifndef MCI_TRAIN_PAIR_TABLE_H
#define MCI_TRAIN_PAIR_TABLE_H

#include "io/stream.h"

/* Which columns hold what, letter case apart. NULL: images are of the first column called filepath,
 * image_path, file, path, image or filename, texts of all that are called text, caption, alt, title
 * or description. The uuid is of a column uuid or uid; without one, the url's that is in the first
 * column called url, image_url or filepath; else the row has none. */
typedef struct {
    const char *image_column, *text_column;
    bool is_tsv; /* fields are separated by tabs; they are so too if the header holds tabs only */
    uint64_t max_item_bytes;
} mci_pair_table_options;

typedef struct mci_pair_table mci_pair_table;

/* Keeps stream, does not own it. */
mc_status mci_pair_table_open(mci_stream *stream, const mci_pair_table_options *options,
                              mci_pair_table **out, mc_error *err);
void mci_pair_table_close(mci_pair_table *table);

/* The next row as a line of pairs (io/pairs.h), and the image's path as it is written (empty if
 * there is none); both live until the next call. MC_END; MC_SKIPPED with err: the row cannot be
 * read. MC_E_FORMAT: the header has no such columns; the text names those it has. */
mc_status mci_pair_table_next(mci_pair_table *table, mc_str *line, mc_str *image, mc_error *err);

#endif
