#include "curate/metadata.h"

#include "base/hash.h"

#include "scratch.h"

static mc_status parse(const char *bytes, size_t len, mc_metadata **out, mc_error *err)
{
    mci_stream *stream = NULL;
    *out = NULL;
    assert_ok(mci_stream_open_bytes((mc_str){ bytes, len }, &stream, err), *err);
    mc_status status = mci_metadata_parse(stream, out, err);
    mci_stream_close(stream);
    return status;
}

#define FILE_OF(text) text, sizeof(text) - 1

/* `want`: the entries, each followed by LF. */
static const struct {
    const char *name, *bytes;
    size_t len;
    const char *want;
    size_t want_len;
} lists[] = {
    { "nothing", FILE_OF(""), FILE_OF("") },
    { "an empty array", FILE_OF(" [ ] \n"), FILE_OF("") },
    { "an array", FILE_OF("[\"a\", \"red car\",\n\"\"]"), FILE_OF("a\nred car\n\n") },
    { "escapes", FILE_OF("[\"caf\\u00e9\",\"\\ud83d\\ude00\",\"a\\\"b\\\\\",\"\\u0000\"]"),
      FILE_OF("caf\xC3\xA9\n\xF0\x9F\x98\x80\na\"b\\\n\0\n") },
    { "a lone surrogate", FILE_OF("[\"\\ud800\"]"), FILE_OF("\xEF\xBF\xBD\n") },
    { "wrong bytes in an array", FILE_OF("[\"a\xFFz\"]"), FILE_OF("a\xEF\xBF\xBDz\n") },
    { "an array behind a byte order mark", FILE_OF("\xEF\xBB\xBF[\"a\"]"), FILE_OF("a\n") },
    { "an array behind blank lines", FILE_OF("\n \n[\"a\"]"), FILE_OF("a\n") },
    { "lines", FILE_OF("a\nred car\n"), FILE_OF("a\nred car\n") },
    { "no LF at the end", FILE_OF("a\nred car"), FILE_OF("a\nred car\n") },
    { "CR LF", FILE_OF("a\r\nred car\r\n\r\nb\rc\r"), FILE_OF("a\nred car\n\nb\rc\n") },
    { "empty lines", FILE_OF("\n\na\n\n"), FILE_OF("\n\na\n\n") },
    { "wrong bytes in lines", FILE_OF("a\xFFz\n\x80\n"), FILE_OF("a\xFFz\n\x80\n") },
    { "lines behind a byte order mark",
      FILE_OF("\xEF\xBB\xBF"
              "a\n"),
      FILE_OF("a\n") },
    { "spaces are part of a line", FILE_OF(" a \n"), FILE_OF(" a \n") },
    { "quotes are part of a line", FILE_OF("\"a\"\n"), FILE_OF("\"a\"\n") },
    { "a NUL in a line", FILE_OF("\0\na\0b\n"), FILE_OF("\0\na\0b\n") },
};

static void assert_entries(const mc_metadata *metadata, const char *want, size_t len)
{
    mci_buf lines = { 0 };
    char digits[MC_SHA256_DIGITS + 1];
    for (size_t i = 0; i < mc_metadata_len(metadata); i++) {
        mc_str entry = mc_metadata_entry(metadata, i);
        assert_true(mc_str_equal(entry, mc_metadata_entries(metadata)[i]));
        mci_buf_add(&lines, entry, NULL);
        mci_buf_byte(&lines, '\n', NULL);
    }
    assert_int_equal(lines.len, len);
    if (len)
        assert_memory_equal(lines.data, want, len);
    mci_sha256_of((mc_str){ want, len }, digits, NULL);
    assert_string_equal(mc_metadata_sha256(metadata), digits);
    mci_buf_release(&lines);
}

static void lists_are_read_in_both_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        print_message("  case: %s\n", lists[i].name);
        mc_error err = { 0 };
        mc_metadata *metadata;
        assert_ok(parse(lists[i].bytes, lists[i].len, &metadata, &err), err);
        assert_entries(metadata, lists[i].want, lists[i].want_len);
        mc_metadata_free(metadata);
    }
}

static const struct {
    const char *name, *bytes, *says;
} bad[] = {
    { "a number", "[\"a\", 1]", "offset 6: entry 1 is no string: metadata is an array of strings" },
    { "an array of arrays", "[[\"a\"]]", "entry 0 is no string" },
    { "null", "[null]", "entry 0 is no string" },
    { "a cut array", "[\"a\",\"b\"", "the array is cut" },
    { "a cut string", "[\"a\",\"b", "the array is cut" },
    { "a missing comma", "[\"a\" \"b\"]", "want , or ]" },
    { "a missing element", "[\"a\",]", "an element is missing" },
    { "something behind", "[\"a\"] x", "something follows the array" },
    { "a wrong escape", "[\"a\",\"\\x\"]", "offset 5: entry 1: " },
    { "a control character", "[\"a\tb\"]", "offset 1: entry 0: " },
    { "pairs", "{\"uuid\":\"x\"}\n", "JSON objects (pairs?), not a list of entries" },
    { "counts", "\x93NUMPY\x01", "this is a .npy file, not a list of entries" },
    { "an archive", "WARC/1.0\r\n", "this is a WARC archive" },
};

static void other_files_are_refused_with_the_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        print_message("  case: %s\n", bad[i].name);
        mc_error err = { 0 };
        mc_metadata *metadata;
        assert_int_equal(parse(bad[i].bytes, strlen(bad[i].bytes), &metadata, &err), MC_E_FORMAT);
        assert_says(err.text, bad[i].says);
        assert_null(metadata);
    }
}

static void every_prefix_of_an_array_is_refused(void **state)
{
    (void)state;
    static const char list[] = " [ \"a\", \"r\\u00e9d\" , \"\\\"\" ]";
    for (size_t len = 2; len < sizeof list - 1; len++) {
        mc_error err = { 0 };
        mc_metadata *metadata;
        assert_int_equal(parse(list, len, &metadata, &err), MC_E_FORMAT);
        assert_says(err.text, "cut");
    }
}

/* What `jq -r '.[]' | sha256sum` says of ["a", "red car", ""]. */
static void the_hash_is_that_of_the_lines(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mc_metadata *metadata;
    assert_ok(parse(FILE_OF("[\"a\",\"red car\",\"\"]"), &metadata, &err), err);
    assert_string_equal(mc_metadata_sha256(metadata),
                        "2665303866f82c76d5f670e575d02ed173fe090bb087e16e4186f458982319c4");
    mc_metadata_free(metadata);
}

static mc_metadata *load(const char *path)
{
    mc_error err = { 0 };
    mc_metadata *metadata = NULL;
    assert_ok(mc_metadata_load(path, &metadata, &err), err);
    return metadata;
}

static void all_files_of_a_list_give_the_same_list(void **state)
{
    static const char *const names[] = { "m.json", "m.txt", "m.json.gz", "m.txt.zst", "m.txt.gz" };
    mc_error err = { 0 };
    mc_metadata *metadata;
    static const char list[] = "[\"caf\\u00e9\",\"a\\\\b\",\"\",\" x \",\"\\\"\",\"a\",\"a\"]";
    assert_ok(parse(list, strlen(list), &metadata, &err), err);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *path = scratch_path(*state, names[i]);
        assert_ok(mc_metadata_save(metadata, path, &err), err);
        mc_metadata *again = load(path);
        assert_string_equal(mc_metadata_sha256(again), mc_metadata_sha256(metadata));
        assert_int_equal(mc_metadata_len(again), 7);
        mc_metadata_free(again);
    }
    mc_metadata_free(metadata);
}

static void json_is_written_one_entry_a_line(void **state)
{
    mc_error err = { 0 };
    mc_metadata *metadata;
    size_t len;
    assert_ok(parse(FILE_OF("a\ncaf\xC3\xA9\n"), &metadata, &err), err);
    const char *path = scratch_path(*state, "m.json");
    assert_ok(mc_metadata_save(metadata, path, &err), err);
    char *file = test_read_file(path, &len);
    assert_string_equal(file, "[\n\"a\",\n\"caf\xC3\xA9\"\n]\n");
    free(file);
    mc_metadata_free(metadata);
}

static void a_form_that_cannot_hold_the_list_is_refused(void **state)
{
    static const struct {
        const char *list, *file, *says;
    } cases[] = {
        { "[\"a\",\"b\\nc\"]", "m.txt", "m.txt: entry 1 holds a line end" },
        { "[\"a\\r\"]", "m.txt.gz", "entry 0 holds a line end" },
        { "[\"\\ufeffa\"]", "m.txt", "do not look like those of a .txt: use .json" },
        { "[\"\", \"[sic]\"]", "m.txt", "do not look like those of a .txt: use .json" },
        { "a\n\xFF\n", "m.json", "m.json: entry 1 is not valid UTF-8, which JSON cannot hold" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mc_error err = { 0 };
        mc_metadata *metadata;
        assert_ok(parse(cases[i].list, strlen(cases[i].list), &metadata, &err), err);
        const char *path = scratch_path(*state, cases[i].file);
        assert_int_equal(mc_metadata_save(metadata, path, &err), MC_E_FORMAT);
        assert_says(err.text, cases[i].says);
        assert_false(scratch_has(*state, cases[i].file));
        mc_metadata_free(metadata);
    }
}

static void files_that_cannot_be_read_are_named(void **state)
{
    mc_error err = { 0 };
    mc_metadata *metadata = NULL;
    assert_int_equal(mc_metadata_load(scratch_path(*state, "none.json"), &metadata, &err), MC_E_IO);
    assert_says(err.text, "none.json: No such file");
    const char *path = scratch_text(*state, "bad.json", "[1]");
    assert_int_equal(mc_metadata_load(path, &metadata, &err), MC_E_FORMAT);
    assert_says(err.text, "bad.json: offset 1: entry 0 is no string");
    path = scratch_file(*state, "cut.gz", "\x1f\x8b\x08\0\0\0\0\0\0\3\x4b\xe4", 12);
    assert_int_equal(mc_metadata_load(path, &metadata, &err), MC_E_FORMAT);
    assert_says(err.text, "cut.gz: damaged: ");
    assert_null(metadata);
}

static void a_line_may_be_longer_than_any_window(void **state)
{
    (void)state;
    enum { LEN = 3 << 20 };
    char *bytes = malloc(LEN + 3);
    memset(bytes, 'x', LEN);
    memcpy(bytes + LEN, "\na\n", 3);
    mc_error err = { 0 };
    mc_metadata *metadata;
    assert_ok(parse(bytes, LEN + 3, &metadata, &err), err);
    assert_int_equal(mc_metadata_len(metadata), 2);
    assert_int_equal(mc_metadata_entry(metadata, 0).len, LEN);
    assert_str(mc_metadata_entry(metadata, 1), "a");
    mc_metadata_free(metadata);
    free(bytes);
}

/* ---- merging ---- */

static void count_progress(void *user, const mc_progress *progress)
{
    (void)progress;
    ++*(int *)user;
}

static void lists_are_merged_first_seen_first(void **state)
{
    int n_calls = 0;
    const char *const inputs[] = {
        scratch_text(*state, "one.txt", "b\na\n\n!\nb\n \n"),
        scratch_text(*state, "two.json",
                     "[\"c\",\"a\",\"~\",\"1\",\"\\u00a1\",\"\",\"?!\",\"c?!\"]"),
    };
    mc_metadata_job job = { .inputs = inputs,
                            .n_inputs = 2,
                            .hooks = { .progress = count_progress, .user = &n_calls } };
    mc_metadata *metadata = NULL;
    mc_metadata_build report;
    mc_error err = { 0 };
    assert_ok(mc_metadata_build_run(&job, &metadata, &report, &err), err);
    assert_entries(metadata, FILE_OF("b\na\nc\n1\nc?!\n"));
    assert_int_equal(report.n_sources, 2);
    assert_int_equal(n_calls, 2);
    static const mc_metadata_source want[] = {
        { .n_read = 6, .n_dropped = 3, .n_duplicate = 1, .n_added = 2 },
        { .n_read = 8, .n_dropped = 4, .n_duplicate = 1, .n_added = 3 },
    };
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(report.sources[i].source, inputs[i]);
        assert_int_equal(report.sources[i].n_read, want[i].n_read);
        assert_int_equal(report.sources[i].n_dropped, want[i].n_dropped);
        assert_int_equal(report.sources[i].n_duplicate, want[i].n_duplicate);
        assert_int_equal(report.sources[i].n_added, want[i].n_added);
    }
    mc_metadata_free(metadata);
}

static void wrong_sources_are_named(void **state)
{
    mc_metadata *metadata = NULL;
    mc_metadata_build report;
    mc_error err = { 0 };
    mc_metadata_job none = { 0 };
    assert_int_equal(mc_metadata_build_run(&none, &metadata, &report, &err), MC_E_ARG);
    assert_says(err.text, "no sources");

    const char *many[MC_MAX_SOURCES + 1];
    for (size_t i = 0; i < COUNT_OF(many); i++)
        many[i] = "x";
    mc_metadata_job too_many = { .inputs = many, .n_inputs = COUNT_OF(many) };
    assert_int_equal(mc_metadata_build_run(&too_many, &metadata, &report, &err), MC_E_ARG);
    assert_says(err.text, "more than 64 sources");

    const char *const files[] = { scratch_text(*state, "good.txt", "a\n"),
                                  scratch_path(*state, "gone.txt") };
    mc_metadata_job gone = { .inputs = files, .n_inputs = 2 };
    assert_int_equal(mc_metadata_build_run(&gone, &metadata, &report, &err), MC_E_IO);
    assert_says(err.text, "gone.txt: No such file");

    mc_metadata_job no_wordnet = { .wordnet_dir = scratch_path(*state, "nowhere") };
    assert_int_equal(mc_metadata_build_run(&no_wordnet, &metadata, &report, &err), MC_E_IO);
    assert_says(err.text, "WordNet (is it installed there?): ");
    assert_says(err.text, "nowhere/data.noun: No such file");
    assert_null(metadata);
}

/* ---- checking ---- */

static void a_check_tells_what_is_odd(void **state)
{
    (void)state;
    static char list[1024] = "a\nred car\na\ntwo\twords\ncaf\xC3\xA9 \xFF\n1 2 3 4 5 6 7\n"
                             "1 2 3 4 5 6 7 8\n1 2  3 4 5 6 7 8 9\na\na,b\n";
    memset(list + strlen(list), 'x', 257);
    mc_error err = { 0 };
    mc_metadata *metadata;
    mc_metadata_report report;
    assert_ok(parse(list, strlen(list), &metadata, &err), err);
    assert_ok(mc_metadata_check(metadata, &report, &err), err);
    assert_int_equal(report.n_entries, 11);
    assert_int_equal(report.n_bytes, strlen(list) - 10);
    assert_int_equal(report.n_duplicates, 2);
    assert_int_equal(report.first_duplicate, 2);
    assert_int_equal(report.n_never_match, 2);
    assert_int_equal(report.first_never_match, 3);
    assert_non_null(report.never_match_why);
    assert_int_equal(report.n_over_256, 1);
    assert_int_equal(report.n_invalid_utf8, 1);
    assert_int_equal(report.longest_bytes, 257);
    assert_int_equal(report.longest_words, 9);
    static const uint64_t by_words[8] = { 6, 2, 0, 0, 0, 0, 1, 2 };
    assert_memory_equal(report.by_words, by_words, sizeof by_words);
    mc_metadata_free(metadata);
}

static void long_entries_are_measured_in_characters(void **state)
{
    (void)state;
    char list[600] = "";
    for (int i = 0; i < 256; i++)
        strcat(list, "\xC3\xA9");
    mc_error err = { 0 };
    mc_metadata *metadata;
    mc_metadata_report report;
    assert_ok(parse(list, strlen(list), &metadata, &err), err);
    assert_ok(mc_metadata_check(metadata, &report, &err), err);
    assert_int_equal(report.n_over_256, 0);
    mc_metadata_free(metadata);
}

static void the_originals_list_is_read(void **state)
{
    (void)state;
    const char *path = test_path("METACLIP_SHARED", "oracle/curation/metadata.json");
    if (!path || access(path, R_OK) != 0)
        skip();
    mc_error err = { 0 };
    mc_metadata *metadata = load(path);
    mc_metadata_report report;
    assert_int_equal(mc_metadata_len(metadata), 3000);
    assert_string_equal(mc_metadata_sha256(metadata),
                        "0c0b17830edc623bdc0f4b44e0826750ba1b2bb5eb1128e8d35fbca710441fe7");
    assert_ok(mc_metadata_check(metadata, &report, &err), err);
    assert_true(report.n_duplicates > 0);
    mc_metadata_free(metadata);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_open, scratch_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read_in_both_forms),
        cmocka_unit_test(other_files_are_refused_with_the_reason),
        cmocka_unit_test(every_prefix_of_an_array_is_refused),
        cmocka_unit_test(the_hash_is_that_of_the_lines),
        IN_SCRATCH(all_files_of_a_list_give_the_same_list),
        IN_SCRATCH(json_is_written_one_entry_a_line),
        IN_SCRATCH(a_form_that_cannot_hold_the_list_is_refused),
        IN_SCRATCH(files_that_cannot_be_read_are_named),
        cmocka_unit_test(a_line_may_be_longer_than_any_window),
        IN_SCRATCH(lists_are_merged_first_seen_first),
        IN_SCRATCH(wrong_sources_are_named),
        cmocka_unit_test(a_check_tells_what_is_odd),
        cmocka_unit_test(long_entries_are_measured_in_characters),
        cmocka_unit_test(the_originals_list_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
