#include "base/utf8.h"

#include "test.h"

static const struct {
    const char *name, *in, *want;
    uint64_t n_replaced;
} repairs[] = {
    { "plain", "a red car", "a red car", 0 },
    { "two, three, four bytes", "\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x98\x80",
      "\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x98\x80", 0 },
    { "a lone continuation", "a\x80z", "a\xEF\xBF\xBDz", 1 },
    { "an overlong slash", "\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD", 2 },
    { "an encoded surrogate", "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 3 },
    { "above U+10FFFF", "\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 4 },
    { "cut after three of four", "\xF0\x9F\x98", "\xEF\xBF\xBD", 1 },
    { "cut by a letter", "\xE6\xBC!", "\xEF\xBF\xBD!", 1 },
};

static void wrong_bytes_become_replacement_characters(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(repairs); i++) {
        print_message("  case: %s\n", repairs[i].name);
        mci_buf out = { 0 };
        uint64_t n_replaced = 0;
        mc_str in = mc_str_of(repairs[i].in);
        assert_int_equal(mci_utf8_repair(in, &out, &n_replaced, NULL), MC_OK);
        assert_str(mci_buf_str(&out), repairs[i].want);
        assert_int_equal(n_replaced, repairs[i].n_replaced);
        assert_int_equal(mci_utf8_valid(in), repairs[i].n_replaced == 0);
        assert_true(mci_utf8_valid(mci_buf_str(&out)));
        mci_buf_release(&out);
    }
}

static void every_code_point_survives_a_round_trip(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        char bytes[4];
        const char *at = bytes;
        bool valid;
        size_t len = mci_utf8_encode(c, bytes);
        if (mci_utf8_next(&at, bytes + len, &valid) != c || !valid || at != bytes + len)
            fail_msg("U+%04X", c);
    }
}

static void trimming_takes_pythons_white_space(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "", "" },
        { " \t\r\n\x1C\x1F", "" },
        { "\xC2\xA0 a b \xE3\x80\x80", "a b" },
        { "\xC2\x85x\xE2\x80\x8A", "x" },
        { "\xE2\x80\x8Bx\xE2\x80\x8B", "\xE2\x80\x8Bx\xE2\x80\x8B" }, /* no space: U+200B */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_str(mci_trim_space(mc_str_of(cases[i].in)), cases[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_bytes_become_replacement_characters),
        cmocka_unit_test(every_code_point_survives_a_round_trip),
        cmocka_unit_test(trimming_takes_pythons_white_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
