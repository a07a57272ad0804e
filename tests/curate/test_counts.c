#include <math.h>

#include "curate/metadata.h"
#include "curate/sidecar.h"
#include "io/npy.h"
#include "io/whole.h"

#include "scratch.h"

static mc_metadata *list_of(const char *lines)
{
    mci_stream *stream = NULL;
    mc_metadata *metadata = NULL;
    mc_error err = { 0 };
    assert_ok(mci_stream_open_bytes(mc_str_of(lines), &stream, &err), err);
    assert_ok(mci_metadata_parse(stream, &metadata, &err), err);
    mci_stream_close(stream);
    return metadata;
}

static void note_warning(void *user, const char *text)
{
    snprintf(user, 512, "%s", text);
}

static void counts_survive_a_round_trip(void **state)
{
    mc_error err = { 0 };
    mc_metadata *metadata = list_of("a\nb\nc\n");
    uint64_t numbers[] = { 0, UINT64_MAX / 2, 7 };
    mc_counts counts = { .counts = numbers, .n = 3 }, again = { 0 };
    char warning[512] = "";
    mc_hooks hooks = { .warn = note_warning, .user = warning };
    strcpy(counts.metadata_sha256, mc_metadata_sha256(metadata));
    const char *path = scratch_path(*state, "c.npy");
    assert_ok(mc_counts_save(&counts, path, &err), err);
    assert_ok(mc_counts_load(path, metadata, &hooks, &again, &err), err);
    assert_int_equal(again.n, 3);
    assert_memory_equal(again.counts, numbers, sizeof numbers);
    assert_string_equal(again.metadata_sha256, counts.metadata_sha256);
    assert_string_equal(warning, "");
    mc_counts_release(&again);

    assert_ok(mc_counts_load(path, NULL, NULL, &again, &err), err);
    assert_string_equal(again.metadata_sha256, counts.metadata_sha256);
    mc_counts_release(&again);
    mc_metadata_free(metadata);
}

static void a_sidecar_is_one_line_of_json(void **state)
{
    mc_error err = { 0 };
    mc_metadata *metadata = list_of("a\n");
    const char *path = scratch_path(*state, "x.jsonl");
    char want[256];
    size_t len;
    assert_ok(mci_sidecar_save(path, "matched pairs", mc_metadata_sha256(metadata), 500000, &err),
              err);
    char *text = test_read_file(scratch_path(*state, "x.jsonl.meta.json"), &len);
    snprintf(want, sizeof want,
             "{\"kind\":\"matched pairs\",\"metadata_sha256\":\"%s\",\"entries\":500000,"
             "\"tool\":\"metaclip " METACLIP_VERSION "\"}\n",
             mc_metadata_sha256(metadata));
    assert_string_equal(text, want);
    free(text);
    mc_metadata_free(metadata);
}

static void counts_of_an_unknown_list_leave_no_sidecar(void **state)
{
    mc_error err = { 0 };
    uint64_t numbers[] = { 1, 2 };
    mc_counts counts = { .counts = numbers, .n = 2 };
    memset(counts.metadata_sha256, 'a', MC_SHA256_DIGITS);
    assert_ok(mc_counts_save(&counts, scratch_path(*state, "c.npy"), &err), err);
    assert_true(scratch_has(*state, "c.npy.meta.json"));
    counts.metadata_sha256[0] = '\0';
    assert_ok(mc_counts_save(&counts, scratch_path(*state, "c.npy"), &err), err);
    assert_true(scratch_has(*state, "c.npy"));
    assert_false(scratch_has(*state, "c.npy.meta.json"));
}

static void standard_places_have_no_sidecar(void **state)
{
    (void)state;
    char sha256[MC_SHA256_DIGITS + 1] = "untouched";
    uint64_t n_entries = 5;
    bool found = true;
    mc_error err = { 0 };
    assert_ok(mci_sidecar_save("/dev/null", "entry counts", "abc", 1, &err), err);
    assert_ok(mci_sidecar_save("-", "entry counts", "abc", 1, &err), err);
    assert_ok(mci_sidecar_load("-", sha256, &n_entries, &found, &err), err);
    assert_false(found);
    found = true;
    assert_ok(mci_sidecar_load("/dev/null", sha256, &n_entries, &found, &err), err);
    assert_false(found);
    assert_string_equal(sha256, "untouched");
    assert_int_equal(access("/dev/null.meta.json", F_OK), -1);
}

static void counts_of_another_list_are_refused(void **state)
{
    mc_error err = { 0 };
    mc_metadata *ours = list_of("a\nb\n"), *theirs = list_of("a\nc\n"),
                *longer = list_of("a\nb\nc");
    uint64_t numbers[] = { 1, 2 };
    mc_counts counts = { .counts = numbers, .n = 2 }, got = { 0 };
    char warning[512] = "";
    mc_hooks hooks = { .warn = note_warning, .user = warning };
    const char *path = scratch_path(*state, "c.npy");
    strcpy(counts.metadata_sha256, mc_metadata_sha256(theirs));
    assert_ok(mc_counts_save(&counts, path, &err), err);
    assert_int_equal(mc_counts_load(path, ours, NULL, &got, &err), MC_E_MISMATCH);
    assert_says(err.text, "c.npy: these counts belong to another metadata list");

    assert_ok(mci_sidecar_save(path, "entry counts", mc_metadata_sha256(ours), 3, &err), err);
    assert_int_equal(mc_counts_load(path, ours, NULL, &got, &err), MC_E_MISMATCH);
    assert_says(err.text, "2 counts, but ");
    assert_says(err.text, "c.npy.meta.json speaks of 3");

    assert_ok(mci_sidecar_remove(path, &err), err);
    assert_int_equal(mc_counts_load(path, longer, &hooks, &got, &err), MC_E_MISMATCH);
    assert_says(err.text, "2 counts, but the metadata has 3 entries");
    assert_string_equal(warning, "");
    assert_ok(mc_counts_load(path, ours, &hooks, &got, &err), err);
    assert_says(warning, "c.npy does not say which metadata its counts belong to");
    assert_string_equal(got.metadata_sha256, "");
    mc_counts_release(&got);
    mc_metadata_free(ours);
    mc_metadata_free(theirs);
    mc_metadata_free(longer);
}

static void damaged_sidecars_are_named(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "", "c.npy.meta.json: " },
        { "{", "c.npy.meta.json: " },
        { "[]", "\"entries\" is missing" },
        { "{\"entries\":-1}", "\"entries\" is missing or no number" },
        { "{\"entries\":1}", "\"metadata_sha256\" is missing" },
        { "{\"entries\":1,\"metadata_sha256\":\"abc\"}", "is missing or no SHA-256" },
    };
    mc_error err = { 0 };
    uint64_t numbers[] = { 1 };
    mc_counts counts = { .counts = numbers, .n = 1 }, got = { 0 };
    const char *path = scratch_path(*state, "c.npy");
    assert_ok(mc_counts_save(&counts, path, &err), err);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        path = scratch_path(*state, "c.npy");
        scratch_text(*state, "c.npy.meta.json", cases[i].text);
        assert_int_equal(mc_counts_load(path, NULL, NULL, &got, &err), MC_E_FORMAT);
        assert_says(err.text, cases[i].says);
        assert_null(got.counts);
    }
}

static void counts_by_entry_are_read_in_any_order(void **state)
{
    mc_error err = { 0 };
    mc_metadata *metadata = list_of("a\nred car\ncaf\xC3\xA9\na\nnone\n");
    mc_counts counts = { 0 };
    char warning[512] = "";
    mc_hooks hooks = { .warn = note_warning, .user = warning };
    const char *path = scratch_text(
        *state, "c.json", "\n{\"caf\\u00e9\": 3, \"red car\": 9, \"a\":5, \"red car\": 2}\n");
    assert_ok(mc_counts_load(path, metadata, &hooks, &counts, &err), err);
    static const uint64_t want[] = { 5, 2, 3, 5, 0 };
    assert_int_equal(counts.n, 5);
    assert_memory_equal(counts.counts, want, sizeof want);
    assert_string_equal(counts.metadata_sha256, mc_metadata_sha256(metadata));
    assert_string_equal(warning, "");
    mc_counts_release(&counts);
    mc_metadata_free(metadata);
}

static const struct {
    const char *name, *text;
    mc_status status;
    const char *says;
} bad[] = {
    { "an unknown entry", "{\"b\":1}", MC_E_MISMATCH, "\"b\" is counted, but no entry of this" },
    { "a negative count", "{\"a\":-1}", MC_E_FORMAT, "the count of \"a\" is no number from 0" },
    { "half a match", "{\"a\":1.5}", MC_E_FORMAT, "the count of \"a\" is no number" },
    { "a text", "{\"a\":\"1\"}", MC_E_FORMAT, "the count of \"a\" is no number" },
    { "cut", "{\"a\":1", MC_E_FORMAT, "c.json: " },
    { "an array", "[1]", MC_E_FORMAT, "c.json: no entry counts: not a .npy file" },
    { "nothing", "", MC_E_FORMAT, "c.json: no entry counts: not a .npy file" },
    { "two lines", "{\"a\":1}\n{\"a\":2}\n", MC_E_FORMAT, "c.json: " },
};

static void other_counts_are_refused_with_the_reason(void **state)
{
    mc_metadata *metadata = list_of("a\n");
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        print_message("  case: %s\n", bad[i].name);
        mc_error err = { 0 };
        mc_counts counts = { 0 };
        const char *path = scratch_text(*state, "c.json", bad[i].text);
        assert_int_equal(mc_counts_load(path, metadata, NULL, &counts, &err), bad[i].status);
        assert_says(err.text, bad[i].says);
        assert_null(counts.counts);
    }
    mc_metadata_free(metadata);
}

static void more_wrong_counts_are_refused(void **state)
{
    mc_error err = { 0 };
    mc_counts counts = { 0 };
    const char *path = scratch_text(*state, "c.json", "{\"a\":1}");
    assert_int_equal(mc_counts_load(path, NULL, NULL, &counts, &err), MC_E_ARG);
    assert_says(err.text, "c.json: counts by entry need the metadata");
    path = scratch_path(*state, "none.npy");
    assert_int_equal(mc_counts_load(path, NULL, NULL, &counts, &err), MC_E_IO);
    assert_says(err.text, "none.npy: No such file");
    const uint64_t numbers[] = { UINT64_MAX, 1 };
    path = scratch_path(*state, "sum.npy");
    assert_ok(mci_npy_save(path, MCI_NPY_U64, numbers, 2, &err), err);
    assert_int_equal(mc_counts_load(path, NULL, NULL, &counts, &err), MC_E_FORMAT);
    assert_says(err.text, "their sum is beyond 64 bits");
    path = scratch_path(*state, "f32.npy");
    assert_ok(mci_npy_save(path, MCI_NPY_F32, numbers, 2, &err), err);
    assert_int_equal(mc_counts_load(path, NULL, NULL, &counts, &err), MC_E_SHAPE);
    assert_says(err.text, "f32.npy: no entry counts: want u64 rank 1, got f32 rank 1");

    /* Longer than any counts of this list: not read to its end. */
    mc_metadata *metadata = list_of("a\n");
    char *spaces = malloc(2 << 20);
    memset(spaces, ' ', 2 << 20);
    path = scratch_file(*state, "long.json", spaces, 2 << 20);
    assert_int_equal(mc_counts_load(path, metadata, NULL, &counts, &err), MC_E_LIMIT);
    assert_says(err.text, "long.json: longer than");
    free(spaces);
    mc_metadata_free(metadata);
}

/* ---- shapes and tail ratios ---- */

static void head_and_tail_are_told_apart_at_t(void **state)
{
    (void)state;
    uint64_t numbers[] = { 0, 19, 20, 21, 0, 40 };
    mc_counts counts = { .counts = numbers, .n = 6 };
    mc_count_shape shape = mc_counts_shape(&counts, 20);
    assert_int_equal(shape.n_entries, 6);
    assert_int_equal(shape.n_head, 3);
    assert_int_equal(shape.n_tail, 3);
    assert_int_equal(shape.n_zero, 2);
    assert_int_equal(shape.n_matches, 100);
    assert_int_equal(shape.n_tail_matches, 19);
    assert_true(shape.tail_ratio == 0.19);
    mc_counts none = { 0 };
    assert_true(mc_counts_shape(&none, 1).tail_ratio == 0.0);
}

static void a_tail_ratio_gives_the_count_at_the_nearest_share(void **state)
{
    (void)state;
    uint64_t numbers[] = { 40, 10, 0, 20, 30 }; /* shares 0 .1 .3 .6 1 */
    mc_counts counts = { .counts = numbers, .n = 5 };
    static const struct {
        double ratio;
        uint64_t t;
    } cases[] = { { 0, 1 }, { 0.04, 1 }, { 0.06, 10 }, { 0.25, 20 }, { 0.5, 30 }, { 1, 40 } };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t t = 0;
        mc_error err = { 0 };
        assert_ok(mc_t_of_tail_ratio(&counts, cases[i].ratio, &t, &err), err);
        assert_int_equal(t, cases[i].t);
    }
}

static void wrong_ratios_are_refused(void **state)
{
    (void)state;
    static const double wrong[] = { -0.001, 1.001, NAN, INFINITY };
    uint64_t numbers[] = { 1, 0 }, t = 77;
    mc_counts counts = { .counts = numbers, .n = 2 };
    mc_error err = { 0 };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(mc_t_of_tail_ratio(&counts, wrong[i], &t, &err), MC_E_ARG);
        assert_says(err.text, "the tail ratio must lie between 0 and 1");
    }
    numbers[0] = 0;
    assert_int_equal(mc_t_of_tail_ratio(&counts, 0.5, &t, &err), MC_E_ARG);
    assert_says(err.text, "no entry has a match");
    assert_int_equal(t, 77);
}

static double number_of(mci_json_value value)
{
    double number = NAN;
    assert_true(mci_json_double(value, &number));
    return number;
}

static void check_thresholds(mci_json_value root, const char *list, const char *npy)
{
    mc_error err = { 0 };
    mc_counts counts = { 0 };
    mci_json_value facts, table, value;
    mc_str key;
    assert_ok(mc_counts_load(test_path("METACLIP_SHARED", npy), NULL, NULL, &counts, &err), err);
    assert_true(mci_json_get(root, list, &facts));
    assert_true(mci_json_get(facts, "t_to_p", &table));
    for (mci_json_iter it = mci_json_iterate(table); mci_json_next(&it, &key, &value);) {
        uint64_t t = strtoull(key.data, NULL, 10);
        assert_true(mc_counts_shape(&counts, t).tail_ratio == number_of(value));
    }
    assert_true(mci_json_get(facts, "p_to_t", &table));
    for (mci_json_iter it = mci_json_iterate(table); mci_json_next(&it, &key, &value);) {
        uint64_t t = 0, want = 0;
        assert_true(mci_json_u64(value, &want));
        assert_ok(mc_t_of_tail_ratio(&counts, strtod(key.data, NULL), &t, &err), err);
        assert_int_equal(t, want ? want : 1);
    }
    mc_counts_release(&counts);
}

static void thresholds_are_the_originals(void **state)
{
    (void)state;
    const char *path = test_path("METACLIP_SHARED", "oracle/curation/thresholds.json");
    if (!path || access(path, R_OK) != 0)
        skip();
    mci_json *json = NULL;
    mci_json_value root;
    mc_error err = { 0 };
    assert_ok(mci_json_load(path, MCI_MAX_WHOLE_BYTES, &json, &root, &err), err);
    check_thresholds(root, "entry_count", "oracle/curation/entry_count.npy");
    check_thresholds(root, "v2_entry_count", "oracle/curation/v2_entry_count.npy");
    mci_json_free(json);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_open, scratch_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(counts_survive_a_round_trip),
        IN_SCRATCH(a_sidecar_is_one_line_of_json),
        IN_SCRATCH(counts_of_an_unknown_list_leave_no_sidecar),
        cmocka_unit_test(standard_places_have_no_sidecar),
        IN_SCRATCH(counts_of_another_list_are_refused),
        IN_SCRATCH(damaged_sidecars_are_named),
        IN_SCRATCH(counts_by_entry_are_read_in_any_order),
        IN_SCRATCH(other_counts_are_refused_with_the_reason),
        IN_SCRATCH(more_wrong_counts_are_refused),
        cmocka_unit_test(head_and_tail_are_told_apart_at_t),
        cmocka_unit_test(a_tail_ratio_gives_the_count_at_the_nearest_share),
        cmocka_unit_test(wrong_ratios_are_refused),
        cmocka_unit_test(thresholds_are_the_originals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
