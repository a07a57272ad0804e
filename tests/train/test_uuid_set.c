/* Subset lists: lines and DataComp's arrays, and whatever else is given for one. */
#include "train/uuid_set.h"

#include "io/npy_uids.h"
#include "scratch.h"

static void lines_are_uuids(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    mci_uuid_set *set = NULL;
    const char *paths[] = { scratch_text(s, "a.txt", "one\r\n\n  two \nthree\none"),
                            scratch_text(s, "b.txt", "four") };
    assert_ok(mci_uuid_set_load(paths, 2, &set, &err), err);
    static const char *const in[] = { "one", "two", "three", "four" };
    static const char *const out[] = { "", "One", "five", "onetwo", "two " };
    assert_int_equal(mci_uuid_set_len(set), 4);
    for (size_t i = 0; i < COUNT_OF(in); i++)
        assert_true(mci_uuid_set_has(set, mc_str_of(in[i])));
    for (size_t i = 0; i < COUNT_OF(out); i++)
        assert_false(mci_uuid_set_has(set, mc_str_of(out[i])));
    uint64_t digest = mci_uuid_set_digest(set);
    mci_uuid_set_free(set);

    const char *other[] = { scratch_text(s, "c.txt", "four\nthree\ntwo\none\n") };
    assert_ok(mci_uuid_set_load(other, 1, &set, &err), err);
    assert_true(mci_uuid_set_digest(set) == digest);
    mci_uuid_set_free(set);
}

static void lists_of_nothing_and_no_lists_are_errors(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    mci_uuid_set *set = NULL;
    char *line = calloc(1, 70000);
    memset(line, 'x', 69999);
    const struct {
        const char *path;
        mc_status status;
        const char *says;
    } cases[] = {
        { scratch_text(s, "empty", "\n\n"), MC_E_FORMAT, "holds no uuid" },
        { scratch_text(s, "long", line), MC_E_LIMIT, "one uuid a line" },
        { scratch_file(s, "gz", "\x1F\x8B\x08\x00xx", 6), MC_E_FORMAT, "damaged" },
        { "/nowhere/list", MC_E_IO, "/nowhere/list" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(mci_uuid_set_load(&cases[i].path, 1, &set, &err), cases[i].status);
        assert_says(err.text, cases[i].says);
        assert_null(set);
    }
    free(line);
}

/* The array that NumPy wrote of tests/io/make_npy_cases.py's uids, and every part of it. */
static void arrays_are_of_datacomp_s_type(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mci_uuid_set *set = NULL;
    const unsigned char *rows = NULL;
    size_t len, n;
    const char *path = test_path("METACLIP_TEST_DATA", "npy_two_u64.npy");
    char *file = test_read_file(path, &len);
    assert_non_null(file);
    assert_ok(mci_uuid_set_load(&path, 1, &set, &err), err);
    assert_int_equal(mci_uuid_set_len(set), 3);
    assert_ok(mci_npy_uids_parse((mc_str){ file, len }, &rows, &n, &err), err);
    for (size_t i = 0; i < n; i++) {
        uint64_t half[2];
        char uid[40];
        memcpy(half, rows + 16 * i, sizeof half);
        snprintf(uid, sizeof uid, "%016llx%016llx", (unsigned long long)half[0],
                 (unsigned long long)half[1]);
        assert_true(mci_uuid_set_has(set, mc_str_of(uid)));
    }
    mci_uuid_set_free(set);
    for (size_t cut = 0; cut < len; cut++) {
        char *part = malloc(cut ? cut : 1);
        memcpy(part, file, cut);
        mc_status status = mci_npy_uids_parse((mc_str){ part, cut }, &rows, &n, &err);
        assert_true(status == MC_E_FORMAT || status == MC_E_SHAPE);
        free(part);
    }
    free(file);
}

static void arrays_of_other_types_are_refused(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mci_uuid_set *set = NULL;
    const char *path = test_path("METACLIP_TEST_DATA", "npy_u32.npy");
    assert_int_equal(mci_uuid_set_load(&path, 1, &set, &err), MC_E_SHAPE);
    assert_says(err.text, "want an array of dtype \"u8,u8\"");
    assert_says(err.text, "npy_u32.npy");
    path = test_path("METACLIP_TEST_DATA", "npy_two_u64_empty.npy");
    assert_int_equal(mci_uuid_set_load(&path, 1, &set, &err), MC_E_FORMAT);
    assert_says(err.text, "no uuid");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_are_uuids, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(lists_of_nothing_and_no_lists_are_errors, scratch_open,
                                        scratch_close),
        cmocka_unit_test(arrays_are_of_datacomp_s_type),
        cmocka_unit_test(arrays_of_other_types_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
