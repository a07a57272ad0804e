/* Vocabularies in Hugging Face's JSON, from bytes. */
#ifndef MCI_MODEL_VOCAB_JSON_H
#define MCI_MODEL_VOCAB_JSON_H

#include "text/bpe_vocab.h"

/* vocab.json, an object of names and ids, with merges.txt.
 * Errors: MC_E_FORMAT, MC_E_NOMEM. Free *out with mci_bpe_vocab_free. */
mc_status mci_bpe_of_vocab_json(mc_str vocab_json, mc_str merges_txt, mci_bpe_vocab **out,
                                mc_error *err);

/* tokenizer.json, which has both in one, and added tokens. The rule of cleaning and cutting that it
 * also describes is not looked at. Errors: as above. */
mc_status mci_bpe_of_tokenizer_json(mc_str file, mci_bpe_vocab **out, mc_error *err);

#endif
