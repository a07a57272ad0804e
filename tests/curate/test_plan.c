/* Choosing t: what the plan and the search say is what adding up every pair by itself says. */
#include <math.h>

#include "curate/balance.h"
#include "curate/plan.h"
#include "curate/target.h"
#include "metaclip/metaclip.h"

#include "scratch.h"

enum { MOST_PAIRS = 400, MOST_IDS = 6, N_ENTRIES = 40 };

/* A pool in memory and as files. */
typedef struct {
    uint64_t counts[N_ENTRIES];
    struct {
        uint32_t ids[MOST_IDS];
        size_t n;
    } pairs[MOST_PAIRS];
    size_t n_pairs, n_matched;
    uint64_t largest;
    char counts_path[512], pairs_path[2][512];
    const char *inputs[2];
} small_pool;

/* About every eighth pair matches nothing. */
static void make_pairs(test_random *random, small_pool *pool)
{
    pool->n_pairs = test_below(random, MOST_PAIRS) + 1;
    pool->n_matched = 0;
    for (size_t i = 0; i < pool->n_pairs; i++) {
        size_t n = 0, want = test_below(random, 8) ? test_below(random, MOST_IDS) + 1 : 0;
        for (uint32_t id = 0; id < N_ENTRIES && n < want; id++)
            if (test_below(random, N_ENTRIES / MOST_IDS) == 0)
                pool->pairs[i].ids[n++] = id;
        pool->pairs[i].n = n;
        pool->n_matched += n > 0;
    }
}

static void write_pairs(const small_pool *pool, size_t first, size_t end, const char *path)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = first; i < end; i++) {
        fprintf(file, "{\"uuid\":\"u%zu\",\"url\":\"http://a/%zu\",\"texts\":[[\"alt\",\"x\",[", i,
                i);
        for (size_t k = 0; k < pool->pairs[i].n; k++)
            fprintf(file, "%s%u", k ? "," : "", (unsigned)pool->pairs[i].ids[k]);
        fprintf(file, "]]]}\n");
    }
    assert_int_equal(fclose(file), 0);
}

/* Counts below `most`: not those of these pairs, which nothing here asks for. */
static void make_pool(scratch *s, test_random *random, uint64_t most, small_pool *pool)
{
    mc_error err = { 0 };
    mc_counts counts = { .counts = pool->counts, .n = N_ENTRIES };
    pool->largest = 1;
    for (size_t i = 0; i < N_ENTRIES; i++) {
        uint64_t shift = test_below(random, 64);
        pool->counts[i] = (test_next(random) >> shift) % most;
        pool->counts[i] %= UINT64_MAX / N_ENTRIES;
        pool->largest = pool->counts[i] > pool->largest ? pool->counts[i] : pool->largest;
    }
    make_pairs(random, pool);
    strcpy(pool->counts_path, scratch_path(s, "counts.npy"));
    strcpy(pool->pairs_path[0], scratch_path(s, "a.jsonl"));
    strcpy(pool->pairs_path[1], scratch_path(s, "b.jsonl"));
    assert_ok(mc_counts_save(&counts, pool->counts_path, &err), err);
    write_pairs(pool, 0, pool->n_pairs / 3, pool->pairs_path[0]);
    write_pairs(pool, pool->n_pairs / 3, pool->n_pairs, pool->pairs_path[1]);
    pool->inputs[0] = pool->pairs_path[0];
    pool->inputs[1] = pool->pairs_path[1];
}

static mc_balance_job job_of(const small_pool *pool, unsigned n_threads)
{
    return (
        mc_balance_job){ .pool = { .inputs = pool->inputs, .n_inputs = 2, .n_threads = n_threads },
                         .counts_path = pool->counts_path,
                         .tail_ratio = -1,
                         .out_path = "/dev/null" };
}

/* The definition: sum of round(P * 2^32), halves to even, pair by pair. */
static mci_u128 kept_by(const small_pool *pool, uint64_t t, double *expected, double *variance)
{
    mci_u128 sum = 0;
    mc_balancer *balancer = NULL;
    mc_balancer_new(pool->counts, N_ENTRIES, t, 0, &balancer, NULL);
    for (size_t i = 0; i < pool->n_pairs; i++) {
        double p = -1;
        mc_keep_probability(balancer, pool->pairs[i].ids, pool->pairs[i].n, &p, NULL);
        sum += (mci_u128)llrint(p * 0x1p32);
        *expected += p;
        *variance += p * (1 - p);
    }
    mc_balancer_free(balancer);
    return sum;
}

static mci_u128 sum_at(const small_pool *pool, uint64_t t)
{
    double expected = 0, variance = 0;
    return kept_by(pool, t, &expected, &variance);
}

static uint64_t t_of(const small_pool *pool, uint64_t target, unsigned n_threads)
{
    mc_error err = { 0 };
    mc_balance_job job = job_of(pool, n_threads);
    mc_summary summary = { 0 };
    job.target = target;
    assert_ok(mc_balance_run(&job, &summary, &err), err);
    assert_int_equal(summary.n.pairs_read, pool->n_pairs); /* the last reading alone */
    return summary.t;
}

/* ---- the search ---- */

static void the_t_of_a_target_is_the_smallest_one_of_all(void **state)
{
    test_random random = { 1 };
    for (int round = 0; round < 12; round++) {
        static small_pool pool;
        make_pool(*state, &random, round < 6 ? 20 : 400, &pool);
        uint64_t t = 1; /* grows with the target */
        for (uint64_t target = 1; target <= pool.n_matched; target += 1 + target / 4) {
            while (sum_at(&pool, t) < (mci_u128)target << 32)
                t++;
            assert_int_equal(t_of(&pool, target, 1 + (unsigned)round % 3), t);
        }
    }
}

static void large_counts_are_searched_as_exactly(void **state)
{
    test_random random = { 2 };
    for (int round = 0; round < 24; round++) {
        static small_pool pool;
        make_pool(*state, &random, round % 2 ? UINT64_MAX : 5000000, &pool);
        if (pool.n_matched == 0)
            continue;
        uint64_t target = 1 + test_below(&random, pool.n_matched);
        uint64_t t = t_of(&pool, target, 2);
        assert_true(sum_at(&pool, t) >= (mci_u128)target << 32);
        assert_true(t == 1 || sum_at(&pool, t - 1) < (mci_u128)target << 32);
    }
}

static void a_larger_t_keeps_no_less(void **state)
{
    test_random random = { 3 };
    static small_pool pool;
    make_pool(*state, &random, 300, &pool);
    mci_u128 before = 0;
    for (uint64_t t = 1; t <= pool.largest + 1; t++) {
        mci_u128 now = sum_at(&pool, t);
        assert_true(now >= before);
        before = now;
    }
    assert_true(before == (mci_u128)pool.n_matched << 32);
}

static void threads_find_the_same(void **state)
{
    test_random random = { 4 };
    static small_pool pool;
    make_pool(*state, &random, 1000000, &pool);
    for (uint64_t target = 1; target <= pool.n_matched; target += 37) {
        uint64_t t = t_of(&pool, target, 1);
        for (unsigned n_threads = 2; n_threads <= 4; n_threads++)
            assert_int_equal(t_of(&pool, target, n_threads), t);
    }
}

static void all_pairs_can_be_asked_for_and_no_more(void **state)
{
    test_random random = { 5 };
    static small_pool pool;
    char want[64];
    mc_error err = { 0 };
    mc_summary summary = { 0 };
    make_pool(*state, &random, 1000, &pool);
    uint64_t t = t_of(&pool, pool.n_matched, 2);
    assert_true(sum_at(&pool, t) == (mci_u128)pool.n_matched << 32);
    assert_true(sum_at(&pool, t - 1) < (mci_u128)pool.n_matched << 32);

    mc_balance_job job = job_of(&pool, 2);
    job.target = pool.n_matched + 1;
    snprintf(want, sizeof want, "only %zu match an entry", pool.n_matched);
    assert_int_equal(mc_balance_run(&job, &summary, &err), MC_E_ARG);
    assert_says(err.text, want);
    job.target = UINT64_MAX;
    assert_int_equal(mc_balance_run(&job, &summary, &err), MC_E_ARG);
    assert_says(err.text, want);
}

static void entries_without_a_count_keep_their_pairs(void **state)
{
    test_random random = { 6 };
    static small_pool pool;
    make_pool(*state, &random, 1, &pool); /* all counts are 0 */
    assert_int_equal(t_of(&pool, pool.n_matched, 1), 1);
}

static void what_cannot_be_read_again_is_refused(void **state)
{
    test_random random = { 7 };
    static small_pool pool;
    mc_error err = { 0 };
    mc_summary summary = { 0 };
    make_pool(*state, &random, 100, &pool);
    const char *const bad[] = { "-", "/dev/null" };
    mc_balance_job job = job_of(&pool, 1);
    job.target = 1;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        pool.inputs[1] = bad[i];
        assert_int_equal(mc_balance_run(&job, &summary, &err), MC_E_ARG);
        assert_says(err.text, "must be in files");
    }
}

static void pairs_of_another_list_are_named(void **state)
{
    test_random random = { 8 };
    static small_pool pool;
    mc_error err = { 0 };
    mc_summary summary = { 0 };
    make_pool(*state, &random, 100, &pool);
    mc_balance_job job = job_of(&pool, 2);
    job.target = 1;
    scratch_text(*state, "b.jsonl", "{\"uuid\":\"q\",\"texts\":[[\"alt\",\"x\",[40]]]}\n");
    assert_int_equal(mc_balance_run(&job, &summary, &err), MC_E_MISMATCH);
    assert_says(err.text, "record q has entry id 40");
    scratch_text(*state, "b.jsonl", "{\"uuid\":\"q\",\"texts\":[[\"alt\",\"x\"]]}\n");
    assert_int_equal(mc_balance_run(&job, &summary, &err), MC_E_FORMAT);
    assert_says(err.text, "run `metaclip match` first");
}

/* ---- the plan ---- */

static const struct {
    const char *name;
    uint64_t largest, t;
    size_t n;
    uint64_t want[8];
} plans[] = {
    { "no counts", 1, 0, 1, { 1 } },
    { "up to the first that keeps all", 21, 0, 6, { 1, 2, 5, 10, 20, 50 } },
    { "exactly a mark", 20, 0, 5, { 1, 2, 5, 10, 20 } },
    { "own t between", 20, 7, 6, { 1, 2, 5, 7, 10, 20 } },
    { "own t is a mark", 20, 5, 5, { 1, 2, 5, 10, 20 } },
    { "own t is the last", 20, 20, 5, { 1, 2, 5, 10, 20 } },
    { "own t beyond", 3, 999, 4, { 1, 2, 5, 999 } },
    { "own t at the start", 2, 1, 2, { 1, 2 } },
};

static void a_plan_has_round_marks_and_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(plans); i++) {
        print_message("  case: %s\n", plans[i].name);
        mci_expect grid = { 0 };
        mci_plan_marks(plans[i].largest, plans[i].t, &grid);
        assert_int_equal(grid.n, plans[i].n);
        for (size_t k = 0; k < grid.n; k++)
            assert_int_equal(grid.t[k], plans[i].want[k]);
    }
    mci_expect grid = { 0 };
    mci_plan_marks(UINT64_MAX, 3, &grid);
    assert_true(grid.n <= MC_MAX_PLAN_ROWS);
    assert_true(grid.t[grid.n - 1] == UINT64_MAX);
    assert_true(grid.t[grid.n - 2] == UINT64_C(10000000000000000000));
}

static void assert_row(const small_pool *pool, const mc_plan_row *row)
{
    double expected = 0, variance = 0;
    mc_counts counts = { .counts = (uint64_t *)pool->counts, .n = N_ENTRIES };
    mc_count_shape shape = mc_counts_shape(&counts, row->t);
    kept_by(pool, row->t, &expected, &variance);
    assert_true(fabs(row->expected_pairs - expected) < 1e-6);
    assert_true(fabs(row->deviation - sqrt(variance)) < 1e-3);
    assert_int_equal(row->shape.n_head, shape.n_head);
    assert_true(row->shape.tail_ratio == shape.tail_ratio);
}

static void a_plan_adds_up_what_each_t_keeps(void **state)
{
    test_random random = { 9 };
    for (int round = 0; round < 12; round++) {
        static small_pool pool;
        mc_error err = { 0 };
        mc_plan plan[4] = { 0 };
        make_pool(*state, &random, round % 2 ? 100 : UINT64_MAX, &pool);
        for (unsigned n_threads = 1; n_threads <= 4; n_threads++) {
            mc_summary summary = { 0 };
            mc_balance_job job = job_of(&pool, n_threads);
            job.t = 7;
            assert_ok(mc_plan_run(&job, &plan[n_threads - 1], &summary, &err), err);
            assert_int_equal(summary.n.pairs_read, pool.n_pairs);
            assert_int_equal(summary.n.pairs_kept, pool.n_pairs);
            assert_memory_equal(&plan[n_threads - 1], plan, sizeof *plan);
        }
        assert_int_equal(plan->matched_pairs, pool.n_matched);
        assert_int_equal(plan->t, 7);
        for (size_t i = 0; i < plan->n_rows; i++)
            assert_row(&pool, &plan->rows[i]);
        const mc_plan_row *last = &plan->rows[plan->n_rows - 1];
        assert_true(last->expected_pairs == (double)pool.n_matched && last->deviation == 0);
    }
}

static void a_plan_shows_the_t_of_the_job(void **state)
{
    test_random random = { 10 };
    static small_pool pool;
    mc_error err = { 0 };
    mc_plan plan = { 0 };
    mc_summary summary = { 0 };
    make_pool(*state, &random, 10000, &pool);
    mc_balance_job job = job_of(&pool, 1);
    assert_ok(mc_plan_run(&job, &plan, &summary, &err), err);
    assert_int_equal(plan.t, 0);
    size_t n_rows = plan.n_rows;
    job.target = pool.n_matched / 2 + 1;
    assert_ok(mc_plan_run(&job, &plan, &summary, &err), err);
    assert_int_equal(plan.t, t_of(&pool, job.target, 1));
    assert_true(plan.n_rows >= n_rows);
    size_t i = 0;
    while (i < plan.n_rows && plan.rows[i].t != plan.t)
        i++;
    assert_true(i < plan.n_rows);
    assert_true(plan.rows[i].expected_pairs >= (double)job.target);
    assert_true(i == 0 || plan.rows[i - 1].expected_pairs < (double)job.target);
    job.target = pool.n_matched + 1;
    assert_int_equal(mc_plan_run(&job, &plan, &summary, &err), MC_E_ARG);
}

#define with_folder(test) cmocka_unit_test_setup_teardown(test, scratch_open, scratch_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_folder(the_t_of_a_target_is_the_smallest_one_of_all),
        with_folder(large_counts_are_searched_as_exactly),
        with_folder(a_larger_t_keeps_no_less),
        with_folder(threads_find_the_same),
        with_folder(all_pairs_can_be_asked_for_and_no_more),
        with_folder(entries_without_a_count_keep_their_pairs),
        with_folder(what_cannot_be_read_again_is_refused),
        with_folder(pairs_of_another_list_are_named),
        cmocka_unit_test(a_plan_has_round_marks_and_its_own),
        with_folder(a_plan_adds_up_what_each_t_keeps),
        with_folder(a_plan_shows_the_t_of_the_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
