/* How often each word occurs. */
#ifndef MCI_TEXT_WORD_COUNTS_H
#define MCI_TEXT_WORD_COUNTS_H

#include "base/buf.h"

/* Zero-initialise, release at the end. */
typedef struct {
    mci_buf bytes;    /* of the words, one behind the other */
    uint64_t *ends;   /* [n] */
    uint64_t *counts; /* [n] */
    size_t n, cap_ends, cap_counts;
    uint32_t *slots; /* word + 1 by hash; 0: empty */
    size_t n_slots;  /* a power of two, or 0 */
} mci_word_counts;

/* Below 2^31 different words. Errors: MC_E_NOMEM. */
mc_status mci_word_counts_add(mci_word_counts *words, mc_str word, mc_error *err);
mc_str mci_word_counts_word(const mci_word_counts *words, size_t i);
void mci_word_counts_release(mci_word_counts *words);

#endif
