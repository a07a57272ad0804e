/* The tables of a matcher, which matcher_build.c fills and matcher_round.c reads; matcher.c draws
 * them. */
#ifndef MCI_TEXT_MATCHER_INTERNAL_H
#define MCI_TEXT_MATCHER_INTERNAL_H

#include "metaclip/text.h"
#include "text/matcher_worldwide.h"
#include "text/spacing.h"
#include "text/words.h"

/* A node of the tree of entries: a token (its number), a pair of tokens (MCI_NODE_PAIR | its slot)
 * or a longer run (MCI_NODE_RUN | its slot). 0 is the root. */
typedef uint32_t mci_node;

#define MCI_NODE_PAIR UINT32_C(0x40000000)
#define MCI_NODE_RUN  UINT32_C(0x80000000)

/* A pair of tokens that entries begin with. */
typedef struct {
    uint64_t key;          /* first << 32 | second; 0: a free slot */
    uint32_t entry_plus_1; /* the entry that is this pair; 0: none */
    uint32_t successors;   /* filter: tokens that come next */
} mci_pair;

/* A longer run of tokens that entries begin with: a node and one more token. */
typedef struct {
    uint64_t key;          /* node << 32 | MCI_HAS_LINK or 0 | token; 0: a free slot */
    uint32_t entry_plus_1; /* the entry that ends here; 0: none */
    uint32_t successors;   /* filter: tokens that come next */
} mci_run;

/* In mci_run.key: the run has an mci_link. Numbers of tokens are below. */
#define MCI_HAS_LINK UINT64_C(0x80000000)

typedef struct {
    mci_node fail;   /* the longest proper end of this run that is a run too */
    mci_node report; /* the longest proper end that is a run and an entry; 0: none */
} mci_link;

struct mc_matcher {
    mci_words words;
    uint32_t mark_words[MCI_N_MARKS + 1]; /* by mci_mark_of */
    mci_slots pair_slots;
    uint64_t seed;   /* of pairs and runs */
    mci_pair *pairs; /* [pair_slots.n_slots + 1] */
    mci_run *runs;
    mci_link *links; /* beside runs */
    uint32_t n_run_slots;
    mci_table_memory pair_memory, run_memory, link_memory;
    uint32_t *twin_plus_1; /* [n_entries] the next id of an equal entry; NULL: all differ */
    size_t n_entries;
    bool is_worldwide; /* then all above but n_entries is unused, and this holds what matches */
    mci_worldwide worldwide;
};

/* The filters are sets of classes of tokens; each kind divides them in its own way. */
static inline uint32_t mci_successor_bit(uint32_t word)
{
    return word & 63;
}

static inline uint32_t mci_predecessor_bit(uint32_t word)
{
    return word >> 6 & 31;
}

static inline uint32_t mci_run_successor_bit(uint32_t word)
{
    return word & 31;
}

static inline uint64_t mci_node_key(mci_node node, uint32_t word)
{
    return (uint64_t)node << 32 | word;
}

static inline uint64_t mci_pair_hash(const mc_matcher *matcher, uint64_t key)
{
    return mci_mix(key ^ matcher->seed, UINT64_C(0x9E3779B97F4A7C15));
}

static inline uint32_t mci_run_home(const mc_matcher *matcher, uint64_t key)
{
    uint64_t hash = mci_mix(key ^ matcher->seed, UINT64_C(0xD6E8FEB86659FD93));
    return (uint32_t)((hash >> 32) * matcher->n_run_slots >> 32);
}

/* The slot of the run, or the free one where it would be. One slot at least is free. */
static inline uint32_t mci_run_slot(const mc_matcher *matcher, uint64_t key)
{
    uint32_t slot = mci_run_home(matcher, key);
    while (matcher->runs[slot].key != 0 && (matcher->runs[slot].key & ~MCI_HAS_LINK) != key) {
        if (++slot == matcher->n_run_slots)
            slot = 0;
    }
    return slot;
}

/* The run that the token leads to from this pair or run; 0: none. */
static inline mci_node mci_node_next(const mc_matcher *matcher, mci_node node, uint32_t word)
{
    uint32_t slot = mci_run_slot(matcher, mci_node_key(node, word));
    return matcher->runs[slot].key ? MCI_NODE_RUN | slot : 0;
}

static inline mci_run *mci_run_at(const mc_matcher *matcher, mci_node node)
{
    return &matcher->runs[node & ~MCI_NODE_RUN];
}

/* Which tokens may follow a pair or run. */
static inline uint32_t mci_node_successors(const mc_matcher *matcher, mci_node node)
{
    return node & MCI_NODE_RUN ? mci_run_at(matcher, node)->successors
                               : matcher->pairs[node & ~MCI_NODE_PAIR].successors;
}

/* The longest proper end of a pair or run that is a run; 0: none. */
static inline mci_node mci_node_fail(const mc_matcher *matcher, mci_node node)
{
    bool has_link = node & MCI_NODE_RUN && mci_run_at(matcher, node)->key & MCI_HAS_LINK;
    return has_link ? matcher->links[node & ~MCI_NODE_RUN].fail : 0;
}

/* Fills *matcher, which is all zero. On failure it is freed like a whole one. */
mc_status mci_matcher_build(mc_matcher *matcher, const mc_str *entries, size_t n, mc_error *err);

#endif
