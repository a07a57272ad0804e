/* A team of threads. A round begins when `round` changes and ends when `n_busy` is 0:
 *
 *   caller   ranges, run, user | round + 1 | works | waits for n_busy = 0
 *   helper   waits for round   |            works, n_busy - 1  | waits for the next
 *
 * Both wait by looking for a few dozen microseconds, which is longer than most gaps between the
 * rounds of a computation, and then sleep. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/threads.h"

enum { LOOKS = 2000 };

/* A worker's share of the tasks; a line of its own, as it is written at each claim. */
typedef struct {
    _Alignas(64) atomic_size_t next;
    size_t end;
} task_range;

typedef struct {
    mci_team *team;
    unsigned worker;
    pthread_t thread;
} team_helper;

struct mci_team {
    unsigned n_workers;
    mci_team_fn *run; /* this and `user` are written between rounds */
    void *user;
    bool stops;
    task_range *ranges;   /* one a worker */
    team_helper *helpers; /* one a worker; the caller's is empty */
    atomic_uint round;
    atomic_uint n_busy;   /* helpers that have not finished the round */
    pthread_mutex_t lock; /* for those who sleep */
    pthread_cond_t begun, ended;
};

static void look_away(void)
{
#ifdef __x86_64__
    __builtin_ia32_pause();
#else
    sched_yield();
#endif
}

static void run_range(mci_team *team, task_range *range, unsigned worker)
{
    for (;;) {
        size_t task = atomic_fetch_add_explicit(&range->next, 1, memory_order_relaxed);
        if (task >= range->end)
            return;
        team->run(team->user, task, worker);
    }
}

static void run_ranges(mci_team *team, unsigned worker)
{
    for (unsigned i = 0; i < team->n_workers; i++)
        run_range(team, &team->ranges[(worker + i) % team->n_workers], worker);
}

static void wait_for_round(mci_team *team, unsigned seen)
{
    for (unsigned i = 0; i < LOOKS; i++, look_away())
        if (atomic_load_explicit(&team->round, memory_order_acquire) != seen)
            return;
    pthread_mutex_lock(&team->lock);
    while (atomic_load_explicit(&team->round, memory_order_acquire) == seen)
        pthread_cond_wait(&team->begun, &team->lock);
    pthread_mutex_unlock(&team->lock);
}

static void wait_for_helpers(mci_team *team)
{
    for (unsigned i = 0; i < LOOKS; i++, look_away())
        if (atomic_load_explicit(&team->n_busy, memory_order_acquire) == 0)
            return;
    pthread_mutex_lock(&team->lock);
    while (atomic_load_explicit(&team->n_busy, memory_order_acquire) != 0)
        pthread_cond_wait(&team->ended, &team->lock);
    pthread_mutex_unlock(&team->lock);
}

static void *help(void *argument)
{
    team_helper *self = argument;
    mci_team *team = self->team;
    for (unsigned seen = 0;; seen++) {
        wait_for_round(team, seen);
        if (team->stops)
            return NULL;
        run_ranges(team, self->worker);
        if (atomic_fetch_sub_explicit(&team->n_busy, 1, memory_order_acq_rel) == 1) {
            pthread_mutex_lock(&team->lock);
            pthread_cond_signal(&team->ended);
            pthread_mutex_unlock(&team->lock);
        }
    }
}

/* The lock keeps a helper from falling asleep between its look and our call. */
static void begin_round(mci_team *team)
{
    pthread_mutex_lock(&team->lock);
    atomic_store_explicit(&team->n_busy, team->n_workers - 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&team->round, 1, memory_order_release);
    pthread_cond_broadcast(&team->begun);
    pthread_mutex_unlock(&team->lock);
}

void mci_team_run(mci_team *team, size_t n_tasks, mci_team_fn *run, void *user)
{
    if (team->n_workers == 1 || n_tasks <= 1) {
        for (size_t task = 0; task < n_tasks; task++)
            run(user, task, 0);
        return;
    }
    team->run = run;
    team->user = user;
    size_t n = team->n_workers, begin = 0;
    for (size_t i = 0; i < n; i++) {
        size_t share = n_tasks / n + (i < n_tasks % n);
        atomic_store_explicit(&team->ranges[i].next, begin, memory_order_relaxed);
        team->ranges[i].end = begin += share;
    }
    begin_round(team);
    run_ranges(team, 0);
    wait_for_helpers(team);
}

static void start_helpers(mci_team *team, unsigned n_threads)
{
    for (team->n_workers = 1; team->n_workers < n_threads; team->n_workers++) {
        team_helper *helper = &team->helpers[team->n_workers];
        *helper = (team_helper){ .team = team, .worker = team->n_workers };
        if (pthread_create(&helper->thread, NULL, help, helper) != 0)
            return;
    }
}

mc_status mci_team_new(unsigned n_threads, mci_team **out, mc_error *err)
{
    if (n_threads == 0)
        n_threads = mci_n_processors();
    mci_team *team = mci_alloc_zeroed(1, sizeof *team);
    if (!team)
        return mci_nomem(err, sizeof *team);
    team->ranges = mci_alloc_lines(n_threads * sizeof *team->ranges);
    team->helpers = mci_alloc_zeroed(n_threads, sizeof *team->helpers);
    if (!team->ranges || !team->helpers) {
        mci_free(team->ranges);
        mci_free(team->helpers);
        mci_free(team);
        return mci_nomem(err, n_threads * sizeof *team->ranges);
    }
    pthread_mutex_init(&team->lock, NULL);
    pthread_cond_init(&team->begun, NULL);
    pthread_cond_init(&team->ended, NULL);
    start_helpers(team, n_threads);
    *out = team;
    return MC_OK;
}

void mci_team_free(mci_team *team)
{
    if (!team)
        return;
    team->stops = true;
    begin_round(team);
    for (unsigned i = 1; i < team->n_workers; i++)
        pthread_join(team->helpers[i].thread, NULL);
    pthread_cond_destroy(&team->ended);
    pthread_cond_destroy(&team->begun);
    pthread_mutex_destroy(&team->lock);
    mci_free(team->helpers);
    mci_free(team->ranges);
    mci_free(team);
}

unsigned mci_team_size(const mci_team *team)
{
    return team->n_workers;
}
