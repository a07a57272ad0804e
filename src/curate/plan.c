/* The job: what each t would give, before anything is drawn. */
#include "curate/plan.h"

#include <math.h>

#include "curate/job_output.h"
#include "curate/target.h"
#include "curate/thin.h"

/* 20 decades of three marks, and the job's own. */
_Static_assert((int)MC_MAX_PLAN_ROWS <= (int)MCI_GRID && MC_MAX_PLAN_ROWS >= 61, "room for all");

/* Behind the others, unless it is there. */
static void add_mark(mci_expect *grid, uint64_t t)
{
    if (grid->n == 0 || grid->t[grid->n - 1] < t)
        grid->t[grid->n++] = t;
}

void mci_plan_marks(uint64_t largest, uint64_t t, mci_expect *grid)
{
    static const unsigned steps[] = { 1, 2, 5 };
    uint64_t decade = 1, at = 0;
    for (size_t i = 0; at < largest; i++) {
        if (__builtin_mul_overflow(decade, steps[i % 3], &at))
            at = UINT64_MAX;
        if (t && t < at)
            add_mark(grid, t);
        add_mark(grid, at);
        if (i % 3 == 2 && __builtin_mul_overflow(decade, 10u, &decade))
            decade = UINT64_MAX;
    }
    if (t)
        add_mark(grid, t);
}

static void fill_rows(const mci_expect *grid, const mc_counts *counts, mc_plan *plan)
{
    plan->matched_pairs = grid->n_pairs;
    plan->n_rows = grid->n;
    for (size_t i = 0; i < grid->n; i++) {
        plan->rows[i] = (mc_plan_row){ .t = grid->t[i],
                                       .shape = mc_counts_shape(counts, grid->t[i]),
                                       .expected_pairs = (double)grid->kept[i] * 0x1p-32,
                                       .deviation = sqrt((double)grid->variance[i] * 0x1p-32) };
    }
}

/* The t that the job asks for; 0 if it leaves that to the plan. */
static mc_status asked_t(const mc_balance_job *job, const mci_thin_inputs *in, uint64_t *t,
                         mc_error *err)
{
    mci_t_rule rule = { job->target, job->tail_ratio, job->t, in->choices };
    mc_summary summary = { 0 };
    *t = 0;
    if (job->target == 0 && job->tail_ratio < 0 && job->t == 0)
        return MC_OK;
    MC_TRY(mci_choose_t(&rule, &job->pool, &in->shards, &in->counts, &summary, err));
    *t = summary.t;
    return MC_OK;
}

static mc_status make_plan(const mc_balance_job *job, const mci_thin_inputs *in, mc_plan *plan,
                           mc_summary *summary, mc_error *err)
{
    mci_expect grid = { .wants_variance = true, .choices = in->choices };
    const mc_metadata_list *lists;
    if (in->metadata && mc_metadata_lists(in->metadata, &lists) > 0)
        return mc_fail(err, MC_E_ARG,
                       "a plan is for one list; of a folder of lists every one has a t of its own");
    MC_TRY(asked_t(job, in, &plan->t, err));
    mci_plan_marks(mci_largest_count(&in->counts), plan->t, &grid);
    MC_TRY(mci_expect_shards(&job->pool, &in->shards, &in->counts, "plan", &grid, summary, err));
    fill_rows(&grid, &in->counts, plan);
    return MC_OK;
}

mc_status mc_plan_run(const mc_balance_job *job, mc_plan *plan, mc_summary *summary, mc_error *err)
{
    struct timespec start;
    mci_thin_inputs in;
    clock_gettime(CLOCK_MONOTONIC, &start);
    MC_TRY(mci_thin_inputs_load(job, &in, summary, err));
    mc_status status = make_plan(job, &in, plan, summary, err);
    mci_thin_inputs_release(&in);
    summary->seconds = mci_seconds_since(start);
    return status;
}
