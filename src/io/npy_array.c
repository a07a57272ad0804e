#include "io/npy_array.h"

#include <inttypes.h>
#include <stdio.h>

#include "io/npy_internal.h"

static const struct {
    const char *descr, *name;
    size_t bytes;
} types[] = {
    [MCI_ARRAY_U8] = { "|u1", "u8", 1 },   [MCI_ARRAY_I32] = { "<i4", "i32", 4 },
    [MCI_ARRAY_I64] = { "<i8", "i64", 8 }, [MCI_ARRAY_U32] = { "<u4", "u32", 4 },
    [MCI_ARRAY_U64] = { "<u8", "u64", 8 }, [MCI_ARRAY_F16] = { "<f2", "f16", 2 },
    [MCI_ARRAY_F32] = { "<f4", "f32", 4 }, [MCI_ARRAY_F64] = { "<f8", "f64", 8 },
};

enum { N_TYPES = sizeof types / sizeof types[0] };

size_t mci_array_type_bytes(mci_array_type type)
{
    return types[type].bytes;
}

const char *mci_array_type_name(mci_array_type type)
{
    return types[type].name;
}

const char *mci_array_type_descr(mci_array_type type)
{
    return types[type].descr;
}

static mc_status find_type(mc_str descr, mci_array_type *out, mc_error *err)
{
    char name[64];
    for (size_t i = 0; i < N_TYPES; i++) {
        if (mc_str_equal(descr, mc_str_of(types[i].descr))) {
            *out = (mci_array_type)i;
            return MC_OK;
        }
    }
    mci_npy_name_type(descr, name, sizeof name);
    return mc_fail(err, MC_E_SHAPE, "arrays of %s are not read here", name);
}

/* The number of values; false if it is beyond any memory. */
static bool multiply(const mci_npy_head *head, uint64_t *n)
{
    *n = 1;
    for (size_t i = 0; i < head->rank; i++)
        if (__builtin_mul_overflow(*n, head->shape[i], n) || *n > INT64_MAX / 8)
            return false;
    return true;
}

static mc_status read_head(mc_str text, mci_npy_head *head, mci_array *out, mc_error *err)
{
    bool parsed = mci_npy_read_head(text, head);
    if (head->is_structured)
        return mc_fail(err, MC_E_SHAPE, "an array of a structured type is not read here");
    if (!parsed)
        return mc_fail(err, MC_E_FORMAT, "the header of the .npy file is malformed");
    if (head->rank > MCI_ARRAY_RANK)
        return mc_fail(err, MC_E_SHAPE, "an array of rank %zu; at most %d is read here", head->rank,
                       MCI_ARRAY_RANK);
    if (head->is_fortran && head->rank > 1)
        return mc_fail(err, MC_E_SHAPE,
                       "the array is in Fortran order; save numpy.ascontiguousarray of it");
    return find_type(head->descr, &out->type, err);
}

mc_status mci_array_parse(mc_str file, mci_array *out, mc_error *err)
{
    mc_str text = { 0 }, numbers = { 0 };
    mci_npy_head head;
    mci_array array = { 0 };
    MC_TRY(mci_npy_split(file, &text, &numbers, err));
    MC_TRY(read_head(text, &head, &array, err));
    size_t bytes = types[array.type].bytes;
    bool fits = multiply(&head, &array.n_values);
    if (!fits || array.n_values != numbers.len / bytes || numbers.len % bytes != 0)
        return mc_fail(
            err, MC_E_FORMAT,
            "the .npy file is damaged: its header states more or less than the %zu bytes "
            "that are there",
            numbers.len);
    if ((uintptr_t)numbers.data % bytes != 0)
        return mc_fail(err, MC_E_FORMAT,
                       "the numbers of the .npy file do not start at a multiple of their size");
    array.rank = head.rank;
    memcpy(array.shape, head.shape, sizeof array.shape);
    array.data = numbers.data;
    *out = array;
    return MC_OK;
}

mc_status mci_array_map(const char *path, mci_array *out, mc_error *err)
{
    mci_mapped map = { 0 };
    MC_TRY(mci_map_file(path, &map, err));
    mc_status status = mci_array_parse((mc_str){ map.data, map.n_bytes }, out, err);
    if (status < 0) {
        mci_unmap_file(&map);
        return mc_add_context(err, status, "%s", path);
    }
    out->map = map;
    return MC_OK;
}

void mci_array_unmap(mci_array *array)
{
    mci_unmap_file(&array->map);
    *array = (mci_array){ 0 };
}

/* "f32 [*, 3, 224, 224]" */
static void describe(mci_array_type type, size_t rank, const uint64_t *shape, char *out,
                     size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%s [", types[type].name);
    for (size_t i = 0; i < rank && used < size; i++) {
        const char *comma = i ? ", " : "";
        if (shape[i])
            used += (size_t)snprintf(out + used, size - used, "%s%" PRIu64, comma, shape[i]);
        else
            used += (size_t)snprintf(out + used, size - used, "%s*", comma);
    }
    if (used < size)
        snprintf(out + used, size - used, "]");
}

mc_status mci_array_expect(const mci_array *array, mci_array_type type, size_t rank,
                           const uint64_t *shape, mc_error *err)
{
    bool same = array->type == type && array->rank == rank;
    for (size_t i = 0; same && i < rank; i++)
        same = shape[i] == 0 || shape[i] == array->shape[i];
    if (same)
        return MC_OK;
    char want[200], got[200];
    describe(type, rank, shape, want, sizeof want);
    describe(array->type, array->rank, array->shape, got, sizeof got);
    return mc_fail(err, MC_E_SHAPE, "want %s, got %s", want, got);
}
