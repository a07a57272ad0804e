/* Making tokenizers of what the files of a vocabulary hold. */
#ifndef MCI_TEXT_TOKENIZER_H
#define MCI_TEXT_TOKENIZER_H

#include "metaclip/tokenizer.h"
#include "text/bpe_vocab.h"
#include "text/clip_encode.h"

/* Takes vocab, also on failure. MC_RULE_AUTO is OpenAI's. Errors: MC_E_NOMEM, MC_E_BACKEND. */
mc_status mci_tokenizer_of_bpe(mci_bpe_vocab *vocab, mc_token_rule rule, mc_tokenizer **out,
                               mc_error *err);

/* Of the bytes of a SentencePiece model: XLM-V's if <unk>, <s>, </s> are its ids 0, 1, 2, mT5's if
 * <pad>, </s>, <unk> are. Errors: MC_E_FORMAT, MC_E_NOMEM, MC_E_BACKEND. */
mc_status mci_tokenizer_of_pieces(mc_str model, mc_tokenizer **out, mc_error *err);

/* The parts of a tokenizer of kind MC_VOCAB_CLIP. */
const mci_bpe_vocab *mci_tokenizer_bpe(const mc_tokenizer *tokenizer);
const mci_nfc *mci_tokenizer_nfc(const mc_tokenizer *tokenizer); /* NULL unless MC_RULE_HF */

/* Appends the file of a SentencePiece vocabulary: the bytes that it was made of, if SentencePiece
 * wrote them. Errors: MC_E_NOMEM, MC_E_BACKEND. */
mc_status mci_tokenizer_pieces_file(const mc_tokenizer *tokenizer, mci_buf *out, mc_error *err);

#endif
