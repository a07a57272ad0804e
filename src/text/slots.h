/* A slot of its own for each of n keys that are known beforehand: looking a key up reads one slot,
 * whatever the key, and nothing is ever probed (a "perfect" hash; PTHash, Pibiri and Trani 2021,
 * arXiv 2104.10402, has the idea).
 *
 *   hash  | bucket: upper bits | ................ | lower 32 bits |
 *              |                                          |
 *   pilots  [ 3 | 0 | 17 | ... ]  u16                     |
 *              `--> slot = lower 32 bits * (2 * pilot + 1), scaled to 1..n_slots
 *
 * Three to six keys share a bucket. Its pilot is the first number that sends all of them to slots
 * that are free; the fullest buckets choose first. Slot 0 is no key's. */
#ifndef MCI_TEXT_SLOTS_H
#define MCI_TEXT_SLOTS_H

#include "text/table_memory.h"

enum { MCI_MAX_SLOT_KEYS = 1 << 29 };

typedef struct {
    const uint16_t *pilots;
    unsigned shift; /* of a hash: what is left is its bucket */
    uint32_t n_slots;
    mci_table_memory memory;
} mci_slots;

/* Both halves of the product of 64 bits by 64. */
static inline uint64_t mci_mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

static inline uint32_t mci_slot_of(const mci_slots *slots, uint64_t hash)
{
    uint32_t spread = (uint32_t)hash * (2 * (uint32_t)slots->pilots[hash >> slots->shift] + 1);
    return (uint32_t)((uint64_t)spread * slots->n_slots >> 32) + 1;
}

/* Finds slots for keys by their hashes. *placed is false where two are too alike: hash the keys
 * anew, with another seed. Then, and on failure, *out is left alone. Errors: MC_E_NOMEM, MC_E_LIMIT
 * (more than MCI_MAX_SLOT_KEYS). */
mc_status mci_slots_place(const uint64_t *hashes, size_t n, bool *placed, mci_slots *out,
                          mc_error *err);
void mci_slots_release(mci_slots *slots);

#endif
