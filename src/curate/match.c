/* The job: pairs + metadata -> matched pairs. */
#include "base/alloc.h"
#include "curate/job_files.h"
#include "curate/job_output.h"
#include "curate/languages.h"
#include "curate/metadata_facts.h"
#include "curate/stages.h"

typedef struct {
    mci_job_output output;
    mci_match_stage matching;
    mci_languages languages;
    mci_block_list *blocked;
} match_state;

static mc_status match_sift(void *user, mci_batch *batch, unsigned worker, mc_error *err)
{
    const match_state *state = user;
    return mci_match_batch(&state->matching, batch, worker, err);
}

static mc_status match_work(void *user, mci_batch *batch, unsigned worker, mc_error *err)
{
    (void)worker;
    const match_state *state = user;
    batch->n.matches -= mci_block_batch(state->blocked, batch);
    return mci_job_output_format(&state->output, batch, err);
}

static mc_status match_drain(void *user, mci_batch *batch, mc_error *err)
{
    match_state *state = user;
    return mci_job_output_write(&state->output, batch, err);
}

static mc_status flow_shards(match_state *state, const mc_match_job *job, const mci_shards *shards,
                             mc_summary *summary, mc_error *err)
{
    mc_status status = mci_job_output_open(&state->output, job->out_path, err);
    if (status >= 0) {
        mci_flow_steps steps = { .work = match_work,
                                 .drain = match_drain,
                                 .user = state,
                                 .sift = match_sift,
                                 .languages = &state->languages };
        status = mci_flow_run(&job->pool, shards, "match", &steps, summary, err);
    }
    return mci_job_output_close(&state->output, status, summary, "matched pairs", err);
}

static mc_status match_shards(const mc_match_job *job, const mc_metadata *metadata,
                              const mci_shards *shards, mc_summary *summary, mc_error *err)
{
    match_state state = { 0 };
    MC_TRY(mci_block_list_load(job->block_paths, job->n_block_paths, &state.blocked, err));
    mci_summary_set_block_list(summary, state.blocked);
    mc_status status = mci_match_stage_open(metadata, job->rule, mci_flow_workers(&job->pool),
                                            &state.matching, err);
    if (status >= 0)
        status = mci_languages_open(&job->pool, state.matching.n_lists > 0, &state.languages, err);
    if (status >= 0)
        status = flow_shards(&state, job, shards, summary, err);
    mci_languages_close(&state.languages);
    mci_match_stage_close(&state.matching);
    mci_block_list_free(state.blocked);
    return status;
}

mc_status mc_match_run(const mc_match_job *job, mc_summary *summary, mc_error *err)
{
    const mc_pool *pool = &job->pool;
    mci_job_files files = { { { pool->inputs, pool->n_inputs },
                              { &job->metadata_path, 1 },
                              { job->block_paths, job->n_block_paths },
                              { &pool->lid_model, 1 } },
                            { &job->out_path, 1 } };
    mci_shards shards;
    mc_metadata *metadata = NULL;
    MC_TRY(mci_job_files_check(&files, err));
    MC_TRY(mci_shards_of_pool(pool, MCI_AS_GIVEN, false, &shards, err));
    mc_status status = mc_metadata_load_lists(job->metadata_path, &metadata, err);
    if (status >= 0) {
        mci_summary_set_metadata(summary, metadata);
        status = match_shards(job, metadata, &shards, summary, err);
    }
    mc_metadata_free(metadata);
    mci_shards_release(&shards);
    return status;
}
