/* The job: the whole way, shard by shard, into a run folder. */
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/threads.h"
#include "curate/metadata_facts.h"
#include "run/run_internal.h"

static mc_status run_phases(mci_run *run, mc_error *err)
{
    MC_TRY(mci_run_begin(run, err));
    MC_TRY(mci_run_pool(run, err));
    MC_TRY(mci_run_dedup(run, err));
    MC_TRY(mci_run_matched(run, err));
    MC_TRY(mci_run_choose(run, err));
    MC_TRY(mci_run_counts(run, err));
    MC_TRY(mci_run_curated(run, err));
    return mci_run_card(run, err);
}

/* Many shards: one thread each. Few: the threads share a shard. The bytes are the same. */
static mc_status share_threads(mci_run *run, mc_error *err)
{
    unsigned n = mci_flow_workers(&run->job->pool);
    run->n_workers = run->shards.n < n ? (unsigned)run->shards.n : n;
    run->n_threads_each = n / run->n_workers;
    run->worker_bytes = mci_alloc_zeroed(run->n_workers, sizeof *run->worker_bytes);
    return run->worker_bytes ? MC_OK : mci_nomem(err, run->n_workers * sizeof(uint64_t));
}

static mc_status refuse_pipes(const mc_pool *pool, mc_error *err)
{
    for (size_t i = 0; i < pool->n_inputs; i++) {
        struct stat info;
        bool is_standard = strcmp(pool->inputs[i], "-") == 0;
        if (is_standard ||
            (stat(pool->inputs[i], &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)))
            return mc_fail(err, MC_E_ARG,
                           "%s: curate must be able to start again, so it reads files, not pipes",
                           is_standard ? "standard input" : pool->inputs[i]);
    }
    return MC_OK;
}

static mc_status load_metadata(mci_run *run, mc_error *err)
{
    const mc_curate_job *job = run->job;
    MC_TRY(mc_metadata_load_lists(job->metadata_path, &run->metadata, err));
    run->n_lists = mc_metadata_lists(run->metadata, &run->lists);
    if (run->n_lists > 0 && job->target)
        return mc_fail(
            err, MC_E_ARG,
            "a target is for one list; of a folder of lists give -t, which is English's, "
            "or a tail ratio");
    if (run->n_lists > 0 && mci_same_file(job->metadata_path, job->out_dir))
        return mc_fail(err, MC_E_ARG,
                       "%s: the run's files would lie among the lists, and be read as lists; give "
                       "the run a folder of its own",
                       job->out_dir);
    return MC_OK;
}

static mc_status open_run(mci_run *run, mc_error *err)
{
    const mc_curate_job *job = run->job;
    MC_TRY(refuse_pipes(&job->pool, err));
    if (job->t == 0 && job->tail_ratio < 0 && job->target == 0)
        return mc_fail(err, MC_E_ARG, "t must be at least 1");
    if (job->state_dir && job->keep_duplicates)
        return mc_fail(err, MC_E_ARG,
                       "to keep duplicates and to leave out those of earlier runs "
                       "contradict each other");
    MC_TRY(mci_shards_list(job->pool.inputs, job->pool.n_inputs, MCI_BY_NAME, job->names_from_paths,
                           &run->shards, err));
    MC_TRY(share_threads(run, err));
    MC_TRY(load_metadata(run, err));
    mci_summary_set_metadata(run->summary, run->metadata);
    MC_TRY(mci_languages_open(&job->pool, run->n_lists > 0, &run->languages, err));
    mci_languages_sum_up(&run->languages, run->summary);
    MC_TRY(mci_block_list_load(job->block_paths, job->n_block_paths, &run->blocked, err));
    mci_summary_set_block_list(run->summary, run->blocked);
    run->summary->seed = job->seed;
    return mci_run_folder_open(job->out_dir, job->format, &run->folder, err);
}

mc_status mc_curate_run(const mc_curate_job *job, mc_summary *summary, mc_error *err)
{
    mci_run run = { .job = job, .summary = summary };
    clock_gettime(CLOCK_MONOTONIC, &run.start);
    pthread_mutex_init(&run.progress_lock, NULL);
    mc_status status = open_run(&run, err);
    if (status >= 0)
        status = run_phases(&run, err);
    mci_workers_leave(run.workers);
    mci_run_state_release(&run);
    mc_balancer_free(run.balancer);
    mci_limits_release(&run.limits);
    mc_counts_release(&run.counts);
    mc_metadata_free(run.metadata);
    mci_languages_close(&run.languages);
    mci_block_list_free(run.blocked);
    mci_shards_release(&run.shards);
    mci_free(run.worker_bytes);
    pthread_mutex_destroy(&run.progress_lock);
    return status;
}
