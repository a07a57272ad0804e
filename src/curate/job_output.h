/* The one file of pairs that a command writes, with the time it took. */
#ifndef MCI_CURATE_JOB_OUTPUT_H
#define MCI_CURATE_JOB_OUTPUT_H

#include <time.h>

#include "curate/pairs_output.h"

typedef struct {
    mci_pairs_output pairs;
    const char *path;
    struct timespec start;
} mci_job_output;

/* Seconds since `start`, taken with clock_gettime(CLOCK_MONOTONIC). */
double mci_seconds_since(struct timespec start);

mc_status mci_job_output_open(mci_job_output *output, const char *path, mc_error *err);
/* As in pairs_output.h. */
mc_status mci_job_output_format(const mci_job_output *output, mci_batch *batch, mc_error *err);
mc_status mci_job_output_write(mci_job_output *output, const mci_batch *batch, mc_error *err);
/* Ends the job: with status MC_OK the file appears (and, if `kind` is not NULL, its sidecar names
 * summary->metadata_sha256), otherwise nothing does. Gives the status of all. */
mc_status mci_job_output_close(mci_job_output *output, mc_status status, mc_summary *summary,
                               const char *kind, mc_error *err);

#endif
