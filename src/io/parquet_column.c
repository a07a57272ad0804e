#include "io/parquet_column.h"

#include "base/alloc.h"
#include "io/parquet_levels.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "numbers are written as they lie in memory"
#endif

enum {
    PAGE_BYTES = 1 << 20,
    MAX_VALUE_BYTES = 1 << 30, /* a page counts its bytes in 31 bits */
    HEADER_BYTES = 64,
    KEPT_BYTES = 8 << 20,
};

/* The format's numbers. */
enum {
    TYPE_INT32 = 1,
    TYPE_BYTE_ARRAY = 6,
    IS_REQUIRED = 0,
    IS_OPTIONAL = 1,
    IS_REPEATED = 2,
    CONVERTED_UTF8 = 0,
    CONVERTED_LIST = 3,
    CONVERTED_UINT_32 = 13,
    LOGICAL_STRING = 1,
    LOGICAL_LIST = 3,
    LOGICAL_INTEGER = 10,
    ENCODING_PLAIN = 0,
    ENCODING_RLE = 3,
    CODEC_ZSTD = 6,
    PAGE_OF_DATA = 0,
};

void mci_parquet_column_release(mci_parquet_column *column)
{
    mci_buf_release(&column->values);
    mci_buf_release(&column->repeats);
    mci_buf_release(&column->defines);
    mci_buf_release(&column->page);
    mci_buf_release(&column->chunk);
}

/* ---- pages ---- */

static mc_status put_u32(mci_buf *out, uint32_t value, mc_error *err)
{
    return mci_buf_append(out, &value, sizeof value, err);
}

/* Levels in the first form of pages have their length before them. */
static mc_status add_levels(const mci_buf *levels, unsigned width, mci_buf *page, mc_error *err)
{
    size_t at = page->len;
    MC_TRY(put_u32(page, 0, err));
    MC_TRY(mci_parquet_add_levels((const uint8_t *)levels->data, levels->len, width, page, err));
    uint32_t n = (uint32_t)(page->len - at - sizeof n);
    memcpy(page->data + at, &n, sizeof n);
    return MC_OK;
}

/* What the page holds: the values alone where every row has one. */
static mc_status page_content(mci_parquet_column *column, mc_str *out, mc_error *err)
{
    *out = mci_buf_str(&column->values);
    if (column->kind == MCI_PARQUET_STRING)
        return MC_OK;
    bool has_lists = column->kind == MCI_PARQUET_IDS;
    mci_buf_clear(&column->page);
    if (has_lists)
        MC_TRY(add_levels(&column->repeats, 1, &column->page, err));
    MC_TRY(add_levels(&column->defines, has_lists ? 2 : 1, &column->page, err));
    MC_TRY(mci_buf_add(&column->page, *out, err));
    *out = mci_buf_str(&column->page);
    return MC_OK;
}

static void put_page_header(mci_parquet_column *column, size_t n_raw, size_t n_packed)
{
    mci_thrift thrift = { .out = &column->chunk };
    mci_thrift_i32(&thrift, 1, PAGE_OF_DATA);
    mci_thrift_i32(&thrift, 2, (int32_t)n_raw);
    mci_thrift_i32(&thrift, 3, (int32_t)n_packed);
    mci_thrift_begin(&thrift, 5);
    mci_thrift_i32(&thrift, 1, (int32_t)column->defines.len);
    mci_thrift_i32(&thrift, 2, ENCODING_PLAIN);
    mci_thrift_i32(&thrift, 3, ENCODING_RLE);
    mci_thrift_i32(&thrift, 4, ENCODING_RLE);
    mci_thrift_end(&thrift);
    mci_thrift_end(&thrift);
}

/* The header comes first and says how long the compressed page is, so that is made behind the room
 * that a header takes at most, and moved. */
static mc_status end_page(mci_parquet_column *column, ZSTD_CCtx *zstd, mc_error *err)
{
    mc_str raw;
    mci_buf *chunk = &column->chunk;
    if (column->defines.len == 0)
        return MC_OK;
    MC_TRY(page_content(column, &raw, err));
    size_t bound = ZSTD_compressBound(raw.len);
    MC_TRY(mci_buf_reserve(chunk, HEADER_BYTES + bound, err));
    char *packed = chunk->data + chunk->len + HEADER_BYTES;
    size_t n = ZSTD_compress2(zstd, packed, bound, raw.data, raw.len);
    if (ZSTD_isError(n))
        return mc_fail(err, MC_E_BACKEND, "zstd compression failed: %s", ZSTD_getErrorName(n));
    size_t start = chunk->len;
    put_page_header(column, raw.len, n);
    column->n_bytes += chunk->len - start + raw.len;
    memmove(chunk->data + chunk->len, packed, n);
    chunk->len += n;
    column->n_values += column->defines.len;
    mci_buf_clear(&column->values);
    mci_buf_clear(&column->repeats);
    mci_buf_clear(&column->defines);
    return MC_OK;
}

static mc_status end_row(mci_parquet_column *column, ZSTD_CCtx *zstd, mc_error *err)
{
    bool is_full = column->values.len >= PAGE_BYTES || column->defines.len >= PAGE_BYTES;
    return is_full ? end_page(column, zstd, err) : MC_OK;
}

/* ---- rows ---- */

static mc_status too_long(const mci_parquet_column *column, mc_error *err)
{
    return mc_fail(err, MC_E_LIMIT,
                   "a value of the column %s is larger than Parquet's pages can be (1 GiB); write "
                   "JSON Lines",
                   column->name);
}

mc_status mci_parquet_column_string(mci_parquet_column *column, mc_str value, ZSTD_CCtx *zstd,
                                    mc_error *err)
{
    if (value.len > MAX_VALUE_BYTES)
        return too_long(column, err);
    MC_TRY(put_u32(&column->values, (uint32_t)value.len, err));
    MC_TRY(mci_buf_add(&column->values, value, err));
    MC_TRY(mci_buf_byte(&column->defines, 1, err));
    return end_row(column, zstd, err);
}

mc_status mci_parquet_column_null(mci_parquet_column *column, ZSTD_CCtx *zstd, mc_error *err)
{
    column->n_null++;
    if (column->kind == MCI_PARQUET_IDS)
        MC_TRY(mci_buf_byte(&column->repeats, 0, err));
    MC_TRY(mci_buf_byte(&column->defines, 0, err));
    return end_row(column, zstd, err);
}

mc_status mci_parquet_column_ids(mci_parquet_column *column, const uint32_t *ids, size_t n,
                                 ZSTD_CCtx *zstd, mc_error *err)
{
    size_t n_levels = n ? n : 1;
    if (n > MAX_VALUE_BYTES / sizeof *ids)
        return too_long(column, err);
    MC_TRY(mci_buf_reserve(&column->repeats, n_levels, err));
    MC_TRY(mci_buf_reserve(&column->defines, n_levels, err));
    memset(column->repeats.data + column->repeats.len, 1, n_levels);
    column->repeats.data[column->repeats.len] = 0;
    memset(column->defines.data + column->defines.len, n ? 2 : 1, n_levels);
    column->repeats.len += n_levels;
    column->defines.len += n_levels;
    column->n_null += n == 0;
    MC_TRY(mci_buf_append(&column->values, ids, n * sizeof *ids, err));
    return end_row(column, zstd, err);
}

mc_status mci_parquet_column_end(mci_parquet_column *column, ZSTD_CCtx *zstd, mc_error *err)
{
    return end_page(column, zstd, err);
}

static void shrink(mci_buf *buf)
{
    mci_buf_clear(buf);
    if (buf->cap > KEPT_BYTES)
        mci_buf_release(buf);
}

void mci_parquet_column_reset(mci_parquet_column *column)
{
    shrink(&column->values);
    shrink(&column->repeats);
    shrink(&column->defines);
    shrink(&column->page);
    mci_buf_clear(&column->chunk);
    column->n_values = column->n_null = column->n_bytes = 0;
}

/* ---- what the file says of it ---- */

/* Names of a type's last element, and what it is. */
static void put_leaf(mci_thrift *thrift, int type, int repetition, const char *name, int converted)
{
    mci_thrift_i32(thrift, 1, type);
    mci_thrift_i32(thrift, 3, repetition);
    mci_thrift_string(thrift, 4, name);
    mci_thrift_i32(thrift, 6, converted);
}

static void put_string_schema(const mci_parquet_column *column, mci_thrift *thrift)
{
    bool is_required = column->kind == MCI_PARQUET_STRING;
    mci_thrift_element_begin(thrift);
    put_leaf(thrift, TYPE_BYTE_ARRAY, is_required ? IS_REQUIRED : IS_OPTIONAL, column->name,
             CONVERTED_UTF8);
    mci_thrift_begin(thrift, 10);
    mci_thrift_begin(thrift, LOGICAL_STRING);
    mci_thrift_end(thrift);
    mci_thrift_end(thrift);
    mci_thrift_end(thrift);
}

/* optional group NAME (LIST) { repeated group list { required int32 element (UINT_32) } } */
static void put_list_schema(const mci_parquet_column *column, mci_thrift *thrift)
{
    mci_thrift_element_begin(thrift);
    mci_thrift_i32(thrift, 3, IS_OPTIONAL);
    mci_thrift_string(thrift, 4, column->name);
    mci_thrift_i32(thrift, 5, 1);
    mci_thrift_i32(thrift, 6, CONVERTED_LIST);
    mci_thrift_begin(thrift, 10);
    mci_thrift_begin(thrift, LOGICAL_LIST);
    mci_thrift_end(thrift);
    mci_thrift_end(thrift);
    mci_thrift_end(thrift);

    mci_thrift_element_begin(thrift);
    mci_thrift_i32(thrift, 3, IS_REPEATED);
    mci_thrift_string(thrift, 4, "list");
    mci_thrift_i32(thrift, 5, 1);
    mci_thrift_end(thrift);

    mci_thrift_element_begin(thrift);
    put_leaf(thrift, TYPE_INT32, IS_REQUIRED, "element", CONVERTED_UINT_32);
    mci_thrift_begin(thrift, 10);
    mci_thrift_begin(thrift, LOGICAL_INTEGER);
    mci_thrift_i8(thrift, 1, 32);
    mci_thrift_bool(thrift, 2, false);
    mci_thrift_end(thrift);
    mci_thrift_end(thrift);
    mci_thrift_end(thrift);
}

void mci_parquet_column_schema(const mci_parquet_column *column, mci_thrift *thrift)
{
    if (column->kind == MCI_PARQUET_IDS)
        put_list_schema(column, thrift);
    else
        put_string_schema(column, thrift);
}

size_t mci_parquet_column_schema_elements(const mci_parquet_column *column)
{
    return column->kind == MCI_PARQUET_IDS ? 3 : 1;
}

static void put_path(const mci_parquet_column *column, mci_thrift *thrift)
{
    bool is_list = column->kind == MCI_PARQUET_IDS;
    mci_thrift_list(thrift, 3, MCI_THRIFT_STRING, is_list ? 3 : 1);
    mci_thrift_element_string(thrift, column->name);
    if (is_list) {
        mci_thrift_element_string(thrift, "list");
        mci_thrift_element_string(thrift, "element");
    }
}

void mci_parquet_column_meta(const mci_parquet_column *column, uint64_t offset, mci_thrift *thrift)
{
    mci_thrift_element_begin(thrift);
    mci_thrift_i64(thrift, 2, (int64_t)offset);
    mci_thrift_begin(thrift, 3);
    mci_thrift_i32(thrift, 1, column->kind == MCI_PARQUET_IDS ? TYPE_INT32 : TYPE_BYTE_ARRAY);
    mci_thrift_list(thrift, 2, MCI_THRIFT_I32, 2);
    mci_thrift_element_i32(thrift, ENCODING_PLAIN);
    mci_thrift_element_i32(thrift, ENCODING_RLE);
    put_path(column, thrift);
    mci_thrift_i32(thrift, 4, CODEC_ZSTD);
    mci_thrift_i64(thrift, 5, (int64_t)column->n_values);
    mci_thrift_i64(thrift, 6, (int64_t)column->n_bytes);
    mci_thrift_i64(thrift, 7, (int64_t)column->chunk.len);
    mci_thrift_i64(thrift, 9, (int64_t)offset);
    mci_thrift_begin(thrift, 12);
    mci_thrift_i64(thrift, 3, (int64_t)column->n_null);
    mci_thrift_end(thrift);
    mci_thrift_end(thrift);
    mci_thrift_end(thrift);
}
