/* Python's pickles, read as data. A pickle is a program for a small stack machine, which can call
 * any function of Python; this machine knows the operations that make numbers, texts and
 * containers, and of all functions a list of those that torch.save needs to say what a tensor is.
 * Nothing is ever called: what is on the list gives a plain value or an empty shell, and what is
 * not on it is refused by its name.
 * Source: CPython's pickletools.py (the operations); torch/_utils.py and torch/serialization.py
 * (what the functions on the list take). */
#ifndef MCI_MODEL_PICKLE_H
#define MCI_MODEL_PICKLE_H

#include "base/arena.h"
#include "model/tensor_store.h"

typedef enum {
    MCI_PICKLED_NONE,
    MCI_PICKLED_BOOL,
    MCI_PICKLED_INT,
    MCI_PICKLED_FLOAT,
    MCI_PICKLED_TEXT, /* valid UTF-8 */
    MCI_PICKLED_BYTES,
    MCI_PICKLED_TUPLE,
    MCI_PICKLED_LIST,
    MCI_PICKLED_DICT, /* key, value, key, value, ... as they came */
    MCI_PICKLED_GLOBAL,
    MCI_PICKLED_STORAGE,
    MCI_PICKLED_TENSOR,
    MCI_PICKLED_SHELL /* something harmless that is of no use here */
} mci_pickled_kind;

typedef struct mci_pickled mci_pickled;

/* Where a tensor's values are: not here, but in the file under this key. */
typedef struct {
    mc_str key;
    mci_stored_type type;
    uint64_t n_values;
    bool is_view;         /* the older form only: of a part of the storage, */
    uint64_t view_offset; /* from this value on */
    uint64_t view_values;
} mci_pickled_storage;

typedef struct {
    const mci_pickled_storage *storage;
    mci_stored_type type;
    uint64_t offset;
    size_t rank;
    uint64_t dims[MCI_STORED_RANK], strides[MCI_STORED_RANK];
} mci_pickled_tensor;

struct mci_pickled {
    mci_pickled_kind kind;
    union {
        int64_t integer; /* BOOL too */
        double real;
        mc_str text; /* BYTES too */
        struct {
            mci_pickled **items;
            size_t n, cap;
        } list; /* TUPLE, LIST, DICT */
        size_t global;
        mci_pickled_storage *storage;
        mci_pickled_tensor *tensor;
    };
};

/* All storages that a pickle names, each as often as it is named: the older form keeps them in an
 * order of its own. Zero-initialise; free items with mci_free. */
typedef struct {
    mci_pickled_storage **items;
    size_t n, cap;
} mci_pickled_storages;

/* Values that a pickle may make; every tensor of a checkpoint is some twenty. */
enum { MCI_PICKLE_VALUES = 1 << 20 };

/* Runs the pickle at the start of bytes. *root and all it holds live in the arena, texts in bytes;
 * *n_used says where the pickle ended; storages may be NULL. What is made may hold itself. Memory
 * is bounded by a small multiple of the pickle's length and of MCI_PICKLE_VALUES.
 * Errors: MC_E_FORMAT (damage; "refuses os.system: a checkpoint holds data only"), MC_E_LIMIT,
 * MC_E_NOMEM. */
mc_status mci_pickle_read(mc_str bytes, mci_arena *arena, const mci_pickled **root, size_t *n_used,
                          mci_pickled_storages *storages, mc_error *err);

/* The last value of a dict under a text; NULL if there is none, or value is no dict. */
const mci_pickled *mci_pickled_get(const mci_pickled *value, const char *key);

#endif
