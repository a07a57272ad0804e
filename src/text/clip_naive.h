/* What is right: CLIP's tokenizing written down step by step over code points, as slow as it is
 * plain. For tests, fuzzing, and to measure against. */
#ifndef MCI_TEXT_CLIP_NAIVE_H
#define MCI_TEXT_CLIP_NAIVE_H

#include "metaclip/tokenizer.h"
#include "text/bpe_vocab.h"
#include "text/nfc.h"

/* All ids of a text (any bytes), without start and end; *ids is the caller's (mci_free). */
mc_status mci_clip_encode_naive(const mci_bpe_vocab *vocab, mc_token_rule rule, const mci_nfc *nfc,
                                mc_str text, int32_t **ids, size_t *n, mc_error *err);

#endif
