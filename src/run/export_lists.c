/* All pairs of the inputs, one way or another, in one file: uuids, datacomp, pairs. */
#include <inttypes.h>
#include <stdio.h>

#include "curate/job_files.h"
#include "curate/job_output.h"
#include "curate/stages.h"
#include "io/id_sort.h"
#include "io/npy_out.h"
#include "run/export_internal.h"

/* Opens the curated pairs, after a look whether this can all be read and written. */
static mc_status open_reading(const mc_export_job *job, mci_export_reading *out, mc_error *err)
{
    const mc_pool *pool = &job->pool;
    MC_TRY(
        mci_export_reading_open(pool, pool->inputs, pool->n_inputs, MCI_EXPORT_CURATED, out, err));
    mci_job_files files = { { { out->pool.inputs, out->pool.n_inputs } }, { &job->out_path, 1 } };
    mc_status status = mci_job_files_check(&files, err);
    if (status < 0)
        mci_export_reading_close(out);
    return status;
}

static void keep_all(mci_batch *batch)
{
    for (size_t i = 0; i < batch->list.n; i++)
        batch->n.pairs_kept += batch->list.records[i].n_texts;
    batch->n.records_kept += batch->list.n;
}

/* ---- uuids ---- */

typedef struct {
    mci_output *file;
    mc_export_counters *n;
    mci_buf last; /* uuid */
    bool has_last;
} uuid_list;

static mc_status list_work(void *user, mci_batch *batch, unsigned worker, mc_error *err)
{
    (void)user;
    (void)worker;
    (void)err;
    keep_all(batch);
    return MC_OK;
}

/* Such a uuid would be two lines, or none; nobody makes one but by mistake. */
static mc_status check_uuid(mc_str uuid, mc_error *err)
{
    for (size_t i = 0; i < uuid.len; i++)
        if ((unsigned char)uuid.data[i] < 0x20)
            return mc_fail(err, MC_E_FORMAT,
                           "record %.*s: a uuid with a control character cannot stand in a list of "
                           "lines; export pairs instead",
                           (int)(uuid.len < 100 ? uuid.len : 100), uuid.data);
    return MC_OK;
}

static mc_status list_drain(void *user, mci_batch *batch, mc_error *err)
{
    uuid_list *list = user;
    for (size_t i = 0; i < batch->list.n; i++) {
        mc_str uuid = batch->list.records[i].uuid;
        list->n->uuids_read++;
        if (list->has_last && mc_str_equal(uuid, mci_buf_str(&list->last))) {
            list->n->uuids_repeated++;
            continue;
        }
        MC_TRY(check_uuid(uuid, err));
        MC_TRY(mci_buf_add(&batch->out, uuid, err));
        MC_TRY(mci_buf_byte(&batch->out, '\n', err));
        list->n->uuids_written++;
        mci_buf_clear(&list->last);
        MC_TRY(mci_buf_add(&list->last, uuid, err));
        list->has_last = true;
    }
    return mci_output_write(list->file, mci_buf_str(&batch->out), err);
}

mc_status mci_export_uuids(const mc_export_job *job, mc_export *out, mc_error *err)
{
    mci_export_reading reading;
    uuid_list list = { .n = &out->n };
    mci_flow_steps steps = { .work = list_work, .drain = list_drain, .user = &list };
    MC_TRY(open_reading(job, &reading, err));
    mc_status status = mci_output_open(job->out_path, mci_codec_of(job->out_path), &list.file, err);
    if (status >= 0) {
        status = mci_flow_run(&reading.pool, &reading.shards, "uuids", &steps, &out->summary, err);
        if (status >= 0)
            status = mci_output_commit(list.file, err);
        else
            mci_output_abort(list.file);
    }
    out->n.files_written += status >= 0;
    mci_buf_release(&list.last);
    mci_export_reading_close(&reading);
    return status;
}

/* ---- datacomp ---- */

enum { UID_DIGITS = 32, URL_UUID_DIGITS = 24 };

typedef struct {
    const mci_export_reading *reading;
    mci_id_sort *ids;
    mci_npy_out *file;
    mc_export_counters *n;
    uint64_t n_of_urls; /* of the others: 24 hex digits */
    char first_other[104];
} uid_set;

static bool read_digits(mc_str digits, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.data[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 16;
        if (digit == 16)
            return false;
        *out = *out << 4 | digit;
    }
    return true;
}

/* Whether the uuid is n hex digits; the first half of 32 goes to high, the other to low. */
static bool is_hex(mc_str uuid, size_t n, mci_id *id)
{
    return uuid.len == n && read_digits((mc_str){ uuid.data, n / 2 }, &id->high) &&
           read_digits((mc_str){ uuid.data + n / 2, n - n / 2 }, &id->low);
}

static void note_other(const uid_set *set, mci_batch *batch, mc_str uuid)
{
    mc_error what = { 0 };
    mc_fail(&what, MC_SKIPPED, "record %.*s: its uuid is not 32 hex digits",
            (int)(uuid.len < 100 ? uuid.len : 100), uuid.data);
    mci_problems_note(&batch->problems, &what, set->reading->shards.shards[batch->shard].path);
}

/* Ids go to batch->extra; of the others, a byte each to batch->out: whether it may be a url's. */
static mc_status uid_work(void *user, mci_batch *batch, unsigned worker, mc_error *err)
{
    const uid_set *set = user;
    (void)worker;
    keep_all(batch);
    for (size_t i = 0; i < batch->list.n; i++) {
        mc_str uuid = batch->list.records[i].uuid;
        mci_id id;
        if (is_hex(uuid, UID_DIGITS, &id)) {
            MC_TRY(mci_buf_append(&batch->extra, &id, sizeof id, err));
            continue;
        }
        note_other(set, batch, uuid);
        MC_TRY(mci_buf_byte(&batch->out, is_hex(uuid, URL_UUID_DIGITS, &id), err));
    }
    return MC_OK;
}

static void remember_first(uid_set *set, const mci_batch *batch)
{
    mci_id id;
    for (size_t i = 0; i < batch->list.n && !set->first_other[0]; i++) {
        mc_str uuid = batch->list.records[i].uuid;
        if (!is_hex(uuid, UID_DIGITS, &id))
            snprintf(set->first_other, sizeof set->first_other, "%.*s",
                     (int)(uuid.len < 100 ? uuid.len : 100), uuid.data);
    }
}

static mc_status uid_drain(void *user, mci_batch *batch, mc_error *err)
{
    uid_set *set = user;
    if (batch->out.len > 0)
        remember_first(set, batch);
    set->n->uuids_read += batch->list.n;
    set->n->uuids_others += batch->out.len;
    for (size_t i = 0; i < batch->out.len; i++)
        set->n_of_urls += batch->out.data[i] != 0;
    for (size_t at = 0; at + sizeof(mci_id) <= batch->extra.len; at += sizeof(mci_id)) {
        mci_id id;
        memcpy(&id, batch->extra.data + at, sizeof id);
        MC_TRY(mci_id_sort_add(set->ids, id, err));
    }
    return MC_OK;
}

static mc_status refuse_others(const uid_set *set, mc_error *err)
{
    const char *kind = set->n_of_urls == set->n->uuids_others
                           ? "24 digits, which are made of urls: these pairs do not come with "
                             "DataComp's uid"
                           : "of another kind than DataComp's uid";
    return mc_fail(err, MC_E_FORMAT,
                   "%" PRIu64 " of %" PRIu64 " uuids, %s the first, are not 32 hex digits but %s. "
                   "Curate DataComp's own files, whose column uid is kept; or leave these records "
                   "out with --skip-others",
                   set->n->uuids_others, set->n->uuids_read, set->first_other, kind);
}

static mc_status write_ids(uid_set *set, mc_error *err)
{
    mci_id id;
    mc_status status;
    MC_TRY(mci_id_sort_end(set->ids, err));
    while ((status = mci_id_sort_next(set->ids, &id, err)) == MC_OK)
        MC_TRY(mci_npy_out_add(set->file, &id, 1, err));
    MC_TRY(status);
    set->n->uuids_written = mci_npy_out_rows(set->file);
    set->n->uuids_repeated = set->n->uuids_read - set->n->uuids_others - set->n->uuids_written;
    return MC_OK;
}

static mc_status collect_ids(const mc_export_job *job, uid_set *set, mc_summary *summary,
                             mc_error *err)
{
    mci_flow_steps steps = { .work = uid_work, .drain = uid_drain, .user = set };
    const mci_export_reading *reading = set->reading;
    MC_TRY(mci_npy_out_open(job->out_path, MCI_NPY_ROW_TWO_U64, &set->file, err));
    MC_TRY(mci_id_sort_new(job->out_path, job->sort_memory, &set->ids, err));
    MC_TRY(mci_flow_run(&reading->pool, &reading->shards, "uids", &steps, summary, err));
    if (set->n->uuids_others > 0 && !job->skip_others)
        return refuse_others(set, err);
    return write_ids(set, err);
}

mc_status mci_export_datacomp(const mc_export_job *job, mc_export *out, mc_error *err)
{
    mci_export_reading reading;
    uid_set set = { .reading = &reading, .n = &out->n };
    MC_TRY(open_reading(job, &reading, err));
    mc_status status = collect_ids(job, &set, &out->summary, err);
    if (status >= 0)
        status = mci_npy_out_commit(set.file, err);
    else
        mci_npy_out_abort(set.file);
    out->n.files_written += status >= 0;
    mci_id_sort_free(set.ids);
    mci_export_reading_close(&reading);
    return status;
}

/* ---- pairs ---- */

static mc_status pair_work(void *user, mci_batch *batch, unsigned worker, mc_error *err)
{
    (void)user;
    (void)worker;
    return mci_format_batch(batch, err);
}

static mc_status pair_drain(void *user, mci_batch *batch, mc_error *err)
{
    return mci_job_output_write(user, batch, err);
}

/* Ids of two lists in one file would mean nothing. */
static mc_status find_list(const mci_export_reading *reading, mc_summary *summary, mc_error *err)
{
    const mci_export_inputs *inputs = &reading->inputs;
    mci_export_list list, common = { 0 };
    const char *unknown = NULL, *known = NULL;
    size_t n_unknown = 0;
    for (size_t i = 0; i < inputs->n; i++) {
        MC_TRY(mci_export_list_of(inputs, i, &list, err));
        if (!list.sha256[0]) {
            unknown = n_unknown++ ? unknown : inputs->paths[i];
            continue;
        }
        if (known && strcmp(list.sha256, common.sha256) != 0)
            return mc_fail(err, MC_E_MISMATCH,
                           "%s and %s were matched with different metadata lists, so their ids "
                           "cannot stand in one file; export them one by one",
                           known, inputs->paths[i]);
        known = inputs->paths[i];
        common = list;
    }
    if (known) /* else there may be no ids at all */
        mci_export_warn_unknown(&reading->pool.hooks, unknown, n_unknown);
    if (!known || unknown)
        return MC_OK;
    memcpy(summary->metadata_sha256, common.sha256, sizeof summary->metadata_sha256);
    summary->n_entries = common.n_entries;
    return MC_OK;
}

static mc_status write_pairs(const mc_export_job *job, const mci_export_reading *reading,
                             mc_summary *summary, mc_error *err)
{
    mci_job_output output = { 0 };
    mci_flow_steps steps = { .work = pair_work, .drain = pair_drain, .user = &output };
    MC_TRY(find_list(reading, summary, err));
    MC_TRY(mci_job_output_open(&output, job->out_path, err));
    mc_status status =
        mci_flow_run(&reading->pool, &reading->shards, "pairs", &steps, summary, err);
    const char *kind = summary->metadata_sha256[0] ? "curated pairs" : NULL;
    return mci_job_output_close(&output, status, summary, kind, err);
}

mc_status mci_export_pairs(const mc_export_job *job, mc_export *out, mc_error *err)
{
    mci_export_reading reading;
    MC_TRY(open_reading(job, &reading, err));
    mc_status status = write_pairs(job, &reading, &out->summary, err);
    out->n.files_written += status >= 0;
    out->n.pairs_written = out->summary.n.pairs_kept;
    mci_export_reading_close(&reading);
    return status;
}
