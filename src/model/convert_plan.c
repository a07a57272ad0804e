#include "model/convert_plan.h"

#include <math.h>
#include <stdio.h>

#include "base/alloc.h"
#include "model/safetensors.h"

/* Values that are converted at a time. */
enum { PIECE = 1 << 18 };

void mci_convert_plan_release(mci_convert_plan *plan)
{
    mci_free(plan->items);
    mci_free(plan->values);
    mci_free(plan->bytes);
    *plan = (mci_convert_plan){ 0 };
}

uint64_t mci_planned_bytes(const mci_planned *tensor)
{
    return mci_stored_n_values(tensor->rank, tensor->dims) * mci_dtype_bytes(tensor->type);
}

/* ---- planning ---- */

/* Of parts of more than one type, f32 holds all. */
static mci_dtype own_type(const mci_clip_view *view)
{
    for (size_t i = 1; i < view->n; i++)
        if (view->parts[i].type != view->parts[0].type)
            return MCI_F32;
    return (mci_dtype)view->parts[0].type;
}

static mc_status add(mci_convert_plan *plan, const char *name, mci_dtype type,
                     const mci_clip_view *view, mc_error *err)
{
    MC_TRY(mci_grow((void **)&plan->items, &plan->cap, plan->n + 1, sizeof *plan->items, err));
    mci_planned *item = &plan->items[plan->n++];
    *item = (mci_planned){ .type = type, .n_parts = view->n };
    snprintf(item->name, sizeof item->name, "%s", name);
    memcpy(item->parts, view->parts, view->n * sizeof *view->parts);
    mci_clip_view_shape(view, &item->rank, item->dims);
    return MC_OK;
}

/* The i-th of three equal parts of a view. */
static mci_clip_view third_of(const mci_clip_view *view, size_t i)
{
    mci_clip_view third = { .n = 1 };
    if (view->n == 3) {
        third.parts[0] = view->parts[i];
        return third;
    }
    uint64_t n = view->parts[0].dims[0] / 3;
    third.parts[0] = view->parts[0];
    mci_view_rows(&third.parts[0], i * n, n);
    return third;
}

static mc_status add_theirs(mci_convert_plan *plan, const char *name, mci_dtype type,
                            mci_clip_view *view, mc_error *err)
{
    mci_hugging_face_names theirs = { 0 };
    if (!mci_hugging_face_names_of(name, &theirs))
        return mc_fail(err, MC_E_ARG, "%s has no name there", name);
    if (theirs.is_transposed)
        mci_view_transpose(&view->parts[0]);
    if (theirs.n == 1)
        return add(plan, theirs.names[0], type, view, err);
    for (size_t i = 0; i < theirs.n; i++) {
        mci_clip_view third = third_of(view, i);
        MC_TRY(add(plan, theirs.names[i], type, &third, err));
    }
    return MC_OK;
}

static mc_status add_all(const mci_checkpoint *c, bool is_hugging_face, const mci_dtype *type,
                         size_t value_bytes, mci_convert_plan *plan, mc_error *err)
{
    size_t n = mci_clip_n_tensors(&c->config);
    for (size_t i = 0; i < n; i++) {
        mci_clip_tensor tensor;
        mci_clip_view view = { 0 };
        mci_clip_tensor_at(&c->config, i, &tensor);
        MC_TRY(mci_checkpoint_view(c, tensor.name, tensor.rank, tensor.dims, &view, err));
        mci_dtype as = type ? *type : own_type(&view);
        if (mci_dtype_bytes(as) != value_bytes)
            continue;
        MC_TRY(is_hugging_face ? add_theirs(plan, tensor.name, as, &view, err)
                               : add(plan, tensor.name, as, &view, err));
    }
    return MC_OK;
}

mc_status mci_convert_plan_make(const mci_checkpoint *c, bool is_hugging_face,
                                const mci_dtype *type, mci_convert_plan *out, mc_error *err)
{
    MC_TRY(add_all(c, is_hugging_face, type, 4, out, err));
    return add_all(c, is_hugging_face, type, 2, out, err);
}

/* ---- values ---- */

static mc_status make_room(mci_convert_plan *plan, size_t n, mc_error *err)
{
    if (n <= plan->n_room)
        return MC_OK;
    mci_free(plan->values);
    mci_free(plan->bytes);
    plan->n_room = 0;
    plan->values = mci_alloc_zeroed(n, sizeof *plan->values);
    plan->bytes = mci_alloc_zeroed(n, sizeof *plan->values);
    if (!plan->values || !plan->bytes)
        return mci_nomem(err, n * sizeof *plan->values);
    plan->n_room = n;
    return MC_OK;
}

static uint64_t count_infinite(const float *values, size_t n)
{
    uint64_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += fabsf(values[i]) >= 65520 && isfinite(values[i]);
    return count;
}

static mc_status write_piece(mci_convert_plan *plan, const mci_stored *piece, mci_dtype type,
                             size_t n, mci_bytes_sink *sink, void *user, mc_error *err)
{
    MC_TRY(make_room(plan, n, err));
    mci_view_read(piece, plan->values);
    if (type == MCI_F16)
        plan->n_infinite += count_infinite(plan->values, n);
    mci_dtype_convert(MCI_F32, plan->values, type, plan->bytes, n);
    return sink(user, (mc_str){ plan->bytes, n * mci_dtype_bytes(type) }, err);
}

/* Row by row, as many at a time as make a piece. */
static mc_status write_part(mci_convert_plan *plan, const mci_stored *part, mci_dtype type,
                            mci_bytes_sink *sink, void *user, mc_error *err)
{
    uint64_t n = mci_stored_n_values(part->rank, part->dims),
             n_rows = part->rank ? part->dims[0] : 1;
    if (n == 0)
        return MC_OK;
    if (part->type == (mci_stored_type)type && mci_view_is_contiguous(part))
        return sink(user, (mc_str){ part->data, (size_t)n * mci_dtype_bytes(type) }, err);
    if (part->rank == 0)
        return write_piece(plan, part, type, 1, sink, user, err);
    uint64_t in_row = n / n_rows, step = in_row < PIECE ? PIECE / in_row : 1;
    for (uint64_t row = 0; row < n_rows; row += step) {
        mci_stored piece = *part;
        mci_view_rows(&piece, row, n_rows - row < step ? n_rows - row : step);
        MC_TRY(write_piece(plan, &piece, type, (size_t)(piece.dims[0] * in_row), sink, user, err));
    }
    return MC_OK;
}

mc_status mci_planned_write(mci_convert_plan *plan, const mci_planned *tensor, mci_bytes_sink *sink,
                            void *user, mc_error *err)
{
    for (size_t i = 0; i < tensor->n_parts; i++)
        MC_TRY(write_part(plan, &tensor->parts[i], tensor->type, sink, user, err));
    return MC_OK;
}

/* ---- .safetensors ---- */

static mc_status write_to_output(void *user, mc_str bytes, mc_error *err)
{
    return mci_output_write(user, bytes, err);
}

static mc_status write_all(mci_convert_plan *plan, size_t first, size_t n,
                           mci_safetensors_header *header, mci_output *output, mc_error *err)
{
    for (size_t i = first; i < first + n; i++) {
        const mci_planned *t = &plan->items[i];
        MC_TRY(mci_safetensors_add(header, mc_str_of(t->name), t->type, t->rank, t->dims, err));
    }
    MC_TRY(mci_safetensors_begin(header, output, err));
    for (size_t i = first; i < first + n; i++)
        MC_TRY(mci_planned_write(plan, &plan->items[i], write_to_output, output, err));
    return MC_OK;
}

mc_status mci_safetensors_write(mci_convert_plan *plan, size_t first, size_t n, mci_output *output,
                                mc_error *err)
{
    mci_safetensors_header header = { 0 };
    mc_status status = write_all(plan, first, n, &header, output, err);
    mci_buf_release(&header.header);
    return status;
}
