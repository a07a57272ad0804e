/* The t of every entry: one for all of them, or, with a folder of lists, one for each list.
 *
 * MetaCLIP 2 (arXiv 2507.22062): t is given for English; p, the share of English's matches that
 * lies in its tail under this t, becomes every other language's tail ratio, which gives its t. */
#ifndef MCI_CURATE_LIMITS_H
#define MCI_CURATE_LIMITS_H

#include "curate/balance.h"
#include "curate/thin.h"

/* Parts that follow one another from id 0 on. Release with mci_limits_release. */
typedef struct {
    mci_limit *parts;
    size_t n;
} mci_limits;

/* One t for all n_entries entries. */
mc_status mci_limits_of_t(uint64_t n_entries, uint64_t t, mci_limits *out, mc_error *err);
/* A t for each of the lists, by rule->tail_ratio of each list, or by rule->t for the list "en" and
 * its tail ratio for the others; never below 1, and 1 for a list without a match. MC_E_ARG: no t,
 * t is given and there is no list "en", or one without a match while others have some; a target. */
mc_status mci_limits_of_lists(const mc_metadata_list *lists, size_t n_lists,
                              const mc_counts *counts, const mci_t_rule *rule, mci_limits *out,
                              mc_error *err);
void mci_limits_release(mci_limits *limits);

/* The t that stands for all: that of "en", else of the first list. */
uint64_t mci_limits_main_t(const mci_limits *limits, const mc_metadata_list *lists, size_t n_lists);

/* As mc_counts_shape, of one part, and of all taken together. */
mc_count_shape mci_limit_shape(const mci_limit *part, const uint64_t *counts);
mc_count_shape mci_limits_shape(const mci_limits *limits, const uint64_t *counts);

/* As mci_entry_probs_f32. */
void mci_limits_probs_f32(const mci_limits *limits, const uint64_t *counts, float *out);

/* As mci_choose_t, with a t for each of the metadata's lists (metadata may be NULL). */
mc_status mci_choose_limits(const mci_t_rule *rule, const mc_pool *pool, const mci_shards *matched,
                            const mc_metadata *metadata, const mc_counts *counts,
                            mc_summary *summary, mci_limits *out, mc_error *err);

/* Tells the card of the lists, what each had in the card's counts, and its t (limits NULL: nothing
 * was drawn). Release with the card or mci_free(card->lists). */
mc_status mci_card_set_lists(const mc_metadata_list *lists, size_t n_lists,
                             const mci_limits *limits, mc_card *card, mc_error *err);

#endif
