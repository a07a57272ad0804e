/* Duplicates over all shards: of pairs with equal keys, the one in the shard with the smallest
 * name, then the smallest position, stays. The keys are held in memory, 16 bytes each. */
#include "base/alloc.h"
#include "base/files.h"
#include "curate/key_set.h"
#include "curate/run_internal.h"
#include "io/output.h"

/* What the step depends on: the pool files, in order. */
static mc_status fingerprint_of_pool(const mci_run *run, mci_fingerprint *out, mc_error *err)
{
    mci_sha256 *sha = NULL;
    mci_buf path = { 0 };
    mc_status status = mci_sha256_new(&sha, err);
    for (size_t i = 0; i < run->shards.n && status >= 0; i++) {
        mci_stamp stamp;
        bool found;
        status =
            mci_run_path(&run->folder, MCI_RUN_POOL_STAMP, run->shards.shards[i].name, &path, err);
        if (status >= 0)
            status = mci_stamp_load(path.data, &stamp, &found, err);
        if (status >= 0)
            status = mci_sha256_add(sha, mc_str_of(stamp.made_from.digits), err);
    }
    if (status >= 0)
        status = mci_sha256_end(sha, out->digits, err);
    mci_sha256_free(sha);
    mci_buf_release(&path);
    return status;
}

/* Adds the shard's keys to the set and gives the positions of those that were there. */
static mc_status find_duplicates(mci_key_set *set, mc_str keys, mci_buf *positions, mc_error *err)
{
    for (uint64_t i = 0; (i + 1) * sizeof(mci_hash128) <= keys.len; i++) {
        mci_hash128 key;
        bool is_new;
        memcpy(&key, keys.data + i * sizeof key, sizeof key);
        MC_TRY(mci_key_set_add(set, key, &is_new, err));
        if (!is_new)
            MC_TRY(mci_buf_append(positions, &i, sizeof i, err));
    }
    return MC_OK;
}

typedef struct {
    mci_key_set seen;
    mci_buf path, keys, positions; /* of the shard in work */
} dedup;

static mc_status dedup_shard(const mci_run *run, dedup *d, mc_str name, mc_error *err)
{
    bool found;
    mci_buf_clear(&d->keys);
    mci_buf_clear(&d->positions);
    MC_TRY(mci_run_path(&run->folder, MCI_RUN_POOL_KEYS, name, &d->path, err));
    MC_TRY(mci_read_file(d->path.data, &d->keys, &found, err));
    if (!found)
        return mc_fail(err, MC_E_IO, "%s: it is missing; remove the state folder and start again",
                       d->path.data);
    MC_TRY(find_duplicates(&d->seen, mci_buf_str(&d->keys), &d->positions, err));
    MC_TRY(mci_run_path_for_writing(&run->folder, MCI_RUN_DROPS, name, &d->path, err));
    if (d->positions.len == 0)
        return mci_remove_file(d->path.data, err);
    return mci_output_file(d->path.data, mci_buf_str(&d->positions), err);
}

static mc_status dedup_all(mci_run *run, const mci_fingerprint *key, const char *stamp_path,
                           mc_error *err)
{
    dedup d = { 0 };
    mc_status status = mci_remove_file(stamp_path, err);
    for (size_t i = 0; i < run->shards.n && status >= 0; i++) {
        status = dedup_shard(run, &d, run->shards.shards[i].name, err);
        mci_run_shard_done(run, 0, i);
    }
    mci_key_set_release(&d.seen);
    mci_buf_release(&d.path);
    mci_buf_release(&d.keys);
    mci_buf_release(&d.positions);
    if (status < 0)
        return status;
    mci_stamp stamp = { .made_from = *key };
    return mci_stamp_save(&stamp, stamp_path, err);
}

mc_status mci_run_dedup(mci_run *run, mc_error *err)
{
    mci_fingerprint key;
    mci_stamp stamp;
    bool found;
    mci_buf path = { 0 };
    if (run->job->keep_duplicates)
        return MC_OK;
    mci_run_start_phase(run, "duplicates");
    mc_status status = fingerprint_of_pool(run, &key, err);
    if (status >= 0)
        status = mci_run_file(&run->folder, "state/duplicates.json", &path, err);
    if (status >= 0)
        status = mci_stamp_load(path.data, &stamp, &found, err);
    if (status >= 0 && !(found && strcmp(stamp.made_from.digits, key.digits) == 0))
        status = dedup_all(run, &key, path.data, err);
    mci_buf_release(&path);
    return status;
}
