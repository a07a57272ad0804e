/* The vocabulary that goes with a loaded model. */
#ifndef MCI_MODEL_MODEL_VOCAB_H
#define MCI_MODEL_MODEL_VOCAB_H

#include "metaclip/model.h"
#include "metaclip/tokenizer.h"

/* Opens vocab_path, or what lies beside the model if it is NULL, and checks that the model's ids
 * reach as far. Errors: those of mc_tokenizer_open, and MC_E_MISMATCH. */
mc_status mci_model_vocab_open(const mc_clip *clip, const char *vocab_path, mc_token_rule rule,
                               mc_tokenizer **out, mc_error *err);

#endif
