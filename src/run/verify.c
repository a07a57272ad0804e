/* The job: a finished run folder, checked from its published files. */
#include <time.h>

#include "base/alloc.h"
#include "curate/job_output.h"
#include "run/verify_lists.h"

static mc_status alloc_counts(mci_verify *v, mc_error *err)
{
    uint64_t n = v->n_entries + v->options.n_lists;
    v->pool = mci_alloc_zeroed(n, sizeof *v->pool);
    v->curated = mci_alloc_zeroed(n, sizeof *v->curated);
    return v->pool && v->curated ? MC_OK : mci_nomem(err, n * sizeof *v->pool);
}

/* The set that the list should be: of the counts, the t and the seed that it was made with. */
static mc_status prepare_list(mci_verify *v, mc_error *err)
{
    const mc_verify_job *job = v->job;
    uint64_t t = job->list_t ? job->list_t : v->t;
    uint64_t seed = job->list_seed ? *job->list_seed : v->seed;
    v->report->list.t = t;
    v->report->list.seed = v->list.seed = seed;
    if (seed != v->seed)
        MC_TRY(mci_verify_choose_texts(v, seed, &v->list_text, err));
    double tail_ratio = job->list_t ? -1 : v->options.tail_ratio;
    mci_limits limits;
    MC_TRY(mci_verify_limits(v, tail_ratio, t, &limits, err));
    mc_status status =
        mci_balancer_new(v->drawn_by, limits.parts, limits.n, seed, &v->list.balancer, err);
    mci_limits_release(&limits);
    return status;
}

/* Two of three must agree on the counts before pairs are drawn by them: entry_count.npy and the
 * data card do in a sound folder; otherwise matched/ is counted first. */
static mc_status choose_counts(mci_verify *v, mc_error *err)
{
    mci_verify_choose_list(v);
    MC_TRY(alloc_counts(v, err));
    mci_verify_choose_counts(v);
    if (v->drawn_by)
        return MC_OK;
    MC_TRY(mci_verify_shards(v, false, err));
    void *counted = mci_alloc(v->n_entries * sizeof *v->pool);
    if (!counted)
        return mci_nomem(err, v->n_entries * sizeof *v->pool);
    v->first_counts = counted;
    memcpy(v->first_counts, v->pool, v->n_entries * sizeof *v->pool);
    v->drawn_by = v->first_counts;
    return MC_OK;
}

static mc_status verify(mci_verify *v, mc_error *err)
{
    MC_TRY(mci_uuid_list_open(v->job->list_path, v->report, &v->list, err));
    MC_TRY(mci_verify_load(v, err));
    MC_TRY(mci_verify_folder(v, err));
    MC_TRY(choose_counts(v, err));
    MC_TRY(mci_verify_choose_t(v, err));
    MC_TRY(mci_verify_choose_texts(v, v->seed, &v->one_text, err));
    MC_TRY(mci_verify_target(v, err));
    if (v->list.path)
        MC_TRY(prepare_list(v, err));
    MC_TRY(mci_verify_shards(v, true, err));
    MC_TRY(mci_verify_sums(v, err));
    return v->list.path ? mci_uuid_list_end(&v->list, &v->findings, err) : MC_OK;
}

static void release(mci_verify *v)
{
    mci_uuid_list_close(&v->list);
    mc_counts_release(&v->counts);
    mc_card_release(&v->card);
    mc_summary_release(&v->summary.values);
    mc_metadata_free(v->metadata);
    mci_limits_release(&v->limits);
    mci_free(v->options.lists);
    mci_free(v->pool);
    mci_free(v->curated);
    mci_free(v->first_counts);
    mci_free(v->inputs);
    mci_one_text_free(v->one_text);
    mci_one_text_free(v->list_text);
    mci_arena_release(&v->arena);
    mci_findings_release(&v->findings);
}

mc_status mc_verify_run(const mc_verify_job *job, mc_verification *out, mc_error *err)
{
    struct timespec start;
    mci_verify v = { .job = job, .report = out };
    clock_gettime(CLOCK_MONOTONIC, &start);
    *out = (mc_verification){ 0 };
    mci_findings_init(&v.findings, out);
    mc_status status = verify(&v, err);
    out->n_shards = v.n_inputs;
    out->matched_pairs = v.n.pairs_read;
    out->curated_pairs = v.n.pairs_kept;
    out->seconds = mci_seconds_since(start);
    release(&v);
    return status;
}
