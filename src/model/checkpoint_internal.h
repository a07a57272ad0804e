/* A model's files, for those of this room who look closer than checkpoint.h lets them. */
#ifndef MCI_MODEL_CHECKPOINT_INTERNAL_H
#define MCI_MODEL_CHECKPOINT_INTERNAL_H

#include "model/checkpoint.h"
#include "model/clip_tensors.h"
#include "model/tensor_view.h"

struct mci_checkpoint {
    mci_tensor_store store;
    mci_clip_config config;
    mci_config_hooks hooks;
    mci_buf folder, config_path; /* config_path is empty if shapes or a name said it */
    bool is_hugging_face;        /* by the names of its tensors */
    uint64_t n_values;           /* of the model */
    uint64_t n_passed_over;      /* tensors that are not the model's */
};

/* Where a model's files are. */
typedef struct {
    mci_buf weights, config, preprocess; /* paths; empty if there is none */
    mci_buf folder;
    bool is_index; /* weights names the files */
} mci_model_files;

/* MC_E_IO, or MC_E_FORMAT for a folder without weights. */
mc_status mci_model_files_find(const char *path, mci_model_files *out, mc_error *err);
void mci_model_files_release(mci_model_files *files);

/* A tensor of OpenCLIP's name in OpenCLIP's layout, as one to three parts stacked along the first
 * dimension. */
typedef struct {
    mci_stored parts[3];
    size_t n;
} mci_clip_view;

/* Without a check of shapes; false if it is missing. used may be NULL, else it gets the index of
 * each part in the store. */
bool mci_checkpoint_find(const mci_checkpoint *checkpoint, const char *name, mci_clip_view *out,
                         size_t used[3]);
/* The shape of the whole. False if the parts do not fit each other, or a projection is no matrix.
 */
bool mci_clip_view_shape(const mci_clip_view *view, size_t *rank, uint64_t dims[MCI_MAX_RANK]);
/* As mci_checkpoint_read, up to reading. */
mc_status mci_checkpoint_view(const mci_checkpoint *checkpoint, const char *name, size_t rank,
                              const uint64_t *dims, mci_clip_view *out, mc_error *err);

/* The config that the tensors' own shapes give: a built-in one if its sizes are just these, else
 * with 64 channels a head. quick_gelu is true; shapes do not tell. */
mc_status mci_checkpoint_guess(const mci_checkpoint *checkpoint, mci_clip_config *out,
                               bool *is_known, mc_error *err);
/* That every tensor of the config is there in its shape, and no layer more. */
mc_status mci_checkpoint_check(mci_checkpoint *checkpoint, mc_error *err);

#endif
