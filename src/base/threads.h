/* The library's one owner of threads. Two shapes of work cover everything: independent tasks, and
 * a stream of batches that must come out in the order they went in. */
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

#endif
