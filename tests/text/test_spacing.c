#include "test.h"

#include "metaclip/text.h"
#include "text/matcher_naive.h"
#include "text/spacing.h"

static const struct {
    const char *text, *spaced;
} spacings[] = {
    { "", "  " },
    { "a", " a " },
    { "a red car", " a red car " },
    { "a,b", " a , b " },
    { "a, b", " a ,  b " },
    { ",", "  ,  " },
    { ",,", "  ,  ,  " },
    { "a\tb\nc\rd", " a b c d " },
    { "a\r\nb", " a  b " },
    { ",.;:?!`", "  ,  .  ;  :  ?  !  `  " },
    { "don't (stop) \"now\" - 1/2", " don't (stop) \"now\" - 1/2 " },
    { " a  b ", "  a  b  " },
    { "\xff\xc3,\xa9", " \xff\xc3 , \xa9 " },
    { "A\x0b\x0c\xc2\xa0z", " A\x0b\x0c\xc2\xa0z " },
};

static void marks_get_spaces_and_nothing_is_collapsed(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mci_buf out = { 0 };
    for (size_t i = 0; i < COUNT_OF(spacings); i++) {
        mci_buf_clear(&out);
        assert_ok(mci_space_text(mc_str_of(spacings[i].text), &out, &err), err);
        assert_str(mci_buf_str(&out), spacings[i].spaced);
    }
    mci_buf_release(&out);
}

static void spacing_appends_and_takes_nul_bytes(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mci_buf out = { 0 };
    mc_str text = { "a\0,", 3 };
    assert_ok(mci_buf_add(&out, mc_str_of("before"), &err), err);
    assert_ok(mci_space_text(text, &out, &err), err);
    assert_int_equal(out.len, 6 + 7);
    assert_memory_equal(out.data, "before a\0 ,  ", 13);
    mci_buf_release(&out);
}

static const struct {
    const char *entry, *why; /* NULL: it can match */
} entries[] = {
    { "", NULL },
    { "a", NULL },
    { " ", NULL },
    { "a b", NULL },
    { " a  b ", NULL },
    { ",", NULL },
    { "a , b", NULL },
    { ", a", NULL },
    { "a .", NULL },
    { ",  .", NULL },
    { "!   !", NULL },
    { "a-b (c) 'd'", NULL },
    { "a\tb", "tab" },
    { "a\n", "tab" },
    { "\r", "tab" },
    { "a,b", "both sides" },
    { "a, b", "both sides" },
    { "a ,b", "both sides" },
    { "St. Louis", "both sides" },
    { "?!", "both sides" },
    { ", .", "single space" },
    { "a , . b", "single space" },
};

static void entries_that_no_text_can_hold_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(entries); i++) {
        const char *why = NULL;
        print_message("  case: \"%s\"\n", entries[i].entry);
        assert_int_equal(mc_entry_can_match(mc_str_of(entries[i].entry), &why), !entries[i].why);
        assert_int_equal(mc_entry_can_match(mc_str_of(entries[i].entry), NULL), !entries[i].why);
        if (entries[i].why)
            assert_says(why, entries[i].why);
        else
            assert_null(why);
    }
}

enum { ENTRY_MAX = 4, TEXT_MAX = 6, N_LETTERS = 5 };

/* The number'th string of len letters. */
static void spell(size_t number, size_t len, char *to)
{
    for (size_t i = 0; i < len; i++, number /= N_LETTERS)
        to[i] = "a ,.\t"[number % N_LETTERS];
}

static size_t n_strings(size_t len)
{
    size_t n = 1;
    for (size_t i = 0; i < len; i++)
        n *= N_LETTERS;
    return n;
}

/* Entries of up to 4 letters need no text of more than 6: one byte for each of their own, and one
 * at each end that gives a space its mark. */
static void an_entry_can_match_if_some_text_holds_it(void **state)
{
    (void)state;
    char spelled[1024][ENTRY_MAX];
    mc_str all[1024];
    bool held[1024] = { false };
    size_t n = 0;
    for (size_t len = 0; len <= ENTRY_MAX; len++) {
        for (size_t i = 0; i < n_strings(len); i++, n++) {
            spell(i, len, spelled[n]);
            all[n] = (mc_str){ spelled[n], len };
        }
    }
    for (size_t len = 0; len <= TEXT_MAX; len++) {
        for (size_t i = 0; i < n_strings(len); i++) {
            char text[TEXT_MAX];
            uint32_t ids[1024];
            size_t n_ids;
            spell(i, len, text);
            assert_int_equal(mci_match_naive(all, n, (mc_str){ text, len }, ids, &n_ids, NULL),
                             MC_OK);
            for (size_t k = 0; k < n_ids; k++)
                held[ids[k]] = true;
        }
    }
    for (size_t i = 0; i < n; i++)
        assert_int_equal(mc_entry_can_match(all[i], NULL), held[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_get_spaces_and_nothing_is_collapsed),
        cmocka_unit_test(spacing_appends_and_takes_nul_bytes),
        cmocka_unit_test(entries_that_no_text_can_hold_are_told),
        cmocka_unit_test(an_entry_can_match_if_some_text_holds_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
