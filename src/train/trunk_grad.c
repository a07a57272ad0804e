#include "train/trunk_grad.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"

/* ---- what passes ---- */

enum { N_PASSING = 10, N_KEPT = 3 }; /* the first of them are a block's trace */

typedef struct {
    mci_nn_tensor **tensor;
    mci_nn_use use;
    size_t K;
} passing_part;

static void list_passing(mci_passing *p, size_t C, size_t M, passing_part parts[N_PASSING])
{
    const passing_part all[N_PASSING] = { { &p->block.qkv, MCI_NN_QKV, 3 * C },
                                          { &p->block.mixed, MCI_NN_INPUT, C },
                                          { &p->block.inner, MCI_NN_ROWS, M },
                                          { &p->normed, MCI_NN_INPUT, C },
                                          { &p->active, MCI_NN_INPUT, M },
                                          { &p->middle, MCI_NN_SUM, C },
                                          { &p->dx, MCI_NN_SUM, C },
                                          { &p->dx_rows, MCI_NN_ROWS, C },
                                          { &p->dnormed, MCI_NN_ROWS, C },
                                          { &p->dqkv, MCI_NN_ROWS, 3 * C } };
    memcpy(parts, all, sizeof all);
}

mc_status mci_passing_fit(mci_nn_tensor **tensor, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                          mci_nn_use use, size_t R, size_t K, mc_error *err)
{
    if (*tensor && backend->tensor_reshape(ctx, *tensor, R, K))
        return MC_OK;
    backend->tensor_free(ctx, *tensor);
    *tensor = NULL;
    return backend->tensor_new(ctx, use, R, K, tensor, err);
}

static mc_status make_passing(mci_passing *passing, const mci_trunk *trunk,
                              const mci_nn_backend *backend, mci_nn_ctx *ctx, size_t R,
                              bool recompute, mc_error *err)
{
    passing_part parts[N_PASSING];
    list_passing(passing, trunk->width, trunk->mlp_width, parts);
    for (size_t i = recompute ? 0 : N_KEPT; i < N_PASSING; i++)
        MC_TRY(mci_passing_fit(parts[i].tensor, backend, ctx, parts[i].use, R, parts[i].K, err));
    return MC_OK;
}

void mci_passing_release(mci_passing *passing, const mci_nn_backend *backend, mci_nn_ctx *ctx)
{
    passing_part parts[N_PASSING];
    list_passing(passing, 0, 0, parts);
    for (size_t i = 0; i < N_PASSING; i++)
        backend->tensor_free(ctx, *parts[i].tensor);
    *passing = (mci_passing){ 0 };
}

void mci_trunk_enter(const mci_trunk *trunk, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                     mci_trunk_trace *trace)
{
    passing_part parts[N_PASSING];
    list_passing(trace->passing, trunk->width, trunk->mlp_width, parts);
    for (size_t i = trace->traces ? N_KEPT : 0; i < N_PASSING; i++) {
        const bool fits = backend->tensor_reshape(ctx, *parts[i].tensor, trace->R, parts[i].K);
        assert(fits); /* it was made for both */
        (void)fits;
    }
}

/* ---- what is kept ---- */

/* all: the rows of qkv; R: of the others. */
static mc_status make_block_trace(mci_block_trace *t, const mci_trunk *trunk,
                                  const mci_nn_backend *backend, mci_nn_ctx *ctx, size_t all,
                                  size_t R, mc_error *err)
{
    const size_t C = trunk->width;
    MC_TRY(backend->tensor_new(ctx, MCI_NN_QKV, all, 3 * C, &t->qkv, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_INPUT, R, C, &t->mixed, err));
    return backend->tensor_new(ctx, MCI_NN_ROWS, R, trunk->mlp_width, &t->inner, err);
}

static mc_status make_traces(mci_trunk_trace *trace, const mci_trunk *trunk,
                             const mci_nn_backend *backend, mci_nn_ctx *ctx, size_t batch,
                             mc_error *err)
{
    const size_t n = trunk->n_layers;
    trace->traces = mci_alloc_zeroed(n, sizeof *trace->traces);
    if (!trace->traces)
        return mci_nomem(err, n * sizeof *trace->traces);
    for (size_t i = 0; i < n; i++)
        MC_TRY(make_block_trace(&trace->traces[i], trunk, backend, ctx, trace->R,
                                i + 1 < n ? trace->R : batch, err));
    return MC_OK;
}

static mc_status make_x(mci_trunk_trace *trace, const mci_trunk *trunk,
                        const mci_nn_backend *backend, mci_nn_ctx *ctx, mc_error *err)
{
    const size_t n = trunk->n_layers;
    trace->x = mci_alloc_zeroed(n, sizeof(mci_nn_tensor *));
    if (!trace->x)
        return mci_nomem(err, n * sizeof(mci_nn_tensor *));
    for (size_t i = 0; i < n; i++)
        MC_TRY(backend->tensor_new(ctx, MCI_NN_SUM, trace->R, trunk->width, &trace->x[i], err));
    return MC_OK;
}

static mc_status make_ends(mci_trunk_trace *trace, const mci_trunk *trunk,
                           const mci_nn_backend *backend, mci_nn_ctx *ctx, size_t batch,
                           mc_error *err)
{
    const size_t C = trunk->width;
    MC_TRY(backend->tensor_new(ctx, MCI_NN_SUM, batch, C, &trace->picked, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_SUM, batch, C, &trace->last, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_SUM, batch, C, &trace->dlast, err));
    return backend->tensor_new(ctx, MCI_NN_ROWS, batch, C, &trace->dlast_rows, err);
}

mc_status mci_trunk_trace_make(mci_trunk_trace *trace, const mci_trunk *trunk,
                               const mci_nn_backend *backend, mci_nn_ctx *ctx, mci_passing *passing,
                               size_t batch, size_t R, bool recompute, mc_error *err)
{
    trace->R = R;
    trace->passing = passing;
    if (!recompute)
        MC_TRY(make_traces(trace, trunk, backend, ctx, batch, err));
    MC_TRY(make_x(trace, trunk, backend, ctx, err));
    MC_TRY(make_ends(trace, trunk, backend, ctx, batch, err));
    return make_passing(passing, trunk, backend, ctx, R, recompute, err);
}

void mci_trunk_trace_release(mci_trunk_trace *trace, const mci_trunk *trunk,
                             const mci_nn_backend *backend, mci_nn_ctx *ctx)
{
    mci_nn_tensor *const ends[] = { trace->picked, trace->last, trace->dlast, trace->dlast_rows };
    for (size_t i = 0; trace->traces && i < trunk->n_layers; i++) {
        backend->tensor_free(ctx, trace->traces[i].qkv);
        backend->tensor_free(ctx, trace->traces[i].mixed);
        backend->tensor_free(ctx, trace->traces[i].inner);
    }
    for (size_t i = 0; trace->x && i < trunk->n_layers; i++)
        backend->tensor_free(ctx, trace->x[i]);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        backend->tensor_free(ctx, ends[i]);
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

static mci_block_trace *trace_of(const pass *p, size_t layer)
{
    return p->trace->traces ? &p->trace->traces[layer] : &p->trace->passing->block;
}

/* What the first half of a block is added to: of the last, the rows that are wanted. */
static const mci_nn_tensor *base_of(const pass *p, size_t layer)
{
    return is_last(p, layer) ? p->trace->picked : p->trace->x[layer];
}

static void block_middle(const pass *p, size_t layer)
{
    p->backend->training->linear_onto(p->ctx, p->trace->passing->middle, base_of(p, layer),
                                      trace_of(p, layer)->mixed, p->trunk->blocks[layer].out_proj);
}

/* Up to what is before the second product of the MLP. */
static void block_inner(const pass *p, size_t layer)
{
    const mci_nn_backend *backend = p->backend;
    const mci_block *block = &p->trunk->blocks[layer];
    const mci_block_trace *t = trace_of(p, layer);
    const mci_nn_tensor *x = p->trace->x[layer];
    mci_passing *passing = p->trace->passing;
    backend->layernorm(p->ctx, passing->normed, x, block->ln_1);
    backend->linear(p->ctx, t->qkv, passing->normed, block->in_proj, MCI_NN_LINEAR, false);
    backend->attention(p->ctx, t->mixed, t->qkv, p->wanted.s, p->trunk->heads, p->trunk->causal,
                       is_last(p, layer) ? p->wanted.only : NULL);
    if (is_last(p, layer))
        backend->pick(p->ctx, p->trace->picked, x, p->wanted.rows, p->wanted.s.n);
    block_middle(p, layer);
    backend->layernorm(p->ctx, passing->normed, passing->middle, block->ln_2);
    backend->training->linear_kept(p->ctx, passing->active, t->inner, passing->normed, block->c_fc,
                                   p->trunk->activation);
}

static void block_forward(const pass *p, size_t layer)
{
    const mci_passing *passing = p->trace->passing;
    mci_nn_tensor *y = is_last(p, layer) ? p->trace->last : p->trace->x[layer + 1];
    block_inner(p, layer);
    p->backend->training->linear_onto(p->ctx, y, passing->middle, passing->active,
                                      p->trunk->blocks[layer].c_proj);
}

/* The MLP: dx and rows, by what comes out of the block, become those by its middle. */
static void mlp_backward(const pass *p, size_t layer, mci_nn_tensor *dx, mci_nn_tensor *rows,
                         mci_nn_vector *grads)
{
    const mci_nn_training *training = p->backend->training;
    const mci_block *block = &p->trunk->blocks[layer];
    mci_passing *passing = p->trace->passing;
    mci_nn_tensor *inner = trace_of(p, layer)->inner;
    training->inner_gradient(p->ctx, inner, passing->active, rows, inner, block->c_proj,
                             p->trunk->activation);
    training->weight_gradient(p->ctx, rows, passing->active, block->c_proj, grads);
    training->input_gradient(p->ctx, passing->dnormed, inner, block->c_fc);
    training->layernorm_backward(p->ctx, dx, rows, passing->normed, passing->dnormed,
                                 passing->middle, block->ln_2, grads, true);
    training->weight_gradient(p->ctx, inner, passing->normed, block->c_fc, grads);
}

/* Attention: from rows, by the middle, to dnormed, by what its norm gave. */
static void attention_backward(const pass *p, size_t layer, const mci_nn_tensor *rows,
                               mci_nn_vector *grads)
{
    const mci_nn_training *training = p->backend->training;
    const mci_block *block = &p->trunk->blocks[layer];
    const mci_block_trace *t = trace_of(p, layer);
    mci_passing *passing = p->trace->passing;
    training->input_gradient(p->ctx, passing->dnormed, rows, block->out_proj);
    training->weight_gradient(p->ctx, rows, t->mixed, block->out_proj, grads);
    training->attention_backward(p->ctx, passing->dqkv, passing->dnormed, t->qkv, p->wanted.s,
                                 p->trunk->heads, p->trunk->causal,
                                 is_last(p, layer) ? p->wanted.only : NULL);
    training->input_gradient(p->ctx, passing->dnormed, passing->dqkv, block->in_proj);
}

static void block_backward(const pass *p, size_t layer, mci_nn_vector *grads)
{
    const mci_nn_training *training = p->backend->training;
    const mci_block *block = &p->trunk->blocks[layer];
    mci_passing *passing = p->trace->passing;
    mci_nn_tensor *dx = is_last(p, layer) ? p->trace->dlast : passing->dx;
    mci_nn_tensor *rows = is_last(p, layer) ? p->trace->dlast_rows : passing->dx_rows;
    mlp_backward(p, layer, dx, rows, grads);
    attention_backward(p, layer, rows, grads);
    if (is_last(p, layer))
        training->pick_backward(p->ctx, passing->dx, dx, p->wanted.rows, p->wanted.s.n,
                                p->wanted.s.starts[p->wanted.s.n]);
    training->layernorm_backward(p->ctx, passing->dx, passing->dx_rows, passing->normed,
                                 passing->dnormed, p->trace->x[layer], block->ln_1, grads, true);
    training->weight_gradient(p->ctx, passing->dqkv, passing->normed, block->in_proj, grads);
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
        if (trace->traces)
            block_middle(&p, i);
        else
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
