/* The tables of a matcher, which matcher_build.c fills and matcher.c reads; matcher.c draws them.
 */
#ifndef MCI_TEXT_MATCHER_INTERNAL_H
#define MCI_TEXT_MATCHER_INTERNAL_H

#include "metaclip/text.h"
#include "text/words.h"

/* A node of the tree of entries: a token (its number), or what an edge leads to (MCI_NODE_DEEP |
 * the edge's slot). MCI_WORD_UNKNOWN is the root. */
typedef uint32_t mci_node;

#define MCI_NODE_DEEP UINT32_C(0x80000000)

/* In mci_edge.key: the node that the edge leads to has an mci_link. Numbers of tokens are below. */
#define MCI_HAS_LINK UINT64_C(0x80000000)

typedef struct {
    uint64_t key;          /* node << 32 | MCI_HAS_LINK or 0 | token; 0: a free slot */
    uint32_t entry_plus_1; /* the entry that ends here; 0: none */
    uint32_t successors;   /* filter: tokens of the edges from here */
} mci_edge;

typedef struct {
    mci_node fail;   /* the longest proper end of this node that is a deep node too */
    mci_node report; /* the longest proper end that is deep and an entry; 0: none */
} mci_link;

struct mc_matcher {
    mci_words words;
    mci_table_memory edge_memory, link_memory;
    mci_edge *edges;
    mci_link *links; /* beside edges */
    uint32_t n_edge_slots;
    uint32_t *twin_plus_1; /* [n_entries] the next id of an equal entry; NULL: all differ */
    size_t n_entries;
};

/* The filters are sets of 32 classes of tokens; the two kinds divide them differently. */
static inline uint32_t mci_successor_bit(uint32_t word)
{
    return UINT32_C(1) << (word & 31);
}

static inline uint32_t mci_predecessor_bit(uint32_t word)
{
    return UINT32_C(1) << (word >> 5 & 31);
}

static inline uint64_t mci_edge_key(mci_node node, uint32_t word)
{
    return (uint64_t)node << 32 | word;
}

static inline uint32_t mci_edge_home(const mc_matcher *matcher, uint64_t key)
{
    return (uint32_t)((mci_key_hash(key, 0) >> 32) * matcher->n_edge_slots >> 32);
}

/* The slot of the edge, or the free one where it would be, looking from `slot` on. One slot at
 * least is free. */
static inline uint32_t mci_edge_slot(const mc_matcher *matcher, uint64_t key, uint32_t slot)
{
    while (matcher->edges[slot].key != 0 && (matcher->edges[slot].key & ~MCI_HAS_LINK) != key) {
        if (++slot == matcher->n_edge_slots)
            slot = 0;
    }
    return slot;
}

/* The node that the token leads to from this one; 0: nowhere. */
static inline mci_node mci_node_next(const mc_matcher *matcher, mci_node node, uint32_t word)
{
    uint64_t key = mci_edge_key(node, word);
    uint32_t slot = mci_edge_slot(matcher, key, mci_edge_home(matcher, key));
    return matcher->edges[slot].key ? MCI_NODE_DEEP | slot : 0;
}

static inline mci_edge *mci_edge_to(const mc_matcher *matcher, mci_node deep)
{
    return &matcher->edges[deep & ~MCI_NODE_DEEP];
}

/* The longest proper end of a deep node that is a node: a deep one, or the node of its last
 * token, which needs no link. */
static inline mci_node mci_node_fail(const mc_matcher *matcher, mci_node deep)
{
    const mci_edge *edge = mci_edge_to(matcher, deep);
    if (edge->key & MCI_HAS_LINK)
        return matcher->links[deep & ~MCI_NODE_DEEP].fail;
    return (uint32_t)edge->key;
}

/* Fills *matcher, which is all zero. On failure it is freed like a whole one. */
mc_status mci_matcher_build(mc_matcher *matcher, const mc_str *entries, size_t n, mc_error *err);

#endif
