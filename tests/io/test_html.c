#include "io/html.h"

#include <time.h>

#include "base/buf.h"
#include "test.h"

typedef struct {
    mci_html *html;
    mci_page page;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    *state = f;
    return f && mci_html_new(MCI_HTML_SCAN, &f->html, NULL) == MC_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    mci_page_release(&f->page);
    mci_html_free(f->html);
    free(f);
    return 0;
}

static mc_status read_page(fixture *f, mc_str body, const char *charset, mc_error *err)
{
    return mci_html_images(f->html, body, mc_str_of(charset), mc_str_of("http://h/p"), &f->page,
                           err);
}

/* The page as text: "url" or "url|key=text|key=text" for each link, joined by blanks. */
static void check_links(fixture *f, const char *want)
{
    mci_buf out = { 0 };
    for (size_t i = 0; i < f->page.n_links; i++) {
        const mci_link *link = &f->page.links[i];
        assert_int_equal(
            mci_buf_printf(&out, NULL, "%s<%.*s", i ? " " : "", (int)link->url.len, link->url.data),
            MC_OK);
        for (size_t k = 0; k < link->n_texts; k++)
            assert_int_equal(mci_buf_printf(&out, NULL, "|%.*s=%.*s", (int)link->texts[k].key.len,
                                            link->texts[k].key.data, (int)link->texts[k].text.len,
                                            link->texts[k].text.data),
                             MC_OK);
        mci_buf_byte(&out, '>', NULL);
    }
    assert_str(mci_buf_str(&out), want);
    mci_buf_release(&out);
}

static const struct {
    const char *name, *html, *want;
} pages[] = {
    { "nothing", "", "" },
    { "an image", "<img src=a.png alt='a red car'>", "<a.png|alt=a red car>" },
    { "no src", "<img alt=x><img srcset=y>", "" },
    { "an empty src is the page itself", "<img src alt=x><img src=''>", "<|alt=x> <>" },
    { "texts have their own order", "<img data-image-title=3 title=2 alt=1 src=a>",
      "<a|alt=1|title=2|data-image-title=3>" },
    { "letter case", "<IMG SRC=a ALT=B Data-Image-Title=C>", "<a|alt=B|data-image-title=C>" },
    { "the first of equal attributes", "<img src=a src=b alt=c ALT=d>", "<a|alt=c>" },
    { "unquoted values", "<img src=/a?b=c&d alt=x/>", "</a?b=c&d|alt=x/>" },
    { "slashes between", "<img/src=a/alt=b/>", "<a/alt=b/>" },
    { "line ends go, then white space at both ends",
      "<img src=a alt=' \t\r\n a\nb\r\nc \xC2\xA0\xE3\x80\x80'>", "<a|alt=abc>" },
    { "line ends by reference", "<img src=a alt='x&#13;&#10;y'>", "<a|alt=xy>" },
    { "empty texts", "<img src=a alt='' title=' \n ' data-image-title>", "<a>" },
    { "references", "<img src=a alt='&amp;&lt;&copy;&copy &eacute;&#x6f22;&#128512;&nosuch;'>",
      "<a|alt=&<\xC2\xA9\xC2\xA9 \xC3\xA9\xE6\xBC\xA2\xF0\x9F\x98\x80&nosuch;>" },
    { "a name without ; before = or a letter stays", "<img src='?a=1&copy=2&notit' alt='&ampx'>",
      "<?a=1&copy=2&notit|alt=&ampx>" },
    { "C1 by number", "<img src=a alt='&#128;&#x92;&#0;&#xD800;&#x110000;'>",
      "<a|alt=\xE2\x82\xAC\xE2\x80\x99\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD>" },
    { "comments", "<!-- <img src=a> --><img src=b><!--><img src=c>-->", "<b> <c>" },
    { "text-only elements",
      "<title><img src=a></title><textarea><img src=b></textarea><style><img src=c></style>"
      "<script>'<img src=d>'</script><xmp><img src=e></xmp><iframe><img src=f></iframe>"
      "<noembed><img src=g></noembed><noframes><img src=h></noframes><img src=z>",
      "<z>" },
    { "a script inside a script comment",
      "<script><!-- <script> </script> <img src=a> --></script><img src=b>", "<b>" },
    { "noscript is read, as without scripts",
      "<head><noscript><img src=a></noscript></head><body><noscript><img src=b></noscript>",
      "<a> <b>" },
    { "template", "<template><img src=a><template><img src=b></template></template>", "<a> <b>" },
    { "image is another word for img", "<image src=a alt=b>", "<a|alt=b>" },
    { "an svg's image is not", "<svg><image src=a /></svg>", "" },
    { "img ends an svg", "<svg><g><img src=a></g></svg>", "<a>" },
    { "a title in an svg holds markup", "<svg><title><img src=a></title></svg>", "<a>" },
    { "CDATA", "<svg><![CDATA[<img src=a>]]></svg><![CDATA[<img src=b>]]>", "" },
    { "a select has no images", "<select><option><img src=a></select>", "" },
    { "before a table, if inside it", "<table><img src=a><tr><td><img src=b></table>", "<a> <b>" },
    { "plaintext", "<img src=a><plaintext><img src=b>", "<a>" },
    { "after the end", "</body></html><img src=a>", "<a>" },
    { "frames", "<frameset><img src=a></frameset>", "" },
    { "an end tag's attributes", "</img src=a><img src=b", "" },
    { "a cut attribute", "<img src=a><img src='b", "<a>" },
    { "many equal attributes", "<img x x x x x src=a x x alt=b>", "<a|alt=b>" },
};

static void images_are_found_as_html5_says(void **state)
{
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        mc_error err = { 0 };
        print_message("  case: %s\n", pages[i].name);
        assert_ok(read_page(*state, mc_str_of(pages[i].html), "", &err), err);
        check_links(*state, pages[i].want);
    }
}

static void empty_texts_are_counted(void **state)
{
    fixture *f = *state;
    mc_error err = { 0 };
    mc_str html = mc_str_of("<img src=a alt='' title=x><img src=b alt=' '><img alt=y>");
    assert_ok(read_page(f, html, "", &err), err);
    assert_int_equal(f->page.n_links, 2);
    assert_int_equal(f->page.n_texts, 3);
    assert_int_equal(f->page.n_empty_texts, 2);
    assert_str(f->page.uri, "http://h/p");
}

static void the_first_base_with_an_address_counts(void **state)
{
    static const struct {
        const char *html;
        bool has_base;
        const char *want;
    } cases[] = {
        { "<img src=a>", false, "" },
        { "<base target=x><base href=/b/><base href=/c/>", true, "/b/" },
        { "<base href><base href=/c/>", true, "" },
        { "<body><p><base href=' x '>", true, " x " },
        { "<!-- <base href=x> --><title><base href=y></title>", false, "" },
    };
    fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mc_error err = { 0 };
        print_message("  case: %s\n", cases[i].html);
        assert_ok(read_page(f, mc_str_of(cases[i].html), "", &err), err);
        assert_int_equal(f->page.has_base, cases[i].has_base);
        assert_str(f->page.base, cases[i].want);
    }
}

static const struct {
    const char *name, *charset, *html, *want;
    uint64_t n_replaced;
} charsets[] = {
    { "valid UTF-8 is UTF-8", "", "<img src=\xC3\xA9>", "<\xC3\xA9>", 0 },
    { "what is not is windows-1252", "", "<img src=\xE9\x80>", "<\xC3\xA9\xE2\x82\xAC>", 0 },
    { "the header", "windows-1251", "<img src=\xE9>", "<\xD0\xB9>", 0 },
    { "the header goes before the page", "koi8-r", "<meta charset=utf-8><img src=\xC1>",
      "<\xD0\xB0>", 0 },
    { "an unknown label is none", "nonsense", "<meta charset=koi8-r><img src=\xC1>", "<\xD0\xB0>",
      0 },
    { "the page", "", "<meta charset=gb2312><img src=a alt='\xBA\xBA'>", "<a|alt=\xE6\xB1\x89>",
      0 },
    { "a mark goes before all", "koi8-r", "\xEF\xBB\xBF<meta charset=koi8-r><img src=\xC3\xA9>",
      "<\xC3\xA9>", 0 },
    { "wrong UTF-8", "utf-8", "<img src=a alt='\xFF\xE6\xBC'>", "<a|alt=\xEF\xBF\xBD\xEF\xBF\xBD>",
      2 },
    { "a broken character takes no quote with it", "gbk", "<img src='\xBA' alt=x>",
      "<\xEF\xBF\xBD|alt=x>", 1 },
    { "encodings that are not read", "iso-2022-cn", "<img src=a>", "", 1 },
};

static void charsets_come_from_mark_header_page_and_guess(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(charsets); i++) {
        mc_error err = { 0 };
        print_message("  case: %s\n", charsets[i].name);
        assert_ok(read_page(f, mc_str_of(charsets[i].html), charsets[i].charset, &err), err);
        check_links(f, charsets[i].want);
        assert_int_equal(f->page.n_replaced, charsets[i].n_replaced);
    }
    mc_error err = { 0 };
    mc_str utf16 = { "\xFF\xFE<\0i\0m\0g\0 \0s\0r\0c\0=\0\x22\x6F>\0", 24 };
    assert_ok(read_page(f, utf16, "", &err), err);
    check_links(f, "<\xE6\xBC\xA2>");
}

static void zero_bytes_do_not_cut_a_text(void **state)
{
    mc_error err = { 0 };
    mc_str html = { "<img src=a\0b alt=c\0d>", 21 };
    assert_ok(read_page(*state, html, "", &err), err);
    check_links(*state, "<a\xEF\xBF\xBD"
                        "b|alt=c\xEF\xBF\xBD"
                        "d>");
}

/* Pages that make a parser without limits run out of stack, memory or time. */
static const struct {
    const char *name, *before, *again, *after;
    size_t n;
    const char *refusal; /* NULL: read, and after's <img src=z> is found */
} heavy[] = {
    { "a million <div>", "", "<div>", "<img src=z>", 1000000, "nested" },
    { "a million <p>", "", "<p>", "<img src=z>", 1000000, NULL },
    { "a million list items", "<ul>", "<li>", "<img src=z>", 1000000, NULL },
    { "li and dd", "", "<li><dd>", "<img src=z>", 500000, "nested" },
    { "templates", "", "<template>", "<img src=z>", 300000, "nested" },
    { "unclosed fonts", "", "<p><font>x", "<img src=z>", 100000, NULL },
    { "equal attributes", "<img ", "a ", " src=z>", 1000000, NULL },
    { "overlapping elements", "", "<b><p></b></p>", "<img src=z>", 300000, "overlapping" },
    { "comments", "", "<!-- x -->", "<img src=z>", 500000, NULL },
    { "ampersands", "", "&a", "<img src=z>", 1000000, NULL },
    { "angles", "", "<", " <img src=z>", 1000000, NULL },
    { "a thousand divs", "", "<div>", "<img src=z>", 1000, NULL },
};

static void heavy_pages_are_read_or_refused_soon(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(heavy); i++) {
        mci_buf html = { 0 };
        mc_error err = { 0 };
        print_message("  case: %s\n", heavy[i].name);
        mci_buf_add(&html, mc_str_of(heavy[i].before), NULL);
        for (size_t k = 0; k < heavy[i].n; k++)
            assert_int_equal(mci_buf_add(&html, mc_str_of(heavy[i].again), NULL), MC_OK);
        mci_buf_add(&html, mc_str_of(heavy[i].after), NULL);
        clock_t start = clock(); /* of the processor: others may have the machine */
        mc_status status = read_page(f, mci_buf_str(&html), "", &err);
        assert_true((clock() - start) / CLOCKS_PER_SEC < 60);
        mci_buf_release(&html);
        if (heavy[i].refusal) {
            assert_int_equal(status, MC_SKIPPED);
            assert_says(err.text, heavy[i].refusal);
        } else {
            assert_int_equal(status, MC_OK);
            check_links(f, "<z>");
        }
    }
}

static void ten_megabytes_of_attributes_are_refused(void **state)
{
    mci_buf in_one = { 0 }, in_many = { 0 };
    mc_error err = { 0 };
    mci_buf_add(&in_one, mc_str_of("<img src=a "), NULL);
    for (int i = 0; in_one.len < 10000000; i++) {
        assert_int_equal(mci_buf_printf(&in_one, NULL, "a%d=x ", i), MC_OK);
        assert_int_equal(mci_buf_printf(&in_many, NULL, "<body a%d=x>", i), MC_OK);
    }
    mci_buf_byte(&in_one, '>', NULL);
    assert_int_equal(read_page(*state, mci_buf_str(&in_one), "", &err), MC_SKIPPED);
    assert_says(err.text, "attributes");
    assert_int_equal(read_page(*state, mci_buf_str(&in_many), "", &err), MC_SKIPPED);
    assert_says(err.text, "attributes");
    mci_buf_release(&in_one);
    mci_buf_release(&in_many);
    /* and the parser is as good as new */
    assert_ok(read_page(*state, mc_str_of("<img src=a>"), "", &err), err);
    check_links(*state, "<a>");
}

/* On these Gumbo would abort, and the test with it. */
static void pages_that_make_gumbo_fail_are_refused(void **state)
{
    static const struct {
        const char *html;
        bool is_refused;
    } cases[] = {
        { "<svg><td><desc><table></table>", true },
        { "<math><select><mi><select><select>", true },
        { "<table><svg><desc><![CDATA[a]]>b", true },
        { "<svg></g><svg><select><title><select>", true },
        { "<frameset><svg><title></title><![CDATA[a]]>b", true },
        { "<svg><title>a</title></svg><table><td><select></select></table>", false },
        { "<svg><title><b>a</b></title></svg><table><td><select></select></table>", false },
        { "<table><td><svg><title><![CDATA[a]]>b</title></svg></table>", false },
    };
    (void)state;
    mci_page page = { 0 };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (mci_html_reader reader = MCI_HTML_SCAN; reader <= MCI_HTML_GUMBO; reader++) {
            mc_error err = { 0 };
            mci_html *html;
            print_message("  case: %s\n", cases[i].html);
            assert_int_equal(mci_html_new(reader, &html, NULL), MC_OK);
            mc_status status = mci_html_images(html, mc_str_of(cases[i].html), mc_str_of(""),
                                               mc_str_of("u"), &page, &err);
            assert_int_equal(status, cases[i].is_refused ? MC_SKIPPED : MC_OK);
            if (cases[i].is_refused)
                assert_says(err.text, "svg or math");
            mci_html_free(html);
        }
    mci_page_release(&page);
}

/* Every prefix of a page with a bit of everything is read. */
static void cut_pages_are_read(void **state)
{
    static const char html[] =
        "\xEF\xBB\xBF<!DOCTYPE html><base href=/x/><meta charset=utf-8><!-- c --><img src='a' "
        "alt=\"b &amp; &#x6f22; \xE6\xBC\xA2\"><table><td><svg><title><img src=x></title>"
        "<script>a</script><template><img src=t></template></table><b><p></b></p><img src=z>";
    for (size_t len = 0; len < sizeof html; len++) {
        mc_error err = { 0 };
        char *copy = malloc(len ? len : 1); /* so that a sanitizer sees the end */
        memcpy(copy, html, len);
        assert_ok(read_page(*state, (mc_str){ copy, len }, "", &err), err);
        free(copy);
    }
    check_links(*state, "<a|alt=b & \xE6\xBC\xA2 \xE6\xBC\xA2> <x> <t> <z>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_are_found_as_html5_says),
        cmocka_unit_test(empty_texts_are_counted),
        cmocka_unit_test(the_first_base_with_an_address_counts),
        cmocka_unit_test(charsets_come_from_mark_header_page_and_guess),
        cmocka_unit_test(zero_bytes_do_not_cut_a_text),
        cmocka_unit_test(heavy_pages_are_read_or_refused_soon),
        cmocka_unit_test(ten_megabytes_of_attributes_are_refused),
        cmocka_unit_test(pages_that_make_gumbo_fail_are_refused),
        cmocka_unit_test(cut_pages_are_read),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
