/* What the files of a loaded model share. For clip*.c and their tests. */
#ifndef MCI_MODEL_CLIP_INTERNAL_H
#define MCI_MODEL_CLIP_INTERNAL_H

#include "metaclip/model.h"
#include "model/text_tower.h"
#include "model/vision_tower.h"

struct mc_clip {
    const mci_nn_backend *backend;
    mci_nn_precision precision;
    mci_checkpoint *checkpoint; /* open as long as the model: weights may be used where they lie */
    mci_clip_config config;
    float logit_scale;
    bool has_vision, has_text;
    mci_vision_tower vision;
    mci_text_tower text;
};

struct mc_clip_ctx {
    const mc_clip *clip;
    mci_nn_ctx *nn;
    bool raw;
    mci_vision_room vision;
    mci_text_room text;
    const mci_trunk_tap *tap; /* NULL but in tests */
};

#endif
