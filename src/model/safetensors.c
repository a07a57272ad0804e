#include "model/safetensors.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/json_text.h"
#include "io/json.h"
#include "io/whole.h"

/* As the format's own library limits it. */
enum { MAX_HEADER = 100000000, SHOWN = 200 };

static const struct {
    const char *name;
    mci_stored_type type;
} types[] = {
    { "F32", MCI_STORED_F32 },   { "F16", MCI_STORED_F16 }, { "BF16", MCI_STORED_BF16 },
    { "F64", MCI_STORED_F64 },   { "I64", MCI_STORED_I64 }, { "I32", MCI_STORED_I32 },
    { "I16", MCI_STORED_I16 },   { "I8", MCI_STORED_I8 },   { "U8", MCI_STORED_U8 },
    { "BOOL", MCI_STORED_BOOL },
};

static uint64_t header_length(mc_str file)
{
    uint64_t n = 0;
    for (size_t i = 8; i-- > 0;)
        n = n << 8 | (unsigned char)file.data[i];
    return n;
}

bool mci_safetensors_is(mc_str file)
{
    return file.len > 8 && file.data[8] == '{' && header_length(file) < (uint64_t)1 << 40;
}

/* ---- reading ---- */

typedef struct {
    uint64_t begin, end;
} extent;

static int by_place(const void *a, const void *b)
{
    const extent *x = a, *y = b;
    return x->begin != y->begin ? (x->begin > y->begin) - (x->begin < y->begin)
                                : (x->end > y->end) - (x->end < y->end);
}

/* Whether the extents cover 0..n, each byte once. */
static mc_status check_cover(extent *extents, size_t n_extents, uint64_t n, mc_error *err)
{
    uint64_t at = 0;
    if (n_extents)
        qsort(extents, n_extents, sizeof *extents, by_place);
    for (size_t i = 0; i < n_extents; i++) {
        if (extents[i].begin != at)
            return mc_fail(err, MC_E_FORMAT,
                           "two tensors overlap, or bytes between them are no one's,"
                           " at offset %" PRIu64,
                           at);
        at = extents[i].end;
    }
    if (at != n)
        return mc_fail(err, MC_E_FORMAT,
                       "the tensors need %" PRIu64 " bytes, %" PRIu64 " are there%s", at, n,
                       at > n ? "; was the file cut short?" : "");
    return MC_OK;
}

/* Reads an array of at most max whole numbers. */
static bool read_numbers(mci_json_value value, size_t max, uint64_t *out, size_t *n)
{
    mci_json_value element;
    *n = 0;
    if (mci_json_type_of(value) != MCI_JSON_ARRAY)
        return false;
    for (mci_json_iter it = mci_json_iterate(value); mci_json_next(&it, NULL, &element); (*n)++)
        if (*n == max || !mci_json_u64(element, &out[*n]))
            return false;
    return true;
}

static mci_stored_type type_named(mc_str name)
{
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (mc_str_equal(name, mc_str_of(types[i].name)))
            return types[i].type;
    return MCI_STORED_OTHER;
}

static mc_status read_tensor(mc_str name, mci_json_value value, mc_str data,
                             mci_tensor_store *store, extent *out, mc_error *err)
{
    mci_json_value dtype, shape, offsets;
    mci_stored tensor = { .name = name };
    uint64_t place[2];
    size_t n = 0;
    int shown = name.len < SHOWN ? (int)name.len : SHOWN;
    if (!mci_json_get(value, "dtype", &dtype) || !mci_json_get(value, "shape", &shape) ||
        !mci_json_get(value, "data_offsets", &offsets) ||
        !read_numbers(shape, MCI_STORED_RANK, tensor.dims, &tensor.rank) ||
        !read_numbers(offsets, 2, place, &n) || n != 2)
        return mc_fail(err, MC_E_FORMAT,
                       "%.*s: wants a dtype, a shape of at most %d numbers and two data_offsets",
                       shown, name.data, MCI_STORED_RANK);
    if (place[0] > place[1] || place[1] > data.len)
        return mc_fail(err, MC_E_FORMAT,
                       "%.*s: bytes %" PRIu64 " to %" PRIu64 " of %zu: was the file cut short?",
                       shown, name.data, place[0], place[1], data.len);
    tensor.type = type_named(mci_json_string(dtype));
    uint64_t bytes = mci_stored_type_bytes(tensor.type), size;
    if (bytes &&
        (__builtin_mul_overflow(mci_stored_n_values(tensor.rank, tensor.dims), bytes, &size) ||
         size != place[1] - place[0]))
        return mc_fail(err, MC_E_FORMAT, "%.*s: its shape and its bytes disagree", shown,
                       name.data);
    mci_stored_set_strides(&tensor);
    *out = (extent){ place[0], place[1] };
    mc_str storage = { data.data + place[0], (size_t)(place[1] - place[0]) };
    return mci_tensor_store_add(store, &tensor, storage, 0, err);
}

static mc_status read_header(mci_json_value root, mc_str data, mci_tensor_store *store,
                             mc_error *err)
{
    extent *extents = NULL;
    size_t n = 0, cap = 0;
    mc_str name;
    mci_json_value value;
    mc_status status = MC_OK;
    if (mci_json_type_of(root) != MCI_JSON_OBJECT)
        return mc_fail(err, MC_E_FORMAT, "the header is no JSON object");
    for (mci_json_iter it = mci_json_iterate(root);
         status >= 0 && mci_json_next(&it, &name, &value);) {
        if (mc_str_equal(name, mc_str_of("__metadata__")))
            continue;
        status = mci_grow((void **)&extents, &cap, n + 1, sizeof *extents, err);
        if (status >= 0)
            status = read_tensor(name, value, data, store, &extents[n++], err);
    }
    if (status >= 0)
        status = check_cover(extents, n, data.len, err);
    mci_free(extents);
    return status;
}

mc_status mci_safetensors_parse(mc_str file, mci_tensor_store *store, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    store->form = "safetensors";
    if (file.len < 8)
        return mc_fail(err, MC_E_FORMAT, "the .safetensors is cut in its header");
    uint64_t n = header_length(file);
    if (n > MAX_HEADER)
        return mc_fail(err, MC_E_LIMIT, "a header of %" PRIu64 " bytes; %d is the format's limit",
                       n, MAX_HEADER);
    if (n > file.len - 8)
        return mc_fail(err, MC_E_FORMAT, "the .safetensors is cut in its header");
    mc_str data = { file.data + 8 + n, file.len - 8 - (size_t)n };
    mc_status status = mci_parse_whole((mc_str){ file.data + 8, (size_t)n }, &json, &root, err);
    if (status >= 0)
        status = read_header(root, data, store, err);
    mci_json_free(json);
    return status;
}

/* ---- writing ---- */

static const char *dtype_name(mci_dtype type)
{
    return type == MCI_F32 ? "F32" : type == MCI_F16 ? "F16" : "BF16";
}

mc_status mci_safetensors_add(mci_safetensors_header *header, mc_str name, mci_dtype type,
                              size_t rank, const uint64_t *dims, mc_error *err)
{
    mci_buf *out = &header->header;
    if (out->len == 0)
        MC_TRY(mci_buf_add(out, mc_str_of("{\"__metadata__\":{\"format\":\"pt\"}"), err));
    MC_TRY(mci_buf_byte(out, ',', err));
    MC_TRY(mci_json_add_string(out, name, err));
    MC_TRY(mci_buf_printf(out, err, ":{\"dtype\":\"%s\",\"shape\":[", dtype_name(type)));
    for (size_t i = 0; i < rank; i++)
        MC_TRY(mci_buf_printf(out, err, "%s%" PRIu64, i ? "," : "", dims[i]));
    uint64_t end = header->n_bytes + mci_stored_n_values(rank, dims) * mci_dtype_bytes(type);
    MC_TRY(mci_buf_printf(out, err, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}",
                          header->n_bytes, end));
    header->n_bytes = end;
    return MC_OK;
}

mc_status mci_safetensors_begin(mci_safetensors_header *header, mci_output *output, mc_error *err)
{
    char length[8];
    mci_buf *out = &header->header;
    MC_TRY(mci_buf_byte(out, '}', err));
    while (out->len % 8 != 0)
        MC_TRY(mci_buf_byte(out, ' ', err));
    for (size_t i = 0; i < 8; i++)
        length[i] = (char)(out->len >> 8 * i);
    MC_TRY(mci_output_write(output, (mc_str){ length, 8 }, err));
    return mci_output_write(output, mci_buf_str(out), err);
}
