/* Records on disk, each of which begins with a hash, so laid out that any range of hashes is read
 * without the rest.
 *
 *     | run 0, by hash | run 1, by hash | ... | last run |
 *
 * All runs but the last hold MCI_KEY_RUN records, so their places need no index. Within a run equal
 * hashes stand in the order in which they were added, and runs follow each other in that order:
 * whoever reads a range run by run sees the records of a hash as they came. In the machine's byte
 * order: these files are nobody else's. */
#ifndef MCI_CURATE_KEY_RUNS_H
#define MCI_CURATE_KEY_RUNS_H

#include "base/files.h"
#include "base/hash.h"

enum { MCI_KEY_RUN = 1 << 18 };

/* ---- writing ---- */

typedef struct mci_key_writer mci_key_writer;

/* record_bytes: of each record, 16 and more, in steps of 8. The file appears, atomically, at the
 * end. Memory is that of two runs: 12 MiB for records of 24 bytes, whatever is written. */
mc_status mci_key_writer_open(const char *path, size_t record_bytes, mci_key_writer **out,
                              mc_error *err);
/* Adds the records in bytes, which need not be aligned. */
mc_status mci_key_writer_add(mci_key_writer *writer, mc_str bytes, mc_error *err);
/* How many were added. */
uint64_t mci_key_writer_n(const mci_key_writer *writer);
/* Ends the file if status is no failure, else it never was; gives the status of both. Frees the
 * writer, which may be NULL. */
mc_status mci_key_writer_end(mci_key_writer *writer, mc_status status, mc_error *err);

/* ---- reading ---- */

/* A mapped file. */
typedef struct {
    mci_mapped map;
    size_t record_bytes, n; /* n: records */
} mci_key_file;

/* Errors: MC_E_IO, MC_E_FORMAT (it was cut). */
mc_status mci_key_file_open(const char *path, size_t record_bytes, mci_key_file *out,
                            mc_error *err);
void mci_key_file_close(mci_key_file *file);
size_t mci_key_file_runs(const mci_key_file *file);

/* A part of all hashes: those whose high half is at least `from` and below `to`, or to the end if
 * `to` is 0. */
typedef struct {
    uint64_t from, to;
} mci_key_range;

/* The range of part i of n equal ones (i < n). */
mci_key_range mci_key_range_of(uint64_t i, uint64_t n);

/* The records of a run within the range: the first of *n. */
const void *mci_key_file_range(const mci_key_file *file, size_t run, mci_key_range range,
                               size_t *n);

#endif
