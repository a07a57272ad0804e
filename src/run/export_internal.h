/* Exporting pairs. For the export*.c files only.
 *
 *   export_folder   what a finished run folder holds: its shards and their files of pairs
 *   export_inputs   run folders and files, as one list of files of pairs
 *   export_lists    uuids, datacomp, pairs: all of the list into one file
 *   export_index    inverted, subset: a .npy for each shard
 *   export_tar      the kept samples of tars: a tar for each */
#ifndef MCI_RUN_EXPORT_INTERNAL_H
#define MCI_RUN_EXPORT_INTERNAL_H

#include <pthread.h>

#include "base/arena.h"
#include "curate/flow.h"
#include "curate/shards.h"

/* ---- a finished run folder ---- */

enum { MCI_EXPORT_MATCHED = 1, MCI_EXPORT_CURATED = 2 }; /* bits: which files are asked for */

typedef struct {
    mc_str name;
    const char *matched, *curated; /* paths; NULL where not asked for */
} mci_export_shard;

typedef struct {
    const char *dir; /* the caller's */
    mci_arena arena;
    mci_export_shard *shards; /* by name */
    size_t n;
    char metadata_sha256[MC_SHA256_DIGITS + 1];
    uint64_t n_entries, max_item_bytes;
    bool names_from_paths;
} mci_export_folder;

/* Whether path is a folder. */
bool mci_is_folder(const char *path);

/* Errors: MC_E_FORMAT (no run folder, not finished, a file is missing or foreign), MC_E_IO.
 * Release with mci_export_folder_release. */
mc_status mci_export_folder_open(const char *dir, int parts, mci_export_folder *out, mc_error *err);
void mci_export_folder_release(mci_export_folder *folder);
/* The shard of this name; NULL if there is none. */
const mci_export_shard *mci_export_folder_find(const mci_export_folder *folder, mc_str name);

/* ---- the inputs of a job, as files of pairs ---- */

/* Whose ids a file holds. */
typedef struct {
    char sha256[MC_SHA256_DIGITS + 1]; /* empty: nobody says */
    uint64_t n_entries;
} mci_export_list;

typedef struct {
    const char **paths;                  /* of the files, n */
    mc_str *names;                       /* of their shards; empty: the one of the path */
    const mci_export_folder **folder_of; /* NULL: a file by itself */
    size_t n, cap;
    mci_export_folder *folders;
    size_t n_folders;
    uint64_t max_item_bytes; /* the largest of the folders'; 0: none */
} mci_export_inputs;

/* `part` says which files of run folders are meant. Release with mci_export_inputs_release. */
mc_status mci_export_inputs_open(const char *const *paths, size_t n, int part,
                                 mci_export_inputs *out, mc_error *err);
void mci_export_inputs_release(mci_export_inputs *inputs);
/* Whose ids file i holds. */
mc_status mci_export_list_of(const mci_export_inputs *inputs, size_t i, mci_export_list *out,
                             mc_error *err);

/* Tells that nobody knows whose ids n files hold, of which `first` is one; n may be 0. */
void mci_export_warn_unknown(const mc_hooks *hooks, const char *first, size_t n);

/* The same, ready for a flow. */
typedef struct {
    mci_export_inputs inputs;
    mci_shards shards; /* in the order given */
    mc_pool pool;      /* the job's, with these files and the limit that they were made with */
} mci_export_reading;

mc_status mci_export_reading_open(const mc_pool *pool, const char *const *paths, size_t n, int part,
                                  mci_export_reading *out, mc_error *err);
void mci_export_reading_close(mci_export_reading *reading);

/* ---- shards side by side, each into a file of its own ---- */

typedef struct mci_export_pass mci_export_pass;

/* Does one shard; *done is what it adds to the job's. */
typedef mc_status mci_export_shard_fn(mci_export_pass *pass, size_t shard, unsigned worker,
                                      mc_export *done, mc_error *err);

struct mci_export_pass {
    const mc_export_job *job;
    const char *phase;
    mci_export_shard_fn *run;
    void *user;
    size_t n_shards;
    uint64_t n_bytes; /* of all, for progress; 0: not known */
    /* set by mci_export_each */
    unsigned n_workers, n_threads_each;
    mc_export *sum;
    pthread_mutex_t lock;   /* guards sum and what follows */
    uint64_t *worker_bytes; /* of the shards in work */
    uint64_t done_bytes, n_done;
    size_t problem_shards[MC_MAX_PROBLEMS]; /* where the sum's problems come from: ascending */
};

/* Runs all shards, and adds up what they did. */
mc_status mci_export_each(mci_export_pass *pass, mc_export *sum, mc_error *err);
/* A worker tells how far it is in its shard. */
void mci_export_progress(mci_export_pass *pass, unsigned worker, uint64_t bytes);
/* The job's pool for a flow over one file, with the worker's part of the threads; `slot` is the
 * caller's to hold as long as the flow. */
typedef struct {
    mci_export_pass *pass;
    unsigned worker;
    const char *path;
} mci_export_slot;
mc_pool mci_export_pool_of(mci_export_slot *slot);

/* Damage in a file of pairs that nothing may be missing from: MC_E_FORMAT; `why` is what it would
 * do. */
mc_status mci_export_want_whole(const mc_summary *reading, const char *why, mc_error *err);

/* ---- outputs ---- */

/* DIR/NAME, with its suffix, into path (cleared first). */
mc_status mci_export_path(const char *dir, mc_str name, const char *suffix, mci_buf *path,
                          mc_error *err);

/* The files that are read, so that none of them is written. */
typedef struct {
    struct mci_export_file *files; /* sorted */
    size_t n, cap;
} mci_export_guard;

mc_status mci_export_guard_add(mci_export_guard *guard, const char *path, mc_error *err);
/* To be called once all are added. */
void mci_export_guard_ready(mci_export_guard *guard);
/* MC_E_ARG if path is one of them. */
mc_status mci_export_guard_check(const mci_export_guard *guard, const char *path, mc_error *err);
void mci_export_guard_release(mci_export_guard *guard);

/* Makes the folder that the job writes to. */
mc_status mci_export_make_dir(const char *dir, mc_error *err);

/* ---- the forms ---- */

mc_status mci_export_uuids(const mc_export_job *job, mc_export *out, mc_error *err);
mc_status mci_export_datacomp(const mc_export_job *job, mc_export *out, mc_error *err);
mc_status mci_export_pairs(const mc_export_job *job, mc_export *out, mc_error *err);
mc_status mci_export_inverted(const mc_export_job *job, mc_export *out, mc_error *err);
mc_status mci_export_subset(const mc_export_job *job, mc_export *out, mc_error *err);
mc_status mci_export_tar(const mc_export_job *job, mc_export *out, mc_error *err);

#endif
