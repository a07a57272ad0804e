/* A published list of uuids, held against the set that is drawn from matched pairs. */
#ifndef MCI_RUN_VERIFY_LIST_H
#define MCI_RUN_VERIFY_LIST_H

#include "curate/key_set.h"
#include "run/verify_findings.h"

typedef struct {
    const char *path; /* NULL: there is no list */
    mc_balancer *balancer;
    uint64_t seed;
    mci_key_set listed; /* XXH3-128 of its uuids; those that were drawn are added */
    mci_key_set drawn;
    pthread_mutex_t lock; /* guards the sets and the numbers of the report */
    mc_verification *report;
} mci_uuid_list;

mci_hash128 mci_uuid_key(mc_str uuid);

/* Reads the list; it may be gzip or zstd. Damage is an error: MC_E_FORMAT. Initialises *out in any
 * case. */
mc_status mci_uuid_list_open(const char *path, mc_verification *report, mci_uuid_list *out,
                             mc_error *err);
void mci_uuid_list_close(mci_uuid_list *list);

/* A record with this uuid is drawn; it may come several times. *is_listed is false if the list does
 * not have it and it came for the first time. Any thread. */
mc_status mci_uuid_list_take(mci_uuid_list *list, mci_hash128 uuid, bool *is_listed, mc_error *err);

/* All have come: names those that are only in the list, as far as it can be read again. */
mc_status mci_uuid_list_end(mci_uuid_list *list, mci_findings *findings, mc_error *err);

#endif
