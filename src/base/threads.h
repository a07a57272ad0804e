/* The library's one owner of threads. Three shapes of work cover everything: independent tasks, a
 * stream of batches that must come out in the order they went in, and the many short rounds of a
 * computation, for which a team of threads stands ready. */
#ifndef MCI_BASE_THREADS_H
#define MCI_BASE_THREADS_H

#include "base/error.h"
#include "metaclip/base.h"

/* The number of processors this process may run on, at least 1. */
unsigned mci_n_processors(void);

typedef mc_status mci_task_fn(void *user, size_t task, unsigned worker, mc_error *err);

/* Runs tasks 0..n_tasks-1 on up to n_threads threads (0: one a processor), each once, claimed in
 * ascending order. After a failure no further task is claimed; of several failures the one of
 * the smallest task is returned. With one thread all runs on the caller's. */
mc_status mci_run_tasks(unsigned n_threads, size_t n_tasks, mci_task_fn *run, void *user,
                        mc_error *err);

/* A stream of batches through a ring of slots: `fill` (caller's thread, in order), `work` (any
 * thread), `drain` (caller's thread, in the order of filling).
 *   fill   MC_END when nothing is left (the slot is then not worked on)
 *   worker 0..n_threads-1: for state that belongs to a thread
 * The first failure in stream order ends the run and is returned. */
typedef struct {
    mc_status (*fill)(void *user, void *slot, mc_error *err);
    mc_status (*work)(void *user, void *slot, unsigned worker, mc_error *err);
    mc_status (*drain)(void *user, void *slot, mc_error *err);
    void *user;
    void **slots;
    size_t n_slots; /* at least one; two a thread keep everyone busy */
} mci_pipeline;

mc_status mci_pipeline_run(const mci_pipeline *pipeline, unsigned n_threads, mc_error *err);

/* A team: the caller and n_threads - 1 threads that wait for it. A round costs some microseconds,
 * so it may be as short as a hundred. It belongs to one caller at a time. */
typedef struct mci_team mci_team;
typedef void mci_team_fn(void *user, size_t task, unsigned worker);

/* n_threads 0: one a processor. A thread that cannot start only makes the others do more. */
mc_status mci_team_new(unsigned n_threads, mci_team **out, mc_error *err);
void mci_team_free(mci_team *team);
/* At most so many workers: 0 (the caller) .. n - 1. */
unsigned mci_team_size(const mci_team *team);
/* Runs tasks 0..n_tasks-1, each once, and returns when all are done. A worker begins with its own
 * share, the same each time, so that it meets in its cache what it wrote in the round before; then
 * it helps the others. Allocates nothing. */
void mci_team_run(mci_team *team, size_t n_tasks, mci_team_fn *run, void *user);

#endif
