/* A heap that is not told when counts fall: an entry that comes up with an old count is put back
 * with the right one. Counts that rise are entered anew, so the largest is always at the top or
 * above its place. */
#include "text/pair_counts.h"

#include "base/alloc.h"
#include "text/slots.h"

void mci_pairs_release(mci_pairs *pairs)
{
    mci_free(pairs->pairs);
    mci_free(pairs->slots);
    mci_free(pairs->places);
    mci_free(pairs->heap);
    mci_free(pairs->touched);
    *pairs = (mci_pairs){ 0 };
}

/* ---- the table ---- */

static size_t slot_of(const mci_pairs *pairs, uint64_t key)
{
    size_t slot = mci_mix(key ^ UINT64_C(0x9E3779B97F4A7C15), UINT64_C(0xD1B54A32D192ED03)) &
                  (pairs->n_slots - 1);
    while (pairs->slots[slot] && pairs->pairs[pairs->slots[slot] - 1].key != key)
        slot = (slot + 1) & (pairs->n_slots - 1);
    return slot;
}

static mc_status grow_slots(mci_pairs *pairs, mc_error *err)
{
    enum { FIRST_SLOTS = 1 << 14 };
    size_t n_slots = pairs->n_slots ? 2 * pairs->n_slots : FIRST_SLOTS;
    if (2 * (pairs->n_pairs + 1) <= pairs->n_slots)
        return MC_OK;
    uint32_t *slots = mci_alloc_zeroed(n_slots, sizeof *slots);
    if (!slots)
        return mci_nomem(err, n_slots * sizeof *slots);
    mci_free(pairs->slots);
    pairs->slots = slots;
    pairs->n_slots = n_slots;
    for (size_t i = 0; i < pairs->n_pairs; i++)
        pairs->slots[slot_of(pairs, pairs->pairs[i].key)] = (uint32_t)i + 1;
    return MC_OK;
}

/* The pair of this key, which is made if there is none. */
static mc_status find_or_make(mci_pairs *pairs, uint64_t key, uint32_t *pair, mc_error *err)
{
    MC_TRY(grow_slots(pairs, err));
    size_t slot = slot_of(pairs, key);
    if (!pairs->slots[slot]) {
        if (pairs->n_pairs >= MCI_NO_PAIR / 2)
            return mc_fail(err, MC_E_LIMIT, "more than 2^31 pairs of symbols: train on less");
        MC_TRY(mci_grow((void **)&pairs->pairs, &pairs->cap_pairs, pairs->n_pairs + 1,
                        sizeof(mci_pair), err));
        pairs->pairs[pairs->n_pairs++] = (mci_pair){ .key = key, .words = MCI_NO_PAIR };
        pairs->slots[slot] = (uint32_t)pairs->n_pairs;
    }
    *pair = pairs->slots[slot] - 1;
    return MC_OK;
}

/* ---- lists of words ---- */

static mc_status add_word(mci_pairs *pairs, mci_pair *pair, uint32_t word, mc_error *err)
{
    uint32_t place;
    if (pair->words != MCI_NO_PAIR && pairs->places[pair->words].word == word)
        return MC_OK;
    if (pairs->free_place) {
        place = pairs->free_place - 1;
        pairs->free_place = pairs->places[place].next;
    } else {
        if (pairs->n_places >= MCI_NO_PAIR - 1)
            return mc_fail(err, MC_E_LIMIT, "more than 2^32 pairs in words: train on less");
        MC_TRY(mci_grow((void **)&pairs->places, &pairs->cap_places, pairs->n_places + 1,
                        sizeof(mci_pair_word), err));
        place = (uint32_t)pairs->n_places++;
    }
    pairs->places[place] = (mci_pair_word){ word, pair->words };
    pair->words = place;
    return MC_OK;
}

uint32_t mci_pairs_list(mci_pairs *pairs, uint32_t pair)
{
    uint32_t first = pairs->pairs[pair].words;
    pairs->pairs[pair].words = MCI_NO_PAIR;
    return first;
}

uint32_t mci_pairs_next(mci_pairs *pairs, uint32_t place)
{
    uint32_t next = pairs->places[place].next;
    pairs->places[place].next = pairs->free_place;
    pairs->free_place = place + 1;
    return next;
}

/* ---- counting ---- */

static mc_status touch(mci_pairs *pairs, uint32_t pair, mc_error *err)
{
    if (pairs->pairs[pair].is_touched)
        return MC_OK;
    MC_TRY(mci_grow((void **)&pairs->touched, &pairs->cap_touched, pairs->n_touched + 1,
                    sizeof(uint32_t), err));
    pairs->touched[pairs->n_touched++] = pair;
    pairs->pairs[pair].is_touched = true;
    return MC_OK;
}

mc_status mci_pairs_add(mci_pairs *pairs, uint64_t key, uint64_t n, uint32_t word, bool is_new,
                        mc_error *err)
{
    uint32_t pair = 0;
    MC_TRY(find_or_make(pairs, key, &pair, err));
    pairs->pairs[pair].count += n;
    if (!is_new)
        return MC_OK;
    MC_TRY(add_word(pairs, &pairs->pairs[pair], word, err));
    return touch(pairs, pair, err);
}

void mci_pairs_take(mci_pairs *pairs, uint64_t key, uint64_t n)
{
    pairs->pairs[pairs->slots[slot_of(pairs, key)] - 1].count -= n;
}

/* ---- the heap ---- */

static bool goes_first(mci_pair_entry a, mci_pair_entry b)
{
    return a.count != b.count ? a.count > b.count : a.key < b.key;
}

static mc_status push(mci_pairs *pairs, mci_pair_entry entry, mc_error *err)
{
    MC_TRY(mci_grow((void **)&pairs->heap, &pairs->cap_heap, pairs->n_heap + 1, sizeof entry, err));
    size_t at = pairs->n_heap++;
    while (at > 0 && goes_first(entry, pairs->heap[(at - 1) / 2])) {
        pairs->heap[at] = pairs->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    pairs->heap[at] = entry;
    return MC_OK;
}

static mci_pair_entry pop(mci_pairs *pairs)
{
    mci_pair_entry top = pairs->heap[0], last = pairs->heap[--pairs->n_heap];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= pairs->n_heap)
            break;
        child +=
            child + 1 < pairs->n_heap && goes_first(pairs->heap[child + 1], pairs->heap[child]);
        if (!goes_first(pairs->heap[child], last))
            break;
        pairs->heap[at] = pairs->heap[child];
        at = child;
    }
    pairs->heap[at] = last;
    return top;
}

mc_status mci_pairs_settle(mci_pairs *pairs, mc_error *err)
{
    for (size_t i = 0; i < pairs->n_touched; i++) {
        mci_pair *pair = &pairs->pairs[pairs->touched[i]];
        pair->is_touched = false;
        if (pair->count >= 2 && !pair->is_out)
            MC_TRY(push(pairs, (mci_pair_entry){ pair->count, pair->key }, err));
    }
    pairs->n_touched = 0;
    return MC_OK;
}

mc_status mci_pairs_best(mci_pairs *pairs, uint32_t *best, mc_error *err)
{
    *best = MCI_NO_PAIR;
    while (pairs->n_heap > 0 && *best == MCI_NO_PAIR) {
        mci_pair_entry top = pop(pairs);
        uint32_t found = pairs->slots[slot_of(pairs, top.key)] - 1;
        const mci_pair *pair = &pairs->pairs[found];
        if (pair->is_out)
            continue;
        if (pair->count == top.count)
            *best = found;
        else if (pair->count >= 2 && pair->count < top.count)
            MC_TRY(push(pairs, (mci_pair_entry){ pair->count, pair->key }, err));
    }
    return MC_OK;
}
