/* What torch.save writes: a zip archive since PyTorch 1.6 (NAME/data.pkl and NAME/data/KEY for each
 * storage), before that one pickle after the other with the storages at the end:
 *
 *   magic number, protocol, facts of the system, the object, keys of storages (five pickles),
 *   then for each key: 8 bytes with its number of values, the values
 *
 * Source: torch/serialization.py. */
#ifndef MCI_MODEL_PT_H
#define MCI_MODEL_PT_H

#include "model/tensor_store.h"

/* Whether a file with these first bytes looks like one, of either form. */
bool mci_pt_is(mc_str start);
/* Adds the tensors of the state dict: the file's object itself, or what it holds as "state_dict",
 * "model" or "model_state_dict". Errors: MC_E_FORMAT, MC_E_LIMIT, MC_E_NOMEM. */
mc_status mci_pt_parse(mc_str file, mci_tensor_store *store, mc_error *err);

#endif
