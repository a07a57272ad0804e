/* Shards side by side, each into a file of its own: threads, sums and progress. */
#include "base/alloc.h"
#include "base/threads.h"
#include "run/export_internal.h"

/* ---- sums ---- */

static void add_counters(mc_export_counters *to, const mc_export_counters *more)
{
#define X(name, text) to->name += more->name;
    MC_EXPORT_COUNTERS(X)
#undef X
}

/* The first problems of the first shards are named, whoever is done first. */
static void keep_problem(mci_export_pass *pass, size_t shard, const char *text)
{
    mc_summary *sum = &pass->sum->summary;
    size_t place = sum->n_problems;
    while (place > 0 && pass->problem_shards[place - 1] > shard)
        place--;
    if (place == MC_MAX_PROBLEMS)
        return;
    if (sum->n_problems < MC_MAX_PROBLEMS)
        sum->n_problems++;
    size_t n_behind = sum->n_problems - 1 - place;
    memmove(&sum->problems[place + 1], &sum->problems[place], n_behind * sizeof sum->problems[0]);
    memmove(&pass->problem_shards[place + 1], &pass->problem_shards[place],
            n_behind * sizeof pass->problem_shards[0]);
    memcpy(sum->problems[place], text, sizeof sum->problems[0]);
    pass->problem_shards[place] = shard;
}

static void tell(const mci_export_pass *pass)
{
    const mc_hooks *hooks = &pass->job->pool.hooks;
    mc_progress progress = { .phase = pass->phase,
                             .done = pass->done_bytes,
                             .total = pass->n_bytes,
                             .n_shards_done = pass->n_done,
                             .n_shards = pass->n_shards };
    for (unsigned i = 0; i < pass->n_workers; i++)
        progress.done += pass->worker_bytes[i];
    if (hooks->progress)
        hooks->progress(hooks->user, &progress);
}

static void sum_up(mci_export_pass *pass, size_t shard, unsigned worker, const mc_export *done)
{
    pthread_mutex_lock(&pass->lock);
    add_counters(&pass->sum->n, &done->n);
    mci_counters_add(&pass->sum->summary.n, &done->summary.n);
    for (size_t i = 0; i < done->summary.n_problems; i++)
        keep_problem(pass, shard, done->summary.problems[i]);
    pass->done_bytes += pass->worker_bytes[worker];
    pass->worker_bytes[worker] = 0;
    pass->n_done++;
    tell(pass);
    pthread_mutex_unlock(&pass->lock);
}

/* ---- threads ---- */

static mc_status run_shard(void *user, size_t shard, unsigned worker, mc_error *err)
{
    mci_export_pass *pass = user;
    mc_export *done = mci_alloc_zeroed(1, sizeof *done);
    if (!done)
        return mci_nomem(err, sizeof *done);
    mc_status status = pass->run(pass, shard, worker, done, err);
    sum_up(pass, shard, worker, done);
    mci_free(done);
    return status;
}

mc_status mci_export_each(mci_export_pass *pass, mc_export *sum, mc_error *err)
{
    unsigned n = mci_flow_workers(&pass->job->pool);
    pass->n_workers = pass->n_shards && pass->n_shards < n ? (unsigned)pass->n_shards : n;
    pass->n_threads_each = n / pass->n_workers;
    pass->sum = sum;
    pass->worker_bytes = mci_alloc_zeroed(pass->n_workers, sizeof *pass->worker_bytes);
    if (!pass->worker_bytes)
        return mci_nomem(err, pass->n_workers * sizeof *pass->worker_bytes);
    pthread_mutex_init(&pass->lock, NULL);
    mc_status status = mci_run_tasks(pass->n_workers, pass->n_shards, run_shard, pass, err);
    pthread_mutex_destroy(&pass->lock);
    mci_free(pass->worker_bytes);
    pass->worker_bytes = NULL;
    return status;
}

void mci_export_progress(mci_export_pass *pass, unsigned worker, uint64_t bytes)
{
    pthread_mutex_lock(&pass->lock);
    pass->worker_bytes[worker] = bytes;
    tell(pass);
    pthread_mutex_unlock(&pass->lock);
}

static void on_progress(void *user, const mc_progress *progress)
{
    const mci_export_slot *slot = user;
    mci_export_progress(slot->pass, slot->worker, progress->done);
}

mc_pool mci_export_pool_of(mci_export_slot *slot)
{
    mc_pool pool = slot->pass->job->pool;
    pool.inputs = &slot->path;
    pool.n_inputs = 1;
    pool.n_threads = slot->pass->n_threads_each;
    pool.strict = false;
    pool.hooks = (mc_hooks){ .progress = on_progress, .user = slot };
    return pool;
}

mc_status mci_export_want_whole(const mc_summary *reading, const char *why, mc_error *err)
{
    if (reading->n_problems == 0 && reading->n.items_skipped == 0)
        return MC_OK;
    return mc_fail(err, MC_E_FORMAT, "%s; %s",
                   reading->n_problems ? reading->problems[0] : "something in it is damaged", why);
}
