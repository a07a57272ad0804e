/* A file is "PAR1", row groups, the table of contents, its length, "PAR1":
 *
 *   rows -> columns -> pages -> row group: the columns' chunks, one behind the other
 *                                   |
 *   what the table of contents says of it: kept until the end
 *
 * So memory holds one row group, compressed, and a page of each column. */
#include "io/parquet_out.h"

#include "base/alloc.h"
#include "io/output.h"
#include "io/parquet_column.h"

enum {
    ROW_GROUP_BYTES = 64 << 20, /* of text: what a reader has to hold */
    ROW_GROUP_ROWS = 122880,    /* as DuckDB does by default */
    ZSTD_LEVEL = 1,             /* 3 takes half as long again for 3 % */
    FILE_VERSION = 1,
    GROUP_BYTES = 64,
    NAME_BYTES = 64
};

enum { UUID, URL, KEY, TEXT, ENTRIES, LANG, EXTRA, N_COLUMNS };

static const struct {
    const char *name;
    mci_parquet_kind kind;
} columns[N_COLUMNS] = {
    [UUID] = { "uuid", MCI_PARQUET_STRING },
    [URL] = { "url", MCI_PARQUET_STRING },
    [KEY] = { "key", MCI_PARQUET_STRING },
    [TEXT] = { "text", MCI_PARQUET_STRING },
    [ENTRIES] = { "entries", MCI_PARQUET_IDS },
    [LANG] = { "lang", MCI_PARQUET_OPTIONAL_STRING },
    [EXTRA] = { "extra", MCI_PARQUET_OPTIONAL_STRING },
};

static const char magic[] = "PAR1";

struct mci_parquet_out {
    mci_output *file;
    char *path;
    ZSTD_CCtx *zstd;
    mci_parquet_column columns[N_COLUMNS];
    uint64_t group_rows, group_bytes; /* of text, in the row group */
    uint64_t n_rows, n_groups;        /* in all */
    uint64_t offset;                  /* bytes written */
    mci_buf groups;                   /* what the table of contents says of the row groups */
    mci_buf contents;
    mci_buf braced; /* a record's extra as an object */
};

bool mci_is_parquet_name(const char *path)
{
    static const char suffix[] = ".parquet";
    size_t n = strlen(path), m = sizeof suffix - 1;
    return n > m && strcmp(path + n - m, suffix) == 0;
}

/* ---- opening ---- */

static mc_status write_bytes(mci_parquet_out *table, mc_str bytes, mc_error *err)
{
    table->offset += bytes.len;
    return mci_output_write(table->file, bytes, err);
}

static mc_status open_table(mci_parquet_out *table, const char *path, mc_error *err)
{
    mci_buf copy = { 0 };
    MC_TRY(mci_buf_printf(&copy, err, "%s", path));
    table->path = copy.data;
    for (size_t i = 0; i < N_COLUMNS; i++) {
        table->columns[i].name = columns[i].name;
        table->columns[i].kind = columns[i].kind;
    }
    table->zstd = ZSTD_createCCtx();
    if (!table->zstd)
        return mci_nomem(err, 0);
    ZSTD_CCtx_setParameter(table->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
    MC_TRY(mci_output_open(path, MCI_PLAIN, &table->file, err));
    return write_bytes(table, mc_str_of(magic), err);
}

mc_status mci_parquet_out_open(const char *path, mci_parquet_out **out, mc_error *err)
{
    mci_parquet_out *table = mci_alloc_zeroed(1, sizeof *table);
    if (!table)
        return mci_nomem(err, sizeof *table);
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
    for (size_t i = 0; i < N_COLUMNS; i++)
        mci_parquet_column_release(&table->columns[i]);
    ZSTD_freeCCtx(table->zstd);
    mci_output_abort(table->file);
    mci_buf_release(&table->groups);
    mci_buf_release(&table->contents);
    mci_buf_release(&table->braced);
    mci_free(table->path);
    mci_free(table);
}

/* ---- row groups ---- */

static mc_status write_chunks(mci_parquet_out *table, mci_thrift *thrift, mc_error *err)
{
    mci_thrift_list(thrift, 1, MCI_THRIFT_STRUCT, N_COLUMNS);
    for (size_t i = 0; i < N_COLUMNS; i++) {
        mci_parquet_column *column = &table->columns[i];
        MC_TRY(mci_parquet_column_end(column, table->zstd, err));
        mci_parquet_column_meta(column, table->offset, thrift);
        MC_TRY(write_bytes(table, mci_buf_str(&column->chunk), err));
    }
    return MC_OK;
}

static mc_status end_group(mci_parquet_out *table, mc_error *err)
{
    mci_thrift thrift = { .out = &table->groups };
    uint64_t start = table->offset, n_bytes = 0;
    if (table->group_rows == 0)
        return MC_OK;
    MC_TRY(mci_buf_reserve(&table->groups, GROUP_BYTES + N_COLUMNS * MCI_PARQUET_META_BYTES, err));
    MC_TRY(write_chunks(table, &thrift, err));
    for (size_t i = 0; i < N_COLUMNS; i++) {
        n_bytes += table->columns[i].n_bytes;
        mci_parquet_column_reset(&table->columns[i]);
    }
    mci_thrift_i64(&thrift, 2, (int64_t)n_bytes);
    mci_thrift_i64(&thrift, 3, (int64_t)table->group_rows);
    mci_thrift_i64(&thrift, 5, (int64_t)start);
    mci_thrift_i64(&thrift, 6, (int64_t)(table->offset - start));
    mci_thrift_end(&thrift);
    table->n_rows += table->group_rows;
    table->n_groups++;
    table->group_rows = table->group_bytes = 0;
    return MC_OK;
}

/* ---- rows ---- */

static mc_status put_string(mci_parquet_out *table, int column, mc_str value, mc_error *err)
{
    table->group_bytes += value.len;
    return mci_parquet_column_string(&table->columns[column], value, table->zstd, err);
}

static mc_status put_string_or_null(mci_parquet_out *table, int column, mc_str value, mc_error *err)
{
    if (value.len > 0)
        return put_string(table, column, value, err);
    return mci_parquet_column_null(&table->columns[column], table->zstd, err);
}

static mc_status put_entries(mci_parquet_out *table, const mc_text *text, mc_error *err)
{
    mci_parquet_column *column = &table->columns[ENTRIES];
    if (!text->is_matched)
        return mci_parquet_column_null(column, table->zstd, err);
    table->group_bytes += text->n_entries * sizeof *text->entries;
    return mci_parquet_column_ids(column, text->entries, text->n_entries, table->zstd, err);
}

static mc_status add_row(mci_parquet_out *table, const mc_record *record, const mc_text *text,
                         mc_error *err)
{
    MC_TRY(put_string(table, UUID, record->uuid, err));
    MC_TRY(put_string(table, URL, record->url, err));
    MC_TRY(put_string(table, KEY, text->key, err));
    MC_TRY(put_string(table, TEXT, text->text, err));
    MC_TRY(put_entries(table, text, err));
    MC_TRY(put_string_or_null(table, LANG, text->lang, err));
    MC_TRY(put_string_or_null(table, EXTRA, mci_buf_str(&table->braced), err));
    table->group_rows++;
    bool is_full = table->group_rows == ROW_GROUP_ROWS || table->group_bytes >= ROW_GROUP_BYTES;
    return is_full ? end_group(table, err) : MC_OK;
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

static void put_schema(const mci_parquet_out *table, mci_thrift *thrift)
{
    size_t n = 1;
    for (size_t i = 0; i < N_COLUMNS; i++)
        n += mci_parquet_column_schema_elements(&table->columns[i]);
    mci_thrift_list(thrift, 2, MCI_THRIFT_STRUCT, n);
    mci_thrift_element_begin(thrift);
    mci_thrift_string(thrift, 4, "pairs");
    mci_thrift_i32(thrift, 5, N_COLUMNS);
    mci_thrift_end(thrift);
    for (size_t i = 0; i < N_COLUMNS; i++)
        mci_parquet_column_schema(&table->columns[i], thrift);
}

static mc_status make_contents(mci_parquet_out *table, mc_error *err)
{
    mci_buf *out = &table->contents;
    mci_thrift thrift = { .out = out };
    MC_TRY(mci_buf_reserve(
        out, table->groups.len + N_COLUMNS * MCI_PARQUET_META_BYTES + GROUP_BYTES + NAME_BYTES,
        err));
    mci_thrift_i32(&thrift, 1, FILE_VERSION);
    put_schema(table, &thrift);
    mci_thrift_i64(&thrift, 3, (int64_t)table->n_rows);
    mci_thrift_list(&thrift, 4, MCI_THRIFT_STRUCT, table->n_groups);
    MC_TRY(mci_buf_add(out, mci_buf_str(&table->groups), err));
    mci_thrift_string(&thrift, 6, "metaclip version " METACLIP_VERSION);
    mci_thrift_end(&thrift);
    return MC_OK;
}

static mc_status write_end(mci_parquet_out *table, mc_error *err)
{
    char length[4];
    MC_TRY(end_group(table, err));
    MC_TRY(make_contents(table, err));
    if (table->contents.len > INT32_MAX)
        return mc_fail(err, MC_E_LIMIT, "a table of contents of 2 GiB; write several files");
    for (int i = 0; i < 4; i++)
        length[i] = (char)(table->contents.len >> 8 * i);
    MC_TRY(write_bytes(table, mci_buf_str(&table->contents), err));
    MC_TRY(write_bytes(table, (mc_str){ length, sizeof length }, err));
    return write_bytes(table, mc_str_of(magic), err);
}

mc_status mci_parquet_out_commit(mci_parquet_out *table, mc_error *err)
{
    mc_status status = write_end(table, err);
    if (status < 0)
        mc_add_context(err, status, "%s", table->path);
    if (status >= 0) {
        status = mci_output_commit(table->file, err);
        table->file = NULL;
    }
    mci_parquet_out_abort(table);
    return status;
}
