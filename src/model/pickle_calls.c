#include "model/pickle_calls.h"

#include "base/alloc.h"

typedef enum {
    ROLE_SHELL,     /* harmless and of no use here */
    ROLE_DICT,      /* gives an empty dict, or one of pairs */
    ROLE_SAME,      /* gives its first argument: torch.Size, Parameter */
    ROLE_TENSOR,    /* (storage, offset, size, strides, ...) */
    ROLE_TENSOR_V3, /* the same, with a dtype as seventh */
    ROLE_STORAGE,   /* a type of storage, with `type` */
    ROLE_DTYPE      /* torch.float32, ... with `type` */
} role;

static const struct {
    const char *module, *name;
    role role;
    mci_stored_type type;
} globals[] = {
    { "torch._utils", "_rebuild_tensor_v2", ROLE_TENSOR, 0 },
    { "torch._utils", "_rebuild_tensor", ROLE_TENSOR, 0 },
    { "torch._utils", "_rebuild_tensor_v3", ROLE_TENSOR_V3, 0 },
    { "torch._utils", "_rebuild_parameter", ROLE_SAME, 0 },
    { "torch._utils", "_rebuild_parameter_with_state", ROLE_SAME, 0 },
    { "torch", "Size", ROLE_SAME, 0 },
    { "torch", "device", ROLE_SHELL, 0 },
    { "torch.serialization", "_get_layout", ROLE_SHELL, 0 },
    { "torch.nn.parameter", "Parameter", ROLE_SAME, 0 },
    { "collections", "OrderedDict", ROLE_DICT, 0 },
    { "collections", "defaultdict", ROLE_SHELL, 0 },
    { "collections", "Counter", ROLE_SHELL, 0 },
    { "collections", "deque", ROLE_SHELL, 0 },
    /* Options, random states, and what else training leaves beside the weights. */
    { "argparse", "Namespace", ROLE_SHELL, 0 },
    { "types", "SimpleNamespace", ROLE_SHELL, 0 },
    { "copyreg", "_reconstructor", ROLE_SHELL, 0 },
    { "copy_reg", "_reconstructor", ROLE_SHELL, 0 },
    { "_codecs", "encode", ROLE_SHELL, 0 },
    { "pathlib", "Path", ROLE_SHELL, 0 },
    { "pathlib", "PosixPath", ROLE_SHELL, 0 },
    { "pathlib", "PurePosixPath", ROLE_SHELL, 0 },
    { "pathlib", "WindowsPath", ROLE_SHELL, 0 },
    { "pathlib._local", "PosixPath", ROLE_SHELL, 0 },
    { "datetime", "datetime", ROLE_SHELL, 0 },
    { "datetime", "timedelta", ROLE_SHELL, 0 },
    { "numpy", "dtype", ROLE_SHELL, 0 },
    { "numpy", "ndarray", ROLE_SHELL, 0 },
    { "numpy.core.multiarray", "scalar", ROLE_SHELL, 0 },
    { "numpy.core.multiarray", "_reconstruct", ROLE_SHELL, 0 },
    { "numpy._core.multiarray", "scalar", ROLE_SHELL, 0 },
    { "numpy._core.multiarray", "_reconstruct", ROLE_SHELL, 0 },
    { "builtins", "object", ROLE_SHELL, 0 },
    { "builtins", "dict", ROLE_DICT, 0 },
    { "builtins", "list", ROLE_SHELL, 0 },
    { "builtins", "tuple", ROLE_SHELL, 0 },
    { "builtins", "set", ROLE_SHELL, 0 },
    { "builtins", "frozenset", ROLE_SHELL, 0 },
    { "builtins", "int", ROLE_SHELL, 0 },
    { "builtins", "float", ROLE_SHELL, 0 },
    { "builtins", "bool", ROLE_SHELL, 0 },
    { "builtins", "str", ROLE_SHELL, 0 },
    { "builtins", "bytes", ROLE_SHELL, 0 },
    { "builtins", "bytearray", ROLE_SHELL, 0 },
    { "builtins", "complex", ROLE_SHELL, 0 },
    { "builtins", "slice", ROLE_SHELL, 0 },
    { "builtins", "range", ROLE_SHELL, 0 },
    { "torch", "FloatStorage", ROLE_STORAGE, MCI_STORED_F32 },
    { "torch", "HalfStorage", ROLE_STORAGE, MCI_STORED_F16 },
    { "torch", "BFloat16Storage", ROLE_STORAGE, MCI_STORED_BF16 },
    { "torch", "DoubleStorage", ROLE_STORAGE, MCI_STORED_F64 },
    { "torch", "LongStorage", ROLE_STORAGE, MCI_STORED_I64 },
    { "torch", "IntStorage", ROLE_STORAGE, MCI_STORED_I32 },
    { "torch", "ShortStorage", ROLE_STORAGE, MCI_STORED_I16 },
    { "torch", "CharStorage", ROLE_STORAGE, MCI_STORED_I8 },
    { "torch", "ByteStorage", ROLE_STORAGE, MCI_STORED_U8 },
    { "torch", "BoolStorage", ROLE_STORAGE, MCI_STORED_BOOL },
    { "torch", "ComplexFloatStorage", ROLE_STORAGE, MCI_STORED_OTHER },
    { "torch", "ComplexDoubleStorage", ROLE_STORAGE, MCI_STORED_OTHER },
    { "torch", "UntypedStorage", ROLE_STORAGE, MCI_STORED_U8 },
    { "torch.storage", "UntypedStorage", ROLE_STORAGE, MCI_STORED_U8 },
    { "torch.storage", "_UntypedStorage", ROLE_STORAGE, MCI_STORED_U8 },
    { "torch", "float32", ROLE_DTYPE, MCI_STORED_F32 },
    { "torch", "float", ROLE_DTYPE, MCI_STORED_F32 },
    { "torch", "float16", ROLE_DTYPE, MCI_STORED_F16 },
    { "torch", "half", ROLE_DTYPE, MCI_STORED_F16 },
    { "torch", "bfloat16", ROLE_DTYPE, MCI_STORED_BF16 },
    { "torch", "float64", ROLE_DTYPE, MCI_STORED_F64 },
    { "torch", "int64", ROLE_DTYPE, MCI_STORED_I64 },
    { "torch", "int32", ROLE_DTYPE, MCI_STORED_I32 },
    { "torch", "int16", ROLE_DTYPE, MCI_STORED_I16 },
    { "torch", "int8", ROLE_DTYPE, MCI_STORED_I8 },
    { "torch", "uint8", ROLE_DTYPE, MCI_STORED_U8 },
    { "torch", "bool", ROLE_DTYPE, MCI_STORED_BOOL },
    { "torch", "uint16", ROLE_DTYPE, MCI_STORED_OTHER },
    { "torch", "uint32", ROLE_DTYPE, MCI_STORED_OTHER },
    { "torch", "uint64", ROLE_DTYPE, MCI_STORED_OTHER },
    { "torch", "complex64", ROLE_DTYPE, MCI_STORED_OTHER },
    { "torch", "complex128", ROLE_DTYPE, MCI_STORED_OTHER },
    { "torch", "float8_e4m3fn", ROLE_DTYPE, MCI_STORED_OTHER },
    { "torch", "float8_e5m2", ROLE_DTYPE, MCI_STORED_OTHER },
};

mc_status mci_pickle_global(mc_str module, mc_str name, size_t *out, mc_error *err)
{
    /* Python 2 called it __builtin__; and a CUDA storage is as good as another. */
    mc_str known = mc_str_equal(module, mc_str_of("__builtin__"))  ? mc_str_of("builtins")
                   : mc_str_equal(module, mc_str_of("torch.cuda")) ? mc_str_of("torch")
                                                                   : module;
    for (size_t i = 0; i < COUNT_OF(globals); i++) {
        if (mc_str_equal(known, mc_str_of(globals[i].module)) &&
            mc_str_equal(name, mc_str_of(globals[i].name))) {
            *out = i;
            return MC_OK;
        }
    }
    return mc_fail(err, MC_E_FORMAT,
                   "refuses %.*s.%.*s: a checkpoint holds data only. If you trust the file, save "
                   "its state_dict() alone, in PyTorch",
                   module.len < 100 ? (int)module.len : 100, module.data,
                   name.len < 100 ? (int)name.len : 100, name.data);
}

/* ---- arguments ---- */

static bool is_tuple(const mci_pickled *value, size_t at_least)
{
    return value->kind == MCI_PICKLED_TUPLE && value->list.n >= at_least;
}

/* A number of values, or a place among them. */
static bool read_count(const mci_pickled *value, uint64_t *out)
{
    if (value->kind != MCI_PICKLED_INT || value->integer < 0)
        return false;
    *out = (uint64_t)value->integer;
    return true;
}

static bool read_counts(const mci_pickled *value, size_t n, uint64_t *out)
{
    if (value->kind != MCI_PICKLED_TUPLE || value->list.n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!read_count(value->list.items[i], &out[i]))
            return false;
    return true;
}

/* ---- calls ---- */

static mc_status rebuild_tensor(role how, const mci_pickled *args, mci_arena *arena,
                                mci_pickled *out, mc_error *err)
{
    if (!is_tuple(args, how == ROLE_TENSOR ? 4 : 7) ||
        args->list.items[0]->kind != MCI_PICKLED_STORAGE ||
        args->list.items[2]->kind != MCI_PICKLED_TUPLE)
        return mc_fail(err, MC_E_FORMAT, "the pickle is damaged: a tensor without a storage");
    mci_pickled *const *items = args->list.items;
    size_t rank = items[2]->list.n;
    if (rank > MCI_STORED_RANK)
        return MC_OK; /* no weight of ours */
    mci_pickled_tensor *tensor = mci_arena_alloc(arena, sizeof *tensor);
    if (!tensor)
        return mci_nomem(err, sizeof *tensor);
    *tensor = (mci_pickled_tensor){ .storage = items[0]->storage, .rank = rank };
    tensor->type = tensor->storage->type;
    if (how == ROLE_TENSOR_V3) {
        bool is_dtype =
            items[6]->kind == MCI_PICKLED_GLOBAL && globals[items[6]->global].role == ROLE_DTYPE;
        tensor->type = is_dtype ? globals[items[6]->global].type : MCI_STORED_OTHER;
    }
    if (!read_count(items[1], &tensor->offset) || !read_counts(items[2], rank, tensor->dims) ||
        !read_counts(items[3], rank, tensor->strides))
        return mc_fail(err, MC_E_FORMAT, "the pickle is damaged: a tensor without a shape");
    out->kind = MCI_PICKLED_TENSOR;
    out->tensor = tensor;
    return MC_OK;
}

/* OrderedDict(), or OrderedDict([[key, value], ...]) as Python 2 has it. */
static mc_status make_dict(const mci_pickled *args, mci_arena *arena, mci_pickled *out,
                           mc_error *err)
{
    out->kind = MCI_PICKLED_DICT;
    out->list.items = NULL;
    out->list.n = out->list.cap = 0;
    if (!is_tuple(args, 1) || args->list.items[0]->kind != MCI_PICKLED_LIST)
        return MC_OK;
    const mci_pickled *pairs = args->list.items[0];
    out->list.items = mci_arena_alloc(arena, 2 * pairs->list.n * sizeof *out->list.items);
    if (!out->list.items)
        return mci_nomem(err, 2 * pairs->list.n * sizeof *out->list.items);
    for (size_t i = 0; i < pairs->list.n; i++) {
        const mci_pickled *pair = pairs->list.items[i];
        if ((pair->kind != MCI_PICKLED_LIST && pair->kind != MCI_PICKLED_TUPLE) ||
            pair->list.n != 2)
            return mc_fail(err, MC_E_FORMAT, "the pickle is damaged: a dict of what is no pair");
        out->list.items[out->list.n++] = pair->list.items[0];
        out->list.items[out->list.n++] = pair->list.items[1];
    }
    out->list.cap = out->list.n;
    return MC_OK;
}

mc_status mci_pickle_call(size_t global, const mci_pickled *args, mci_arena *arena,
                          mci_pickled *out, mc_error *err)
{
    switch (globals[global].role) {
    case ROLE_TENSOR:
    case ROLE_TENSOR_V3:
        return rebuild_tensor(globals[global].role, args, arena, out, err);
    case ROLE_DICT:
        return make_dict(args, arena, out, err);
    case ROLE_SAME:
        if (is_tuple(args, 1))
            *out = *args->list.items[0];
        return MC_OK;
    case ROLE_STORAGE:
    case ROLE_DTYPE:
    case ROLE_SHELL:
        break;
    }
    return MC_OK;
}

mc_status mci_pickle_storage(const mci_pickled *id, mci_pickled_storage *out, mc_error *err)
{
    if (!is_tuple(id, 5) || id->list.items[0]->kind != MCI_PICKLED_TEXT ||
        !mc_str_equal(id->list.items[0]->text, mc_str_of("storage")))
        return mc_fail(err, MC_E_FORMAT,
                       "the pickle holds something else than storages outside itself; save the "
                       "state_dict() alone, in PyTorch");
    mci_pickled *const *items = id->list.items;
    if (items[1]->kind != MCI_PICKLED_GLOBAL || globals[items[1]->global].role != ROLE_STORAGE ||
        items[2]->kind != MCI_PICKLED_TEXT || !read_count(items[4], &out->n_values))
        return mc_fail(err, MC_E_FORMAT, "the pickle is damaged: a storage without type or key");
    out->type = globals[items[1]->global].type;
    out->key = items[2]->text;
    out->is_view = id->list.n > 5 && items[5]->kind == MCI_PICKLED_TUPLE;
    if (out->is_view &&
        (items[5]->list.n != 3 || !read_count(items[5]->list.items[1], &out->view_offset) ||
         !read_count(items[5]->list.items[2], &out->view_values)))
        return mc_fail(err, MC_E_FORMAT, "the pickle is damaged: a view without a place");
    return MC_OK;
}
