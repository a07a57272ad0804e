/* The numbers that tell how good a zero-shot classifier or a retrieval is, as CLIPEval (the
 * evaluation of SLIP and MetaCLIP, 26 data sets) and CLIP_benchmark compute them. */
#ifndef MCI_EVAL_METRICS_H
#define MCI_EVAL_METRICS_H

#include "base/error.h"
#include "metaclip/base.h"

/* Fractions. */
typedef struct {
    double top1, top5;     /* the target is the best, or among the best five (of equal ones, the
                              smaller class comes first) */
    double mean_per_class; /* recall, averaged over the classes that are targets or predicted; NAN
                              if one is predicted and never a target, as in scikit-learn's confusion
                              matrix */
} mci_accuracy;

/* logits f32 [n, C]; targets int32 [n], each below C. Errors: MC_E_NOMEM. */
mc_status mci_metrics_accuracy(const float *logits, const int32_t *targets, size_t n, size_t C,
                               mci_accuracy *out, mc_error *err);

/* The area under the ROC curve: the chance that an item of class 1 has a higher score than one of
 * class 0, ties counted one half. NAN without items of both classes.
 *   scores  [n];  targets  int32 [n], 0 or 1 */
mc_status mci_metrics_roc_auc(const double *scores, const int32_t *targets, size_t n, double *out,
                              mc_error *err);

typedef struct {
    double mean_rank;               /* of the right answer, from 1 */
    double median_rank;             /* floor(median of the ranks from 0) + 1 */
    double r_at_1, r_at_5, r_at_10; /* fractions whose answer is among the best k */
} mci_retrieval;

/* Of n ranks that count from 0, at least one; they are sorted. */
mci_retrieval mci_metrics_of_ranks(size_t *ranks, size_t n);

/* Each of n queries must find the row of its own number among n.
 *   queries, rows  f32 [n, D] */
mc_status mci_metrics_retrieval(const float *queries, const float *rows, size_t n, size_t D,
                                mci_retrieval *out, mc_error *err);

#endif
