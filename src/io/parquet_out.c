#include "io/parquet_out.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/files.h"
#include "io/duckdb_api.h"
#include "io/output.h"

enum {
    CHUNK_BYTES = 4 << 20,      /* so much text at most goes into a chunk, long rows apart */
    FLUSH_BYTES = 32 << 20,     /* and so much waits to be put into the table */
    ROW_GROUP_BYTES = 64 << 20, /* of text: what a reader has to hold */
    ROW_GROUP_ROWS = 122880,    /* DuckDB's own default */
    COPY_BYTES = 1 << 18,
};

enum { UUID, URL, KEY, TEXT, ENTRIES, LANG, EXTRA, N_COLUMNS };

struct mci_parquet_out {
    mci_output *file;
    char *path;
    mci_buf spill; /* the folder's path, with a NUL */
    int fd;        /* of the nameless file that DuckDB writes */
    mci_duck duck;
    mci_duck_appender appender;
    mci_duck_chunk chunk;
    uint64_t chunk_rows, chunk_cap, chunk_entries;
    uint64_t chunk_bytes, waiting_bytes; /* of text: in the chunk, in the appender */
    uint64_t n_rows, n_bytes;            /* in all */
    mci_buf braced;                      /* a record's extra as an object */
};

bool mci_is_parquet_name(const char *path)
{
    static const char suffix[] = ".parquet";
    size_t n = strlen(path), m = sizeof suffix - 1;
    return n > m && strcmp(path + n - m, suffix) == 0;
}

mc_status mci_parquet_check(mc_error *err)
{
    mci_duck duck = { 0 };
    mc_status status = mci_duck_open(&duck, STDERR_FILENO, NULL, err);
    mci_duck_close(&duck);
    return status;
}

/* ---- places ---- */

/* FOLDER/.NAME.tmp and the suffix. */
static mc_status temporary_name(const char *path, const char *suffix, mci_buf *out, mc_error *err)
{
    size_t n = mci_folder_length(path);
    return mci_buf_printf(out, err, "%.*s.%s.tmp%s", (int)n, path, path + n, suffix);
}

/* DuckDB gets a file that has no name any more: nothing of it can be left behind. */
static mc_status open_nameless(mci_parquet_out *table, mc_error *err)
{
    mci_buf name = { 0 };
    mc_status status = temporary_name(table->path, ".parquet", &name, err);
    if (status >= 0) {
        table->fd = open(name.data, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (table->fd < 0 || unlink(name.data) != 0)
            status = mci_fail_errno(err, table->path, "cannot create a file beside it");
    }
    mci_buf_release(&name);
    return status;
}

/* ---- the table ---- */

static mc_status make_chunk(mci_parquet_out *table, mc_error *err)
{
    const mci_duck *duck = &table->duck;
    mci_duck_type string = duck->create_logical_type(MCI_DUCK_VARCHAR);
    mci_duck_type id = duck->create_logical_type(MCI_DUCK_UINTEGER);
    mci_duck_type ids = duck->create_list_type(id);
    mci_duck_type types[N_COLUMNS];
    for (int i = 0; i < N_COLUMNS; i++)
        types[i] = i == ENTRIES ? ids : string;
    table->chunk = duck->create_data_chunk(types, N_COLUMNS);
    table->chunk_cap = duck->vector_size();
    duck->destroy_logical_type(&ids);
    duck->destroy_logical_type(&id);
    duck->destroy_logical_type(&string);
    return table->chunk ? MC_OK : mc_fail(err, MC_E_NOMEM, "DuckDB cannot make a chunk");
}

static mc_status appender_failed(const mci_parquet_out *table, mc_error *err)
{
    return mci_duck_fail(&table->duck, table->duck.appender_error(table->appender), err);
}

static mc_status make_table(mci_parquet_out *table, mc_error *err)
{
    MC_TRY(mci_duck_open(&table->duck, table->fd, table->spill.data, err));
    MC_TRY(mci_duck_run(&table->duck,
                        "CREATE TABLE pairs (uuid VARCHAR, url VARCHAR, key VARCHAR, text VARCHAR, "
                        "entries UINTEGER[], lang VARCHAR, extra VARCHAR)",
                        err));
    MC_TRY(make_chunk(table, err));
    if (table->duck.appender_create(table->duck.connection, NULL, "pairs", &table->appender) !=
        MCI_DUCK_OK)
        return appender_failed(table, err);
    return MC_OK;
}

static mc_status open_table(mci_parquet_out *table, const char *path, mc_error *err)
{
    mci_buf copy = { 0 };
    MC_TRY(mci_buf_printf(&copy, err, "%s", path));
    table->path = copy.data;
    MC_TRY(mci_output_open(path, MCI_PLAIN, &table->file, err));
    MC_TRY(temporary_name(path, ".spill", &table->spill, err));
    mci_remove_folder(table->spill.data, 0);
    MC_TRY(open_nameless(table, err));
    mc_status status = make_table(table, err);
    return status < 0 ? mc_add_context(err, status, "%s", path) : MC_OK;
}

mc_status mci_parquet_out_open(const char *path, mci_parquet_out **out, mc_error *err)
{
    mci_parquet_out *table = mci_alloc_zeroed(1, sizeof *table);
    if (!table)
        return mci_nomem(err, sizeof *table);
    table->fd = -1;
    mc_status status = open_table(table, path, err);
    if (status < 0)
        mci_parquet_out_abort(table);
    else
        *out = table;
    return status;
}

void mci_parquet_out_abort(mci_parquet_out *table)
{
    if (!table)
        return;
    if (table->chunk)
        table->duck.destroy_data_chunk(&table->chunk);
    if (table->appender)
        table->duck.appender_destroy(&table->appender);
    mci_duck_close(&table->duck);
    if (table->spill.data)
        mci_remove_folder(table->spill.data, 0);
    if (table->fd >= 0)
        close(table->fd);
    mci_output_abort(table->file);
    mci_buf_release(&table->spill);
    mci_buf_release(&table->braced);
    mci_free(table->path);
    mci_free(table);
}

/* ---- rows ---- */

static mc_status flush_chunk(mci_parquet_out *table, mc_error *err)
{
    const mci_duck *duck = &table->duck;
    if (table->chunk_rows == 0)
        return MC_OK;
    duck->data_chunk_set_size(table->chunk, table->chunk_rows);
    if (duck->append_data_chunk(table->appender, table->chunk) != MCI_DUCK_OK)
        return appender_failed(table, err);
    duck->data_chunk_reset(table->chunk);
    table->n_rows += table->chunk_rows;
    table->n_bytes += table->chunk_bytes;
    table->waiting_bytes += table->chunk_bytes;
    table->chunk_rows = table->chunk_entries = table->chunk_bytes = 0;
    if (table->waiting_bytes < FLUSH_BYTES)
        return MC_OK;
    table->waiting_bytes = 0;
    return duck->appender_flush(table->appender) == MCI_DUCK_OK ? MC_OK
                                                                : appender_failed(table, err);
}

static void put_null(mci_parquet_out *table, int column)
{
    mci_duck_vector vector = table->duck.data_chunk_get_vector(table->chunk, (uint64_t)column);
    table->duck.vector_ensure_validity_writable(vector);
    table->duck.validity_set_row_invalid(table->duck.vector_get_validity(vector),
                                         table->chunk_rows);
}

static void put_string(mci_parquet_out *table, int column, mc_str value)
{
    mci_duck_vector vector = table->duck.data_chunk_get_vector(table->chunk, (uint64_t)column);
    table->duck.vector_assign_string_element_len(vector, table->chunk_rows,
                                                 value.len > 0 ? value.data : "", value.len);
    table->chunk_bytes += value.len;
}

static void put_string_or_null(mci_parquet_out *table, int column, mc_str value)
{
    if (value.len > 0)
        put_string(table, column, value);
    else
        put_null(table, column);
}

static mc_status put_entries(mci_parquet_out *table, const mc_text *text, mc_error *err)
{
    const mci_duck *duck = &table->duck;
    mci_duck_vector vector = duck->data_chunk_get_vector(table->chunk, ENTRIES);
    uint64_t n = table->chunk_entries + text->n_entries;
    if (duck->list_vector_reserve(vector, n) != MCI_DUCK_OK ||
        duck->list_vector_set_size(vector, n) != MCI_DUCK_OK)
        return mci_nomem(err, n * sizeof *text->entries);
    mci_duck_list *lists = duck->vector_get_data(vector);
    uint32_t *ids = duck->vector_get_data(duck->list_vector_get_child(vector));
    lists[table->chunk_rows] = (mci_duck_list){ table->chunk_entries, text->n_entries };
    if (text->n_entries > 0)
        memcpy(ids + table->chunk_entries, text->entries, text->n_entries * sizeof *ids);
    table->chunk_entries = n;
    table->chunk_bytes += text->n_entries * sizeof *ids;
    return MC_OK;
}

static mc_status add_row(mci_parquet_out *table, const mc_record *record, const mc_text *text,
                         mc_error *err)
{
    put_string(table, UUID, record->uuid);
    put_string(table, URL, record->url);
    put_string(table, KEY, text->key);
    put_string(table, TEXT, text->text);
    put_string_or_null(table, LANG, text->lang);
    put_string_or_null(table, EXTRA, mci_buf_str(&table->braced));
    if (text->is_matched)
        MC_TRY(put_entries(table, text, err));
    else
        put_null(table, ENTRIES);
    table->chunk_rows++;
    if (table->chunk_rows == table->chunk_cap || table->chunk_bytes >= CHUNK_BYTES)
        MC_TRY(flush_chunk(table, err));
    return MC_OK;
}

static mc_status add_rows(mci_parquet_out *table, const mc_record *record, mc_error *err)
{
    mci_buf_clear(&table->braced);
    if (record->extra.len > 0) {
        MC_TRY(mci_buf_byte(&table->braced, '{', err));
        MC_TRY(mci_buf_add(&table->braced, record->extra, err));
        MC_TRY(mci_buf_byte(&table->braced, '}', err));
    }
    for (size_t i = 0; i < record->n_texts; i++)
        MC_TRY(add_row(table, record, &record->texts[i], err));
    return MC_OK;
}

mc_status mci_parquet_out_add(mci_parquet_out *table, const mc_record *record, mc_error *err)
{
    mc_status status = add_rows(table, record, err);
    return status < 0 ? mc_add_context(err, status, "%s", table->path) : MC_OK;
}

/* ---- the end ---- */

/* Long rows make smaller groups. */
static uint64_t rows_of_group(const mci_parquet_out *table)
{
    uint64_t row_bytes = table->n_rows ? table->n_bytes / table->n_rows + 1 : 1;
    uint64_t n = ROW_GROUP_BYTES / row_bytes;
    if (n > ROW_GROUP_ROWS)
        return ROW_GROUP_ROWS;
    return n < table->chunk_cap ? table->chunk_cap : n;
}

static mc_status write_nameless(mci_parquet_out *table, mc_error *err)
{
    char sql[192];
    MC_TRY(flush_chunk(table, err));
    if (table->duck.appender_flush(table->appender) != MCI_DUCK_OK)
        return appender_failed(table, err);
    snprintf(sql, sizeof sql,
             "COPY pairs TO '%s' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE %" PRIu64
             ", USE_TMP_FILE false)",
             table->duck.file, rows_of_group(table));
    return mci_duck_run(&table->duck, sql, err);
}

static mc_status copy_nameless(const mci_parquet_out *table, mc_error *err)
{
    mci_buf bytes = { 0 };
    mc_status status = mci_buf_reserve(&bytes, COPY_BYTES, err);
    for (off_t at = 0; status >= 0;) {
        ssize_t n = pread(table->fd, bytes.data, COPY_BYTES, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n < 0)
                status = mci_fail_errno(err, table->path, "cannot read what was written");
            break;
        }
        status = mci_output_write(table->file, (mc_str){ bytes.data, (size_t)n }, err);
        at += n;
    }
    mci_buf_release(&bytes);
    return status;
}

mc_status mci_parquet_out_commit(mci_parquet_out *table, mc_error *err)
{
    mc_status status = write_nameless(table, err);
    if (status < 0)
        mc_add_context(err, status, "%s", table->path);
    else
        status = copy_nameless(table, err);
    if (status >= 0) {
        status = mci_output_commit(table->file, err);
        table->file = NULL;
    }
    mci_parquet_out_abort(table);
    return status;
}
