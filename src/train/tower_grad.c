#include "train/tower_grad.h"

#include <assert.h>

#include "base/alloc.h"

/* ---- what is kept ---- */

static mc_status make_sequences(mci_tower_trace *trace, size_t batch, mc_error *err)
{
    trace->starts = mci_alloc((batch + 1) * sizeof *trace->starts);
    trace->only = mci_alloc_zeroed(batch, sizeof *trace->only);
    trace->picked = mci_alloc(batch * sizeof *trace->picked);
    if (!trace->starts || !trace->only || !trace->picked)
        return mci_nomem(err, batch * sizeof *trace->starts);
    trace->s.starts = trace->starts;
    return MC_OK;
}

/* What both towers have at their ends. */
static mc_status make_ends(mci_tower_trace *trace, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                           size_t batch, size_t C, size_t D, mc_error *err)
{
    MC_TRY(make_sequences(trace, batch, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_INPUT, batch, C, &trace->normed, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_SUM, batch, D, &trace->features, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_ROWS, batch, D, &trace->dfeatures, err));
    return backend->tensor_new(ctx, MCI_NN_ROWS, batch, C, &trace->dnormed, err);
}

mc_status mci_vision_trace_make(mci_tower_trace *trace, const mci_vision_tower *tower,
                                const mci_nn_backend *backend, mci_nn_ctx *ctx,
                                mci_passing *passing, size_t batch, bool recompute, mc_error *err)
{
    const size_t C = tower->trunk.width, T = tower->T, n = batch * (T - 1);
    MC_TRY(make_ends(trace, backend, ctx, batch, C, tower->D, err));
    for (size_t i = 0; i <= batch; i++)
        trace->starts[i] = (uint32_t)(i * T);
    MC_TRY(backend->tensor_new(ctx, MCI_NN_SUM, batch * T, C, &trace->joined, err));
    MC_TRY(mci_trunk_trace_make(&trace->trunk, &tower->trunk, backend, ctx, passing, batch,
                                batch * T, recompute, err));
    return mci_passing_fit(&passing->active, backend, ctx, MCI_NN_INPUT, n, 3 * tower->P * tower->P,
                           err);
}

mc_status mci_text_trace_make(mci_tower_trace *trace, const mci_text_tower *tower,
                              const mci_nn_backend *backend, mci_nn_ctx *ctx, mci_passing *passing,
                              size_t batch, bool recompute, mc_error *err)
{
    const size_t R = batch * tower->T;
    MC_TRY(make_ends(trace, backend, ctx, batch, tower->trunk.width, tower->D, err));
    trace->ids = mci_alloc(R * sizeof *trace->ids);
    if (!trace->ids)
        return mci_nomem(err, R * sizeof *trace->ids);
    return mci_trunk_trace_make(&trace->trunk, &tower->trunk, backend, ctx, passing, batch, R,
                                recompute, err);
}

void mci_tower_trace_release(mci_tower_trace *trace, const mci_trunk *trunk,
                             const mci_nn_backend *backend, mci_nn_ctx *ctx)
{
    mci_nn_tensor *const tensors[] = { trace->joined, trace->normed, trace->features,
                                       trace->dfeatures, trace->dnormed };
    for (size_t i = 0; i < sizeof tensors / sizeof tensors[0]; i++)
        backend->tensor_free(ctx, tensors[i]);
    mci_trunk_trace_release(&trace->trunk, trunk, backend, ctx);
    mci_free(trace->ids);
    mci_free(trace->starts);
    mci_free(trace->only);
    mci_free(trace->picked);
    *trace = (mci_tower_trace){ 0 };
}

/* ---- forward ---- */

static mci_wanted wanted_of(const mci_tower_trace *trace)
{
    return (mci_wanted){ trace->s, trace->only, trace->picked };
}

/* From the blocks' last rows to features. */
static void end_forward(const mci_trunk *trunk, const mci_nn_norm *norm,
                        const mci_nn_weight *project, const mci_nn_backend *backend,
                        mci_nn_ctx *ctx, mci_tower_trace *trace)
{
    for (size_t i = 0; i < trace->s.n; i++)
        trace->picked[i] = trace->starts[i] + trace->only[i];
    mci_trunk_forward(trunk, backend, ctx, &trace->trunk, wanted_of(trace));
    backend->layernorm(ctx, trace->normed, trace->trunk.last, norm);
    backend->linear(ctx, trace->features, trace->normed, project, MCI_NN_LINEAR, false);
}

/* Where no block has anything, before the first of them and after the last. */
static const mci_nn_tensor *lay_patches(const mci_vision_tower *tower,
                                        const mci_nn_backend *backend, mci_nn_ctx *ctx,
                                        const mci_tower_trace *trace)
{
    const size_t n = trace->s.n;
    mci_nn_tensor *patches = trace->trunk.passing->active;
    const bool fits =
        backend->tensor_reshape(ctx, patches, n * (tower->T - 1), 3 * tower->P * tower->P);
    assert(fits); /* it was made for them too */
    (void)fits;
    backend->patches(ctx, patches, trace->pixels, n, tower->S, tower->P);
    return patches;
}

void mci_vision_forward(const mci_vision_tower *tower, const mci_nn_backend *backend,
                        mci_nn_ctx *ctx, mci_tower_trace *trace, const float *pixels, size_t n)
{
    mci_nn_tensor *embedded = trace->trunk.passing->middle;
    trace->s.n = n;
    trace->pixels = pixels;
    mci_trunk_enter(&tower->trunk, backend, ctx, &trace->trunk);
    backend->linear(ctx, embedded, lay_patches(tower, backend, ctx, trace), tower->patch,
                    MCI_NN_LINEAR, false);
    backend->join_patches(ctx, trace->joined, embedded, n, tower->first, tower->places);
    backend->layernorm(ctx, trace->trunk.x[0], trace->joined, tower->ln_pre);
    mci_trunk_enter(&tower->trunk, backend, ctx, &trace->trunk);
    end_forward(&tower->trunk, tower->ln_post, tower->project, backend, ctx, trace);
}

/* What comes after the row that speaks for a text has no part in the loss. */
static void lay_texts(const mci_text_tower *tower, mci_tower_trace *trace, const int32_t *tokens,
                      size_t n)
{
    size_t n_rows = 0;
    trace->s.n = n;
    trace->starts[0] = 0;
    for (size_t i = 0; i < n; i++) {
        const int32_t *ids = tokens + i * tower->T;
        const size_t place = mci_text_tower_pool(tower, ids);
        memcpy(trace->ids + n_rows, ids, (place + 1) * sizeof *ids);
        n_rows += place + 1;
        trace->only[i] = (uint32_t)place;
        trace->starts[i + 1] = (uint32_t)n_rows;
    }
}

void mci_text_forward(const mci_text_tower *tower, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                      mci_tower_trace *trace, const int32_t *tokens, size_t n)
{
    lay_texts(tower, trace, tokens, n);
    mci_trunk_enter(&tower->trunk, backend, ctx, &trace->trunk);
    backend->embed(ctx, trace->trunk.x[0], trace->ids, trace->s, tower->words, tower->places);
    end_forward(&tower->trunk, tower->ln_final, tower->project, backend, ctx, trace);
}

/* ---- backward ---- */

static void end_backward(const mci_trunk *trunk, const mci_nn_norm *norm,
                         const mci_nn_weight *project, const mci_nn_backend *backend,
                         mci_nn_ctx *ctx, mci_tower_trace *trace, const float *dfeatures, size_t n,
                         mci_nn_vector *grads)
{
    const mci_nn_training *training = backend->training;
    mci_trunk_enter(trunk, backend, ctx, &trace->trunk);
    backend->write(ctx, trace->dfeatures, dfeatures, n);
    training->input_gradient(ctx, trace->dnormed, trace->dfeatures, project);
    training->weight_gradient(ctx, trace->dfeatures, trace->normed, project, grads);
    training->layernorm_backward(ctx, trace->trunk.dlast, trace->trunk.dlast_rows, NULL,
                                 trace->dnormed, trace->trunk.last, norm, grads, false);
    mci_trunk_backward(trunk, backend, ctx, &trace->trunk, wanted_of(trace), grads);
}

void mci_vision_backward(const mci_vision_tower *tower, const mci_nn_backend *backend,
                         mci_nn_ctx *ctx, mci_tower_trace *trace, const float *dfeatures, size_t n,
                         mci_nn_vector *grads)
{
    const mci_nn_training *training = backend->training;
    mci_passing *passing = trace->trunk.passing;
    mci_nn_tensor *dx = passing->dx, *dembedded = passing->dx_rows;
    end_backward(&tower->trunk, tower->ln_post, tower->project, backend, ctx, trace, dfeatures, n,
                 grads);
    training->layernorm_backward(ctx, dx, NULL, NULL, dx, trace->joined, tower->ln_pre, grads,
                                 false);
    training->join_patches_backward(ctx, dembedded, dx, n, tower->first, tower->places, grads);
    training->weight_gradient(ctx, dembedded, lay_patches(tower, backend, ctx, trace), tower->patch,
                              grads);
}

void mci_text_backward(const mci_text_tower *tower, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                       mci_tower_trace *trace, const float *dfeatures, size_t n,
                       mci_nn_vector *grads)
{
    const mci_nn_training *training = backend->training;
    mci_words_step *own = trace->words_step;
    end_backward(&tower->trunk, tower->ln_final, tower->project, backend, ctx, trace, dfeatures, n,
                 grads);
    if (own)
        own->square =
            training->embed_step(ctx, trace->trunk.passing->dx, trace->ids, trace->s, tower->words,
                                 tower->places, grads, own->values, own->m, own->v, own->how);
    else
        training->embed_backward(ctx, trace->trunk.passing->dx, trace->ids, trace->s, tower->words,
                                 tower->places, grads);
}

/* ---- values ---- */

void mci_vision_refresh(const mci_vision_tower *tower, const mci_nn_backend *backend,
                        mci_nn_ctx *ctx, const mci_nn_vector *values)
{
    const mci_nn_training *training = backend->training;
    training->table_refresh(ctx, tower->first, values);
    training->table_refresh(ctx, tower->places, values);
    training->norm_refresh(ctx, tower->ln_pre, values);
    mci_trunk_refresh(&tower->trunk, backend, ctx, values);
    training->norm_refresh(ctx, tower->ln_post, values);
}

void mci_text_refresh(const mci_text_tower *tower, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                      const mci_nn_vector *values)
{
    const mci_nn_training *training = backend->training;
    training->table_refresh(ctx, tower->words, values);
    training->table_refresh(ctx, tower->places, values);
    mci_trunk_refresh(&tower->trunk, backend, ctx, values);
    training->norm_refresh(ctx, tower->ln_final, values);
}
