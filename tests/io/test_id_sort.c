#include "io/id_sort.h"

#include "scratch.h"

static int compare(const void *a, const void *b)
{
    const mci_id *x = a, *y = b;
    if (x->high != y->high)
        return x->high < y->high ? -1 : 1;
    return (x->low > y->low) - (x->low < y->low);
}

/* Sorts them with so much memory, and compares with what qsort says. */
static void assert_sorted(scratch *s, mci_id *ids, size_t n, uint64_t memory)
{
    mc_error err = { 0 };
    mci_id_sort *sort;
    mci_id got;
    assert_ok(mci_id_sort_new(scratch_path(s, "a.npy"), memory, &sort, &err), err);
    for (size_t i = 0; i < n; i++)
        assert_ok(mci_id_sort_add(sort, ids[i], &err), err);
    assert_ok(mci_id_sort_end(sort, &err), err);
    qsort(ids, n, sizeof *ids, compare);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && compare(&ids[i - 1], &ids[i]) == 0)
            continue;
        assert_ok(mci_id_sort_next(sort, &got, &err), err);
        assert_int_equal(got.high, ids[i].high);
        assert_int_equal(got.low, ids[i].low);
    }
    assert_int_equal(mci_id_sort_next(sort, &got, &err), MC_END);
    assert_int_equal(mci_id_sort_next(sort, &got, &err), MC_END);
    mci_id_sort_free(sort);
}

typedef enum { RANDOM, EQUAL, ASCENDING, DESCENDING, NARROW, LOW_ONLY, N_KINDS } id_kind;

static mci_id make_id(id_kind kind, test_random *random, size_t i, size_t n)
{
    switch (kind) {
    case RANDOM:
        return (mci_id){ test_next(random), test_next(random) };
    case EQUAL:
        return (mci_id){ 7, 7 };
    case ASCENDING:
        return (mci_id){ i / 300, i };
    case DESCENDING:
        return (mci_id){ n - i, UINT64_MAX - i };
    case NARROW: /* many repeated ones */
        return (mci_id){ test_below(random, 3), test_below(random, 100) };
    default: /* that differ in their last digits only */
        return (mci_id){ 0, test_below(random, 1 << 20) };
    }
}

static void ids_come_out_in_order_and_once(void **state)
{
    scratch *s = *state;
    test_random random = { 11 };
    /* in memory; with one run and a rest; with many runs, some of 4 KiB of memory each */
    static const size_t sizes[] = { 0, 1, 2, 31, 33, 255, 256, 257, 512, 5000, 20000 };
    static const uint64_t memories[] = { 0, 1, 16 * 300, 1 << 16 };
    for (id_kind kind = RANDOM; kind < N_KINDS; kind++)
        for (size_t i = 0; i < COUNT_OF(sizes); i++)
            for (size_t m = 0; m < COUNT_OF(memories); m++) {
                size_t n = sizes[i];
                mci_id *ids = calloc(n + 1, sizeof *ids);
                for (size_t j = 0; j < n; j++)
                    ids[j] = make_id(kind, &random, j, n);
                assert_sorted(s, ids, n, memories[m]);
                free(ids);
            }
}

static void no_name_is_left_and_none_in_the_way(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    mci_id_sort *sort;
    scratch_text(s, ".a.npy.tmp.sort", "left by a run that was killed");
    assert_ok(mci_id_sort_new(scratch_path(s, "a.npy"), 1, &sort, &err), err);
    for (uint64_t i = 0; i < 1000; i++)
        assert_ok(mci_id_sort_add(sort, (mci_id){ i, i }, &err), err);
    assert_false(scratch_has(s, ".a.npy.tmp.sort"));
    mci_id_sort_free(sort);
    mci_id_sort_free(NULL);
    assert_ok(mci_id_sort_new(scratch_path(s, "no/a.npy"), 1, &sort, &err), err);
    mc_status status = MC_OK;
    for (uint64_t i = 0; i < 1000 && status >= 0; i++)
        status = mci_id_sort_add(sort, (mci_id){ i, i }, &err);
    assert_int_equal(status, MC_E_IO);
    assert_says(err.text, "no/.a.npy.tmp.sort: cannot create it");
    mci_id_sort_free(sort);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ids_come_out_in_order_and_once, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(no_name_is_left_and_none_in_the_way, scratch_open,
                                        scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
