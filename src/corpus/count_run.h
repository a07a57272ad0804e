/* Counts on disk: a run is a file of strings in ascending order of bytes, each once, with its
 * count.
 *
 *     "mcrun 1\n"  then for each string
 *     bytes shared with the one before, bytes that follow, these, count      three numbers of 7
 * bits 0, 0, the number of strings                                            a byte, low ones
 * first
 *
 * Any number of runs is merged in one pass, their counts added. */
#ifndef MCI_CORPUS_COUNT_RUN_H
#define MCI_CORPUS_COUNT_RUN_H

#include "base/buf.h"
#include "io/output.h"

/* No more than this is ever counted, so that products of three counts fit into 128 bits. */
#define MCI_MOST_COUNTED ((uint64_t)1 << 42)

enum { MCI_MOST_KEY_BYTES = 8192 };

/* ---- writing ---- */

typedef struct mci_run_writer mci_run_writer;

mc_status mci_run_writer_open(const char *path, mci_run_writer **out, mc_error *err);
/* key: above the one before, of 1 to MCI_MOST_KEY_BYTES bytes. */
mc_status mci_run_writer_add(mci_run_writer *writer, mc_str key, uint64_t count, mc_error *err);
/* Makes the file appear if status is MC_OK; frees writer. Takes NULL. */
mc_status mci_run_writer_end(mci_run_writer *writer, mc_status status, mc_error *err);

/* ---- merging ---- */

typedef struct mci_run_merge mci_run_merge;

/* memory_bytes: for the buffers of all. Errors: MC_E_IO, MC_E_FORMAT. */
mc_status mci_run_merge_open(const char *const *paths, size_t n, uint64_t memory_bytes,
                             mci_run_merge **out, mc_error *err);
void mci_run_merge_close(mci_run_merge *merge);
/* The next string; lives until the next call. MC_END. */
mc_status mci_run_merge_next(mci_run_merge *merge, mc_str *key, uint64_t *count, mc_error *err);
/* Bytes of the files that were read, and in all. */
uint64_t mci_run_merge_bytes_read(const mci_run_merge *merge);
uint64_t mci_run_merge_bytes_total(const mci_run_merge *merge);

/* Merges runs into one file. */
mc_status mci_run_merge_to(const char *const *paths, size_t n, uint64_t memory_bytes,
                           const char *path, mc_error *err);

#endif
