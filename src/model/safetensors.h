/* The safetensors form: 8 bytes with the length of a header, the header in JSON, the values.
 *   {"NAME":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}, ..., "__metadata__":{...}}
 * Source: the README of huggingface/safetensors, "Format". */
#ifndef MCI_MODEL_SAFETENSORS_H
#define MCI_MODEL_SAFETENSORS_H

#include "io/output.h"
#include "model/tensor_store.h"

bool mci_safetensors_is(mc_str file);
/* Adds the tensors of a file. As the format wants it, they fill the bytes behind the header without
 * overlap, hole or rest. Errors: MC_E_FORMAT, MC_E_LIMIT (header), MC_E_NOMEM. */
mc_status mci_safetensors_parse(mc_str file, mci_tensor_store *store, mc_error *err);

/* ---- writing: all names and shapes first, then the values in the same order ---- */

typedef struct {
    mci_buf header;
    uint64_t n_bytes; /* of values so far */
} mci_safetensors_header;

mc_status mci_safetensors_add(mci_safetensors_header *header, mc_str name, mci_dtype type,
                              size_t rank, const uint64_t *dims, mc_error *err);
/* Writes the header; the values follow. */
mc_status mci_safetensors_begin(mci_safetensors_header *header, mci_output *output, mc_error *err);

#endif
