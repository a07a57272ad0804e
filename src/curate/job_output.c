#include "curate/job_output.h"

#include "curate/sidecar.h"

double mci_seconds_since(struct timespec start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) * 1e-9;
}

mc_status mci_job_output_open(mci_job_output *output, const char *path, mc_error *err)
{
    clock_gettime(CLOCK_MONOTONIC, &output->start);
    output->path = path;
    return mci_pairs_output_open(&output->pairs, path, mci_codec_of(path), err);
}

mc_status mci_job_output_format(const mci_job_output *output, mci_batch *batch, mc_error *err)
{
    return mci_pairs_output_format(&output->pairs, batch, err);
}

mc_status mci_job_output_write(mci_job_output *output, const mci_batch *batch, mc_error *err)
{
    return mci_pairs_output_write(&output->pairs, batch, err);
}

mc_status mci_job_output_close(mci_job_output *output, mc_status status, mc_summary *summary,
                               const char *kind, mc_error *err)
{
    /* An old sidecar must not speak for a new file, whenever the run is killed. */
    if (status >= 0)
        status = mci_sidecar_remove(output->path, err);
    status = mci_pairs_output_end(&output->pairs, status, err);
    if (status >= 0 && kind)
        status =
            mci_sidecar_save(output->path, kind, summary->metadata_sha256, summary->n_entries, err);
    summary->seconds = mci_seconds_since(output->start);
    return status;
}
