/* The three steps of a run that go shard by shard. Each makes its files from what came before and
 * leaves a stamp; a step whose stamp is right already is passed over. */
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/threads.h"
#include "curate/pair_keys.h"
#include "io/output.h"
#include "run/run_internal.h"
#include "run/run_workers.h"
#include "run/sparse_counts.h"

enum { MOST_WAIT_US = 16 * MCI_WORKERS_WAIT_US }; /* looking costs a walk over all shards */

/* One shard in one step. */
typedef struct shard_step shard_step;
struct shard_step {
    mci_run *run;
    size_t shard;
    unsigned worker;
    const mci_match_stage *matching; /* of the pool step */
    mci_count_stage counting;
    mci_output *pairs;
    mci_key_writer *keys;
    mci_buf drops;     /* of the matched step: a bit for each pair */
    uint64_t position; /* of the next pair */
    bool is_pending;   /* another worker is at it */
    mci_stamp stamp;
};

/* What a step makes of a shard. */
typedef struct {
    mci_run_part pairs, stamp;
    mc_status (*make)(shard_step *step, mc_error *err);
} product;

static mc_str name_of(const shard_step *step)
{
    return step->run->shards.shards[step->shard].name;
}

/* ---- is it up to date? ---- */

static mc_status fingerprint_text(mci_fingerprint *out, mci_buf *text, mc_error *err)
{
    mc_status status = mci_sha256_of(mci_buf_str(text), out->digits, err);
    mci_buf_release(text);
    return status;
}

static mc_status load_stamp(const shard_step *step, mci_run_part part, mci_stamp *out, bool *found,
                            mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = mci_run_path(&step->run->folder, part, name_of(step), &path, err);
    if (status >= 0)
        status = mci_stamp_load(path.data, out, found, err);
    mci_buf_release(&path);
    return status;
}

/* That of a step before this one: it must be there. */
static mc_status load_earlier_stamp(const shard_step *step, mci_run_part part, mci_stamp *out,
                                    mc_error *err)
{
    bool found;
    mc_str name = name_of(step);
    MC_TRY(load_stamp(step, part, out, &found, err));
    if (found)
        return MC_OK;
    return mc_fail(err, MC_E_IO, "%s: what it held of %.*s is gone; start again",
                   step->run->folder.dir, (int)name.len, name.data);
}

static mc_status file_size(const shard_step *step, mci_run_part part, uint64_t *out, mc_error *err)
{
    mci_buf path = { 0 };
    struct stat info;
    MC_TRY(mci_run_path(&step->run->folder, part, name_of(step), &path, err));
    *out = stat(path.data, &info) == 0 ? (uint64_t)info.st_size : UINT64_MAX;
    mci_buf_release(&path);
    return MC_OK;
}

static mc_status is_up_to_date(shard_step *step, const product *of, const mci_fingerprint *key,
                               bool *out, mc_error *err)
{
    bool found;
    uint64_t size;
    MC_TRY(load_stamp(step, of->stamp, &step->stamp, &found, err));
    MC_TRY(file_size(step, of->pairs, &size, err));
    *out = found && size == step->stamp.n_bytes &&
           strcmp(step->stamp.made_from.digits, key->digits) == 0;
    return MC_OK;
}

/* The old stamp goes before the old file does: a stamp never vouches for another file than its
 * own. */
static mc_status make_anew(shard_step *step, const product *of, const mci_fingerprint *key,
                           mc_error *err)
{
    mci_buf path = { 0 };
    step->stamp = (mci_stamp){ .made_from = *key };
    mc_status status =
        mci_run_path_for_writing(&step->run->folder, of->stamp, name_of(step), &path, err);
    if (status >= 0)
        status = mci_remove_file(path.data, err);
    if (status >= 0)
        status = of->make(step, err);
    if (status >= 0)
        status = file_size(step, of->pairs, &step->stamp.n_bytes, err);
    if (status >= 0)
        status = mci_stamp_save(&step->stamp, path.data, err);
    mci_buf_release(&path);
    return status;
}

/* Makes the file of pairs unless its stamp says that it was made from `key`, or another worker is
 * at it: then the shard is left pending. */
static mc_status make_if_stale(shard_step *step, const product *of, const mci_fingerprint *key,
                               mc_error *err)
{
    bool done, got;
    mci_workers *workers = step->run->workers;
    MC_TRY(is_up_to_date(step, of, key, &done, err));
    if (done)
        return MC_OK;
    MC_TRY(mci_claim(workers, step->run->phase, name_of(step), &got, err));
    step->is_pending = !got;
    if (!got)
        return MC_OK;
    mc_status status = is_up_to_date(step, of, key, &done, err); /* it may have become so */
    if (status >= 0 && !done)
        status = make_anew(step, of, key, err);
    mci_claim_release(workers, step->run->phase, name_of(step));
    return status;
}

/* ---- files of a shard ---- */

static mc_status open_part(const shard_step *step, mci_run_part part, mci_output **out,
                           mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status =
        mci_run_path_for_writing(&step->run->folder, part, name_of(step), &path, err);
    if (status >= 0)
        status = mci_output_open(path.data, mci_codec_of(path.data), out, err);
    mci_buf_release(&path);
    return status;
}

static mc_status commit_part(mci_output **output, mc_status status, mc_error *err)
{
    mci_output *file = *output;
    *output = NULL;
    if (status >= 0)
        return mci_output_commit(file, err);
    mci_output_abort(file);
    return status;
}

static mc_status save_counts(shard_step *step, mci_run_part part, mc_error *err)
{
    size_t n = mc_metadata_len(step->run->metadata);
    mci_buf path = { 0 };
    uint64_t *counts = mci_alloc_zeroed(n, sizeof *counts);
    mc_status status = counts ? MC_OK : mci_nomem(err, n * sizeof *counts);
    if (status >= 0)
        status = mci_run_path_for_writing(&step->run->folder, part, name_of(step), &path, err);
    if (status >= 0) {
        mci_count_stage_fold(&step->counting, counts);
        status = mci_sparse_save(counts, n, path.data, err);
    }
    mci_free(counts);
    mci_buf_release(&path);
    return status;
}

static mc_status link_part(const shard_step *step, mci_run_part from, mci_run_part to,
                           mc_error *err)
{
    mci_buf a = { 0 }, b = { 0 };
    mc_status status = mci_run_path(&step->run->folder, from, name_of(step), &a, err);
    if (status >= 0)
        status = mci_run_path_for_writing(&step->run->folder, to, name_of(step), &b, err);
    if (status >= 0)
        status = mci_run_link(a.data, b.data, err);
    mci_buf_release(&a);
    mci_buf_release(&b);
    return status;
}

/* Flows `path` through the steps and sums up in step->stamp. */
static mc_status flow_file(shard_step *step, const char *path, mci_flow_steps steps, mc_error *err)
{
    mci_run_slot slot = { step->run, step->worker };
    mc_pool pool = mci_run_pool_of(&slot, &path);
    mci_shards one = { 0 };
    MC_TRY(
        mci_shards_list(pool.inputs, 1, MCI_AS_GIVEN, step->run->job->names_from_paths, &one, err));
    steps.user = step;
    mc_status status =
        mci_flow_run(&pool, &one, step->run->phase, &steps, &step->stamp.summary, err);
    mci_shards_release(&one);
    return status;
}

static mc_status flow_part(shard_step *step, mci_run_part part, mci_flow_steps steps, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = mci_run_path(&step->run->folder, part, name_of(step), &path, err);
    if (status >= 0)
        status = flow_file(step, path.data, steps, err);
    /* What the run wrote itself must be whole. */
    if (status >= 0 && step->stamp.summary.n.items_skipped > 0)
        status = mc_fail(err, MC_E_FORMAT, "%s; it was whole once: remove it and start again",
                         step->stamp.summary.problems[0]);
    mci_buf_release(&path);
    return status;
}

static mc_status write_pairs(shard_step *step, const mci_batch *batch, mc_error *err)
{
    return mci_output_write(step->pairs, mci_buf_str(&batch->out), err);
}

/* ---- pool: read, extract, match ---- */

static mc_status pool_work(void *user, mci_batch *batch, unsigned thread, mc_error *err)
{
    shard_step *step = user;
    unsigned scratch = step->worker * step->run->n_threads_each + thread;
    MC_TRY(mci_match_batch(step->matching, batch, scratch, err));
    MC_TRY(mci_count_batch(&step->counting, batch, thread, err));
    if (!step->run->job->keep_duplicates)
        MC_TRY(mci_key_batch(batch, err));
    return mci_format_batch(batch, err);
}

static mc_status pool_drain(void *user, mci_batch *batch, mc_error *err)
{
    shard_step *step = user;
    for (size_t at = 0; step->keys && at < batch->extra.len; at += sizeof(mci_hash128)) {
        mci_hash128 key;
        memcpy(&key, batch->extra.data + at, sizeof key);
        MC_TRY(mci_key_writer_add(step->keys, key, err));
    }
    return write_pairs(step, batch, err);
}

static mc_status open_keys(shard_step *step, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status =
        mci_run_path_for_writing(&step->run->folder, MCI_RUN_POOL_KEYS, name_of(step), &path, err);
    if (status >= 0)
        status = mci_key_writer_open(path.data, &step->keys, err);
    mci_buf_release(&path);
    return status;
}

static mc_status commit_keys(shard_step *step, mc_status status, mc_error *err)
{
    mci_key_writer *keys = step->keys;
    step->keys = NULL;
    if (status >= 0 && keys)
        return mci_key_writer_commit(keys, err);
    mci_key_writer_abort(keys);
    return status;
}

static mc_status make_pool(shard_step *step, mc_error *err)
{
    mci_flow_steps steps = { pool_work, pool_drain, NULL };
    mc_status status = open_part(step, MCI_RUN_POOL, &step->pairs, err);
    if (status >= 0 && !step->run->job->keep_duplicates)
        status = open_keys(step, err);
    if (status >= 0)
        status = flow_file(step, step->run->shards.shards[step->shard].path, steps, err);
    if (status >= 0)
        status = save_counts(step, MCI_RUN_POOL_COUNTS, err);
    status = commit_keys(step, status, err);
    return commit_part(&step->pairs, status, err);
}

static mc_status pool_key(const shard_step *step, mci_fingerprint *out, mc_error *err)
{
    const mci_run *run = step->run;
    struct stat info;
    const char *path = run->shards.shards[step->shard].path;
    if (stat(path, &info) != 0)
        return mci_fail_errno(err, path, "cannot open it");
    mci_buf text = { 0 };
    MC_TRY(mci_buf_printf(&text, err, "pool %s %s %llu %lld %lld.%09ld %d %d", METACLIP_VERSION,
                          mc_metadata_sha256(run->metadata),
                          (unsigned long long)run->job->pool.max_item_bytes,
                          (long long)info.st_size, (long long)info.st_mtim.tv_sec,
                          info.st_mtim.tv_nsec, run->job->keep_duplicates, run->job->compress));
    return fingerprint_text(out, &text, err);
}

static mc_status pool_shard(shard_step *step, mc_error *err)
{
    mci_fingerprint key;
    MC_TRY(pool_key(step, &key, err));
    static const product pool = { MCI_RUN_POOL, MCI_RUN_POOL_STAMP, make_pool };
    MC_TRY(make_if_stale(step, &pool, &key, err));
    /* An earlier start, without --strict, may have let it pass. */
    const mc_summary *made = &step->stamp.summary;
    if (step->run->job->pool.strict && !step->is_pending && made->n_problems > 0)
        return mc_fail(err, MC_E_FORMAT, "%s (and --strict was asked for)", made->problems[0]);
    return MC_OK;
}

/* ---- matched: drop duplicates, count ---- */

static mc_status drop_marked(void *user, mci_batch *batch, const mc_record *record, mc_text *text,
                             bool *keeps, mc_error *err)
{
    (void)record;
    (void)text;
    shard_step *step = user;
    uint64_t at = step->position++;
    if (at / 8 >= step->drops.len)
        return mc_fail(err, MC_E_FORMAT,
                       "the list of duplicates is of another file; remove the "
                       "state folder and start again");
    *keeps = !(step->drops.data[at / 8] >> at % 8 & 1);
    batch->n.pairs_duplicate += !*keeps;
    return MC_OK;
}

static mc_status matched_drain(void *user, mci_batch *batch, mc_error *err)
{
    shard_step *step = user;
    MC_TRY(mci_filter_batch(drop_marked, step, batch, &batch->n.records_duplicate, err));
    MC_TRY(mci_count_batch(&step->counting, batch, 0, err));
    for (size_t i = 0; i < batch->list.n; i++)
        for (size_t j = 0; j < batch->list.records[i].n_texts; j++)
            batch->n.matches += batch->list.records[i].texts[j].n_entries;
    MC_TRY(mci_format_batch(batch, err));
    return write_pairs(step, batch, err);
}

static mc_status make_matched(shard_step *step, mc_error *err)
{
    if (step->drops.len == 0) { /* the pool file is it */
        mci_stamp pool;
        MC_TRY(load_earlier_stamp(step, MCI_RUN_POOL_STAMP, &pool, err));
        step->stamp.summary.n.matches = pool.summary.n.matches;
        MC_TRY(link_part(step, MCI_RUN_POOL_COUNTS, MCI_RUN_COUNTS, err));
        return link_part(step, MCI_RUN_POOL, MCI_RUN_MATCHED, err);
    }
    mci_flow_steps steps = { NULL, matched_drain, NULL };
    mc_status status = open_part(step, MCI_RUN_MATCHED, &step->pairs, err);
    if (status >= 0)
        status = flow_part(step, MCI_RUN_POOL, steps, err);
    if (status >= 0)
        status = save_counts(step, MCI_RUN_COUNTS, err);
    return commit_part(&step->pairs, status, err);
}

static mc_status load_drops(shard_step *step, mc_error *err)
{
    bool found;
    mci_buf path = { 0 };
    mc_status status = mci_run_path(&step->run->folder, MCI_RUN_DROPS, name_of(step), &path, err);
    if (status >= 0 && !step->run->job->keep_duplicates)
        status = mci_read_file(path.data, &step->drops, &found, err);
    mci_buf_release(&path);
    return status;
}

static mc_status matched_key(shard_step *step, mci_fingerprint *out, mc_error *err)
{
    mci_stamp pool;
    char drops[MC_SHA256_DIGITS + 1];
    mci_buf text = { 0 };
    MC_TRY(load_earlier_stamp(step, MCI_RUN_POOL_STAMP, &pool, err));
    MC_TRY(mci_sha256_of(mci_buf_str(&step->drops), drops, err));
    MC_TRY(mci_buf_printf(&text, err, "matched %s %s", pool.made_from.digits, drops));
    return fingerprint_text(out, &text, err);
}

static mc_status matched_shard(shard_step *step, mc_error *err)
{
    mci_fingerprint key;
    MC_TRY(load_drops(step, err));
    MC_TRY(matched_key(step, &key, err));
    static const product matched = { MCI_RUN_MATCHED, MCI_RUN_MATCHED_STAMP, make_matched };
    return make_if_stale(step, &matched, &key, err);
}

/* ---- curated: draw ---- */

static mc_status curated_work(void *user, mci_batch *batch, unsigned thread, mc_error *err)
{
    shard_step *step = user;
    MC_TRY(mci_draw_batch(step->run->balancer, step->run->job->seed, batch, err));
    MC_TRY(mci_count_batch(&step->counting, batch, thread, err));
    return mci_format_batch(batch, err);
}

static mc_status curated_drain(void *user, mci_batch *batch, mc_error *err)
{
    return write_pairs(user, batch, err);
}

static mc_status make_curated(shard_step *step, mc_error *err)
{
    mci_flow_steps steps = { curated_work, curated_drain, NULL };
    mc_status status = open_part(step, MCI_RUN_CURATED, &step->pairs, err);
    if (status >= 0)
        status = flow_part(step, MCI_RUN_MATCHED, steps, err);
    if (status >= 0)
        status = save_counts(step, MCI_RUN_DRAWN_COUNTS, err);
    return commit_part(&step->pairs, status, err);
}

static mc_status curated_shard(shard_step *step, mc_error *err)
{
    mci_stamp matched;
    mci_fingerprint key;
    mci_buf text = { 0 };
    MC_TRY(load_earlier_stamp(step, MCI_RUN_MATCHED_STAMP, &matched, err));
    MC_TRY(mci_buf_printf(&text, err, "curated %s %s", matched.made_from.digits,
                          step->run->draw_key.digits));
    MC_TRY(fingerprint_text(&key, &text, err));
    static const product curated = { MCI_RUN_CURATED, MCI_RUN_CURATED_STAMP, make_curated };
    return make_if_stale(step, &curated, &key, err);
}

/* ---- all shards ---- */

typedef struct {
    mci_run *run;
    mci_match_stage matching;
    mc_status (*shard)(shard_step *step, mc_error *err);
    atomic_size_t n_pending;
} run_step;

/* Ranks begin at places of their own, so that they seldom want the same shard. */
static size_t shard_of_task(const mci_run *run, size_t task)
{
    size_t first = run->job->n_ranks ? run->shards.n * run->job->rank / run->job->n_ranks : 0;
    return (first + task) % run->shards.n;
}

static mc_status run_shard(void *user, size_t task, unsigned worker, mc_error *err)
{
    run_step *all = user;
    shard_step step = { .run = all->run,
                        .shard = shard_of_task(all->run, task),
                        .worker = worker,
                        .matching = &all->matching };
    MC_TRY(mci_count_stage_open(mc_metadata_len(all->run->metadata), all->run->n_threads_each,
                                &step.counting, err));
    mc_status status = all->shard(&step, err);
    mci_count_stage_close(&step.counting);
    mci_buf_release(&step.drops);
    if (step.is_pending)
        atomic_fetch_add(&all->n_pending, 1);
    else if (status >= 0)
        mci_run_shard_done(all->run, worker, step.shard);
    return status;
}

/* Again and again, until no shard is left to this worker or to another: those of one that is gone
 * fall to the others. */
static mc_status run_all_shards(run_step *all, const char *phase, mc_error *err)
{
    for (useconds_t wait = MCI_WORKERS_WAIT_US;; wait = wait < MOST_WAIT_US ? 2 * wait : wait) {
        mci_run_start_phase(all->run, phase);
        atomic_store(&all->n_pending, 0);
        MC_TRY(mci_run_tasks(all->run->n_workers, all->run->shards.n, run_shard, all, err));
        if (atomic_load(&all->n_pending) == 0)
            return MC_OK;
        usleep(wait);
    }
}

mc_status mci_run_pool(mci_run *run, mc_error *err)
{
    run_step all = { .run = run, .shard = pool_shard };
    MC_TRY(mci_match_stage_open(run->metadata, run->n_workers * run->n_threads_each, &all.matching,
                                err));
    mc_status status = run_all_shards(&all, "match", err);
    mci_match_stage_close(&all.matching);
    return status;
}

mc_status mci_run_matched(mci_run *run, mc_error *err)
{
    run_step all = { .run = run, .shard = matched_shard };
    return run_all_shards(&all, "count", err);
}

mc_status mci_run_curated(mci_run *run, mc_error *err)
{
    run_step all = { .run = run, .shard = curated_shard };
    return run_all_shards(&all, "draw", err);
}
