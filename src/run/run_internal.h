/* A run of `metaclip curate` while it works. For the run_*.c files only.
 *
 *   pool      shard by shard: read, extract, match       -> state/pool
 *   dedup     part by part of the keys                   -> state/drops
 *   matched   shard by shard: drop duplicates, count     -> matched, state/matched
 *   choose    with --one-text: part by part of the images -> state/choices
 *   counts    group by group of shards, then all         -> state/groups, the choice of t
 *   curated   shard by shard: draw                       -> curated, state/curated
 *   card      group by group of shards, then all         -> the published files
 *
 * Every shard's step leaves a stamp (run_stamp.h); a step whose stamp is right is passed over. */
#ifndef MCI_RUN_INTERNAL_H
#define MCI_RUN_INTERNAL_H

#include <pthread.h>
#include <time.h>

#include "curate/duplicates.h"
#include "curate/languages.h"
#include "curate/limits.h"
#include "curate/shards.h"
#include "curate/stages.h"
#include "io/json.h"
#include "run/run_folder.h"
#include "run/run_stamp.h"
#include "run/run_workers.h"

typedef struct {
    const mc_curate_job *job;
    mci_run_folder folder;
    mci_workers *workers;
    mci_shards shards;
    mc_metadata *metadata;
    const mc_metadata_list *lists; /* that it is made of, if it is a folder; NULL: a single one */
    size_t n_lists;
    mci_languages languages;
    mci_block_list *blocked;
    mci_run_name name;          /* with --state: this run's, */
    mci_known_runs earlier;     /* and those before it */
    uint64_t n_pool_pairs;      /* in the pool files */
    mci_fingerprint dedup_key;  /* the pool files, in order, and the earlier runs */
    uint64_t n_key_parts;       /* with --state: parts of the keys of what stays */
    mc_counts counts;           /* of the matched files, once folded */
    mci_limits limits;          /* the t of each list */
    mci_fingerprint choice_key; /* with --one-text: what the choice of texts depends on, */
    mci_choice_lists choices;   /* and the choice of all shards, once made */
    mci_fingerprint draw_key;   /* counts, t and seed: what drawing depends on */
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

/* How many numbers a shard's counts are: of every entry, then the pairs of every list. */
static inline size_t mci_run_n_counts(const mci_run *run)
{
    return mc_metadata_len(run->metadata) + run->n_lists;
}

/* A group of shards: the unit of what is summed up. Sets the first one, gives how many they are. */
enum { MCI_RUN_GROUP_SHARDS = 256 };
size_t mci_run_n_groups(const mci_run *run);
size_t mci_run_group(const mci_run *run, size_t group, size_t *first);

/* run_groups.c: adds the counts of all shards' matched or curated files to `counts`, and what their
 * steps counted to summary. */
typedef enum { MCI_RUN_SUM_MATCHED, MCI_RUN_SUM_CURATED } mci_run_sum;
mc_status mci_run_sum_up(mci_run *run, mci_run_sum kind, uint64_t *counts, mc_summary *summary,
                         mc_error *err);

/* run_options.c: joins the folder's workers, and writes OUT/run.json after a check against the one
 * that is there. MC_E_MISMATCH names what differs. */
mc_status mci_run_begin(mci_run *run, mc_error *err);

/* run_shards.c: the four steps that go shard by shard. */
mc_status mci_run_pool(mci_run *run, mc_error *err);
mc_status mci_run_matched(mci_run *run, mc_error *err);
mc_status mci_run_image_keys(mci_run *run, mc_error *err);
mc_status mci_run_curated(mci_run *run, mc_error *err);

/* The stamp of a shard, which must be there. Uses path. */
mc_status mci_run_load_stamp(const mci_run *run, mci_run_part part, size_t shard, mci_buf *path,
                             mci_stamp *out, mc_error *err);

/* run_dedup.c: the step over all shards between them. Sets dedup_key and n_pool_pairs. */
mc_status mci_run_dedup(mci_run *run, mc_error *err);
/* The next worker plans the step anew. Only while nobody else works in the folder. */
mc_status mci_run_forget_plan(const mci_run_folder *folder, mc_error *err);

/* run_state.c: sets run->name, if there is --state. */
mc_status mci_run_identify(mci_run *run, mc_error *err);
/* Opens the earlier runs: those that the folder holds now, or those that run.json named. */
mc_status mci_run_find_earlier(mci_run *run, mc_error *err);
mc_status mci_run_recall_earlier(mci_run *run, mci_json_value was, mc_error *err);
/* Appends them as a member of run.json. */
mc_status mci_run_add_earlier(const mci_run *run, mci_buf *text, mc_error *err);
/* OUT/state/keys/PART: a part of the keys of what stays. */
mc_status mci_run_part_keys(const mci_run *run, uint64_t n_parts, uint64_t part, mci_buf *path,
                            mc_error *err);
/* Puts this run's keys into the folder, unless they are there: then it is known to later ones. */
mc_status mci_run_take_up(const mci_run *run, mc_error *err);
mc_status mci_run_is_taken_up(const mci_run *run, bool *out, mc_error *err);
void mci_run_state_release(mci_run *run);

/* run_choose.c: with --one-text, the step between matched and counts. Sets run->choices. */
mc_status mci_run_choose(mci_run *run, mc_error *err);
/* The list of a shard; user is the run. */
mc_status mci_run_choices_path(void *user, size_t shard, mci_buf *path, mc_error *err);

/* run_target.c: t into run->summary, from the job and run->counts. Matched files have stamps. */
mc_status mci_run_choose_t(mci_run *run, mc_error *err);

/* run_publish.c: the two steps over all shards that make the published files. */
mc_status mci_run_counts(mci_run *run, mc_error *err);
mc_status mci_run_card(mci_run *run, mc_error *err);

/* run_units.c: a step as units of work, which all workers of the run divide among them. */
typedef struct {
    size_t n;
    unsigned n_threads; /* of this process; how many units at a time */
    /* Does a unit unless it is done or another worker is at it; says whether it is done now. */
    mc_status (*look)(void *user, size_t unit, unsigned worker, bool *done, mc_error *err);
    void *user;
} mci_run_units;
/* Comes back when all units are done, by whomever. */
mc_status mci_run_all_units(mci_run *run, const mci_run_units *units, mc_error *err);

/* What `look` above mostly does: the unit is made if a look says that it is not there, with the
 * claim (step, name) held. */
typedef struct {
    mc_status (*look)(void *user, bool *done, mc_error *err);
    mc_status (*make)(void *user, mc_error *err);
    void *user;
} mci_run_unit_steps;
mc_status mci_run_unit(mci_run *run, const char *step, mc_str name, const mci_run_unit_steps *of,
                       bool *done, mc_error *err);

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
