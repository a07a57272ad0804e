#include "model/trunk.h"

#include <stdio.h>

#include "base/alloc.h"

/* ---- weights ---- */

static mc_status load_block(const mci_trunk *trunk, mci_block *block, mci_loader *loader,
                            const char *prefix, float eps, mc_error *err)
{
    const size_t C = trunk->width, M = trunk->mlp_width;
    MC_TRY(mci_loader_norm(loader, prefix, "ln_1", C, eps, &block->ln_1, err));
    MC_TRY(mci_loader_linear(loader, prefix, "attn.in_proj", 3 * C, C, &block->in_proj, err));
    MC_TRY(mci_loader_linear(loader, prefix, "attn.out_proj", C, C, &block->out_proj, err));
    MC_TRY(mci_loader_norm(loader, prefix, "ln_2", C, eps, &block->ln_2, err));
    MC_TRY(mci_loader_linear(loader, prefix, "mlp.c_fc", M, C, &block->c_fc, err));
    return mci_loader_linear(loader, prefix, "mlp.c_proj", C, M, &block->c_proj, err);
}

mc_status mci_trunk_load(mci_trunk *trunk, mci_loader *loader, const char *prefix, float eps,
                         mc_error *err)
{
    trunk->blocks = mci_alloc_zeroed(trunk->n_layers, sizeof *trunk->blocks);
    if (!trunk->blocks)
        return mci_nomem(err, trunk->n_layers * sizeof *trunk->blocks);
    for (size_t i = 0; i < trunk->n_layers; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s%zu.", prefix, i);
        MC_TRY(load_block(trunk, &trunk->blocks[i], loader, name, eps, err));
    }
    return MC_OK;
}

void mci_trunk_release(mci_trunk *trunk, const mci_nn_backend *backend)
{
    for (size_t i = 0; trunk->blocks && i < trunk->n_layers; i++) {
        mci_block *block = &trunk->blocks[i];
        backend->norm_free(block->ln_1);
        backend->norm_free(block->ln_2);
        backend->weight_free(block->in_proj);
        backend->weight_free(block->out_proj);
        backend->weight_free(block->c_fc);
        backend->weight_free(block->c_proj);
    }
    mci_free(trunk->blocks);
    trunk->blocks = NULL;
}

/* ---- the tensors of a context ---- */

mc_status mci_trunk_room_make(mci_trunk_room *room, const mci_trunk *trunk,
                              const mci_nn_backend *backend, mci_nn_ctx *ctx, size_t R, size_t n,
                              mc_error *err)
{
    const size_t C = trunk->width;
    MC_TRY(backend->tensor_new(ctx, MCI_NN_SUM, R, C, &room->x, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_INPUT, R, C, &room->normed, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_QKV, R, 3 * C, &room->qkv, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_INPUT, R, C, &room->mixed, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_INPUT, R, trunk->mlp_width, &room->inner, err));
    return backend->tensor_new(ctx, MCI_NN_SUM, n, C, &room->last, err);
}

void mci_trunk_room_release(mci_trunk_room *room, const mci_nn_backend *backend, mci_nn_ctx *ctx)
{
    backend->tensor_free(ctx, room->x);
    backend->tensor_free(ctx, room->normed);
    backend->tensor_free(ctx, room->qkv);
    backend->tensor_free(ctx, room->mixed);
    backend->tensor_free(ctx, room->inner);
    backend->tensor_free(ctx, room->last);
    *room = (mci_trunk_room){ 0 };
}

/* ---- running ---- */

/* One block. x holds all rows; y, those that go on: x itself, or the tensor of single rows that
 * were picked from it, one a sequence (then `only` names them). */
static void run_block(const mci_trunk *trunk, const mci_block *block, const mci_nn_backend *backend,
                      mci_nn_ctx *ctx, mci_trunk_room *room, mci_nn_sequences s, mci_nn_tensor *y,
                      const uint32_t *only)
{
    backend->layernorm(ctx, room->normed, room->x, block->ln_1);
    backend->linear(ctx, room->qkv, room->normed, block->in_proj, MCI_NN_LINEAR, false);
    backend->attention(ctx, room->mixed, room->qkv, s, trunk->heads, trunk->causal, only);
    backend->linear(ctx, y, room->mixed, block->out_proj, MCI_NN_LINEAR, true);
    backend->layernorm(ctx, room->normed, y, block->ln_2);
    backend->linear(ctx, room->inner, room->normed, block->c_fc, trunk->activation, false);
    backend->linear(ctx, y, room->inner, block->c_proj, MCI_NN_LINEAR, true);
}

void mci_trunk_run(const mci_trunk *trunk, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                   mci_trunk_room *room, mci_nn_sequences s, const uint32_t *only, uint32_t *picked,
                   const mci_trunk_tap *tap)
{
    const size_t n_whole = tap || trunk->n_layers == 0 ? trunk->n_layers : trunk->n_layers - 1;
    for (size_t i = 0; i < s.n; i++)
        picked[i] = s.starts[i] + only[i];
    for (size_t i = 0; i < n_whole; i++) {
        run_block(trunk, &trunk->blocks[i], backend, ctx, room, s, room->x, NULL);
        if (tap)
            tap->see(tap->user, i, room->x);
    }
    backend->pick(ctx, room->last, room->x, picked, s.n);
    if (n_whole < trunk->n_layers)
        run_block(trunk, &trunk->blocks[n_whole], backend, ctx, room, s, room->last, only);
}
