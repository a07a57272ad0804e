/* The files of a model in a repository of Hugging Face. */
#ifndef MCI_MODEL_PULL_REPO_H
#define MCI_MODEL_PULL_REPO_H

#include "base/buf.h"

/* Files that a repository may hold beside its weights, all of them small; NULL behind them. */
extern const char *const mci_repo_files[];

enum { MCI_MOST_SHARDS = 1024 };

/* The names of the shards that a model.safetensors.index.json names, each once, in the order of
 * their first tensors, with a NUL behind each. They come from outside: only plain names of
 * .safetensors files are taken.
 * Errors: MC_E_FORMAT, MC_E_LIMIT (more than MCI_MOST_SHARDS), MC_E_NOMEM. */
mc_status mci_shard_names(mc_str index, mci_buf *names, size_t *n, mc_error *err);

#endif
