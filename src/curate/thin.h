/* Which t a job draws with, and what else goes into balancing. */
#ifndef MCI_CURATE_THIN_H
#define MCI_CURATE_THIN_H

#include "curate/one_text.h"

/* How a job says its t, as mc_balance_job does. */
typedef struct {
    uint64_t target;                 /* if not 0 */
    double tail_ratio;               /* else if not negative */
    uint64_t t;                      /* else */
    const mci_choice_lists *choices; /* for a target of one text an image; else NULL */
} mci_t_rule;

/* Puts t and the counts' shape under it into the summary. pool and matched (the pairs that counts
 * are of) are looked at for a target only, and may be NULL without one. MC_E_ARG: t is 0, or as
 * mc_t_of_tail_ratio; and as mci_t_of_target. */
mc_status mci_choose_t(const mci_t_rule *rule, const mc_pool *pool, const mci_shards *matched,
                       const mc_counts *counts, mc_summary *summary, mc_error *err);

/* What a balance job reads, checked to belong together. */
typedef struct {
    mci_shards shards;
    mc_metadata *metadata; /* NULL: the job names none */
    mc_counts counts;
    mci_one_text *one_text;          /* NULL: the job does not ask for it */
    const mci_choice_lists *choices; /* of it */
} mci_thin_inputs;

/* Also tells the summary of the metadata, and chooses texts. Release with
 * mci_thin_inputs_release. */
mc_status mci_thin_inputs_load(const mc_balance_job *job, mci_thin_inputs *out, mc_summary *summary,
                               mc_error *err);
void mci_thin_inputs_release(mci_thin_inputs *in);

#endif
