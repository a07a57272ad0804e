/* The best k of many scores, however they come: of all numbers the greater is better, and of equal
 * ones the smaller row. What is no number is never kept. */
#ifndef MCI_MODEL_SEARCH_TOP_H
#define MCI_MODEL_SEARCH_TOP_H

#include "base/error.h"
#include "metaclip/base.h"

typedef struct {
    uint64_t row;
    float score;
} mci_hit;

/* hits: a heap whose root is the worst of the n <= k that are kept. The caller's memory. */
typedef struct {
    mci_hit *hits;
    size_t k, n;
} mci_top;

static inline bool mci_hit_better(mci_hit a, mci_hit b)
{
    return a.score > b.score || (a.score == b.score && a.row < b.row);
}

/* Takes a hit in, if it is among the best so far. */
void mci_top_take(mci_top *top, mci_hit hit);

/* The scores of the rows first, first + 1, ... */
void mci_top_offer(mci_top *top, const float *scores, size_t n, uint64_t first);

/* Puts what is kept in order, the best first; nothing can be taken any more. */
void mci_top_sort(mci_top *top);

#endif
