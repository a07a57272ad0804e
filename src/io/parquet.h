/* Reading Parquet, through DuckDB's C library (duckdb_api.h), which must be there at run time.
 *
 * Two kinds of files are told apart by their columns:
 *   our own form   has uuid, url, key and text: one row a pair; rows that follow one another with
 *                  the same uuid and url are one record (parquet_out.h writes this)
 *   other tables   one row a record: every column of texts that has a value is one of its texts,
 * with the column's name in small letters as its key Further columns become members of the record's
 * line behind "texts", by their own names: whole and floating numbers, booleans and strings as what
 * they are, everything else as DuckDB's text for it. NULL is left out. */
#ifndef MCI_IO_PARQUET_H
#define MCI_IO_PARQUET_H

#include "io/rows.h"

/* path must be a regular file; it is never taken as a pattern or as a remote address. Rows come in
 * the file's order; what is held is bounded, whatever the file claims; offsets are row numbers.
 * Damage: one MC_SKIPPED, then MC_END; what stood before was given, which is nothing of a file that
 * is cut, for its table of contents comes last.
 * Errors: MC_E_BACKEND (no library, with how to get it); MC_E_IO; MC_E_FORMAT (no column of
 * texts). They do not name path. */
mc_status mci_parquet_open(const char *path, mci_rows *out, mc_error *err);

#endif
