/* What chooses one of an image's texts, on disk (key_runs.h): for each matched pair its image, the
 * number of its text, and its place. Pairs are added by ascending position. */
#ifndef MCI_CURATE_IMAGE_KEYS_H
#define MCI_CURATE_IMAGE_KEYS_H

#include "curate/flow.h"
#include "curate/key_runs.h"

typedef struct {
    mci_hash128 image; /* XXH3-128 of the uuid and a zero byte */
    uint64_t number;   /* mc_text_number: the smallest one's text is chosen */
    uint64_t position; /* of the pair among the texts of its file, from 0 */
} mci_image_key;

/* Appends the keys of the batch's texts that match an entry to batch->extra, as a writer of
 * mci_image_keys takes them; the batch is placed. */
mc_status mci_image_key_batch(mci_batch *batch, uint64_t seed, mc_error *err);

#endif
