/* What a t would keep, for many t in one pass over matched pairs: sums of keep probabilities.
 *
 * The sums are of whole numbers, round(P * 2^32) with halves to even, in 128 bits: so they are
 * exact, the same in whatever order the pairs come, and grow with t as every P does. */
#ifndef MCI_CURATE_EXPECT_H
#define MCI_CURATE_EXPECT_H

#include "curate/choices.h"

typedef unsigned __int128 mci_u128;

/* A pass reads every pair again, so it asks for as many t as are had beside the reading. */
enum { MCI_GRID = 128 };

typedef struct {
    uint64_t t[MCI_GRID]; /* asked for: ascending, each at least 1 */
    size_t n;
    bool wants_variance;
    const mci_choice_lists *choices; /* P is divided by the number of the image's texts; or NULL */
    /* the answers; zero them before */
    mci_u128 kept[MCI_GRID];     /* sum of round(P / k * 2^32), k = 1 without choices */
    mci_u128 variance[MCI_GRID]; /* sum of round(P * (1 - P) / k * 2^32) */
    uint64_t n_pairs;            /* that match an entry at all, and are chosen: no t keeps more */
} mci_expect;

/* Fills the answers from all pairs of the shards; `counts` are the pool's. Adds what was read to
 * summary, all pairs as kept. MC_E_MISMATCH and MC_E_FORMAT as mci_count_batch. */
mc_status mci_expect_shards(const mc_pool *pool, const mci_shards *shards, const mc_counts *counts,
                            const char *phase, mci_expect *expect, mc_summary *summary,
                            mc_error *err);

#endif
