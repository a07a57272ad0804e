/* How two lists differ. */
#include "base/error.h"
#include "curate/entry_map.h"
#include "metaclip/curate.h"

static mc_status map_of(const mc_metadata *metadata, mci_entry_map *map, mc_error *err)
{
    for (uint32_t id = 0; id < mc_metadata_len(metadata); id++) {
        uint32_t first;
        MC_TRY(mci_entry_map_add(map, mc_metadata_entries(metadata), id, &first, err));
    }
    return MC_OK;
}

/* The entries of list `side` (0 or 1) that the other has not, and those that both have. */
static void compare_side(const mc_metadata *const lists[2], const mci_entry_map maps[2],
                         size_t side, mc_metadata_difference *out)
{
    const mc_metadata *own = lists[side], *other = lists[1 - side];
    enum { MOST = sizeof out->first_only[0] / sizeof out->first_only[0][0] };
    for (uint32_t id = 0; id < mc_metadata_len(own); id++) {
        mc_str entry = mc_metadata_entry(own, id);
        uint32_t first = id, there = 0;
        mci_entry_map_find(&maps[side], mc_metadata_entries(own), entry, &first);
        if (first != id)
            continue;
        if (mci_entry_map_find(&maps[1 - side], mc_metadata_entries(other), entry, &there)) {
            out->n_both += side == 0;
            out->n_moved += side == 0 && there != id;
            continue;
        }
        if (out->n_only[side] < MOST)
            out->first_only[side][out->n_only[side]] = id;
        out->n_only[side]++;
    }
}

mc_status mc_metadata_compare(const mc_metadata *a, const mc_metadata *b,
                              mc_metadata_difference *out, mc_error *err)
{
    const mc_metadata *const lists[2] = { a, b };
    mci_entry_map maps[2] = { { 0 }, { 0 } };
    mc_status status = map_of(a, &maps[0], err);
    if (status >= 0)
        status = map_of(b, &maps[1], err);
    *out = (mc_metadata_difference){ 0 };
    for (size_t side = 0; side < 2 && status >= 0; side++)
        compare_side(lists, maps, side, out);
    mci_entry_map_release(&maps[0]);
    mci_entry_map_release(&maps[1]);
    return status;
}
