/* Online balancing: what decides which pairs an epoch has. It is what the offline commands make:
 * `match` (metadata to matchers), `count` (read from its file) and `balance` (a t for each entry),
 * so that the first epoch is their set. */
#ifndef MCI_TRAIN_ONLINE_BALANCE_H
#define MCI_TRAIN_ONLINE_BALANCE_H

#include "curate/stages.h"

typedef struct {
    const char *metadata_path; /* a list, or a folder of lists for languages; NULL: not known */
    const char *counts_path;
    bool worldwide;    /* match by MetaCLIP 2's rule; of a folder that is needed */
    bool has_ids;      /* the texts carry their ids: nothing is matched */
    uint64_t t;        /* of all entries; with a folder, of its list "en" */
    double tail_ratio; /* with a folder, gives each list its t; negative: that of "en" under t */
    uint64_t seed;
    const mc_hooks *hooks; /* may be NULL */
} mci_online_balance_job;

/* Zero-initialise; release at the end. */
typedef struct {
    mc_metadata *metadata; /* NULL: the job names none */
    mc_counts counts;
    mci_match_stage matching; /* its scratches are nobody's: threads have their own */
    bool matches;             /* whether `matching` is there */
    mc_balancer *balancer;
} mci_online_balance;

/* Errors: those of metadata and counts that do not fit, MC_E_ARG (no t can be chosen, or by a rule
 * that the lists do not take). */
mc_status mci_online_balance_open(const mci_online_balance_job *job, mci_online_balance *out,
                                  mc_error *err);
void mci_online_balance_release(mci_online_balance *balance);

#endif
