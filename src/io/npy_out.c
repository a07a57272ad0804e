#include "io/npy_out.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "io/npy_internal.h"
#include "io/output.h"

static const struct {
    const char *descr, *columns; /* of the shape, behind the number of rows */
    size_t bytes;
} kinds[] = {
    [MCI_NPY_ROW_U32] = { "'<u4'", "", 4 },
    [MCI_NPY_ROW_TWO_U32] = { "'<u4'", " 2", 8 },
    [MCI_NPY_ROW_TWO_U64] = { "[('f0', '<u8'), ('f1', '<u8')]", "", 16 },
};

struct mci_npy_out {
    mci_output *file;
    char descr[40], columns[24];
    size_t row_bytes;
    uint64_t n;
};

static mc_str header_of(const mci_npy_out *array, char header[MCI_NPY_HEADER])
{
    char shape[48];
    snprintf(shape, sizeof shape, "(%" PRIu64 ",%s)", array->n, array->columns);
    mci_npy_header(array->descr, shape, header);
    return (mc_str){ header, MCI_NPY_HEADER };
}

/* Written and at once written over, to learn at the beginning whether that can be done at the end.
 */
static mc_status begin(mci_npy_out *array, const char *path, mc_error *err)
{
    char header[MCI_NPY_HEADER];
    MC_TRY(mci_output_open(path, MCI_PLAIN, &array->file, err));
    MC_TRY(mci_output_write(array->file, header_of(array, header), err));
    return mci_output_patch(array->file, 0, header_of(array, header), err);
}

/* Takes over array, which says what a row is. */
static mc_status open_array(const char *path, mci_npy_out model, mci_npy_out **out, mc_error *err)
{
    mci_npy_out *array = mci_alloc(sizeof *array);
    if (!array)
        return mci_nomem(err, sizeof *array);
    *array = model;
    mc_status status = begin(array, path, err);
    if (status < 0)
        mci_npy_out_abort(array);
    else
        *out = array;
    return status;
}

mc_status mci_npy_out_open(const char *path, mci_npy_row row, mci_npy_out **out, mc_error *err)
{
    mci_npy_out array = { .row_bytes = kinds[row].bytes };
    snprintf(array.descr, sizeof array.descr, "%s", kinds[row].descr);
    snprintf(array.columns, sizeof array.columns, "%s", kinds[row].columns);
    return open_array(path, array, out, err);
}

mc_status mci_npy_out_open_rows(const char *path, mci_array_type type, size_t n_dims,
                                const uint64_t *dims, mci_npy_out **out, mc_error *err)
{
    mci_npy_out array = { .row_bytes = mci_array_type_bytes(type) };
    size_t used = 0;
    snprintf(array.descr, sizeof array.descr, "'%s'", mci_array_type_descr(type));
    for (size_t i = 0; i < n_dims; i++) {
        if (n_dims > 3 || dims[i] >= 1 << 20)
            return mc_fail(err, MC_E_ARG, "rows of this shape are not written");
        used += (size_t)snprintf(array.columns + used, sizeof array.columns - used, "%s %" PRIu64,
                                 i ? "," : "", dims[i]);
        array.row_bytes *= dims[i];
    }
    return open_array(path, array, out, err);
}

mc_status mci_npy_out_add(mci_npy_out *array, const void *rows, size_t n, mc_error *err)
{
    array->n += n;
    return mci_output_write(array->file, (mc_str){ rows, n * array->row_bytes }, err);
}

uint64_t mci_npy_out_rows(const mci_npy_out *array)
{
    return array->n;
}

mc_status mci_npy_out_commit(mci_npy_out *array, mc_error *err)
{
    char header[MCI_NPY_HEADER];
    mc_status status = mci_output_patch(array->file, 0, header_of(array, header), err);
    if (status >= 0) {
        status = mci_output_commit(array->file, err);
        array->file = NULL;
    }
    mci_npy_out_abort(array);
    return status;
}

void mci_npy_out_abort(mci_npy_out *array)
{
    if (!array)
        return;
    mci_output_abort(array->file);
    mci_free(array);
}
