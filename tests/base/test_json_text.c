#include "base/json_text.h"

#include "test.h"

static const struct {
    const char *name, *in, *want;
} cases[] = {
    { "nothing", "", "\"\"" },
    { "plain", "a red car", "\"a red car\"" },
    { "the two that must", "\"\\", "\"\\\"\\\\\"" },
    { "short controls", "\b\t\n\f\r", "\"\\b\\t\\n\\f\\r\"" },
    { "long controls", "\x01\x0B\x1F", "\"\\u0001\\u000b\\u001f\"" },
    { "delete is none", "\x7F", "\"\x7F\"" },
    { "UTF-8 stays", "caf\xC3\xA9 \xE2\x80\xA8 \xF0\x9F\x98\x80",
      "\"caf\xC3\xA9 \xE2\x80\xA8 \xF0\x9F\x98\x80\"" },
    { "behind eight plain bytes", "12345678\"", "\"12345678\\\"\"" },
    { "the eighth byte", "1234567\n9", "\"1234567\\n9\"" },
};

static void strings_are_written_in_one_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("  case: %s\n", cases[i].name);
        mci_buf out = { 0 };
        assert_int_equal(mci_json_add_string(&out, mc_str_of(cases[i].in), NULL), MC_OK);
        assert_str(mci_buf_str(&out), cases[i].want);
        mci_buf_release(&out);
    }
}

/* The definition, a byte at a time. */
static void add_naively(mci_buf *out, mc_str text)
{
    mci_buf_byte(out, '"', NULL);
    for (size_t i = 0; i < text.len; i++) {
        static const char shorts[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";
        const char *at = text.data[i] ? strchr(shorts, text.data[i]) : NULL;
        unsigned char c = (unsigned char)text.data[i];
        if (at)
            mci_buf_printf(out, NULL, "\\%c", letters[at - shorts]);
        else if (c < 0x20)
            mci_buf_printf(out, NULL, "\\u%04x", c);
        else
            mci_buf_byte(out, (char)c, NULL);
    }
    mci_buf_byte(out, '"', NULL);
}

static void fast_equals_naive_on_random_bytes(void **state)
{
    (void)state;
    test_random random = { 1 };
    mci_buf fast = { 0 }, naive = { 0 };
    for (int round = 0; round < 20000; round++) {
        char bytes[64];
        mc_str text = { bytes, test_below(&random, sizeof bytes) };
        for (size_t i = 0; i < text.len; i++)
            bytes[i] = (char)(test_below(&random, 8) ? 'a' : test_below(&random, 256));
        mci_buf_clear(&fast);
        mci_buf_clear(&naive);
        assert_int_equal(mci_json_add_string(&fast, text, NULL), MC_OK);
        add_naively(&naive, text);
        assert_true(mc_str_equal(mci_buf_str(&fast), mci_buf_str(&naive)));
        assert_int_equal(mci_json_is_plain(text), naive.len == text.len + 2);
    }
    mci_buf_release(&fast);
    mci_buf_release(&naive);
}

static void numbers_are_decimal(void **state)
{
    (void)state;
    mci_buf out = { 0 };
    const uint64_t numbers[] = { 0, 9, 10, UINT32_MAX, UINT64_MAX };
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        mci_json_add_u64(&out, numbers[i], NULL);
        mci_buf_byte(&out, ' ', NULL);
    }
    assert_str(mci_buf_str(&out), "0 9 10 4294967295 18446744073709551615 ");
    mci_buf_release(&out);
}

static void rows_of_numbers_have_commas_between(void **state)
{
    (void)state;
    mci_buf out = { 0 };
    uint32_t numbers[24], power = 1;
    for (size_t i = 0; i + 4 < COUNT_OF(numbers); i += 2, power *= 10) {
        numbers[i] = power - (power > 1);
        numbers[i + 1] = power;
    }
    assert_int_equal(mci_json_add_u32s(&out, numbers, 0, NULL), MC_OK);
    assert_int_equal(out.len, 0);
    assert_int_equal(mci_json_add_u32s(&out, numbers, 20, NULL), MC_OK);
    assert_str(mci_buf_str(&out), "1,1,9,10,99,100,999,1000,9999,10000,99999,100000,999999,1000000,"
                                  "9999999,10000000,99999999,100000000,999999999,1000000000");
    mci_buf_clear(&out);
    numbers[0] = 0;
    numbers[1] = UINT32_MAX;
    assert_int_equal(mci_json_add_u32s(&out, numbers, 2, NULL), MC_OK);
    assert_str(mci_buf_str(&out), "0,4294967295");
    mci_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_written_in_one_form),
        cmocka_unit_test(fast_equals_naive_on_random_bytes),
        cmocka_unit_test(numbers_are_decimal),
        cmocka_unit_test(rows_of_numbers_have_commas_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
