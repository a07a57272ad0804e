/* The tensors of a model's files: their names, shapes and where their values lie. The files are
 * mapped; nothing is copied. Every tensor in a store lies inside its file. */
#ifndef MCI_MODEL_TENSOR_STORE_H
#define MCI_MODEL_TENSOR_STORE_H

#include "base/arena.h"
#include "base/dtype.h"
#include "base/files.h"

/* What values are kept as. The first three are mci_dtype's. */
typedef enum {
    MCI_STORED_F32 = MCI_F32,
    MCI_STORED_F16 = MCI_F16,
    MCI_STORED_BF16 = MCI_BF16,
    MCI_STORED_F64,
    MCI_STORED_I64,
    MCI_STORED_I32,
    MCI_STORED_I16,
    MCI_STORED_I8,
    MCI_STORED_U8,
    MCI_STORED_BOOL,
    MCI_STORED_OTHER /* known to others; its size is not known here */
} mci_stored_type;

const char *mci_stored_type_name(mci_stored_type type); /* "f32", "i64" */
size_t mci_stored_type_bytes(mci_stored_type type);     /* 0 for MCI_STORED_OTHER */
static inline bool mci_stored_is_weight(mci_stored_type type)
{
    return type <= MCI_STORED_BF16;
}

enum { MCI_STORED_RANK = 8 };

typedef struct {
    mc_str name; /* as in the file; from mci_tensor_store_index on without wrappers' prefixes */
    mci_stored_type type;
    size_t rank;
    uint64_t dims[MCI_STORED_RANK], strides[MCI_STORED_RANK]; /* in values, 0 or more */
    const char *data;                                         /* the first value */
} mci_stored;

/* Zero-initialise, release at the end. */
typedef struct {
    mci_stored *items;
    size_t n, cap;
    mci_arena arena; /* names */
    mci_mapped *maps;
    size_t n_maps, cap_maps;
    uint64_t n_bytes;     /* of all files */
    uint64_t most_values; /* that a tensor of the present file may claim */
    const char *form;     /* of the last file: "PyTorch zip", ... */
} mci_tensor_store;

/* Maps a .pt or .safetensors, whichever its first bytes say, and adds its tensors. Errors name the
 * path: MC_E_IO, MC_E_FORMAT, MC_E_LIMIT, MC_E_NOMEM. */
mc_status mci_tensor_store_add_file(mci_tensor_store *store, const char *path, mc_error *err);
/* The same of bytes that outlive the store (what the fuzzers call). */
mc_status mci_tensor_store_add_bytes(mci_tensor_store *store, mc_str file, mc_error *err);
void mci_tensor_store_release(mci_tensor_store *store);

/* To be called when all files are in, before find: takes "module." and "_orig_mod." off the names,
 * which wrappers of PyTorch put before them, and sorts. MC_E_FORMAT if two names are equal then. */
mc_status mci_tensor_store_index(mci_tensor_store *store, mc_error *err);
const mci_stored *mci_tensor_store_find(const mci_tensor_store *store, mc_str name);

/* For the readers of forms: adds a tensor whose values are among `storage`, the first at `offset`
 * (in values); its name is copied. A tensor of MCI_STORED_OTHER is kept for its name only.
 * MC_E_FORMAT if it does not lie inside, MC_E_LIMIT if it claims more values than there are bytes.
 */
mc_status mci_tensor_store_add(mci_tensor_store *store, const mci_stored *tensor, mc_str storage,
                               uint64_t offset, mc_error *err);

/* The strides of a tensor in C order. */
void mci_stored_set_strides(mci_stored *tensor);
/* The number of values; UINT64_MAX if it is not below 2^63. */
uint64_t mci_stored_n_values(size_t rank, const uint64_t *dims);

#endif
