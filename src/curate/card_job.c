/* The job: a data card from files that lie about. */
#include "base/alloc.h"
#include "curate/count.h"
#include "curate/job_files.h"
#include "curate/job_output.h"
#include "curate/limits.h"
#include "curate/metadata_facts.h"

static mc_status count_pool(const mc_card_job *job, const mc_metadata *metadata, mc_counts *pool,
                            mc_card *card, mc_summary *summary, mc_error *err)
{
    if (job->counts_path)
        return mc_counts_load(job->counts_path, metadata, &job->pool.hooks, pool, err);
    MC_TRY(mci_count_inputs(&job->pool, metadata, pool, summary, err));
    card->matched_pairs = summary->n.pairs_kept;
    return MC_OK;
}

static mc_status count_curated(const mc_card_job *job, const mc_metadata *metadata,
                               mc_counts *curated, mc_card *card, mc_error *err)
{
    if (job->n_curated_inputs == 0)
        return MC_OK;
    mc_pool pool = job->pool;
    mc_summary summary = { 0 };
    pool.inputs = job->curated_inputs;
    pool.n_inputs = job->n_curated_inputs;
    MC_TRY(mci_count_inputs(&pool, metadata, curated, &summary, err));
    card->curated_pairs = summary.n.pairs_kept;
    return MC_OK;
}

static mc_status check_curated(const mc_counts *pool, const mc_counts *curated, mc_error *err)
{
    for (size_t i = 0; curated->counts && i < pool->n; i++)
        if (curated->counts[i] > pool->counts[i])
            return mc_fail(err, MC_E_MISMATCH,
                           "entry %zu has %llu curated pairs but only %llu in the pool: the "
                           "curated pairs are not of this pool",
                           i, (unsigned long long)curated->counts[i],
                           (unsigned long long)pool->counts[i]);
    return MC_OK;
}

/* Which t each of several lists had is not known here. */
static mc_status save(const mc_card_job *job, const mc_metadata *metadata, mc_card *card,
                      mc_error *err)
{
    const mc_metadata_list *lists;
    size_t n_lists = mc_metadata_lists(metadata, &lists);
    MC_TRY(mci_card_set_lists(lists, n_lists, NULL, card, err));
    mc_status status = mc_card_save(card, job->out_path, err);
    mci_free(card->lists);
    return status;
}

static mc_status make_card(const mc_card_job *job, const mc_metadata *metadata, mc_counts *pool,
                           mc_counts *curated, mc_summary *summary, mc_error *err)
{
    mc_card card = { .n_entries = mc_metadata_len(metadata), .t = job->t, .seed = job->seed };
    strncpy(card.tool_version, METACLIP_VERSION, sizeof card.tool_version - 1);
    memcpy(card.metadata_sha256, mc_metadata_sha256(metadata), sizeof card.metadata_sha256);
    MC_TRY(count_pool(job, metadata, pool, &card, summary, err));
    MC_TRY(count_curated(job, metadata, curated, &card, err));
    MC_TRY(check_curated(pool, curated, err));
    card.pool = pool->counts;
    card.curated = curated->counts;
    summary->t = job->t;
    summary->seed = job->seed;
    if (job->t)
        summary->shape = mc_counts_shape(pool, job->t);
    return save(job, metadata, &card, err);
}

mc_status mc_card_run(const mc_card_job *job, mc_summary *summary, mc_error *err)
{
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    const char *lists[] = { job->metadata_path, job->counts_path };
    mci_job_files files = { { { job->pool.inputs, job->pool.n_inputs },
                              { job->curated_inputs, job->n_curated_inputs },
                              { lists, COUNT_OF(lists) } },
                            { &job->out_path, 1 } };
    MC_TRY(mci_job_files_check(&files, err));
    mc_metadata *metadata = NULL;
    mc_counts pool = { 0 }, curated = { 0 };
    mc_status status = mc_metadata_load_lists(job->metadata_path, &metadata, err);
    if (status >= 0) {
        mci_summary_set_metadata(summary, metadata);
        status = make_card(job, metadata, &pool, &curated, summary, err);
    }
    mc_counts_release(&pool);
    mc_counts_release(&curated);
    mc_metadata_free(metadata);
    summary->seconds = mci_seconds_since(start);
    return status;
}
