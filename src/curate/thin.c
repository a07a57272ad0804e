/* The job: matched pairs + counts -> curated pairs, and their data card. */
#include "curate/thin.h"
#include "base/alloc.h"
#include "curate/job_output.h"
#include "curate/metadata_facts.h"
#include "curate/stages.h"

typedef struct {
    mci_job_output output;
    mc_balancer *balancer;
    mci_count_stage curated; /* matches of what is kept */
    uint64_t seed;
} thinning;

static mc_status thin_work(void *user, mci_batch *batch, unsigned worker, mc_error *err)
{
    thinning *state = user;
    MC_TRY(mci_draw_batch(state->balancer, state->seed, batch, err));
    MC_TRY(mci_count_batch(&state->curated, batch, worker, err));
    return mci_format_batch(batch, err);
}

static mc_status thin_drain(void *user, mci_batch *batch, mc_error *err)
{
    thinning *state = user;
    return mci_job_output_write(&state->output, batch, err);
}

mc_status mci_choose_t(const mc_counts *counts, uint64_t t, double tail_ratio, mc_summary *summary,
                       mc_error *err)
{
    if (tail_ratio >= 0)
        MC_TRY(mc_t_of_tail_ratio(counts, tail_ratio, &t, err));
    if (t == 0)
        return mc_fail(err, MC_E_ARG, "t must be at least 1");
    summary->t = t;
    summary->shape = mc_counts_shape(counts, t);
    return MC_OK;
}

static mc_status save_card(const mc_balance_job *job, const mc_counts *counts, uint64_t *curated,
                           const mc_summary *summary, mc_error *err)
{
    mc_card card = { .n_entries = counts->n,
                     .t = summary->t,
                     .seed = summary->seed,
                     .matched_pairs = summary->n.pairs_read,
                     .curated_pairs = summary->n.pairs_kept,
                     .pool = counts->counts,
                     .curated = curated };
    memcpy(card.metadata_sha256, summary->metadata_sha256, sizeof card.metadata_sha256);
    strncpy(card.tool_version, METACLIP_VERSION, sizeof card.tool_version - 1);
    return mc_card_save(&card, job->card_path, err);
}

static mc_status finish_card(const mc_balance_job *job, const mc_counts *counts, thinning *state,
                             const mc_summary *summary, mc_error *err)
{
    uint64_t *curated = mci_alloc_zeroed(counts->n, sizeof *curated);
    if (!curated)
        return mci_nomem(err, counts->n * sizeof *curated);
    mci_count_stage_fold(&state->curated, curated);
    mc_status status = save_card(job, counts, curated, summary, err);
    mci_free(curated);
    return status;
}

static mc_status thin_shards(const mc_balance_job *job, const mc_counts *counts,
                             const mci_shards *shards, mc_summary *summary, mc_error *err)
{
    thinning state = { .seed = job->seed };
    mc_status status =
        mc_balancer_new(counts->counts, counts->n, summary->t, job->seed, &state.balancer, err);
    if (status >= 0)
        status = mci_count_stage_open(counts->n, mci_flow_workers(&job->pool), &state.curated, err);
    if (status >= 0)
        status = mci_job_output_open(&state.output, job->out_path, err);
    if (status >= 0) {
        mci_flow_steps steps = { thin_work, thin_drain, &state };
        status = mci_flow_run(&job->pool, shards, "balance", &steps, summary, err);
        const char *kind = summary->metadata_sha256[0] ? "curated pairs" : NULL;
        status = mci_job_output_close(&state.output, status, summary, kind, err);
    }
    if (status >= 0 && job->card_path)
        status = finish_card(job, counts, &state, summary, err);
    mci_count_stage_close(&state.curated);
    mc_balancer_free(state.balancer);
    return status;
}

/* What must belong together does, and t is known. */
static mc_status prepare(const mc_balance_job *job, const mc_metadata *metadata,
                         const mc_counts *counts, mc_summary *summary, mc_error *err)
{
    summary->seed = job->seed;
    summary->n_entries = counts->n;
    if (metadata)
        mci_summary_set_metadata(summary, metadata);
    else
        memcpy(summary->metadata_sha256, counts->metadata_sha256, sizeof counts->metadata_sha256);
    if (summary->metadata_sha256[0])
        MC_TRY(mci_check_sidecars(job->pool.inputs, job->pool.n_inputs, summary->metadata_sha256,
                                  &job->pool.hooks, err));
    return mci_choose_t(counts, job->t, job->tail_ratio, summary, err);
}

mc_status mc_balance_run(const mc_balance_job *job, mc_summary *summary, mc_error *err)
{
    if (job->card_path && !job->metadata_path)
        return mc_fail(err, MC_E_ARG, "a data card needs the metadata; give it with -m");
    mci_shards shards;
    mc_metadata *metadata = NULL;
    mc_counts counts = { 0 };
    MC_TRY(
        mci_shards_list(job->pool.inputs, job->pool.n_inputs, MCI_AS_GIVEN, false, &shards, err));
    mc_status status = MC_OK;
    if (job->metadata_path)
        status = mc_metadata_load(job->metadata_path, &metadata, err);
    if (status >= 0)
        status = mc_counts_load(job->counts_path, metadata, &job->pool.hooks, &counts, err);
    if (status >= 0)
        status = prepare(job, metadata, &counts, summary, err);
    if (status >= 0)
        status = thin_shards(job, &counts, &shards, summary, err);
    mc_counts_release(&counts);
    mc_metadata_free(metadata);
    mci_shards_release(&shards);
    return status;
}
