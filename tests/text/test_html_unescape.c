/* Every case's answer is that of CPython 3.11's html.unescape. */
#include "test.h"
#include "text/html_unescape.h"

static const struct {
    const char *name, *text, *want;
} cases[] = {
    { "nothing", "", "" },
    { "no reference", "a < b", "a < b" },
    { "a lonely mark", "a & b &", "a & b &" },
    { "a name", "&lt;b&gt; &amp; &eacute;", "<b> & \xC3\xA9" },
    { "one pass only", "&amp;amp;", "&amp;" },
    { "a name without its mark", "&amp&lt &copy2",
      "&< \xC2\xA9"
      "2" },
    { "the longest name, whatever follows", "&notit; &notin; &ampere",
      "\xC2\xACit; \xE2\x88\x89 &ere" },
    { "case counts", "&AMP;&Amp;&EACUTE;", "&&Amp;&EACUTE;" },
    { "two characters", "&nGt;&NotEqualTilde;", "\xE2\x89\xAB\xE2\x83\x92\xE2\x89\x82\xCC\xB8" },
    { "no such name", "&nosuch; &a; &;", "&nosuch; &a; &;" },
    { "names of one letter are none", "&gx;&g", "&gx;&g" },
    { "decimal", "&#65;&#66 &#67x", "AB Cx" },
    { "hexadecimal", "&#x41;&#X42 &#x43g", "AB Cg" },
    { "no number", "&#; &#x; &#xg; &#-1;", "&#; &#x; &#xg; &#-1;" },
    { "one semicolon", "&#65;; &amp;;", "A; &;" },
    { "zero", "[&#0;]", "[\xEF\xBF\xBD]" },
    { "windows-1252", "&#128;&#x99;&#159;", "\xE2\x82\xAC\xE2\x84\xA2\xC5\xB8" },
    { "controls of windows-1252", "&#129;", "\xC2\x81" },
    { "carriage return and friends stay", "[&#13;&#9;&#10;&#12;]", "[\r\t\n\f]" },
    { "other controls go", "[&#1;&#8;&#11;&#14;&#31;&#127;]", "[]" },
    { "characters that are none go", "[&#xFDD0;&#xFFFE;&#x1FFFF;&#x10FFFF;]", "[]" },
    { "surrogates", "[&#xD800;&#xDFFF;]", "[\xEF\xBF\xBD\xEF\xBF\xBD]" },
    { "too large", "[&#x110000;&#99999999999999999999999;]", "[\xEF\xBF\xBD\xEF\xBF\xBD]" },
    { "beyond the first plane", "&#x1F600;", "\xF0\x9F\x98\x80" },
    { "other characters beside", "\xC3\xA9&eacute\xC3\xA9", "\xC3\xA9\xC3\xA9\xC3\xA9" },
};

static void references_are_taken_as_python_takes_them(void **state)
{
    (void)state;
    mci_buf out = { 0 };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mc_error err = { 0 };
        mci_buf_clear(&out);
        print_message("  case: %s\n", cases[i].name);
        assert_ok(mci_html_unescape(mc_str_of(cases[i].text), &out, &err), err);
        assert_str(mci_buf_str(&out), cases[i].want);
    }
    mci_buf_release(&out);
}

static void a_text_may_be_cut_anywhere(void **state)
{
    (void)state;
    static const char text[] = "a&amp;b&#x41;&#1234;&notit;&CounterClockwiseContourIntegral;&";
    mci_buf out = { 0 };
    for (size_t len = 0; len < sizeof text; len++) {
        char *copy = malloc(len + 1); /* the sanitizer sees what is read behind it */
        memcpy(copy, text, len);
        mci_buf_clear(&out);
        assert_int_equal(mci_html_unescape((mc_str){ copy, len }, &out, NULL), MC_OK);
        assert_true(out.len <= len + 1);
        free(copy);
    }
    mci_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_taken_as_python_takes_them),
        cmocka_unit_test(a_text_may_be_cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
