/* The keys of a shard's pairs on disk (key_runs.h): of each pair its key and its position, which is
 * the number of pairs that were added before. */
#ifndef MCI_CURATE_PAIR_KEYS_H
#define MCI_CURATE_PAIR_KEYS_H

#include "curate/key_runs.h"

typedef struct {
    mci_hash128 key;
    uint64_t position; /* of the pair in its shard, from 0 */
} mci_pair_key;

/* Adds the key of the next pair, to a writer of mci_pair_keys. */
static inline mc_status mci_pair_key_add(mci_key_writer *writer, mci_hash128 key, mc_error *err)
{
    const mci_pair_key pair = { key, mci_key_writer_n(writer) };
    return mci_key_writer_add(writer, (mc_str){ (const char *)&pair, sizeof pair }, err);
}

#endif
