/* Evaluation while training: the data sets of a catalog, judged as `eval` judges them, by the
 * weights of a checkpoint. One number tells which checkpoint is the best. */
#ifndef MCI_TRAIN_TRAIN_EVAL_H
#define MCI_TRAIN_TRAIN_EVAL_H

#include "train/train_config.h"
#include "train/train_log.h"

/* Before training: that the catalog can be read and its sets be opened, and has the one that is to
 * tell. Errors name the field. */
mc_status mci_train_eval_check(const mc_train_config *config, mc_error *err);

/* Evaluates the model of a folder and puts each set's line into the log. *value is that of the
 * config's best_set, or the mean of all sets; NAN if there is a set that it needs and that failed,
 * which hooks->warn is told of. Arithmetic is float32, as eval's. Memory: the model once more.
 *   name  what the lines call the model */
mc_status mci_train_eval_run(const mc_train_config *config, const char *folder, const char *name,
                             uint64_t step, unsigned n_threads, const mc_hooks *hooks,
                             const mci_train_log *log, double *value, mc_error *err);

#endif
