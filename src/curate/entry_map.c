#include "curate/entry_map.h"

#include "base/alloc.h"
#include "base/hash.h"

enum { FIRST_SLOTS = 1024 };

void mci_entry_map_release(mci_entry_map *map)
{
    mci_free(map->slots);
    *map = (mci_entry_map){ 0 };
}

/* The slot that holds an entry equal to `wanted`, or the free one where it belongs. */
static size_t slot_of(const mci_entry_map *map, const mc_str *entries, mc_str wanted)
{
    size_t mask = map->n_slots - 1;
    size_t slot = (size_t)mci_hash64(wanted, 0) & mask;
    while (map->slots[slot] && !mc_str_equal(entries[map->slots[slot] - 1], wanted))
        slot = (slot + 1) & mask;
    return slot;
}

static mc_status grow(mci_entry_map *map, const mc_str *entries, mc_error *err)
{
    mci_entry_map larger = { .n_slots = map->n_slots ? map->n_slots * 2 : FIRST_SLOTS,
                             .n = map->n };
    larger.slots = mci_alloc_zeroed(larger.n_slots, sizeof *larger.slots);
    if (!larger.slots)
        return mci_nomem(err, larger.n_slots * sizeof *larger.slots);
    for (size_t i = 0; i < map->n_slots; i++)
        if (map->slots[i])
            larger.slots[slot_of(&larger, entries, entries[map->slots[i] - 1])] = map->slots[i];
    mci_entry_map_release(map);
    *map = larger;
    return MC_OK;
}

mc_status mci_entry_map_add(mci_entry_map *map, const mc_str *entries, uint32_t id, uint32_t *first,
                            mc_error *err)
{
    if (map->n >= map->n_slots / 2)
        MC_TRY(grow(map, entries, err));
    size_t slot = slot_of(map, entries, entries[id]);
    if (!map->slots[slot]) {
        map->slots[slot] = id + 1;
        map->n++;
    }
    *first = map->slots[slot] - 1;
    return MC_OK;
}

bool mci_entry_map_find(const mci_entry_map *map, const mc_str *entries, mc_str wanted,
                        uint32_t *id)
{
    if (map->n == 0)
        return false;
    uint32_t held = map->slots[slot_of(map, entries, wanted)];
    if (held)
        *id = held - 1;
    return held != 0;
}
