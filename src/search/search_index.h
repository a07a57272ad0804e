/* Rows of features in one or several places, as one list. */
#ifndef MCI_MODEL_SEARCH_INDEX_H
#define MCI_MODEL_SEARCH_INDEX_H

#include "io/npy_array.h"
#include "metaclip/search.h"
#include "search/search_names.h"

typedef struct {
    mci_array array; /* zeroed for rows in the caller's memory */
    const void *data;
    bool is_half; /* f16, else f32 */
    uint64_t n;
    uint64_t first;   /* row number of its first row */
    mci_names inputs; /* from the list beside it; zeroed if there is none, or others were named */
} mci_search_shard;

struct mc_search_index {
    mci_search_shard *shards;
    size_t n_shards;
    uint64_t n;
    size_t D;
    mci_names names; /* one a row; zeroed if there are none, or each shard has its own */
    bool has_names;
};

static inline size_t mci_search_row_bytes(const mci_search_shard *shard, size_t D)
{
    return D * (shard->is_half ? 2 : 4);
}

#endif
