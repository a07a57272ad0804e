#include "io/url.h"

#include <unicode/unorm2.h>

#include "base/utf8.h"
#include "io/url_plain.h"
#include "test.h"

/* RFC 3986, section 5.4, where urljoin agrees with it; then where it is itself. */
static const struct {
    const char *base, *url, *want; /* NULL: refused */
} joins[] = {
    { "http://a/b/c/d;p?q", "g", "http://a/b/c/g" },
    { "http://a/b/c/d;p?q", "./g/", "http://a/b/c/g/" },
    { "http://a/b/c/d;p?q", "/g", "http://a/g" },
    { "http://a/b/c/d;p?q", "//g", "http://g" },
    { "http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y" },
    { "http://a/b/c/d;p?q", "#s", "http://a/b/c/d;p?q#s" },
    { "http://a/b/c/d;p?q", ";x", "http://a/b/c/;x" },
    { "http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q" },
    { "http://a/b/c/d;p?q", "../../../g", "http://a/g" },
    { "http://a/b/c/d;p?q", "g/.", "http://a/b/c/g/" },
    { "http://a/b/c/d;p?q", "..", "http://a/b/" },
    { "http://a/b/c/d;p?q", "http:g", "http://a/b/c/g" },
    /* empty segments of the base vanish, those of an absolute path stay */
    { "http://a//b//c", "g", "http://a/b/g" },
    { "http://a/b", "//h//x/../y", "http://h//x/../y" },
    { "http://a/b", "/x//../y", "http://a/x/y" },
    /* an unknown scheme comes back as it is written, a known one cleaned */
    { "http://a/b", " \tdata:x", " \tdata:x" },
    { "http://a/b", " \t/i m\ng ", "http://a/i mg " },
    { "http://a/b", "HTTP://H/P", "http://H/P" },
    { "http://a/b", "c:x", "c:x" },
    { "http://a/b", "1:x", "http://a/1:x" },
    { "mailto:x", "y", "y" },
    { "", " y", " y" },
    /* hosts */
    { "http://a/b", "//[::1]:80/x", "http://[::1]:80/x" },
    { "http://a/b", "//[abc/x", NULL },
    { "http://a/b", "//[1.2.3.4]/x", NULL },
    { "http://a/b", "//\xE2\x84\x80.example/x", NULL }, /* a/c as one character */
    { "http://a/b", "//\xC2\xBD.example/x", "http://\xC2\xBD.example/x" },
    { "http://[a/b", "", "http://[a/b" }, /* nothing is looked at */
    { "http://[a/b", "x", NULL },
};

static void urls_are_joined_as_urljoin_joins_them(void **state)
{
    (void)state;
    mci_buf out = { 0 };
    for (size_t i = 0; i < COUNT_OF(joins); i++) {
        mc_error err = { 0 };
        print_message("  case: %s + %s\n", joins[i].base, joins[i].url);
        mc_status status =
            mci_url_join(mc_str_of(joins[i].base), mc_str_of(joins[i].url), &out, &err);
        assert_int_equal(status, joins[i].want ? MC_OK : MC_SKIPPED);
        if (joins[i].want)
            assert_str(mci_buf_str(&out), joins[i].want);
        else
            assert_true(err.text[0] != '\0');
    }
    mci_buf_release(&out);
}

/* Undoes \xNN in place. */
static mc_str unescape(char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned value = (unsigned char)text[i];
        if (text[i] == '\\') {
            sscanf(text + i + 2, "%2x", &value);
            i += 3;
        }
        text[n++] = (char)value;
    }
    return (mc_str){ text, n };
}

static char *behind_tab(char *at, const char *end)
{
    at = memchr(at, '\t', (size_t)(end - at));
    assert_non_null(at);
    return at + 1;
}

static void check_line(char *line, char *end, mci_buf *out)
{
    char *url = behind_tab(line, end);
    char *want = behind_tab(url, end);
    mc_str base = unescape(line, (size_t)(url - 1 - line));
    mc_str joined = unescape(want, (size_t)(end - want));
    mc_str view = unescape(url, (size_t)(want - 1 - url));
    mc_status status = mci_url_join(base, view, out, NULL);
    bool is_right = joined.data[0] == '!' ? status == MC_SKIPPED
                                          : status == MC_OK && out->len == joined.len - 1 &&
                                                memcmp(out->data, joined.data + 1, out->len) == 0;
    if (!is_right)
        fail_msg("\"%.*s\" + \"%.*s\": got %d \"%.*s\", want \"%.*s\"", (int)base.len, base.data,
                 (int)view.len, view.data, (int)status, (int)out->len, out->data, (int)joined.len,
                 joined.data);
}

static void kept_answers_of_cpython_are_given_to_the_byte(void **state)
{
    (void)state;
    size_t len, n_lines = 0;
    char *file = test_read_file(test_path("METACLIP_TEST_DATA", "url_cases.tsv"), &len);
    assert_non_null(file);
    mci_buf out = { 0 };
    mci_buf_reserve(&out, 1, NULL);
    for (char *line = file; line < file + len; n_lines++) {
        char *end = memchr(line, '\n', (size_t)(file + len - line));
        assert_non_null(end);
        check_line(line, end, &out);
        line = end + 1;
    }
    assert_true(n_lines > 3000);
    mci_buf_release(&out);
    free(file);
}

/* What NFKC hides in a host is listed in url.c; ICU knows it from the tables. */
static bool hides_delimiter(const UNormalizer2 *nfkc, UChar32 c)
{
    UErrorCode code = U_ZERO_ERROR;
    UChar from[2], to[64];
    int32_t n = 0;
    U16_APPEND_UNSAFE(from, n, c);
    n = unorm2_normalize(nfkc, from, n, to, 64, &code);
    assert_true(U_SUCCESS(code));
    for (int32_t i = 0; i < n; i++)
        if (to[i] < 0x80 && strchr("/?#@:", (int)to[i]))
            return true;
    return false;
}

static void hosts_that_hide_a_delimiter_are_refused(void **state)
{
    (void)state;
    UErrorCode code = U_ZERO_ERROR;
    const UNormalizer2 *nfkc = unorm2_getNFKCInstance(&code);
    mci_buf out = { 0 };
    for (UChar32 c = 0x80; c <= 0x10FFFF; c++) {
        if (U_IS_SURROGATE(c))
            continue;
        char url[16] = "//a";
        mc_str view = { url, 3 + mci_utf8_encode((uint32_t)c, url + 3) };
        mc_status want = hides_delimiter(nfkc, c) ? MC_SKIPPED : MC_OK;
        if (mci_url_join(mc_str_of("http://b/"), view, &out, NULL) != want)
            fail_msg("U+%04X", (unsigned)c);
    }
    mci_buf_release(&out);
}

/* What plain urls are made of, and what makes them odd. */
static const char *const pieces[] = {
    "http://",   "https://",
    "HTTP://",   "//",
    "/",         "a",
    "img",       ".",
    "..",        "./",
    "../",       ";",
    "?",         "#",
    "q=1&r",     ":",
    "@",         "[",
    "]",         "::1",
    "%20",       " ",
    "\t",        "\n",
    "\x01",      "\x7F",
    "\xC3\xA9",  "\xE2\x84\x80",
    "x.example", "localhost:80",
    "data:",     "1",
    "-",         "a longer piece",
};

static void make_url(test_random *random, mci_buf *out)
{
    mci_buf_clear(out);
    for (size_t n = test_below(random, 7); n > 0; n--)
        mci_buf_add(out, mc_str_of(pieces[test_below(random, COUNT_OF(pieces))]), NULL);
}

static void plain_urls_are_joined_as_all_are(void **state)
{
    (void)state;
    test_random random = { 3 };
    mci_url_joiner *joiner = NULL;
    mci_buf base = { 0 }, url = { 0 }, room = { 0 }, want = { 0 };
    size_t n_plain = 0;
    assert_int_equal(mci_url_joiner_new(&joiner, NULL), MC_OK);
    for (int i = 0; i < 300000; i++) {
        mc_str got;
        make_url(&random, &base);
        make_url(&random, &url);
        if (test_below(&random, 2)) {
            mci_buf whole = { 0 };
            mci_buf_printf(&whole, NULL, "https://h.example/%.*s", (int)base.len, base.data);
            mci_buf_release(&base);
            base = whole;
        }
        assert_int_equal(mci_url_joiner_set_base(joiner, mci_buf_str(&base), NULL), MC_OK);
        mc_status status = mci_url_join(mci_buf_str(&base), mci_buf_str(&url), &want, NULL);
        assert_int_equal(mci_url_joiner_resolve(joiner, mci_buf_str(&url), &room, &got, NULL),
                         status);
        if (status == MC_OK && !mc_str_equal(got, mci_buf_str(&want)))
            fail_msg("%.*s + %.*s: %.*s", (int)base.len, base.data, (int)url.len, url.data,
                     (int)got.len, got.data);
        n_plain += mci_url_kind_of(mci_buf_str(&url)) != MCI_URL_ODD;
    }
    assert_true(n_plain > 30000);
    mci_url_joiner_free(joiner);
    mci_buf_release(&base);
    mci_buf_release(&url);
    mci_buf_release(&room);
    mci_buf_release(&want);
}

static void a_million_segments_take_a_moment(void **state)
{
    (void)state;
    mci_buf url = { 0 }, out = { 0 };
    for (int i = 0; i < 1000000; i++)
        assert_int_equal(mci_buf_add(&url, mc_str_of(i % 2 ? "../" : "a/"), NULL), MC_OK);
    assert_int_equal(mci_url_join(mc_str_of("http://h/x/y"), mci_buf_str(&url), &out, NULL), MC_OK);
    assert_str(mci_buf_str(&out), "http://h/x/");
    mci_buf_release(&url);
    mci_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_joined_as_urljoin_joins_them),
        cmocka_unit_test(kept_answers_of_cpython_are_given_to_the_byte),
        cmocka_unit_test(hosts_that_hide_a_delimiter_are_refused),
        cmocka_unit_test(plain_urls_are_joined_as_all_are),
        cmocka_unit_test(a_million_segments_take_a_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
