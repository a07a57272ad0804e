#include "train/pair_table.h"

#include <stdio.h>

#include "base/alloc.h"
#include "io/delimited.h"
#include "io/fields.h"
#include "io/row_line.h"
#include "io/rows.h"

enum { MAX_COLUMNS = 4096, HEADER_LOOK = 64 * 1024 };
#define NO_COLUMN SIZE_MAX

struct mci_pair_table {
    mci_delimited rows;
    mci_pair_table_options options;
    bool has_header, is_ended;
    size_t n_columns, image, uuid, url, lang; /* columns, or NO_COLUMN */
    bool *is_text;
    mci_buf line;
};

mc_status mci_pair_table_open(mci_stream *stream, const mci_pair_table_options *options,
                              mci_pair_table **out, mc_error *err)
{
    mci_pair_table *t = mci_alloc_zeroed(1, sizeof *t);
    if (!t)
        return mci_nomem(err, sizeof *t);
    t->options = *options;
    mci_delimited_init(&t->rows, stream, ',', MAX_COLUMNS, options->max_item_bytes);
    *out = t;
    return MC_OK;
}

void mci_pair_table_close(mci_pair_table *t)
{
    if (!t)
        return;
    mci_delimited_release(&t->rows);
    mci_buf_release(&t->line);
    mci_free(t->is_text);
    mci_free(t);
}

/* ---- the header ---- */

static mc_status find_delimiter(mci_pair_table *t, mc_error *err)
{
    mc_str window;
    mc_status status = mci_stream_peek(t->rows.stream, HEADER_LOOK, &window, err);
    if (status != MC_OK)
        return status;
    mc_str header = mci_field_split(&window, '\n');
    bool has_tabs = memchr(header.data, '\t', header.len) != NULL;
    bool has_commas = memchr(header.data, ',', header.len) != NULL;
    t->rows.delimiter = t->options.is_tsv || (has_tabs && !has_commas) ? '\t' : ',';
    return MC_OK;
}

static mc_str name_of(const mci_pair_table *t, size_t i)
{
    return mci_field_trim(mci_delimited_field(&t->rows, i));
}

static size_t column_called(const mci_pair_table *t, const char *name)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (mci_field_is(name_of(t, i), name))
            return i;
    return NO_COLUMN;
}

static size_t first_of_role(const mci_pair_table *t, mci_column_role role)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (mci_column_role_of(name_of(t, i)) == role)
            return i;
    return NO_COLUMN;
}

static size_t find_image(const mci_pair_table *t)
{
    static const char *const names[] = { "filepath", "image_path", "file",
                                         "path",     "image",      "filename" };
    if (t->options.image_column)
        return column_called(t, t->options.image_column);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (column_called(t, names[i]) != NO_COLUMN)
            return column_called(t, names[i]);
    return NO_COLUMN;
}

static bool find_texts(mci_pair_table *t)
{
    bool has_text = false;
    size_t named = t->options.text_column ? column_called(t, t->options.text_column) : NO_COLUMN;
    for (size_t i = 0; i < t->n_columns; i++) {
        t->is_text[i] = t->options.text_column
                            ? i == named
                            : mci_column_role_of(name_of(t, i)) == MCI_COLUMN_TEXT;
        has_text |= t->is_text[i];
    }
    return has_text;
}

static mc_status lacks_column(const mci_pair_table *t, bool is_image, mc_error *err)
{
    const char *named = is_image ? t->options.image_column : t->options.text_column;
    char names[256] = "";
    for (size_t i = 0, used = 0; i < t->n_columns && used < sizeof names - 1; i++) {
        mc_str name = name_of(t, i);
        int n = name.len < sizeof names ? (int)name.len : (int)sizeof names;
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%.*s", i ? ", " : "", n,
                                 n ? name.data : "");
    }
    if (named)
        return mc_fail(err, MC_E_FORMAT, "no column is called %s; found: %s", named, names);
    return mc_fail(err, MC_E_FORMAT, "no column %s; found: %s",
                   is_image ? "with images' paths (filepath, image_path, file, path, image, "
                              "filename)"
                            : "with texts (text, caption, alt, title, description)",
                   names);
}

static mc_status read_columns(mci_pair_table *t, mc_error *err)
{
    t->n_columns = t->rows.n_fields;
    if (t->n_columns > MAX_COLUMNS)
        return mc_fail(err, MC_E_FORMAT, "a table of %zu columns: %d is the limit", t->n_columns,
                       MAX_COLUMNS);
    t->is_text = mci_alloc_zeroed(t->n_columns, sizeof *t->is_text);
    if (!t->is_text)
        return mci_nomem(err, t->n_columns);
    t->image = find_image(t);
    if (t->image == NO_COLUMN)
        return lacks_column(t, true, err);
    if (!find_texts(t))
        return lacks_column(t, false, err);
    t->uuid = first_of_role(t, MCI_COLUMN_UUID);
    t->url = first_of_role(t, MCI_COLUMN_URL);
    t->lang = first_of_role(t, MCI_COLUMN_LANG);
    return MC_OK;
}

static mc_status read_header(mci_pair_table *t, mc_error *err)
{
    mc_status status = find_delimiter(t, err);
    if (status == MC_OK)
        status = mci_delimited_next(&t->rows, err);
    if (status == MC_OK)
        status = read_columns(t, err);
    t->has_header = status == MC_OK;
    t->is_ended = !t->has_header;
    t->rows.row = 0;
    if (status == MC_END)
        return mc_fail(err, MC_E_FORMAT, "the table is empty: want a header");
    return status == MC_SKIPPED ? mc_fail(err, MC_E_FORMAT, "the table's header cannot be read")
                                : status;
}

/* ---- rows ---- */

static mc_str field_of(const mci_pair_table *t, size_t column)
{
    return column == NO_COLUMN ? (mc_str){ 0 } : mci_delimited_field(&t->rows, column);
}

static mc_status make_line(mci_pair_table *t, mc_error *err)
{
    mci_row_line row;
    mci_row_begin(&row, &t->line, t->options.max_item_bytes, err);
    mci_row_names(&row, field_of(t, t->uuid), field_of(t, t->url));
    for (size_t i = 0; i < t->n_columns; i++)
        if (t->is_text[i])
            mci_row_text(&row, mc_str_of("text"), mci_delimited_field(&t->rows, i),
                         field_of(t, t->lang));
    return mci_row_end(&row);
}

mc_status mci_pair_table_next(mci_pair_table *t, mc_str *line, mc_str *image, mc_error *err)
{
    if (t->is_ended)
        return MC_END;
    if (!t->has_header)
        MC_TRY(read_header(t, err));
    mc_status status = mci_delimited_next(&t->rows, err);
    if (status != MC_OK)
        return status;
    if (t->rows.n_fields == t->n_columns)
        status = make_line(t, err);
    else
        status = mc_fail(err, MC_SKIPPED, "the number of fields is %zu, that of columns %zu",
                         t->rows.n_fields, t->n_columns);
    if (status != MC_OK)
        return mci_delimited_name_row(&t->rows, status, err);
    *line = mci_buf_str(&t->line);
    *image = mci_delimited_field(&t->rows, t->image);
    return MC_OK;
}
