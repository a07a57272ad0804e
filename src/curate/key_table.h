/* A fixed set of 128-bit keys in little memory: 16 bytes a key, and at most one more for finding
 * it. It is filled, sealed once, and then shared by any number of threads.
 *
 *     keys    | 00.. 01.. 01.. | 02.. | 04.. 05.. | ...       ascending, each once
 *     starts    0                3      4                     where the keys that begin with the
 *                                                             same bits stand */
#ifndef MCI_CURATE_KEY_TABLE_H
#define MCI_CURATE_KEY_TABLE_H

#include "base/hash.h"

/* Zero-initialise; release at the end. */
typedef struct {
    mci_hash128 *keys;
    size_t n, cap;
    uint32_t *starts; /* once sealed: 2^n_bits + 1 of them; NULL if there are no keys */
    unsigned n_bits;
} mci_key_table;

/* Before sealing. MC_E_LIMIT: 2^32 - 1 keys, repeated ones counted. */
mc_status mci_key_table_add(mci_key_table *table, mci_hash128 key, mc_error *err);
/* Sorts the keys and drops repeated ones; takes no more memory for it. */
mc_status mci_key_table_seal(mci_key_table *table, mc_error *err);
/* After sealing. */
bool mci_key_table_has(const mci_key_table *table, mci_hash128 key);
void mci_key_table_release(mci_key_table *table);

#endif
