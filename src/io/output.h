/* Files that appear under their name only when whole: written to .NAME.tmp in the same folder, then
 * fsync, rename, fsync of the folder. Of two processes that write one name at a time, the first to
 * begin fails, and the file is whole. "-", and an output that exists and is no regular file (a
 * pipe, /dev/null), is written directly and never renamed over or removed. */
#ifndef MCI_IO_OUTPUT_H
#define MCI_IO_OUTPUT_H

#include "base/error.h"
#include "metaclip/base.h"

/* MCI_ZSTD_FAST: a third of the time of MCI_ZSTD, 60 % more bytes. */
typedef enum { MCI_PLAIN, MCI_GZIP, MCI_ZSTD, MCI_ZSTD_FAST } mci_codec;

typedef struct mci_output mci_output;

/* The codec that a name asks for by its suffix: .gz, .zst, else plain. */
mci_codec mci_codec_of(const char *path);

/* Opens path for writing. Left-overs of an earlier, killed run under the temporary name are
 * replaced. Errors: MC_E_IO naming the path and the system's reason. */
mc_status mci_output_open(const char *path, mci_codec codec, mci_output **out, mc_error *err);
mc_status mci_output_write(mci_output *output, mc_str bytes, mc_error *err);
/* Writes over bytes that were written before, from `at` on: of a plain file only, that will be
 * renamed. MC_E_IO for others, as a pipe, which cannot go back. */
mc_status mci_output_patch(mci_output *output, uint64_t at, mc_str bytes, mc_error *err);
/* Makes the file appear and frees output, also on failure (then nothing appears). */
mc_status mci_output_commit(mci_output *output, mc_error *err);
/* Frees output, takes back what was written. Takes NULL. */
void mci_output_abort(mci_output *output);

/* Commits if status is MC_OK, else aborts; gives the status of both. Takes NULL. */
mc_status mci_output_end(mci_output *output, mc_status status, mc_error *err);

/* A whole file in one go. */
mc_status mci_output_file(const char *path, mc_str bytes, mc_error *err);

#endif
