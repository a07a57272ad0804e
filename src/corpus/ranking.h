/* The best of many strings with their counts, and how they are ordered: by the exact ratio
 * count / (first * second), falling, then by bytes. For words and titles first and second are 1;
 * for pairs they are the counts of the two words, and the order is that of their pointwise mutual
 * information, since log2 rises and the number of all words is the same for all. */
#ifndef MCI_CORPUS_RANKING_H
#define MCI_CORPUS_RANKING_H

#include "base/error.h"
#include "metaclip/base.h"

typedef struct {
    uint64_t count, first, second; /* 1 to 2^42 */
    char *text;
    size_t len;
} mci_ranked;

/* Zero-initialise but for max, release at the end. */
typedef struct {
    size_t max; /* SIZE_MAX: all are kept */
    mci_ranked *items;
    size_t n, cap;
    bool is_heap;
} mci_ranking;

/* Copies text, if it is among the best so far. */
mc_status mci_ranking_add(mci_ranking *ranking, mc_str text, uint64_t count, uint64_t first,
                          uint64_t second, mc_error *err);
/* Orders what is kept, best first. */
void mci_ranking_sort(mci_ranking *ranking);
void mci_ranking_release(mci_ranking *ranking);

/* log2(count * n / (first * second)) in 1/10000, rounded down; by integers, so that all machines
 * agree. All are 1 to 2^42. */
int64_t mci_pmi_10000(uint64_t count, uint64_t first, uint64_t second, uint64_t n);
/* Whether that logarithm is at least `least` (0 to 63), exactly. */
bool mci_pmi_reaches(uint64_t count, uint64_t first, uint64_t second, uint64_t n, unsigned least);

#endif
