#include "train/trunk_grad.h"

#include "base/alloc.h"

/* ---- what is kept ---- */

/* all: the rows of qkv; R: of the others. */
static mc_status make_block_trace(mci_block_trace *t, const mci_trunk *trunk,
                                  const mci_nn_backend *backend, mci_nn_ctx *ctx, size_t all,
                                  size_t R, mc_error *err)
{
    const size_t C = trunk->width;
    MC_TRY(backend->tensor_new(ctx, MCI_NN_QKV, all, 3 * C, &t->qkv, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_INPUT, R, C, &t->mixed, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_SUM, R, C, &t->middle, err));
    return backend->tensor_new(ctx, MCI_NN_ROWS, R, trunk->mlp_width, &t->inner, err);
}

static mc_status make_traces(mci_trunk_trace *trace, const mci_trunk *trunk,
                             const mci_nn_backend *backend, mci_nn_ctx *ctx, size_t batch, size_t R,
                             mc_error *err)
{
    for (size_t i = 0; i < trace->n_traces; i++)
        MC_TRY(make_block_trace(&trace->traces[i], trunk, backend, ctx, R,
                                i + 1 < trace->n_traces ? R : batch, err));
    for (size_t i = 0; i < trunk->n_layers; i++)
        MC_TRY(backend->tensor_new(ctx, MCI_NN_SUM, R, trunk->width, &trace->x[i], err));
    return MC_OK;
}

/* What is the same for all blocks. */
static mc_status make_passing(mci_trunk_trace *trace, const mci_trunk *trunk,
                              const mci_nn_backend *backend, mci_nn_ctx *ctx, size_t batch,
                              size_t R, mc_error *err)
{
    const size_t C = trunk->width, M = trunk->mlp_width;
    MC_TRY(backend->tensor_new(ctx, MCI_NN_INPUT, R, C, &trace->normed, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_INPUT, R, M, &trace->active, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_SUM, batch, C, &trace->picked, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_SUM, batch, C, &trace->last, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_SUM, batch, C, &trace->dlast, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_ROWS, batch, C, &trace->dlast_rows, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_SUM, R, C, &trace->dx, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_ROWS, R, C, &trace->dx_rows, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_ROWS, R, C, &trace->dnormed, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_ROWS, R, 3 * C, &trace->dqkv, err));
    return backend->tensor_new(ctx, MCI_NN_ROWS, R, M, &trace->dinner, err);
}

mc_status mci_trunk_trace_make(mci_trunk_trace *trace, const mci_trunk *trunk,
                               const mci_nn_backend *backend, mci_nn_ctx *ctx, size_t batch,
                               size_t R, bool recompute, mc_error *err)
{
    const size_t n = trunk->n_layers;
    trace->n_traces = recompute && n > 2 ? 2 : n;
    trace->traces = mci_alloc_zeroed(n, sizeof *trace->traces);
    trace->x = mci_alloc_zeroed(n, sizeof(mci_nn_tensor *));
    if (!trace->traces || !trace->x)
        return mci_nomem(err, n * sizeof *trace->traces);
    MC_TRY(make_traces(trace, trunk, backend, ctx, batch, R, err));
    return make_passing(trace, trunk, backend, ctx, batch, R, err);
}

void mci_trunk_trace_release(mci_trunk_trace *trace, const mci_trunk *trunk,
                             const mci_nn_backend *backend, mci_nn_ctx *ctx)
{
    mci_nn_tensor *const passing[] = { trace->normed, trace->active,  trace->picked,
                                       trace->last,   trace->dlast,   trace->dlast_rows,
                                       trace->dx,     trace->dx_rows, trace->dnormed,
                                       trace->dqkv,   trace->dinner };
    for (size_t i = 0; trace->traces && i < trace->n_traces; i++) {
        backend->tensor_free(ctx, trace->traces[i].qkv);
        backend->tensor_free(ctx, trace->traces[i].mixed);
        backend->tensor_free(ctx, trace->traces[i].middle);
        backend->tensor_free(ctx, trace->traces[i].inner);
    }
    for (size_t i = 0; trace->x && i < trunk->n_layers; i++)
        backend->tensor_free(ctx, trace->x[i]);
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
        backend->tensor_free(ctx, passing[i]);
    mci_free(trace->traces);
    mci_free(trace->x);
    *trace = (mci_trunk_trace){ 0 };
}

/* ---- one block ---- */

typedef struct {
    const mci_trunk *trunk;
    const mci_nn_backend *backend;
    mci_nn_ctx *ctx;
    mci_trunk_trace *trace;
    mci_wanted wanted;
} pass;

static bool is_last(const pass *p, size_t layer)
{
    return layer + 1 == p->trunk->n_layers;
}

static bool is_recomputed(const pass *p, size_t layer)
{
    return p->trace->n_traces < p->trunk->n_layers && !is_last(p, layer);
}

static mci_block_trace *trace_of(const pass *p, size_t layer)
{
    if (is_last(p, layer))
        return &p->trace->traces[p->trace->n_traces - 1];
    return &p->trace->traces[is_recomputed(p, layer) ? 0 : layer];
}

/* Up to what is before the second product of the MLP. */
static void block_inner(const pass *p, size_t layer)
{
    const mci_nn_backend *backend = p->backend;
    const mci_block *block = &p->trunk->blocks[layer];
    mci_block_trace *t = trace_of(p, layer);
    mci_nn_tensor *x = p->trace->x[layer], *normed = p->trace->normed;
    backend->layernorm(p->ctx, normed, x, block->ln_1);
    backend->linear(p->ctx, t->qkv, normed, block->in_proj, MCI_NN_LINEAR, false);
    backend->attention(p->ctx, t->mixed, t->qkv, p->wanted.s, p->trunk->heads, p->trunk->causal,
                       is_last(p, layer) ? p->wanted.only : NULL);
    if (is_last(p, layer)) {
        backend->pick(p->ctx, p->trace->picked, x, p->wanted.rows, p->wanted.s.n);
        x = p->trace->picked;
    }
    backend->training->linear_onto(p->ctx, t->middle, x, t->mixed, block->out_proj);
    backend->layernorm(p->ctx, normed, t->middle, block->ln_2);
    backend->training->linear_kept(p->ctx, p->trace->active, t->inner, normed, block->c_fc,
                                   p->trunk->activation);
}

static void block_forward(const pass *p, size_t layer)
{
    mci_nn_tensor *y = is_last(p, layer) ? p->trace->last : p->trace->x[layer + 1];
    block_inner(p, layer);
    p->backend->training->linear_onto(p->ctx, y, trace_of(p, layer)->middle, p->trace->active,
                                      p->trunk->blocks[layer].c_proj);
}

/* The MLP: dx and rows, by what comes out of the block, become those by its middle. */
static void mlp_backward(const pass *p, size_t layer, mci_nn_tensor *dx, mci_nn_tensor *rows,
                         mci_nn_vector *grads)
{
    const mci_nn_training *training = p->backend->training;
    const mci_block *block = &p->trunk->blocks[layer];
    const mci_block_trace *t = trace_of(p, layer);
    mci_trunk_trace *trace = p->trace;
    training->inner_gradient(p->ctx, trace->dinner, trace->active, rows, t->inner, block->c_proj,
                             p->trunk->activation);
    training->weight_gradient(p->ctx, rows, trace->active, block->c_proj, grads);
    training->input_gradient(p->ctx, trace->dnormed, trace->dinner, block->c_fc);
    training->layernorm_backward(p->ctx, dx, rows, trace->normed, trace->dnormed, t->middle,
                                 block->ln_2, grads, true);
    training->weight_gradient(p->ctx, trace->dinner, trace->normed, block->c_fc, grads);
}

/* Attention: from rows, by the middle, to dnormed, by what its norm gave. */
static void attention_backward(const pass *p, size_t layer, const mci_nn_tensor *rows,
                               mci_nn_vector *grads)
{
    const mci_nn_training *training = p->backend->training;
    const mci_block *block = &p->trunk->blocks[layer];
    const mci_block_trace *t = trace_of(p, layer);
    mci_trunk_trace *trace = p->trace;
    training->input_gradient(p->ctx, trace->dnormed, rows, block->out_proj);
    training->weight_gradient(p->ctx, rows, t->mixed, block->out_proj, grads);
    training->attention_backward(p->ctx, trace->dqkv, trace->dnormed, t->qkv, p->wanted.s,
                                 p->trunk->heads, p->trunk->causal,
                                 is_last(p, layer) ? p->wanted.only : NULL);
    training->input_gradient(p->ctx, trace->dnormed, trace->dqkv, block->in_proj);
}

static void block_backward(const pass *p, size_t layer, mci_nn_vector *grads)
{
    const mci_nn_training *training = p->backend->training;
    const mci_block *block = &p->trunk->blocks[layer];
    mci_trunk_trace *trace = p->trace;
    mci_nn_tensor *dx = is_last(p, layer) ? trace->dlast : trace->dx;
    mci_nn_tensor *rows = is_last(p, layer) ? trace->dlast_rows : trace->dx_rows;
    mlp_backward(p, layer, dx, rows, grads);
    attention_backward(p, layer, rows, grads);
    if (is_last(p, layer))
        training->pick_backward(p->ctx, trace->dx, dx, p->wanted.rows, p->wanted.s.n,
                                p->wanted.s.starts[p->wanted.s.n]);
    training->layernorm_backward(p->ctx, trace->dx, trace->dx_rows, trace->normed, trace->dnormed,
                                 trace->x[layer], block->ln_1, grads, true);
    training->weight_gradient(p->ctx, trace->dqkv, trace->normed, block->in_proj, grads);
}

/* ---- all blocks ---- */

void mci_trunk_forward(const mci_trunk *trunk, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                       mci_trunk_trace *trace, mci_wanted wanted)
{
    const pass p = { trunk, backend, ctx, trace, wanted };
    for (size_t i = 0; i < trunk->n_layers; i++)
        block_forward(&p, i);
}

void mci_trunk_backward(const mci_trunk *trunk, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                        mci_trunk_trace *trace, mci_wanted wanted, mci_nn_vector *grads)
{
    const pass p = { trunk, backend, ctx, trace, wanted };
    for (size_t i = trunk->n_layers; i-- > 0;) {
        if (is_recomputed(&p, i))
            block_inner(&p, i);
        block_backward(&p, i, grads);
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
        training->norm_refresh(ctx, block->ln_2, values);
    }
}
