/* The kept samples of webdataset tars, a tar for each.
 *
 *     curated pairs -> uuids --------------+
 *     tar -> samples -> records -> uuid is one of them? -> the sample's bytes -> DIR/NAME.tar
 *
 * Of a run folder, a tar's uuids are those of the curated file that has the tar's shard name; of
 * files of pairs, those of all. */
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "curate/key_set.h"
#include "curate/stages.h"
#include "io/output.h"
#include "io/tar_copy.h"
#include "run/export_internal.h"
#include "run/verify_list.h"

static const char hide[] = "kept samples could be missing, so mend or remove it first";
static const uint64_t default_max_item_bytes = 64 << 20;

typedef struct {
    mci_export_folder folder; /* of --curated, if that is one */
    bool has_folder;
    mci_key_set all; /* else: the uuids of its files */
    mci_shards tars; /* by name */
    mci_buf *names;  /* of their outputs, without the folder */
    uint64_t max_item_bytes;
} tar_job;

/* One tar in work. */
typedef struct {
    const char *path;
    const mci_shard *shard;
    const mci_key_set *kept;
    mci_export_pass *pass;
    unsigned worker;
    mc_export *done;
    mci_stream *reading, *copying; /* the same bytes twice */
    mci_rows rows;
    mci_tar_copy *copy;
    mci_output *file;
    mci_record_parser *parser;
    mci_arena arena;
    mci_record_list list;
    mci_buf line;
    mci_problems problems;
    uint64_t position; /* of the next row */
} tar_work;

/* ---- which uuids are kept ---- */

static mc_status kept_drain(void *user, mci_batch *batch, mc_error *err)
{
    bool is_new;
    for (size_t i = 0; i < batch->list.n; i++)
        MC_TRY(mci_key_set_add(user, mci_uuid_key(batch->list.records[i].uuid), &is_new, err));
    return MC_OK;
}

static mc_status load_kept(const mc_pool *pool, const mci_shards *shards, mci_key_set *out,
                           mc_error *err)
{
    mc_summary *summary = mci_alloc_zeroed(1, sizeof *summary);
    mci_flow_steps steps = { .drain = kept_drain, .user = out };
    if (!summary)
        return mci_nomem(err, sizeof *summary);
    mc_status status = mci_flow_run(pool, shards, "uuids", &steps, summary, err);
    if (status >= 0)
        status = mci_export_want_whole(summary, hide, err);
    mci_free(summary);
    return status;
}

/* Those of one curated file. The progress is of the tars, so this tells none. */
static mc_status load_shard(mci_export_pass *pass, const char *path, uint64_t max_item_bytes,
                            mci_key_set *out, mc_error *err)
{
    mci_export_slot slot = { .pass = pass, .path = path };
    mc_pool pool = mci_export_pool_of(&slot);
    mci_shards one;
    pool.hooks = (mc_hooks){ 0 };
    pool.max_item_bytes = max_item_bytes;
    MC_TRY(mci_shards_list(pool.inputs, 1, MCI_AS_GIVEN, false, &one, err));
    mc_status status = load_kept(&pool, &one, out, err);
    mci_shards_release(&one);
    return status;
}

/* ---- a tar ---- */

static mc_status to_file(void *user, mc_str bytes, mc_error *err)
{
    return mci_output_write(user, bytes, err);
}

/* The first of them ends a strict job. */
static mc_status note(tar_work *work, const mc_error *what, mc_error *err)
{
    mci_problems_note(&work->problems, what, work->path);
    if (!work->pass->job->pool.strict)
        return MC_OK;
    return mc_fail(err, MC_E_FORMAT, "%s (and --strict was asked for)", what->text);
}

static mc_status note_item(tar_work *work, const mc_error *what, mc_error *err)
{
    work->done->summary.n.items_read++;
    work->done->summary.n.items_skipped++;
    return note(work, what, err);
}

/* As source.c does: an empty file holds nothing, and so does a tar without its beginning. */
static mc_status open_rows(tar_work *work, uint64_t max, mc_error *err)
{
    mc_str start;
    mc_error what = { 0 };
    mc_status status = mci_stream_peek(work->reading, 512, &start, &what);
    if (status == MC_SKIPPED)
        return note_item(work, &what, err);
    if (status < 0 && err)
        *err = what;
    if (status != MC_OK)
        return status < 0 ? status : MC_OK;
    if (mci_form_of(work->path, start) != MCI_FORM_TAR)
        return mc_fail(err, MC_E_FORMAT, "this is no tar");
    return mci_tar_rows_open(work->reading, max, &work->rows, err);
}

static mc_status open_work(tar_work *work, const char *out_path, uint64_t max, mc_error *err)
{
    MC_TRY(mci_stream_open(work->path, &work->reading, err));
    MC_TRY(open_rows(work, max, err));
    MC_TRY(mci_stream_open(work->path, &work->copying, err));
    MC_TRY(
        mci_record_parser_new(&(mci_record_options){ .max_body_bytes = max }, &work->parser, err));
    MC_TRY(mci_output_open(out_path, MCI_PLAIN, &work->file, err));
    return mci_tar_copy_open(work->copying, to_file, work->file, &work->copy, err);
}

static void close_work(tar_work *work)
{
    mci_tar_copy_close(work->copy);
    mci_output_abort(work->file);
    mci_record_parser_free(work->parser);
    if (work->rows.close)
        work->rows.close(work->rows.self);
    mci_stream_close(work->copying);
    mci_stream_close(work->reading);
    mci_arena_release(&work->arena);
    mci_free(work->list.records);
    mci_buf_release(&work->line);
}

static mc_status copy_sample(tar_work *work, uint64_t offset, mc_error *err)
{
    mci_tar_sample sample;
    mc_error what = { 0 };
    mc_export_counters *n = &work->done->n;
    mci_tar_rows_sample(&work->rows, &sample);
    mc_status status = mci_tar_copy_sample(work->copy, &sample, &what);
    n->samples_copied += status == MC_OK;
    n->samples_damaged += status == MC_SKIPPED;
    if (status == MC_SKIPPED) {
        mc_add_context(&what, status, "sample %.*s at byte %" PRIu64 " is not copied",
                       (int)(sample.key.len < 100 ? sample.key.len : 100), sample.key.data, offset);
        return note(work, &what, err);
    }
    if (status < 0 && err)
        *err = what;
    return status;
}

/* Whether the row's record is kept. The record is what a flow would make of the row. */
static mc_status look_at_row(tar_work *work, uint64_t offset, bool *is_kept, mc_error *what)
{
    mci_item item = { .kind = MCI_ITEM_PAIRS, .offset = offset, .bytes = mci_buf_str(&work->line) };
    mc_counters *n = &work->done->summary.n;
    mci_arena_reset(&work->arena);
    work->list.n = 0;
    *is_kept = false;
    mc_status status = mci_parse_item(work->parser, &item, work->shard, work->position++,
                                      &work->arena, &work->list, n, what);
    if (status != MC_OK || work->list.n == 0)
        return status;
    const mc_record *record = &work->list.records[0];
    n->records_kept++;
    n->pairs_kept += record->n_texts;
    *is_kept = mci_key_set_has(work->kept, mci_uuid_key(record->uuid));
    return MC_OK;
}

static mc_status take_row(tar_work *work, uint64_t offset, mc_error *err)
{
    mc_error what = { 0 };
    bool is_kept;
    mc_export_counters *n = &work->done->n;
    n->samples_read++;
    mc_status status = look_at_row(work, offset, &is_kept, &what);
    if (status < 0 && err)
        *err = what;
    if (status == MC_SKIPPED) {
        n->samples_damaged++;
        mc_add_context(&what, status, "at byte %" PRIu64, offset);
        return note(work, &what, err);
    }
    if (status == MC_OK && is_kept)
        return copy_sample(work, offset, err);
    n->samples_not_curated += status == MC_OK;
    return status;
}

static mc_status take_rows(tar_work *work, mc_error *err)
{
    mc_status status = work->rows.next ? MC_OK : MC_END;
    while (status == MC_OK || status == MC_SKIPPED) {
        mc_error what = { 0 };
        uint64_t offset = 0;
        status = work->rows.next(work->rows.self, &work->line, &offset, &what);
        if (status == MC_OK) {
            MC_TRY(take_row(work, offset, err));
        } else if (status == MC_SKIPPED) {
            MC_TRY(note_item(work, &what, err));
        } else if (status < 0 && err) {
            *err = what;
        }
        if (work->position % 1024 == 0)
            mci_export_progress(work->pass, work->worker, mci_stream_bytes_read(work->reading));
    }
    return status < 0 ? status : MC_OK;
}

static mc_status finish_work(tar_work *work, mc_error *err)
{
    mc_export *done = work->done;
    mci_output *file = work->file;
    MC_TRY(mci_tar_copy_end(work->copy, err));
    work->file = NULL;
    MC_TRY(mci_output_commit(file, err));
    done->n.files_written = 1;
    done->n.bytes_written = mci_tar_copy_bytes(work->copy);
    done->n.members_left_out = work->rows.self ? mci_tar_rows_n_others(&work->rows) : 0;
    done->summary.n.shards = 1;
    done->summary.n.shards_damaged = work->problems.n > 0;
    done->summary.n.bytes_read = mci_stream_bytes_read(work->reading);
    mci_export_progress(work->pass, work->worker, mci_stream_bytes_read(work->reading));
    return MC_OK;
}

static mc_status run_work(tar_work *work, const char *out_path, uint64_t max, mc_error *err)
{
    mc_status status = open_work(work, out_path, max, err);
    if (status >= 0)
        status = take_rows(work, err);
    if (status >= 0)
        status = finish_work(work, err);
    mci_problems_report(&work->problems, &work->done->summary);
    close_work(work);
    return status < 0 ? mc_add_context(err, status, "%s", work->path) : MC_OK;
}

static mc_status export_tar(mci_export_pass *pass, size_t i, unsigned worker, mc_export *done,
                            mc_error *err)
{
    const tar_job *job = pass->user;
    const mci_shard *tar = &job->tars.shards[i];
    mci_key_set own = { 0 };
    mci_buf path = { 0 };
    tar_work *work = mci_alloc_zeroed(1, sizeof *work);
    if (!work)
        return mci_nomem(err, sizeof *work);
    *work = (tar_work){ .path = tar->path, .shard = tar, .pass = pass, .worker = worker };
    work->done = done;
    work->kept = job->has_folder ? &own : &job->all;
    mc_status status =
        mci_export_path(pass->job->out_path, mci_buf_str(&job->names[i]), "", &path, err);
    if (status >= 0 && job->has_folder)
        status = load_shard(pass, mci_export_folder_find(&job->folder, tar->name)->curated,
                            job->max_item_bytes, &own, err);
    if (status >= 0)
        status = run_work(work, path.data, job->max_item_bytes, err);
    mci_key_set_release(&own);
    mci_buf_release(&path);
    mci_free(work);
    return status;
}

/* ---- before the work ---- */

static mc_status open_folder(const mc_export_job *job, tar_job *out, mc_error *err)
{
    for (size_t i = 0; i < job->n_curated_inputs; i++)
        out->has_folder |= mci_is_folder(job->curated_inputs[i]);
    if (!out->has_folder)
        return MC_OK;
    if (job->n_curated_inputs > 1)
        return mc_fail(err, MC_E_ARG,
                       "--curated takes one run folder, or files of pairs; not several of both");
    MC_TRY(mci_export_folder_open(job->curated_inputs[0], MCI_EXPORT_CURATED, &out->folder, err));
    if (out->max_item_bytes == 0)
        out->max_item_bytes = out->folder.max_item_bytes;
    return MC_OK;
}

static mc_status load_files(const mc_export_job *job, tar_job *out, mc_error *err)
{
    mci_export_reading reading;
    MC_TRY(mci_export_reading_open(&job->pool, job->curated_inputs, job->n_curated_inputs,
                                   MCI_EXPORT_CURATED, &reading, err));
    reading.pool.strict = false;
    mc_status status = load_kept(&reading.pool, &reading.shards, &out->all, err);
    mci_export_reading_close(&reading);
    return status;
}

/* Two passes want a file. */
static mc_status check_tar(const tar_job *job, const mci_shard *tar, mc_error *err)
{
    struct stat info;
    if (strcmp(tar->path, "-") == 0 || (stat(tar->path, &info) == 0 && !S_ISREG(info.st_mode)))
        return mc_fail(err, MC_E_ARG, "%s: a tar is read twice, so it must be a file",
                       strcmp(tar->path, "-") == 0 ? "standard input" : tar->path);
    if (job->has_folder && !mci_export_folder_find(&job->folder, tar->name))
        return mc_fail(err, MC_E_ARG,
                       "%s: the run folder %s has no shard %.*s, so it was not made from this tar",
                       tar->path, job->folder.dir, (int)(tar->name.len < 200 ? tar->name.len : 200),
                       tar->name.data);
    return MC_OK;
}

static bool drop_suffix(mc_str *name, const char *suffix)
{
    size_t n = strlen(suffix);
    if (name->len <= n || strncasecmp(name->data + name->len - n, suffix, n) != 0)
        return false;
    name->len -= n;
    return true;
}

/* The tar's base name (or path, where that is what names shards), as a plain tar is called. */
static mc_status name_output(const mci_shard *tar, bool from_paths, mci_buf *out, mc_error *err)
{
    mc_str name = mc_str_of(tar->path);
    const char *slash = from_paths ? NULL : strrchr(tar->path, '/');
    if (slash)
        name = mc_str_of(slash + 1);
    if (!drop_suffix(&name, ".gz") && !drop_suffix(&name, ".zst"))
        drop_suffix(&name, ".bz2");
    if (!drop_suffix(&name, ".tar"))
        drop_suffix(&name, ".tgz");
    MC_TRY(mci_buf_printf(out, err, "%.*s.tar", (int)name.len, name.data));
    for (size_t i = 0; i < out->len; i++)
        if (out->data[i] == '/')
            out->data[i] = '_';
    return MC_OK;
}

/* Outputs have the order of their shards nearly, but not quite: any two may be equal. */
static mc_status check_outputs(const mc_export_job *job, const tar_job *state, mc_error *err)
{
    mci_export_guard guard = { 0 };
    mci_key_set outputs = { 0 };
    mci_buf path = { 0 };
    mc_status status = MC_OK;
    for (size_t i = 0; i < state->tars.n && status >= 0; i++)
        status = mci_export_guard_add(&guard, state->tars.shards[i].path, err);
    for (size_t i = 0; i < job->n_curated_inputs && status >= 0; i++)
        status = mci_export_guard_add(&guard, job->curated_inputs[i], err);
    mci_export_guard_ready(&guard);
    for (size_t i = 0; i < state->tars.n && status >= 0; i++) {
        mc_str name = mci_buf_str(&state->names[i]);
        bool is_new = true;
        status = mci_key_set_add(&outputs, mci_uuid_key(name), &is_new, err);
        if (status >= 0 && !is_new)
            status = mc_fail(err, MC_E_ARG, "%s: another tar would be written to %.*s too",
                             state->tars.shards[i].path, (int)name.len, name.data);
        if (status >= 0)
            status = mci_export_path(job->out_path, name, "", &path, err);
        if (status >= 0)
            status = mci_export_guard_check(&guard, path.data, err);
    }
    mci_export_guard_release(&guard);
    mci_key_set_release(&outputs);
    mci_buf_release(&path);
    return status;
}

static mc_status prepare(const mc_export_job *job, tar_job *state, mc_error *err)
{
    const mc_pool *pool = &job->pool;
    state->max_item_bytes = pool->max_item_bytes;
    MC_TRY(open_folder(job, state, err));
    if (state->max_item_bytes == 0)
        state->max_item_bytes = default_max_item_bytes;
    bool from_paths = state->has_folder ? state->folder.names_from_paths : job->names_from_paths;
    MC_TRY(
        mci_shards_list(pool->inputs, pool->n_inputs, MCI_BY_NAME, from_paths, &state->tars, err));
    state->names = mci_alloc_zeroed(state->tars.n, sizeof *state->names);
    if (!state->names)
        return mci_nomem(err, state->tars.n * sizeof *state->names);
    for (size_t i = 0; i < state->tars.n; i++) {
        MC_TRY(check_tar(state, &state->tars.shards[i], err));
        MC_TRY(name_output(&state->tars.shards[i], from_paths, &state->names[i], err));
    }
    MC_TRY(mci_export_make_dir(job->out_path, err));
    MC_TRY(check_outputs(job, state, err));
    return state->has_folder ? MC_OK : load_files(job, state, err);
}

static void release(tar_job *state)
{
    for (size_t i = 0; state->names && i < state->tars.n; i++)
        mci_buf_release(&state->names[i]);
    mci_free(state->names);
    mci_export_folder_release(&state->folder);
    mci_key_set_release(&state->all);
    mci_shards_release(&state->tars);
}

mc_status mci_export_tar(const mc_export_job *job, mc_export *out, mc_error *err)
{
    tar_job state = { 0 };
    if (job->n_curated_inputs == 0)
        return mc_fail(err, MC_E_ARG,
                       "nothing says which samples are kept; give a run folder, or files of "
                       "curated pairs, with --curated");
    mc_status status = prepare(job, &state, err);
    mci_export_pass pass = { .job = job, .phase = "copy", .run = export_tar, .user = &state };
    pass.n_shards = state.tars.n;
    pass.n_bytes = state.tars.n_bytes;
    if (status >= 0)
        status = mci_export_each(&pass, out, err);
    release(&state);
    return status;
}
