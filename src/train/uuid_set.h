/* Subset lists: the uuids that are to be trained on, out of a larger pool. */
#ifndef MCI_TRAIN_UUID_SET_H
#define MCI_TRAIN_UUID_SET_H

#include "base/error.h"
#include "metaclip/base.h"

/* Immutable once loaded; 16 bytes a uuid. */
typedef struct mci_uuid_set mci_uuid_set;

/* Reads lists of one uuid a line (gzip and zstd too), or DataComp's .npy of two u64 a row, which
 * stand for the 32 hex digits of a uid; told apart by content. A uuid is in the set if any list has
 * it. White space around a uuid, blank lines and repetitions do not matter.
 * Errors: MC_E_IO; MC_E_FORMAT (damage, an array of another type, no uuid at all: a subset of
 * nothing is a mistake); MC_E_LIMIT (a line of more than 64 KiB); all name the path. */
mc_status mci_uuid_set_load(const char *const *paths, size_t n_paths, mci_uuid_set **out,
                            mc_error *err);
void mci_uuid_set_free(mci_uuid_set *set);

uint64_t mci_uuid_set_len(const mci_uuid_set *set);
bool mci_uuid_set_has(const mci_uuid_set *set, mc_str uuid);
/* XXH3-128 of which uuids they are, folded: equal sets give equal numbers. */
uint64_t mci_uuid_set_digest(const mci_uuid_set *set);

#endif
