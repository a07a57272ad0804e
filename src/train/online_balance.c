#include "train/online_balance.h"

#include "curate/limits.h"

/* One t for all, or one for each list of a folder. */
static mc_status choose_limits(const mci_online_balance_job *job, const mci_online_balance *b,
                               mci_limits *out, mc_error *err)
{
    const mc_metadata_list *lists = NULL;
    const size_t n_lists = b->metadata ? mc_metadata_lists(b->metadata, &lists) : 0;
    const mci_t_rule rule = { .tail_ratio = job->tail_ratio, .t = job->t };
    if (n_lists)
        return mci_limits_of_lists(lists, n_lists, &b->counts, &rule, out, err);
    if (job->tail_ratio >= 0.0)
        return mc_fail(err, MC_E_ARG, "a tail ratio is for a folder of lists; give t");
    return mci_limits_of_t(b->counts.n, job->t, out, err);
}

static mc_status make_balancer(const mci_online_balance_job *job, mci_online_balance *b,
                               mc_error *err)
{
    mci_limits limits = { 0 };
    mc_status status = choose_limits(job, b, &limits, err);
    if (status >= 0)
        status = mci_balancer_new(b->counts.counts, limits.parts, limits.n, job->seed, &b->balancer,
                                  err);
    mci_limits_release(&limits);
    return status;
}

static mc_status open_all(const mci_online_balance_job *job, mci_online_balance *b, mc_error *err)
{
    const mc_match_rule rule = job->worldwide ? MC_RULE_WORLDWIDE : MC_RULE_WORDS;
    if (job->metadata_path)
        MC_TRY(mc_metadata_load_lists(job->metadata_path, &b->metadata, err));
    MC_TRY(mc_counts_load(job->counts_path, b->metadata, job->hooks, &b->counts, err));
    MC_TRY(make_balancer(job, b, err));
    if (!b->metadata || job->has_ids)
        return MC_OK;
    MC_TRY(mci_match_stage_open(b->metadata, rule, 1, &b->matching, err));
    b->matches = true;
    return MC_OK;
}

mc_status mci_online_balance_open(const mci_online_balance_job *job, mci_online_balance *out,
                                  mc_error *err)
{
    mci_online_balance b = { 0 };
    mc_status status = open_all(job, &b, err);
    if (status < 0)
        mci_online_balance_release(&b);
    else
        *out = b;
    return status;
}

void mci_online_balance_release(mci_online_balance *b)
{
    mc_balancer_free(b->balancer);
    mci_match_stage_close(&b->matching);
    mc_counts_release(&b->counts);
    mc_metadata_free(b->metadata);
    *b = (mci_online_balance){ 0 };
}
