/* Tar files written member by member (ustar, with pax headers only where ustar's fields are too
 * small, through libarchive), on top of output.h: the file appears only when whole. Equal members
 * give equal bytes: all belong to user and group 0, with mode 0644 and one fixed time. */
#ifndef MCI_IO_TAR_OUT_H
#define MCI_IO_TAR_OUT_H

#include "base/error.h"
#include "metaclip/base.h"

typedef struct mci_tar_out mci_tar_out;

/* Errors: MC_E_IO naming path and the system's reason; MC_E_NOMEM. */
mc_status mci_tar_out_open(const char *path, mci_tar_out **out, mc_error *err);
/* Begins a member of n_bytes, which follow in any number of writes, no more and no fewer. name is
 * ASCII, without slashes: it can point nowhere. */
mc_status mci_tar_out_begin(mci_tar_out *tar, const char *name, uint64_t n_bytes, mc_error *err);
mc_status mci_tar_out_write(mci_tar_out *tar, mc_str bytes, mc_error *err);
/* A whole member in one go. */
mc_status mci_tar_out_add(mci_tar_out *tar, const char *name, mc_str bytes, mc_error *err);
/* Makes the file appear and frees tar, also on failure (then nothing appears). *n_bytes, if not
 * NULL, is the length of the file. */
mc_status mci_tar_out_commit(mci_tar_out *tar, uint64_t *n_bytes, mc_error *err);
/* Frees tar, takes back what was written. Takes NULL. */
void mci_tar_out_abort(mci_tar_out *tar);

#endif
