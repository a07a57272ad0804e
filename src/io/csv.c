#include "io/csv.h"

#include "base/alloc.h"
#include "io/delimited.h"
#include "io/fields.h"
#include "io/row_line.h"

enum { MAX_COLUMNS = 4096, HEADER_LOOK = 64 * 1024 };

/* A column's role is what it is in this table: a second url is an extra. */
typedef struct {
    size_t name_start, name_len; /* in names */
    mci_column_role role;
} csv_column;

typedef struct {
    mci_delimited rows;
    uint64_t max_item_bytes;
    bool is_tsv, has_header, is_ended;
    mci_buf names;
    csv_column *columns;
    size_t n_columns;
    mci_buf key; /* a name in lower case */
} csv;

static void close_csv(void *self)
{
    csv *c = self;
    if (!c)
        return;
    mci_delimited_release(&c->rows);
    mci_buf_release(&c->names);
    mci_buf_release(&c->key);
    mci_free(c->columns);
    mci_free(c);
}

/* ---- the header ---- */

static mc_status find_delimiter(csv *c, mc_error *err)
{
    mc_str window;
    c->rows.delimiter = c->is_tsv ? '\t' : ',';
    mc_status status = mci_stream_peek(c->rows.stream, HEADER_LOOK, &window, err);
    if (status != MC_OK)
        return status;
    mc_str header = mci_field_split(&window, '\n');
    if (memchr(header.data, '\t', header.len) && !memchr(header.data, ',', header.len))
        c->rows.delimiter = '\t';
    return MC_OK;
}

static size_t count_role(const csv *c, size_t n, mci_column_role role)
{
    size_t n_found = 0;
    for (size_t i = 0; i < n; i++)
        n_found += c->columns[i].role == role;
    return n_found;
}

static mc_str name_of(const csv *c, const csv_column *column)
{
    if (column->name_len == 0)
        return (mc_str){ 0 };
    return (mc_str){ c->names.data + column->name_start, column->name_len };
}

static mci_column_role role_in_table(const csv *c, size_t i, mc_str name)
{
    mci_column_role role = mci_column_role_of(name);
    if (role == MCI_COLUMN_TEXT)
        return role;
    return role == MCI_COLUMN_ENTRIES || count_role(c, i, role) > 0 ? MCI_COLUMN_EXTRA : role;
}

static mc_status no_texts(const csv *c, mc_error *err)
{
    mc_str names = mci_buf_str(&c->names);
    return mc_fail(err, MC_E_FORMAT,
                   "a table without texts: want a column called text, caption, alt, title or "
                   "description, got %s: %.*s%s",
                   c->n_columns == 1 ? "this one" : "these", names.len < 200 ? (int)names.len : 200,
                   names.len > 0 ? names.data : "", names.len < 200 ? "" : "...");
}

/* "key" names a text of our own form; in tables of captions it names the image's file. */
static void settle_key(csv *c)
{
    bool names_text = false;
    for (size_t i = 0; i < c->n_columns; i++)
        names_text |= mci_field_is(name_of(c, &c->columns[i]), "text");
    if (names_text && count_role(c, c->n_columns, MCI_COLUMN_TEXT) == 1)
        return;
    for (size_t i = 0; i < c->n_columns; i++)
        if (c->columns[i].role == MCI_COLUMN_KEY)
            c->columns[i].role = MCI_COLUMN_EXTRA;
}

static mc_status read_columns(csv *c, mc_error *err)
{
    size_t n = c->rows.n_fields;
    if (n > MAX_COLUMNS)
        return mc_fail(err, MC_E_FORMAT, "a table of %zu columns: %d is the limit", n, MAX_COLUMNS);
    c->columns = mci_alloc_zeroed(n, sizeof *c->columns);
    if (!c->columns)
        return mci_nomem(err, n * sizeof *c->columns);
    c->n_columns = c->rows.max_fields = n;
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            MC_TRY(mci_buf_add(&c->names, mc_str_of(", "), err));
        mc_str name = mci_field_trim(mci_delimited_field(&c->rows, i));
        c->columns[i] = (csv_column){ c->names.len, name.len, role_in_table(c, i, name) };
        MC_TRY(mci_buf_add(&c->names, name, err));
    }
    settle_key(c);
    return count_role(c, n, MCI_COLUMN_TEXT) > 0 ? MC_OK : no_texts(c, err);
}

static mc_status read_header(csv *c, mc_error *err)
{
    mc_status status = find_delimiter(c, err);
    if (status == MC_OK)
        status = mci_delimited_next(&c->rows, err);
    if (status == MC_OK)
        status = read_columns(c, err);
    c->has_header = status == MC_OK;
    c->is_ended = !c->has_header;
    c->rows.row = 0;
    return status == MC_SKIPPED ? mc_add_context(err, status, "no header, so no rows") : status;
}

/* ---- rows ---- */

/* The field of the first column of this role; empty if there is none. */
static mc_str field_of(const csv *c, mci_column_role role)
{
    for (size_t i = 0; i < c->n_columns; i++)
        if (c->columns[i].role == role)
            return mci_delimited_field(&c->rows, i);
    return (mc_str){ 0 };
}

static mc_status key_of(csv *c, const csv_column *column, mc_error *err)
{
    mci_buf_clear(&c->key);
    MC_TRY(mci_buf_add(&c->key, name_of(c, column), err));
    for (size_t i = 0; i < c->key.len; i++)
        if (c->key.data[i] >= 'A' && c->key.data[i] <= 'Z')
            c->key.data[i] = (char)(c->key.data[i] - 'A' + 'a');
    return MC_OK;
}

static mc_status make_line(csv *c, mci_buf *line, mc_error *err)
{
    mci_row_line row;
    mc_str key = field_of(c, MCI_COLUMN_KEY), lang = field_of(c, MCI_COLUMN_LANG);
    mci_row_begin(&row, line, c->max_item_bytes, err);
    for (size_t i = 0; i < c->n_columns; i++)
        if (c->columns[i].role == MCI_COLUMN_EXTRA)
            mci_row_extra(&row, name_of(c, &c->columns[i]), mci_delimited_field(&c->rows, i));
    mci_row_names(&row, field_of(c, MCI_COLUMN_UUID), field_of(c, MCI_COLUMN_URL));
    for (size_t i = 0; i < c->n_columns; i++) {
        if (c->columns[i].role != MCI_COLUMN_TEXT)
            continue;
        MC_TRY(key_of(c, &c->columns[i], err));
        mci_row_text(&row, key.len > 0 ? key : mci_buf_str(&c->key),
                     mci_delimited_field(&c->rows, i), lang);
    }
    return mci_row_end(&row);
}

static mc_status next_row(void *self, mci_buf *line, uint64_t *offset, mc_error *err)
{
    csv *c = self;
    mc_status status = MC_OK;
    mci_buf_clear(line);
    if (!c->has_header && !c->is_ended)
        status = read_header(c, err);
    else if (c->is_ended)
        return MC_END;
    if (status == MC_OK)
        status = mci_delimited_next(&c->rows, err);
    *offset = c->rows.offset;
    if (status != MC_OK)
        return status;
    if (c->rows.n_fields == c->n_columns)
        status = make_line(c, line, err);
    else
        status = mc_fail(err, MC_SKIPPED, "the number of fields is %zu, that of columns %zu",
                         c->rows.n_fields, c->n_columns);
    return status == MC_OK ? MC_OK : mci_delimited_name_row(&c->rows, status, err);
}

mc_status mci_csv_open(mci_stream *stream, bool is_tsv, uint64_t max_item_bytes, mci_rows *out,
                       mc_error *err)
{
    csv *c = mci_alloc_zeroed(1, sizeof *c);
    if (!c)
        return mci_nomem(err, sizeof *c);
    c->is_tsv = is_tsv;
    c->max_item_bytes = max_item_bytes;
    mci_delimited_init(&c->rows, stream, ',', MAX_COLUMNS, max_item_bytes);
    *out = (mci_rows){ c, next_row, close_csv };
    return MC_OK;
}

/* ---- captions ---- */

typedef struct {
    mci_delimited rows;
    uint64_t max_item_bytes;
} captions;

static void close_captions(void *self)
{
    captions *c = self;
    if (c)
        mci_delimited_release(&c->rows);
    mci_free(c);
}

static mc_status next_caption(void *self, mci_buf *line, uint64_t *offset, mc_error *err)
{
    captions *c = self;
    mc_str text = { 0 };
    mci_buf_clear(line);
    do {
        mc_status status = mci_delimited_next(&c->rows, err);
        *offset = c->rows.offset;
        if (status != MC_OK)
            return status;
        text = mci_delimited_field(&c->rows, 0);
    } while (mci_field_trim(text).len == 0);
    mci_row_line row;
    mci_row_begin(&row, line, c->max_item_bytes, err);
    mci_row_names(&row, (mc_str){ 0 }, (mc_str){ 0 });
    mci_row_text(&row, mc_str_of("text"), text, (mc_str){ 0 });
    mc_status status = mci_row_end(&row);
    return status == MC_OK ? MC_OK : mci_delimited_name_row(&c->rows, status, err);
}

mc_status mci_captions_open(mci_stream *stream, bool is_cut, uint64_t max_item_bytes, mci_rows *out,
                            mc_error *err)
{
    captions *c = mci_alloc_zeroed(1, sizeof *c);
    if (!c)
        return mci_nomem(err, sizeof *c);
    c->max_item_bytes = max_item_bytes;
    mci_delimited_init(&c->rows, stream, MCI_NOT_DELIMITED, 1, max_item_bytes);
    c->rows.is_lost = is_cut;
    *out = (mci_rows){ c, next_caption, close_captions };
    return MC_OK;
}
