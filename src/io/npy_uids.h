/* DataComp's subset files: .npy arrays [n] of np.dtype("u8,u8"), a row for each 32-digit uid. */
#ifndef MCI_IO_NPY_UIDS_H
#define MCI_IO_NPY_UIDS_H

#include "base/error.h"
#include "metaclip/base.h"

/* Finds the rows in the bytes of a file: *rows are *n times 16 bytes, lent; in each the first eight
 * are the number of the first sixteen digits, little-endian, the others that of the rest.
 * MC_E_FORMAT: no .npy file, cut, or longer than its header states; MC_E_SHAPE: of another type. */
mc_status mci_npy_uids_parse(mc_str file, const unsigned char **rows, size_t *n, mc_error *err);

#endif
