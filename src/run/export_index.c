/* The original's forms, a .npy for each shard: inverted (which entries stand in which text), subset
 * (which texts are kept). Both speak of texts by their position: the pair's place in the shard's
 * matched file, from 0. A position is right only if everything before it could be read, so damage
 * is an error here. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "curate/sidecar.h"
#include "curate/stages.h"
#include "io/npy_out.h"
#include "run/export_internal.h"
#include "run/export_positions.h"

static const char shift[] = "positions behind it would be wrong";

mc_status mci_positions_check(uint64_t first, uint64_t n, mc_error *err)
{
    if (first <= UINT32_MAX && n <= UINT32_MAX - first)
        return MC_OK;
    return mc_fail(err, MC_E_LIMIT,
                   "it holds more than 4,294,967,295 texts, whose positions the form's 32 bits "
                   "cannot tell; curate it in smaller shards");
}

static int compare_texts(const void *a, const void *b)
{
    mc_str x = *(const mc_str *)a, y = *(const mc_str *)b;
    size_t n = x.len < y.len ? x.len : y.len;
    int order = n ? memcmp(x.data, y.data, n) : 0;
    return order ? order : (x.len > y.len) - (x.len < y.len);
}

/* Two shards of one name would have one output. */
static mc_status check_names(const mci_shards *shards, mc_error *err)
{
    mc_str *names = mci_alloc(shards->n * sizeof *names);
    mc_status status = names ? MC_OK : mci_nomem(err, shards->n * sizeof *names);
    for (size_t i = 0; i < shards->n && names; i++)
        names[i] = shards->shards[i].name;
    if (names)
        qsort(names, shards->n, sizeof *names, compare_texts);
    for (size_t i = 1; i < shards->n && status >= 0; i++)
        if (mc_str_equal(names[i - 1], names[i]))
            status = mc_fail(err, MC_E_ARG,
                             "two inputs give the shard name %.*s, which names the output; export "
                             "them into two folders",
                             (int)(names[i].len < 200 ? names[i].len : 200), names[i].data);
    mci_free(names);
    return status;
}

/* ---- inverted ---- */

typedef struct {
    uint32_t entry, position;
} match_row;

typedef struct {
    const mc_export_job *job;
    const mci_export_reading *reading;
    mci_export_list *lists; /* of each input */
    mci_npy_out *file;      /* of the shard that is drained; NULL: none */
    mci_buf path;           /* its */
    uint64_t position;      /* of its next text */
    mc_export_counters *n;
} inverting;

/* Rows with positions counted from the batch's first text, to batch->extra. */
static mc_status invert_work(void *user, mci_batch *batch, unsigned worker, mc_error *err)
{
    const inverting *state = user;
    const mci_export_list *list = &state->lists[batch->shard];
    size_t n_entries = list->sha256[0] ? (size_t)list->n_entries : SIZE_MAX;
    match_row row = { 0 };
    (void)worker;
    for (size_t i = 0; i < batch->list.n; i++) {
        const mc_record *record = &batch->list.records[i];
        for (size_t j = 0; j < record->n_texts; j++, row.position++) {
            const mc_text *text = &record->texts[j];
            MC_TRY(mci_check_ids(record, text, n_entries, err));
            batch->n.matches += text->n_entries;
            for (size_t k = 0; k < text->n_entries; k++) {
                row.entry = text->entries[k];
                MC_TRY(mci_buf_append(&batch->extra, &row, sizeof row, err));
            }
        }
        batch->n.pairs_kept += record->n_texts;
        batch->n.records_kept++;
    }
    return MC_OK;
}

static mc_status begin_index(inverting *state, const mci_batch *batch, mc_error *err)
{
    const mci_shard *shard = &state->reading->shards.shards[batch->shard];
    MC_TRY(mci_export_path(state->job->out_path, shard->name, "_inverted.npy", &state->path, err));
    state->position = 0;
    return mci_npy_out_open(state->path.data, MCI_NPY_ROW_TWO_U32, &state->file, err);
}

static mc_status add_rows(inverting *state, const mci_batch *batch, mc_error *err)
{
    match_row *rows = (match_row *)batch->extra.data;
    size_t n = batch->extra.len / sizeof *rows;
    MC_TRY(mci_positions_check(state->position, batch->n.pairs_kept, err));
    for (size_t i = 0; i < n; i++)
        rows[i].position += (uint32_t)state->position;
    state->position += batch->n.pairs_kept;
    state->n->matches_written += n;
    return n ? mci_npy_out_add(state->file, rows, n, err) : MC_OK;
}

/* The sidecar of an older file goes before the new one appears. */
static mc_status end_index(inverting *state, const mci_batch *batch, mc_error *err)
{
    const mci_export_list *list = &state->lists[batch->shard];
    mci_npy_out *file = state->file;
    MC_TRY(mci_sidecar_remove(state->path.data, err));
    state->file = NULL;
    MC_TRY(mci_npy_out_commit(file, err));
    state->n->files_written++;
    return mci_sidecar_save(state->path.data, "inverted index", list->sha256, list->n_entries, err);
}

static mc_status invert_drain(void *user, mci_batch *batch, mc_error *err)
{
    inverting *state = user;
    if (batch->problems.n > 0)
        return mc_fail(err, MC_E_FORMAT, "%s; %s", batch->problems.first[0].text, shift);
    if (batch->starts_shard)
        MC_TRY(begin_index(state, batch, err));
    mc_status status = add_rows(state, batch, err);
    if (status == MC_E_LIMIT)
        mc_add_context(err, status, "%s", state->reading->shards.shards[batch->shard].path);
    if (status >= 0 && batch->ends_shard)
        status = end_index(state, batch, err);
    return status;
}

static mc_status find_lists(inverting *state, mc_error *err)
{
    const mci_export_inputs *inputs = &state->reading->inputs;
    const char *unknown = NULL;
    size_t n_unknown = 0;
    state->lists = mci_alloc_zeroed(inputs->n, sizeof *state->lists);
    if (!state->lists)
        return mci_nomem(err, inputs->n * sizeof *state->lists);
    for (size_t i = 0; i < inputs->n; i++) {
        MC_TRY(mci_export_list_of(inputs, i, &state->lists[i], err));
        if (state->lists[i].sha256[0])
            continue;
        unknown = n_unknown++ ? unknown : inputs->paths[i];
    }
    mci_export_warn_unknown(&state->reading->pool.hooks, unknown, n_unknown);
    return MC_OK;
}

static mc_status invert(inverting *state, mc_summary *summary, mc_error *err)
{
    const mci_export_reading *reading = state->reading;
    mci_flow_steps steps = { .work = invert_work, .drain = invert_drain, .user = state };
    MC_TRY(check_names(&reading->shards, err));
    MC_TRY(find_lists(state, err));
    MC_TRY(mci_export_make_dir(state->job->out_path, err));
    return mci_flow_run(&reading->pool, &reading->shards, "invert", &steps, summary, err);
}

mc_status mci_export_inverted(const mc_export_job *job, mc_export *out, mc_error *err)
{
    mci_export_reading reading;
    inverting state = { .job = job, .reading = &reading, .n = &out->n };
    MC_TRY(mci_export_reading_open(&job->pool, job->pool.inputs, job->pool.n_inputs,
                                   MCI_EXPORT_MATCHED, &reading, err));
    mc_status status = invert(&state, &out->summary, err);
    mci_npy_out_abort(state.file);
    mci_buf_release(&state.path);
    mci_free(state.lists);
    mci_export_reading_close(&reading);
    return status;
}

/* ---- subset ---- */

/* Stands before a pair of a curated file. */
typedef struct {
    const char *path;
    mci_source *source;
    mci_record_parser *parser;
    mci_arena arena;
    mci_record_list list; /* of the item read last: one record, or none */
    mci_shard shard;
    uint64_t position; /* of the next item */
    size_t text;       /* of the record */
    bool is_ended;
} pair_cursor;

static void close_cursor(pair_cursor *cursor)
{
    mci_source_close(cursor->source);
    mci_record_parser_free(cursor->parser);
    mci_arena_release(&cursor->arena);
    mci_free(cursor->list.records);
}

static mc_status read_record(pair_cursor *cursor, mc_error *err)
{
    mci_item item;
    mc_counters n = { 0 };
    uint64_t n_passed_over = 0;
    cursor->list.n = 0;
    cursor->text = 0;
    mci_arena_reset(&cursor->arena);
    mc_status status = mci_source_next(cursor->source, &item, &n_passed_over, err);
    if (status == MC_OK)
        status = mci_parse_item(cursor->parser, &item, &cursor->shard, cursor->position++,
                                &cursor->arena, &cursor->list, &n, err);
    cursor->is_ended = status == MC_END;
    if (status == MC_SKIPPED)
        status = mc_add_context(err, MC_E_FORMAT, "%s", cursor->path);
    return status < 0 ? status : MC_OK;
}

/* Reads on where the record has no further text. */
static mc_status settle(pair_cursor *cursor, mc_error *err)
{
    while (!cursor->is_ended &&
           (cursor->list.n == 0 || cursor->text == cursor->list.records[0].n_texts))
        MC_TRY(read_record(cursor, err));
    return MC_OK;
}

static mc_status open_cursor(pair_cursor *cursor, const char *path, uint64_t max_item_bytes,
                             mc_error *err)
{
    cursor->path = path;
    cursor->shard = (mci_shard){ .path = path, .name = mc_str_of(path) };
    mc_status status = mci_source_open(path, max_item_bytes, &cursor->source, err);
    if (status < 0)
        return mc_add_context(err, status, "%s", path);
    MC_TRY(mci_record_parser_new(&(mci_record_options){ .max_body_bytes = max_item_bytes },
                                 &cursor->parser, err));
    return settle(cursor, err);
}

static bool is_at(const pair_cursor *cursor, const mc_record *record, const mc_text *text)
{
    if (cursor->is_ended)
        return false;
    const mc_record *own = &cursor->list.records[0];
    const mc_text *here = &own->texts[cursor->text];
    return mc_str_equal(own->uuid, record->uuid) && mc_str_equal(here->text, text->text) &&
           mc_str_equal(here->key, text->key);
}

/* Curated pairs are matched ones, in their order, so one walk through both finds them. Equal pairs
 * are drawn alike, so it does not matter which of them is which. */
typedef struct {
    pair_cursor kept;
    mci_npy_out *file;
    uint64_t position; /* of the next matched pair */
} selecting;

static mc_status select_work(void *user, mci_batch *batch, unsigned worker, mc_error *err)
{
    (void)user;
    (void)worker;
    (void)err;
    for (size_t i = 0; i < batch->list.n; i++)
        batch->n.pairs_kept += batch->list.records[i].n_texts;
    batch->n.records_kept += batch->list.n;
    return MC_OK;
}

static mc_status take_text(selecting *state, const mc_record *record, const mc_text *text,
                           mc_error *err)
{
    uint32_t position = (uint32_t)state->position++;
    if (!is_at(&state->kept, record, text))
        return MC_OK;
    state->kept.text++;
    MC_TRY(mci_npy_out_add(state->file, &position, 1, err));
    return settle(&state->kept, err);
}

static mc_status select_drain(void *user, mci_batch *batch, mc_error *err)
{
    selecting *state = user;
    MC_TRY(mci_positions_check(state->position, batch->n.pairs_kept, err));
    for (size_t i = 0; i < batch->list.n; i++) {
        const mc_record *record = &batch->list.records[i];
        for (size_t j = 0; j < record->n_texts; j++)
            MC_TRY(take_text(state, record, &record->texts[j], err));
    }
    return MC_OK;
}

static mc_status want_all_found(const pair_cursor *kept, const char *dir, mc_error *err)
{
    if (kept->is_ended)
        return MC_OK;
    mc_str uuid = kept->list.records[0].uuid;
    return mc_fail(err, MC_E_FORMAT,
                   "%s: record %.*s has a pair that is not in matched/, or not in this order; "
                   "`metaclip verify %s` tells more",
                   kept->path, (int)(uuid.len < 64 ? uuid.len : 64), uuid.data, dir);
}

static mc_status select_pairs(selecting *state, const mci_export_folder *folder,
                              const mci_export_shard *shard, mci_export_slot *slot, mc_export *done,
                              mc_error *err)
{
    mc_pool pool = mci_export_pool_of(slot);
    mci_flow_steps steps = { .work = select_work, .drain = select_drain, .user = state };
    mci_shards one;
    if (pool.max_item_bytes == 0)
        pool.max_item_bytes = folder->max_item_bytes;
    MC_TRY(open_cursor(&state->kept, shard->curated, pool.max_item_bytes, err));
    MC_TRY(mci_shards_list(pool.inputs, 1, MCI_AS_GIVEN, false, &one, err));
    mc_status status = mci_flow_run(&pool, &one, "subset", &steps, &done->summary, err);
    mci_shards_release(&one);
    if (status == MC_E_LIMIT)
        mc_add_context(err, status, "%s", shard->matched);
    MC_TRY(status);
    MC_TRY(mci_export_want_whole(&done->summary, shift, err));
    return want_all_found(&state->kept, folder->dir, err);
}

/* One shard: user is the run folders' list. */
static mc_status select_shard(mci_export_pass *pass, size_t i, unsigned worker, mc_export *done,
                              mc_error *err)
{
    const mci_export_reading *reading = pass->user;
    const mci_export_folder *folder = reading->inputs.folder_of[i];
    const mci_export_shard *shard = mci_export_folder_find(folder, reading->inputs.names[i]);
    mci_export_slot slot = { pass, worker, shard->matched };
    selecting state = { 0 };
    mci_buf path = { 0 };
    mc_status status = mci_export_path(pass->job->out_path, shard->name, ".npy", &path, err);
    if (status >= 0)
        status = mci_npy_out_open(path.data, MCI_NPY_ROW_U32, &state.file, err);
    if (status >= 0)
        status = select_pairs(&state, folder, shard, &slot, done, err);
    if (status >= 0) {
        done->n.positions_written = mci_npy_out_rows(state.file);
        status = mci_npy_out_commit(state.file, err);
        done->n.files_written = status >= 0;
    } else {
        mci_npy_out_abort(state.file);
    }
    close_cursor(&state.kept);
    mci_buf_release(&path);
    return status;
}

mc_status mci_export_subset(const mc_export_job *job, mc_export *out, mc_error *err)
{
    const mc_pool *pool = &job->pool;
    mci_export_reading reading;
    for (size_t i = 0; i < pool->n_inputs; i++)
        if (!mci_is_folder(pool->inputs[i]))
            return mc_fail(err, MC_E_ARG,
                           "%s: a subset is of positions in matched/, so it is made of a run "
                           "folder, not of files of pairs",
                           pool->inputs[i]);
    MC_TRY(mci_export_reading_open(pool, pool->inputs, pool->n_inputs,
                                   MCI_EXPORT_MATCHED | MCI_EXPORT_CURATED, &reading, err));
    mci_export_pass pass = { .job = job,
                             .phase = "subset",
                             .run = select_shard,
                             .user = &reading,
                             .n_shards = reading.shards.n,
                             .n_bytes = reading.shards.n_bytes };
    mc_status status = check_names(&reading.shards, err);
    if (status >= 0)
        status = mci_export_make_dir(job->out_path, err);
    if (status >= 0)
        status = mci_export_each(&pass, out, err);
    mci_export_reading_close(&reading);
    return status;
}
