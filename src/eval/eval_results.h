/* Results as lines of JSON, and the file that keeps them. */
#ifndef MCI_EVAL_EVAL_RESULTS_H
#define MCI_EVAL_EVAL_RESULTS_H

#include "base/buf.h"
#include "eval/dataset.h"

/* Appends the line of a result, without its end, in CLIP_benchmark's fields and then more. setup is
 * what mci_eval_setup made. Numbers that are NAN are null. */
mc_status mci_eval_result_line(const mc_eval_job *job, const mc_eval_result *result,
                               const char *setup, mci_buf *out, mc_error *err);

enum { MCI_SETUP_DIGITS = 32 };
/* A digest of what a result depends on beside the names in it: the texts, how images are prepared,
 * arithmetic, where the set lies. */
void mci_eval_setup(const mc_eval_job *job, const mc_eval_set *spec, const mci_dataset *set,
                    char out[MCI_SETUP_DIGITS + 1]);

/* The lines of a file. Zero-initialise, release at the end. */
typedef struct {
    mci_buf text;
    size_t *ends; /* [n]: behind each line's end */
    size_t n, cap;
} mci_eval_lines;

void mci_eval_lines_release(mci_eval_lines *lines);
/* Nothing, if there is no such file. MC_E_FORMAT: a line is no result. */
mc_status mci_eval_lines_load(const char *path, mci_eval_lines *out, mc_error *err);
mc_status mci_eval_lines_save(const mci_eval_lines *lines, const char *path, mc_error *err);
/* The line of the same data set, split, model, pretrained, task and language. *found; if setup, and
 * the metric, are the same too, *is_same, and the numbers are put into result. */
mc_status mci_eval_lines_find(const mci_eval_lines *lines, const mc_eval_job *job,
                              const char *setup, mc_eval_result *result, size_t *at, bool *found,
                              bool *is_same, mc_error *err);
mc_str mci_eval_lines_get(const mci_eval_lines *lines, size_t i);
/* Puts a line at place i, or behind the last if there is none. */
mc_status mci_eval_lines_put(mci_eval_lines *lines, size_t i, mc_str line, mc_error *err);

#endif
