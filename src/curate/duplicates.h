/* Which pairs of a row of key files (pair_keys.h) go, exactly and in bounded memory:
 *
 *     key files ---- a range of the keys at a time, in a set in memory ----> drops
 *                    and what was known before (known_keys.h)                marks
 *
 * Of pairs with equal keys the one in the first file, at the smallest position, stays; none stays
 * whose key was known before. */
#ifndef MCI_CURATE_DUPLICATES_H
#define MCI_CURATE_DUPLICATES_H

#include "curate/flow.h"
#include "curate/key_set.h"
#include "curate/known_keys.h"
#include "curate/pair_keys.h"

/* ---- finding ---- */

/* Bytes that the search of a range takes for each pair in it: the set's slots at their emptiest,
 * 16 bytes * 4/3 * 2; with known keys, or keys to be written, also a sorted list, and those of them
 * that are known. */
enum { MCI_DUPLICATE_BYTES = 43, MCI_DUPLICATE_BYTES_KNOWN = 43 + 16 + 43 };

/* A pair that goes. */
typedef struct {
    uint64_t file;
    uint64_t position; /* in its file; with MCI_DROP_EARLIER if an earlier run had it */
} mci_drop;

#define MCI_DROP_EARLIER ((uint64_t)1 << 63)

typedef struct {
    size_t n_files;
    mc_status (*path_of)(void *user, size_t file, mci_buf *path, mc_error *err);
    void *user;
    const mci_known_runs *earlier; /* NULL: none */
    const mci_known_keys *before;  /* pairs of this run that were taken before; NULL: none */
} mci_duplicate_search;

/* Writes the drops of a range, ascending by file, to `drops`; and to `keys`, unless it is NULL, the
 * keys of those that stay, ascending, whose number is added to *n_keys. */
mc_status mci_duplicates_find(const mci_duplicate_search *search, mci_key_range range,
                              mci_output *drops, mci_output *keys, uint64_t *n_keys, mc_error *err);

/* ---- dropping ---- */

/* Two bits for each pair of a file, in the order of the pairs. */
typedef enum { MCI_PAIR_STAYS, MCI_PAIR_IS_DUPLICATE, MCI_PAIR_IS_EARLIER } mci_pair_mark;

static inline size_t mci_mark_bytes(uint64_t n_pairs)
{
    return (size_t)(n_pairs / 4 + 1);
}

static inline void mci_mark_drop(unsigned char *marks, uint64_t position)
{
    unsigned mark = position & MCI_DROP_EARLIER ? MCI_PAIR_IS_EARLIER : MCI_PAIR_IS_DUPLICATE;
    position &= ~MCI_DROP_EARLIER;
    marks[position / 4] |= (unsigned char)(mark << 2 * (position % 4));
}

typedef struct {
    const unsigned char *marks;
    size_t n_bytes;
    uint64_t position; /* of the next pair */
} mci_drop_marks;

/* Drops the marked pairs of the next batch. MC_E_FORMAT: the marks are of fewer pairs. */
mc_status mci_drop_batch(mci_drop_marks *marks, mci_batch *batch, mc_error *err);

#endif
