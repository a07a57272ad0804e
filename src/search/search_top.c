#include "search/search_top.h"

/* Puts hit where the heap has a gap, moving the gap down to where it may stand. */
static void sink(mci_hit *hits, size_t n, size_t gap, mci_hit hit)
{
    for (;;) {
        size_t worst = 2 * gap + 1;
        if (worst >= n)
            break;
        if (worst + 1 < n && mci_hit_better(hits[worst], hits[worst + 1]))
            worst++;
        if (!mci_hit_better(hit, hits[worst]))
            break;
        hits[gap] = hits[worst];
        gap = worst;
    }
    hits[gap] = hit;
}

static void rise(mci_hit *hits, size_t gap, mci_hit hit)
{
    while (gap > 0) {
        size_t above = (gap - 1) / 2;
        if (!mci_hit_better(hits[above], hit))
            break;
        hits[gap] = hits[above];
        gap = above;
    }
    hits[gap] = hit;
}

void mci_top_take(mci_top *top, mci_hit hit)
{
    if (hit.score != hit.score || top->k == 0)
        return;
    if (top->n < top->k)
        rise(top->hits, top->n++, hit);
    else if (mci_hit_better(hit, top->hits[0]))
        sink(top->hits, top->n, 0, hit);
}

/* Nearly all scores are below the worst that is kept: one comparison each. */
void mci_top_offer(mci_top *top, const float *scores, size_t n, uint64_t first)
{
    size_t i = 0;
    for (; i < n && top->n < top->k; i++)
        mci_top_take(top, (mci_hit){ first + i, scores[i] });
    for (; i < n && top->k > 0; i++) {
        if (scores[i] >= top->hits[0].score)
            mci_top_take(top, (mci_hit){ first + i, scores[i] });
    }
}

void mci_top_sort(mci_top *top)
{
    for (size_t n = top->n; n > 1; n--) {
        mci_hit worst = top->hits[0];
        sink(top->hits, n - 1, 0, top->hits[n - 1]);
        top->hits[n - 1] = worst;
    }
    top->k = 0;
}
