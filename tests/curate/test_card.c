#include <math.h>

#include "metaclip/curate.h"

#include "scratch.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static mc_card a_card(uint64_t *pool, uint64_t *curated, uint64_t n)
{
    mc_card card = { .tool_version = "0.1.0",
                     .metadata_sha256 = SHA,
                     .n_entries = n,
                     .t = 20000,
                     .seed = UINT64_MAX,
                     .pool_pairs = 9,
                     .matched_pairs = 7,
                     .curated_pairs = 5,
                     .pool = pool,
                     .curated = curated };
    return card;
}

static const char whole[] = "{\"kind\":\"metaclip data card\",\n"
                            "\"tool\":\"metaclip 0.1.0\",\n"
                            "\"metadata_sha256\":\"" SHA "\",\n"
                            "\"entries\":3,\n"
                            "\"t\":20000,\n"
                            "\"seed\":18446744073709551615,\n"
                            "\"pool_pairs\":9,\n"
                            "\"matched_pairs\":7,\n"
                            "\"curated_pairs\":5,\n"
                            "\"pool\":[4,0,18446744073709551615],\n"
                            "\"curated\":[2,0,3]}\n";

static void a_card_is_json_with_a_stable_order(void **state)
{
    uint64_t pool[] = { 4, 0, UINT64_MAX }, curated[] = { 2, 0, 3 };
    mc_card card = a_card(pool, curated, 3), again = { 0 };
    mc_error err = { 0 };
    size_t len;
    const char *path = scratch_path(*state, "datacard.json");
    assert_ok(mc_card_save(&card, path, &err), err);
    char *text = test_read_file(path, &len);
    assert_string_equal(text, whole);
    free(text);
    assert_ok(mc_card_load(path, &again, &err), err);
    assert_string_equal(again.tool_version, "0.1.0");
    assert_string_equal(again.metadata_sha256, SHA);
    assert_int_equal(again.n_entries, 3);
    assert_true(again.seed == UINT64_MAX && again.t == 20000);
    assert_true(again.pool_pairs == 9 && again.matched_pairs == 7 && again.curated_pairs == 5);
    assert_memory_equal(again.pool, pool, sizeof pool);
    assert_memory_equal(again.curated, curated, sizeof curated);
    mc_card_release(&again);
    mc_card_release(&again);
}

static void a_card_may_say_nothing_of_drawing(void **state)
{
    uint64_t pool[] = { 4 };
    mc_error err = { 0 };
    for (uint64_t n = 0; n < 2; n++) {
        mc_card card = a_card(pool, NULL, n), again = { 0 };
        const char *path = scratch_path(*state, "datacard.json");
        assert_ok(mc_card_save(&card, path, &err), err);
        assert_ok(mc_card_load(path, &again, &err), err);
        assert_int_equal(again.n_entries, n);
        assert_non_null(again.pool);
        assert_null(again.curated);
        mc_card_release(&again);
    }
}

static mc_status load_text(void *state, const char *text, size_t len, mc_error *err)
{
    mc_card card = { 0 };
    mc_status status = mc_card_load(scratch_file(state, "card.json", text, len), &card, err);
    if (status < 0) {
        assert_says(err->text, "card.json: ");
        assert_null(card.pool);
        assert_null(card.curated);
    }
    mc_card_release(&card);
    return status;
}

/* The whole card with `part` replaced by `with`. */
static const struct {
    const char *part, *with, *says;
} damages[] = {
    { "metaclip data card", "something", "not a data card" },
    { "\"kind\"", "\"kinds\"", "not a data card" },
    { "metaclip 0.1.0", "other 0.1.0", "\"tool\" is missing or names no version" },
    { "metaclip 0.1.0", "metaclip 0123456789012345678901234567890123", "names no version" },
    { "0123456789abcdef\"", "0123456789abcdeg\"", "\"metadata_sha256\" is missing or no SHA-256" },
    { "0123456789abcdef\"", "\"", "no SHA-256" },
    { "\"entries\":3", "\"entries\":4", "\"pool\" has 3 counts for 4 entries" },
    { "\"entries\":3", "\"entries\":18446744073709551615", "\"pool\" has 3 counts for 1844" },
    { "\"entries\":3", "\"entries\":-3", "\"entries\" is missing or no number" },
    { "\"t\":20000", "\"t\":\"20000\"", "\"t\" is missing or no number" },
    { "18446744073709551615,\n", "18446744073709551616,\n", "\"seed\" is missing or no number" },
    { "\"pool\":[4", "\"pool\":[1e3", "\"pool\"[0] is no number" },
    { "\"pool\":[4,0,18446744073709551615]", "\"pool\":null", "\"pool\" is missing or no array" },
    { "[2,0,3]", "[2,0]", "\"curated\" has 2 counts for 3 entries" },
    { "[2,0,3]", "[2,0,-3]", "\"curated\"[2] is no number" },
    { "[2,0,3]", "7", "\"curated\" has 0 counts for 3 entries" },
    { "[2,0,3]}", "[2,0,3]}}", "" },
};

static void damaged_cards_are_refused_with_the_reason(void **state)
{
    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        print_message("  case: %s for %s\n", damages[i].with, damages[i].part);
        char text[sizeof whole + 128];
        const char *at = strstr(whole, damages[i].part);
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - whole), whole, damages[i].with,
                 at + strlen(damages[i].part));
        mc_error err = { 0 };
        assert_int_equal(load_text(*state, text, strlen(text), &err), MC_E_FORMAT);
        assert_says(err.text, damages[i].says);
    }
}

static void every_prefix_of_a_card_is_refused(void **state)
{
    for (size_t len = 0; len < sizeof whole - 2; len++) {
        mc_error err = { 0 };
        assert_int_equal(load_text(*state, whole, len, &err), MC_E_FORMAT);
    }
}

static void files_that_cannot_be_read_or_written_are_named(void **state)
{
    mc_card card = { 0 };
    mc_error err = { 0 };
    assert_int_equal(mc_card_load(scratch_path(*state, "none.json"), &card, &err), MC_E_IO);
    assert_says(err.text, "none.json: No such file");
    assert_int_equal(mc_card_save(&card, scratch_path(*state, "no/card.json"), &err), MC_E_IO);
    assert_says(err.text, "no/card.json: ");
}

/* ---- comparing ---- */

static void two_cards_differ_by_their_shares(void **state)
{
    (void)state;
    uint64_t a_pool[] = { 1, 1 }, b_pool[] = { 1, 1 };
    uint64_t a_drawn[] = { 5, 3, 2, 0 }, b_drawn[] = { 20, 30, 50, 0 };
    mc_card a = a_card(a_pool, a_drawn, 4), b = a_card(b_pool, b_drawn, 4);
    mc_card_difference difference;
    mc_error err = { 0 };
    assert_ok(mc_card_compare(&a, &b, &difference, &err), err);
    assert_true(difference.same_metadata);
    assert_int_equal(difference.n_differ, 3);
    assert_true(fabs(difference.total_variation - 0.3) < 1e-15);
    assert_int_equal(difference.n_largest, 2);
    assert_int_equal(difference.largest[0], 0);
    assert_int_equal(difference.largest[1], 2);
    assert_true(difference.of_curated);
    assert_true(difference.shares[0][0] == 0.5 && difference.shares[0][1] == 0.2);
    assert_true(difference.shares[1][0] == 0.2 && difference.shares[1][1] == 0.5);
}

static void pools_are_compared_where_one_was_not_drawn(void **state)
{
    (void)state;
    uint64_t a_pool[] = { 1, 3 }, a_drawn[] = { 1, 1 }, b_pool[] = { 3, 1 };
    mc_card a = a_card(a_pool, a_drawn, 2), b = a_card(b_pool, NULL, 2);
    mc_card_difference difference;
    mc_error err = { 0 };
    b.metadata_sha256[0] = 'f';
    assert_ok(mc_card_compare(&a, &b, &difference, &err), err);
    assert_false(difference.same_metadata);
    assert_true(difference.total_variation == 0.5);
    assert_false(difference.of_curated);
}

static void the_largest_differences_are_ordered(void **state)
{
    (void)state;
    enum { N = 30 };
    uint64_t a_pool[N], b_pool[N] = { 0 };
    for (uint64_t i = 0; i < N; i++)
        a_pool[i] = i % 10;
    b_pool[0] = 1;
    mc_card a = a_card(a_pool, NULL, N), b = a_card(b_pool, NULL, N);
    mc_card_difference difference;
    mc_error err = { 0 };
    assert_ok(mc_card_compare(&a, &b, &difference, &err), err);
    static const uint32_t want[] = { 0, 9, 19, 29, 8, 18, 28, 7, 17, 27 };
    assert_int_equal(difference.n_largest, 10);
    assert_memory_equal(difference.largest, want, sizeof want);
}

static void empty_cards_do_not_differ(void **state)
{
    (void)state;
    uint64_t none[] = { 0, 0 };
    mc_card a = a_card(none, NULL, 2), b = a_card(none, NULL, 2);
    mc_card_difference difference;
    mc_error err = { 0 };
    assert_ok(mc_card_compare(&a, &b, &difference, &err), err);
    assert_true(difference.total_variation == 0.0 && difference.n_largest == 0);
}

static void cards_of_different_lengths_are_not_compared(void **state)
{
    (void)state;
    uint64_t numbers[] = { 1, 2, 3 };
    mc_card a = a_card(numbers, NULL, 3), b = a_card(numbers, NULL, 2);
    mc_card_difference difference;
    mc_error err = { 0 };
    assert_int_equal(mc_card_compare(&a, &b, &difference, &err), MC_E_MISMATCH);
    assert_says(err.text, "one card has 3 entries, the other 2");
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_open, scratch_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(a_card_is_json_with_a_stable_order),
        IN_SCRATCH(a_card_may_say_nothing_of_drawing),
        IN_SCRATCH(damaged_cards_are_refused_with_the_reason),
        IN_SCRATCH(every_prefix_of_a_card_is_refused),
        IN_SCRATCH(files_that_cannot_be_read_or_written_are_named),
        cmocka_unit_test(two_cards_differ_by_their_shares),
        cmocka_unit_test(pools_are_compared_where_one_was_not_drawn),
        cmocka_unit_test(the_largest_differences_are_ordered),
        cmocka_unit_test(empty_cards_do_not_differ),
        cmocka_unit_test(cards_of_different_lengths_are_not_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
