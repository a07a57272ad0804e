/* A set of pair keys (XXH3-128 of uuid, a zero byte, text), in memory: 16 bytes a key at a load of
 * at most 3/4. What finds duplicates. */
#ifndef MCI_CURATE_KEY_SET_H
#define MCI_CURATE_KEY_SET_H

#include "base/hash.h"

typedef struct {
    mci_hash128 *slots;
    size_t n, cap; /* cap is 0 or a power of two */
    bool has_zero; /* the key 0, which marks an empty slot */
} mci_key_set;

/* Adds key; *is_new says whether it was not there before. */
mc_status mci_key_set_add(mci_key_set *set, mci_hash128 key, bool *is_new, mc_error *err);
bool mci_key_set_has(const mci_key_set *set, mci_hash128 key);
void mci_key_set_release(mci_key_set *set);

#endif
