/* NumPy arrays of any rank: mapped for reading, written row by row. (npy.h is for rank 1.) */
#ifndef MCI_IO_NPY_ARRAY_H
#define MCI_IO_NPY_ARRAY_H

#include "base/files.h"

typedef enum {
    MCI_ARRAY_U8,
    MCI_ARRAY_I32,
    MCI_ARRAY_I64,
    MCI_ARRAY_U32,
    MCI_ARRAY_U64,
    MCI_ARRAY_F16,
    MCI_ARRAY_F32,
    MCI_ARRAY_F64
} mci_array_type;

size_t mci_array_type_bytes(mci_array_type type);
const char *mci_array_type_name(mci_array_type type);  /* "f32" */
const char *mci_array_type_descr(mci_array_type type); /* NumPy's: "<f4" */

enum { MCI_ARRAY_RANK = 8 };

/* C order, little-endian. data is aligned for its type in any file that NumPy or we wrote. */
typedef struct {
    mci_array_type type;
    size_t rank;
    uint64_t shape[MCI_ARRAY_RANK];
    uint64_t n_values;
    const void *data; /* lives until mci_array_unmap */
    mci_mapped map;
} mci_array;

/* Maps a file and checks that it holds what its header states. Errors: MC_E_IO, MC_E_FORMAT, and
 * MC_E_SHAPE for types not listed above and for Fortran order; all name the path. */
mc_status mci_array_map(const char *path, mci_array *out, mc_error *err);
void mci_array_unmap(mci_array *array);
/* The same from bytes in memory, which stay the caller's (what the fuzzer calls). */
mc_status mci_array_parse(mc_str file, mci_array *out, mc_error *err);
/* MC_E_SHAPE "want f32 [*, 3, 224, 224], got u8 [8, 224, 224, 3]" unless array is of this type and
 * shape; 0 stands for any size. */
mc_status mci_array_expect(const mci_array *array, mci_array_type type, size_t rank,
                           const uint64_t *shape, mc_error *err);

#endif
