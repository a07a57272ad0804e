#include "base/threads.h"

#include "test.h"

/* ---- tasks ---- */

typedef struct {
    unsigned char runs[1000];
    size_t fails_from;
} task_log;

static mc_status log_task(void *user, size_t task, unsigned worker, mc_error *err)
{
    (void)worker;
    task_log *log = user;
    log->runs[task]++;
    if (task >= log->fails_from)
        return mc_fail(err, MC_E_IO, "task %zu", task);
    return MC_OK;
}

static void every_task_runs_once(void **state)
{
    (void)state;
    static const unsigned n_threads[] = { 0, 1, 2, 7, 2000 };
    for (size_t i = 0; i < COUNT_OF(n_threads); i++) {
        task_log log = { .fails_from = SIZE_MAX };
        assert_int_equal(mci_run_tasks(n_threads[i], 1000, log_task, &log, NULL), MC_OK);
        for (size_t task = 0; task < 1000; task++)
            assert_int_equal(log.runs[task], 1);
    }
    assert_int_equal(mci_run_tasks(4, 0, log_task, NULL, NULL), MC_OK);
}

static void the_failure_of_the_smallest_task_is_told(void **state)
{
    (void)state;
    for (unsigned n_threads = 1; n_threads <= 4; n_threads++) {
        task_log log = { .fails_from = 17 };
        mc_error err = { 0 };
        assert_int_equal(mci_run_tasks(n_threads, 1000, log_task, &log, &err), MC_E_IO);
        assert_string_equal(err.text, "task 17");
        size_t n = 0;
        for (size_t task = 0; task < 1000; task++)
            n += log.runs[task];
        assert_in_range(n, 18, 17 + n_threads); /* nothing new is claimed after a failure */
    }
}

/* ---- pipeline ---- */

enum { N_BATCHES = 500 };

typedef struct {
    uint64_t number, square;
} batch;

typedef struct {
    uint64_t n_filled, n_drained;
    uint64_t fill_fails_at, work_fails_at, drain_fails_at;
} stream_log;

static mc_status fill(void *user, void *slot, mc_error *err)
{
    stream_log *log = user;
    if (log->n_filled == log->fill_fails_at)
        return mc_fail(err, MC_E_IO, "fill %d", (int)log->n_filled);
    if (log->n_filled == N_BATCHES)
        return MC_END;
    *(batch *)slot = (batch){ .number = log->n_filled++ };
    return MC_OK;
}

static mc_status work(void *user, void *slot, unsigned worker, mc_error *err)
{
    (void)worker;
    const stream_log *log = user;
    batch *b = slot;
    if (b->number >= log->work_fails_at)
        return mc_fail(err, MC_E_FORMAT, "work %d", (int)b->number);
    /* Uneven work, so that batches finish out of order. */
    for (volatile unsigned i = 0; i < b->number % 7 * 500; i++)
        ;
    b->square = b->number * b->number;
    return MC_OK;
}

static mc_status drain(void *user, void *slot, mc_error *err)
{
    stream_log *log = user;
    const batch *b = slot;
    if (b->number != log->n_drained || b->square != b->number * b->number)
        fail_msg("batch %d came as number %d", (int)b->number, (int)log->n_drained);
    if (log->n_drained == log->drain_fails_at)
        return mc_fail(err, MC_E_IO, "drain %d", (int)log->n_drained);
    log->n_drained++;
    return MC_OK;
}

static mc_status run(stream_log *log, size_t n_slots, unsigned n_threads, mc_error *err)
{
    batch batches[8];
    void *slots[8];
    for (size_t i = 0; i < n_slots; i++)
        slots[i] = &batches[i];
    mci_pipeline pipeline = { fill, work, drain, log, slots, n_slots };
    return mci_pipeline_run(&pipeline, n_threads, err);
}

static const stream_log healthy = { .fill_fails_at = UINT64_MAX,
                                    .work_fails_at = UINT64_MAX,
                                    .drain_fails_at = UINT64_MAX };

static void batches_come_out_in_the_order_they_went_in(void **state)
{
    (void)state;
    for (size_t n_slots = 1; n_slots <= 8; n_slots++)
        for (unsigned n_threads = 1; n_threads <= 4; n_threads++) {
            stream_log log = healthy;
            assert_int_equal(run(&log, n_slots, n_threads, NULL), MC_OK);
            assert_int_equal(log.n_drained, N_BATCHES);
        }
}

static void the_first_failure_of_the_stream_is_told(void **state)
{
    (void)state;
    static const struct {
        uint64_t fill, work, drain;
        const char *text;
    } cases[] = {
        { 100, UINT64_MAX, UINT64_MAX, "fill 100" },
        { UINT64_MAX, 100, UINT64_MAX, "work 100" },
        { UINT64_MAX, UINT64_MAX, 100, "drain 100" },
        { 101, 100, UINT64_MAX, "work 100" },
        { 200, 150, 100, "drain 100" },
        { 0, 0, 0, "fill 0" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (unsigned n_threads = 1; n_threads <= 3; n_threads++) {
            stream_log log = { .fill_fails_at = cases[i].fill,
                               .work_fails_at = cases[i].work,
                               .drain_fails_at = cases[i].drain };
            mc_error err = { 0 };
            assert_true(run(&log, 2 * n_threads, n_threads, &err) < 0);
            assert_string_equal(err.text, cases[i].text);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_runs_once),
        cmocka_unit_test(the_failure_of_the_smallest_task_is_told),
        cmocka_unit_test(batches_come_out_in_the_order_they_went_in),
        cmocka_unit_test(the_first_failure_of_the_stream_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
