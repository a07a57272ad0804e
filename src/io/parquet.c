#include "io/parquet.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json_text.h"
#include "io/duckdb_api.h"

/* Rows of one image beyond this become a further record, so that no file can make an endless one.
 */
enum { MAX_RECORD_BYTES = 16 << 20 };

/* A column as the query gives it, always as text. */
typedef struct {
    mci_column_role role;
    bool is_raw;  /* its text is JSON (numbers, booleans), but for what JSON has no numbers for */
    bool is_left; /* not asked for */
    mci_buf name; /* as a JSON string: of a text its key, of others the member */
    const mci_duck_string *values; /* of the chunk */
    const uint64_t *validity;
} column;

typedef struct {
    int fd;
    mci_duck duck;
    mci_duck_statement statement;
    mci_duck_pending pending;
    mci_duck_result result;
    column *columns;
    size_t n_columns;
    const column *uuid, *url, *key, *entries, *lang, *members; /* NULL: the file has none */
    bool is_own_form;
    mci_duck_chunk chunk;
    uint64_t row, n_rows;   /* in the chunk */
    uint64_t n_rows_before; /* in the chunks before it */
    mc_status end;          /* why there is no further chunk; MC_OK: there may be */
    bool is_unreadable;     /* not a single row could be asked for */
    mc_error why;
    mci_buf owner, extra; /* of the record that is made: uuid and url; further members */
    mci_buf other;        /* the owner of the row that may belong to it */
} reader;

/* ---- columns ---- */

static bool is_named(const column *c, const char *name)
{
    return c->name.len == strlen(name) + 2 &&
           strncasecmp(c->name.data + 1, name, strlen(name)) == 0;
}

static column *find_column(const reader *r, const char *name)
{
    for (size_t i = 0; i < r->n_columns; i++)
        if (is_named(&r->columns[i], name))
            return &r->columns[i];
    return NULL;
}

/* The one column of a role of which a record has one; others of that role are further columns. */
static const column *choose(reader *r, mci_column_role role, const char *best)
{
    column *chosen = find_column(r, best);
    if (chosen && chosen->role != role)
        chosen = NULL;
    for (size_t i = 0; i < r->n_columns; i++) {
        column *c = &r->columns[i];
        if (c->role == role && !chosen)
            chosen = c;
        if (c->role == role && c != chosen)
            c->role = MCI_COLUMN_EXTRA;
    }
    return chosen;
}

static bool has_text(const reader *r, const char *name)
{
    const column *c = find_column(r, name);
    return c && c->role == MCI_COLUMN_TEXT;
}

/* A "key" is the name of a text only in our own form; elsewhere it is a sample's. */
static void choose_roles(reader *r)
{
    r->is_own_form = find_column(r, "uuid") && find_column(r, "url") && find_column(r, "key") &&
                     has_text(r, "text");
    for (size_t i = 0; i < r->n_columns; i++) {
        column *c = &r->columns[i];
        bool is_of_own_form = c->role == MCI_COLUMN_KEY || c->role == MCI_COLUMN_ENTRIES;
        if (r->is_own_form ? c->role == MCI_COLUMN_TEXT && !is_named(c, "text") : is_of_own_form)
            c->role = MCI_COLUMN_EXTRA;
    }
    r->uuid = choose(r, MCI_COLUMN_UUID, "uuid");
    r->url = choose(r, MCI_COLUMN_URL, "url");
    r->key = choose(r, MCI_COLUMN_KEY, "key");
    r->entries = choose(r, MCI_COLUMN_ENTRIES, "entries");
    r->lang = choose(r, MCI_COLUMN_LANG, "lang");
    r->members = r->is_own_form ? find_column(r, "extra") : NULL;
}

/* Keys of texts are in small letters; a further column must not pass for the record's texts. */
static mc_status name_column(column *c, const char *name, mc_error *err)
{
    bool is_texts = strcmp(name, "texts") == 0;
    MC_TRY(mci_json_add_string(&c->name, mc_str_of(is_texts ? "texts_1" : name), err));
    for (size_t i = 0; c->role == MCI_COLUMN_TEXT && i < c->name.len; i++)
        if (c->name.data[i] >= 'A' && c->name.data[i] <= 'Z')
            c->name.data[i] = (char)(c->name.data[i] - 'A' + 'a');
    return MC_OK;
}

/* #N is DuckDB's word for the N-th column, which needs no quoting. */
static mc_status select_column(reader *r, mci_duck_result *schema, size_t i, mci_buf *sql,
                               mc_error *err)
{
    column *c = &r->columns[i];
    const char *name = r->duck.column_name(schema, i);
    mci_duck_type type = r->duck.column_logical_type(schema, i);
    int id = r->duck.get_type_id(type);
    r->duck.destroy_logical_type(&type);
    bool is_string = id == MCI_DUCK_VARCHAR || id == MCI_DUCK_BLOB;
    c->role = mci_column_role_of(mc_str_of(name));
    if (c->role == MCI_COLUMN_TEXT && !is_string)
        c->role = MCI_COLUMN_EXTRA;
    c->is_raw = id >= MCI_DUCK_BOOLEAN && id <= MCI_DUCK_DOUBLE;
    c->is_left = c->role == MCI_COLUMN_EXTRA && id == MCI_DUCK_BLOB;
    MC_TRY(name_column(c, name, err));
    const char *comma = i > 0 ? ", " : "";
    if (c->is_left)
        return mci_buf_printf(sql, err, "%sNULL::VARCHAR", comma);
    return mci_buf_printf(sql, err, "%s#%zu%s", comma, i + 1, is_string ? "" : "::VARCHAR");
}

static mc_status select_columns(reader *r, mci_duck_result *schema, mci_buf *sql, mc_error *err)
{
    r->n_columns = (size_t)r->duck.column_count(schema);
    r->columns = mci_alloc_zeroed(r->n_columns, sizeof *r->columns);
    if (!r->columns)
        return mci_nomem(err, r->n_columns * sizeof *r->columns);
    MC_TRY(mci_buf_printf(sql, err, "SELECT "));
    for (size_t i = 0; i < r->n_columns; i++)
        MC_TRY(select_column(r, schema, i, sql, err));
    choose_roles(r);
    for (size_t i = 0; i < r->n_columns; i++)
        if (r->columns[i].role == MCI_COLUMN_TEXT)
            return MC_OK;
    return mc_fail(
        err, MC_E_FORMAT,
        "no column of texts: none is called text, caption, alt, title or description and "
        "holds strings");
}

/* ---- the query ---- */

/* Without its table of contents, which a file that is cut has lost, nothing can be read. */
static mc_status end_before_the_first_row(reader *r, mc_status status, const mc_error *why)
{
    if (status != MC_E_FORMAT)
        return status;
    r->end = status;
    r->why = *why;
    r->is_unreadable = true;
    return MC_OK;
}

static mc_status look_at_columns(reader *r, mci_buf *sql, mc_error *err)
{
    char from[96], look[128];
    mci_duck_result schema = { 0 };
    snprintf(from, sizeof from, "FROM read_parquet('%s', hive_partitioning = false)", r->duck.file);
    snprintf(look, sizeof look, "SELECT * %s LIMIT 0", from);
    mc_status status = MC_OK;
    if (r->duck.query(r->duck.connection, look, &schema) != MCI_DUCK_OK) {
        mc_error why = { 0 };
        status = mci_duck_fail(&r->duck, r->duck.result_error(&schema), &why);
        status = end_before_the_first_row(r, status, &why);
        if (status < 0)
            mc_fail(err, status, "%s", why.text);
    } else {
        status = select_columns(r, &schema, sql, err);
    }
    if (status >= 0)
        status = mci_buf_printf(sql, err, " %s", from);
    r->duck.destroy_result(&schema);
    return status;
}

static mc_status start_query(reader *r, const char *sql, mc_error *err)
{
    const mci_duck *duck = &r->duck;
    if (duck->prepare(duck->connection, sql, &r->statement) != MCI_DUCK_OK)
        return mci_duck_fail(duck, duck->prepare_error(r->statement), err);
    if (duck->pending_prepared_streaming(r->statement, &r->pending) != MCI_DUCK_OK)
        return mci_duck_fail(duck, duck->pending_error(r->pending), err);
    /* The table of contents was sound: what fails now is damage of the rows. */
    if (duck->execute_pending(r->pending, &r->result) != MCI_DUCK_OK)
        r->end = mci_duck_fail(duck, duck->result_error(&r->result), &r->why);
    return MC_OK;
}

/* ---- rows ---- */

/* Puts the next chunk in place, or says in r->end why there is none. */
static void fetch(reader *r)
{
    r->n_rows_before += r->n_rows;
    r->row = r->n_rows = 0;
    if (r->chunk)
        r->duck.destroy_data_chunk(&r->chunk);
    r->chunk = r->duck.fetch_chunk(r->result);
    if (!r->chunk) {
        const char *why = r->duck.result_error(&r->result);
        r->end = why ? mci_duck_fail(&r->duck, why, &r->why) : MC_END;
        return;
    }
    r->n_rows = r->duck.data_chunk_get_size(r->chunk);
    for (size_t i = 0; i < r->n_columns; i++) {
        mci_duck_vector vector = r->duck.data_chunk_get_vector(r->chunk, i);
        r->columns[i].values = r->duck.vector_get_data(vector);
        r->columns[i].validity = r->duck.vector_get_validity(vector);
    }
}

static bool has_row(reader *r)
{
    while (r->row == r->n_rows && r->end == MC_OK)
        fetch(r);
    return r->row < r->n_rows;
}

/* The rest of a damaged file cannot be trusted: said once, then it is over. */
static mc_status say_end(reader *r, mc_error *err)
{
    mc_status end = r->end;
    if (end == MC_END)
        return MC_END;
    if (end != MC_E_FORMAT)
        return mc_fail(err, end, "%s", r->why.text);
    r->end = MC_END;
    if (r->is_unreadable)
        return mc_fail(err, MC_SKIPPED, "%s; nothing of it can be read (is it cut?)", r->why.text);
    return mc_fail(err, MC_SKIPPED, "row %" PRIu64 ": %s; what follows is lost", r->n_rows_before,
                   r->why.text);
}

/* ---- records ---- */

/* The row's value; false: there is no such column, or it is NULL. */
static bool value_of(const reader *r, const column *c, mc_str *out)
{
    if (!c || mci_duck_is_null(c->validity, r->row))
        return false;
    *out = mci_duck_str(&c->values[r->row]);
    return true;
}

static mc_status add_raw(mci_buf *line, const char *text, mc_error *err)
{
    return mci_buf_add(line, mc_str_of(text), err);
}

/* DuckDB's text of a number is JSON's, but for inf, -inf and nan. */
static mc_status add_number(mci_buf *line, mc_str text, mc_error *err)
{
    bool is_negative = text.len > 0 && text.data[0] == '-';
    char first = text.len > is_negative ? text.data[is_negative] : '0';
    if (first == 'n')
        return add_raw(line, "NaN", err);
    if (first == 'i')
        return add_raw(line, is_negative ? "-Infinity" : "Infinity", err);
    return mci_buf_add(line, text, err);
}

static mc_status add_member(const reader *r, const column *c, const char *name, mci_buf *line,
                            mc_error *err)
{
    mc_str value;
    if (!value_of(r, c, &value))
        return MC_OK;
    if (line->len > 0 && line->data[line->len - 1] != '{')
        MC_TRY(mci_buf_byte(line, ',', err));
    MC_TRY(name ? add_raw(line, name, err) : mci_buf_add(line, mci_buf_str(&c->name), err));
    MC_TRY(mci_buf_byte(line, ':', err));
    return c->is_raw && !name ? add_number(line, value, err)
                              : mci_json_add_string(line, value, err);
}

/* Behind a text: its ids and its language, as far as they are known. */
static mc_status add_facts(const reader *r, mci_buf *line, mc_error *err)
{
    mc_str entries, lang;
    bool has_lang = value_of(r, r->lang, &lang) && lang.len > 0;
    if (value_of(r, r->entries, &entries)) {
        MC_TRY(mci_buf_byte(line, ',', err));
        MC_TRY(mci_buf_add(line, entries, err)); /* DuckDB's text of a list of numbers is JSON's */
    } else if (has_lang) {
        MC_TRY(add_raw(line, ",null", err));
    }
    if (!has_lang)
        return MC_OK;
    MC_TRY(mci_buf_byte(line, ',', err));
    return mci_json_add_string(line, lang, err);
}

/* A table's empty text counts as none; in our own form only NULL does. */
static mc_status add_text(const reader *r, const column *c, mci_buf *line, mc_error *err)
{
    mc_str text, key;
    bool has_text = value_of(r, c, &text) && (text.len > 0 || r->is_own_form);
    MC_TRY(add_raw(line, line->data[line->len - 1] == '[' ? "[" : ",[", err));
    if (value_of(r, r->key, &key))
        MC_TRY(mci_json_add_string(line, key, err));
    else
        MC_TRY(mci_buf_add(line, mci_buf_str(&c->name), err));
    MC_TRY(mci_buf_byte(line, ',', err));
    MC_TRY(has_text ? mci_json_add_string(line, text, err) : add_raw(line, "null", err));
    if (has_text)
        MC_TRY(add_facts(r, line, err));
    return mci_buf_byte(line, ']', err);
}

static mc_status add_texts(const reader *r, mci_buf *line, mc_error *err)
{
    for (size_t i = 0; i < r->n_columns; i++)
        if (r->columns[i].role == MCI_COLUMN_TEXT)
            MC_TRY(add_text(r, &r->columns[i], line, err));
    return MC_OK;
}

/* The members of the row that stand behind the texts, into r->extra. */
static mc_status note_extra(reader *r, mc_error *err)
{
    mc_str members;
    mci_buf_clear(&r->extra);
    for (size_t i = 0; i < r->n_columns; i++) {
        const column *c = &r->columns[i];
        if (c->role == MCI_COLUMN_EXTRA && c != r->members)
            MC_TRY(add_member(r, c, NULL, &r->extra, err));
    }
    if (!value_of(r, r->members, &members) || members.len <= 2)
        return MC_OK;
    if (r->extra.len > 0)
        MC_TRY(mci_buf_byte(&r->extra, ',', err));
    return mci_buf_append(&r->extra, members.data + 1, members.len - 2, err);
}

/* Whose row this is: its first members, up to the texts. */
static mc_status note_owner(const reader *r, mci_buf *owner, mc_error *err)
{
    mci_buf_clear(owner);
    MC_TRY(mci_buf_byte(owner, '{', err));
    MC_TRY(add_member(r, r->uuid, "\"uuid\"", owner, err));
    return add_member(r, r->url, "\"url\"", owner, err);
}

/* Adds the texts of the rows that follow and belong to the same image. */
static mc_status add_further_rows(reader *r, mci_buf *line, mc_error *err)
{
    while (line->len < MAX_RECORD_BYTES && has_row(r)) {
        MC_TRY(note_owner(r, &r->other, err));
        if (!mc_str_equal(mci_buf_str(&r->owner), mci_buf_str(&r->other)))
            break;
        MC_TRY(add_texts(r, line, err));
        r->row++;
    }
    return MC_OK;
}

static mc_status next_record(void *self, mci_buf *line, uint64_t *offset, mc_error *err)
{
    reader *r = self;
    mci_buf_clear(line);
    if (!has_row(r))
        return say_end(r, err);
    *offset = r->n_rows_before + r->row;
    MC_TRY(note_owner(r, &r->owner, err));
    MC_TRY(note_extra(r, err));
    MC_TRY(mci_buf_add(line, mci_buf_str(&r->owner), err));
    MC_TRY(add_raw(line, line->len > 1 ? ",\"texts\":[" : "\"texts\":[", err));
    MC_TRY(add_texts(r, line, err));
    r->row++;
    if (r->is_own_form && r->owner.len > 1)
        MC_TRY(add_further_rows(r, line, err));
    MC_TRY(add_raw(line, r->extra.len > 0 ? "]," : "]", err));
    MC_TRY(mci_buf_add(line, mci_buf_str(&r->extra), err));
    return mci_buf_byte(line, '}', err);
}

/* ---- open and close ---- */

static void close_reader(void *self)
{
    reader *r = self;
    if (r->chunk)
        r->duck.destroy_data_chunk(&r->chunk);
    if (r->duck.database) {
        r->duck.destroy_result(&r->result);
        r->duck.destroy_pending(&r->pending);
        r->duck.destroy_prepare(&r->statement);
    }
    mci_duck_close(&r->duck);
    for (size_t i = 0; i < r->n_columns; i++)
        mci_buf_release(&r->columns[i].name);
    mci_free(r->columns);
    mci_buf_release(&r->extra);
    mci_buf_release(&r->owner);
    mci_buf_release(&r->other);
    if (r->fd >= 0)
        close(r->fd);
    mci_free(r);
}

static mc_status open_file(reader *r, const char *path, mc_error *err)
{
    struct stat info;
    r->fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                   : open(path, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0 || fstat(r->fd, &info) != 0)
        return mc_fail(err, MC_E_IO, "%s", strerror(errno));
    if (!S_ISREG(info.st_mode))
        return mc_fail(err, MC_E_IO, "Parquet can only be read from a file: its end comes first");
    return MC_OK;
}

static mc_status open_reader(reader *r, const char *path, mc_error *err)
{
    mci_buf sql = { 0 };
    MC_TRY(open_file(r, path, err));
    MC_TRY(mci_duck_open(&r->duck, r->fd, err));
    mc_status status = look_at_columns(r, &sql, err);
    if (status >= 0 && !r->is_unreadable)
        status = start_query(r, sql.data, err);
    mci_buf_release(&sql);
    return status;
}

mc_status mci_parquet_open(const char *path, mci_rows *out, mc_error *err)
{
    reader *r = mci_alloc_zeroed(1, sizeof *r);
    if (!r)
        return mci_nomem(err, sizeof *r);
    r->fd = -1;
    mc_status status = open_reader(r, path, err);
    if (status < 0) {
        close_reader(r);
        return status;
    }
    *out = (mci_rows){ r, next_record, close_reader };
    return MC_OK;
}
