/* A run of `metaclip curate` while it works. For the run_*.c files only.
 *
 *   pool      shard by shard: read, extract, match       -> state/pool
 *   dedup     over all shards, in the order of names     -> state/drops
 *   matched   shard by shard: drop duplicates, count     -> matched, state/matched
 *   counts    over all shards                            -> entry_count.npy, entry_prob.npy
 *   curated   shard by shard: draw                       -> curated, state/curated
 *   card      over all shards                            -> datacard.json, summary.json
 *
 * Every shard's step leaves a stamp (run_stamp.h); a step whose stamp is right is passed over. */
#ifndef MCI_RUN_INTERNAL_H
#define MCI_RUN_INTERNAL_H

#include <pthread.h>
#include <time.h>

#include "curate/shards.h"
#include "curate/stages.h"
#include "run/run_folder.h"
#include "run/run_stamp.h"
#include "run/run_workers.h"

typedef struct {
    const mc_curate_job *job;
    mci_run_folder folder;
    mci_workers *workers;
    mci_shards shards;
    mc_metadata *metadata;
    mc_counts counts;         /* of the matched files, once folded */
    mci_fingerprint draw_key; /* counts, t and seed: what drawing depends on */
    mc_balancer *balancer;
    mc_summary *summary;
    unsigned n_workers;      /* shards at a time */
    unsigned n_threads_each; /* threads on each */
    struct timespec start;
    /* progress of a phase, told by all workers */
    pthread_mutex_t progress_lock;
    const char *phase;
    uint64_t *worker_bytes; /* of the shard in work, per worker */
    uint64_t done_bytes, done_shards;
} mci_run;

/* run_options.c: joins the folder's workers, and writes OUT/run.json after a check against the one
 * that is there. MC_E_MISMATCH names what differs. */
mc_status mci_run_begin(mci_run *run, mc_error *err);

/* run_shards.c: the three steps that go shard by shard. */
mc_status mci_run_pool(mci_run *run, mc_error *err);
mc_status mci_run_matched(mci_run *run, mc_error *err);
mc_status mci_run_curated(mci_run *run, mc_error *err);

/* run_dedup.c: the step over all shards between them. */
mc_status mci_run_dedup(mci_run *run, mc_error *err);

/* run_target.c: t into run->summary, from the job and run->counts. Matched files have stamps. */
mc_status mci_run_choose_t(mci_run *run, mc_error *err);

/* run_fold.c: the two steps over all shards that make the published files. */
mc_status mci_run_counts(mci_run *run, mc_error *err);
mc_status mci_run_card(mci_run *run, mc_error *err);

/* run_progress.c */
void mci_run_start_phase(mci_run *run, const char *phase);
/* A pool whose progress counts for worker's shard in the run's; `slot` keeps the two together. */
typedef struct {
    mci_run *run;
    unsigned worker;
} mci_run_slot;
mc_pool mci_run_pool_of(mci_run_slot *slot, const char *const *path);
void mci_run_shard_done(mci_run *run, unsigned worker, size_t shard);

#endif
