/* The table of a packing. Its rows wait in a file without a name until their image's turn comes:
 * memory holds where they are. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/utf8.h"
#include "curate/pack_internal.h"
#include "curate/source.h"
#include "io/fields.h"
#include "io/pairs.h"
#include "io/stream.h"

enum { WRITE_BYTES = 1 << 18, ROWS_A_LOOK = 1024 };

typedef struct {
    mci_pack_list *list;
    mci_source *source;
    mci_json *json;
    mci_arena arena; /* of the row, to see that it is one */
    mci_buf repaired, scratch;
    mci_buf pending;    /* lines that are not in the file yet */
    uint64_t n_written; /* bytes of the file */
    mci_buf path;       /* of the row's image: as it is found, */
    mci_buf folder;     /* the folder part of it, and what realpath made of that */
    char resolved[PATH_MAX];
} table;

/* ---- what a row says ---- */

static bool names_file(mc_str name)
{
    return mci_field_is(name, "filepath") || mci_field_is(name, "file_name");
}

mc_status mci_pack_row_parse(mci_json *json, mc_str line, mci_buf *repaired, mci_json_value *root,
                             mc_error *err)
{
    uint64_t n_replaced = 0;
    if (!mci_utf8_valid(line)) {
        mci_buf_clear(repaired);
        MC_TRY(mci_utf8_repair(line, repaired, &n_replaced, err));
        line = mci_buf_str(repaired);
    }
    return mci_json_parse(json, line, root, NULL, err);
}

/* Of several urls the last is the record's (row_line.h); one before it, of a table that also has
 * a column for the file, is the image's own. */
void mci_pack_row_names(mci_json_value row, mc_str *path, mc_str *url)
{
    mc_str key, first = { 0 }, last = { 0 };
    mci_json_value value;
    *path = *url = (mc_str){ 0 };
    for (mci_json_iter it = mci_json_iterate(row); mci_json_next(&it, &key, &value);) {
        mc_str text = mci_json_string(value);
        if (names_file(key) && path->len == 0)
            *path = text;
        if (!mc_str_equal(key, mc_str_of("url")))
            continue;
        if (first.len == 0)
            first = text;
        last = text;
    }
    if (path->len > 0) {
        *url = last;
    } else {
        *path = last;
        *url = mc_str_equal(first, last) ? (mc_str){ 0 } : first;
    }
}

/* ---- the file of rows ---- */

static mc_status open_nameless(mci_pack_list *list, mc_error *err)
{
    mci_buf name = { 0 };
    mc_status status = mci_buf_printf(&name, err, "%s/.rows.tmp", list->job->out_dir);
    if (status >= 0) {
        list->rows_fd = open(name.data, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (list->rows_fd < 0 || unlink(name.data) != 0)
            status = mci_fail_errno(err, list->job->out_dir, "cannot create a file in it");
    }
    mci_buf_release(&name);
    return status;
}

static mc_status write_pending(table *t, mc_error *err)
{
    for (size_t at = 0; at < t->pending.len;) {
        ssize_t n = write(t->list->rows_fd, t->pending.data + at, t->pending.len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mci_fail_errno(err, t->list->job->out_dir, "cannot write the table's rows");
        at += (size_t)n;
    }
    t->n_written += t->pending.len;
    mci_buf_clear(&t->pending);
    return MC_OK;
}

static mc_status keep_line(table *t, mc_str line, mc_error *err)
{
    mci_pack_list *list = t->list;
    void *rows = list->rows;
    MC_TRY(mci_grow(&rows, &list->cap_rows, list->n_rows + 1, sizeof *list->rows, err));
    list->rows = rows;
    list->rows[list->n_rows++] = (mci_pack_row){ t->n_written + t->pending.len, line.len };
    MC_TRY(mci_buf_add(&t->pending, line, err));
    return t->pending.len < WRITE_BYTES ? MC_OK : write_pending(t, err);
}

mc_status mci_pack_row_line(const mci_pack_list *list, const mci_pack_row *row, mci_buf *line,
                            mc_error *err)
{
    mci_buf_clear(line);
    MC_TRY(mci_buf_reserve(line, row->len, err));
    while (line->len < row->len) {
        ssize_t n = pread(list->rows_fd, line->data + line->len, row->len - line->len,
                          (off_t)(row->at + line->len));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return mci_fail_errno(err, list->job->out_dir, "cannot read the table's rows");
        line->len += (size_t)n;
    }
    return MC_OK;
}

/* ---- the file of the image ---- */

static bool is_address(mc_str name)
{
    return name.len > 8 &&
           (memcmp(name.data, "http://", 7) == 0 || memcmp(name.data, "https://", 8) == 0 ||
            memcmp(name.data, "s3://", 5) == 0);
}

/* Puts the folder part of name into t->resolved, unless it is the one of the row before. */
static mc_status resolve_folder(table *t, mc_str name, size_t n, mc_error *err)
{
    const char *table_path = t->list->job->table_path;
    size_t n_base = name.data[0] == '/' ? 0 : mci_folder_length(table_path);
    mci_buf_clear(&t->path);
    MC_TRY(mci_buf_printf(&t->path, err, "%.*s%.*s%s", (int)n_base, table_path, (int)n, name.data,
                          n_base + n > 0 ? "" : "."));
    if (t->folder.len > 0 && mc_str_equal(mci_buf_str(&t->folder), mci_buf_str(&t->path)))
        return MC_OK;
    mci_buf_clear(&t->folder);
    if (!realpath(t->path.data, t->resolved))
        return mc_fail(err, MC_SKIPPED, "%s", strerror(errno));
    if (strcmp(t->resolved, "/") == 0)
        t->resolved[0] = '\0';
    return mci_buf_add(&t->folder, mci_buf_str(&t->path), err);
}

/* Finds the file that name means, puts its path into t->path. MC_SKIPPED: it is not there. */
static mc_status find_file(table *t, mc_str name, uint64_t *n_bytes, mc_error *err)
{
    struct stat info;
    if (memchr(name.data, '\0', name.len) || name.len >= PATH_MAX)
        return mc_fail(err, MC_SKIPPED, "this can be no file's name");
    if (is_address(name))
        return mc_fail(err, MC_SKIPPED,
                       "an address, not a file; pack downloads nothing (img2dataset does)");
    const char *slash = memrchr(name.data, '/', name.len);
    size_t n = slash ? (size_t)(slash - name.data) + 1 : 0;
    mc_status status = resolve_folder(t, name, n, err);
    if (status != MC_OK)
        return status;
    mci_buf_clear(&t->path);
    MC_TRY(
        mci_buf_printf(&t->path, err, "%s/%.*s", t->resolved, (int)(name.len - n), name.data + n));
    if (stat(t->path.data, &info) != 0)
        return mc_fail(err, MC_SKIPPED, "%s", strerror(errno));
    if (!S_ISREG(info.st_mode))
        return mc_fail(err, MC_SKIPPED, "this is no file");
    *n_bytes = (uint64_t)info.st_size;
    return MC_OK;
}

static mc_status add_image(table *t, mc_str name, mc_str line, mc_error *err)
{
    mci_pack_list *list = t->list;
    mci_pack_image image = { .name = name, .n_rows = 1, .is_meant = true };
    mc_status status = find_file(t, name, &image.n_bytes, err);
    if (status == MC_SKIPPED) {
        mc_add_context(err, status, "row %llu: %.*s", (unsigned long long)list->n.rows_read,
                       name.len < 200 ? (int)name.len : 200, name.data);
        return mci_pack_list_skip(list, &list->n.rows_without_image, list->job->table_path, err);
    }
    MC_TRY(status);
    list->n.rows_used++;
    image.path = t->path.data;
    image.first_row = list->n_rows;
    MC_TRY(keep_line(t, line, err));
    return mci_pack_list_add(list, &image, err);
}

/* ---- rows ---- */

/* A row is one if it can be read as a record; name lives until the next use of the parser. */
static mc_status look_at_row(table *t, mc_str line, mc_str *name, mc_error *err)
{
    mc_record record;
    mci_json_value root;
    mc_str url;
    uint64_t n_replaced = 0, n_empty = 0;
    mci_arena_reset(&t->arena);
    mc_status status =
        mci_pairs_parse(t->json, &t->scratch, line, &t->arena, &record, &n_replaced, &n_empty, err);
    if (status == MC_OK)
        status = mci_pack_row_parse(t->json, line, &t->repaired, &root, err);
    if (status != MC_OK)
        return status;
    mci_pack_row_names(root, name, &url);
    if (name->len == 0)
        return mc_fail(err, MC_SKIPPED, "it names no file: want a column filepath or file_name");
    return MC_OK;
}

static mc_status take_row(table *t, mc_str line, mc_error *err)
{
    mci_pack_list *list = t->list;
    mc_str name;
    mc_status status = look_at_row(t, line, &name, err);
    if (status == MC_OK)
        return add_image(t, name, line, err);
    MC_TRY(status);
    mc_add_context(err, status, "row %llu", (unsigned long long)list->n.rows_read);
    return mci_pack_list_skip(list, &list->n.rows_skipped, list->job->table_path, err);
}

static void tell(const table *t, uint64_t total)
{
    const mc_hooks *hooks = &t->list->job->pool.hooks;
    mc_progress progress = { .phase = "table", .total = total };
    progress.done = mci_source_bytes_read(t->source);
    if (hooks->progress && t->list->n.rows_read % ROWS_A_LOOK == 0)
        hooks->progress(hooks->user, &progress);
}

static mc_status read_rows(table *t, uint64_t total, mc_error *err)
{
    mci_pack_list *list = t->list;
    for (;;) {
        mci_item item = { 0 };
        uint64_t n_passed_over = 0;
        mc_status status = mci_source_next(t->source, &item, &n_passed_over, err);
        if (status == MC_END)
            return write_pending(t, err);
        if (status < 0)
            return mc_add_context(err, status, "%s", list->job->table_path);
        list->n.rows_read++;
        MC_TRY(status == MC_SKIPPED
                   ? mci_pack_list_skip(list, &list->n.rows_skipped, list->job->table_path, err)
                   : take_row(t, item.bytes, err));
        tell(t, total);
    }
}

/* ---- the table ---- */

static bool is_table(const char *path, mc_str start)
{
    switch (mci_form_of(path, start)) {
    case MCI_FORM_CSV:
    case MCI_FORM_TSV:
    case MCI_FORM_PARQUET:
        return true;
    case MCI_FORM_PAIRS:
        return start.len > 0 && (start.data[0] == '{' || start.data[0] == '[');
    case MCI_FORM_ARCHIVE:
    case MCI_FORM_TAR:
    case MCI_FORM_CAPTIONS:
        break;
    }
    return false;
}

static mc_status check_table(const char *path, uint64_t *n_bytes, mc_error *err)
{
    struct stat info;
    mci_stream *stream = NULL;
    mc_str start;
    if (strcmp(path, "-") == 0)
        return mc_fail(err, MC_E_ARG,
                       "the table must be a file: its folder says where the images "
                       "are");
    if (stat(path, &info) != 0)
        return mci_fail_errno(err, path, "cannot open it");
    if (!S_ISREG(info.st_mode))
        return mc_fail(err, MC_E_ARG,
                       "%s: pack must be able to start again, so the table is a file", path);
    *n_bytes = (uint64_t)info.st_size;
    MC_TRY(mci_stream_open(path, &stream, err));
    mc_status status = mci_stream_peek(stream, 512, &start, err);
    if (status == MC_OK && !is_table(path, start))
        status = mc_fail(err, MC_E_FORMAT,
                         "%s: no table: want a .csv or .tsv, Parquet, or lines of pairs", path);
    mci_stream_close(stream);
    return status < 0 ? status : MC_OK;
}

mc_status mci_pack_read_rows(mci_pack_list *list, mc_error *err)
{
    const mc_pack_job *job = list->job;
    table t = { .list = list };
    uint64_t n_bytes = 0;
    MC_TRY(check_table(job->table_path, &n_bytes, err));
    MC_TRY(open_nameless(list, err));
    mc_status status = mci_json_new(&t.json, err);
    if (status >= 0)
        status = mci_source_open(job->table_path, job->pool.max_item_bytes, &t.source, err);
    if (status >= 0)
        status = read_rows(&t, n_bytes, err);
    mci_source_close(t.source);
    mci_json_free(t.json);
    mci_arena_release(&t.arena);
    mci_buf_release(&t.repaired);
    mci_buf_release(&t.scratch);
    mci_buf_release(&t.pending);
    mci_buf_release(&t.path);
    mci_buf_release(&t.folder);
    return status;
}
