/* One column of a Parquet file that is written: its values become pages, pages the column's chunk
 * of a row group. After https://parquet.apache.org/docs/file-format/.
 *
 *   chunk   page page ...
 *   page    header (Thrift), then compressed with zstd: levels, values
 *   levels  of repetition (0: begins a row, 1: goes on in its list), where the column has lists;
 *           of definition (how much of "there is a list", "it has an element", or of "there is a
 *           value", holds), where there may be nothing; runs and packed bits, mixed
 *   values  plain: strings with 32 bits of length before them, numbers as 32 bits
 */
#ifndef MCI_IO_PARQUET_COLUMN_H
#define MCI_IO_PARQUET_COLUMN_H

#include <zstd.h>

#include "base/buf.h"
#include "io/thrift.h"

typedef enum {
    MCI_PARQUET_STRING,          /* always there */
    MCI_PARQUET_OPTIONAL_STRING, /* or NULL */
    MCI_PARQUET_IDS,             /* a list of uint32, or NULL */
} mci_parquet_kind;

typedef struct {
    const char *name;
    mci_parquet_kind kind;
    mci_buf values, repeats, defines; /* of the page in work; a byte a level */
    mci_buf page;                     /* levels and values, to be compressed */
    mci_buf chunk;                    /* the row group's pages so far */
    uint64_t n_values, n_null;        /* of the row group: levels, and those without a value */
    uint64_t n_bytes;                 /* of its pages, as if nothing were compressed */
} mci_parquet_column;

void mci_parquet_column_release(mci_parquet_column *column);

/* Adds a row. A page that is large enough is compressed.
 * Errors: MC_E_LIMIT: more than a page may hold, 1 GiB; MC_E_NOMEM. */
mc_status mci_parquet_column_string(mci_parquet_column *column, mc_str value, ZSTD_CCtx *zstd,
                                    mc_error *err);
mc_status mci_parquet_column_null(mci_parquet_column *column, ZSTD_CCtx *zstd, mc_error *err);
mc_status mci_parquet_column_ids(mci_parquet_column *column, const uint32_t *ids, size_t n,
                                 ZSTD_CCtx *zstd, mc_error *err);

/* Ends the row group: column->chunk is whole. */
mc_status mci_parquet_column_end(mci_parquet_column *column, ZSTD_CCtx *zstd, mc_error *err);

/* Writes the column's part of the schema, one to three elements; what the chunk is, once it is
 * written at `offset` of the file. Room was made: MCI_PARQUET_META_BYTES for each. */
enum { MCI_PARQUET_META_BYTES = 256 };
void mci_parquet_column_schema(const mci_parquet_column *column, mci_thrift *thrift);
size_t mci_parquet_column_schema_elements(const mci_parquet_column *column);
void mci_parquet_column_meta(const mci_parquet_column *column, uint64_t offset, mci_thrift *thrift);
/* Empties it for the next row group. */
void mci_parquet_column_reset(mci_parquet_column *column);

#endif
