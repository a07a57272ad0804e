/* Mapped arrays of any rank, against what NumPy itself wrote (make_npy_cases.py). */
#include "io/npy_array.h"

#include "io/npy_out.h"

#include "scratch.h"

static const struct {
    const char *file;
    mci_array_type type;
    size_t rank;
    uint64_t shape[4], n_values;
    double second; /* value */
} cases[] = {
    { "npy_f32_rank4.npy", MCI_ARRAY_F32, 4, { 2, 3, 2, 2 }, 24, 0.25 },
    { "npy_u8_rank3.npy", MCI_ARRAY_U8, 3, { 2, 3, 3 }, 18, 1.0 },
    { "npy_i32_scalar.npy", MCI_ARRAY_I32, 0, { 0 }, 1, 0.0 },
    { "npy_two_u32.npy", MCI_ARRAY_U32, 2, { 3, 2 }, 6, 0.0 },
    { "npy_two_u32_empty.npy", MCI_ARRAY_U32, 2, { 0, 2 }, 0, 0.0 },
};

static void shape_type_and_values_are_numpys(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("  case: %s\n", cases[i].file);
        mc_error err = { 0 };
        mci_array array;
        assert_ok(mci_array_map(test_path("METACLIP_TEST_DATA", cases[i].file), &array, &err), err);
        assert_int_equal(array.n_values, cases[i].n_values);
        assert_int_equal(array.type, cases[i].type);
        assert_int_equal(array.rank, cases[i].rank);
        for (size_t d = 0; d < array.rank; d++)
            assert_int_equal(array.shape[d], cases[i].shape[d]);
        if (array.type == MCI_ARRAY_F32)
            assert_true((double)((const float *)array.data)[1] == cases[i].second);
        if (array.type == MCI_ARRAY_U8)
            assert_int_equal(((const uint8_t *)array.data)[1], 1);
        if (array.rank == 0)
            assert_int_equal(*(const int32_t *)array.data, -7);
        mci_array_unmap(&array);
    }
}

static const struct {
    const char *file, *says;
    mc_status status;
} refused[] = {
    { "npy_fortran.npy", "ascontiguousarray", MC_E_SHAPE }, { "npy_c16.npy", "<c16", MC_E_SHAPE },
    { "npy_two_u64.npy", "structured", MC_E_SHAPE },        { "none.npy", "none.npy", MC_E_IO },
    { "url_cases.tsv", "not a .npy", MC_E_FORMAT },
};

static void what_is_not_read_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        mc_error err = { 0 };
        mci_array array;
        print_message("  case: %s\n", refused[i].file);
        assert_int_equal(
            mci_array_map(test_path("METACLIP_TEST_DATA", refused[i].file), &array, &err),
            refused[i].status);
        assert_says(err.text, refused[i].says);
    }
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    size_t n;
    char *file = test_read_file(test_path("METACLIP_TEST_DATA", "npy_f32_rank4.npy"), &n);
    assert_non_null(file);
    for (size_t len = 0; len <= n; len++) {
        mc_error err = { 0 };
        mci_array array;
        mc_status status = mci_array_parse((mc_str){ file, len }, &array, &err);
        assert_int_equal(status, len == n ? MC_OK : MC_E_FORMAT);
    }
    free(file);
}

static void a_wrong_shape_says_what_was_wanted(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mci_array array;
    assert_ok(mci_array_map(test_path("METACLIP_TEST_DATA", "npy_f32_rank4.npy"), &array, &err),
              err);
    assert_ok(mci_array_expect(&array, MCI_ARRAY_F32, 4, (uint64_t[]){ 0, 3, 2, 2 }, &err), err);
    assert_int_equal(mci_array_expect(&array, MCI_ARRAY_F32, 4, (uint64_t[]){ 0, 3, 4, 2 }, &err),
                     MC_E_SHAPE);
    assert_string_equal(err.text, "want f32 [*, 3, 4, 2], got f32 [2, 3, 2, 2]");
    assert_int_equal(mci_array_expect(&array, MCI_ARRAY_I32, 2, (uint64_t[]){ 0, 77 }, &err),
                     MC_E_SHAPE);
    assert_string_equal(err.text, "want i32 [*, 77], got f32 [2, 3, 2, 2]");
    mci_array_unmap(&array);
}

static void a_shape_beyond_memory_does_not_wrap_around(void **state)
{
    (void)state;
    static const char text[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, "
                               "4294967296, 4), }                    \n";
    char file[10 + sizeof text - 1] = "\x93NUMPY\x01\x00";
    mc_error err = { 0 };
    mci_array array;
    file[8] = (char)(sizeof text - 1);
    memcpy(file + 10, text, sizeof text - 1);
    assert_int_equal(mci_array_parse((mc_str){ file, sizeof file }, &array, &err), MC_E_FORMAT);
}

static void written_rows_are_numpys_to_the_byte(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    mci_npy_out *out;
    float rows[24];
    size_t n_want, n_got;
    const char *path = scratch_path(s, "a.npy");
    for (int i = 0; i < 24; i++)
        rows[i] = (float)i / 4;
    assert_ok(mci_npy_out_open_rows(path, MCI_ARRAY_F32, 3, (uint64_t[]){ 3, 2, 2 }, &out, &err),
              err);
    assert_ok(mci_npy_out_add(out, rows, 1, &err), err);
    assert_ok(mci_npy_out_add(out, rows + 12, 1, &err), err);
    assert_ok(mci_npy_out_commit(out, &err), err);
    char *want = test_read_file(test_path("METACLIP_TEST_DATA", "npy_f32_rank4.npy"), &n_want);
    char *got = test_read_file(path, &n_got);
    assert_int_equal(n_got, n_want);
    assert_memory_equal(got, want, n_want);
    free(want);
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shape_type_and_values_are_numpys),
        cmocka_unit_test(what_is_not_read_is_named),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(a_wrong_shape_says_what_was_wanted),
        cmocka_unit_test(a_shape_beyond_memory_does_not_wrap_around),
        cmocka_unit_test_setup_teardown(written_rows_are_numpys_to_the_byte, scratch_open,
                                        scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
