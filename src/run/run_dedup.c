/* Duplicates over all shards: of pairs with equal keys, the one in the shard with the smallest
 * name, then the smallest position, stays.
 *
 *     state/pool/HH/NAME.keys      the keys of each shard (pair_keys.h)
 *       |  part by part of the keys, each with a set of its own in memory
 *     state/duplicates/PART        (shard, position) of what goes, by shard
 *       |  group by group of shards
 *     state/drops/HH/NAME.drops    a bit for each pair of the shard, set if it goes
 *
 * There are as many parts as it takes for the sets to stay within --dedup-memory. Parts and groups
 * are units of work and resume, like shards. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/threads.h"
#include "curate/key_set.h"
#include "curate/pair_keys.h"
#include "io/output.h"
#include "run/run_internal.h"

enum {
    KEY_BYTES = 43, /* a set's slots at their emptiest: 16 bytes * 4/3 * 2 */
    GROUP_SHARDS = 256,
};
static const uint64_t default_memory = UINT64_C(1) << 30;

/* Of a part: a pair that goes. */
typedef struct {
    uint64_t shard, position;
} drop;

typedef struct {
    mci_run *run;
    uint64_t memory; /* of one worker */
    uint64_t n_parts;
    mci_fingerprint key; /* what the step depends on */
} dedup;

/* ---- parts: what goes ---- */

static mc_status key_file_of(const dedup *d, size_t shard, mci_buf *path, mci_key_file *out,
                             mc_error *err)
{
    MC_TRY(mci_run_path(&d->run->folder, MCI_RUN_POOL_KEYS, d->run->shards.shards[shard].name, path,
                        err));
    return mci_key_file_open(path->data, out, err);
}

/* The part's name bears the fingerprint: one of other inputs is never taken for it. */
static mc_status part_path(const dedup *d, uint64_t part, mci_buf *path, mc_error *err)
{
    char name[128];
    snprintf(name, sizeof name, "state/duplicates/%.16s-%llu-%llu", d->key.digits,
             (unsigned long long)d->n_parts, (unsigned long long)part);
    return mci_run_file(&d->run->folder, name, path, err);
}

static mc_status drop_repeated(mci_key_set *set, const mci_pair_key *pairs, size_t n, size_t shard,
                               mci_output *out, mc_error *err)
{
    for (size_t i = 0; i < n; i++) {
        bool is_new;
        MC_TRY(mci_key_set_add(set, pairs[i].key, &is_new, err));
        drop gone = { shard, pairs[i].position };
        if (!is_new)
            MC_TRY(mci_output_write(out, (mc_str){ (const char *)&gone, sizeof gone }, err));
    }
    return MC_OK;
}

static mc_status write_part(const dedup *d, mci_key_range range, mci_key_set *set, mci_buf *path,
                            mci_output *out, mc_error *err)
{
    for (size_t shard = 0; shard < d->run->shards.n; shard++) {
        mci_key_file file;
        MC_TRY(key_file_of(d, shard, path, &file, err));
        mc_status status = MC_OK;
        for (size_t run = 0; run < mci_key_file_runs(&file) && status >= 0; run++) {
            const mci_pair_key *pairs;
            size_t n = mci_key_run_range(&file, run, range, &pairs);
            status = drop_repeated(set, pairs, n, shard, out, err);
        }
        mci_key_file_close(&file);
        MC_TRY(status);
    }
    return MC_OK;
}

static mc_status make_part(const dedup *d, uint64_t part, mci_buf *path, mc_error *err)
{
    mci_key_set set = { 0 };
    mci_output *out = NULL;
    MC_TRY(mci_output_open(path->data, MCI_PLAIN, &out, err));
    mci_key_range range = mci_key_range_of(part, d->n_parts);
    mc_status status = write_part(d, range, &set, path, out, err);
    mci_key_set_release(&set);
    if (status >= 0)
        return mci_output_commit(out, err);
    mci_output_abort(out);
    return status;
}

static mc_status run_part(void *user, size_t part, unsigned worker, mc_error *err)
{
    (void)worker;
    const dedup *d = user;
    bool done = false;
    mci_buf path = { 0 };
    mc_status status = part_path(d, part, &path, err);
    if (status >= 0) {
        done = mci_file_exists(path.data);
        status = mci_make_folders(path.data, err);
    }
    if (status >= 0 && !done)
        status = make_part(d, part, &path, err);
    mci_buf_release(&path);
    return status;
}

/* ---- groups: a bit for each pair ---- */

typedef struct {
    size_t first, n;            /* shards */
    mci_buf bits[GROUP_SHARDS]; /* of the shards, empty if nothing goes */
    uint64_t n_pairs[GROUP_SHARDS];
} group;

static mc_status measure_group(const dedup *d, group *g, mci_buf *path, mc_error *err)
{
    for (size_t i = 0; i < g->n; i++) {
        mci_key_file file;
        MC_TRY(key_file_of(d, g->first + i, path, &file, err));
        g->n_pairs[i] = file.n;
        mci_key_file_close(&file);
    }
    return MC_OK;
}

static mc_status set_bit(group *g, const drop *gone, mc_error *err)
{
    size_t i = (size_t)gone->shard - g->first;
    mci_buf *bits = &g->bits[i];
    if (gone->position >= g->n_pairs[i])
        return mc_fail(err, MC_E_FORMAT,
                       "the run's lists of duplicates are damaged; remove its "
                       "state/duplicates and start again");
    if (bits->len == 0) {
        size_t n_bytes = (size_t)(g->n_pairs[i] / 8 + 1);
        MC_TRY(mci_buf_reserve(bits, n_bytes, err));
        memset(bits->data, 0, n_bytes);
        bits->len = n_bytes;
    }
    bits->data[gone->position / 8] |= (char)(1 << gone->position % 8);
    return MC_OK;
}

/* Sets the bits of the part's drops that are of this group. Parts are sorted by shard. */
static mc_status take_part(const char *path, group *g, mc_error *err)
{
    mci_mapped map;
    MC_TRY(mci_map_file(path, &map, err));
    const drop *drops = map.data;
    size_t from = 0, to = map.n_bytes / sizeof *drops, end = to;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (drops[middle].shard < g->first)
            from = middle + 1;
        else
            to = middle;
    }
    mc_status status = MC_OK;
    for (; from < end && drops[from].shard < g->first + g->n && status >= 0; from++)
        status = set_bit(g, &drops[from], err);
    mci_unmap_file(&map);
    return status;
}

static mc_status save_group(const dedup *d, const group *g, mci_buf *path, mc_error *err)
{
    for (size_t i = 0; i < g->n; i++) {
        mc_str name = d->run->shards.shards[g->first + i].name;
        MC_TRY(mci_run_path_for_writing(&d->run->folder, MCI_RUN_DROPS, name, path, err));
        if (g->bits[i].len == 0)
            MC_TRY(mci_remove_file(path->data, err));
        else
            MC_TRY(mci_output_file(path->data, mci_buf_str(&g->bits[i]), err));
    }
    return MC_OK;
}

static mc_status mark_group(const dedup *d, group *g, mci_buf *path, mc_error *err)
{
    MC_TRY(measure_group(d, g, path, err));
    for (uint64_t part = 0; part < d->n_parts; part++) {
        MC_TRY(part_path(d, part, path, err));
        MC_TRY(take_part(path->data, g, err));
    }
    return save_group(d, g, path, err);
}

static mc_status run_group(void *user, size_t number, unsigned worker, mc_error *err)
{
    (void)worker;
    const dedup *d = user;
    mci_buf path = { 0 };
    group *g = mci_alloc_zeroed(1, sizeof *g);
    if (!g)
        return mci_nomem(err, sizeof *g);
    g->first = number * GROUP_SHARDS;
    size_t left = d->run->shards.n - g->first;
    g->n = left < GROUP_SHARDS ? left : GROUP_SHARDS;
    mc_status status = mark_group(d, g, &path, err);
    for (size_t i = 0; i < g->n; i++)
        mci_buf_release(&g->bits[i]);
    mci_free(g);
    mci_buf_release(&path);
    return status;
}

/* ---- the step ---- */

/* What the step depends on: the pool files, in order. Sums up their pairs on the way. */
static mc_status look_at_pool(dedup *d, mci_buf *path, mci_sha256 *sha, uint64_t *n_pairs,
                              mc_error *err)
{
    for (size_t i = 0; i < d->run->shards.n; i++) {
        mci_stamp stamp;
        mci_key_file file;
        bool found;
        MC_TRY(mci_run_path(&d->run->folder, MCI_RUN_POOL_STAMP, d->run->shards.shards[i].name,
                            path, err));
        MC_TRY(mci_stamp_load(path->data, &stamp, &found, err));
        if (!found)
            return mc_fail(err, MC_E_IO, "%s: it is gone; start again", path->data);
        MC_TRY(mci_sha256_add(sha, mc_str_of(stamp.made_from.digits), err));
        MC_TRY(key_file_of(d, i, path, &file, err));
        *n_pairs += file.n;
        mci_key_file_close(&file);
    }
    return MC_OK;
}

static mc_status plan_parts(dedup *d, mci_buf *path, mc_error *err)
{
    mci_sha256 *sha = NULL;
    uint64_t n_pairs = 0;
    uint64_t memory = d->run->job->dedup_memory ? d->run->job->dedup_memory : default_memory;
    MC_TRY(mci_sha256_new(&sha, err));
    mc_status status = look_at_pool(d, path, sha, &n_pairs, err);
    if (status >= 0)
        status = mci_sha256_end(sha, d->key.digits, err);
    mci_sha256_free(sha);
    d->memory = memory / mci_flow_workers(&d->run->job->pool) + 1;
    d->n_parts = n_pairs / (d->memory / KEY_BYTES + 1) + 1;
    return status;
}

static mc_status is_up_to_date(const dedup *d, mci_buf *path, bool *out, mc_error *err)
{
    mci_stamp stamp;
    MC_TRY(mci_run_file(&d->run->folder, "state/duplicates.json", path, err));
    MC_TRY(mci_stamp_load(path->data, &stamp, out, err));
    *out = *out && strcmp(stamp.made_from.digits, d->key.digits) == 0;
    return MC_OK;
}

static mc_status run_parts_and_groups(dedup *d, mci_buf *path, mc_error *err)
{
    unsigned n_workers = mci_flow_workers(&d->run->job->pool);
    size_t n_groups = (d->run->shards.n + GROUP_SHARDS - 1) / GROUP_SHARDS;
    mci_stamp stamp = { .made_from = d->key };
    MC_TRY(mci_run_file(&d->run->folder, "state/duplicates.json", path, err));
    MC_TRY(mci_remove_file(path->data, err));
    MC_TRY(mci_run_tasks(n_workers, (size_t)d->n_parts, run_part, d, err));
    MC_TRY(mci_run_tasks(n_workers, n_groups, run_group, d, err));
    MC_TRY(mci_stamp_save(&stamp, path->data, err));
    return mci_run_empty_folder(&d->run->folder, "state/duplicates", path, err);
}

/* One worker does the step; the others wait for it, or take its place if it dies. */
static mc_status run_or_wait(dedup *d, mci_buf *path, mc_error *err)
{
    static const char step[] = "duplicates";
    bool done;
    MC_TRY(is_up_to_date(d, path, &done, err));
    if (done)
        return MC_OK;
    MC_TRY(mci_claim_wait(d->run->workers, step, mc_str_of("all"), err));
    mc_status status = is_up_to_date(d, path, &done, err); /* it may have become so */
    if (status >= 0 && !done)
        status = run_parts_and_groups(d, path, err);
    mci_claim_release(d->run->workers, step, mc_str_of("all"));
    return status;
}

mc_status mci_run_dedup(mci_run *run, mc_error *err)
{
    dedup d = { .run = run };
    mci_buf path = { 0 };
    if (run->job->keep_duplicates)
        return MC_OK;
    mci_run_start_phase(run, "duplicates");
    mc_status status = plan_parts(&d, &path, err);
    if (status >= 0)
        status = run_or_wait(&d, &path, err);
    mci_buf_release(&path);
    return status;
}
