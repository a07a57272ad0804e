#include "base/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>

#include "base/alloc.h"

unsigned mci_n_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (unsigned)CPU_COUNT(&set);
    return 1;
}

/* ---- independent tasks ---- */

typedef struct {
    mci_task_fn *run;
    void *user;
    pthread_mutex_t lock; /* guards what is below */
    size_t next, n_tasks;
    size_t failed_task; /* SIZE_MAX: none */
    mc_status status;
    mc_error error;
} task_board;

typedef struct {
    task_board *board;
    unsigned worker;
    pthread_t thread;
} task_worker;

static bool claim_task(task_board *board, size_t *task)
{
    pthread_mutex_lock(&board->lock);
    bool got = board->next < board->n_tasks && board->failed_task == SIZE_MAX;
    if (got)
        *task = board->next++;
    pthread_mutex_unlock(&board->lock);
    return got;
}

static void note_failure(task_board *board, size_t task, mc_status status, const mc_error *error)
{
    pthread_mutex_lock(&board->lock);
    if (task < board->failed_task) {
        board->failed_task = task;
        board->status = status;
        board->error = *error;
    }
    pthread_mutex_unlock(&board->lock);
}

static void *run_claimed_tasks(void *argument)
{
    task_worker *self = argument;
    size_t task;
    while (claim_task(self->board, &task)) {
        mc_error error = { 0 };
        mc_status status = self->board->run(self->board->user, task, self->worker, &error);
        if (status < 0)
            note_failure(self->board, task, status, &error);
    }
    return NULL;
}

mc_status mci_run_tasks(unsigned n_threads, size_t n_tasks, mci_task_fn *run, void *user,
                        mc_error *err)
{
    if (n_threads == 0)
        n_threads = mci_n_processors();
    if (n_threads > n_tasks)
        n_threads = n_tasks ? (unsigned)n_tasks : 1;
    task_board board = { .run = run, .user = user, .n_tasks = n_tasks, .failed_task = SIZE_MAX };
    pthread_mutex_init(&board.lock, NULL);
    task_worker *workers = mci_alloc_zeroed(n_threads, sizeof *workers);
    if (!workers)
        return mci_nomem(err, n_threads * sizeof *workers);
    unsigned n_started = 0;
    for (unsigned i = 0; i < n_threads; i++)
        workers[i] = (task_worker){ .board = &board, .worker = i };
    /* Worker 0 is the caller. A thread that cannot start only makes the others do more. */
    for (unsigned i = 1; i < n_threads; i++, n_started++)
        if (pthread_create(&workers[i].thread, NULL, run_claimed_tasks, &workers[i]) != 0)
            break;
    run_claimed_tasks(&workers[0]);
    for (unsigned i = 1; i <= n_started; i++)
        pthread_join(workers[i].thread, NULL);
    mci_free(workers);
    pthread_mutex_destroy(&board.lock);
    if (board.failed_task != SIZE_MAX && err)
        *err = board.error;
    return board.failed_task == SIZE_MAX ? MC_OK : board.status;
}

/* ---- a stream of batches, in order ---- */

typedef struct {
    enum { SLOT_EMPTY, SLOT_FILLED, SLOT_TAKEN, SLOT_DONE } state;
    mc_status status;
    mc_error error;
} slot_state;

typedef struct {
    const mci_pipeline *steps;
    pthread_mutex_t lock;  /* guards the states */
    pthread_cond_t filled; /* for the workers */
    pthread_cond_t done;   /* for the caller */
    slot_state *states;
    uint64_t n_filled, n_taken, n_drained; /* batches; slot = number % n_slots */
    bool closed;                           /* nothing more will be filled */
} ring;

typedef struct {
    ring *ring;
    unsigned worker;
    pthread_t thread;
} ring_worker;

static void *work_on_batches(void *argument)
{
    ring_worker *self = argument;
    ring *r = self->ring;
    pthread_mutex_lock(&r->lock);
    for (;;) {
        while (r->n_taken == r->n_filled && !r->closed)
            pthread_cond_wait(&r->filled, &r->lock);
        if (r->n_taken == r->n_filled)
            break;
        size_t slot = (size_t)(r->n_taken++ % r->steps->n_slots);
        slot_state *state = &r->states[slot];
        state->state = SLOT_TAKEN;
        pthread_mutex_unlock(&r->lock);
        state->status =
            r->steps->work(r->steps->user, r->steps->slots[slot], self->worker, &state->error);
        pthread_mutex_lock(&r->lock);
        state->state = SLOT_DONE;
        pthread_cond_signal(&r->done);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* Fills the next slot. The lock is held on entry and on return, not while filling. */
static mc_status fill_next(ring *r, bool *ended, mc_error *err)
{
    size_t slot = (size_t)(r->n_filled % r->steps->n_slots);
    pthread_mutex_unlock(&r->lock);
    mc_status status = r->steps->fill(r->steps->user, r->steps->slots[slot], err);
    pthread_mutex_lock(&r->lock);
    if (status == MC_END || status < 0) {
        *ended = true;
        return status;
    }
    r->states[slot] = (slot_state){ .state = SLOT_FILLED };
    r->n_filled++;
    pthread_cond_signal(&r->filled);
    return MC_OK;
}

static mc_status drain_next(ring *r, mc_error *err)
{
    size_t slot = (size_t)(r->n_drained % r->steps->n_slots);
    slot_state *state = &r->states[slot];
    if (state->status < 0) {
        if (err)
            *err = state->error;
        return state->status;
    }
    pthread_mutex_unlock(&r->lock);
    mc_status status = r->steps->drain(r->steps->user, r->steps->slots[slot], err);
    pthread_mutex_lock(&r->lock);
    state->state = SLOT_EMPTY;
    r->n_drained++;
    return status;
}

/* The caller's part: drain what is ready, else fill what is empty, else wait. A failure of fill
 * is kept until everything before it is drained, so that the first in stream order is returned. */
static mc_status fill_and_drain(ring *r, mc_error *err)
{
    bool ended = false;
    mc_status fill_status = MC_OK;
    mc_error fill_error = { 0 };
    for (;;) {
        slot_state *oldest = &r->states[r->n_drained % r->steps->n_slots];
        if (r->n_drained < r->n_filled && oldest->state == SLOT_DONE) {
            mc_status status = drain_next(r, err);
            if (status < 0)
                return status;
        } else if (!ended && r->n_filled - r->n_drained < r->steps->n_slots) {
            fill_status = fill_next(r, &ended, &fill_error);
        } else if (ended && r->n_drained == r->n_filled) {
            break;
        } else {
            pthread_cond_wait(&r->done, &r->lock);
        }
    }
    if (fill_status < 0 && err)
        *err = fill_error;
    return fill_status < 0 ? fill_status : MC_OK;
}

static mc_status run_ring(const mci_pipeline *pipeline, ring_worker *workers, unsigned n_threads,
                          slot_state *states, mc_error *err)
{
    ring r = { .steps = pipeline, .states = states };
    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.filled, NULL);
    pthread_cond_init(&r.done, NULL);
    unsigned n_started = 0;
    for (; n_started < n_threads; n_started++) {
        workers[n_started] = (ring_worker){ .ring = &r, .worker = n_started };
        if (pthread_create(&workers[n_started].thread, NULL, work_on_batches,
                           &workers[n_started]) != 0)
            break;
    }
    mc_status status = MC_OK;
    pthread_mutex_lock(&r.lock);
    if (n_started == 0)
        status = mc_fail(err, MC_E_BACKEND, "cannot start a thread");
    else
        status = fill_and_drain(&r, err);
    r.closed = true;
    r.n_taken = status < 0 ? r.n_filled : r.n_taken; /* leave what nobody will read */
    pthread_cond_broadcast(&r.filled);
    pthread_mutex_unlock(&r.lock);
    for (unsigned i = 0; i < n_started; i++)
        pthread_join(workers[i].thread, NULL);
    pthread_cond_destroy(&r.done);
    pthread_cond_destroy(&r.filled);
    pthread_mutex_destroy(&r.lock);
    return status;
}

static mc_status run_alone(const mci_pipeline *pipeline, mc_error *err)
{
    for (;;) {
        void *slot = pipeline->slots[0];
        mc_status status = pipeline->fill(pipeline->user, slot, err);
        if (status == MC_END)
            return MC_OK;
        MC_TRY(status);
        MC_TRY(pipeline->work(pipeline->user, slot, 0, err));
        MC_TRY(pipeline->drain(pipeline->user, slot, err));
    }
}

mc_status mci_pipeline_run(const mci_pipeline *pipeline, unsigned n_threads, mc_error *err)
{
    if (n_threads == 0)
        n_threads = mci_n_processors();
    if (n_threads == 1 || pipeline->n_slots == 1)
        return run_alone(pipeline, err);
    ring_worker *workers = mci_alloc_zeroed(n_threads, sizeof *workers);
    slot_state *states = mci_alloc_zeroed(pipeline->n_slots, sizeof *states);
    mc_status status = workers && states ? run_ring(pipeline, workers, n_threads, states, err)
                                         : mci_nomem(err, n_threads * sizeof *workers);
    mci_free(states);
    mci_free(workers);
    return status;
}
