#include "model/tensor_store.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "model/pt.h"
#include "model/safetensors.h"

enum { MAX_FILES = 1024, MAX_TENSORS = 1 << 18, SHOWN = 200 };

static const struct {
    const char *name;
    size_t bytes;
} types[] = {
    [MCI_STORED_F32] = { "f32", 4 },
    [MCI_STORED_F16] = { "f16", 2 },
    [MCI_STORED_BF16] = { "bf16", 2 },
    [MCI_STORED_F64] = { "f64", 8 },
    [MCI_STORED_I64] = { "i64", 8 },
    [MCI_STORED_I32] = { "i32", 4 },
    [MCI_STORED_I16] = { "i16", 2 },
    [MCI_STORED_I8] = { "i8", 1 },
    [MCI_STORED_U8] = { "u8", 1 },
    [MCI_STORED_BOOL] = { "bool", 1 },
    [MCI_STORED_OTHER] = { "another type", 0 },
};

const char *mci_stored_type_name(mci_stored_type type)
{
    return types[type].name;
}

size_t mci_stored_type_bytes(mci_stored_type type)
{
    return types[type].bytes;
}

/* ---- adding ---- */

void mci_stored_set_strides(mci_stored *tensor)
{
    uint64_t stride = 1;
    for (size_t i = tensor->rank; i-- > 0;) {
        tensor->strides[i] = stride;
        if (__builtin_mul_overflow(stride, tensor->dims[i], &stride))
            stride = UINT64_MAX; /* too many values, which is found elsewhere */
    }
}

uint64_t mci_stored_n_values(size_t rank, const uint64_t *dims)
{
    uint64_t n = 1;
    bool is_large = false;
    for (size_t i = 0; i < rank; i++) {
        if (dims[i] == 0)
            return 0;
        is_large |= __builtin_mul_overflow(n, dims[i], &n) || n >> 63;
    }
    return is_large ? UINT64_MAX : n;
}

/* Whether all values lie below n; of a tensor that has any. */
static bool lies_inside(const mci_stored *tensor, uint64_t offset, uint64_t n)
{
    uint64_t last = offset;
    for (size_t i = 0; i < tensor->rank; i++) {
        uint64_t step;
        if (__builtin_mul_overflow(tensor->dims[i] - 1, tensor->strides[i], &step) ||
            __builtin_add_overflow(last, step, &last))
            return false;
    }
    return last < n;
}

static mc_status check(const mci_stored *tensor, uint64_t most_values, mc_str storage,
                       uint64_t offset, mc_error *err)
{
    size_t bytes = types[tensor->type].bytes;
    int shown = tensor->name.len < SHOWN ? (int)tensor->name.len : SHOWN;
    uint64_t n = mci_stored_n_values(tensor->rank, tensor->dims);
    if (bytes == 0 || n == 0)
        return MC_OK;
    if (!lies_inside(tensor, offset, storage.len / bytes))
        return mc_fail(err, MC_E_FORMAT, "%.*s: its values reach beyond their storage", shown,
                       tensor->name.data);
    /* Strides of 0 give many values from few: no more than the whole file could hold. */
    if (n > most_values)
        return mc_fail(err, MC_E_LIMIT,
                       "%.*s: claims %" PRIu64 " values in a file of %" PRIu64 " bytes", shown,
                       tensor->name.data, n, most_values);
    return MC_OK;
}

mc_status mci_tensor_store_add(mci_tensor_store *store, const mci_stored *tensor, mc_str storage,
                               uint64_t offset, mc_error *err)
{
    MC_TRY(check(tensor, store->most_values, storage, offset, err));
    if (store->n == MAX_TENSORS)
        return mc_fail(err, MC_E_LIMIT, "more than %d tensors", MAX_TENSORS);
    MC_TRY(mci_grow((void **)&store->items, &store->cap, store->n + 1, sizeof *store->items, err));
    mci_stored *item = &store->items[store->n];
    *item = *tensor;
    MC_TRY(mci_arena_copy(&store->arena, tensor->name, &item->name, err));
    size_t bytes = types[tensor->type].bytes;
    bool is_empty = bytes == 0 || mci_stored_n_values(tensor->rank, tensor->dims) == 0;
    item->data = is_empty ? "" : storage.data + offset * bytes;
    store->n++;
    return MC_OK;
}

mc_status mci_tensor_store_add_bytes(mci_tensor_store *store, mc_str file, mc_error *err)
{
    store->most_values = file.len;
    if (mci_pt_is(file))
        return mci_pt_parse(file, store, err);
    if (mci_safetensors_is(file))
        return mci_safetensors_parse(file, store, err);
    return mc_fail(err, MC_E_FORMAT, "neither a PyTorch file (.pt, .bin) nor a .safetensors%s",
                   file.len >= 8 && memcmp(file.data, "version ", 8) == 0
                       ? ": it is a pointer of Git LFS; fetch the file itself (git lfs pull)"
                       : "");
}

mc_status mci_tensor_store_add_file(mci_tensor_store *store, const char *path, mc_error *err)
{
    mci_mapped map = { 0 };
    if (store->n_maps == MAX_FILES)
        return mc_fail(err, MC_E_LIMIT, "%s: more than %d files of one model", path, MAX_FILES);
    MC_TRY(mci_grow((void **)&store->maps, &store->cap_maps, store->n_maps + 1, sizeof map, err));
    MC_TRY(mci_map_file(path, &map, err));
    store->maps[store->n_maps++] = map;
    store->n_bytes += map.n_bytes;
    mc_str file = { map.data, map.n_bytes };
    mc_status status = mci_tensor_store_add_bytes(store, file, err);
    return status < 0 ? mc_add_context(err, status, "%s", path) : status;
}

void mci_tensor_store_release(mci_tensor_store *store)
{
    for (size_t i = 0; i < store->n_maps; i++)
        mci_unmap_file(&store->maps[i]);
    mci_free(store->maps);
    mci_free(store->items);
    mci_arena_release(&store->arena);
    *store = (mci_tensor_store){ 0 };
}

/* ---- finding ---- */

static int by_name(const void *a, const void *b)
{
    mc_str x = ((const mci_stored *)a)->name, y = ((const mci_stored *)b)->name;
    size_t n = x.len < y.len ? x.len : y.len;
    int order = n ? memcmp(x.data, y.data, n) : 0;
    return order ? order : (x.len > y.len) - (x.len < y.len);
}

static void take_off(mc_str *name, const char *prefix, bool *is_done)
{
    size_t n = strlen(prefix);
    if (name->len <= n || memcmp(name->data, prefix, n) != 0)
        return;
    *name = (mc_str){ name->data + n, name->len - n };
    *is_done = false;
}

mc_status mci_tensor_store_index(mci_tensor_store *store, mc_error *err)
{
    for (size_t i = 0; i < store->n; i++) {
        bool is_done = false;
        while (!is_done) {
            is_done = true;
            take_off(&store->items[i].name, "module.", &is_done);
            take_off(&store->items[i].name, "_orig_mod.", &is_done);
        }
    }
    if (store->n)
        qsort(store->items, store->n, sizeof *store->items, by_name);
    for (size_t i = 1; i < store->n; i++) {
        mc_str name = store->items[i].name;
        if (by_name(&store->items[i - 1], &store->items[i]) == 0)
            return mc_fail(err, MC_E_FORMAT, "two tensors are called %.*s",
                           name.len < SHOWN ? (int)name.len : SHOWN, name.data);
    }
    return MC_OK;
}

const mci_stored *mci_tensor_store_find(const mci_tensor_store *store, mc_str name)
{
    mci_stored key = { .name = name };
    return store->n ? bsearch(&key, store->items, store->n, sizeof key, by_name) : NULL;
}
