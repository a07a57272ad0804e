/* Which of an image's texts goes to the trial (`--one-text`), exactly and in bounded memory: of its
 * matched pairs in all files the one with the smallest number; of equal numbers, that is of equal
 * pairs, the first.
 *
 *     image keys of the files ---- a range of the images at a time, ----> parts
 *       (image_keys.h)             in a table in memory                     |
 *                                                        file by file ----> lists
 *
 * A list names the pairs of its file whose image has several, and says of each how many these are
 * and whether it is the chosen one. All other pairs are their images' only ones. */
#ifndef MCI_CURATE_CHOICES_H
#define MCI_CURATE_CHOICES_H

#include "curate/image_keys.h"
#include "io/output.h"

typedef mc_status mci_numbered_path_fn(void *user, size_t number, mci_buf *path, mc_error *err);

/* ---- finding ---- */

/* Bytes that a range takes for each pair in it: the table's slots, 32 bytes, at their emptiest. */
enum { MCI_CHOICE_BYTES = 86 };

typedef struct {
    size_t n_files;
    mci_numbered_path_fn *keys_path; /* of a file's image keys */
    void *user;
} mci_choice_search;

/* Writes the part of a range of images to `part`: ascending by file. */
mc_status mci_choices_find(const mci_choice_search *search, mci_key_range range, mci_output *part,
                           mc_error *err);

/* ---- lists ---- */

typedef struct {
    size_t n_parts;
    mci_numbered_path_fn *part_path, *list_path; /* of a part; of a file's list */
    void *user;
    const char *made_from; /* a SHA-256 in hex, which the lists bear */
    uint64_t memory; /* in bytes; one file's list is made whatever it takes, 16 bytes a pair */
} mci_choice_parts;

/* Makes the lists of the files first, ..., first + n - 1 from all parts. MC_E_FORMAT: a part is
 * damaged. */
mc_status mci_choices_list(const mci_choice_parts *parts, size_t first, size_t n, mc_error *err);

/* Whether there is a list made from this. */
mc_status mci_choices_are_listed(const char *path, const char *made_from, bool *out, mc_error *err);

/* ---- asking, while the pairs go by ---- */

/* The lists of the shards of a flow. */
typedef struct {
    mci_numbered_path_fn *list_path;
    void *user;
    const char *made_from;
} mci_choice_lists;

typedef struct {
    uint64_t n_texts; /* matched pairs of the image, at least 1 */
    bool is_chosen;   /* of these, this one */
} mci_choice;

typedef struct {
    mci_mapped map;
    const struct mci_listed_pair *at, *end;
    uint64_t position;
} mci_choice_cursor;

/* Places the batch and stands at its first text. With lists NULL every pair is its image's only
 * one, and nothing is placed. MC_E_FORMAT: the list is of something else. */
mc_status mci_choices_begin(const mci_choice_lists *lists, mci_batch *batch, mci_choice_cursor *out,
                            mc_error *err);
/* Of the next text of the batch. */
mci_choice mci_choices_next(mci_choice_cursor *cursor);
void mci_choices_end(mci_choice_cursor *cursor);

#endif
