#include "curate/key_set.h"

#include "base/alloc.h"

enum { FIRST_CAPACITY = 1024 };

static bool is_zero(mci_hash128 key)
{
    return key.high == 0 && key.low == 0;
}

/* The slot that holds key, or the empty one where it belongs. Keys are hashes already. */
static mci_hash128 *find_slot(mci_hash128 *slots, size_t cap, mci_hash128 key)
{
    size_t i = (size_t)key.low & (cap - 1);
    while (!is_zero(slots[i]) && (slots[i].low != key.low || slots[i].high != key.high))
        i = (i + 1) & (cap - 1);
    return &slots[i];
}

static mc_status make_room(mci_key_set *set, mc_error *err)
{
    if (set->n < set->cap / 4 * 3)
        return MC_OK;
    size_t cap = set->cap ? set->cap * 2 : FIRST_CAPACITY;
    mci_hash128 *slots = mci_alloc_zeroed(cap, sizeof *slots);
    if (!slots)
        return mci_nomem(err, cap * sizeof *slots);
    for (size_t i = 0; i < set->cap; i++)
        if (!is_zero(set->slots[i]))
            *find_slot(slots, cap, set->slots[i]) = set->slots[i];
    mci_free(set->slots);
    set->slots = slots;
    set->cap = cap;
    return MC_OK;
}

mc_status mci_key_set_add(mci_key_set *set, mci_hash128 key, bool *is_new, mc_error *err)
{
    if (is_zero(key)) {
        *is_new = !set->has_zero;
        set->has_zero = true;
        return MC_OK;
    }
    MC_TRY(make_room(set, err));
    mci_hash128 *slot = find_slot(set->slots, set->cap, key);
    *is_new = is_zero(*slot);
    if (*is_new) {
        *slot = key;
        set->n++;
    }
    return MC_OK;
}

bool mci_key_set_has(const mci_key_set *set, mci_hash128 key)
{
    if (is_zero(key))
        return set->has_zero;
    return set->cap > 0 && !is_zero(*find_slot(set->slots, set->cap, key));
}

void mci_key_set_release(mci_key_set *set)
{
    mci_free(set->slots);
    *set = (mci_key_set){ 0 };
}
