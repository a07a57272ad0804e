/* The pairs of neighbouring symbols in a set of words: how often each occurs, in which words, and
 * which one is the most frequent. */
#ifndef MCI_TEXT_PAIR_COUNTS_H
#define MCI_TEXT_PAIR_COUNTS_H

#include "base/error.h"
#include "metaclip/base.h"

#define MCI_NO_PAIR UINT32_MAX

typedef struct {
    uint64_t key; /* left << 32 | right */
    uint64_t count;
    uint32_t words;  /* first of the list of words that may hold it: a place */
    bool is_touched; /* in `touched` */
    bool is_out;     /* never to be given again */
} mci_pair;

typedef struct {
    uint32_t word, next;
} mci_pair_word; /* next: a place; MCI_NO_PAIR: the end */

typedef struct {
    uint64_t count, key;
} mci_pair_entry;

/* Zero-initialise, release at the end. */
typedef struct {
    mci_pair *pairs;
    size_t n_pairs, cap_pairs;
    uint32_t *slots; /* pair + 1 by its hash; 0: empty */
    size_t n_slots;
    mci_pair_word *places;
    size_t n_places, cap_places;
    uint32_t free_place;  /* list of places that are free again, + 1; 0: none */
    mci_pair_entry *heap; /* the most frequent first; may be out of date, see mci_pairs_best */
    size_t n_heap, cap_heap;
    uint32_t *touched;
    size_t n_touched, cap_touched;
} mci_pairs;

/* One more place (times n) where the pair stands, in this word if is_new: the word did not hold it
 * before. It is offered to mci_pairs_best by the next mci_pairs_settle. */
mc_status mci_pairs_add(mci_pairs *pairs, uint64_t key, uint64_t n, uint32_t word, bool is_new,
                        mc_error *err);
/* So many places fewer of a pair that was added. */
void mci_pairs_take(mci_pairs *pairs, uint64_t key, uint64_t n);
/* To be called when all counts are right again: makes the pairs that were added to known. */
mc_status mci_pairs_settle(mci_pairs *pairs, mc_error *err);

/* The most frequent pair that occurs at least twice (of equals, the one with the smallest key);
 * MCI_NO_PAIR: there is none. Not given twice unless it was added to again. */
mc_status mci_pairs_best(mci_pairs *pairs, uint32_t *best, mc_error *err);

/* Hands over the list of words of a pair: *first is a place, the pair has none then. Give each
 * place back with mci_pairs_next, which tells the next one. A word may be in it that has lost the
 * pair. */
uint32_t mci_pairs_list(mci_pairs *pairs, uint32_t pair);
uint32_t mci_pairs_next(mci_pairs *pairs, uint32_t place);

void mci_pairs_release(mci_pairs *pairs);

#endif
