/* Records flowing from shards, in batches: cut by one thread, parsed and worked on by many, taken
 * in order by one. Every command over a pool is such a flow with its own work and drain.
 *
 *     shards ---> fill ---> | ring of | ---> work (parse, match, draw, format) ---> drain ---> file
 *                (inflate,  | batches |      any thread                            in order
 *                 cut)
 */
#ifndef MCI_CURATE_FLOW_H
#define MCI_CURATE_FLOW_H

#include "base/buf.h"
#include "curate/problems.h"
#include "curate/records.h"
#include "curate/shards.h"

typedef struct mci_batch mci_batch;
typedef struct mci_languages mci_languages; /* languages.h */

struct mci_batch {
    size_t shard;      /* index of the one shard that all its items come from */
    bool starts_shard; /* nothing of the shard came before */
    bool ends_shard;   /* nothing comes behind. An empty shard is one empty batch with both */
    mci_record_list list;
    mci_arena arena;              /* of the records, and for work's own needs */
    mci_buf out;                  /* what work makes for drain */
    mci_buf extra;                /* more of it, in whatever form the two agree on */
    double expected;              /* likewise: sum of keep probabilities */
    mc_counters n;                /* of this batch; work adds to it */
    mc_language_counts languages; /* likewise */
    mci_problems problems;
    uint64_t first_text; /* texts of the shard before this batch, once it is placed */
    /* what fill put there, for the parsing */
    mci_buf bytes;
    struct mci_batch_item *items;
    size_t n_items, cap_items;
    /* where it stands among the others */
    uint64_t number;
    struct mci_batch_order *order;
    bool is_placed;
};

typedef struct {
    /* Any thread; may be NULL. worker < mci_flow_workers(...). */
    mc_status (*work)(void *user, mci_batch *batch, unsigned worker, mc_error *err);
    /* One thread at a time, in the order of the shards and their bytes. */
    mc_status (*drain)(void *user, mci_batch *batch, mc_error *err);
    void *user;
    /* Any thread; may be NULL. Comes before records are named: those whose uuid is that of their
     * url have none yet, and those that it leaves without texts never get one. */
    mc_status (*sift)(void *user, mci_batch *batch, unsigned worker, mc_error *err);
    bool places; /* work needs mci_place_batch */
    /* What was opened for several flows, or to route by; NULL: what pool->languages asks for. */
    const mci_languages *languages;
} mci_flow_steps;

/* Numbers the texts that the batch has at this moment, behind those of the batches before it in its
 * shard; batch->first_text is the first one's number. In work, of a flow that places: waits until
 * the batches before are placed; one that work does not place is when work is done with it. Or in
 * drain, of a flow that does not place, which then places every batch. */
void mci_place_batch(mci_batch *batch);

/* How many workers a flow over this pool has at most. */
unsigned mci_flow_workers(const mc_pool *pool);

/* The longest item that a flow over this pool takes. */
uint64_t mci_max_item_bytes(const mc_pool *pool);
/* What that is for files that were written from such items: escapes make them longer. */
uint64_t mci_max_own_bytes(const mc_pool *pool);

/* Runs all shards through. Adds counters and problems to summary; with pool->strict the first
 * problem is an error. `phase` names the work in progress reports. */
mc_status mci_flow_run(const mc_pool *pool, const mci_shards *shards, const char *phase,
                       const mci_flow_steps *steps, mc_summary *summary, mc_error *err);

/* Adds the counters of `more` to `to`. */
void mci_counters_add(mc_counters *to, const mc_counters *more);
/* Adds only what went as duplicates, as known from earlier runs, and by a block list: for a second
 * look at pairs that were read, and counted, before. */
void mci_counters_add_drops(mc_counters *to, const mc_counters *more);

#endif
