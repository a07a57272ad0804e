#include "io/wat.h"

#include "test.h"

typedef struct {
    mci_json *json;
    mci_buf scratch, shown;
    mci_page page;
    mc_error err;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    *state = f;
    return mci_json_new(&f->json, NULL);
}

static int tear_down(void **state)
{
    fixture *f = *state;
    mci_json_free(f->json);
    mci_buf_release(&f->scratch);
    mci_buf_release(&f->shown);
    mci_page_release(&f->page);
    free(f);
    return 0;
}

/* Links as "url|key=text|key=text;". */
static void show(fixture *f)
{
    mci_buf_clear(&f->shown);
    for (size_t i = 0; i < f->page.n_links; i++) {
        const mci_link *link = &f->page.links[i];
        mci_buf_add(&f->shown, link->url, NULL);
        for (size_t k = 0; k < link->n_texts; k++) {
            mci_buf_byte(&f->shown, '|', NULL);
            mci_buf_add(&f->shown, link->texts[k].key, NULL);
            mci_buf_byte(&f->shown, '=', NULL);
            mci_buf_add(&f->shown, link->texts[k].text, NULL);
        }
        mci_buf_byte(&f->shown, ';', NULL);
    }
}

#define LINKS(links)                                                                      \
    "{\"Envelope\":{\"Payload-Metadata\":{\"HTTP-Response-Metadata\":{\"HTML-Metadata\":" \
    "{\"Links\":" links "}}}}}"
#define IMAGE "\"path\":\"IMG@/src\",\"url\":\"u\""

static const struct {
    const char *name, *links, *want;
    uint64_t n_texts, n_empty;
} links[] = {
    { "none", "[]", "", 0, 0 },
    { "all keys, in our order",
      "[{" IMAGE ",\"data-image-title\":\"c\",\"title\":\"b\",\"alt\":\"a\"}]",
      "u|alt=a|title=b|data-image-title=c;", 3, 0 },
    { "without texts it stays a link", "[{" IMAGE "}]", "u;", 0, 0 },
    { "other keys are nothing", "[{" IMAGE ",\"ALT\":\"a\",\"text\":\"b\"}]", "u;", 0, 0 },
    { "key order", "[{\"alt\":\"a\",\"url\":\"u\",\"path\":\"IMG@/src\"}]", "u|alt=a;", 1, 0 },
    { "srcset counts too", "[{\"path\":\"IMG@/srcset\",\"url\":\"a 1x\"}]", "a 1x;", 0, 0 },
    { "other paths",
      "[{\"path\":\"A@/href\",\"url\":\"u\"},{\"path\":\"img@/src\",\"url\":\"u\"},"
      "{\"path\":\" IMG@/src\",\"url\":\"u\"},{\"path\":\"IMG@/sr\",\"url\":\"u\"}]",
      "", 0, 0 },
    { "no path", "[{\"url\":\"u\"},{\"path\":null,\"url\":\"u\"},{\"path\":1,\"url\":\"u\"}]", "",
      0, 0 },
    { "the last path wins", "[{\"path\":\"A@/href\"," IMAGE "}]", "u;", 0, 0 },
    { "an empty or null url is the page's",
      "[{\"path\":\"IMG@/src\",\"url\":\"\"},"
      "{\"path\":\"IMG@/src\",\"url\":null}]",
      ";;", 0, 0 },
    { "no url, or a wrong one",
      "[{\"path\":\"IMG@/src\",\"alt\":\"a\"},"
      "{\"path\":\"IMG@/src\",\"url\":7,\"alt\":\"a\"}]",
      "", 0, 0 },
    { "odd links", "[null,1,\"x\",[],{},true,{" IMAGE "}]", "u;", 0, 0 },
    { "odd texts", "[{" IMAGE ",\"alt\":null,\"title\":[\"x\"],\"data-image-title\":1}]", "u;", 0,
      0 },
    { "CR and LF are spaces", "[{" IMAGE ",\"alt\":\"a\\r\\nb\\nc\\td\"}]", "u|alt=a  b c\td;", 1,
      0 },
    { "trimmed", "[{" IMAGE ",\"alt\":\"\\r\\n \\u00a0a\\u3000\\u001f\\u0085\"}]", "u|alt=a;", 1,
      0 },
    { "not trimmed", "[{" IMAGE ",\"alt\":\"\\u200ba\\ufeff\"}]",
      "u|alt=\xE2\x80\x8B\x61\xEF\xBB\xBF;", 1, 0 },
    { "empty after trimming", "[{" IMAGE ",\"alt\":\"\",\"title\":\" \\n\\u3000\"}]", "u;", 2, 2 },
};

static void links_become_images_with_texts(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(links); i++) {
        print_message("  case: %s\n", links[i].name);
        char block[2048];
        snprintf(block, sizeof block,
                 "{\"Envelope\":{\"Payload-Metadata\":{\"HTTP-Response-Metadata\":"
                 "{\"HTML-Metadata\":{\"Links\":%s}}}}}",
                 links[i].links);
        assert_ok(mci_wat_images(f->json, &f->scratch, mc_str_of(block), &f->page, &f->err),
                  f->err);
        show(f);
        assert_str(mci_buf_str(&f->shown), links[i].want);
        assert_int_equal(f->page.n_texts, links[i].n_texts);
        assert_int_equal(f->page.n_empty_texts, links[i].n_empty);
    }
}

#define GOOD LINKS("[{" IMAGE "}]")

static const struct {
    const char *name, *block;
    mc_status want;
    uint64_t n_skipped_lines;
    const char *says;
} blocks[] = {
    { "one line", GOOD, MC_OK, 0, NULL },
    { "blank lines and space around", "\r\n \t\r\n " GOOD " \r\n\r\n", MC_OK, 0, NULL },
    { "only the first line counts", GOOD "\r\n{\"Envelope\":", MC_OK, 0, NULL },
    { "behind wrong UTF-8", "{\"a\":\"\xC3\"}\r\n" GOOD, MC_OK, 1, NULL },
    { "behind wrong JSON", "{\"a\":\"\n" GOOD, MC_OK, 1, NULL },
    { "behind no object", "[]\n7\n" GOOD, MC_OK, 2, NULL },
    { "NaN is a value",
      "{\"a\":NaN,"
      "\"Envelope\":{}}",
      MC_END, 0, NULL },
    { "a request", "{\"Envelope\":{\"Payload-Metadata\":{\"HTTP-Request-Metadata\":{}}}}", MC_END,
      0, NULL },
    { "no links",
      "{\"Envelope\":{\"Payload-Metadata\":{\"HTTP-Response-Metadata\":"
      "{\"HTML-Metadata\":{}}}}}",
      MC_END, 0, NULL },
    { "an odd envelope", "{\"Envelope\":[1]}", MC_END, 0, NULL },
    { "odd links", LINKS("{\"a\":1}"), MC_END, 0, NULL },
    { "the first object ends the search", "{}\n" GOOD, MC_END, 0, NULL },
    { "nothing", "", MC_SKIPPED, 0, "empty" },
    { "only blanks", "\r\n \r\n", MC_SKIPPED, 0, "empty" },
    { "no JSON", "Software-Info: x\r\nformat: y\r\n", MC_SKIPPED, 2,
      "no line can be read: not JSON" },
    { "a raw control character", "{\"a\":\"\x01\"}", MC_SKIPPED, 1, "unescaped" },
    { "no object", "[]", MC_SKIPPED, 1, "not an object" },
};

static void the_first_object_of_a_block_is_read(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        print_message("  case: %s\n", blocks[i].name);
        mc_status status =
            mci_wat_images(f->json, &f->scratch, mc_str_of(blocks[i].block), &f->page, &f->err);
        assert_int_equal(status, blocks[i].want);
        assert_int_equal(f->page.n_skipped_lines, blocks[i].n_skipped_lines);
        assert_int_equal(f->page.n_links, status == MC_OK);
        if (blocks[i].says)
            assert_says(f->err.text, blocks[i].says);
    }
}

static void uri_and_base_are_taken_where_they_are(void **state)
{
    fixture *f = *state;
    const char *full =
        "{\"Envelope\":{\"WARC-Header-Metadata\":{\"WARC-Target-URI\":\"http://x/\"},"
        "\"Payload-Metadata\":{\"HTTP-Response-Metadata\":{\"HTML-Metadata\":"
        "{\"Links\":[],\"Head\":{\"Base\":\"/b\\ud800\"}}}}}}";
    assert_ok(mci_wat_images(f->json, &f->scratch, mc_str_of(full), &f->page, &f->err), f->err);
    assert_str(f->page.uri, "http://x/");
    assert_true(f->page.has_base);
    assert_str(f->page.base, "/b\xEF\xBF\xBD");
    assert_int_equal(f->page.n_replaced, 1);
    assert_ok(mci_wat_images(f->json, &f->scratch, mc_str_of(GOOD), &f->page, &f->err), f->err);
    assert_str(f->page.uri, "");
    assert_false(f->page.has_base);
    assert_int_equal(f->page.n_replaced, 0);
}

static void no_prefix_of_a_record_gives_links(void **state)
{
    fixture *f = *state;
    const char *whole = LINKS("[{" IMAGE ",\"alt\":\"caf\xC3\xA9\"}]");
    for (size_t len = 0; len < strlen(whole); len++) {
        char *cut = malloc(len + 1);
        memcpy(cut, whole, len);
        mc_str block = { cut, len };
        assert_int_equal(mci_wat_images(f->json, &f->scratch, block, &f->page, NULL), MC_SKIPPED);
        assert_int_equal(f->page.n_links, 0);
        free(cut);
    }
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(links_become_images_with_texts),
        UNIT(the_first_object_of_a_block_is_read),
        UNIT(uri_and_base_are_taken_where_they_are),
        UNIT(no_prefix_of_a_record_gives_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
