/* The functions and classes that a checkpoint may name, and what each gives. */
#ifndef MCI_MODEL_PICKLE_CALLS_H
#define MCI_MODEL_PICKLE_CALLS_H

#include "model/pickle.h"

/* Looks a name up in the list. MC_E_FORMAT "refuses os.system: a checkpoint holds data only". */
mc_status mci_pickle_global(mc_str module, mc_str name, size_t *out, mc_error *err);

/* What global(args) gives, written into *out, which comes as a MCI_PICKLED_SHELL: a tensor, one of
 * the arguments, an empty dict; or it stays a shell. */
mc_status mci_pickle_call(size_t global, const mci_pickled *args, mci_arena *arena,
                          mci_pickled *out, mc_error *err);

/* The storage that a persistent id names, a tuple ("storage", type, key, place, number of values),
 * with a sixth member in the older form: None, or (key of the view, offset, number of values). */
mc_status mci_pickle_storage(const mci_pickled *id, mci_pickled_storage *out, mc_error *err);

#endif
