/* The text tower: a causal transformer, of which one row, at the end token, speaks for the text. A
 * row sees no later one, so what follows it is left out, and texts lie in a batch without padding.
 * Source: Radford et al. 2021, section 2.4. */
#ifndef MCI_MODEL_TEXT_TOWER_H
#define MCI_MODEL_TEXT_TOWER_H

#include "model/trunk.h"

typedef struct {
    size_t T, V, D; /* context length, size of the vocabulary, numbers of a feature */
    mci_text_pool pool;
    int32_t end_id;
    mci_trunk trunk;
    mci_nn_table *words, *places;
    mci_nn_norm *ln_final;
    mci_nn_weight *project;
} mci_text_tower;

/* On failure mci_text_tower_release is still the caller's to call. */
mc_status mci_text_tower_load(mci_text_tower *tower, mci_loader *loader,
                              const mci_clip_config *config, mc_error *err);
void mci_text_tower_release(mci_text_tower *tower, const mci_nn_backend *backend);

/* The place in a text, int32 [T], whose row speaks for it. */
size_t mci_text_tower_pool(const mci_text_tower *tower, const int32_t *ids);

typedef struct {
    size_t max_rows, max_texts; /* that are computed at a time */
    mci_trunk_room trunk;
    mci_nn_tensor *normed, *features;
    int32_t *ids;                     /* of the batch, one text after the other */
    uint32_t *starts, *only, *picked; /* of the texts */
} mci_text_room;

/* For `batch` full texts, or more shorter ones. */
mc_status mci_text_room_make(mci_text_room *room, const mci_text_tower *tower,
                             const mci_nn_backend *backend, mci_nn_ctx *ctx, size_t batch,
                             mc_error *err);
void mci_text_room_release(mci_text_room *room, const mci_nn_backend *backend, mci_nn_ctx *ctx);

/* Takes as many of the n texts, tokens int32 [n, T], as fit into one batch, and gives that number;
 * room->features is then [that number, D]. tap may be NULL; with one, nothing is left out. */
size_t mci_text_tower_run(const mci_text_tower *tower, const mci_nn_backend *backend,
                          mci_nn_ctx *ctx, mci_text_room *room, const int32_t *tokens, size_t n,
                          const mci_trunk_tap *tap);

#endif
