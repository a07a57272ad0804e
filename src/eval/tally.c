#include "eval/tally.h"

#include <math.h>

#include "base/alloc.h"
#include "eval/metrics.h"

mc_status mci_tally_init(mci_tally *t, size_t n_classes, mc_error *err)
{
    *t = (mci_tally){ .n_classes = n_classes };
    t->classes = mci_alloc_zeroed(n_classes, sizeof *t->classes);
    return t->classes ? MC_OK : mci_nomem(err, n_classes * sizeof *t->classes);
}

void mci_tally_release(mci_tally *t)
{
    mci_free(t->classes);
    mci_free(t->margins);
    mci_free(t->targets);
    *t = (mci_tally){ 0 };
}

/* How many come before the target. */
static size_t rank_of(const float *scores, size_t n, size_t target)
{
    size_t behind = 0;
    const float own = scores[target];
    for (size_t i = 0; i < n; i++)
        behind += scores[i] < own || (scores[i] == own && i > target);
    return n - 1 - behind;
}

static mc_status keep_margin(mci_tally *t, double margin, uint32_t target, mc_error *err)
{
    void *margins = t->margins, *targets = t->targets;
    const size_t n = (size_t)t->n;
    MC_TRY(mci_grow(&margins, &t->cap_margins, n + 1, sizeof *t->margins, err));
    t->margins = margins;
    MC_TRY(mci_grow(&targets, &t->cap_targets, n + 1, sizeof *t->targets, err));
    t->targets = targets;
    t->margins[n] = margin;
    t->targets[n] = (int32_t)target;
    return MC_OK;
}

mc_status mci_tally_add(mci_tally *t, const float *scores, uint32_t target, mc_error *err)
{
    const size_t rank = rank_of(scores, t->n_classes, target);
    if (t->n_classes == 2)
        MC_TRY(keep_margin(t, (double)scores[1] - (double)scores[0], target, err));
    t->n++;
    t->top1 += rank < 1;
    t->top5 += rank < 5;
    t->classes[target].n++;
    t->classes[target].right += rank < 1;
    return MC_OK;
}

static double mean_recall(const mci_tally *t)
{
    double sum = 0.0;
    size_t n = 0;
    for (size_t c = 0; c < t->n_classes; c++) {
        if (t->classes[c].n == 0)
            continue;
        sum += (double)t->classes[c].right / (double)t->classes[c].n;
        n++;
    }
    return n ? sum / (double)n : NAN;
}

mc_status mci_tally_end(const mci_tally *t, mci_tally_numbers *out, mc_error *err)
{
    mci_tally_numbers numbers = { NAN, NAN, NAN, NAN };
    if (t->n > 0) {
        numbers.acc1 = (double)t->top1 / (double)t->n;
        numbers.mean_per_class = mean_recall(t);
    }
    if (t->n > 0 && t->n_classes >= 5)
        numbers.acc5 = (double)t->top5 / (double)t->n;
    if (t->n > 0 && t->n_classes == 2)
        MC_TRY(mci_metrics_roc_auc(t->margins, t->targets, (size_t)t->n, &numbers.roc_auc, err));
    *out = numbers;
    return MC_OK;
}
