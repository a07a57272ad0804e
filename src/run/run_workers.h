/* Processes that work on one run folder, on one machine or many: who is there, and who does what.
 * All they share is the folder.
 *
 *     OUT/state/workers/HOST-PID -> OPTIONS    one link a process, touched every few seconds
 *     OUT/state/claims/UNIT -> HOST-PID        who works on a unit (a shard in a step)
 *
 * A worker is gone if its process is (on this host), or if its link was not touched for a minute.
 * What it had claimed can then be claimed by others. Claims only save work: were two processes ever
 * to do the same unit, both would make the same bytes, and files appear whole or not at all. */
#ifndef MCI_RUN_WORKERS_H
#define MCI_RUN_WORKERS_H

#include "base/hash.h"
#include "run/run_folder.h"

typedef struct mci_workers mci_workers;

/* Joins the folder. `options` is what all workers of a run have in common (a hash of run.json):
 * MC_E_MISMATCH if a live one has another. Starts a thread that says that this process lives. */
mc_status mci_workers_join(const mci_run_folder *folder, const char *options, mci_workers **out,
                           mc_error *err);
/* Takes NULL. Claims that are still held are given up. */
void mci_workers_leave(mci_workers *workers);
/* Whether no other worker lives here now. */
mc_status mci_workers_alone(mci_workers *workers, bool *out, mc_error *err);

/* Claims a unit; *got says whether it is this worker's now. name may be any bytes but "/". */
mc_status mci_claim(mci_workers *workers, const char *step, mc_str name, bool *got, mc_error *err);
/* Waits until it is. */
mc_status mci_claim_wait(mci_workers *workers, const char *step, mc_str name, mc_error *err);
void mci_claim_release(mci_workers *workers, const char *step, mc_str name);

/* How long to wait before looking again at what others work on, in microseconds. */
enum { MCI_WORKERS_WAIT_US = 100 * 1000 };

#endif
