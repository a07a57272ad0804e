/* Progress of a phase over shards: each worker tells how far it is in its shard, the caller sees
 * one sum. */
#include <sys/stat.h>

#include "run/run_internal.h"

void mci_run_start_phase(mci_run *run, const char *phase)
{
    run->phase = phase;
    run->done_bytes = run->done_shards = 0;
    for (unsigned i = 0; i < run->n_workers; i++)
        run->worker_bytes[i] = 0;
}

/* With the lock held. */
static void tell(const mci_run *run)
{
    const mc_hooks *hooks = &run->job->pool.hooks;
    if (!hooks->progress)
        return;
    mc_progress progress = { .phase = run->phase,
                             .done = run->done_bytes,
                             .n_shards_done = run->done_shards,
                             .n_shards = run->shards.n };
    for (unsigned i = 0; i < run->n_workers; i++)
        progress.done += run->worker_bytes[i];
    /* Only the first phase reads the inputs; the others read what it made, of unknown size. */
    if (strcmp(run->phase, "match") == 0)
        progress.total = run->shards.n_bytes;
    hooks->progress(hooks->user, &progress);
}

static void on_progress(void *user, const mc_progress *progress)
{
    mci_run_slot *slot = user;
    pthread_mutex_lock(&slot->run->progress_lock);
    slot->run->worker_bytes[slot->worker] = progress->done;
    tell(slot->run);
    pthread_mutex_unlock(&slot->run->progress_lock);
}

mc_pool mci_run_pool_of(mci_run_slot *slot, const char *const *path)
{
    mc_pool pool = slot->run->job->pool;
    pool.inputs = path;
    pool.n_inputs = 1;
    pool.n_threads = slot->run->n_threads_each;
    pool.hooks = (mc_hooks){ .progress = on_progress, .user = slot };
    return pool;
}

void mci_run_shard_done(mci_run *run, unsigned worker, size_t shard)
{
    struct stat info;
    pthread_mutex_lock(&run->progress_lock);
    if (strcmp(run->phase, "match") == 0 && stat(run->shards.shards[shard].path, &info) == 0)
        run->done_bytes += (uint64_t)info.st_size;
    else
        run->done_bytes += run->worker_bytes[worker];
    run->worker_bytes[worker] = 0;
    run->done_shards++;
    tell(run);
    pthread_mutex_unlock(&run->progress_lock);
}
