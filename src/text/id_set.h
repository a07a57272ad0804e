/* Collects ids in any order, repeated or not, and gives them ascending, each once.
 *
 *   fresh    the ids that came last, as they came        [ 17 | 203 | 17 | 4 | ... ]
 *   bits     one bit an id                               [ ..1....1. | ......... | ... ]  u64
 *   summary  one bit a word of `bits` that is not zero   [ 1 0 0 1 ... ]                  u64
 *
 * A text of a few words has a few ids, which never leave `fresh`: they are sorted by counting, for
 * each, how many are smaller. When `fresh` is full, or holds too many for that, its ids become
 * bits; reading the bits in order sorts and unifies at once. Between uses all bits are zero. */
#ifndef MCI_TEXT_ID_SET_H
#define MCI_TEXT_ID_SET_H

#include "base/error.h"
#include "metaclip/base.h"

enum { MCI_N_FRESH = 1024 };

typedef struct {
    uint32_t fresh[MCI_N_FRESH];
    size_t n_fresh;
    uint64_t *bits, *summary;
    size_t n_bits; /* ids below it fit */
    size_t n_set;  /* bits that are one */
} mci_id_set;

/* Makes the set ready for ids below n. Zero-initialise the set before the first use. */
mc_status mci_id_set_begin(mci_id_set *set, size_t n, mc_error *err);
/* Moves the fresh ids to the bits: n_fresh is 0 then. */
void mci_id_set_fold(mci_id_set *set);
/* Adds the id if is_one; without a branch on that. */
static inline void mci_id_set_add_if(mci_id_set *set, uint32_t id, bool is_one)
{
    if (set->n_fresh == MCI_N_FRESH)
        mci_id_set_fold(set);
    set->fresh[set->n_fresh] = id;
    set->n_fresh += is_one;
}
/* Whether id is among the bits; those in `fresh` are not looked at. */
static inline bool mci_id_set_has_bit(const mci_id_set *set, uint32_t id)
{
    return set->bits[id >> 6] >> (id & 63) & 1;
}
/* The most ids that mci_id_set_take gives. */
static inline size_t mci_id_set_room(const mci_id_set *set)
{
    return set->n_set + set->n_fresh;
}
/* Writes the ids, ascending, each once, and gives their number. Empties the set. */
size_t mci_id_set_take(mci_id_set *set, uint32_t *to);
void mci_id_set_clear(mci_id_set *set); /* empties it */
void mci_id_set_release(mci_id_set *set);

#endif
