/* What the files of the loader share. For pair_*.c only.
 *
 *     shards --scan threads--> scanned --order--> windows --claim--> items --threads--> rows
 *              pair_scan.c                pair_order.c               pair_loader.c
 */
#ifndef MCI_TRAIN_PAIR_LOADER_INTERNAL_H
#define MCI_TRAIN_PAIR_LOADER_INTERNAL_H

#include <stdatomic.h>

#include "base/arena.h"
#include "curate/shards.h"
#include "train/pair_loader.h"

/* ---- a shard that was looked through: its units of an epoch, in the shard's order ---- */

/* An image and a text. */
typedef struct {
    mc_str name; /* the sample's key; of a table the image's path, with a NUL behind it */
    mc_str text;
    uint64_t start, n_bytes; /* of the image in the tar; start 0: a file of its own */
} mci_pair_unit;

enum { MCI_PAIR_LAYOUTS = 4, MCI_PAIR_LAYOUT_BYTES = 64 };

/* What members of samples without an image or a text are called: the first few of different ones.
 */
typedef struct {
    char names[MCI_PAIR_LAYOUTS][MCI_PAIR_LAYOUT_BYTES];
    size_t n;
} mci_pair_layouts;

void mci_pair_layouts_add(mci_pair_layouts *layouts, mc_str name);

typedef struct {
    const char *path;
    mci_arena arena;
    mci_pair_unit *units;
    size_t n_units, cap_units;
    mci_pair_counters n;
    mci_pair_layouts layouts;
    mc_error problems[MCI_PAIR_PROBLEMS];
    size_t n_problems;
} mci_pair_scanned;

void mci_pair_scanned_free(mci_pair_scanned *scanned);

/* Looks shards through; one per thread. */
typedef struct mci_pair_scan mci_pair_scan;

/* Keeps job, and is_closing, which ends a scan early once it is true. */
mc_status mci_pair_scan_new(const mci_pair_loader_job *job, const atomic_bool *is_closing,
                            mci_pair_scan **out, mc_error *err);
void mci_pair_scan_free(mci_pair_scan *scan);
/* All failures name the shard. */
mc_status mci_pair_scan_shard(mci_pair_scan *scan, const mci_shard *shard, uint64_t epoch,
                              mci_pair_scanned **out, mc_error *err);

/* ---- windows in their order ---- */

typedef struct mci_pair_window mci_pair_window;

struct mci_pair_window {
    uint64_t epoch, number;
    mci_pair_scanned **shards;
    uint64_t *ends; /* units up to and with each shard */
    size_t n_shards;
    uint32_t *order; /* [n_units] */
    uint32_t n_units;
    /* pair_loader.c's: the last item that is of this window */
    uint64_t last_item;
    bool has_items;
    mci_pair_window *next;
};

void mci_pair_window_free(mci_pair_window *window);
/* The unit at a place below n_units, and the shard that it is in. */
const mci_pair_unit *mci_pair_window_unit(const mci_pair_window *window, uint32_t place,
                                          const mci_pair_scanned **shard);

/* All windows from a position on; for one thread at a time. */
typedef struct mci_pair_order mci_pair_order;

/* Keeps job and shards. Errors: MC_E_MISMATCH, if there is no such window. */
mc_status mci_pair_order_start(const mci_pair_loader_job *job, const mci_shards *shards,
                               mci_pair_order **out, mc_error *err);
/* Nobody wants what is still to come: whoever waits for a window gets a wrong one soon. Takes NULL.
 */
void mci_pair_order_hurry(mci_pair_order *order);
void mci_pair_order_stop(mci_pair_order *order);
/* The next one, with at least one unit; it is the caller's. */
mc_status mci_pair_order_next(mci_pair_order *order, mci_pair_window **out, mc_error *err);

/* What was counted and noted of all windows that were given. */
const mci_pair_counters *mci_pair_order_counters(const mci_pair_order *order);
size_t mci_pair_order_n_problems(const mci_pair_order *order);
/* i below a number that this gave; by any thread that knows of it. */
const mc_error *mci_pair_order_problem(const mci_pair_order *order, size_t i);

#endif
