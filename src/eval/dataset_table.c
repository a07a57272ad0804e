/* A table of images, with labels or captions: rows of an image that follow each other are its
 * captions. */
#include <inttypes.h>

#include "base/alloc.h"
#include "base/files.h"
#include "eval/dataset_internal.h"
#include "io/delimited.h"
#include "io/fields.h"

enum { MOST_FIELDS = 4096, MOST_ROW_BYTES = 1 << 20 };

typedef struct {
    mci_stream *stream;
    mci_delimited rows;
    bool has_row;                 /* read, not yet taken */
    mci_buf table, folder, image; /* image: the field that names the one that is put together */
    const mci_phrases *names;
    mc_eval_task task;
    size_t image_at, said_at; /* columns: of the file's name; of the label or caption */
} table_set;

static void close_table(void *self)
{
    table_set *t = self;
    mci_delimited_release(&t->rows);
    mci_stream_close(t->stream);
    mci_buf_release(&t->table);
    mci_buf_release(&t->folder);
    mci_buf_release(&t->image);
    mci_free(t);
}

/* ---- columns ---- */

static const char *const image_columns[] = { "filepath", "path", "file", "image", "filename" };
static const char *const label_columns[] = { "label", "class", "cls", "target" };
static const char *const text_columns[] = { "title", "caption", "text" };

static bool find_column(const mci_delimited *rows, const char *const *names, size_t n, size_t *at)
{
    const size_t n_held = rows->n_fields < MOST_FIELDS ? rows->n_fields : MOST_FIELDS;
    for (size_t i = 0; i < n; i++)
        for (*at = 0; *at < n_held; ++*at)
            if (mci_field_is(mci_field_trim(mci_delimited_field(rows, *at)), names[i]))
                return true;
    return false;
}

static mc_status choose_columns(table_set *t, mc_error *err)
{
    const mci_delimited *rows = &t->rows;
    size_t label_at, text_at;
    const bool has_label = find_column(rows, label_columns, COUNT_OF(label_columns), &label_at);
    const bool has_text = find_column(rows, text_columns, COUNT_OF(text_columns), &text_at);
    if (!find_column(rows, image_columns, COUNT_OF(image_columns), &t->image_at))
        return mc_fail(err, MC_E_FORMAT, "no column is called filepath");
    if (t->task == MC_TASK_AUTO)
        t->task = has_label ? MC_TASK_CLASSIFICATION : MC_TASK_RETRIEVAL;
    if (t->task == MC_TASK_CLASSIFICATION && !has_label)
        return mc_fail(err, MC_E_FORMAT, "no column is called label");
    if (t->task == MC_TASK_RETRIEVAL && !has_text)
        return mc_fail(err, MC_E_FORMAT, "no column is called label, nor title or caption");
    t->said_at = t->task == MC_TASK_CLASSIFICATION ? label_at : text_at;
    return MC_OK;
}

static mc_status read_header(table_set *t, bool is_tsv, mc_error *err)
{
    mci_delimited_init(&t->rows, t->stream, is_tsv ? '\t' : ',', MOST_FIELDS, MOST_ROW_BYTES);
    mc_status status = mci_delimited_next(&t->rows, err);
    if (status == MC_END)
        return mc_fail(err, MC_E_FORMAT, "it is empty");
    if (status == MC_SKIPPED)
        return mc_fail(err, MC_E_FORMAT, "its header cannot be read");
    return status < 0 ? status : choose_columns(t, err);
}

/* ---- rows ---- */

static mc_status tell_row(table_set *t, mci_dataset_item *item, mc_status status, mc_error *err)
{
    if (status == MC_SKIPPED)
        MC_TRY(mci_item_begin(item, err, "%s row %" PRIu64, t->table.data, t->rows.row));
    return status;
}

/* A number, or the name of a class. */
static mc_status take_label(const table_set *t, mc_str text, mci_dataset_item *item, mc_error *err)
{
    text = mci_field_trim(text);
    for (size_t i = 0; t->names && i < t->names->n; i++) {
        if (mc_str_equal(mci_phrases_get(t->names, i), text)) {
            item->label = t->names->groups[i];
            item->has_label = true;
            return MC_OK;
        }
    }
    if (mci_item_set_label(item, text, NULL) == MC_OK)
        return MC_OK;
    return mc_fail(err, MC_SKIPPED, "its label \"%.*s\" is neither a number nor a class name",
                   (int)(text.len < 100 ? text.len : 100), text.len ? text.data : "");
}

static mc_status begin_image(table_set *t, mci_dataset_item *item, mc_error *err)
{
    mc_str name = mci_delimited_field(&t->rows, t->image_at);
    mci_buf_clear(&t->image);
    MC_TRY(mci_buf_add(&t->image, name, err));
    const bool is_whole = name.len > 0 && name.data[0] == '/';
    MC_TRY(mci_item_begin(item, err, "%s%.*s", is_whole ? "" : t->folder.data, (int)name.len,
                          name.len ? name.data : ""));
    return name.len ? MC_OK : mc_fail(err, MC_SKIPPED, "the row names no image");
}

static mc_status read_row(table_set *t, mc_error *err)
{
    mc_status status = mci_delimited_next(&t->rows, err);
    const size_t most = t->image_at > t->said_at ? t->image_at : t->said_at;
    if (status == MC_OK && t->rows.n_fields <= most)
        return mc_fail(err, MC_SKIPPED, "the row has %zu fields only", t->rows.n_fields);
    t->has_row = status == MC_OK;
    return status;
}

/* The rows behind the first that name the same image. */
static mc_status take_captions(table_set *t, mci_dataset_item *item, mc_error *err)
{
    for (;;) {
        mc_str text = mci_field_trim(mci_delimited_field(&t->rows, t->said_at));
        if (text.len)
            MC_TRY(mci_item_add_text(item, text, err));
        mc_status status = read_row(t, err);
        if (status == MC_SKIPPED)
            return mc_fail(err, MC_SKIPPED, "row %" PRIu64 " behind it cannot be read",
                           t->rows.row);
        MC_TRY(status);
        mc_str next = status == MC_OK ? mci_delimited_field(&t->rows, t->image_at) : (mc_str){ 0 };
        if (status == MC_END || !mc_str_equal(next, mci_buf_str(&t->image)))
            return item->n_texts ? MC_OK : mc_fail(err, MC_SKIPPED, "it has no caption");
    }
}

static mc_status next_in_table(void *self, mci_dataset_item *item, mc_error *err)
{
    table_set *t = self;
    if (!t->has_row) {
        mc_status status = read_row(t, err);
        if (status != MC_OK)
            return tell_row(t, item, status, err);
    }
    t->has_row = false;
    mc_status status = begin_image(t, item, err);
    if (status != MC_OK)
        return tell_row(t, item, status, err);
    return t->task == MC_TASK_RETRIEVAL
               ? take_captions(t, item, err)
               : take_label(t, mci_delimited_field(&t->rows, t->said_at), item, err);
}

static mc_status prepare(table_set *t, const char *path, mc_error *err)
{
    const size_t n = strlen(path);
    const bool is_tsv = n > 4 && memcmp(path + n - 4, ".tsv", 4) == 0;
    MC_TRY(mci_buf_printf(&t->table, err, "%s", path));
    MC_TRY(mci_buf_printf(&t->folder, err, "%.*s", (int)mci_folder_length(path), path));
    MC_TRY(mci_stream_open(path, &t->stream, err));
    mc_status status = read_header(t, is_tsv, err);
    return status < 0 ? mc_add_context(err, status, "%s", path) : MC_OK;
}

mc_status mci_dataset_table_open(const char *path, mc_eval_task *task, const mci_phrases *names,
                                 mci_dataset_source *out, mc_error *err)
{
    table_set *t = mci_alloc_zeroed(1, sizeof *t);
    if (!t)
        return mci_nomem(err, sizeof *t);
    t->names = names;
    t->task = *task;
    mc_status status = prepare(t, path, err);
    if (status < 0) {
        close_table(t);
        return status;
    }
    *task = t->task;
    *out = (mci_dataset_source){ t, next_in_table, close_table };
    return MC_OK;
}
