/* What is done to the records of a batch, one stage at a time: match, count, draw, format. The
 * commands and the run over shards are made of these. A stage drops texts and records and counts
 * what it dropped; what is left at the end is counted as kept by mci_format_batch or
 * mci_keep_batch. */
#ifndef MCI_CURATE_STAGES_H
#define MCI_CURATE_STAGES_H

#include "curate/block_list.h"
#include "curate/choices.h"
#include "curate/flow.h"
#include "metaclip/text.h"

/* Says whether a text of a record stays. Shared by the stages that drop texts. */
typedef mc_status mci_text_filter(void *user, mci_batch *batch, const mc_record *record,
                                  mc_text *text, bool *keeps, mc_error *err);

/* Asks `filter` for every text of the batch, in order. *n_emptied grows by the records that lose
 * their last text. */
mc_status mci_filter_batch(mci_text_filter *filter, void *user, mci_batch *batch,
                           uint64_t *n_emptied, mc_error *err);

/* ---- keys: what tells duplicates ---- */

/* Appends the key (mci_hash128) of every text of the batch, in order, to batch->extra. */
mc_status mci_key_batch(mci_batch *batch, mc_error *err);

/* ---- match: texts get their entries, those without are dropped ---- */

typedef struct {
    mc_matcher **matchers; /* of each list; without lists, the one of all entries. NULL: empty */
    size_t n_matchers;
    const mc_metadata_list *lists; /* the metadata's */
    size_t n_lists;
    mc_match_scratch **scratches; /* one per worker */
    unsigned n_workers;
} mci_match_stage;

/* The metadata has to stay. MC_E_ARG: the list is empty; a folder of lists by another rule than the
 * worldwide one. */
mc_status mci_match_stage_open(const mc_metadata *metadata, mc_match_rule rule, unsigned n_workers,
                               mci_match_stage *out, mc_error *err);
void mci_match_stage_close(mci_match_stage *stage);

/* With lists, texts go to that of their language first, which they have from mci_language_batch;
 * those that no list is for are dropped as of another language. */
mc_status mci_match_batch(const mci_match_stage *stage, mci_batch *batch, unsigned worker,
                          mc_error *err);

/* Texts that are matched together. */
enum { MCI_GROUP_TEXTS = 256 };
typedef struct {
    mc_text *texts[MCI_GROUP_TEXTS];
    mc_str views[MCI_GROUP_TEXTS];
    size_t records[MCI_GROUP_TEXTS]; /* where each is: the index of its record */
    size_t n;
    uint32_t first_id; /* of their list: to be added to all ids */
} mci_text_group;

/* Takes what matches a group: as mc_match_batch gives it for group->views. */
typedef mc_status mci_match_taker(void *user, mci_batch *batch, const mci_text_group *group,
                                  const size_t *offsets, const uint32_t *ids, mc_error *err);
/* Matches the batch's texts, each against the list of its language, and gives `take` all of them
 * in groups. A text of a language that no list is for matches nothing. */
mc_status mci_match_groups(const mci_match_stage *stage, mci_batch *batch, unsigned worker,
                           mci_match_taker *take, void *user, mc_error *err);

/* MC_E_FORMAT: the text was never matched; MC_E_MISMATCH: an id is beyond a list of n_entries. */
mc_status mci_check_ids(const mc_record *record, const mc_text *text, size_t n_entries,
                        mc_error *err);

/* ---- block: images that a block list names lose their texts ---- */

/* Comes when duplicates and texts without a match are gone, so that all else counts as it does
 * without a list. list may be NULL. Counts what it drops; gives the number of matches that went
 * with the texts, for those who have counted matches already. */
uint64_t mci_block_batch(const mci_block_list *list, mci_batch *batch);

/* ---- count: matches per entry ---- */

typedef struct {
    uint64_t **counts; /* one array per worker, made when first needed */
    size_t n_entries;
    unsigned n_workers;
    /* May be set once the stage is open: the pairs of each list are counted too, behind the
     * matches of all entries. */
    const mc_metadata_list *lists;
    size_t n_lists;
} mci_count_stage;

mc_status mci_count_stage_open(size_t n_entries, unsigned n_workers, mci_count_stage *out,
                               mc_error *err);
void mci_count_stage_close(mci_count_stage *stage);
/* Adds the matches of the batch's texts. MC_E_MISMATCH: an id is beyond the list; MC_E_FORMAT: a
 * text was never matched. */
mc_status mci_count_batch(mci_count_stage *stage, mci_batch *batch, unsigned worker, mc_error *err);
/* The sum over the workers, n_entries + n_lists long, added to `sum`; the workers' arrays are
 * emptied. */
void mci_count_stage_fold(mci_count_stage *stage, uint64_t *sum);

/* ---- draw: pairs are kept with their probability ---- */

typedef struct {
    const mc_balancer *balancer;
    uint64_t seed;
    const mci_choice_lists *choices; /* of an image's texts one goes to the trial; NULL: all do */
} mci_drawing;

/* MC_E_MISMATCH and MC_E_FORMAT as above. Adds the keep probabilities, each divided by the number
 * of texts that its own was chosen of, to batch->expected. With choices the batch is placed. */
mc_status mci_draw_batch(const mci_drawing *drawing, mci_batch *batch, mc_error *err);

/* ---- format: the records that still have texts, as JSON Lines in batch->out ---- */

mc_status mci_format_batch(mci_batch *batch, mc_error *err);
/* Counts them only. */
void mci_keep_batch(mci_batch *batch);

#endif
