/* The image tower: a vision transformer whose class token speaks for the image.
 * Source: Radford et al. 2021, section 2.4: ViT (arXiv:2010.11929) with one more norm before the
 * blocks. */
#ifndef MCI_MODEL_VISION_TOWER_H
#define MCI_MODEL_VISION_TOWER_H

#include "model/trunk.h"

typedef struct {
    size_t S, P, T, D; /* image side, patch side, tokens an image, numbers of a feature */
    mci_trunk trunk;
    mci_nn_weight *patch; /* the first convolution */
    mci_nn_table *first, *places;
    mci_nn_norm *ln_pre, *ln_post;
    mci_nn_weight *project;
} mci_vision_tower;

/* image_size 0: the config's. On failure mci_vision_tower_release is still the caller's to call. */
mc_status mci_vision_tower_load(mci_vision_tower *tower, mci_loader *loader,
                                const mci_clip_config *config, size_t image_size, mc_error *err);
void mci_vision_tower_release(mci_vision_tower *tower, const mci_nn_backend *backend);

typedef struct {
    size_t batch; /* images that are computed at a time */
    mci_trunk_room trunk;
    mci_nn_tensor *patches, *embedded, *normed, *features;
    uint32_t *starts, *only, *picked; /* of sequences, which are all of T rows */
} mci_vision_room;

mc_status mci_vision_room_make(mci_vision_room *room, const mci_vision_tower *tower,
                               const mci_nn_backend *backend, mci_nn_ctx *ctx, size_t batch,
                               mc_error *err);
void mci_vision_room_release(mci_vision_room *room, const mci_nn_backend *backend, mci_nn_ctx *ctx);

/* pixels f32 [n, 3, S, S] -> room->features [n, D]; n is at most the room's batch. tap may be NULL;
 * it also sees what goes into the first block, as layer SIZE_MAX. */
void mci_vision_tower_run(const mci_vision_tower *tower, const mci_nn_backend *backend,
                          mci_nn_ctx *ctx, mci_vision_room *room, const float *pixels, size_t n,
                          const mci_trunk_tap *tap);

#endif
