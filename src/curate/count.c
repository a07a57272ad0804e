/* The job: matched pairs -> entry counts. */
#include "curate/count.h"

#include "base/alloc.h"
#include "curate/job_files.h"
#include "curate/job_output.h"
#include "curate/metadata_facts.h"
#include "curate/stages.h"

static mc_status count_work(void *user, mci_batch *batch, unsigned worker, mc_error *err)
{
    MC_TRY(mci_count_batch(user, batch, worker, err));
    for (size_t i = 0; i < batch->list.n; i++) {
        const mc_record *record = &batch->list.records[i];
        for (size_t j = 0; j < record->n_texts; j++)
            batch->n.matches += record->texts[j].n_entries;
        batch->n.pairs_kept += record->n_texts;
        batch->n.records_kept += record->n_texts > 0;
    }
    return MC_OK;
}

static mc_status count_drain(void *user, mci_batch *batch, mc_error *err)
{
    (void)user;
    (void)batch;
    (void)err;
    return MC_OK;
}

mc_status mci_count_shards(const mc_pool *pool, const mci_shards *shards, size_t n_entries,
                           uint64_t *counts, mc_summary *summary, mc_error *err)
{
    mci_count_stage stage;
    MC_TRY(mci_count_stage_open(n_entries, mci_flow_workers(pool), &stage, err));
    mci_flow_steps steps = { .work = count_work, .drain = count_drain, .user = &stage };
    mc_status status = mci_flow_run(pool, shards, "count", &steps, summary, err);
    if (status >= 0)
        mci_count_stage_fold(&stage, counts);
    mci_count_stage_close(&stage);
    return status;
}

mc_status mci_count_inputs(const mc_pool *pool, const mc_metadata *metadata, mc_counts *out,
                           mc_summary *summary, mc_error *err)
{
    mci_shards shards;
    mc_counts counts = { .n = mc_metadata_len(metadata) };
    const mc_metadata_list *lists;
    memcpy(counts.metadata_sha256, mc_metadata_sha256(metadata), sizeof counts.metadata_sha256);
    counts.by_language = mc_metadata_lists(metadata, &lists) > 0;
    MC_TRY(mci_shards_list(pool->inputs, pool->n_inputs, MCI_AS_GIVEN, false, &shards, err));
    mc_status status =
        mci_check_sidecars(pool->inputs, pool->n_inputs, counts.metadata_sha256, &pool->hooks, err);
    counts.counts = mci_alloc_zeroed(counts.n, sizeof *counts.counts);
    if (status >= 0 && !counts.counts)
        status = mci_nomem(err, counts.n * sizeof *counts.counts);
    if (status >= 0)
        status = mci_count_shards(pool, &shards, counts.n, counts.counts, summary, err);
    mci_shards_release(&shards);
    if (status < 0)
        mc_counts_release(&counts);
    else
        *out = counts;
    return status;
}

mc_status mc_count_run(const mc_count_job *job, mc_summary *summary, mc_error *err)
{
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    const mc_pool *pool = &job->pool;
    mci_job_files files = { { { pool->inputs, pool->n_inputs }, { &job->metadata_path, 1 } },
                            { &job->out_path, 1 } };
    mc_metadata *metadata = NULL;
    mc_counts counts = { 0 };
    MC_TRY(mci_job_files_check(&files, err));
    mc_status status = mc_metadata_load_lists(job->metadata_path, &metadata, err);
    if (status >= 0) {
        mci_summary_set_metadata(summary, metadata);
        status = mci_count_inputs(&job->pool, metadata, &counts, summary, err);
    }
    if (status >= 0)
        status = mc_counts_save(&counts, job->out_path, err);
    mc_counts_release(&counts);
    mc_metadata_free(metadata);
    summary->seconds = mci_seconds_since(start);
    return status;
}
