/* A published model as it lies on disk, whatever its form: OpenCLIP's .pt, a Hugging Face
 * directory, an OpenCLIP directory. docs/formats/models.md says what is taken. Weights are asked
 * for by OpenCLIP's names and come in OpenCLIP's layout
 * ("visual.transformer.resblocks.0.attn.in_proj_weight", [3*width, width]). */
#ifndef MCI_MODEL_CHECKPOINT_H
#define MCI_MODEL_CHECKPOINT_H

#include "base/dtype.h"
#include "model/clip_config.h"

typedef struct mci_checkpoint mci_checkpoint;

typedef struct {
    const char *config_path; /* OpenCLIP's or Hugging Face's JSON; NULL: beside the weights */
    const char *model_name;  /* a built-in config instead: "ViT-B-32-quickgelu"; or NULL */
    void (*warn)(void *user, const char *text); /* may be NULL */
    void *user;
} mci_checkpoint_options;

/* Opens a .pt, a .safetensors, an .index.json of shards, or a directory; reads names, shapes and
 * config, maps the weights. What is given holds before what lies beside the weights; where a file
 * and model_name speak of different activations, a warning says so, for mixing the two costs
 * accuracy in silence. Without a config, shapes tell: those of a built-in model give its heads,
 * others 64 channels a head, and the activation is taken as QuickGELU, with a warning. Errors:
 * MC_E_IO, MC_E_FORMAT, MC_E_SHAPE (weights that do not fit the config), MC_E_NOMEM.
 */
mc_status mci_checkpoint_open(const char *path, const mci_checkpoint_options *options,
                              mci_checkpoint **out, mc_error *err);
void mci_checkpoint_close(mci_checkpoint *checkpoint);

const mci_clip_config *mci_checkpoint_config(const mci_checkpoint *checkpoint);
/* Where the tokenizer's files lie, if there are any: the directory, or the weights' own. */
const char *mci_checkpoint_folder(const mci_checkpoint *checkpoint);

enum { MCI_MAX_RANK = 8 };

/* The shape of a tensor; false if there is none of this name. */
bool mci_checkpoint_shape(const mci_checkpoint *checkpoint, const char *name, size_t *rank,
                          uint64_t dims[MCI_MAX_RANK], mci_dtype *type);
/* The values as f32, in C order, into the caller's room for as many as dims say; made contiguous,
 * transposed and joined (q, k, v) as OpenCLIP has them.
 * Errors: MC_E_SHAPE "visual.conv1.weight: want [768,3,32,32], got [768,3,16,16]"; MC_E_FORMAT if
 * it is missing. Safe from several threads at once. */
mc_status mci_checkpoint_read(const mci_checkpoint *checkpoint, const char *name, size_t rank,
                              const uint64_t *dims, float *out, mc_error *err);
/* The same values where they lie in the file, if they are f32, aligned and in C order; else NULL
 * and the caller reads them. Valid until close. */
const float *mci_checkpoint_map(const mci_checkpoint *checkpoint, const char *name, size_t rank,
                                const uint64_t *dims);

#endif
