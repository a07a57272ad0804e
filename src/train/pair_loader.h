/* The pairs that a model is trained on: images, decoded, cropped and normalised, and their texts as
 * tokens, in batches that are ready before they are asked for.
 *
 *     mci_pair_loader *loader = NULL;
 *     status = mci_pair_loader_open(&job, &loader, &err);
 *     while (training && (status = mci_pair_loader_next(loader, &batch, &err)) == MC_OK)
 *         step(batch.pixels, batch.tokens, batch.n), note(batch.after);
 *
 * The order. Everything that comes is a function of the set, the seed and the position, and of
 * nothing else: not of threads, of time, nor of where it was begun.
 *
 *     epoch    all shards, in an order of this epoch's own
 *     window   so many shards that follow each other in that order; their units are shuffled
 *              together, all of them, each place as likely as any other
 *     unit     an image with one of its texts, drawn for this epoch; or, when balancing, each of
 * its pairs that is kept in this epoch
 *
 *     shards   | c  a | f  b | d  e |        an epoch of three windows
 *     units    |3917..|2840..|5160..|        each in one shuffled order
 *     batches  |----|----|----|----|--       of batch x n_ranks units, across the bounds of
 * windows, ranks    |01 23|                       and of epochs; each rank takes its own part of
 * each
 *
 * So an epoch gives every unit once, and then the next one begins. The batches of all ranks
 * together depend on batch x n_ranks alone: a run that goes on with other ranks, but as many pairs
 * a step, goes on with the same steps, and misses and repeats nothing.
 *
 * Going on. A position is three numbers. Opening at one reads the shards of one window, without
 * their images, whatever came before it; what follows is what would have followed.
 *
 * An image that cannot be used (damaged, missing, too large) is counted and named, and another unit
 * of its window, drawn for it, which is not in the same batch if there is one, stands in: batches
 * are always full, so ranks and schedules stay in step. Samples that are no pair (no image, no
 * text, not in the subset, not drawn) are left out while shards are read.
 *
 * Shards.
 *   tars    webdataset's, as img2dataset or MetaCLIP's authors lay them out: KEY.jpg, .jpeg, .png
 * or .webp, with KEY.txt and/or KEY.json (io/sample_row.h). Not compressed, for images are read
 * from the middle of them. tables  .csv, .tsv (gzip and zstd too): a column with images' paths and
 * at least one with texts (pair_table.h). One table is one shard. A sample's uuid and texts are
 * those that `metaclip match` and `balance` would read from the same file, so that draws are the
 * same.
 *
 * Memory: two windows of units, or as many as the batches in work reach over (some 60 bytes a unit,
 * its name and its text), and rows of n_batches batches: 12 S^2 bytes each. */
#ifndef MCI_TRAIN_PAIR_LOADER_H
#define MCI_TRAIN_PAIR_LOADER_H

#include "metaclip/curate.h"
#include "metaclip/image.h"
#include "metaclip/text.h"
#include "metaclip/tokenizer.h"
#include "train/online_balance.h"
#include "train/random_crop.h"
#include "train/uuid_set.h"

/* Where a batch begins: at the place in the window of the epoch, each counted from 0. A place right
 * behind a window's last unit is the beginning of the next. Zeros are the beginning of all. */
typedef struct {
    uint64_t epoch, window, place;
} mci_pair_position;

/* Pointers are lent until mci_pair_loader_close. */
typedef struct {
    const char *const *inputs; /* tars and tables, in any order: they are sorted by name */
    size_t n_inputs;
    bool names_from_paths; /* shards are called by their paths, for files of equal names */

    /* What an image becomes. width and height must be set, shortest and crop be 0. */
    mc_image_options image;
    mci_crop_range crop;
    const mc_tokenizer *tokenizer;
    size_t context; /* tokens of a row; 0: MC_CLIP_CONTEXT */

    uint64_t seed;
    unsigned batch;          /* pairs of this rank in each batch */
    unsigned rank, n_ranks;  /* n_ranks 0: 1 */
    unsigned shuffle_shards; /* of a window; 0: 16 */
    mci_pair_position start;

    /* Balancing: a unit is a pair that mc_balancer_keeps in the epoch. NULL: no balancing. */
    const mc_balancer *balancer;
    /* Gives texts their ids, with a folder of lists those of their language's: what a text says of
     * itself, else what is identified, as `match` does. NULL: those that the texts carry. */
    const mci_match_stage *matching;
    const mci_uuid_set *subset; /* NULL: all */

    /* Tables' columns, letter case apart; NULL: as pair_table.h says. */
    const char *image_column, *text_column;
    const char *image_root; /* folder that paths in tables begin at; NULL: the table's own */

    unsigned n_threads;       /* that prepare images; 0: one a processor */
    unsigned n_scan_threads;  /* that read shards ahead; 0: one for 8 of those */
    unsigned n_batches;       /* in memory, the one that is taken included; 0: 2, at least 2 */
    uint64_t max_image_bytes; /* a longer file cannot be used; 0: 64 MiB */
    uint64_t max_item_bytes;  /* a longer text or json of a sample is damage; 0: 1 MiB */
} mci_pair_loader_job;

/* RandomResizedCrop to size x size as CLIP models were trained: bicubic, CLIP's mean and standard
 * deviation, RGB last; areas of 0.9 to 1, shapes of 3/4 to 4/3. */
mc_image_options mci_pair_image_options(unsigned size);
mci_crop_range mci_pair_crop_range(void);

/* X(name, what it counts). The sums close:
 *   samples_read = samples_without_image + without_text + malformed + not_in_subset + not_drawn
 *                  + used
 *   texts_read   = texts_unmatched + texts_not_drawn + texts_kept   (of samples that came so far;
 * all zero without balancing) units        = texts_kept when balancing, else samples_used These are
 * of the windows that batches were taken from so far, since the loader was opened. pairs_given  =
 * batches * batch;   images_unusable of them are stand-ins
 */
#define MCI_PAIR_COUNTERS(X)                                                 \
    X(windows, "windows begun")                                              \
    X(shards, "shards read for them")                                        \
    X(damages, "members, rows or headers that were damaged and passed over") \
    X(others, "members of tars that belong to no sample")                    \
    X(samples_read, "samples")                                               \
    X(samples_without_image, "of these, without an image")                   \
    X(samples_without_text, "of these, without a text")                      \
    X(samples_malformed, "of these, cut, or of another form inside")         \
    X(samples_not_in_subset, "of these, on no subset list")                  \
    X(samples_not_drawn, "of these, of which no text was drawn")             \
    X(samples_used, "of these, used")                                        \
    X(texts_read, "texts that were drawn from")                              \
    X(texts_unmatched, "of these, without a match")                          \
    X(texts_not_drawn, "of these, not drawn")                                \
    X(texts_kept, "of these, kept")                                          \
    X(units, "units of these windows")                                       \
    X(pairs_given, "pairs of this rank's batches")                           \
    X(images_unusable, "of these, for which another stands in")

typedef struct {
#define X(name, text) uint64_t name;
    MCI_PAIR_COUNTERS(X)
#undef X
} mci_pair_counters;

typedef struct {
    size_t n;                    /* the job's batch */
    const float *pixels;         /* f32 [n, 3, H, W] */
    const int32_t *tokens;       /* int32 [n, context] */
    mci_pair_position at, after; /* of the batch of all ranks, and of the next one */
} mci_pair_batch;

typedef struct mci_pair_loader mci_pair_loader;

/* Errors: MC_E_ARG (what of the job cannot be), MC_E_IO (an input that is not there), MC_E_NOMEM,
 * MC_E_BACKEND (no threads). Shards are looked into by mci_pair_loader_next. */
mc_status mci_pair_loader_open(const mci_pair_loader_job *job, mci_pair_loader **out,
                               mc_error *err);
/* Also in the middle. Takes NULL. */
void mci_pair_loader_close(mci_pair_loader *loader);

/* The next batch, which lives until the next call. There is always one.
 * Errors, after which nothing follows: MC_E_FORMAT (a shard is neither tar nor table, or
 * compressed; nothing in the set fits: no unit in an epoch, or in the first 100,000 samples; the
 * text says why and which keys were found; too many images in a row are unusable), MC_E_IO (a shard
 * cannot be opened, or a tar not be read any more), MC_E_MISMATCH (the set has no such position to
 * start from), MC_E_ARG (an id beyond the counts), MC_E_NOMEM. */
mc_status mci_pair_loader_next(mci_pair_loader *loader, mci_pair_batch *batch, mc_error *err);

/* As of the last batch; the same for any threads. */
mci_pair_counters mci_pair_loader_counters(const mci_pair_loader *loader);
/* The first few things that were passed over or stood in for, "shard: what and where"; NULL beyond
 * them. They live as long as the loader. */
enum { MCI_PAIR_PROBLEMS = 8 };
const char *mci_pair_loader_problem(const mci_pair_loader *loader, size_t i);

/* A number that is another (but for chance) where the same position would mean something else: of
 * the shards' names, their bytes in all, and the options that decide the order (seed, window,
 * balancing or not, subset). A checkpoint keeps it beside the position, and who goes on compares.
 * It does not see t and counts, nor rank and batch. */
uint64_t mci_pair_loader_fingerprint(const mci_pair_loader *loader);

#endif
