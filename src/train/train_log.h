/* What a run says of itself: a line for people and a line of JSON, every so many steps. */
#ifndef MCI_TRAIN_TRAIN_LOG_H
#define MCI_TRAIN_TRAIN_LOG_H

#include "base/buf.h"
#include "train/trainer.h"

/* Sums since the last line. */
typedef struct {
    uint64_t n_steps, n_pairs;
    double loss, data_seconds, seconds;
    double work; /* of this process (step_work.h) */
} mci_log_window;

typedef struct {
    char path[4096]; /* OUT/log.jsonl; empty: nobody writes */
    uint64_t n_all_steps, batch;
    double product_rate;   /* of this process; 0: not known */
    uint64_t warmup_steps; /* in the first half of which a loss need not fall yet */
    uint64_t n_flat;       /* windows in a row, behind that, whose loss was ln(batch) */
    mci_log_window window;
    void (*line)(void *user, const char *text); /* may be NULL */
    const mc_hooks *hooks;
    void *user;
} mci_train_log;

/* Opens OUT/log.jsonl and leaves out the lines of steps beyond `step`, which a run that was stopped
 * had written and will write again. */
mc_status mci_train_log_open(mci_train_log *log, const char *out_dir, uint64_t step, mc_error *err);
/* A step: n_pairs are of all processes, work is this one's. */
void mci_train_log_step(mci_train_log *log, const mci_step_facts *facts, uint64_t n_pairs,
                        double work, double data_seconds, double seconds);
/* Ends the window: step is the number of steps made so far. Warns when a model learns nothing: the
 * loss stays that of guessing. */
mc_status mci_train_log_end(mci_train_log *log, uint64_t step, const mci_step_facts *facts,
                            uint64_t epoch, mc_error *err);

/* What a data set came out with after `step` steps: a line of JSON that eval made. */
mc_status mci_train_log_set(const mci_train_log *log, uint64_t step, const char *json,
                            mc_error *err);
/* The evaluation's value, and the best one so far. */
mc_status mci_train_log_value(const mci_train_log *log, uint64_t step, double value,
                              uint64_t best_step, double best_value, mc_error *err);

#endif
