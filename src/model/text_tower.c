#include "model/text_tower.h"

#include "base/alloc.h"

/* ---- weights ---- */

mc_status mci_text_tower_load(mci_text_tower *tower, mci_loader *loader,
                              const mci_clip_config *config, mc_error *err)
{
    const size_t C = config->text.width;
    const float eps = config->layer_norm_eps;
    *tower = (mci_text_tower){ .T = config->text.context_length,
                               .V = config->text.vocab_size,
                               .D = config->embed_dim,
                               .pool = config->text.pool,
                               .end_id = config->text.end_id };
    tower->trunk = (mci_trunk){ .width = C,
                                .heads = config->text.heads,
                                .mlp_width = config->text.mlp_width,
                                .n_layers = config->text.layers,
                                .activation = config->quick_gelu ? MCI_NN_QUICK_GELU : MCI_NN_GELU,
                                .causal = true };
    MC_TRY(mci_loader_table(loader, "token_embedding.weight", tower->V, C, &tower->words, err));
    MC_TRY(mci_loader_table(loader, "positional_embedding", tower->T, C, &tower->places, err));
    MC_TRY(mci_trunk_load(&tower->trunk, loader, "transformer.resblocks.", eps, err));
    MC_TRY(mci_loader_norm(loader, "", "ln_final", C, eps, &tower->ln_final, err));
    return mci_loader_projection(loader, "text_projection", C, tower->D, &tower->project, err);
}

void mci_text_tower_release(mci_text_tower *tower, const mci_nn_backend *backend)
{
    mci_trunk_release(&tower->trunk, backend);
    backend->table_free(tower->words);
    backend->table_free(tower->places);
    backend->norm_free(tower->ln_final);
    backend->weight_free(tower->project);
    *tower = (mci_text_tower){ 0 };
}

/* ---- which row speaks ---- */

static size_t place_of_largest(const int32_t *ids, size_t T)
{
    size_t best = 0;
    for (size_t t = 1; t < T; t++)
        if (ids[t] > ids[best])
            best = t;
    return best;
}

/* The first row where there is no end at all, as an argmax over nothing but false gives. */
static size_t place_of_end(const int32_t *ids, size_t T, int32_t end_id)
{
    for (size_t t = 0; t < T; t++)
        if (ids[t] == end_id)
            return t;
    return 0;
}

/* The end token is 1, padding 0: the words before it are as many as its place says. */
static size_t number_of_words(const int32_t *ids, size_t T)
{
    size_t n = 0;
    for (size_t t = 0; t < T; t++)
        n += ids[t] > 1;
    return n < T ? n : T - 1;
}

size_t mci_text_tower_pool(const mci_text_tower *tower, const int32_t *ids)
{
    switch (tower->pool) {
    case MCI_POOL_END:
        return place_of_end(ids, tower->T, tower->end_id);
    case MCI_POOL_COUNT:
        return number_of_words(ids, tower->T);
    default:
        return place_of_largest(ids, tower->T);
    }
}

/* ---- running ---- */

mc_status mci_text_room_make(mci_text_room *room, const mci_text_tower *tower,
                             const mci_nn_backend *backend, mci_nn_ctx *ctx, size_t batch,
                             mc_error *err)
{
    const size_t C = tower->trunk.width, R = batch * tower->T;
    const size_t n = batch * (tower->T / 8 + 1); /* texts of 8 tokens fill a batch too */
    *room = (mci_text_room){ .max_rows = R, .max_texts = n };
    room->ids = mci_alloc(R * sizeof *room->ids);
    room->starts = mci_alloc((n + 1) * sizeof *room->starts);
    room->only = mci_alloc(n * sizeof *room->only);
    room->picked = mci_alloc(n * sizeof *room->picked);
    if (!room->ids || !room->starts || !room->only || !room->picked)
        return mci_nomem(err, R * sizeof *room->ids);
    MC_TRY(mci_trunk_room_make(&room->trunk, &tower->trunk, backend, ctx, R, n, err));
    MC_TRY(backend->tensor_new(ctx, MCI_NN_INPUT, n, C, &room->normed, err));
    return backend->tensor_new(ctx, MCI_NN_SUM, n, tower->D, &room->features, err);
}

void mci_text_room_release(mci_text_room *room, const mci_nn_backend *backend, mci_nn_ctx *ctx)
{
    mci_trunk_room_release(&room->trunk, backend, ctx);
    backend->tensor_free(ctx, room->normed);
    backend->tensor_free(ctx, room->features);
    mci_free(room->ids);
    mci_free(room->starts);
    mci_free(room->only);
    mci_free(room->picked);
    *room = (mci_text_room){ 0 };
}

/* Lays texts one after the other, each cut behind the row that speaks for it. */
static size_t fill(const mci_text_tower *tower, mci_text_room *room, const int32_t *tokens,
                   size_t n, bool whole)
{
    size_t n_texts = 0, n_rows = 0;
    room->starts[0] = 0;
    for (; n_texts < n && n_texts < room->max_texts; n_texts++) {
        const int32_t *ids = tokens + n_texts * tower->T;
        const size_t place = mci_text_tower_pool(tower, ids), len = whole ? tower->T : place + 1;
        if (n_rows + len > room->max_rows)
            break;
        memcpy(room->ids + n_rows, ids, len * sizeof *ids);
        n_rows += len;
        room->only[n_texts] = (uint32_t)place;
        room->starts[n_texts + 1] = (uint32_t)n_rows;
    }
    return n_texts;
}

size_t mci_text_tower_run(const mci_text_tower *tower, const mci_nn_backend *backend,
                          mci_nn_ctx *ctx, mci_text_room *room, const int32_t *tokens, size_t n,
                          const mci_trunk_tap *tap)
{
    const size_t taken = fill(tower, room, tokens, n, tap != NULL);
    const mci_nn_sequences s = { room->starts, taken };
    backend->embed(ctx, room->trunk.x, room->ids, s, tower->words, tower->places);
    mci_trunk_run(&tower->trunk, backend, ctx, &room->trunk, s, room->only, room->picked, tap);
    backend->layernorm(ctx, room->normed, room->trunk.last, tower->ln_final);
    backend->linear(ctx, room->features, room->normed, tower->project, MCI_NN_LINEAR, false);
    return taken;
}
