#include "io/npy.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "io/npy_internal.h"
#include "io/output.h"
#include "io/whole.h"

/* The numbers are copied to and from memory as they are. */
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "this file wants a little-endian machine"
#endif

static const struct {
    const char *descr, *name;
    size_t bytes;
} types[] = {
    [MCI_NPY_U32] = { "<u4", "u32", 4 },
    [MCI_NPY_U64] = { "<u8", "u64", 8 },
    [MCI_NPY_F32] = { "<f4", "f32", 4 },
    [MCI_NPY_F64] = { "<f8", "f64", 8 },
};

static mc_status read_header(mc_str text, mci_npy_type type, mci_npy_head *head, mc_error *err)
{
    bool parsed = mci_npy_read_head(text, head);
    if (head->is_structured)
        return mc_fail(err, MC_E_SHAPE, "want %s rank 1, got a structured type", types[type].name);
    if (!parsed)
        return mc_fail(err, MC_E_FORMAT, "the header of the .npy file is malformed");
    if (head->rank == 1 && mc_str_equal(head->descr, mc_str_of(types[type].descr)))
        return MC_OK;
    char name[64];
    mci_npy_name_type(head->descr, name, sizeof name);
    return mc_fail(err, MC_E_SHAPE, "want %s rank 1, got %s rank %zu", types[type].name, name,
                   head->rank);
}

mc_status mci_npy_parse(mc_str file, mci_npy_type type, void **data, size_t *n, mc_error *err)
{
    mc_str text = { 0 }, numbers = { 0 };
    mci_npy_head head;
    MC_TRY(mci_npy_split(file, &text, &numbers, err));
    MC_TRY(read_header(text, type, &head, err));
    /* Compared by division: a shape that claims more than memory has must not wrap around. */
    size_t bytes = types[type].bytes;
    if (head.shape[0] != numbers.len / bytes || numbers.len % bytes != 0)
        return mc_fail(err, MC_E_FORMAT,
                       "the .npy file is damaged: %" PRIu64 " numbers of %zu bytes are stated, "
                       "%zu bytes are there",
                       head.shape[0], bytes, numbers.len);
    void *copy = mci_alloc(numbers.len);
    if (!copy)
        return mci_nomem(err, numbers.len);
    if (numbers.len)
        memcpy(copy, numbers.data, numbers.len);
    *data = copy;
    *n = (size_t)head.shape[0];
    return MC_OK;
}

mc_status mci_npy_load(const char *path, mci_npy_type type, void **data, size_t *n, mc_error *err)
{
    mci_buf file = { 0 };
    mc_status status = mci_read_whole(path, MCI_MAX_WHOLE_BYTES, &file, err);
    if (status >= 0) {
        status = mci_npy_parse(mci_buf_str(&file), type, data, n, err);
        if (status < 0)
            mc_add_context(err, status, "%s", path);
    }
    mci_buf_release(&file);
    return status;
}

mc_status mci_npy_save(const char *path, mci_npy_type type, const void *data, size_t n,
                       mc_error *err)
{
    char header[MCI_NPY_HEADER], descr[8], shape[32];
    mci_output *output = NULL;
    snprintf(descr, sizeof descr, "'%s'", types[type].descr);
    snprintf(shape, sizeof shape, "(%zu,)", n);
    mci_npy_header(descr, shape, header);
    MC_TRY(mci_output_open(path, MCI_PLAIN, &output, err));
    mc_status status = mci_output_write(output, (mc_str){ header, sizeof header }, err);
    if (status >= 0)
        status = mci_output_write(output, (mc_str){ data, n * types[type].bytes }, err);
    if (status < 0) {
        mci_output_abort(output);
        return status;
    }
    return mci_output_commit(output, err);
}
