/* The job: matched pairs + counts -> curated pairs, and their data card. */
#include "curate/thin.h"

#include "base/alloc.h"
#include "curate/job_files.h"
#include "curate/job_output.h"
#include "curate/limits.h"
#include "curate/metadata_facts.h"
#include "curate/stages.h"
#include "curate/target.h"

typedef struct {
    mci_job_output output;
    mc_balancer *balancer;
    mci_drawing drawing;
    mci_count_stage curated; /* matches of what is kept */
} thinning;

static mc_status thin_work(void *user, mci_batch *batch, unsigned worker, mc_error *err)
{
    thinning *state = user;
    MC_TRY(mci_draw_batch(&state->drawing, batch, err));
    MC_TRY(mci_count_batch(&state->curated, batch, worker, err));
    return mci_job_output_format(&state->output, batch, err);
}

static mc_status thin_drain(void *user, mci_batch *batch, mc_error *err)
{
    thinning *state = user;
    return mci_job_output_write(&state->output, batch, err);
}

mc_status mci_choose_t(const mci_t_rule *rule, const mc_pool *pool, const mci_shards *matched,
                       const mc_counts *counts, mc_summary *summary, mc_error *err)
{
    uint64_t t = rule->t;
    if (rule->target)
        MC_TRY(mci_t_of_target(pool, matched, counts, rule->choices, rule->target, &t, err));
    else if (rule->tail_ratio >= 0)
        MC_TRY(mc_t_of_tail_ratio(counts, rule->tail_ratio, &t, err));
    if (t == 0)
        return mc_fail(err, MC_E_ARG, "t must be at least 1");
    summary->t = t;
    summary->shape = mc_counts_shape(counts, t);
    return MC_OK;
}

/* ---- the card ---- */

static mc_status save_card(const mc_balance_job *job, const mci_thin_inputs *in,
                           const mci_limits *limits, uint64_t *curated, const mc_summary *summary,
                           mc_error *err)
{
    const mc_counts *counts = &in->counts;
    const mc_metadata_list *lists = NULL;
    size_t n_lists = in->metadata ? mc_metadata_lists(in->metadata, &lists) : 0;
    mc_card card = { .n_entries = counts->n,
                     .t = summary->t,
                     .seed = summary->seed,
                     .matched_pairs = summary->n.pairs_read,
                     .curated_pairs = summary->n.pairs_kept,
                     .pool = counts->counts,
                     .curated = curated,
                     .one_text = job->one_text };
    memcpy(card.metadata_sha256, summary->metadata_sha256, sizeof card.metadata_sha256);
    strncpy(card.tool_version, METACLIP_VERSION, sizeof card.tool_version - 1);
    MC_TRY(mci_card_set_lists(lists, n_lists, limits, &card, err));
    mc_status status = mc_card_save(&card, job->card_path, err);
    mci_free(card.lists);
    return status;
}

static mc_status finish_card(const mc_balance_job *job, const mci_thin_inputs *in,
                             const mci_limits *limits, thinning *state, const mc_summary *summary,
                             mc_error *err)
{
    size_t n = in->counts.n;
    uint64_t *curated = mci_alloc_zeroed(n, sizeof *curated);
    if (!curated)
        return mci_nomem(err, n * sizeof *curated);
    mci_count_stage_fold(&state->curated, curated);
    mc_status status = save_card(job, in, limits, curated, summary, err);
    mci_free(curated);
    return status;
}

/* ---- the pairs ---- */

static mc_status thin_shards(const mc_balance_job *job, const mci_thin_inputs *in,
                             const mci_limits *limits, mc_summary *summary, mc_error *err)
{
    thinning state = { 0 };
    mc_status status = mci_balancer_new(in->counts.counts, limits->parts, limits->n, job->seed,
                                        &state.balancer, err);
    state.drawing = (mci_drawing){ state.balancer, job->seed, in->choices };
    if (status >= 0)
        status =
            mci_count_stage_open(in->counts.n, mci_flow_workers(&job->pool), &state.curated, err);
    if (status >= 0)
        status = mci_job_output_open(&state.output, job->out_path, err);
    if (status >= 0) {
        mci_flow_steps steps = {
            .work = thin_work, .drain = thin_drain, .user = &state, .places = in->choices != NULL
        };
        status = mci_flow_run(&job->pool, &in->shards, "balance", &steps, summary, err);
        const char *kind = summary->metadata_sha256[0] ? "curated pairs" : NULL;
        status = mci_job_output_close(&state.output, status, summary, kind, err);
    }
    if (status >= 0 && job->card_path)
        status = finish_card(job, in, limits, &state, summary, err);
    mci_count_stage_close(&state.curated);
    mc_balancer_free(state.balancer);
    return status;
}

/* ---- what goes in ---- */

static mc_status load(const mc_balance_job *job, mci_thin_inputs *in, mc_summary *summary,
                      mc_error *err)
{
    const mc_pool *pool = &job->pool;
    MC_TRY(mci_shards_list(pool->inputs, pool->n_inputs, MCI_AS_GIVEN, false, &in->shards, err));
    if (job->metadata_path)
        MC_TRY(mc_metadata_load_lists(job->metadata_path, &in->metadata, err));
    MC_TRY(mc_counts_load(job->counts_path, in->metadata, &pool->hooks, &in->counts, err));
    summary->n_entries = in->counts.n;
    if (in->metadata)
        mci_summary_set_metadata(summary, in->metadata);
    else
        memcpy(summary->metadata_sha256, in->counts.metadata_sha256,
               sizeof summary->metadata_sha256);
    if (!summary->metadata_sha256[0])
        return MC_OK;
    return mci_check_sidecars(pool->inputs, pool->n_inputs, summary->metadata_sha256, &pool->hooks,
                              err);
}

static mc_status choose_texts(const mc_balance_job *job, mci_thin_inputs *in, mc_error *err)
{
    mci_one_text_job choosing = { .pool = &job->pool,
                                  .shards = &in->shards,
                                  .seed = job->seed,
                                  .n_entries = in->counts.n,
                                  .out_path = job->out_path,
                                  .temp_dir = job->temp_dir };
    if (!job->one_text)
        return MC_OK;
    MC_TRY(mci_want_files(&in->shards, "one text of an image is chosen", err));
    MC_TRY(mci_one_text_make(&choosing, &in->one_text, err));
    in->choices = mci_one_text_lists(in->one_text);
    return MC_OK;
}

mc_status mci_thin_inputs_load(const mc_balance_job *job, mci_thin_inputs *out, mc_summary *summary,
                               mc_error *err)
{
    *out = (mci_thin_inputs){ 0 };
    mc_status status = load(job, out, summary, err);
    if (status >= 0)
        status = choose_texts(job, out, err);
    if (status < 0)
        mci_thin_inputs_release(out);
    return status;
}

void mci_thin_inputs_release(mci_thin_inputs *in)
{
    mc_counts_release(&in->counts);
    mc_metadata_free(in->metadata);
    mci_shards_release(&in->shards);
    mci_one_text_free(in->one_text);
    *in = (mci_thin_inputs){ 0 };
}

mc_status mc_balance_run(const mc_balance_job *job, mc_summary *summary, mc_error *err)
{
    if (job->card_path && !job->metadata_path)
        return mc_fail(err, MC_E_ARG, "a data card needs the metadata; give it with -m");
    const char *lists[] = { job->metadata_path, job->counts_path };
    const char *outputs[] = { job->out_path, job->card_path };
    mci_job_files files = { { { job->pool.inputs, job->pool.n_inputs },
                              { lists, COUNT_OF(lists) } },
                            { outputs, COUNT_OF(outputs) } };
    MC_TRY(mci_job_files_check(&files, err));
    mci_thin_inputs in;
    mci_t_rule rule = { job->target, job->tail_ratio, job->t, NULL };
    summary->seed = job->seed;
    MC_TRY(mci_thin_inputs_load(job, &in, summary, err));
    mci_limits limits = { 0 };
    rule.choices = in.choices;
    mc_status status = mci_choose_limits(&rule, &job->pool, &in.shards, in.metadata, &in.counts,
                                         summary, &limits, err);
    if (status >= 0)
        status = thin_shards(job, &in, &limits, summary, err);
    mci_limits_release(&limits);
    mci_thin_inputs_release(&in);
    return status;
}
