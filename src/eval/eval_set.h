/* One data set, one model: the numbers. */
#ifndef MCI_EVAL_EVAL_SET_H
#define MCI_EVAL_EVAL_SET_H

#include "eval/dataset.h"

/* What is open while sets are evaluated. */
typedef struct {
    const mc_eval_job *job;
    const mc_tokenizer *tokenizer;
    mc_clip_ctx *ctx;
    mc_image_options images;
    size_t batch;
    uint64_t n_sets_done, n_sets; /* for progress */
} mci_eval_run;

/* Fills in counts and numbers of *out; all others are NAN. Errors: MC_E_FORMAT (no image could be
 * used, or the set is cut), MC_E_LIMIT, and what the model may say; with job->strict the first
 * image's failure. */
mc_status mci_eval_set_run(const mci_eval_run *run, mci_dataset *set, mc_eval_result *out,
                           mc_error *err);

/* The number that stands for the set, of the others; NAN if there is no such. */
double mci_eval_value(const mc_eval_result *result);

#endif
