#include "train/trunk_grad.h"

#include "base/alloc.h"

/* ---- what is kept ---- */

static mc_status make_block_trace(mci_block_trace *t, const mci_trunk *trunk,
                                  const mci_nn_backend *backend, mci_nn_ctx *ctx, size_t R,
                                  mc_error *err)
{
    const size_t C = trunk->width, M = trunk->mlp_width;
    MC_TRY(backend->tensor_new(ctx, MCI_NN_INPUT, R, C, &t->normed_1, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_QKV, R, 3 * C, &t->qkv, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_INPUT, R, C, &t->mixed, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_SUM, R, C, &t->middle, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_INPUT, R, C, &t->normed_2, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_ROWS, R, M, &t->inner, err));
    return backend->tensor_new(ctx, MCI_NN_INPUT, R, M, &t->active, err);
}

static void release_block_trace(mci_block_trace *t, const mci_nn_backend *backend, mci_nn_ctx *ctx)
{
    backend->tensor_free(ctx, t->normed_1);
    backend->tensor_free(ctx, t->qkv);
    backend->tensor_free(ctx, t->mixed);
    backend->tensor_free(ctx, t->middle);
    backend->tensor_free(ctx, t->normed_2);
    backend->tensor_free(ctx, t->inner);
    backend->tensor_free(ctx, t->active);
}

mc_status mci_trunk_trace_make(mci_trunk_trace *trace, const mci_trunk *trunk,
                               const mci_nn_backend *backend, mci_nn_ctx *ctx, size_t R,
                               bool recompute, mc_error *err)
{
    const size_t C = trunk->width, n = trunk->n_layers;
    trace->n_traces = recompute && n > 0 ? 1 : n;
    trace->traces = mci_alloc_zeroed(n + 1, sizeof *trace->traces);
    trace->x = mci_alloc_zeroed(n + 1, sizeof(mci_nn_tensor *));
    if (!trace->traces || !trace->x)
        return mci_nomem(err, (n + 1) * sizeof *trace->traces);
    for (size_t i = 0; i < trace->n_traces; i++)
        MC_TRY(make_block_trace(&trace->traces[i], trunk, backend, ctx, R, err));
    for (size_t i = 0; i <= n; i++)
        MC_TRY(backend->tensor_new(ctx, MCI_NN_SUM, R, C, &trace->x[i], err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_SUM, R, C, &trace->dx, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_ROWS, R, C, &trace->dnormed, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_ROWS, R, 3 * C, &trace->dqkv, err));
    return backend->tensor_new(ctx, MCI_NN_ROWS, R, trunk->mlp_width, &trace->dinner, err);
}

void mci_trunk_trace_release(mci_trunk_trace *trace, const mci_trunk *trunk,
                             const mci_nn_backend *backend, mci_nn_ctx *ctx)
{
    for (size_t i = 0; trace->traces && i < trace->n_traces; i++)
        release_block_trace(&trace->traces[i], backend, ctx);
    for (size_t i = 0; trace->x && i <= trunk->n_layers; i++)
        backend->tensor_free(ctx, trace->x[i]);
    backend->tensor_free(ctx, trace->dx);
    backend->tensor_free(ctx, trace->dnormed);
    backend->tensor_free(ctx, trace->dqkv);
    backend->tensor_free(ctx, trace->dinner);
    mci_free(trace->traces);
    mci_free(trace->x);
    *trace = (mci_trunk_trace){ 0 };
}

/* ---- forward ---- */

static void block_forward(const mci_trunk *trunk, const mci_block *block,
                          const mci_nn_backend *backend, mci_nn_ctx *ctx, mci_block_trace *t,
                          mci_nn_sequences s, const mci_nn_tensor *x, mci_nn_tensor *y)
{
    const mci_nn_training *training = backend->training;
    backend->layernorm(ctx, t->normed_1, x, block->ln_1);
    backend->linear(ctx, t->qkv, t->normed_1, block->in_proj, MCI_NN_LINEAR, false);
    backend->attention(ctx, t->mixed, t->qkv, s, trunk->heads, trunk->causal, NULL);
    training->copy(ctx, t->middle, x);
    backend->linear(ctx, t->middle, t->mixed, block->out_proj, MCI_NN_LINEAR, true);
    backend->layernorm(ctx, t->normed_2, t->middle, block->ln_2);
    backend->linear(ctx, t->inner, t->normed_2, block->c_fc, MCI_NN_LINEAR, false);
    training->activate(ctx, t->active, t->inner, trunk->activation);
    training->copy(ctx, y, t->middle);
    backend->linear(ctx, y, t->active, block->c_proj, MCI_NN_LINEAR, true);
}

static mci_block_trace *trace_of(const mci_trunk_trace *trace, size_t layer)
{
    return &trace->traces[trace->n_traces == 1 ? 0 : layer];
}

void mci_trunk_forward(const mci_trunk *trunk, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                       mci_trunk_trace *trace, mci_nn_sequences s)
{
    for (size_t i = 0; i < trunk->n_layers; i++)
        block_forward(trunk, &trunk->blocks[i], backend, ctx, trace_of(trace, i), s, trace->x[i],
                      trace->x[i + 1]);
}

/* ---- backward ---- */

static void block_backward(const mci_trunk *trunk, const mci_block *block,
                           const mci_nn_backend *backend, mci_nn_ctx *ctx, mci_trunk_trace *trace,
                           const mci_block_trace *t, mci_nn_sequences s, const mci_nn_tensor *x,
                           mci_nn_vector *grads)
{
    const mci_nn_training *training = backend->training;
    mci_nn_tensor *dx = trace->dx, *dnormed = trace->dnormed, *dinner = trace->dinner;
    training->linear_backward(ctx, dinner, dx, t->active, block->c_proj, grads);
    training->activate_backward(ctx, dinner, dinner, t->inner, trunk->activation);
    training->linear_backward(ctx, dnormed, dinner, t->normed_2, block->c_fc, grads);
    training->layernorm_backward(ctx, dx, dnormed, t->middle, block->ln_2, grads, true);
    training->linear_backward(ctx, dnormed, dx, t->mixed, block->out_proj, grads);
    training->attention_backward(ctx, trace->dqkv, dnormed, t->qkv, s, trunk->heads, trunk->causal);
    training->linear_backward(ctx, dnormed, trace->dqkv, t->normed_1, block->in_proj, grads);
    training->layernorm_backward(ctx, dx, dnormed, x, block->ln_1, grads, true);
}

void mci_trunk_backward(const mci_trunk *trunk, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                        mci_trunk_trace *trace, mci_nn_sequences s, mci_nn_vector *grads)
{
    for (size_t i = trunk->n_layers; i-- > 0;) {
        mci_block_trace *t = trace_of(trace, i);
        /* The only trace holds the last block when forward ends. */
        if (trace->n_traces == 1 && i + 1 < trunk->n_layers)
            block_forward(trunk, &trunk->blocks[i], backend, ctx, t, s, trace->x[i],
                          trace->x[i + 1]);
        block_backward(trunk, &trunk->blocks[i], backend, ctx, trace, t, s, trace->x[i], grads);
        if (trace->block_done)
            trace->block_done(trace->user, trunk, i);
    }
}

void mci_trunk_refresh(const mci_trunk *trunk, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                       const mci_nn_vector *values)
{
    const mci_nn_training *training = backend->training;
    for (size_t i = 0; i < trunk->n_layers; i++) {
        mci_block *block = &trunk->blocks[i];
        training->norm_refresh(ctx, block->ln_1, values);
        training->weight_refresh(ctx, block->in_proj, values);
        training->weight_refresh(ctx, block->out_proj, values);
        training->norm_refresh(ctx, block->ln_2, values);
        training->weight_refresh(ctx, block->c_fc, values);
        training->weight_refresh(ctx, block->c_proj, values);
    }
}
