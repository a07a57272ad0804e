/* NumPy arrays that are written row by row, of a length that is known at the end: the header has
 * room for any, and is written over then. The file appears as output.h says. */
#ifndef MCI_IO_NPY_OUT_H
#define MCI_IO_NPY_OUT_H

#include "base/error.h"
#include "io/npy_array.h"

/* What a row is. */
typedef enum {
    MCI_NPY_ROW_U32,     /* uint32 [n] */
    MCI_NPY_ROW_TWO_U32, /* uint32 [n, 2], C order */
    MCI_NPY_ROW_TWO_U64  /* [n] of np.dtype("u8,u8"), whose fields are f0 and f1 */
} mci_npy_row;

typedef struct mci_npy_out mci_npy_out;

/* Errors: MC_E_IO naming path; also for standard output, pipes and devices, which take no header
 * at the end. */
mc_status mci_npy_out_open(const char *path, mci_npy_row row, mci_npy_out **out, mc_error *err);
/* An array [n, dims[0], dims[1], ...] of type; up to three dims, below 2^20 each. */
mc_status mci_npy_out_open_rows(const char *path, mci_array_type type, size_t n_dims,
                                const uint64_t *dims, mci_npy_out **out, mc_error *err);
/* Adds n rows, as they stand in memory. */
mc_status mci_npy_out_add(mci_npy_out *array, const void *rows, size_t n, mc_error *err);
uint64_t mci_npy_out_rows(const mci_npy_out *array);
/* Makes the file appear and frees array, also on failure (then nothing appears). To the byte what
 * numpy.save writes. */
mc_status mci_npy_out_commit(mci_npy_out *array, mc_error *err);
/* Frees array and what it wrote. Takes NULL. */
void mci_npy_out_abort(mci_npy_out *array);

#endif
