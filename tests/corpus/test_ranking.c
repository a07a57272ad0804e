#include "corpus/ranking.h"

#include <math.h>

#include "test.h"

typedef struct {
    char text[8];
    uint64_t count, first, second;
} item;

static int plainly(const void *a, const void *b)
{
    const item *x = a, *y = b;
    long double p = (long double)x->count / ((long double)x->first * (long double)x->second);
    long double q = (long double)y->count / ((long double)y->first * (long double)y->second);
    if (p != q)
        return p > q ? -1 : 1;
    return strcmp(x->text, y->text);
}

static void the_best_are_kept_in_order(void **state)
{
    (void)state;
    test_random random = { 3 };
    for (size_t max = 1; max < 400; max += 37) {
        item items[300];
        mci_ranking ranking = { .max = max > 350 ? SIZE_MAX : max };
        for (size_t i = 0; i < COUNT_OF(items); i++) {
            snprintf(items[i].text, sizeof items[i].text, "%zu", i);
            items[i].count = 1 + test_next(&random) % 8;
            items[i].first = (uint64_t)1 << test_next(&random) % 4; /* ties, exact in long double */
            items[i].second = (uint64_t)1 << test_next(&random) % 4;
            assert_int_equal(mci_ranking_add(&ranking, mc_str_of(items[i].text), items[i].count,
                                             items[i].first, items[i].second, NULL),
                             MC_OK);
        }
        mci_ranking_sort(&ranking);
        qsort(items, COUNT_OF(items), sizeof *items, plainly);
        assert_int_equal(ranking.n, max < COUNT_OF(items) ? max : COUNT_OF(items));
        for (size_t i = 0; i < ranking.n; i++)
            assert_str(((mc_str){ ranking.items[i].text, ranking.items[i].len }), items[i].text);
        mci_ranking_release(&ranking);
    }
}

static void mutual_information_is_that_of_the_formula(void **state)
{
    (void)state;
    test_random random = { 4 };
    assert_int_equal(mci_pmi_10000(1, 1, 1, (uint64_t)1 << 32), 320000);
    assert_int_equal(mci_pmi_10000(1, 2, 1, 1), -10000);
    assert_int_equal(mci_pmi_10000(3, 1, 1, 1), 15849);
    for (int i = 0; i < 100000; i++) {
        uint64_t count = 1 + test_next(&random) % ((uint64_t)1 << test_next(&random) % 43);
        uint64_t first = 1 + test_next(&random) % ((uint64_t)1 << test_next(&random) % 43);
        uint64_t second = 1 + test_next(&random) % ((uint64_t)1 << test_next(&random) % 43);
        uint64_t n = 1 + test_next(&random) % ((uint64_t)1 << test_next(&random) % 43);
        long double want = log2l((long double)count) + log2l((long double)n) -
                           log2l((long double)first) - log2l((long double)second);
        int64_t got = mci_pmi_10000(count, first, second, n);
        assert_true(fabsl((long double)got - want * 10000) < 1.01L);
        unsigned least = (unsigned)(test_next(&random) % 64);
        if (fabsl(want - least) > 1e-9L)
            assert_int_equal(mci_pmi_reaches(count, first, second, n, least), want >= least);
    }
    assert_true(mci_pmi_reaches(1, 1, 1, 1 << 30, 30));
    assert_false(mci_pmi_reaches(1, 1, 1, (1 << 30) - 1, 30));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_are_kept_in_order),
        cmocka_unit_test(mutual_information_is_that_of_the_formula),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
