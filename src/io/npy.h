/* One-dimensional NumPy arrays (.npy format 1.0, 2.0, 3.0; little-endian, C order). */
#ifndef MCI_IO_NPY_H
#define MCI_IO_NPY_H

#include "base/error.h"
#include "metaclip/base.h"

typedef enum { MCI_NPY_U32, MCI_NPY_U64, MCI_NPY_F32, MCI_NPY_F64 } mci_npy_type;

/* Reads a rank-1 array of exactly this type; *data is the caller's (mci_free). Errors say what was
 * wanted and what was found: "want u64 rank 1, got f32 rank 2". */
mc_status mci_npy_load(const char *path, mci_npy_type type, void **data, size_t *n, mc_error *err);
/* The same from bytes in memory (what the fuzzer calls). */
mc_status mci_npy_parse(mc_str file, mci_npy_type type, void **data, size_t *n, mc_error *err);
/* Writes one, atomically (output.h), to the byte as numpy.save does. */
mc_status mci_npy_save(const char *path, mci_npy_type type, const void *data, size_t n,
                       mc_error *err);

#endif
