#include "curate/one_text.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/threads.h"
#include "curate/stages.h"
#include "curate/temp_folder.h"

/* Of the tables, and again of the lists. */
static const uint64_t memory = UINT64_C(1) << 30;

struct mci_one_text {
    mci_one_text_job job;
    mci_temp_folder folder;
    mci_key_writer *keys; /* of the shard that goes by */
    uint64_t n_keys;
    size_t n_parts;
    mci_choice_lists lists;
};

/* The lists never leave the folder, so they need not say what they are. */
static const char made_from[] = "0000000000000000000000000000000000000000000000000000000000000000";
_Static_assert(sizeof made_from == MC_SHA256_DIGITS + 1, "a SHA-256");

/* ---- files ---- */

static mc_status file_in(const mci_one_text *one, const char *kind, size_t number, mci_buf *path,
                         mc_error *err)
{
    mci_buf_clear(path);
    return mci_buf_printf(path, err, "%s/%s-%zu", one->folder.path.data, kind, number);
}

static mc_status keys_path(void *user, size_t file, mci_buf *path, mc_error *err)
{
    return file_in(user, "keys", file, path, err);
}

static mc_status part_path(void *user, size_t part, mci_buf *path, mc_error *err)
{
    return file_in(user, "part", part, path, err);
}

static mc_status list_path(void *user, size_t file, mci_buf *path, mc_error *err)
{
    return file_in(user, "list", file, path, err);
}

/* ---- keys ---- */

static mc_status has_good_ids(void *user, mci_batch *batch, const mc_record *record, mc_text *text,
                              bool *keeps, mc_error *err)
{
    (void)batch, (void)record, (void)err;
    const mci_one_text *one = user;
    size_t n = text->n_entries;
    *keeps = text->is_matched && (n == 0 || text->entries[n - 1] < one->job.n_entries);
    return MC_OK;
}

static mc_status key_work(void *user, mci_batch *batch, unsigned worker, mc_error *err)
{
    (void)worker;
    const mci_one_text *one = user;
    uint64_t n_emptied = 0;
    MC_TRY(mci_filter_batch(has_good_ids, user, batch, &n_emptied, err));
    return mci_image_key_batch(batch, one->job.seed, err);
}

static mc_status open_keys(mci_one_text *one, size_t shard, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = keys_path(one, shard, &path, err);
    if (status >= 0)
        status = mci_key_writer_open(path.data, sizeof(mci_image_key), &one->keys, err);
    mci_buf_release(&path);
    return status;
}

static mc_status end_keys(mci_one_text *one, mc_status status, mc_error *err)
{
    mci_key_writer *keys = one->keys;
    one->keys = NULL;
    return mci_key_writer_end(keys, status, err);
}

static mc_status key_drain(void *user, mci_batch *batch, mc_error *err)
{
    mci_one_text *one = user;
    if (batch->starts_shard)
        MC_TRY(open_keys(one, batch->shard, err));
    one->n_keys += batch->extra.len / sizeof(mci_image_key);
    MC_TRY(mci_key_writer_add(one->keys, mci_buf_str(&batch->extra), err));
    return batch->ends_shard ? end_keys(one, MC_OK, err) : MC_OK;
}

static mc_status write_keys(mci_one_text *one, mc_error *err)
{
    mc_summary summary = { 0 }; /* the drawing tells what was read */
    mci_flow_steps steps = { .work = key_work, .drain = key_drain, .user = one, .places = true };
    mc_status status =
        mci_flow_run(one->job.pool, one->job.shards, "choose", &steps, &summary, err);
    return end_keys(one, status, err);
}

/* ---- parts and lists ---- */

static mc_status find_part(void *user, size_t part, unsigned worker, mc_error *err)
{
    (void)worker;
    mci_one_text *one = user;
    mci_output *output = NULL;
    mci_buf path = { 0 };
    mci_choice_search search = { one->job.shards->n, keys_path, one };
    mc_status status = part_path(one, part, &path, err);
    if (status >= 0)
        status = mci_output_open(path.data, MCI_PLAIN, &output, err);
    mci_buf_release(&path);
    if (status >= 0)
        status = mci_choices_find(&search, mci_key_range_of(part, one->n_parts), output, err);
    return mci_output_end(output, status, err);
}

static mc_status make(mci_one_text *one, mc_error *err)
{
    unsigned n_threads = mci_flow_workers(one->job.pool);
    MC_TRY(mci_temp_folder_open(one->job.out_path, one->job.temp_dir, &one->folder, err));
    MC_TRY(write_keys(one, err));
    one->n_parts = (size_t)(one->n_keys / (memory / n_threads / MCI_CHOICE_BYTES + 1) + 1);
    MC_TRY(mci_run_tasks(n_threads, one->n_parts, find_part, one, err));
    mci_choice_parts parts = { one->n_parts, part_path, list_path, one, made_from, memory };
    return mci_choices_list(&parts, 0, one->job.shards->n, err);
}

mc_status mci_one_text_make(const mci_one_text_job *job, mci_one_text **out, mc_error *err)
{
    mci_one_text *one = mci_alloc_zeroed(1, sizeof *one);
    if (!one)
        return mci_nomem(err, sizeof *one);
    one->job = *job;
    one->lists = (mci_choice_lists){ list_path, one, made_from };
    mc_status status = make(one, err);
    if (status < 0)
        mci_one_text_free(one);
    else
        *out = one;
    return status;
}

void mci_one_text_free(mci_one_text *one)
{
    if (!one)
        return;
    mci_temp_folder_close(&one->folder);
    mci_free(one);
}

const mci_choice_lists *mci_one_text_lists(const mci_one_text *one)
{
    return &one->lists;
}
