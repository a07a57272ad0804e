/* The files of a vocabulary, once they are in memory. mc_tokenizer_open finds and reads them. */
#ifndef MCI_MODEL_TOKENIZER_FILES_H
#define MCI_MODEL_TOKENIZER_FILES_H

#include "metaclip/tokenizer.h"

/* What a file of a vocabulary is, by its first bytes. */
typedef enum {
    MCI_VOCAB_FILE_SIMPLE,    /* OpenAI's merges */
    MCI_VOCAB_FILE_MERGES,    /* merges.txt */
    MCI_VOCAB_FILE_JSON,      /* vocab.json */
    MCI_VOCAB_FILE_TOKENIZER, /* tokenizer.json */
    MCI_VOCAB_FILE_PIECES,    /* a SentencePiece model */
    MCI_VOCAB_FILE_OTHER
} mci_vocab_file;

mci_vocab_file mci_vocab_file_of(mc_str bytes);

/* A tokenizer of a file that is whole by itself: neither MERGES nor JSON. */
mc_status mci_tokenizer_of_file(mc_str bytes, mci_vocab_file form, mc_token_rule rule,
                                mc_tokenizer **out, mc_error *err);

#endif
