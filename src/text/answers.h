/* Answers to texts that came lately, so that a text which comes again, as many captions do, is not
 * looked at again. One table for all threads: what they find there is right or not found, whatever
 * the others write, so that results are those without it.
 *
 *   line   | slot | slot | slot | slot |     64 bytes, chosen by the text's hash
 *             |
 *          [ check ^ what | what ]           what   48 bits of the hash, 16 of the answer
 *                                            check  the other 64 bits of the hash
 *
 * So 112 bits of a hash of 128 tell that a text is the same. A slot that two threads wrote halves
 * of fits no text, for its halves do not fit each other. (Hyatt and Mann, "A lock-less
 * transposition-table implementation for parallel search", 2002.) */
#ifndef MCI_TEXT_ANSWERS_H
#define MCI_TEXT_ANSWERS_H

#include "base/error.h"
#include "base/hash.h"

typedef struct mci_answers mci_answers;

mc_status mci_answers_new(mci_answers **out, mc_error *err);
void mci_answers_free(mci_answers *answers);

/* Asks for the memory that the other two will look at. */
void mci_answers_prefetch(const mci_answers *answers, mci_hash128 text);
bool mci_answers_find(const mci_answers *answers, mci_hash128 text, uint16_t *answer);
/* Takes a free place, or that of another. UINT16_MAX is not kept. */
void mci_answers_keep(mci_answers *answers, mci_hash128 text, uint16_t answer);

#endif
