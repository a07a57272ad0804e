/* The four steps of a run that go shard by shard. Each makes its files from what came before and
 * leaves a stamp; a step whose stamp is right already is passed over. */
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/threads.h"
#include "curate/image_keys.h"
#include "curate/pair_keys.h"
#include "curate/pairs_output.h"
#include "run/run_internal.h"
#include "run/run_workers.h"
#include "run/sparse_counts.h"

/* One shard in one step. */
typedef struct shard_step shard_step;
struct shard_step {
    mci_run *run;
    size_t shard;
    unsigned worker;
    const mci_match_stage *matching; /* of the pool step */
    mci_count_stage counting;
    mci_pairs_output pairs;
    mci_key_writer *keys;
    mci_key_writer *images;
    mci_buf drops;        /* marks of the pool file's pairs; empty: none goes */
    mci_drop_marks marks; /* the same, while the pairs go by */
    mci_stamp stamp;
    const struct product *product; /* what is made, */
    mci_fingerprint key;           /* from what */
};

/* What a step makes of a shard. */
typedef struct product {
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

mc_status mci_run_load_stamp(const mci_run *run, mci_run_part part, size_t shard, mci_buf *path,
                             mci_stamp *out, mc_error *err)
{
    bool found;
    mc_str name = run->shards.shards[shard].name;
    MC_TRY(mci_run_path(&run->folder, part, name, path, err));
    MC_TRY(mci_stamp_load(path->data, out, &found, err));
    if (found)
        return MC_OK;
    return mc_fail(err, MC_E_IO, "%s: what it held of %.*s is gone; start again", run->folder.dir,
                   (int)name.len, name.data);
}

/* That of a step before this one: it must be there. */
static mc_status load_earlier_stamp(const shard_step *step, mci_run_part part, mci_stamp *out,
                                    mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = mci_run_load_stamp(step->run, part, step->shard, &path, out, err);
    mci_buf_release(&path);
    return status;
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

static mc_status is_up_to_date(void *user, bool *out, mc_error *err)
{
    shard_step *step = user;
    bool found;
    uint64_t size;
    MC_TRY(load_stamp(step, step->product->stamp, &step->stamp, &found, err));
    MC_TRY(file_size(step, step->product->pairs, &size, err));
    *out = found && size == step->stamp.n_bytes &&
           strcmp(step->stamp.made_from.digits, step->key.digits) == 0;
    return MC_OK;
}

/* The old stamp goes before the old file does: a stamp never vouches for another file than its
 * own. */
static mc_status make_anew(void *user, mc_error *err)
{
    shard_step *step = user;
    const product *of = step->product;
    mci_buf path = { 0 };
    step->stamp = (mci_stamp){ .made_from = step->key };
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

/* Makes the file of pairs unless its stamp says that it was made from step->key, or another worker
 * is at it: then the shard is not done. */
static mc_status make_if_stale(shard_step *step, const product *of, bool *done, mc_error *err)
{
    mci_run_unit_steps steps = { is_up_to_date, make_anew, step };
    step->product = of;
    return mci_run_unit(step->run, step->run->phase, name_of(step), &steps, done, err);
}

/* ---- files of a shard ---- */

static mc_status open_part(shard_step *step, mci_run_part part, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status =
        mci_run_path_for_writing(&step->run->folder, part, name_of(step), &path, err);
    /* Beside Parquet the pool file is read twice more, and then of no use. */
    bool is_passing = part == MCI_RUN_POOL && step->run->job->format == MC_PARQUET;
    if (status >= 0)
        status = mci_pairs_output_open(&step->pairs, path.data,
                                       is_passing ? MCI_ZSTD_FAST : mci_codec_of(path.data), err);
    mci_buf_release(&path);
    return status;
}

static mc_status save_counts(shard_step *step, mci_run_part part, mc_error *err)
{
    size_t n = mci_run_n_counts(step->run);
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

/* Flows `path`, which the run wrote itself or not, through the steps and sums up in step->stamp. */
static mc_status flow_file(shard_step *step, const char *path, bool is_own, mci_flow_steps steps,
                           mc_error *err)
{
    mci_run_slot slot = { step->run, step->worker };
    mc_pool pool = mci_run_pool_of(&slot, &path);
    if (is_own) {
        pool.max_item_bytes = mci_max_own_bytes(&pool);
        pool.keep_page_url = pool.keep_source = false;
        pool.languages = pool.lid_model = NULL;
        pool.lid_least = 0;
    } else {
        steps.languages = &step->run->languages;
    }
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
        status = flow_file(step, path.data, true, steps, err);
    /* What the run wrote itself must be whole. */
    if (status >= 0 && step->stamp.summary.n.items_skipped > 0)
        status = mc_fail(err, MC_E_FORMAT, "%s; it was whole once: remove it and start again",
                         step->stamp.summary.problems[0]);
    mci_buf_release(&path);
    return status;
}

/* What is left of the records. */
static mc_status write_pairs(shard_step *step, mci_batch *batch, mc_error *err)
{
    MC_TRY(mci_pairs_output_format(&step->pairs, batch, err));
    return mci_pairs_output_write(&step->pairs, batch, err);
}

/* ---- pool: read, extract, match ---- */

static mc_status pool_sift(void *user, mci_batch *batch, unsigned thread, mc_error *err)
{
    const shard_step *step = user;
    unsigned scratch = step->worker * step->run->n_threads_each + thread;
    return mci_match_batch(step->matching, batch, scratch, err);
}

static mc_status pool_work(void *user, mci_batch *batch, unsigned thread, mc_error *err)
{
    shard_step *step = user;
    MC_TRY(mci_count_batch(&step->counting, batch, thread, err));
    if (!step->run->job->keep_duplicates)
        MC_TRY(mci_key_batch(batch, err));
    return mci_pairs_output_format(&step->pairs, batch, err);
}

static mc_status pool_drain(void *user, mci_batch *batch, mc_error *err)
{
    shard_step *step = user;
    for (size_t at = 0; step->keys && at < batch->extra.len; at += sizeof(mci_hash128)) {
        mci_hash128 key;
        memcpy(&key, batch->extra.data + at, sizeof key);
        MC_TRY(mci_pair_key_add(step->keys, key, err));
    }
    return mci_pairs_output_write(&step->pairs, batch, err);
}

static mc_status open_keys(shard_step *step, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status =
        mci_run_path_for_writing(&step->run->folder, MCI_RUN_POOL_KEYS, name_of(step), &path, err);
    if (status >= 0)
        status = mci_key_writer_open(path.data, sizeof(mci_pair_key), &step->keys, err);
    mci_buf_release(&path);
    return status;
}

static mc_status commit_keys(shard_step *step, mc_status status, mc_error *err)
{
    mci_key_writer *keys = step->keys;
    step->keys = NULL;
    return mci_key_writer_end(keys, status, err);
}

static mc_status make_pool(shard_step *step, mc_error *err)
{
    mci_flow_steps steps = { .work = pool_work, .drain = pool_drain, .sift = pool_sift };
    mc_status status = open_part(step, MCI_RUN_POOL, err);
    if (status >= 0 && !step->run->job->keep_duplicates)
        status = open_keys(step, err);
    if (status >= 0)
        status = flow_file(step, step->run->shards.shards[step->shard].path, false, steps, err);
    if (status >= 0)
        status = save_counts(step, MCI_RUN_POOL_COUNTS, err);
    status = commit_keys(step, status, err);
    return mci_pairs_output_end(&step->pairs, status, err);
}

static mc_status pool_key(const shard_step *step, mci_fingerprint *out, mc_error *err)
{
    const mci_run *run = step->run;
    struct stat info;
    const char *path = run->shards.shards[step->shard].path;
    if (stat(path, &info) != 0)
        return mci_fail_errno(err, path, "cannot open it");
    mci_buf text = { 0 };
    MC_TRY(mci_buf_printf(&text, err, "pool %s %s %llu %lld %lld.%09ld %d %d %d %d",
                          METACLIP_VERSION, mc_metadata_sha256(run->metadata),
                          (unsigned long long)run->job->pool.max_item_bytes,
                          (long long)info.st_size, (long long)info.st_mtim.tv_sec,
                          info.st_mtim.tv_nsec, run->job->keep_duplicates, run->job->format,
                          run->job->pool.keep_page_url, run->job->pool.keep_source));
    return fingerprint_text(out, &text, err);
}

static mc_status pool_shard(shard_step *step, bool *done, mc_error *err)
{
    static const product pool = { MCI_RUN_POOL, MCI_RUN_POOL_STAMP, make_pool };
    MC_TRY(pool_key(step, &step->key, err));
    MC_TRY(make_if_stale(step, &pool, done, err));
    /* An earlier start, without --strict, may have let it pass. */
    const mc_summary *made = &step->stamp.summary;
    if (step->run->job->pool.strict && *done && made->n_problems > 0)
        return mc_fail(err, MC_E_FORMAT, "%s (and --strict was asked for)", made->problems[0]);
    return MC_OK;
}

/* ---- matched: drop duplicates and what is blocked, count ---- */

static mc_status drop_marked(shard_step *step, mci_batch *batch, mc_error *err)
{
    if (step->drops.len > 0)
        MC_TRY(mci_drop_batch(&step->marks, batch, err));
    mci_block_batch(step->run->blocked, batch);
    return MC_OK;
}

static mc_status matched_drain(void *user, mci_batch *batch, mc_error *err)
{
    shard_step *step = user;
    MC_TRY(drop_marked(step, batch, err));
    MC_TRY(mci_count_batch(&step->counting, batch, 0, err));
    for (size_t i = 0; i < batch->list.n; i++)
        for (size_t j = 0; j < batch->list.records[i].n_texts; j++)
            batch->n.matches += batch->list.records[i].texts[j].n_entries;
    return write_pairs(step, batch, err);
}

/* Nothing goes, and the pool file has the form that is published. */
static mc_status pool_is_matched(shard_step *step, mc_error *err)
{
    mci_stamp pool;
    MC_TRY(load_earlier_stamp(step, MCI_RUN_POOL_STAMP, &pool, err));
    step->stamp.summary.n.matches = pool.summary.n.matches;
    MC_TRY(link_part(step, MCI_RUN_POOL_COUNTS, MCI_RUN_COUNTS, err));
    return link_part(step, MCI_RUN_POOL, MCI_RUN_MATCHED, err);
}

static mc_status make_matched(shard_step *step, mc_error *err)
{
    const mci_run *run = step->run;
    if (step->drops.len == 0 && !run->blocked && run->job->format != MC_PARQUET)
        return pool_is_matched(step, err);
    mci_flow_steps steps = { .drain = matched_drain };
    mc_status status = open_part(step, MCI_RUN_MATCHED, err);
    if (status >= 0)
        status = flow_part(step, MCI_RUN_POOL, steps, err);
    if (status >= 0)
        status = save_counts(step, MCI_RUN_COUNTS, err);
    return mci_pairs_output_end(&step->pairs, status, err);
}

static mc_status load_drops(shard_step *step, mc_error *err)
{
    bool found;
    mci_buf path = { 0 };
    mc_status status = mci_run_path(&step->run->folder, MCI_RUN_DROPS, name_of(step), &path, err);
    if (status >= 0 && !step->run->job->keep_duplicates)
        status = mci_read_file(path.data, &step->drops, &found, err);
    step->marks = (mci_drop_marks){ (const unsigned char *)step->drops.data, step->drops.len, 0 };
    mci_buf_release(&path);
    return status;
}

static mc_status matched_key(shard_step *step, mc_error *err)
{
    mci_stamp pool;
    char drops[MC_SHA256_DIGITS + 1];
    mci_buf text = { 0 };
    MC_TRY(load_earlier_stamp(step, MCI_RUN_POOL_STAMP, &pool, err));
    MC_TRY(mci_sha256_of(mci_buf_str(&step->drops), drops, err));
    MC_TRY(mci_buf_printf(&text, err, "matched %s %s %s", pool.made_from.digits, drops,
                          step->run->summary->block.sha256));
    return fingerprint_text(&step->key, &text, err);
}

static mc_status matched_shard(shard_step *step, bool *done, mc_error *err)
{
    static const product matched = { MCI_RUN_MATCHED, MCI_RUN_MATCHED_STAMP, make_matched };
    MC_TRY(load_drops(step, err));
    MC_TRY(matched_key(step, err));
    return make_if_stale(step, &matched, done, err);
}

/* ---- image keys: what one text of an image is chosen by ---- */

static mc_status image_work(void *user, mci_batch *batch, unsigned thread, mc_error *err)
{
    (void)thread;
    const shard_step *step = user;
    return mci_image_key_batch(batch, step->run->job->seed, err);
}

static mc_status image_drain(void *user, mci_batch *batch, mc_error *err)
{
    shard_step *step = user;
    return mci_key_writer_add(step->images, mci_buf_str(&batch->extra), err);
}

static mc_status make_image_keys(shard_step *step, mc_error *err)
{
    mci_flow_steps steps = { .work = image_work, .drain = image_drain, .places = true };
    mci_buf path = { 0 };
    mc_status status =
        mci_run_path_for_writing(&step->run->folder, MCI_RUN_IMAGE_KEYS, name_of(step), &path, err);
    if (status >= 0)
        status = mci_key_writer_open(path.data, sizeof(mci_image_key), &step->images, err);
    mci_buf_release(&path);
    if (status >= 0)
        status = flow_part(step, MCI_RUN_MATCHED, steps, err);
    return mci_key_writer_end(step->images, status, err);
}

static mc_status image_keys_of_shard(shard_step *step, bool *done, mc_error *err)
{
    static const product keys = { MCI_RUN_IMAGE_KEYS, MCI_RUN_IMAGE_STAMP, make_image_keys };
    mci_stamp matched;
    mci_buf text = { 0 };
    MC_TRY(load_earlier_stamp(step, MCI_RUN_MATCHED_STAMP, &matched, err));
    MC_TRY(mci_buf_printf(&text, err, "image keys %s %llu", matched.made_from.digits,
                          (unsigned long long)step->run->job->seed));
    MC_TRY(fingerprint_text(&step->key, &text, err));
    return make_if_stale(step, &keys, done, err);
}

/* ---- curated: draw ---- */

/* In a flow of this shard alone. */
static mc_status choices_of_shard(void *user, size_t shard, mci_buf *path, mc_error *err)
{
    (void)shard;
    const shard_step *step = user;
    return mci_run_choices_path(step->run, step->shard, path, err);
}

static mc_status draw(shard_step *step, mci_batch *batch, unsigned thread, mc_error *err)
{
    const mci_run *run = step->run;
    mci_choice_lists choices = { choices_of_shard, step, run->choice_key.digits };
    mci_drawing drawing = { run->balancer, run->job->seed, run->job->one_text ? &choices : NULL };
    MC_TRY(mci_draw_batch(&drawing, batch, err));
    return mci_count_batch(&step->counting, batch, thread, err);
}

static mc_status curated_work(void *user, mci_batch *batch, unsigned thread, mc_error *err)
{
    shard_step *step = user;
    MC_TRY(draw(step, batch, thread, err));
    return mci_pairs_output_format(&step->pairs, batch, err);
}

static mc_status curated_drain(void *user, mci_batch *batch, mc_error *err)
{
    shard_step *step = user;
    return mci_pairs_output_write(&step->pairs, batch, err);
}

/* Of the pool file, of which the matched file is what is not marked. */
static mc_status undropped_drain(void *user, mci_batch *batch, mc_error *err)
{
    shard_step *step = user;
    MC_TRY(drop_marked(step, batch, err));
    MC_TRY(draw(step, batch, 0, err));
    return write_pairs(step, batch, err);
}

/* Rows of Parquet do not tell where a record ends and the next one of the same image begins, but
 * records are counted: there the pool file is drawn from, once more without what is marked. */
static mc_status draw_shard(shard_step *step, mc_error *err)
{
    mci_flow_steps steps = { .work = curated_work,
                             .drain = curated_drain,
                             .places = step->run->job->one_text };
    mci_flow_steps dropping = { .drain = undropped_drain };
    if (step->run->job->format != MC_PARQUET)
        return flow_part(step, MCI_RUN_MATCHED, steps, err);
    MC_TRY(load_drops(step, err));
    return flow_part(step, MCI_RUN_POOL, dropping, err);
}

static mc_status make_curated(shard_step *step, mc_error *err)
{
    mc_status status = open_part(step, MCI_RUN_CURATED, err);
    if (status >= 0)
        status = draw_shard(step, err);
    if (status >= 0)
        status = save_counts(step, MCI_RUN_DRAWN_COUNTS, err);
    return mci_pairs_output_end(&step->pairs, status, err);
}

static mc_status curated_shard(shard_step *step, bool *done, mc_error *err)
{
    static const product curated = { MCI_RUN_CURATED, MCI_RUN_CURATED_STAMP, make_curated };
    mci_stamp matched;
    mci_buf text = { 0 };
    MC_TRY(load_earlier_stamp(step, MCI_RUN_MATCHED_STAMP, &matched, err));
    MC_TRY(mci_buf_printf(&text, err, "curated %s %s", matched.made_from.digits,
                          step->run->draw_key.digits));
    MC_TRY(fingerprint_text(&step->key, &text, err));
    return make_if_stale(step, &curated, done, err);
}

/* ---- all shards ---- */

typedef struct {
    mci_run *run;
    mci_match_stage matching;
    mc_status (*shard)(shard_step *step, bool *done, mc_error *err);
} run_step;

static mc_status look_at_shard(void *user, size_t shard, unsigned worker, bool *done, mc_error *err)
{
    run_step *all = user;
    shard_step step = {
        .run = all->run, .shard = shard, .worker = worker, .matching = &all->matching
    };
    MC_TRY(mci_count_stage_open(mc_metadata_len(all->run->metadata), all->run->n_threads_each,
                                &step.counting, err));
    step.counting.lists = all->run->lists;
    step.counting.n_lists = all->run->n_lists;
    mc_status status = all->shard(&step, done, err);
    mci_count_stage_close(&step.counting);
    mci_buf_release(&step.drops);
    if (status >= 0 && *done)
        mci_run_shard_done(all->run, worker, shard);
    return status;
}

static mc_status run_all_shards(run_step *all, const char *phase, mc_error *err)
{
    mci_run *run = all->run;
    mci_run_units shards = { run->shards.n, run->n_workers, look_at_shard, all };
    mci_run_start_phase(run, phase);
    return mci_run_all_units(run, &shards, err);
}

mc_status mci_run_pool(mci_run *run, mc_error *err)
{
    run_step all = { .run = run, .shard = pool_shard };
    MC_TRY(mci_match_stage_open(run->metadata, run->job->rule, run->n_workers * run->n_threads_each,
                                &all.matching, err));
    mc_status status = run_all_shards(&all, "match", err);
    mci_match_stage_close(&all.matching);
    return status;
}

mc_status mci_run_matched(mci_run *run, mc_error *err)
{
    run_step all = { .run = run, .shard = matched_shard };
    return run_all_shards(&all, "count", err);
}

mc_status mci_run_image_keys(mci_run *run, mc_error *err)
{
    run_step all = { .run = run, .shard = image_keys_of_shard };
    return run_all_shards(&all, "choose", err);
}

mc_status mci_run_curated(mci_run *run, mc_error *err)
{
    run_step all = { .run = run, .shard = curated_shard };
    return run_all_shards(&all, "draw", err);
}
