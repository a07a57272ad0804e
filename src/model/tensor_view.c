#include "model/tensor_view.h"

void mci_view_transpose(mci_stored *view)
{
    uint64_t dim = view->dims[0], stride = view->strides[0];
    view->dims[0] = view->dims[1];
    view->strides[0] = view->strides[1];
    view->dims[1] = dim;
    view->strides[1] = stride;
}

void mci_view_rows(mci_stored *view, uint64_t first, uint64_t n)
{
    if (n > 0)
        view->data += first * view->strides[0] * mci_stored_type_bytes(view->type);
    view->dims[0] = n;
}

/* How many of the last dimensions lie in C order; *run is how many values that makes. */
static size_t contiguous_dims(const mci_stored *view, uint64_t *run)
{
    size_t n = 0;
    *run = 1;
    while (n < view->rank) {
        size_t i = view->rank - 1 - n;
        if (view->dims[i] != 1 && view->strides[i] != *run)
            break;
        *run *= view->dims[i];
        n++;
    }
    return n;
}

bool mci_view_is_contiguous(const mci_stored *view)
{
    uint64_t run;
    return contiguous_dims(view, &run) == view->rank;
}

/* One value after the other along a dimension, each `stride` values from the last. */
static void read_strided(mci_dtype type, const char *from, uint64_t stride, uint64_t n, float *out)
{
    size_t step = stride * mci_dtype_bytes(type);
    uint16_t half;
    for (uint64_t i = 0; i < n; i++, from += step) {
        if (type == MCI_F32) {
            memcpy(&out[i], from, sizeof out[i]);
            continue;
        }
        memcpy(&half, from, sizeof half);
        out[i] = type == MCI_F16 ? mci_f32_of_f16(half) : mci_f32_of_bf16(half);
    }
}

/* Turns through the dimensions outside the run, as an odometer does. */
void mci_view_read(const mci_stored *view, float *out)
{
    uint64_t run, place[MCI_STORED_RANK] = { 0 }, at = 0;
    if (mci_stored_n_values(view->rank, view->dims) == 0)
        return;
    mci_dtype type = (mci_dtype)view->type;
    size_t bytes = mci_dtype_bytes(type), outer = view->rank - contiguous_dims(view, &run);
    bool is_strided = run == 1 && outer > 0;
    if (is_strided)
        outer--;
    uint64_t step = is_strided ? view->dims[outer] : run;
    for (;;) {
        if (is_strided)
            read_strided(type, view->data + at * bytes, view->strides[outer], step, out);
        else
            mci_dtype_convert(type, view->data + at * bytes, MCI_F32, out, (size_t)run);
        out += step;
        size_t i = outer;
        while (i > 0 && ++place[i - 1] == view->dims[i - 1]) {
            at -= (view->dims[i - 1] - 1) * view->strides[i - 1];
            place[--i] = 0;
        }
        if (i == 0)
            return;
        at += view->strides[i - 1];
    }
}
