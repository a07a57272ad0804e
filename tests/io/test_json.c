#include "io/json.h"

#include "test.h"

/* What CPython 3.11's json.loads takes and refuses; NULL: taken. */
static const struct {
    const char *text, *says;
} cases[] = {
    { "null", NULL },
    { " \t\r\n{} ", NULL },
    { "[1, -0, 0.5, 1e5, 1E+5, -1.5e-5]", NULL },
    { "[NaN, Infinity, -Infinity]", NULL },
    { "{\"a\": NaN}", NULL },
    { "1e999", NULL },
    { "1e-999", NULL },
    { "123456789012345678901234567890", NULL },
    { "-9223372036854775809", NULL },
    { "\"\\ud83d\\ude00 \\ud800 \\udc00 \\u0000\"", NULL },
    { "\"\x7F \xE2\x80\xA8\"", NULL },
    { "", "Empty" },
    { " \n", "Empty" },
    { "\xEF\xBB\xBF[]", "not JSON" },
    { "01", "number" },
    { "-01", "number" },
    { "+1", "not JSON" },
    { ".5", "not JSON" },
    { "1.", "number" },
    { "1.e5", "number" },
    { "1e", "number" },
    { "-", "number" },
    { "0x10", "number" },
    { "1_0", "number" },
    { "NaNs", "not JSON" },
    { "-NaN", "number" },
    { "+Infinity", "not JSON" },
    { "nan", "atom" },
    { "True", "not JSON" },
    { "truely", "atom" },
    { "[1,]", "not JSON" },
    { "[,1]", "not JSON" },
    { "[1 2]", "not JSON" },
    { "{\"a\":1,}", "not JSON" },
    { "{\"a\"}", "not JSON" },
    { "{1:2}", "not JSON" },
    { "{NaN:2}", "not JSON" },
    { "[1] x", "not JSON" },
    { "[1] [2]", "not JSON" },
    { "[1", "not JSON" },
    { "{\"a\":[}", "not JSON" },
    { "\"a", "never closed" },
    { "\"a\tb\"", "unescaped" },
    { "\"a\nb\"", "unescaped" },
    { "\"\\x41\"", "string" },
    { "\"\\u12g4\"", "string" },
    { "\"\\ud800\\u12g4\"", "string" },
    { "'a'", "not JSON" },
    { "[1] // one", "not JSON" },
    { "[\v1]", "not JSON" },
    { "[\xC2\xA0 1]", "not JSON" },
    { "\"\xFF\"", "UTF-8" },
    { "\"\xED\xA0\x80\"", "UTF-8" },
};

static void texts_are_taken_and_refused_as_python_does(void **state)
{
    (void)state;
    mci_json *json = NULL;
    mc_error err = { 0 };
    assert_ok(mci_json_new(&json, &err), err);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("  case: %s\n", cases[i].text);
        mci_json_value root;
        mc_status status = mci_json_parse(json, mc_str_of(cases[i].text), &root, NULL, &err);
        assert_int_equal(status, cases[i].says ? MC_SKIPPED : MC_OK);
        if (cases[i].says)
            assert_says(err.text, cases[i].says);
    }
    mci_json_free(json);
}

static mci_json_value parse(mci_json *json, const char *text, uint64_t *n_replaced)
{
    mci_json_value root;
    mc_error err = { 0 };
    assert_ok(mci_json_parse(json, mc_str_of(text), &root, n_replaced, &err), err);
    return root;
}

static mci_json_value element(mci_json_value array, size_t n)
{
    mci_json_value found;
    mci_json_iter it = mci_json_iterate(array);
    for (size_t i = 0; i <= n; i++)
        assert_true(mci_json_next(&it, NULL, &found));
    return found;
}

static void values_are_read_by_type(void **state)
{
    (void)state;
    mci_json *json = NULL;
    assert_int_equal(mci_json_new(&json, NULL), MC_OK);
    mci_json_value root = parse(json, "[null,true,false,7,-7,0.5,\"x\\u0000y\",[],{}]", NULL);
    const mci_json_type types[] = { MCI_JSON_NULL,   MCI_JSON_BOOL,   MCI_JSON_BOOL,
                                    MCI_JSON_NUMBER, MCI_JSON_NUMBER, MCI_JSON_NUMBER,
                                    MCI_JSON_STRING, MCI_JSON_ARRAY,  MCI_JSON_OBJECT };
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        uint64_t whole = 99;
        double real = 99;
        mci_json_value value = element(root, i);
        assert_int_equal(mci_json_type_of(value), types[i]);
        assert_int_equal(mci_json_bool(value), i == 1);
        assert_int_equal(mci_json_u64(value, &whole), i == 3);
        assert_int_equal(whole, i == 3 ? 7 : 99);
        assert_int_equal(mci_json_double(value, &real), types[i] == MCI_JSON_NUMBER);
        assert_true(real == (i == 3 ? 7 : i == 4 ? -7 : i == 5 ? 0.5 : 99));
        assert_int_equal(mci_json_string(value).len, i == 6 ? 3 : 0);
        mci_json_value none;
        assert_false(mci_json_get(value, "a", &none));
        mci_json_iter it = mci_json_iterate(value);
        assert_false(mci_json_next(&it, NULL, &none));
    }
    assert_memory_equal(mci_json_string(element(root, 6)).data, "x\0y", 3);
    mci_json_free(json);
}

static void odd_numbers_keep_their_meaning(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_u64, is_double;
        uint64_t whole;
        double real;
    } numbers[] = {
        { "18446744073709551615", true, true, UINT64_MAX, 18446744073709551615.0 },
        { "[NaN,18446744073709551615]", true, true, UINT64_MAX, 18446744073709551615.0 },
        { "[NaN,-9223372036854775808]", false, true, 0, -9223372036854775808.0 },
        { "18446744073709551616", false, true, 0, 18446744073709551616.0 },
        { "-9223372036854775809", false, true, 0, -9223372036854775809.0 },
        { "[NaN,0.25]", false, true, 0, 0.25 },
        { "[0,NaN]", false, false, 0, 0 },
        { "[0,-Infinity]", false, false, 0, 0 },
        { "1e999", false, false, 0, 0 },
        { "-1e999", false, false, 0, 0 },
        { "-0", true, true, 0, 0 },
        { "5.0", false, true, 0, 5 },
    };
    mci_json *json = NULL;
    assert_int_equal(mci_json_new(&json, NULL), MC_OK);
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        print_message("  case: %s\n", numbers[i].text);
        uint64_t whole = 0;
        double real = 0;
        mci_json_value value = parse(json, numbers[i].text, NULL);
        if (mci_json_type_of(value) == MCI_JSON_ARRAY)
            value = element(value, 1);
        assert_int_equal(mci_json_u64(value, &whole), numbers[i].is_u64);
        assert_int_equal(mci_json_double(value, &real), numbers[i].is_double);
        assert_true(whole == numbers[i].whole);
        assert_true(real == numbers[i].real);
    }
    mci_json_free(json);
}

static void integers_end_at_4300_digits(void **state)
{
    (void)state;
    char text[4302];
    memset(text, '7', sizeof text);
    mci_json *json = NULL;
    mci_json_value root;
    double real;
    assert_int_equal(mci_json_new(&json, NULL), MC_OK);
    assert_int_equal(mci_json_parse(json, (mc_str){ text, 4300 }, &root, NULL, NULL), MC_OK);
    assert_int_equal(mci_json_type_of(root), MCI_JSON_NUMBER);
    assert_false(mci_json_double(root, &real));
    assert_int_equal(mci_json_parse(json, (mc_str){ text, 4301 }, &root, NULL, NULL), MC_SKIPPED);
    text[0] = '-';
    assert_int_equal(mci_json_parse(json, (mc_str){ text, 4301 }, &root, NULL, NULL), MC_OK);
    mci_json_free(json);
}

static void the_last_of_repeated_keys_wins_and_all_are_listed(void **state)
{
    (void)state;
    mci_json *json = NULL;
    assert_int_equal(mci_json_new(&json, NULL), MC_OK);
    mci_json_value value, root = parse(json, "{\"a\":1,\"b\":{\"a\":5},\"\\u0061\":[2,3]}", NULL);
    assert_true(mci_json_get(root, "a", &value));
    assert_int_equal(mci_json_type_of(value), MCI_JSON_ARRAY);
    assert_true(mci_json_get(root, "b", &value));
    assert_false(mci_json_get(root, "", &value));
    const char *keys[] = { "a", "b", "a" };
    size_t n = 0;
    mc_str key;
    for (mci_json_iter it = mci_json_iterate(root); mci_json_next(&it, &key, &value); n++)
        assert_str(key, keys[n]);
    assert_int_equal(n, COUNT_OF(keys));
    mci_json_free(json);
}

static void lone_surrogates_are_replaced_and_counted(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
        uint64_t n_replaced;
    } strings[] = {
        { "\"\\ud83d\\ude00\"", "\xF0\x9F\x98\x80", 0 },
        { "\"\\ud83d\"", "\xEF\xBF\xBD", 1 },
        { "\"\\ude00\\ud83d\"", "\xEF\xBF\xBD\xEF\xBF\xBD", 2 },
        { "\"\\ud83d\\ud83d\\ude00\"", "\xEF\xBF\xBD\xF0\x9F\x98\x80", 1 },
        { "\"\\ud83dx\\ude00\"", "\xEF\xBF\xBDx\xEF\xBF\xBD", 2 },
        { "\"\\\\ud83d \\ud83d\\\\ude00\"", "\\ud83d \xEF\xBF\xBD\\ude00", 1 },
        { "\"\\ud83d\\u0041\"", "\xEF\xBF\xBD\x41", 1 },
    };
    mci_json *json = NULL;
    assert_int_equal(mci_json_new(&json, NULL), MC_OK);
    for (size_t i = 0; i < COUNT_OF(strings); i++) {
        uint64_t n_replaced = 10;
        print_message("  case: %s\n", strings[i].text);
        assert_str(mci_json_string(parse(json, strings[i].text, &n_replaced)), strings[i].want);
        assert_int_equal(n_replaced, 10 + strings[i].n_replaced);
    }
    uint64_t n_replaced = 0;
    mci_json_value root;
    mc_str broken = mc_str_of("[\"\\ud83d\", NaN");
    assert_int_equal(mci_json_parse(json, broken, &root, &n_replaced, NULL), MC_SKIPPED);
    assert_int_equal(n_replaced, 0);
    mci_json_free(json);
}

static void deep_texts_are_refused_cheaply(void **state)
{
    (void)state;
    enum { DEEP = 1000000 };
    char *text = malloc(2 * DEEP);
    mci_json *json = NULL;
    mci_json_value root;
    mc_error err = { 0 };
    assert_ok(mci_json_new(&json, &err), err);
    const size_t depths[] = { 1000, 1001, DEEP };
    for (size_t i = 0; i < COUNT_OF(depths); i++) {
        memset(text, '[', depths[i]);
        memset(text + depths[i], ']', depths[i]);
        mc_status status = mci_json_parse(json, (mc_str){ text, 2 * depths[i] }, &root, NULL, &err);
        assert_int_equal(status, i == 0 ? MC_OK : MC_SKIPPED);
        if (i > 0)
            assert_says(err.text, "deeper than 1000");
    }
    mci_json_free(json);
    free(text);
}

static void long_and_short_texts_take_turns(void **state)
{
    (void)state;
    const size_t lengths[] = { 10, 9 << 20, 10, 5 << 20, 4096, 4097, 1 << 20 };
    char *text = malloc((9 << 20) + 1);
    mci_json *json = NULL;
    assert_int_equal(mci_json_new(&json, NULL), MC_OK);
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        memset(text, 'x', lengths[i]);
        text[0] = text[lengths[i] - 1] = '"';
        text[lengths[i]] = '\0';
        assert_int_equal(mci_json_string(parse(json, text, NULL)).len, lengths[i] - 2);
    }
    mci_json_value root;
    mc_str endless = { text, (size_t)UINT32_MAX + 1 }; /* is never looked at */
    assert_int_equal(mci_json_parse(json, endless, &root, NULL, NULL), MC_SKIPPED);
    mci_json_free(json);
    free(text);
}

static void no_prefix_of_a_container_is_valid(void **state)
{
    (void)state;
    const char *whole =
        "{\"a\":[1,-2.5e3,NaN,true,null,\"\\ud800\\n\"],\"b\":{\"c\":\"\xC3\xA9\"}}";
    mci_json *json = NULL;
    mci_json_value root;
    assert_int_equal(mci_json_new(&json, NULL), MC_OK);
    for (size_t len = 0; len <= strlen(whole); len++) {
        char *cut = malloc(len + 1); /* exactly as long: reading on is found by the sanitizer */
        memcpy(cut, whole, len);
        mc_status status = mci_json_parse(json, (mc_str){ cut, len }, &root, NULL, NULL);
        assert_int_equal(status, len == strlen(whole) ? MC_OK : MC_SKIPPED);
        free(cut);
    }
    mci_json_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_taken_and_refused_as_python_does),
        cmocka_unit_test(values_are_read_by_type),
        cmocka_unit_test(odd_numbers_keep_their_meaning),
        cmocka_unit_test(integers_end_at_4300_digits),
        cmocka_unit_test(the_last_of_repeated_keys_wins_and_all_are_listed),
        cmocka_unit_test(lone_surrogates_are_replaced_and_counted),
        cmocka_unit_test(deep_texts_are_refused_cheaply),
        cmocka_unit_test(long_and_short_texts_take_turns),
        cmocka_unit_test(no_prefix_of_a_container_is_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
