#include "test.h"

#include "curate/languages.h"

static void assert_written(const mc_language_counts *counts, const char *want)
{
    mc_error err = { 0 };
    mci_buf text = { 0 };
    assert_ok(mci_language_counts_write(counts, &text, &err), err);
    assert_str(mci_buf_str(&text), want);
    mci_buf_release(&text);
}

static void texts_are_counted_by_language(void **state)
{
    (void)state;
    mc_language_counts *counts = calloc(2, sizeof *counts), *more = counts + 1;
    assert_written(counts, "{}");
    mci_language_count(counts, mc_str_of("und"), true);
    mci_language_count(counts, mc_str_of("en"), true);
    mci_language_count(counts, mc_str_of("en"), true);
    mci_language_count(counts, mc_str_of("de"), false);
    mci_language_uncount(counts, mc_str_of("en"));
    mci_language_count(more, mc_str_of("en"), false);
    mci_language_count(more, mc_str_of("a\"b"), true);
    mci_language_counts_add(counts, more);
    assert_written(counts,
                   "{\"a\\\"b\":{\"kept\":1,\"dropped\":0},\"de\":{\"kept\":0,\"dropped\":1},"
                   "\"en\":{\"kept\":1,\"dropped\":2},\"und\":{\"kept\":1,\"dropped\":0}}");
    free(counts);
}

/* Codes that texts state may be anything, and any number of them. */
static void what_finds_no_room_is_counted_together(void **state)
{
    (void)state;
    mc_language_counts *counts = calloc(2, sizeof *counts), *more = counts + 1;
    char code[64];
    for (int i = 0; i < 1000; i++) {
        snprintf(code, sizeof code, "x%d", i);
        mci_language_count(counts, mc_str_of(code), i % 2);
        mci_language_count(more, mc_str_of(code), true);
    }
    memset(code, 'a', sizeof code);
    mci_language_count(counts, (mc_str){ code, MC_LANGUAGE_CODE }, true);
    mci_language_count(counts, (mc_str){ code, MC_LANGUAGE_CODE - 1 }, true);
    assert_int_equal(counts->n, MC_MAX_LANGUAGE_COUNTS);
    assert_int_equal(counts->others.kept + counts->others.dropped, 1002 - MC_MAX_LANGUAGE_COUNTS);
    mci_language_counts_add(counts, more);
    assert_int_equal(counts->others.kept + counts->others.dropped,
                     2002 - 2 * MC_MAX_LANGUAGE_COUNTS);
    free(counts);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mci_json *json = NULL;
    mci_json_value root;
    mci_buf text = { 0 };
    mc_language_counts *counts = calloc(2, sizeof *counts), *read = counts + 1;
    mci_language_count(counts, mc_str_of("en"), true);
    mci_language_count(counts, mc_str_of("de"), false);
    counts->others = (mc_language_count){ .kept = 5, .dropped = 6 };
    assert_ok(mci_language_counts_write(counts, &text, &err), err);
    assert_ok(mci_json_new(&json, &err), err);
    assert_ok(mci_json_parse(json, mci_buf_str(&text), &root, NULL, &err), err);
    mci_language_counts_read(root, read);
    assert_written(read, "{\"\":{\"kept\":5,\"dropped\":6},\"de\":{\"kept\":0,\"dropped\":1},"
                         "\"en\":{\"kept\":1,\"dropped\":0}}");
    mci_buf_release(&text);
    mci_json_free(json);
    free(counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_counted_by_language),
        cmocka_unit_test(what_finds_no_room_is_counted_together),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
