/* A step's units - shards, groups of shards, ranges of keys - divided among all workers of a run.
 */
#include <stdatomic.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/threads.h"
#include "run/run_internal.h"

enum { MOST_WAIT_US = 16 * MCI_WORKERS_WAIT_US }; /* looking costs a walk over what is not done */

typedef struct {
    mci_run *run;
    const mci_run_units *units;
    bool *is_done; /* of each; written by the one task that looks at it */
    atomic_size_t n_pending;
} walk;

/* Ranks begin at places of their own, so that they seldom want the same unit. */
static size_t unit_of_task(const walk *w, size_t task)
{
    const mc_curate_job *job = w->run->job;
    size_t n = w->units->n, first = 0;
    if (job->n_ranks)
        first = (size_t)((unsigned __int128)n * job->rank / job->n_ranks);
    return (first + task) % n;
}

static mc_status look_at_unit(void *user, size_t task, unsigned worker, mc_error *err)
{
    walk *w = user;
    size_t unit = unit_of_task(w, task);
    if (w->is_done[unit])
        return MC_OK;
    MC_TRY(w->units->look(w->units->user, unit, worker, &w->is_done[unit], err));
    if (!w->is_done[unit])
        atomic_fetch_add(&w->n_pending, 1);
    return MC_OK;
}

/* Again and again, until no unit is left to this worker or to another: those of one that is gone
 * fall to the others. */
static mc_status walk_until_done(walk *w, mc_error *err)
{
    for (useconds_t wait = MCI_WORKERS_WAIT_US;; wait = wait < MOST_WAIT_US ? 2 * wait : wait) {
        atomic_store(&w->n_pending, 0);
        MC_TRY(mci_run_tasks(w->units->n_threads, w->units->n, look_at_unit, w, err));
        if (atomic_load(&w->n_pending) == 0)
            return MC_OK;
        usleep(wait);
    }
}

mc_status mci_run_all_units(mci_run *run, const mci_run_units *units, mc_error *err)
{
    walk w = { .run = run, .units = units };
    if (units->n == 0)
        return MC_OK;
    w.is_done = mci_alloc_zeroed(units->n, sizeof *w.is_done);
    if (!w.is_done)
        return mci_nomem(err, units->n);
    mc_status status = walk_until_done(&w, err);
    mci_free(w.is_done);
    return status;
}

mc_status mci_run_unit(mci_run *run, const char *step, mc_str name, const mci_run_unit_steps *of,
                       bool *done, mc_error *err)
{
    bool got;
    MC_TRY(of->look(of->user, done, err));
    if (*done)
        return MC_OK;
    MC_TRY(mci_claim(run->workers, step, name, &got, err));
    if (!got)
        return MC_OK;
    mc_status status = of->look(of->user, done, err); /* it may have become so */
    if (status >= 0 && !*done)
        status = of->make(of->user, err);
    *done = status >= 0;
    mci_claim_release(run->workers, step, name);
    return status;
}
