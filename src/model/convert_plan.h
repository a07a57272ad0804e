/* What a conversion will write: every tensor with its name in the other form, and where its values
 * come from. */
#ifndef MCI_MODEL_CONVERT_PLAN_H
#define MCI_MODEL_CONVERT_PLAN_H

#include "io/output.h"
#include "model/checkpoint_internal.h"

typedef struct {
    char name[MCI_TENSOR_NAME];
    mci_dtype type;
    size_t rank;
    uint64_t dims[MCI_STORED_RANK];
    mci_stored parts[3]; /* stacked along the first dimension */
    size_t n_parts;
} mci_planned;

typedef struct {
    mci_planned *items;
    size_t n, cap;
    uint64_t n_infinite; /* counted while writing */
    float *values;       /* room for a piece, while writing */
    char *bytes;
    size_t n_room;
} mci_convert_plan;

/* Plans all tensors of a checkpoint under OpenCLIP's names or Hugging Face's. type NULL: each as it
 * is. Those of 4 bytes a value come first, so that all are aligned in a file without gaps. The
 * views point into the checkpoint. */
mc_status mci_convert_plan_make(const mci_checkpoint *checkpoint, bool is_hugging_face,
                                const mci_dtype *type, mci_convert_plan *out, mc_error *err);
void mci_convert_plan_release(mci_convert_plan *plan);

uint64_t mci_planned_bytes(const mci_planned *tensor);

/* Hands a tensor's bytes to sink, some MB at a time. */
typedef mc_status mci_bytes_sink(void *user, mc_str bytes, mc_error *err);
mc_status mci_planned_write(mci_convert_plan *plan, const mci_planned *tensor, mci_bytes_sink *sink,
                            void *user, mc_error *err);

/* A state dict as torch.save writes it, into output: zip form, protocol 2, everything stored, each
 * tensor at a multiple of 64 bytes. */
mc_status mci_pt_write(mci_convert_plan *plan, mci_output *output, mc_error *err);
/* Tensors first .. first + n - 1 as one .safetensors. */
mc_status mci_safetensors_write(mci_convert_plan *plan, size_t first, size_t n, mci_output *output,
                                mc_error *err);

#endif
