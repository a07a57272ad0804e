/* What chooses one of an image's texts, on disk: for each matched pair its image, the number of its
 * text, and its place. Laid out as the keys of pairs are (pair_keys.h), so that any range of images
 * is read without the rest:
 *
 *     | run 0, by image | run 1, by image | ... | last run |             32 bytes a pair
 *
 * Within a run the pairs of an image stand in the order of their positions, and runs follow each
 * other in that order. In the machine's byte order: these files are nobody else's. */
#ifndef MCI_CURATE_IMAGE_KEYS_H
#define MCI_CURATE_IMAGE_KEYS_H

#include "curate/flow.h"
#include "curate/pair_keys.h"

typedef struct {
    mci_hash128 image; /* XXH3-128 of the uuid and a zero byte */
    uint64_t number;   /* mc_text_number: the smallest one's text is chosen */
    uint64_t position; /* of the pair among the texts of its file, from 0 */
} mci_image_key;

/* Appends the keys of the batch's texts that match an entry to batch->extra; the batch is placed.
 */
mc_status mci_image_key_batch(mci_batch *batch, uint64_t seed, mc_error *err);

/* ---- writing ---- */

typedef struct mci_image_writer mci_image_writer;

/* The file appears, atomically, on commit. 8 MiB of memory, whatever is written. */
mc_status mci_image_writer_open(const char *path, mci_image_writer **out, mc_error *err);
/* Adds what mci_image_key_batch made, batch after batch. */
mc_status mci_image_writer_add(mci_image_writer *writer, mc_str keys, mc_error *err);
/* Ends the file if status is no failure; else it never was. Frees the writer, which may be NULL. */
mc_status mci_image_writer_end(mci_image_writer *writer, mc_status status, mc_error *err);

/* ---- reading ---- */

typedef struct {
    mci_mapped map;
    const mci_image_key *keys;
    size_t n;
} mci_image_file;

mc_status mci_image_file_open(const char *path, mci_image_file *out, mc_error *err);
void mci_image_file_close(mci_image_file *file);
size_t mci_image_file_runs(const mci_image_file *file);
/* The pairs of a run whose image lies in the range: *first is set, their number given. */
size_t mci_image_run_range(const mci_image_file *file, size_t run, mci_key_range range,
                           const mci_image_key **first);

#endif
