/* The numbers of a classification, gathered image by image: memory grows with the classes, not with
 * the images (but for the area under the ROC curve of two classes, which needs all scores). */
#ifndef MCI_EVAL_TALLY_H
#define MCI_EVAL_TALLY_H

#include "base/error.h"
#include "metaclip/base.h"

typedef struct {
    uint64_t n, right; /* images of a class; those of them that were found */
} mci_tally_class;

/* Zero-initialise, release at the end. */
typedef struct {
    size_t n_classes;
    uint64_t n, top1, top5;
    mci_tally_class *classes;
    double *margins; /* of two classes: the second's score less the first's */
    int32_t *targets;
    size_t cap_margins, cap_targets;
} mci_tally;

mc_status mci_tally_init(mci_tally *tally, size_t n_classes, mc_error *err);
void mci_tally_release(mci_tally *tally);

/* scores f32 [n_classes]; target < n_classes. Of equal scores the smaller class comes first; a
 * score that is no number comes before the target's, so that it can do no good. */
mc_status mci_tally_add(mci_tally *tally, const float *scores, uint32_t target, mc_error *err);

typedef struct {
    double acc1;
    double acc5;           /* NAN with fewer than five classes, as in CLIP_benchmark */
    double mean_per_class; /* over classes that are targets: scikit-learn's balanced accuracy, and
                              CLIPEval's mean per class wherever that is a number */
    double roc_auc;        /* NAN unless there are two classes, and images of both */
} mci_tally_numbers;

/* All NAN without images. Errors: MC_E_NOMEM, MC_E_ARG (scores that are no numbers). */
mc_status mci_tally_end(const mci_tally *tally, mci_tally_numbers *out, mc_error *err);

#endif
