/* The shards of a packing, each made by one thread: what it is made from, the making, and whether
 * an earlier run has made it. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/threads.h"
#include "curate/pack_internal.h"
#include "io/output.h"

typedef mci_pack_worker worker;

/* ---- what a shard is made from ---- */

static mc_status add_file_facts(mci_sha256 *sha, const char *path, mc_error *err)
{
    struct stat info;
    uint64_t facts[3] = { 0 };
    if (stat(path, &info) == 0) {
        facts[0] = (uint64_t)info.st_size + 1;
        facts[1] = (uint64_t)info.st_mtim.tv_sec;
        facts[2] = (uint64_t)info.st_mtim.tv_nsec;
    }
    return mci_sha256_add(sha, (mc_str){ (const char *)facts, sizeof facts }, err);
}

static mc_status add_beside(worker *w, mci_sha256 *sha, const char *path, const char *suffix,
                            mc_error *err)
{
    mc_str stem = mci_pack_stem(mc_str_of(path));
    mci_buf_clear(&w->path);
    MC_TRY(mci_buf_printf(&w->path, err, "%.*s%s", (int)stem.len, stem.data, suffix));
    return add_file_facts(sha, w->path.data, err);
}

/* Name, size and time of the image and of what is beside it, and its rows. */
static mc_status add_image_facts(worker *w, mci_sha256 *sha, const mci_pack_image *image,
                                 mc_error *err)
{
    char head[64];
    const mci_pack_list *list = w->pack->list;
    int n = snprintf(head, sizeof head, "%zu %zu %d%d ", image->name.len, image->n_rows,
                     image->has_txt, image->has_json);
    MC_TRY(mci_sha256_add(sha, (mc_str){ head, (size_t)n }, err));
    MC_TRY(mci_sha256_add(sha, image->name, err));
    MC_TRY(add_file_facts(sha, image->path, err));
    for (size_t i = 0; i < image->n_rows; i++) {
        mci_buf *line = &w->reader.line;
        MC_TRY(mci_pack_row_line(list, &list->rows[image->first_row + i], line, err));
        MC_TRY(mci_sha256_add(sha, mci_buf_str(line), err));
        MC_TRY(mci_sha256_add(sha, (mc_str){ "\n", 1 }, err));
    }
    if (image->n_rows == 0 && image->has_txt)
        MC_TRY(add_beside(w, sha, image->path, ".txt", err));
    if (image->n_rows == 0 && image->has_json)
        MC_TRY(add_beside(w, sha, image->path, ".json", err));
    return MC_OK;
}

static void images_of(const mci_pack *pack, size_t shard, size_t *from, size_t *to)
{
    *from = shard * pack->job->samples;
    *to = *from + pack->job->samples;
    if (*to > pack->list->n_images)
        *to = pack->list->n_images;
}

static mc_status fingerprint(worker *w, size_t shard, char digits[MC_SHA256_DIGITS + 1],
                             mc_error *err)
{
    mci_sha256 *sha = NULL;
    size_t i, to;
    images_of(w->pack, shard, &i, &to);
    MC_TRY(mci_sha256_new(&sha, err));
    mc_status status = MC_OK;
    for (; i < to && status >= 0; i++)
        status = add_image_facts(w, sha, &w->pack->list->images[i], err);
    if (status >= 0)
        status = mci_sha256_end(sha, digits, err);
    mci_sha256_free(sha);
    return status;
}

/* ---- a shard ---- */

static void tell(mci_pack *pack, uint64_t n_bytes, bool is_end)
{
    const mc_hooks *hooks = &pack->job->pool.hooks;
    pthread_mutex_lock(&pack->lock);
    pack->done_bytes += n_bytes;
    pack->done_shards += is_end;
    mc_progress progress = { .phase = "pack",
                             .done = pack->done_bytes,
                             .total = pack->list->n_bytes,
                             .n_shards_done = pack->done_shards,
                             .n_shards = pack->n_shards };
    if (hooks->progress)
        hooks->progress(hooks->user, &progress);
    pthread_mutex_unlock(&pack->lock);
}

static mc_status write_tar(worker *w, mc_error *err)
{
    size_t i, to;
    images_of(w->pack, w->shard, &i, &to);
    MC_TRY(mci_pack_path(w->pack->job->out_dir, w->shard, ".tar", &w->path, err));
    MC_TRY(mci_tar_out_open(w->path.data, &w->tar, err));
    mc_status status = MC_OK;
    for (; i < to && status >= 0; i++) {
        status = mci_pack_image_add(w, &w->pack->list->images[i], err);
        tell(w->pack, w->pack->list->images[i].n_bytes, i + 1 == to);
    }
    if (status < 0)
        mci_tar_out_abort(w->tar);
    else
        status = mci_tar_out_commit(w->tar, &w->n.tar_bytes, err);
    w->tar = NULL;
    return status;
}

static mc_status write_parquet(worker *w, mci_parquet_out *table, mc_error *err)
{
    mc_status status = mci_pack_path(w->pack->job->out_dir, w->shard, ".tar", &w->path, err);
    if (status >= 0)
        status = mci_pack_parquet(table, w->path.data, w->n.images_packed, err);
    if (status >= 0)
        return mci_parquet_out_commit(table, err);
    mci_parquet_out_abort(table);
    return status;
}

static uint64_t size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

/* The table is opened first: where it cannot be written no tar is worth its while. */
static mc_status write_tar_and_parquet(worker *w, mci_pack_stamp *stamp, mc_error *err)
{
    mci_parquet_out *table = NULL;
    if (!w->pack->job->parquet)
        return write_tar(w, err);
    MC_TRY(mci_pack_path(w->pack->job->out_dir, w->shard, ".parquet", &w->path, err));
    MC_TRY(mci_parquet_out_open(w->path.data, &table, err));
    mc_status status = write_tar(w, err);
    if (status < 0)
        mci_parquet_out_abort(table);
    else
        status = write_parquet(w, table, err);
    if (status >= 0)
        status = mci_pack_path(w->pack->job->out_dir, w->shard, ".parquet", &w->path, err);
    if (status >= 0)
        stamp->parquet_bytes = size_of(w->path.data);
    return status;
}

static mc_status write_stats(worker *w, mc_error *err)
{
    mci_buf *text = &w->json;
    mci_buf_clear(text);
    MC_TRY(mci_buf_printf(text, err, "{\"tar\":\"%05zu.tar\"", w->shard));
    MC_TRY(mci_pack_counters_json(&w->n, true, text, err));
    MC_TRY(mci_buf_add(text, mc_str_of(",\"skipped\":"), err));
    MC_TRY(mci_buf_add(text, w->skipped.len ? mci_buf_str(&w->skipped) : mc_str_of("["), err));
    MC_TRY(mci_buf_add(text, mc_str_of("]}\n"), err));
    MC_TRY(mci_pack_path(w->pack->job->out_dir, w->shard, "_stats.json", &w->path, err));
    return mci_output_file(w->path.data, mci_buf_str(text), err);
}

/* The stamp comes last: it vouches for what is there already. */
static mc_status make_shard(void *user, size_t shard, unsigned index, mc_error *err)
{
    mci_pack *pack = user;
    worker *w = &pack->workers[index];
    mci_pack_stamp stamp = { 0 };
    if (pack->is_done[shard])
        return MC_OK;
    w->shard = shard;
    w->n = (mc_pack_counters){ 0 };
    w->problems.n = 0;
    mci_buf_clear(&w->skipped);
    MC_TRY(fingerprint(w, shard, stamp.made_from, err));
    MC_TRY(write_tar_and_parquet(w, &stamp, err));
    MC_TRY(write_stats(w, err));
    stamp.n = pack->made[shard] = w->n;
    mci_problems_report(&w->problems, &stamp.problems);
    MC_TRY(mci_pack_stamp_path(pack->job->out_dir, shard, &w->path, err));
    return mci_pack_stamp_save(&stamp, w->path.data, err);
}

/* ---- what is done already ---- */

static mc_status is_whole(worker *w, size_t shard, const mci_pack_stamp *stamp, bool *out,
                          mc_error *err)
{
    const char *dir = w->pack->job->out_dir;
    MC_TRY(mci_pack_path(dir, shard, ".tar", &w->path, err));
    *out = size_of(w->path.data) == stamp->n.tar_bytes;
    MC_TRY(mci_pack_path(dir, shard, "_stats.json", &w->path, err));
    *out &= mci_file_exists(w->path.data);
    MC_TRY(mci_pack_path(dir, shard, ".parquet", &w->path, err));
    *out &= !w->pack->job->parquet || size_of(w->path.data) == stamp->parquet_bytes;
    return MC_OK;
}

static mc_status refuse_changed(worker *w, size_t shard, mc_error *err)
{
    size_t from, to;
    const mci_pack_image *images = w->pack->list->images;
    images_of(w->pack, shard, &from, &to);
    mc_str a = images[from].name, b = images[to - 1].name;
    return mc_fail(err, MC_E_MISMATCH,
                   "%s: images or texts of %05zu.tar (%.*s to %.*s) have changed since it was "
                   "made; remove state/%05zu.json to have it made again, or take another folder",
                   w->pack->job->out_dir, shard, a.len < 80 ? (int)a.len : 80, a.data,
                   b.len < 80 ? (int)b.len : 80, b.data, shard);
}

static mc_status check_shard(void *user, size_t shard, unsigned index, mc_error *err)
{
    mci_pack *pack = user;
    worker *w = &pack->workers[index];
    mci_pack_stamp stamp;
    char digits[MC_SHA256_DIGITS + 1];
    bool found;
    MC_TRY(mci_pack_stamp_path(pack->job->out_dir, shard, &w->path, err));
    MC_TRY(mci_pack_stamp_load(w->path.data, &stamp, &found, err));
    if (!found)
        return MC_OK;
    MC_TRY(fingerprint(w, shard, digits, err));
    if (strcmp(digits, stamp.made_from) != 0)
        return refuse_changed(w, shard, err);
    MC_TRY(is_whole(w, shard, &stamp, &pack->is_done[shard], err));
    if (!pack->is_done[shard])
        return MC_OK;
    pack->made[shard] = stamp.n;
    size_t from, to;
    uint64_t n_bytes = 0;
    for (images_of(pack, shard, &from, &to); from < to; from++)
        n_bytes += pack->list->images[from].n_bytes;
    tell(pack, n_bytes, true);
    if (stamp.problems.n_problems == 0)
        return MC_OK;
    return mci_pack_strict(pack->job, stamp.problems.problems[0], err);
}

/* ---- all shards ---- */

static mc_status start_workers(mci_pack *pack, mc_error *err)
{
    pack->workers = mci_alloc_zeroed(pack->n_workers, sizeof *pack->workers);
    if (!pack->workers)
        return mci_nomem(err, pack->n_workers * sizeof *pack->workers);
    for (unsigned i = 0; i < pack->n_workers; i++) {
        pack->workers[i].pack = pack;
        pack->workers[i].fd = -1;
        MC_TRY(mci_pack_reader_init(&pack->workers[i].reader, pack->list, err));
    }
    return MC_OK;
}

static void stop_workers(mci_pack *pack)
{
    for (unsigned i = 0; pack->workers && i < pack->n_workers; i++) {
        worker *w = &pack->workers[i];
        mci_pack_reader_release(&w->reader);
        mci_buf_release(&w->bytes);
        mci_buf_release(&w->json);
        mci_buf_release(&w->path);
        mci_buf_release(&w->skipped);
    }
    mci_free(pack->workers);
    pack->workers = NULL;
}

mc_status mci_pack_shards(mci_pack *pack, mc_error *err)
{
    unsigned n_threads = pack->job->pool.n_threads;
    pack->n_workers = n_threads ? n_threads : mci_n_processors();
    if (pack->n_workers > pack->n_shards)
        pack->n_workers = pack->n_shards ? (unsigned)pack->n_shards : 1;
    mc_status status = start_workers(pack, err);
    if (status >= 0)
        status = mci_run_tasks(pack->n_workers, pack->n_shards, check_shard, pack, err);
    size_t n_done = 0;
    for (size_t i = 0; i < pack->n_shards; i++)
        n_done += pack->is_done[i];
    if (status >= 0 && n_done < pack->n_shards)
        status = mci_pack_folder_unfinish(pack->job->out_dir, err);
    if (status >= 0)
        status = mci_run_tasks(pack->n_workers, pack->n_shards, make_shard, pack, err);
    stop_workers(pack);
    return status;
}
