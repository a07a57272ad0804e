#include "eval/metrics.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

/* How many come before place `own`: larger ones, and equal ones of a smaller place. */
static size_t rank_of(const float *values, size_t n, size_t own)
{
    size_t rank = 0;
    for (size_t i = 0; i < n; i++)
        rank += values[i] > values[own] || (values[i] == values[own] && i < own);
    return rank;
}

static size_t place_of_best(const float *values, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

/* ---- accuracy ---- */

/* Per class: targets, right ones among them, and predictions. */
typedef struct {
    size_t n, right, predicted;
} class_counts;

static double mean_recall(const class_counts *counts, size_t C)
{
    double sum = 0.0;
    size_t n_classes = 0;
    for (size_t c = 0; c < C; c++) {
        if (counts[c].n == 0 && counts[c].predicted == 0)
            continue;
        if (counts[c].n == 0)
            return NAN;
        sum += (double)counts[c].right / (double)counts[c].n;
        n_classes++;
    }
    return n_classes ? sum / (double)n_classes : NAN;
}

mc_status mci_metrics_accuracy(const float *logits, const int32_t *targets, size_t n, size_t C,
                               mci_accuracy *out, mc_error *err)
{
    size_t top1 = 0, top5 = 0;
    class_counts *counts = mci_alloc_zeroed(C, sizeof *counts);
    if (!counts)
        return mci_nomem(err, C * sizeof *counts);
    for (size_t i = 0; i < n; i++) {
        const size_t target = (size_t)targets[i], rank = rank_of(logits + i * C, C, target);
        top1 += rank < 1;
        top5 += rank < 5;
        counts[target].n++;
        counts[target].right += rank < 1;
        counts[place_of_best(logits + i * C, C)].predicted++;
    }
    *out = (mci_accuracy){ (double)top1 / (double)n, (double)top5 / (double)n,
                           mean_recall(counts, C) };
    mci_free(counts);
    return MC_OK;
}

/* ---- the area under the ROC curve ---- */

typedef struct {
    double score;
    int32_t target;
} scored;

static int by_score(const void *a, const void *b)
{
    const scored *x = a, *y = b;
    return (x->score > y->score) - (x->score < y->score);
}

/* In ascending order, each item of class 1 beats the items of class 0 before it, and half of those
 * of its own score. */
static double area(const scored *items, size_t n)
{
    double pairs = 0.0, below = 0.0, ones = 0.0;
    for (size_t i = 0; i < n;) {
        double zeros_here = 0.0, ones_here = 0.0;
        const double score = items[i].score;
        for (; i < n && items[i].score == score; i++) {
            zeros_here += items[i].target == 0;
            ones_here += items[i].target != 0;
        }
        pairs += ones_here * (below + 0.5 * zeros_here);
        below += zeros_here;
        ones += ones_here;
    }
    return below > 0.0 && ones > 0.0 ? pairs / (below * ones) : NAN;
}

mc_status mci_metrics_roc_auc(const double *scores, const int32_t *targets, size_t n, double *out,
                              mc_error *err)
{
    scored *items = mci_alloc(n * sizeof *items);
    if (!items)
        return mci_nomem(err, n * sizeof *items);
    for (size_t i = 0; i < n; i++) {
        items[i] = (scored){ scores[i], targets[i] };
        if (isnan(scores[i])) { /* comparing would loop for ever */
            mci_free(items);
            return mc_fail(err, MC_E_ARG, "score %zu is not a number", i);
        }
    }
    qsort(items, n, sizeof *items, by_score);
    *out = area(items, n);
    mci_free(items);
    return MC_OK;
}

/* ---- retrieval ---- */

static void score_all(const float *query, const float *rows, size_t n, size_t D, float *scores)
{
    for (size_t i = 0; i < n; i++) {
        double sum = 0.0;
        for (size_t d = 0; d < D; d++)
            sum += (double)query[d] * (double)rows[i * D + d];
        scores[i] = (float)sum;
    }
}

static int by_size(const void *a, const void *b)
{
    const size_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double share_below(const size_t *ranks, size_t n, size_t k)
{
    size_t below = 0;
    while (below < n && ranks[below] < k)
        below++;
    return (double)below / (double)n;
}

mci_retrieval mci_metrics_of_ranks(size_t *ranks, size_t n)
{
    mci_retrieval r = { 0 };
    qsort(ranks, n, sizeof *ranks, by_size);
    for (size_t i = 0; i < n; i++)
        r.mean_rank += (double)(ranks[i] + 1);
    r.mean_rank /= (double)n;
    r.median_rank = floor(((double)ranks[(n - 1) / 2] + (double)ranks[n / 2]) / 2.0) + 1.0;
    r.r_at_1 = share_below(ranks, n, 1);
    r.r_at_5 = share_below(ranks, n, 5);
    r.r_at_10 = share_below(ranks, n, 10);
    return r;
}

mc_status mci_metrics_retrieval(const float *queries, const float *rows, size_t n, size_t D,
                                mci_retrieval *out, mc_error *err)
{
    mc_status status = MC_OK;
    float *scores = mci_alloc(n * sizeof *scores);
    size_t *ranks = mci_alloc(n * sizeof *ranks);
    if (!scores || !ranks || n == 0) {
        status =
            n ? mci_nomem(err, n * sizeof *ranks) : mc_fail(err, MC_E_ARG, "there are no pairs");
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        score_all(queries + i * D, rows, n, D, scores);
        ranks[i] = rank_of(scores, n, i);
    }
    *out = mci_metrics_of_ranks(ranks, n);
done:
    mci_free(scores);
    mci_free(ranks);
    return status;
}
