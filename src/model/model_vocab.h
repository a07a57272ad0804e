/* The vocabulary that goes with a model. */
#ifndef MCI_MODEL_MODEL_VOCAB_H
#define MCI_MODEL_MODEL_VOCAB_H

#include "metaclip/tokenizer.h"
#include "model/clip_config.h"

/* Opens a vocabulary for a model of this config. is_given: somebody named it, so that the errors
 * need not say how to. Errors: those of mc_tokenizer_open; MC_E_MISMATCH if it is not the model's
 * by its number of ids, or its kind. Free with mc_tokenizer_free. */
mc_status mci_model_vocab_open(const mci_clip_config *config, const char *path, bool is_given,
                               mc_token_rule rule, mc_tokenizer **out, mc_error *err);

#endif
