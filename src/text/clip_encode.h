/* CLIP's byte-level BPE of a text: cleaned, cut into words, each word looked up in the words met
 * last, or merged. clip_naive.h says what is right. */
#ifndef MCI_TEXT_CLIP_ENCODE_H
#define MCI_TEXT_CLIP_ENCODE_H

#include "text/bpe_merge.h"
#include "text/clip_clean.h"
#include "text/table_memory.h"

typedef struct {
    mci_clean clean;
    mci_bpe_scratch merging;
    mci_table_memory words; /* see clip_encode.c; empty: no word is remembered */
    int32_t *ids;
    size_t cap_ids;
} mci_clip_scratch;

/* *out is written only on success; release it. */
mc_status mci_clip_scratch_init(mci_clip_scratch *out, mc_error *err);
void mci_clip_scratch_release(mci_clip_scratch *scratch);

/* The ids of a text without start and end; they live in the scratch until its next use. Stops as
 * soon as there are more than `most`: *n says how many there are then. A scratch remembers words:
 * it belongs to this vocabulary. Errors: MC_E_NOMEM, MC_E_BACKEND. */
mc_status mci_clip_encode(const mci_bpe_vocab *vocab, mc_token_rule rule, const mci_nfc *nfc,
                          mci_clip_scratch *scratch, mc_str text, size_t most, const int32_t **ids,
                          size_t *n, uint64_t *n_replaced, mc_error *err);

#endif
