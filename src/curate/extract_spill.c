#include "curate/extract_spill.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/threads.h"
#include "curate/stages.h"
#include "curate/temp_folder.h"

struct mci_spill {
    mci_temp_folder folder;
    mci_output *pairs;
    mci_key_writer *keys;
    uint64_t n_pairs;
    mci_known_keys passed; /* none if passed.map.data is NULL */
    uint64_t n_parts;
    mci_mapped marks;
    mci_drop_marks dropping;
};

/* ---- files ---- */

static mc_status file_in(const mci_spill *spill, const char *name, mci_buf *path, mc_error *err)
{
    mci_buf_clear(path);
    return mci_buf_printf(path, err, "%s/%s", spill->folder.path.data, name);
}

static mc_status part_in(const mci_spill *spill, const char *kind, uint64_t part, mci_buf *path,
                         mc_error *err)
{
    char name[48];
    snprintf(name, sizeof name, "%s-%" PRIu64, kind, part);
    return file_in(spill, name, path, err);
}

static const char pairs_name[] = "pairs.jsonl.zst";

static mc_status open_files(mci_spill *spill, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = file_in(spill, pairs_name, &path, err);
    if (status >= 0)
        status = mci_output_open(path.data, MCI_ZSTD, &spill->pairs, err);
    if (status >= 0)
        status = file_in(spill, "keys", &path, err);
    if (status >= 0)
        status = mci_key_writer_open(path.data, sizeof(mci_pair_key), &spill->keys, err);
    mci_buf_release(&path);
    return status;
}

mc_status mci_spill_open(const char *out_path, const char *temp_dir, mci_spill **out, mc_error *err)
{
    mci_spill *spill = mci_alloc_zeroed(1, sizeof *spill);
    if (!spill)
        return mci_nomem(err, sizeof *spill);
    mc_status status = mci_temp_folder_open(out_path, temp_dir, &spill->folder, err);
    if (status >= 0)
        status = open_files(spill, err);
    if (status < 0)
        mci_spill_close(spill);
    else
        *out = spill;
    return status;
}

void mci_spill_close(mci_spill *spill)
{
    if (!spill)
        return;
    mci_output_abort(spill->pairs);
    mci_key_writer_end(spill->keys, MC_E_IO, NULL);
    mci_known_keys_close(&spill->passed);
    mci_unmap_file(&spill->marks);
    mci_temp_folder_close(&spill->folder);
    mci_free(spill);
}

/* ---- what comes in ---- */

/* A set's keys without its empty slots, in the place of the slots. */
static size_t pack_set(mci_key_set *set)
{
    size_t n = 0;
    for (size_t i = 0; i < set->cap; i++)
        if (set->slots[i].high != 0 || set->slots[i].low != 0)
            set->slots[n++] = set->slots[i];
    if (set->has_zero && n < set->cap)
        set->slots[n++] = (mci_hash128){ 0, 0 };
    return n;
}

static mc_status write_known(const char *path, const mci_hash128 *keys, size_t n, mc_error *err)
{
    static const char nobody[MC_SHA256_DIGITS];
    mci_output *file = NULL;
    MC_TRY(mci_output_open(path, MCI_PLAIN, &file, err));
    mc_status status =
        mci_output_write(file, (mc_str){ (const char *)keys, n * sizeof *keys }, err);
    if (status >= 0)
        status = mci_known_keys_end(file, n, nobody, (mc_str){ 0 }, err);
    return mci_output_end(file, status, err);
}

mc_status mci_spill_passed(mci_spill *spill, mci_key_set *keys, mc_error *err)
{
    mci_buf path = { 0 };
    size_t n = mci_keys_sort(keys->slots, pack_set(keys));
    mc_status status = file_in(spill, "passed", &path, err);
    if (status >= 0)
        status = write_known(path.data, keys->slots, n, err);
    if (status >= 0)
        status = mci_known_keys_open(path.data, &spill->passed, err);
    mci_key_set_release(keys);
    mci_buf_release(&path);
    return status;
}

mc_status mci_spill_add(mci_spill *spill, mci_batch *batch, mc_error *err)
{
    for (size_t at = 0; at < batch->extra.len; at += sizeof(mci_hash128)) {
        mci_hash128 key;
        memcpy(&key, batch->extra.data + at, sizeof key);
        MC_TRY(mci_pair_key_add(spill->keys, key, err));
    }
    MC_TRY(mci_format_batch(batch, err));
    spill->n_pairs += batch->n.pairs_kept;
    batch->n.pairs_kept = batch->n.records_kept = 0; /* that is not known yet */
    return mci_output_write(spill->pairs, mci_buf_str(&batch->out), err);
}

/* ---- finding ---- */

static mc_status end_files(mci_spill *spill, mc_error *err)
{
    mci_key_writer *keys = spill->keys;
    mci_output *pairs = spill->pairs;
    spill->keys = NULL;
    spill->pairs = NULL;
    mc_status status = mci_key_writer_end(keys, MC_OK, err);
    return mci_output_end(pairs, status, err);
}

static mc_status the_key_file(void *user, size_t file, mci_buf *path, mc_error *err)
{
    (void)file;
    return file_in(user, "keys", path, err);
}

typedef struct {
    mci_spill *spill;
    mci_duplicate_search search;
    bool keeps_keys;
} finding;

static mc_status find_part(void *user, size_t part, unsigned worker, mc_error *err)
{
    (void)worker;
    const finding *f = user;
    mci_output *drops = NULL, *keys = NULL;
    mci_buf path = { 0 };
    uint64_t n_keys = 0;
    mc_status status = part_in(f->spill, "drops", part, &path, err);
    if (status >= 0)
        status = mci_output_open(path.data, MCI_PLAIN, &drops, err);
    if (status >= 0 && f->keeps_keys)
        status = part_in(f->spill, "kept", part, &path, err);
    if (status >= 0 && f->keeps_keys)
        status = mci_output_open(path.data, MCI_PLAIN, &keys, err);
    if (status >= 0)
        status = mci_duplicates_find(&f->search, mci_key_range_of(part, f->spill->n_parts), drops,
                                     keys, &n_keys, err);
    mci_buf_release(&path);
    status = mci_output_end(keys, status, err);
    return mci_output_end(drops, status, err);
}

static mc_status mark_part(mci_spill *spill, uint64_t part, mci_buf *path, mc_error *err)
{
    mci_mapped map;
    unsigned char *marks = (unsigned char *)spill->marks.data;
    MC_TRY(part_in(spill, "drops", part, path, err));
    MC_TRY(mci_map_file(path->data, &map, err));
    const mci_drop *drops = map.data;
    for (size_t i = 0; i < map.n_bytes / sizeof *drops; i++)
        mci_mark_drop(marks, drops[i].position);
    mci_unmap_file(&map);
    return MC_OK;
}

static mc_status mark_all(mci_spill *spill, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = file_in(spill, "marks", &path, err);
    if (status >= 0)
        status = mci_map_new_file(path.data, mci_mark_bytes(spill->n_pairs), &spill->marks, err);
    for (uint64_t part = 0; part < spill->n_parts && status >= 0; part++)
        status = mark_part(spill, part, &path, err);
    mci_buf_release(&path);
    spill->dropping = (mci_drop_marks){ spill->marks.data, spill->marks.n_bytes, 0 };
    return status;
}

mc_status mci_spill_find(mci_spill *spill, const mci_spill_search *search, mc_error *err)
{
    finding f = { .spill = spill, .keeps_keys = search->keeps_keys };
    bool has_passed = spill->passed.map.data != NULL;
    uint64_t a_pair = MCI_DUPLICATE_BYTES;
    f.search = (mci_duplicate_search){ 1, the_key_file, spill, search->earlier,
                                       has_passed ? &spill->passed : NULL };
    if (search->earlier || search->keeps_keys || has_passed)
        a_pair = MCI_DUPLICATE_BYTES_KNOWN;
    spill->n_parts = spill->n_pairs / (search->memory / search->n_threads / a_pair + 1) + 1;
    MC_TRY(end_files(spill, err));
    MC_TRY(mci_run_tasks(search->n_threads, (size_t)spill->n_parts, find_part, &f, err));
    return mark_all(spill, err);
}

/* ---- what goes out ---- */

typedef struct {
    mci_spill *spill;
    mc_status (*drain)(void *user, mci_batch *batch, mc_error *err);
    void *user;
} draining;

static mc_status drop_and_drain(void *user, mci_batch *batch, mc_error *err)
{
    draining *d = user;
    MC_TRY(mci_drop_batch(&d->spill->dropping, batch, err));
    return d->drain(d->user, batch, err);
}

mc_status mci_spill_drain(mci_spill *spill, const mc_pool *pool,
                          mc_status (*drain)(void *user, mci_batch *batch, mc_error *err),
                          void *user, mc_summary *summary, mc_error *err)
{
    mc_pool own = *pool;
    mc_summary again = { 0 };
    mci_shards shards = { 0 };
    mci_buf path = { 0 };
    draining d = { spill, drain, user };
    mci_flow_steps steps = { .drain = drop_and_drain, .user = &d };
    mc_status status = file_in(spill, pairs_name, &path, err);
    const char *input = path.data;
    own.max_item_bytes = mci_max_own_bytes(pool);
    own.keep_page_url = own.keep_source = false;
    if (status >= 0)
        status = mci_shards_list(&input, 1, MCI_AS_GIVEN, false, &shards, err);
    if (status >= 0)
        status = mci_flow_run(&own, &shards, "write", &steps, &again, err);
    if (status >= 0 && again.n.items_skipped > 0)
        status = mc_fail(err, MC_E_IO, "%s: it was whole once", again.problems[0]);
    mci_counters_add_drops(&summary->n, &again.n); /* what was read is counted already */
    summary->n.pairs_kept += again.n.pairs_kept;
    summary->n.records_kept += again.n.records_kept;
    mci_shards_release(&shards);
    mci_buf_release(&path);
    return status;
}

/* ---- keys for later runs ---- */

static mc_status copy_kept(const mci_spill *spill, mci_output *file, mci_sha256 *sha,
                           uint64_t *n_keys, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = MC_OK;
    for (uint64_t part = 0; part < spill->n_parts && status >= 0; part++) {
        status = part_in(spill, "kept", part, &path, err);
        if (status >= 0)
            status = mci_known_keys_append(file, path.data, sha, n_keys, err);
    }
    mci_buf_release(&path);
    return status;
}

static mc_status write_kept(const mci_spill *spill, mci_output *file, mc_str origin, mc_error *err)
{
    mci_sha256 *sha = NULL;
    char made_from[MC_SHA256_DIGITS + 1];
    uint64_t n_keys = 0;
    MC_TRY(mci_sha256_new(&sha, err));
    mc_status status = copy_kept(spill, file, sha, &n_keys, err);
    if (status >= 0)
        status = mci_sha256_end(sha, made_from, err);
    mci_sha256_free(sha);
    return status < 0 ? status : mci_known_keys_end(file, n_keys, made_from, origin, err);
}

mc_status mci_spill_save_keys(const mci_spill *spill, const char *path, mc_str origin,
                              mc_error *err)
{
    mci_output *file = NULL;
    MC_TRY(mci_output_open(path, MCI_PLAIN, &file, err));
    return mci_output_end(file, write_kept(spill, file, origin, err), err);
}
