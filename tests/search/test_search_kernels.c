/* The search kernels of all kinds against plain C, to the bit; plain C against double. */
#include "test.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#include "search/search_kernels.h"

enum { MOST_D = 100, MOST_ROWS = 13, MOST_QUERIES = 11 };

static float random_float(test_random *random)
{
    return (float)((double)(test_next(random) >> 11) * 0x1p-52 - 1);
}

static void fill(test_random *random, float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = random_float(random);
}

/* Zeros may differ in sign where lanes got nothing: they are equal scores. */
static void assert_same(const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_true(got[i] == want[i]);
}

static void plain_products_are_those_of_double(void **state)
{
    (void)state;
    const mci_search_kernels *plain = mci_search_kernels_all()[0];
    test_random random = { 1 };
    for (size_t D = 1; D <= MOST_D; D++) {
        float a[MOST_D], b[MOST_D], got;
        double want = 0;
        fill(&random, a, D);
        fill(&random, b, D);
        plain->products(a, 1, D, b, 1, D, &got);
        for (size_t i = 0; i < D; i++)
            want += (double)a[i] * b[i];
        assert_true(fabs(got - want) <= 1e-6 * sqrt((double)D));
    }
}

static void all_kernels_give_the_same_bits(void **state)
{
    (void)state;
    test_random random = { 2 };
    const mci_search_kernels *plain = mci_search_kernels_all()[0];
    for (const mci_search_kernels *const *kernels = mci_search_kernels_all(); *kernels; kernels++) {
        for (size_t round = 0; round < 2000; round++) {
            size_t D = 1 + test_below(&random, MOST_D), stride = (D + 15) / 16 * 16;
            size_t R = 1 + test_below(&random, MOST_ROWS);
            size_t Q = 1 + test_below(&random, MOST_QUERIES);
            float rows[MOST_ROWS * MOST_D], queries[MOST_QUERIES * (MOST_D + 15)] = { 0 };
            float want[MOST_ROWS * MOST_QUERIES], got[MOST_ROWS * MOST_QUERIES];
            fill(&random, rows, R * D);
            for (size_t q = 0; q < Q; q++)
                fill(&random, queries + q * stride, D);
            plain->products(rows, R, D, queries, Q, stride, want);
            (*kernels)->products(rows, R, D, queries, Q, stride, got);
            assert_same(got, want, R * Q);
            plain->squares(rows, R, D, want);
            (*kernels)->squares(rows, R, D, got);
            assert_same(got, want, R);
        }
    }
}

static void every_half_is_widened_exactly(void **state)
{
    (void)state;
    enum { N = 1 << 16 };
    static uint16_t halves[N];
    static float want[N], got[N + 1];
    const mci_search_kernels *plain = mci_search_kernels_all()[0];
    for (size_t i = 0; i < N; i++)
        halves[i] = (uint16_t)i;
    plain->widen(halves, N, want);
    for (const mci_search_kernels *const *kernels = mci_search_kernels_all(); *kernels; kernels++) {
        (*kernels)->widen(halves, N, got);
        for (size_t i = 0; i < N; i++)
            assert_true(got[i] == want[i] || (isnan(got[i]) && isnan(want[i])));
        for (size_t n = 0; n < 70; n++) {
            memset(got, 0, 100 * sizeof *got);
            got[n] = 42;
            (*kernels)->widen(halves + 15000, n, got);
            assert_memory_equal(got, want + 15000, n * sizeof *got);
            assert_true(got[n] == 42);
        }
    }
}

/* Rows that end where the page ends: what is behind them is not read. */
static void nothing_behind_the_rows_is_read(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *block = mmap(NULL, 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(block != MAP_FAILED);
    assert_int_equal(mprotect(block, page, PROT_READ | PROT_WRITE), 0);
    float query[MOST_D + 15] = { 1 }, out[MOST_ROWS], wide[MOST_ROWS * MOST_D];
    for (const mci_search_kernels *const *kernels = mci_search_kernels_all(); *kernels; kernels++) {
        for (size_t D = 1; D <= MOST_D; D++) {
            size_t R = page / sizeof(float) / D;
            R = R < MOST_ROWS ? R : MOST_ROWS;
            float *rows = (float *)(block + page) - R * D;
            for (size_t i = 0; i < R * D; i++)
                rows[i] = 1;
            (*kernels)->products(rows, R, D, query, 1, (D + 15) / 16 * 16, out);
            (*kernels)->squares(rows, R, D, out);
            assert_true(out[R - 1] == (float)D);
            (*kernels)->widen((const uint16_t *)(block + page) - R * D, R * D, wide);
        }
    }
    munmap(block, 2 * page);
}

static void the_first_kernels_are_plain_and_the_best_are_the_last(void **state)
{
    (void)state;
    const mci_search_kernels *const *kernels = mci_search_kernels_all();
    assert_string_equal(kernels[0]->name, "plain");
    while (kernels[1])
        kernels++;
    assert_ptr_equal(mci_search_kernels_best(), *kernels);
    print_message("  the best here: %s\n", (*kernels)->name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_products_are_those_of_double),
        cmocka_unit_test(all_kernels_give_the_same_bits),
        cmocka_unit_test(every_half_is_widened_exactly),
        cmocka_unit_test(nothing_behind_the_rows_is_read),
        cmocka_unit_test(the_first_kernels_are_plain_and_the_best_are_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
