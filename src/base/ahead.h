/* Work done ahead of the one who wants it: threads in the background take items, one after the
 * other, and work on them, while the caller waits for results in order. It is a pipeline
 * (threads.h) that is pulled instead of pushed.
 *
 *      number of an item   0 ... released ... done ... claimed ... released + window
 *                                    |  caller's  | in work |  not yet
 *
 * Where an item and its result are is the user's: with its number he finds a place, of `window`. */
#ifndef MCI_BASE_AHEAD_H
#define MCI_BASE_AHEAD_H

#include "base/error.h"
#include "metaclip/base.h"

typedef struct {
    /* Gets the next item, for this worker to work on; never by two threads at once. MC_END if there
     * is none; a failure ends all, behind the items before it. */
    mc_status (*claim)(void *user, unsigned worker, uint64_t number, mc_error *err);
    /* Works on what was claimed; keeps what went wrong with the result. */
    void (*work)(void *user, unsigned worker, uint64_t number);
    void *user;
} mci_ahead_steps;

typedef struct mci_ahead mci_ahead;

/* Starts up to n_threads threads, workers 0..n_threads-1. window: at most so many items are claimed
 * and not released. Keeps steps.user until mci_ahead_stop. Errors: MC_E_NOMEM, MC_E_BACKEND (no
 * thread can be started). */
mc_status mci_ahead_start(const mci_ahead_steps *steps, unsigned n_threads, uint64_t window,
                          mci_ahead **out, mc_error *err);

/* Waits until all items before `number` are done, or all that there are; *n_done says how many.
 * MC_OK: number of them; MC_END, or a failure of claim: fewer, and no more will come. */
mc_status mci_ahead_wait(mci_ahead *ahead, uint64_t number, uint64_t *n_done, mc_error *err);

/* The results of items before `number` are not needed any more. */
void mci_ahead_release(mci_ahead *ahead, uint64_t number);

/* Stops all threads, each after what it is at. Takes NULL. */
void mci_ahead_stop(mci_ahead *ahead);

#endif
