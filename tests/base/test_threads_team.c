#include <stdatomic.h>
#include <time.h>

#include "base/threads.h"
#include "test.h"

enum { N_TASKS = 1000 };

typedef struct {
    unsigned char runs[N_TASKS];
    atomic_uint n;
    unsigned n_workers;
    bool worker_is_wrong;
} round_log;

static void log_task(void *user, size_t task, unsigned worker)
{
    round_log *log = user;
    log->runs[task]++;
    if (worker >= log->n_workers)
        log->worker_is_wrong = true;
    atomic_fetch_add(&log->n, 1);
}

static void every_task_of_every_round_runs_once(void **state)
{
    (void)state;
    static const unsigned n_threads[] = { 0, 1, 2, 3, 7 };
    static const size_t n_tasks[] = { 0, 1, 2, 5, N_TASKS };
    for (size_t i = 0; i < COUNT_OF(n_threads); i++) {
        mci_team *team = NULL;
        mc_error err = { 0 };
        assert_ok(mci_team_new(n_threads[i], &team, &err), err);
        for (size_t round = 0; round < 100; round++) {
            round_log log = { .n_workers = mci_team_size(team) };
            size_t n = n_tasks[round % COUNT_OF(n_tasks)];
            mci_team_run(team, n, log_task, &log);
            assert_int_equal(log.n, n);
            for (size_t task = 0; task < N_TASKS; task++)
                assert_int_equal(log.runs[task], task < n);
            assert_false(log.worker_is_wrong);
        }
        mci_team_free(team);
    }
    mci_team_free(NULL);
}

/* What one round wrote, the next reads, without a lock of its own. */
static void add_neighbours(void *user, size_t task, unsigned worker)
{
    (void)worker;
    uint64_t(*values)[2][64] = user;
    (*values)[1][task] = (*values)[0][task] + (*values)[0][(task + 1) % 64];
}

static void a_round_sees_what_the_last_one_wrote(void **state)
{
    (void)state;
    mci_team *team = NULL;
    uint64_t values[2][64], want[2][64];
    assert_int_equal(mci_team_new(3, &team, NULL), MC_OK);
    for (size_t i = 0; i < 64; i++)
        values[0][i] = want[0][i] = i;
    for (size_t round = 0; round < 300; round++) {
        if (round % 100 == 50) { /* long enough for all to fall asleep */
            struct timespec pause = { .tv_nsec = 20000000 };
            nanosleep(&pause, NULL);
        }
        mci_team_run(team, 64, add_neighbours, &values);
        for (size_t i = 0; i < 64; i++)
            want[1][i] = want[0][i] + want[0][(i + 1) % 64];
        assert_memory_equal(values[1], want[1], sizeof want[1]);
        memcpy(values[0], values[1], sizeof values[0]);
        memcpy(want[0], want[1], sizeof want[0]);
    }
    mci_team_free(team);
}

/* A worker that is held up is helped: its share is done by the others meanwhile. */
static void hold_up_the_first(void *user, size_t task, unsigned worker)
{
    (void)worker;
    atomic_uint *n = user;
    if (task == 0)
        while (atomic_load(n) < 99) {
            struct timespec pause = { .tv_nsec = 1000000 };
            nanosleep(&pause, NULL);
        }
    atomic_fetch_add(n, 1);
}

static void who_is_held_up_is_helped(void **state)
{
    (void)state;
    mci_team *team = NULL;
    atomic_uint n = 0;
    assert_int_equal(mci_team_new(2, &team, NULL), MC_OK);
    if (mci_team_size(team) == 2) {
        mci_team_run(team, 100, hold_up_the_first, &n);
        assert_int_equal(n, 100);
    }
    mci_team_free(team);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_of_every_round_runs_once),
        cmocka_unit_test(a_round_sees_what_the_last_one_wrote),
        cmocka_unit_test(who_is_held_up_is_helped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
