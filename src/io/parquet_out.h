/* Pairs as Parquet: one row a pair, the columns
 *
 *   uuid url key text   strings
 *   entries             list of uint32; NULL: not matched yet
 *   lang                string; NULL: not known
 *   extra               string: a JSON object of what else is known of the image; NULL: nothing
 *
 * so that img2dataset takes it as it is. zstd inside. The same records give the same bytes with one
 * version of libzstd. parquet.h reads it back. */
#ifndef MCI_IO_PARQUET_OUT_H
#define MCI_IO_PARQUET_OUT_H

#include "base/error.h"
#include "metaclip/io.h"

typedef struct mci_parquet_out mci_parquet_out;

/* The name ends in .parquet. */
bool mci_is_parquet_name(const char *path);

/* The file appears as output.h says. Memory holds one row group, at most 64 MiB of text and one
 * record. Errors: MC_E_IO naming path. */
mc_status mci_parquet_out_open(const char *path, mci_parquet_out **out, mc_error *err);
/* Adds a row for each of the record's texts. MC_E_LIMIT: one is larger than 1 GiB. */
mc_status mci_parquet_out_add(mci_parquet_out *table, const mc_record *record, mc_error *err);
/* Makes the file appear and frees table, also on failure (then nothing appears). */
mc_status mci_parquet_out_commit(mci_parquet_out *table, mc_error *err);
/* Frees table and what it wrote. Takes NULL. */
void mci_parquet_out_abort(mci_parquet_out *table);

#endif
