#include "io/html_scan.h"

#include "base/buf.h"
#include "io/html_tree.h"
#include "io/html_value.h"
#include "io/html_walk.h"
#include "test.h"

/* Each page is read by the scanner and by Gumbo. */
typedef struct {
    mci_html_scan *scan;
    mci_html_tree *tree;
    mci_html_walk *walk;
    mci_page scanned, walked;
    size_t n_pages, n_asked;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    *state = f;
    return f && mci_html_scan_new(&f->scan, NULL) == MC_OK &&
                   mci_html_tree_new(&f->tree, NULL) == MC_OK &&
                   mci_html_walk_new(&f->walk, NULL) == MC_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    mci_page_release(&f->scanned);
    mci_page_release(&f->walked);
    mci_html_scan_free(f->scan);
    mci_html_tree_free(f->tree);
    mci_html_walk_free(f->walk);
    free(f);
    return 0;
}

/* The page as text: "base>" if it has one, then "<url|key=text>" for each link. */
static void print_page(const mci_page *page, mci_buf *out)
{
    mci_buf_clear(out);
    if (page->has_base)
        mci_buf_printf(out, NULL, "%.*s>", (int)page->base.len, page->base.data);
    for (size_t i = 0; i < page->n_links; i++) {
        const mci_link *link = &page->links[i];
        mci_buf_printf(out, NULL, "<%.*s", (int)link->url.len, link->url.data);
        for (size_t k = 0; k < link->n_texts; k++)
            mci_buf_printf(out, NULL, "|%.*s=%.*s", (int)link->texts[k].key.len,
                           link->texts[k].key.data, (int)link->texts[k].text.len,
                           link->texts[k].text.data);
        mci_buf_byte(out, '>', NULL);
    }
    mci_buf_terminate(out, NULL);
}

/* NULL: the scanner read the page, and gave what Gumbo gives. Else why it asks. Fails if they
 * differ. got: what both found. */
static const char *read_page(fixture *f, mc_str text, mci_buf *got)
{
    const GumboNode *document;
    const char *why;
    mc_error err = { 0 };
    mci_page_reset(&f->scanned);
    mci_page_reset(&f->walked);
    f->n_pages++;
    mc_status status = mci_html_scan_images(f->scan, text, &f->scanned, &why, &err);
    if (status == MC_SKIPPED)
        return "refused"; /* before it kills Gumbo, and us with it */
    mc_status gumbos = mci_html_tree_parse(f->tree, text, &document, &err);
    if (gumbos == MC_OK)
        assert_int_equal(mci_html_walk_images(f->walk, document, &f->walked, &err), MC_OK);
    print_page(&f->walked, got);
    if (status == MC_END) {
        f->n_asked++;
        assert_non_null(why);
        return why;
    }
    mci_buf scanned = { 0 };
    print_page(&f->scanned, &scanned);
    bool is_same = status == gumbos && strcmp(scanned.data, got->data) == 0 &&
                   f->scanned.n_texts == f->walked.n_texts &&
                   f->scanned.n_empty_texts == f->walked.n_empty_texts;
    if (!is_same)
        fail_msg("the scanner gives %d \"%s\", Gumbo %d \"%s\" for: %.*s", (int)status,
                 scanned.data, (int)gumbos, got->data, (int)text.len, text.data);
    assert_null(why);
    mci_buf_release(&scanned);
    return NULL;
}

static const struct {
    const char *html, *want;
    const char *why; /* a part of what the scanner asks Gumbo for; NULL: it is sure */
} pages[] = {
    /* tags */
    { "", "", NULL },
    { "<", "", NULL },
    { "<img", "", NULL },
    { "<img src=a", "", NULL },
    { "<img src='a", "", NULL },
    { "<img src=a/>", "<a/>", NULL },
    { "<IMG\fSRC\n=\t'a'ALT=b>", "<a|alt=b>", NULL },
    { "<img src=a src=b alt alt=c title=d>", "<a|title=d>", NULL },
    { "<img alt=>", "", NULL },
    { "<img src= >", "<>", NULL },
    { "<img =src=a src=b>", "<b>", NULL },
    { "<img \"src=a' src=b>", "<b>", NULL },
    { "<img src=\"a>\" alt='<img src=c>'>", "<a>|alt=<img src=c>>", NULL },
    { "<img/src=a/alt=b>", "<a/alt=b>", NULL },
    { "<img src=a<b alt=\"x\"title='y'>", "<a<b|alt=x|title=y>", NULL },
    { "<imgx src=a><img-x src=b><img:x src=c>", "", NULL },
    { "<img src='a\r\nb\rc' alt=d>", "<a\nb\nc|alt=d>", NULL },
    { "</img src=a></p title='>'><img src=b>", "<b>", NULL },
    { "< img src=a><1><img src=b>", "<b>", NULL },
    /* what is no tag */
    { "<!-- <img src=a> --><img src=b>", "<b>", NULL },
    { "<!--><img src=a>--><!---><img src=b>", "<a><b>", NULL },
    { "<!----!><img src=a><!-- -- > --!><img src=b>", "<a><b>", NULL },
    { "<!--!><img src=a>--><!---!><img src=b>--><img src=c>", "<c>", NULL },
    { "<!-- --!-- ><img src=a>", "", NULL },
    { "<!x '><img src=a>'><?x ><img src=b></ x><img src=c></><img src=d><!>", "<a><b><c><d>",
      NULL },
    { "<!DOCTYPE html PUBLIC \"a>b\"><img src=a>", "<a>", NULL },
    { "<![CDATA[<img src=a>]]>", "", NULL },
    { "<![CDATA[x><img src=a>]]>", "<a>", NULL },
    { "<svg><![CDATA[<img src=a>]]></svg><img src=b>", "<b>", NULL },
    /* elements that hold text */
    { "<style></styl><img src=a></style/><img src=b>", "<b>", NULL },
    { "<textarea></TEXTAREA\n><img src=a>", "<a>", NULL },
    { "<title><img src=a></title x='><img src=b>'><img src=c>", "<c>", NULL },
    { "<title><!--</title><img src=a>--></title>", "<a>", NULL },
    { "<script><!--</script><img src=a>", "<a>", NULL },
    { "<script><!--<script></script><img src=a>--></script><img src=b>", "<b>", NULL },
    { "<script><!--<script>--></script><img src=a>", "<a>", NULL },
    { "<script><!--<script></script></script><img src=a>", "<a>", NULL },
    { "<script><!--<scriptx></script><img src=a>", "<a>", NULL },
    { "<script><!--><script></script><img src=a>", "<a>", NULL },
    { "<script><!---<script>-></script><img src=a>--></script><img src=b>", "<b>", NULL },
    { "<script><!--<script/</script /--></script><img src=b>", "<b>", NULL },
    { "<plaintext></plaintext><img src=a>", "", NULL },
    { "<noscript><style></noscript><img src=a></style></noscript><img src=b>", "<b>", NULL },
    /* tables */
    { "<table><tr><td><img src=a></td><img src=b></table>", "<b><a>", "moves" },
    { "<table><img src=a><tr><img src=b><td><img src=c></table>", "<a><b><c>", NULL },
    { "<table><td><table><td><img src=a></table><img src=b></table><img src=c>", "<a><b><c>",
      NULL },
    { "<table><caption><img src=a></table><img src=b>", "<a><b>", NULL },
    { "<table><td><img src=a><table><tr><img src=b><td><img src=c></table></table>", "<a><b><c>",
      NULL },
    { "<table><td><img src=a></th></caption></tbody><img src=b></table>", "<b><a>", "moves" },
    { "<table><thead><td><img src=a></tbody><img src=b></table>", "<a><b>", NULL },
    { "<table><td><img src=a><table></table><table><img src=b></table>", "<a><b>", NULL },
    { "<table><table><img src=a><td><img src=b></table>", "<a><b>", NULL },
    { "<td><img src=a></td><tr></table><img src=b>", "<a><b>", NULL },
    { "<base href=a><table><base href=b></table>", "a>", "base" },
    { "<table><base href=b><td><base href=a></table>", "b>", NULL },
    { "<b><table><td><object></table></b><b><img src=a>", "<a>", NULL },
    /* selects */
    { "<select><img src=a><title><img src=b></title></select><img src=c>", "<c>", NULL },
    { "<select><input><img src=a>", "<a>", NULL },
    { "<select><textarea></select><img src=a></textarea><img src=b>", "<b>", NULL },
    { "<select><select><img src=a>", "<a>", NULL },
    { "<select><script></select><img src=a></script><img src=b></select><img src=c>", "<c>", NULL },
    { "<select><svg><img src=a></svg></div></select><img src=b>", "<b>", NULL },
    { "<select><table><td><img src=a>", "", NULL },
    { "<table><td><select></tr><img src=a>", "<a>", NULL },
    { "<table><td><select></tfoot><img src=a></select><img src=b>", "<b>", NULL },
    { "<table><td><select><tr><img src=a>", "<a>", NULL },
    { "<select><template><img src=a></template></select>", "<a>", "select" },
    /* templates */
    { "<template><img src=a><base href=b></template><img src=c>", "b><a><c>", NULL },
    { "<template><table><td><img src=a></template><img src=b>", "<a><b>", NULL },
    { "<table><td><template></table><img src=a></template><img src=b></table>", "<a><b>", NULL },
    { "<template><td><img src=a></template>", "<a>", "template" },
    { "<template><col><img src=a></template><img src=b>", "<b>", "template" },
    { "</template><img src=a>", "<a>", NULL },
    /* svg and math */
    { "<svg><image src=a></image></svg><image src=b>", "<b>", NULL },
    { "<svg/><![CDATA[x><img src=a>", "<a>", NULL },
    { "<svg><style><img src=a>", "<a>", NULL },
    { "<svg><g><p><![CDATA[x><img src=a>", "<a>", NULL },
    { "<svg><font><image src=a></font></svg><svg><font face=x><image src=b>", "<b>", NULL },
    { "<svg><title>a</title><desc>b</desc></SVG><image src=c>", "<c>", NULL },
    { "<svg><title><img src=a></title></svg>", "<a>", "HTML inside" },
    { "<math><mi>x</mi><mo>+</mo></math><image src=a>", "<a>", NULL },
    { "<math><mi><img src=a></mi></math>", "<a>", "HTML inside" },
    { "<svg><mi><image src=a></mi></svg><image src=b>", "<b>", NULL },
    { "<div><svg></div><image src=a>", "<a>", "around" },
    /* the rest */
    { "<frameset><img src=a></frameset>", "", "frameset" },
    { "<img src=a></body></html><img src=b>", "<a><b>", NULL },
    { "<head><img src=a></head><img src=b>", "<a><b>", NULL },
    { "<img src='&#4294967361;'>", NULL, "number" },
};

static void scanner_and_gumbo_agree(void **state)
{
    mci_buf got = { 0 };
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        print_message("  case: %s\n", pages[i].html);
        const char *why = read_page(*state, mc_str_of(pages[i].html), &got);
        if (pages[i].want)
            assert_string_equal(got.data, pages[i].want);
        if (pages[i].why)
            assert_says(why ? why : "nothing asked", pages[i].why);
        else
            assert_null(why);
    }
    mci_buf_release(&got);
}

static void every_prefix_gives_the_same(void **state)
{
    mci_buf got = { 0 };
    for (size_t i = 0; i < COUNT_OF(pages); i++)
        for (size_t len = strlen(pages[i].html); len > 0; len--) {
            char *copy = malloc(len); /* so that a sanitizer sees the end */
            memcpy(copy, pages[i].html, len);
            read_page(*state, (mc_str){ copy, len }, &got);
            free(copy);
        }
    mci_buf_release(&got);
}

static void nuls_and_controls_are_taken_as_gumbo_takes_them(void **state)
{
    static const char html[] = "<img src=a\0b alt=\x01\x0B\xC2\x85\xEF\xBF\xBE\x7F title='\0'>"
                               "<im\0g src=c><img \0src=d><\0img src=e><img src\0=f src=g>"
                               "<img\0 src=h><img src=i>";
    mci_buf got = { 0 };
    for (size_t len = 0; len < sizeof html; len++)
        read_page(*state, (mc_str){ html, len }, &got);
    mci_buf_release(&got);
}

/* ---- references ---- */

static const struct {
    const char *name;
    uint32_t first, second;
} entities[] = {
#include "base/html_entities.inc"
};

static void every_named_reference_is_known(void **state)
{
    static const char *const behind[] = { "", ";", "x", "=", "1", " ", "&", "\xC3\xA9" };
    mci_buf html = { 0 }, got = { 0 };
    for (size_t i = 0; i < COUNT_OF(entities); i++) {
        mci_buf_clear(&html);
        for (size_t k = 0; k < COUNT_OF(behind); k++)
            mci_buf_printf(&html, NULL, "<img src='%zu' alt='&%s%s' title=&%s%s>", k,
                           entities[i].name, behind[k], entities[i].name, behind[k]);
        for (size_t len = 1; len < strlen(entities[i].name); len++)
            mci_buf_printf(&html, NULL, "<img src='&%.*s;&%.*s'>", (int)len, entities[i].name,
                           (int)len, entities[i].name);
        assert_null(read_page(*state, mci_buf_str(&html), &got));
    }
    mci_buf_release(&html);
    mci_buf_release(&got);
}

static void every_number_is_the_same_character(void **state)
{
    mci_buf html = { 0 }, got = { 0 };
    for (uint32_t first = 0; first < 0x110100; first += 256) {
        if (first == 0x1000)
            first = 0xD700; /* no news in between */
        if (first == 0x11000)
            first = 0x10FF00;
        mci_buf_clear(&html);
        for (uint32_t c = first; c < first + 256; c++)
            mci_buf_printf(&html, NULL, "<img src='&#%u;' alt=a&#x%Xg>", c, c);
        assert_null(read_page(*state, mci_buf_str(&html), &got));
    }
    assert_null(read_page(
        *state, mc_str_of("<img src='&#;&#x;&#xg;&#&#65&#0065;&#X41;&#2147483647;'>"), &got));
    assert_string_equal(got.data, "<&#;&#x;&#xg;&#AAA\xEF\xBF\xBD>");
    mci_buf_release(&html);
    mci_buf_release(&got);
}

static void values_without_references_are_not_copied(void **state)
{
    (void)state;
    mci_buf scratch = { 0 };
    mc_str raw = mc_str_of("a red car, \xE6\xBC\xA2"), value = { 0 };
    assert_int_equal(mci_html_value(raw, &scratch, &value, NULL), MC_OK);
    assert_ptr_equal(value.data, raw.data);
    assert_int_equal(value.len, raw.len);
    assert_null(scratch.data);
}

/* ---- limits ---- */

static void repeat(mci_buf *html, const char *before, const char *again, size_t n)
{
    mci_buf_clear(html);
    mci_buf_add(html, mc_str_of(before), NULL);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(mci_buf_add(html, mc_str_of(again), NULL), MC_OK);
    mci_buf_add(html, mc_str_of("<img src=z>"), NULL);
}

/* Repeated often, these nest, or seem to, or leave something behind each time. */
static const char *const growing[] = {
    "<div>",
    "<p>",
    "<p>a<b>",
    "<b><p></b></p>",
    "<i a=%zu>",
    "<a><div>",
    "<table><td>",
    "<table><td></table>",
    "<form><table><td></form></table></form>",
    "<b><table><td><object></table></b>",
    "<table><td><b><object></td></table>",
    "<div><object></div></object>",
    "<template>",
    "<template><table><td></template>",
    "<select><option>",
    "<svg><g>",
    "<svg><g></svg>",
    "<x-a></x-b>",
    "<li><ul>",
    "<dl><dt><dd></dl>",
    "<nobr><p></nobr>",
    "<optgroup>",
    "<form><div></form>",
    "<button><b></button>",
    "<marquee></div></marquee>",
    "<table><b>x<tr></table>",
    "</p>",
    "<!-- -->",
    "</x>",
    "&x",
    "<math><mi>",
    "<caption><table><caption></table>",
    "<div><div><div><div><div><div><div><table><td>",
};

static void limits_are_gumbos(void **state)
{
    mci_buf html = { 0 }, got = { 0 };
    static const size_t times[] = { 1, 7, 150, 1300, 2700 };
    for (size_t i = 0; i < COUNT_OF(growing); i++)
        for (size_t k = 0; k < COUNT_OF(times); k++) {
            repeat(&html, k % 2 ? "<i><b>" : "", growing[i], times[k]);
            read_page(*state, mci_buf_str(&html), &got);
        }
    mci_buf_release(&html);
    mci_buf_release(&got);
}

/* A tag that is not closed is dropped, but has filled a vector before. */
static void attributes_of_a_cut_tag_count(void **state)
{
    mci_buf html = { 0 }, got = { 0 };
    mci_buf_add(&html, mc_str_of("<img src=a><i"), NULL);
    for (int i = 0; i < 1100; i++)
        assert_int_equal(mci_buf_printf(&html, NULL, " a%d", i), MC_OK);
    const char *why = read_page(*state, mci_buf_str(&html), &got);
    assert_says(why ? why : "nothing asked", "attributes");
    mci_buf_release(&html);
    mci_buf_release(&got);
}

static void what_comes_near_a_limit_is_asked(void **state)
{
    static const struct {
        const char *again;
        size_t n;
        const char *why;
    } cases[] = {
        { "<div>", 1900, NULL },
        { "<div>", 2000, "deep" },
        { "<svg><g>", 300, "deep" },
        { "<table><td>", 300, "deep" },
        { "<u></u><i><i><i><i><i><table><td>", 200, "deep" },
        { "<body a b c d e f g h>", 100, "attributes" },
        { "</b>", 20000, "overlapping" },
        { "<template><p>", 150, "megabytes" },
    };
    mci_buf html = { 0 }, got = { 0 };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        repeat(&html, "", cases[i].again, cases[i].n);
        print_message("  case: %s\n", cases[i].again);
        const char *why = read_page(*state, mci_buf_str(&html), &got);
        if (cases[i].why)
            assert_says(why ? why : "nothing asked", cases[i].why);
        else
            assert_null(why);
    }
    mci_buf_release(&html);
    mci_buf_release(&got);
}

/* ---- random pages ---- */

static const char *const words[] = {
    "<img src=@>",
    "<img src=@>",
    "<img src=@>",
    "<img src='@' alt=\"x &amp; @\">",
    "<image src=@>",
    "<base href=@>",
    "text",
    " ",
    "\n",
    "&copy",
    "<!-- <img src=@> -->",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?x>",
    "<!DOCTYPE html>",
    "<input type=hidden>",
    "<svg/>",
    "<path d=a />",
    "<br>",
    "<font color=x>",
    "<i class=@>",
    "<script><!--<script>",
    "</script><x>",
    "<img alt='",
    "'>",
};

static const char *const elements[] = {
    "table",
    "table",
    "table",
    "tbody",
    "thead",
    "tr",
    "tr",
    "td",
    "td",
    "th",
    "td",
    "caption",
    "col",
    "colgroup",
    "select",
    "option",
    "optgroup",
    "template",
    "svg",
    "svg",
    "math",
    "title",
    "desc",
    "mi",
    "g",
    "foreignObject",
    "style",
    "script",
    "textarea",
    "xmp",
    "noscript",
    "iframe",
    "noframes",
    "frameset",
    "head",
    "html",
    "body",
    "a",
    "b",
    "i",
    "nobr",
    "font",
    "p",
    "div",
    "div",
    "span",
    "li",
    "ul",
    "dd",
    "dl",
    "h1",
    "form",
    "button",
    "object",
    "marquee",
    "input",
    "keygen",
    "hr",
    "pre",
    "ruby",
    "rt",
    "x-a",
    "isindex",
    "menuitem",
    "annotation-xml",
    "plaintext",
    "blockquote",
    "center",
    "link",
    "meta",
};

/* Mostly of HTML and tables at first, with more of the odd ones the larger n_elements is. */
static void make_page(test_random *random, mci_buf *html)
{
    size_t n = 1 + test_below(random, 40), n_elements = 1 + test_below(random, COUNT_OF(elements));
    unsigned next = 0;
    mci_buf_clear(html);
    while (n-- > 0) {
        size_t kind = test_below(random, 5);
        if (kind < 2) {
            for (const char *at = words[test_below(random, COUNT_OF(words))]; *at; at++)
                if (*at == '@') /* so that the order of images shows */
                    mci_buf_printf(html, NULL, "%u", next++);
                else
                    mci_buf_byte(html, *at, NULL);
        } else {
            const char *name = elements[test_below(random, n_elements)];
            mci_buf_printf(html, NULL, kind == 4 ? "</%s>" : "<%s>", name);
        }
    }
}

static void random_pages_give_the_same(void **state)
{
    fixture *f = *state;
    const char *asked_for = getenv("METACLIP_RANDOM_PAGES");
    size_t n = asked_for ? (size_t)strtoull(asked_for, NULL, 10) : 20000;
    test_random random = { 0x68746D6C + (asked_for ? n : 0) };
    mci_buf html = { 0 }, got = { 0 };
    f->n_pages = f->n_asked = 0;
    while (f->n_pages < n) {
        make_page(&random, &html);
        read_page(f, mci_buf_str(&html), &got);
    }
    print_message("  %zu pages, Gumbo asked for %zu\n", f->n_pages, f->n_asked);
    assert_true(f->n_asked < f->n_pages / 2); /* else little was compared */
    mci_buf_release(&html);
    mci_buf_release(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scanner_and_gumbo_agree),
        cmocka_unit_test(every_prefix_gives_the_same),
        cmocka_unit_test(nuls_and_controls_are_taken_as_gumbo_takes_them),
        cmocka_unit_test(every_named_reference_is_known),
        cmocka_unit_test(every_number_is_the_same_character),
        cmocka_unit_test(values_without_references_are_not_copied),
        cmocka_unit_test(limits_are_gumbos),
        cmocka_unit_test(attributes_of_a_cut_tag_count),
        cmocka_unit_test(what_comes_near_a_limit_is_asked),
        cmocka_unit_test(random_pages_give_the_same),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
