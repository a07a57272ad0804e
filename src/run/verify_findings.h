/* What verifying finds: all counted, the first few of each check named. */
#ifndef MCI_RUN_VERIFY_FINDINGS_H
#define MCI_RUN_VERIFY_FINDINGS_H

#include <pthread.h>

#include "base/error.h"
#include "metaclip/curate.h"

/* Where a finding stands among those of its check: by this number, whoever comes first. */
enum { MCI_PLACE_FIRST = 0 };
#define MCI_PLACE_LAST UINT64_MAX
/* The n-th finding in a shard. */
static inline uint64_t mci_place(size_t shard, uint64_t n)
{
    return ((uint64_t)shard + 1) << 32 | (n < UINT32_MAX ? n : UINT32_MAX);
}

typedef struct {
    mc_verification *report;
    pthread_mutex_t lock; /* guards the report and the places */
    uint64_t places[MC_N_CHECKS][MC_MAX_FINDINGS];
} mci_findings;

void mci_findings_init(mci_findings *findings, mc_verification *report);
void mci_findings_release(mci_findings *findings);

/* The check looked at n more things; it counts as done. Any thread, as with all of these. */
void mci_checked(mci_findings *findings, mc_check_kind check, uint64_t n);
/* Something is wrong. */
void mci_found(mci_findings *findings, mc_check_kind check, uint64_t place, const char *format, ...)
    MC_PRINTF(4, 5);
/* n further things are wrong that nobody names. */
void mci_found_more(mci_findings *findings, mc_check_kind check, uint64_t n);
/* Makes of a failure to use a file a finding of the check, named by the error's text. Failures that
 * are not the file's own (memory) stay failures: gives them, with *err set. */
mc_status mci_found_failure(mci_findings *findings, mc_check_kind check, uint64_t place,
                            mc_status status, const mc_error *what, mc_error *err);

#endif
