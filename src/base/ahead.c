#include "base/ahead.h"

#include <pthread.h>

#include "base/alloc.h"

typedef struct {
    mci_ahead *ahead;
    unsigned worker;
    pthread_t thread;
} ahead_worker;

struct mci_ahead {
    mci_ahead_steps steps;
    pthread_mutex_t claiming; /* held by the one thread that claims; taken before `lock` */
    pthread_mutex_t lock;     /* guards what is below */
    pthread_cond_t room;      /* for the workers: more may be claimed */
    pthread_cond_t done;      /* for the caller */
    uint64_t window, n_claimed, n_done, n_released;
    bool *is_done; /* of items that are claimed: number % window */
    bool has_ended, is_stopping;
    mc_status status; /* why it ended */
    mc_error error;
    ahead_worker *workers;
    unsigned n_workers;
};

/* Waits for room. False: nothing is to be claimed any more. */
static bool may_claim(mci_ahead *a, uint64_t *number)
{
    pthread_mutex_lock(&a->lock);
    while (!a->is_stopping && !a->has_ended && a->n_claimed - a->n_released >= a->window)
        pthread_cond_wait(&a->room, &a->lock);
    bool may = !a->is_stopping && !a->has_ended;
    *number = a->n_claimed;
    pthread_mutex_unlock(&a->lock);
    return may;
}

static bool note_claim(mci_ahead *a, mc_status status, const mc_error *error)
{
    pthread_mutex_lock(&a->lock);
    if (status == MC_OK) {
        a->n_claimed++;
    } else {
        a->has_ended = true;
        a->status = status;
        a->error = *error;
        pthread_cond_broadcast(&a->done);
    }
    pthread_mutex_unlock(&a->lock);
    return status == MC_OK;
}

static bool claim_next(mci_ahead *a, unsigned worker, uint64_t *number)
{
    mc_error error = { 0 };
    pthread_mutex_lock(&a->claiming);
    bool got = may_claim(a, number) &&
               note_claim(a, a->steps.claim(a->steps.user, worker, *number, &error), &error);
    pthread_mutex_unlock(&a->claiming);
    return got;
}

static void note_done(mci_ahead *a, uint64_t number)
{
    pthread_mutex_lock(&a->lock);
    a->is_done[number % a->window] = true;
    while (a->n_done < a->n_claimed && a->is_done[a->n_done % a->window])
        a->is_done[a->n_done++ % a->window] = false;
    pthread_cond_broadcast(&a->done);
    pthread_mutex_unlock(&a->lock);
}

static void *work_ahead(void *argument)
{
    ahead_worker *self = argument;
    mci_ahead *a = self->ahead;
    uint64_t number;
    while (claim_next(a, self->worker, &number)) {
        a->steps.work(a->steps.user, self->worker, number);
        note_done(a, number);
    }
    return NULL;
}

static mc_status start_workers(mci_ahead *a, unsigned n_threads, mc_error *err)
{
    a->is_done = mci_alloc_zeroed(a->window, sizeof *a->is_done);
    a->workers = mci_alloc_zeroed(n_threads, sizeof *a->workers);
    if (!a->is_done || !a->workers)
        return mci_nomem(err, a->window + n_threads * sizeof *a->workers);
    for (; a->n_workers < n_threads; a->n_workers++) {
        ahead_worker *worker = &a->workers[a->n_workers];
        *worker = (ahead_worker){ .ahead = a, .worker = a->n_workers };
        if (pthread_create(&worker->thread, NULL, work_ahead, worker) != 0)
            break;
    }
    return a->n_workers > 0 ? MC_OK : mc_fail(err, MC_E_BACKEND, "cannot start a thread");
}

mc_status mci_ahead_start(const mci_ahead_steps *steps, unsigned n_threads, uint64_t window,
                          mci_ahead **out, mc_error *err)
{
    mci_ahead *a = mci_alloc_zeroed(1, sizeof *a);
    if (!a)
        return mci_nomem(err, sizeof *a);
    a->steps = *steps;
    a->window = window ? window : 1;
    pthread_mutex_init(&a->claiming, NULL);
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->room, NULL);
    pthread_cond_init(&a->done, NULL);
    mc_status status = start_workers(a, n_threads, err);
    if (status < 0) {
        mci_ahead_stop(a);
        return status;
    }
    *out = a;
    return MC_OK;
}

mc_status mci_ahead_wait(mci_ahead *a, uint64_t number, uint64_t *n_done, mc_error *err)
{
    pthread_mutex_lock(&a->lock);
    while (a->n_done < number && !(a->has_ended && a->n_done == a->n_claimed))
        pthread_cond_wait(&a->done, &a->lock);
    *n_done = a->n_done;
    mc_status status = a->n_done < number ? a->status : MC_OK;
    if (status < 0 && err)
        *err = a->error;
    pthread_mutex_unlock(&a->lock);
    return status;
}

void mci_ahead_release(mci_ahead *a, uint64_t number)
{
    pthread_mutex_lock(&a->lock);
    if (number > a->n_released)
        a->n_released = number < a->n_done ? number : a->n_done;
    pthread_cond_broadcast(&a->room);
    pthread_mutex_unlock(&a->lock);
}

void mci_ahead_stop(mci_ahead *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->is_stopping = true;
    pthread_cond_broadcast(&a->room);
    pthread_mutex_unlock(&a->lock);
    for (unsigned i = 0; i < a->n_workers; i++)
        pthread_join(a->workers[i].thread, NULL);
    pthread_cond_destroy(&a->done);
    pthread_cond_destroy(&a->room);
    pthread_mutex_destroy(&a->lock);
    pthread_mutex_destroy(&a->claiming);
    mci_free(a->workers);
    mci_free(a->is_done);
    mci_free(a);
}
