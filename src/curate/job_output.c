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
    if (mci_is_parquet_name(path))
        return mci_parquet_out_open(path, &output->table, err);
    return mci_output_open(path, mci_codec_of(path), &output->file, err);
}

static mc_status write_rows(mci_parquet_out *table, const mci_record_list *list, mc_error *err)
{
    for (size_t i = 0; i < list->n; i++)
        MC_TRY(mci_parquet_out_add(table, &list->records[i], err));
    return MC_OK;
}

mc_status mci_job_output_write(mci_job_output *output, const mci_batch *batch, mc_error *err)
{
    return output->table ? write_rows(output->table, &batch->list, err)
                         : mci_output_write(output->file, mci_buf_str(&batch->out), err);
}

/* Lets the file appear, or takes it back if status is a failure. */
static mc_status finish_file(mci_job_output *output, mc_status status, mc_error *err)
{
    if (status < 0) {
        mci_output_abort(output->file);
        mci_parquet_out_abort(output->table);
    } else if (output->table) {
        status = mci_parquet_out_commit(output->table, err);
    } else {
        status = mci_output_commit(output->file, err);
    }
    output->file = NULL;
    output->table = NULL;
    return status;
}

mc_status mci_job_output_close(mci_job_output *output, mc_status status, mc_summary *summary,
                               const char *kind, mc_error *err)
{
    /* An old sidecar must not speak for a new file, whenever the run is killed. */
    if (status >= 0)
        status = mci_sidecar_remove(output->path, err);
    status = finish_file(output, status, err);
    if (status >= 0 && kind)
        status =
            mci_sidecar_save(output->path, kind, summary->metadata_sha256, summary->n_entries, err);
    summary->seconds = mci_seconds_since(output->start);
    return status;
}
