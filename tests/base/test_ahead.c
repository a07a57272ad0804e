#include "base/ahead.h"

#include "test.h"

enum { WINDOW = 16 };

typedef struct {
    uint64_t n_items, fails_at;
    mc_status failure;
    uint64_t of_worker[8];    /* the item that a worker claimed */
    uint64_t results[WINDOW]; /* of number % WINDOW */
} job;

static mc_status claim(void *user, unsigned worker, uint64_t number, mc_error *err)
{
    job *j = user;
    if (number == j->fails_at)
        return mc_fail(err, j->failure, "no item %d", (int)number);
    if (number == j->n_items)
        return MC_END;
    j->of_worker[worker] = number;
    return MC_OK;
}

static void work(void *user, unsigned worker, uint64_t number)
{
    job *j = user;
    volatile uint64_t spin = 0;
    for (uint64_t i = 0; i < number * 7919 % 5000; i++)
        spin += i;
    j->results[number % WINDOW] = j->of_worker[worker] * 3;
}

static void results_come_in_order_whatever_the_threads(void **state)
{
    (void)state;
    for (unsigned n_threads = 1; n_threads <= 8; n_threads++)
        for (uint64_t step = 1; step <= WINDOW; step += 5) {
            job j = { .n_items = 500, .fails_at = UINT64_MAX };
            mci_ahead_steps steps = { claim, work, &j };
            mci_ahead *ahead = NULL;
            mc_error err = { 0 };
            uint64_t n_done = 0, n = 0;
            mc_status status = MC_OK;
            assert_ok(mci_ahead_start(&steps, n_threads, WINDOW, &ahead, &err), err);
            while (status == MC_OK) {
                mci_ahead_release(ahead, n);
                status = mci_ahead_wait(ahead, n + step, &n_done, &err);
                for (; n < n_done && n < j.n_items; n++)
                    assert_int_equal(j.results[n % WINDOW], n * 3);
            }
            assert_int_equal(status, MC_END);
            assert_int_equal(n, 500);
            mci_ahead_stop(ahead);
        }
}

static void a_failure_comes_behind_what_was_before_it(void **state)
{
    (void)state;
    job j = { .n_items = 100, .fails_at = 10, .failure = MC_E_NOMEM };
    mci_ahead_steps steps = { claim, work, &j };
    mci_ahead *ahead = NULL;
    mc_error err = { 0 };
    uint64_t n_done = 0;
    assert_ok(mci_ahead_start(&steps, 3, WINDOW, &ahead, &err), err);
    assert_ok(mci_ahead_wait(ahead, 10, &n_done, &err), err);
    assert_int_equal(n_done, 10);
    assert_int_equal(mci_ahead_wait(ahead, 11, &n_done, &err), MC_E_NOMEM);
    assert_int_equal(n_done, 10);
    assert_string_equal(err.text, "no item 10");
    mci_ahead_stop(ahead);
}

static void it_can_be_stopped_at_any_time(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 40; n++) {
        job j = { .n_items = 1000000, .fails_at = UINT64_MAX };
        mci_ahead_steps steps = { claim, work, &j };
        mci_ahead *ahead = NULL;
        mc_error err = { 0 };
        uint64_t n_done = 0;
        assert_ok(mci_ahead_start(&steps, 4, WINDOW, &ahead, &err), err);
        for (uint64_t i = 0; i < n; i++) {
            mci_ahead_release(ahead, i);
            assert_ok(mci_ahead_wait(ahead, i + 1, &n_done, &err), err);
        }
        mci_ahead_stop(ahead);
    }
    mci_ahead_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_come_in_order_whatever_the_threads),
        cmocka_unit_test(a_failure_comes_behind_what_was_before_it),
        cmocka_unit_test(it_can_be_stopped_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
