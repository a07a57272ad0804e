/* The job: WAT, WARC or pairs -> pairs, without duplicates. */
#include "base/alloc.h"
#include "curate/job_files.h"
#include "curate/job_output.h"
#include "curate/key_set.h"
#include "curate/stages.h"

typedef struct {
    mci_job_output output;
    bool keep_duplicates;
    mci_key_set seen;
    size_t next_key; /* in batch->extra, while a batch is drained */
} extraction;

static mc_status extract_work(void *user, mci_batch *batch, unsigned worker, mc_error *err)
{
    (void)worker;
    const extraction *job = user;
    return job->keep_duplicates ? mci_format_batch(batch, err) : mci_key_batch(batch, err);
}

static mc_status drop_if_seen(void *user, mci_batch *batch, const mc_record *record, mc_text *text,
                              bool *keeps, mc_error *err)
{
    (void)record;
    (void)text;
    extraction *job = user;
    mci_hash128 key;
    memcpy(&key, batch->extra.data + job->next_key++ * sizeof key, sizeof key);
    MC_TRY(mci_key_set_add(&job->seen, key, keeps, err));
    batch->n.pairs_duplicate += !*keeps;
    return MC_OK;
}

/* The shards come in the order of their names, so the first one seen is the one that stays. */
static mc_status extract_drain(void *user, mci_batch *batch, mc_error *err)
{
    extraction *job = user;
    if (!job->keep_duplicates) {
        job->next_key = 0;
        MC_TRY(mci_filter_batch(drop_if_seen, job, batch, &batch->n.records_duplicate, err));
        MC_TRY(mci_format_batch(batch, err));
    }
    return mci_job_output_write(&job->output, batch, err);
}

mc_status mc_extract_run(const mc_extract_job *job, mc_summary *summary, mc_error *err)
{
    extraction e = { .keep_duplicates = job->keep_duplicates };
    const mc_pool *pool = &job->pool;
    mci_job_files files = { { { pool->inputs, pool->n_inputs } }, { &job->out_path, 1 } };
    mci_shards shards;
    MC_TRY(mci_job_files_check(&files, err));
    MC_TRY(mci_shards_list(job->pool.inputs, job->pool.n_inputs, MCI_BY_NAME, job->names_from_paths,
                           &shards, err));
    mc_status status = mci_job_output_open(&e.output, job->out_path, err);
    if (status >= 0) {
        mci_flow_steps steps = { extract_work, extract_drain, &e };
        status = mci_flow_run(&job->pool, &shards, "extract", &steps, summary, err);
    }
    status = mci_job_output_close(&e.output, status, summary, NULL, err);
    mci_key_set_release(&e.seen);
    mci_shards_release(&shards);
    return status;
}
