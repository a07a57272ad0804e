/* Arrays of unknown length, against what NumPy itself wrote (make_npy_cases.py). */
#include "io/npy_out.h"

#include "base/alloc.h"
#include "io/npy.h"

#include "scratch.h"

static const uint32_t numbers[] = { 0, 1, UINT32_MAX };
static const uint32_t two_numbers[][2] = { { 3, 0 }, { 7, 0 }, { UINT32_MAX, 2 } };
static const uint64_t two_long[][2] = {
    { 1, 2 },
    { 1, UINT64_MAX },
    { UINT64_C(0xF0E1D2C3B4A59687), UINT64_C(0x78695A4B3C2D1E0F) },
};

static const struct {
    const char *file;
    mci_npy_row row;
    const void *rows;
    size_t n, row_bytes;
} cases[] = {
    { "npy_u32.npy", MCI_NPY_ROW_U32, numbers, 3, 4 },
    { "npy_u32_empty.npy", MCI_NPY_ROW_U32, numbers, 0, 4 },
    { "npy_two_u32.npy", MCI_NPY_ROW_TWO_U32, two_numbers, 3, 8 },
    { "npy_two_u32_empty.npy", MCI_NPY_ROW_TWO_U32, two_numbers, 0, 8 },
    { "npy_two_u64.npy", MCI_NPY_ROW_TWO_U64, two_long, 3, 16 },
    { "npy_two_u64_empty.npy", MCI_NPY_ROW_TWO_U64, two_long, 0, 16 },
};

static void arrays_are_numpys_to_the_byte(void **state)
{
    scratch *s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("  case: %s\n", cases[i].file);
        mc_error err = { 0 };
        mci_npy_out *array;
        size_t n_want, n_got;
        const char *path = scratch_path(s, "a.npy");
        assert_ok(mci_npy_out_open(path, cases[i].row, &array, &err), err);
        for (size_t row = 0; row < cases[i].n; row++)
            assert_ok(mci_npy_out_add(array, (const char *)cases[i].rows + row * cases[i].row_bytes,
                                      1, &err),
                      err);
        assert_int_equal(mci_npy_out_rows(array), cases[i].n);
        assert_false(scratch_has(s, "a.npy"));
        assert_ok(mci_npy_out_commit(array, &err), err);
        char *want = test_read_file(test_path("METACLIP_TEST_DATA", cases[i].file), &n_want);
        char *got = test_read_file(path, &n_got);
        assert_non_null(want);
        assert_int_equal(n_got, n_want);
        assert_memory_equal(got, want, n_want);
        free(want);
        free(got);
        unlink(path);
    }
}

/* More than any buffer on the way holds, so that the header is long on disk when it is patched. */
static void a_long_array_is_read_back(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    mci_npy_out *array;
    const uint32_t n = 1000000;
    void *data = NULL;
    size_t n_read = 0;
    const char *path = scratch_path(s, "long.npy");
    assert_ok(mci_npy_out_open(path, MCI_NPY_ROW_U32, &array, &err), err);
    for (uint32_t i = 0; i < n; i++)
        assert_ok(mci_npy_out_add(array, &i, 1, &err), err);
    assert_ok(mci_npy_out_commit(array, &err), err);
    assert_ok(mci_npy_load(path, MCI_NPY_U32, &data, &n_read, &err), err);
    assert_int_equal(n_read, n);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(((uint32_t *)data)[i], i);
    mci_free(data);
}

static void what_cannot_go_back_is_refused_at_once(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    mci_npy_out *array;
    assert_int_equal(mci_npy_out_open("/dev/null", MCI_NPY_ROW_U32, &array, &err), MC_E_IO);
    assert_says(err.text, "/dev/null: its first bytes are known at the end only");
    assert_int_equal(mci_npy_out_open(scratch_path(s, "no/a.npy"), MCI_NPY_ROW_U32, &array, &err),
                     MC_E_IO);
    assert_says(err.text, "no/a.npy: cannot create it");
}

static void nothing_is_left_of_an_aborted_array(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    mci_npy_out *array;
    assert_ok(mci_npy_out_open(scratch_path(s, "a.npy"), MCI_NPY_ROW_U32, &array, &err), err);
    mci_npy_out_abort(array);
    assert_false(scratch_has(s, "a.npy"));
    assert_false(scratch_has(s, ".a.npy.tmp"));
    mci_npy_out_abort(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(arrays_are_numpys_to_the_byte, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(a_long_array_is_read_back, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(what_cannot_go_back_is_refused_at_once, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(nothing_is_left_of_an_aborted_array, scratch_open,
                                        scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
