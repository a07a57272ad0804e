/* One text of each image, over files of matched pairs: choices.h with its files in a temporary
 * folder. What `balance` and `verify` do; a run keeps these files (run/run_choose.c). */
#ifndef MCI_CURATE_ONE_TEXT_H
#define MCI_CURATE_ONE_TEXT_H

#include "curate/choices.h"

typedef struct mci_one_text mci_one_text;

typedef struct {
    const mc_pool *pool; /* how the shards are read */
    const mci_shards *shards;
    uint64_t seed;
    /* Texts without ids, or with ids beyond so many entries, are as if they were not there: whoever
     * places the batches later has left them out, or refuses them. */
    uint64_t n_entries;
    const char *out_path, *temp_dir; /* see temp_folder.h */
} mci_one_text_job;

/* Reads all shards once. Free with mci_one_text_free. Errors: MC_E_IO, and those of the flow. */
mc_status mci_one_text_make(const mci_one_text_job *job, mci_one_text **out, mc_error *err);
/* Takes NULL. */
void mci_one_text_free(mci_one_text *one);

/* For flows over the same shards in the same order. Good until `one` is freed. */
const mci_choice_lists *mci_one_text_lists(const mci_one_text *one);

#endif
