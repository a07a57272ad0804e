/* Learning a byte-level BPE from texts. */
#ifndef MCI_TEXT_BPE_TRAIN_H
#define MCI_TEXT_BPE_TRAIN_H

#include "base/buf.h"
#include "metaclip/tokenizer.h"

typedef struct mci_bpe_trainer mci_bpe_trainer;

enum { MCI_TRAIN_WORD_BYTES = 256 }; /* a longer word is counted as such, and left out */

/* Cleans and cuts by rule. At most max_words different words are held. Errors: MC_E_NOMEM,
 * MC_E_BACKEND. */
mc_status mci_bpe_trainer_new(mc_token_rule rule, uint64_t max_words, mci_bpe_trainer **out,
                              mc_error *err);
void mci_bpe_trainer_free(mci_bpe_trainer *trainer);

/* Counts the words of a text (any bytes). Errors: MC_E_LIMIT (more than max_words), MC_E_NOMEM. */
mc_status mci_bpe_trainer_add(mci_bpe_trainer *trainer, mc_str text, bool *is_repaired,
                              mc_error *err);

typedef struct {
    uint64_t n_words, n_different, n_long;
} mci_bpe_trainer_facts;

mci_bpe_trainer_facts mci_bpe_trainer_tell(const mci_bpe_trainer *trainer);

/* Learns n_ids - 514 merges (fewer if no pair is left that occurs twice) and appends the file that
 * mci_bpe_vocab_parse reads; *n_made: ids of that. To be called once, at the end.
 *
 * Over and over: of all pairs of neighbouring symbols the one with the most occurrences (places in
 * a word, times the word's count) becomes one symbol in all words, from left to right. Of pairs
 * with equally many, the one with the smaller left id, then the smaller right id. A pair whose
 * joined name is a symbol's already is passed over: a vocabulary cannot say it. */
mc_status mci_bpe_trainer_learn(mci_bpe_trainer *trainer, size_t n_ids, mci_buf *file,
                                size_t *n_made, mc_error *err);

#endif
