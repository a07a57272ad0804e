/* Which tensors a CLIP model has, what they are called and how they are laid out: by OpenCLIP,
 * whose names this library uses, and by Hugging Face.
 *
 *   visual.transformer.resblocks.0.attn.in_proj_weight    [3W, W]
 *     vision_model.encoder.layers.0.self_attn.q_proj.weight, k_proj, v_proj    [W, W] each
 *   visual.proj    [W, E]
 *     visual_projection.weight    [E, W]: transposed */
#ifndef MCI_MODEL_CLIP_TENSORS_H
#define MCI_MODEL_CLIP_TENSORS_H

#include "model/clip_config.h"

enum { MCI_TENSOR_NAME = 128 };

typedef struct {
    char name[MCI_TENSOR_NAME];
    size_t rank;
    uint64_t dims[4];
} mci_clip_tensor;

/* The tensors of a model in OpenCLIP's order, by index. */
size_t mci_clip_n_tensors(const mci_clip_config *config);
void mci_clip_tensor_at(const mci_clip_config *config, size_t i, mci_clip_tensor *out);

/* What Hugging Face makes of one: one tensor, or three that are stacked (query, key, value). */
typedef struct {
    char names[3][MCI_TENSOR_NAME];
    size_t n;
    bool is_transposed;
} mci_hugging_face_names;

/* False if name is none of OpenCLIP's. */
bool mci_hugging_face_names_of(const char *name, mci_hugging_face_names *out);

#endif
