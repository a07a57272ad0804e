#include "io/charset.h"

#include "test.h"

static const char *name_of(const mci_encoding *encoding)
{
    return encoding ? mci_encoding_name(encoding) : "none";
}

static void labels_are_those_of_the_web(void **state)
{
    (void)state;
    static const struct {
        const char *label, *want;
    } cases[] = {
        { "utf-8", "utf-8" },
        { "UTF8", "utf-8" },
        { "latin1", "windows-1252" },
        { "iso-8859-1", "windows-1252" },
        { "us-ascii", "windows-1252" },
        { "\t\n\f\r Shift-JIS ", "shift_jis" },
        { "iso-8859-9", "windows-1254" },
        { "GB2312", "gbk" },
        { "tis-620", "windows-874" },
        { "logical", "iso-8859-8-i" },
        { "utf-16", "utf-16le" },
        { "unicodefffe", "utf-16be" },
        { "ks_c_5601-1987", "euc-kr" },
        { "hz-gb-2312", "replacement" },
        { "iso-8859-16", "iso-8859-16" },
        { "koi8-ru", "koi8-u" },
        { "", "none" },
        { " ", "none" },
        { "utf-7", "none" },
        { "utf-8 utf8", "none" },
        { "utf", "none" },
        { "\xC2\xA0utf-8", "none" },
        { "x-a-label-that-is-longer-than-any-that-is-known", "none" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(name_of(mci_encoding_of_label(mc_str_of(cases[i].label))),
                            cases[i].want);
}

static const struct {
    const char *label, *bytes, *want;
    uint64_t n_replaced;
} decodings[] = {
    { "utf-8", "\xC3\xA9\xFF", "\xC3\xA9\xEF\xBF\xBD", 1 },
    { "windows-1252", "\x80\x81\xE9", "\xE2\x82\xAC\xC2\x81\xC3\xA9", 0 },
    { "windows-1251", "\xCA\xEE\xF2", "\xD0\x9A\xD0\xBE\xD1\x82", 0 },
    { "windows-1253", "\xAA\xE1", "\xEF\xBF\xBD\xCE\xB1", 1 },
    { "windows-1255", "\xCA\xE0", "\xD6\xBA\xD7\x90", 0 },
    { "windows-874", "\xA1\xDB", "\xE0\xB8\x81\xEF\xBF\xBD", 1 },
    { "iso-8859-16", "\xA4\xAA\xE9", "\xE2\x82\xAC\xC8\x98\xC3\xA9", 0 },
    { "iso-8859-6", "\xA1\xC7", "\xEF\xBF\xBD\xD8\xA7", 1 },
    { "koi8-r", "\xEB\xCF\xD4", "\xD0\x9A\xD0\xBE\xD1\x82", 0 },
    { "koi8-u", "\xA4\xAE\xBE", "\xD1\x94\xD1\x9E\xD0\x8E", 0 },
    { "ibm866", "\x8A\xF0", "\xD0\x9A\xD0\x81", 0 },
    { "macintosh", "\x8E\xDB", "\xC3\xA9\xE2\x82\xAC", 0 },
    { "x-mac-cyrillic", "\xA2\xFF", "\xD2\x90\xE2\x82\xAC", 0 },
    { "gbk", "\xBA\xBA\x80", "\xE6\xB1\x89\xE2\x82\xAC", 0 },
    { "gb18030", "\x94\x39\xDA\x33", "\xF0\x9F\x92\xA9", 0 },
    { "gb18030", "\xBA<b>", "\xEF\xBF\xBD<b>", 1 },
    { "big5", "\xBA\x7E", "\xE6\xBC\xA2", 0 },
    { "euc-jp", "\xB4\xC1\x8E\xB1", "\xE6\xBC\xA2\xEF\xBD\xB1", 0 },
    { "shift_jis", "\x8A\xBF\xB1\\~", "\xE6\xBC\xA2\xEF\xBD\xB1\\~", 0 },
    { "shift_jis", "\x80\x1A\x1C\x7F", "\xC2\x80\x1A\x1C\x7F", 0 },
    { "euc-jp", "\x85z", "\xEF\xBF\xBDz", 1 },
    { "euc-kr", "\x80\xFF", "\xEF\xBF\xBD\xEF\xBF\xBD", 2 },
    { "shift_jis", "\x85<a", "\xEF\xBF\xBD<a", 1 },
    { "iso-2022-jp", "a\x1B$B4A\x1B(Bz", "a\xE6\xBC\xA2z", 0 },
    { "euc-kr", "\xB0\xA1\x81\x41", "\xEA\xB0\x80\xEA\xB0\x82", 0 },
    { "euc-kr", "\xB0", "\xEF\xBF\xBD", 1 },
    { "iso-2022-kr", "<img>", "\xEF\xBF\xBD", 1 },
    { "x-user-defined", "a\x80\xFF", "a\xEF\x9E\x80\xEF\x9F\xBF", 0 },
};

static void bytes_become_utf8_and_wrong_ones_are_counted(void **state)
{
    (void)state;
    mci_charset *charset;
    mci_buf out = { 0 };
    mc_error err = { 0 };
    assert_ok(mci_charset_new(&charset, &err), err);
    for (int again = 0; again < 2; again++)
        for (size_t i = 0; i < COUNT_OF(decodings); i++) {
            uint64_t n_replaced = 0;
            print_message("  case: %s %zu\n", decodings[i].label, i);
            mci_buf_clear(&out);
            const mci_encoding *encoding = mci_encoding_of_label(mc_str_of(decodings[i].label));
            assert_ok(mci_charset_decode(charset, encoding, mc_str_of(decodings[i].bytes), &out,
                                         &n_replaced, &err),
                      err);
            assert_str(mci_buf_str(&out), decodings[i].want);
            assert_int_equal(n_replaced, decodings[i].n_replaced);
        }
    mci_buf_release(&out);
    mci_charset_free(charset);
}

static void every_encoding_has_its_decoder(void **state)
{
    (void)state;
    static const char *const labels[] = {
        "utf-8",        "ibm866",       "iso-8859-2",   "iso-8859-3",     "iso-8859-4",
        "iso-8859-5",   "iso-8859-6",   "iso-8859-7",   "iso-8859-8",     "iso-8859-8-i",
        "iso-8859-10",  "iso-8859-13",  "iso-8859-14",  "iso-8859-15",    "iso-8859-16",
        "koi8-r",       "koi8-u",       "macintosh",    "windows-874",    "windows-1250",
        "windows-1251", "windows-1252", "windows-1253", "windows-1254",   "windows-1255",
        "windows-1256", "windows-1257", "windows-1258", "x-mac-cyrillic", "gbk",
        "gb18030",      "big5",         "euc-jp",       "iso-2022-jp",    "shift_jis",
        "euc-kr",       "replacement",  "utf-16be",     "utf-16le",       "x-user-defined",
    };
    mci_charset *charset;
    mci_buf out = { 0 };
    mc_error err = { 0 };
    assert_ok(mci_charset_new(&charset, &err), err);
    for (size_t i = 0; i < COUNT_OF(labels); i++) {
        uint64_t n_replaced = 0;
        const mci_encoding *encoding = mci_encoding_of_label(mc_str_of(labels[i]));
        assert_string_equal(name_of(encoding), labels[i]);
        assert_ok(
            mci_charset_decode(charset, encoding, mc_str_of("<a>&\t~ "), &out, &n_replaced, &err),
            err);
    }
    mci_buf_release(&out);
    mci_charset_free(charset);
}

/* Surrogate pairs that lie across the pieces in which text is converted. */
static void utf16_of_any_length_is_decoded(void **state)
{
    (void)state;
    mci_charset *charset;
    mc_error err = { 0 };
    assert_ok(mci_charset_new(&charset, &err), err);
    for (size_t shift = 0; shift < 2; shift++) {
        mci_buf bytes = { 0 }, out = { 0 };
        uint64_t n_replaced = 0;
        if (shift)
            mci_buf_append(&bytes, "x\0", 2, NULL);
        for (int i = 0; i < 5000; i++)
            mci_buf_append(&bytes, "\x3D\xD8\xA9\xDC", 4, NULL);
        mci_buf_append(&bytes, "\x3D\xD8y\0z", 5, NULL); /* a lone surrogate, half a unit */
        const mci_encoding *encoding = mci_encoding_of_label(mc_str_of("utf-16le"));
        assert_ok(
            mci_charset_decode(charset, encoding, mci_buf_str(&bytes), &out, &n_replaced, &err),
            err);
        assert_int_equal(out.len, shift + 4 * 5000 + 3 + 1 + 3);
        assert_memory_equal(out.data + shift + 4 * 4999, "\xF0\x9F\x92\xA9", 4);
        assert_memory_equal(out.data + out.len - 7, "\xEF\xBF\xBDy\xEF\xBF\xBD", 7);
        assert_int_equal(n_replaced, 2);
        mci_buf_release(&bytes);
        mci_buf_release(&out);
    }
    mci_charset_free(charset);
}

static const struct {
    const char *html, *want;
} sniffs[] = {
    { "<meta charset=latin2>", "iso-8859-2" },
    { "<META CHARSET = 'koi8-r' >", "koi8-r" },
    { "<meta/charset=\"euc-jp\"/>", "euc-jp" },
    { "<meta http-equiv=Content-Type content='text/html; charset=gb2312'>", "gbk" },
    { "<meta content=\"text/html;charset=big5;x\" http-equiv=\"content-type\">", "big5" },
    { "<meta content='charset=\"euc-kr\"' http-equiv=content-type>", "euc-kr" },
    { "<meta content='charset=\"euc-kr' http-equiv=content-type>", "none" },
    { "<meta content='charset x charset = koi8-u' http-equiv=content-type>", "koi8-u" },
    { "<meta content='text/html; charset=big5'>", "none" }, /* no pragma */
    { "<meta http-equiv=refresh content='0; charset=big5'>", "none" },
    { "<meta charset=nonsense><meta charset=big5>", "big5" },
    { "<meta charset=big5 charset=koi8-r>", "big5" },
    { "<meta charset=nonsense content='charset=big5' http-equiv=content-type>", "none" },
    { "<meta charset=utf-16>", "utf-8" },
    { "<meta charset=x-user-defined>", "windows-1252" },
    { "<metax charset=big5>", "none" },
    { "<meta charset=big5", "none" }, /* cut */
    { "<!-- <meta charset=big5> --><meta charset=koi8-r>", "koi8-r" },
    { "<!--><meta charset=koi8-r>", "koi8-r" },
    { "<!-- <meta charset=koi8-r>", "none" },
    { "<p title='<meta charset=big5>'><meta charset=koi8-r>", "koi8-r" },
    { "</p <meta charset=big5>><meta charset=koi8-r>", "koi8-r" },
    { "<!doctype <meta charset=big5><meta charset=koi8-r>", "koi8-r" },
    { "<script>var x = '<meta charset=big5>'</script>", "big5" }, /* as the standard says */
    { "<?xml version='1.0' encoding=\"windows-1251\"?><html>", "windows-1251" },
    { "<?xml version='1.0' encoding='utf-16'?>", "utf-8" },
    { "<?xml encoding='koi8-r'?><meta charset=big5>", "big5" },
    { "<?xml encoding=koi8-r?>", "none" },
    { "", "none" },
    { "<", "none" },
    { "<meta charset=", "none" },
};

static void pages_name_their_encoding(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sniffs); i++) {
        print_message("  case: %s\n", sniffs[i].html);
        mc_str html = mc_str_of(sniffs[i].html);
        assert_string_equal(name_of(mci_encoding_of_html(html)), sniffs[i].want);
    }
    mc_str utf16 = { "<\0?\0x\0m\0l\0", 10 };
    assert_string_equal(name_of(mci_encoding_of_html(utf16)), "utf-16le");
}

static void only_the_first_kilobyte_is_searched(void **state)
{
    (void)state;
    static const char meta[] = "<meta charset=big5>";
    char page[2048];
    for (size_t at = 1000; at < 1010; at++) {
        memset(page, ' ', sizeof page);
        memcpy(page + at, meta, strlen(meta));
        mc_str view = { page, sizeof page };
        assert_string_equal(name_of(mci_encoding_of_html(view)),
                            at + strlen(meta) <= 1024 ? "big5" : "none");
    }
}

static void marks_are_recognized(void **state)
{
    (void)state;
    size_t n;
    assert_string_equal(name_of(mci_encoding_of_bom(mc_str_of("\xEF\xBB\xBFx"), &n)), "utf-8");
    assert_int_equal(n, 3);
    assert_string_equal(name_of(mci_encoding_of_bom(mc_str_of("\xFF\xFE"), &n)), "utf-16le");
    assert_string_equal(name_of(mci_encoding_of_bom(mc_str_of("\xFE\xFF"), &n)), "utf-16be");
    assert_string_equal(name_of(mci_encoding_of_bom(mc_str_of("\xEF\xBB"), &n)), "none");
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_those_of_the_web),
        cmocka_unit_test(bytes_become_utf8_and_wrong_ones_are_counted),
        cmocka_unit_test(every_encoding_has_its_decoder),
        cmocka_unit_test(utf16_of_any_length_is_decoded),
        cmocka_unit_test(pages_name_their_encoding),
        cmocka_unit_test(only_the_first_kilobyte_is_searched),
        cmocka_unit_test(marks_are_recognized),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
