#include "model/vision_tower.h"

#include "base/alloc.h"
#include "model/pos_embed.h"

/* ---- weights ---- */

/* The stored table may be of another grid than the one that is wanted. */
static mc_status load_places(mci_vision_tower *tower, mci_loader *loader, size_t from_side,
                             mc_error *err)
{
    const char *name = "visual.positional_embedding";
    const size_t C = tower->trunk.width, to = tower->S / tower->P, from = from_side / tower->P;
    const float *stored;
    if (to == from || mci_loader_binds(loader))
        return mci_loader_table(loader, name, tower->T, C, &tower->places, err);
    MC_TRY(mci_loader_values(loader, 0, "", name, 2, (uint64_t[]){ 1 + from * from, C }, &stored,
                             err));
    float *resized = mci_alloc(tower->T * C * sizeof *resized);
    if (!resized)
        return mci_nomem(err, tower->T * C * sizeof *resized);
    mci_pos_embed_resize(stored, from, resized, to, C);
    mc_status status = loader->backend->table_new(resized, tower->T, C, &tower->places, err);
    mci_free(resized);
    return status;
}

mc_status mci_vision_tower_load(mci_vision_tower *tower, mci_loader *loader,
                                const mci_clip_config *config, size_t image_size, mc_error *err)
{
    const size_t C = config->vision.width, P = config->vision.patch_size;
    const size_t S = image_size ? image_size : config->vision.image_size;
    const float eps = config->layer_norm_eps;
    if (S < P)
        return mc_fail(err, MC_E_ARG, "images of %zu pixels are smaller than one patch of %zu", S,
                       P);
    *tower =
        (mci_vision_tower){ .S = S, .P = P, .T = 1 + (S / P) * (S / P), .D = config->embed_dim };
    tower->trunk =
        (mci_trunk){ .width = C,
                     .heads = config->vision.heads,
                     .mlp_width = config->vision.mlp_width,
                     .n_layers = config->vision.layers,
                     .activation = config->quick_gelu ? MCI_NN_QUICK_GELU : MCI_NN_GELU };
    MC_TRY(mci_loader_kernels(loader, "visual.conv1.weight", C, P, &tower->patch, err));
    MC_TRY(mci_loader_row(loader, "visual.class_embedding", C, &tower->first, err));
    MC_TRY(load_places(tower, loader, config->vision.image_size, err));
    MC_TRY(mci_loader_norm(loader, "", "visual.ln_pre", C, eps, &tower->ln_pre, err));
    MC_TRY(mci_trunk_load(&tower->trunk, loader, "visual.transformer.resblocks.", eps, err));
    MC_TRY(mci_loader_norm(loader, "", "visual.ln_post", C, eps, &tower->ln_post, err));
    return mci_loader_projection(loader, "visual.proj", C, tower->D, &tower->project, err);
}

void mci_vision_tower_release(mci_vision_tower *tower, const mci_nn_backend *backend)
{
    mci_trunk_release(&tower->trunk, backend);
    backend->weight_free(tower->patch);
    backend->weight_free(tower->project);
    backend->table_free(tower->first);
    backend->table_free(tower->places);
    backend->norm_free(tower->ln_pre);
    backend->norm_free(tower->ln_post);
    *tower = (mci_vision_tower){ 0 };
}

/* ---- running ---- */

static mc_status make_sequences(mci_vision_room *room, size_t T, mc_error *err)
{
    const size_t n = room->batch;
    room->starts = mci_alloc((n + 1) * sizeof *room->starts);
    room->only = mci_alloc_zeroed(n, sizeof *room->only); /* the class token comes first */
    room->picked = mci_alloc(n * sizeof *room->picked);
    if (!room->starts || !room->only || !room->picked)
        return mci_nomem(err, n * sizeof *room->starts);
    for (size_t i = 0; i <= n; i++)
        room->starts[i] = (uint32_t)(i * T);
    return MC_OK;
}

mc_status mci_vision_room_make(mci_vision_room *room, const mci_vision_tower *tower,
                               const mci_nn_backend *backend, mci_nn_ctx *ctx, size_t batch,
                               mc_error *err)
{
    const size_t C = tower->trunk.width, T = tower->T;
    *room = (mci_vision_room){ .batch = batch };
    MC_TRY(make_sequences(room, T, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_INPUT, batch * (T - 1), 3 * tower->P * tower->P,
                               &room->patches, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_SUM, batch * (T - 1), C, &room->embedded, err));
    MC_TRY(mci_trunk_room_make(&room->trunk, &tower->trunk, backend, ctx, batch * T, batch, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_INPUT, batch, C, &room->normed, err));
    return backend->tensor_new(ctx, MCI_NN_SUM, batch, tower->D, &room->features, err);
}

void mci_vision_room_release(mci_vision_room *room, const mci_nn_backend *backend, mci_nn_ctx *ctx)
{
    mci_trunk_room_release(&room->trunk, backend, ctx);
    backend->tensor_free(ctx, room->patches);
    backend->tensor_free(ctx, room->embedded);
    backend->tensor_free(ctx, room->normed);
    backend->tensor_free(ctx, room->features);
    mci_free(room->starts);
    mci_free(room->only);
    mci_free(room->picked);
    *room = (mci_vision_room){ 0 };
}

void mci_vision_tower_run(const mci_vision_tower *tower, const mci_nn_backend *backend,
                          mci_nn_ctx *ctx, mci_vision_room *room, const float *pixels, size_t n,
                          const mci_trunk_tap *tap)
{
    mci_nn_tensor *x = room->trunk.x;
    backend->patches(ctx, room->patches, pixels, n, tower->S, tower->P);
    backend->linear(ctx, room->embedded, room->patches, tower->patch, MCI_NN_LINEAR, false);
    backend->join_patches(ctx, x, room->embedded, n, tower->first, tower->places);
    backend->layernorm(ctx, x, x, tower->ln_pre);
    if (tap)
        tap->see(tap->user, SIZE_MAX, x);
    mci_trunk_run(&tower->trunk, backend, ctx, &room->trunk, (mci_nn_sequences){ room->starts, n },
                  room->only, room->picked, tap);
    backend->layernorm(ctx, room->normed, room->trunk.last, tower->ln_post);
    backend->linear(ctx, room->features, room->normed, tower->project, MCI_NN_LINEAR, false);
}
