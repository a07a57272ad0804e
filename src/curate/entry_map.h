/* Finds entries by their bytes. */
#ifndef MCI_CURATE_ENTRY_MAP_H
#define MCI_CURATE_ENTRY_MAP_H

#include "base/error.h"
#include "metaclip/base.h"

/* Ids of an array of views that the caller owns and passes to each call; it may grow and move, its
 * members may not change. An open-addressing table, at most half full. Zero-initialise. */
typedef struct {
    uint32_t *slots; /* id + 1; 0: free */
    size_t n_slots;  /* a power of two */
    size_t n;
} mci_entry_map;

void mci_entry_map_release(mci_entry_map *map);

/* Adds entries[id] unless an equal one is there; *first is the id under which it is found. */
mc_status mci_entry_map_add(mci_entry_map *map, const mc_str *entries, uint32_t id, uint32_t *first,
                            mc_error *err);
bool mci_entry_map_find(const mci_entry_map *map, const mc_str *entries, mc_str wanted,
                        uint32_t *id);

#endif
