/* Reading a WAT record by its tokens gives what parsing it gives, whatever the bytes. */
#include "io/wat_internal.h"
#include "test.h"

typedef struct {
    mci_json *json;
    mci_buf scratch, shown[2];
    mci_page page;
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
    mci_buf_release(&f->shown[0]);
    mci_buf_release(&f->shown[1]);
    mci_page_release(&f->page);
    free(f);
    return 0;
}

/* All that a reader answered. */
static void show(const mci_page *page, mc_status status, mci_buf *out)
{
    mci_buf_clear(out);
    mci_buf_printf(out, NULL, "%d %d uri %.*s base %d %.*s texts %d %d replaced %d lines %d\n",
                   (int)status, (int)page->n_links, (int)page->uri.len, page->uri.data,
                   page->has_base, (int)page->base.len, page->base.data, (int)page->n_texts,
                   (int)page->n_empty_texts, (int)page->n_replaced, (int)page->n_skipped_lines);
    for (size_t i = 0; i < page->n_links; i++) {
        const mci_link *link = &page->links[i];
        mci_buf_add(out, link->url, NULL);
        for (size_t k = 0; k < link->n_texts; k++) {
            mci_buf_byte(out, '|', NULL);
            mci_buf_add(out, link->texts[k].key, NULL);
            mci_buf_byte(out, '=', NULL);
            mci_buf_add(out, link->texts[k].text, NULL);
        }
        mci_buf_byte(out, '\n', NULL);
    }
}

/* Both ways, over a copy whose end a sanitizer watches. */
static void expect_the_same(fixture *f, mc_str text)
{
    char *bytes = malloc(text.len + 1);
    mc_str block = { bytes, text.len };
    memcpy(bytes, text.data, text.len);
    bytes = realloc(bytes, text.len ? text.len : 1);
    block.data = bytes;
    mc_status status = mci_wat_images(f->json, &f->scratch, block, &f->page, NULL);
    if (status == MC_END) /* then the page says nothing */
        mci_page_reset(&f->page);
    show(&f->page, status, &f->shown[0]);
    status = mci_wat_parse(f->json, &f->scratch, block, &f->page, NULL);
    if (status == MC_END)
        mci_page_reset(&f->page);
    show(&f->page, status, &f->shown[1]);
    if (!mc_str_equal(mci_buf_str(&f->shown[0]), mci_buf_str(&f->shown[1])))
        fail_msg("%.*s\ngives %.*s, not %.*s", (int)text.len, text.data, (int)f->shown[0].len,
                 f->shown[0].data, (int)f->shown[1].len, f->shown[1].data);
    free(bytes);
}

#define RECORD(head, links)                                                                     \
    "{\"Envelope\":{\"Format\":\"WARC\",\"n\":[1,-20,{\"a\":true}],\"WARC-Header-Metadata\":"   \
    "{\"WARC-Target-URI\":\"http://a.example/b\"},\"Payload-Metadata\":{\"Trailing\":\"CRLF\"," \
    "\"HTTP-Response-Metadata\":{\"Headers\":{\"Server\":\"x\"},\"HTML-Metadata\":{" head       \
    "\"Links\":[" links "]},\"Entity-Length\":\"7\"}}},\"Container\":{\"Compressed\":true}}"

static const char *const usual[] = {
    RECORD("", ""),
    RECORD("\"Head\":{\"Title\":\"t\",\"Base\":\"/c/\"},",
           "{\"path\":\"IMG@/src\",\"url\":\"1.png\",\"alt\":\"one\",\"title\":\" two \"}"),
    RECORD("", "{\"path\":\"A@/href\",\"url\":\"x\",\"text\":\"y\"},"
               "{\"alt\":\"caf\xC3\xA9\",\"url\":\"2.png\",\"path\":\"IMG@/src\"},"
               "{\"path\":\"IMG@/src\",\"url\":null,\"data-image-title\":\"d\"}"),
    RECORD("", "{\"path\":\"IMG@/src\",\"url\":\"a\\/b\",\"alt\":\"\\\"q\\\" \\u00e9\\r\\n\\ud83d"
               "\\ude00\\u0000z\"},{\"path\":\"IMG@\\/src\",\"url\":\"3\",\"alt\":\"\\u0020\"}"),
    RECORD("\"x\":{\"y\":[[],{},[[0]],null,false]},",
           "null,[],{},7,\"s\",{ \"path\" : \"IMG@/src\" ,\t\"url\":\"4\" , \"alt\":[1] } "),
    "{}",
    "{\"Envelope\":{\"Payload-Metadata\":{\"HTTP-Request-Metadata\":{}}}}",
    "{\"Envelope\":[]}",
    " \t{ \"a\" : [ ] }\r",
};

/* Sound, or nearly; too rare to be read here. */
static const char *const odd[] = {
    "[]",
    "7",
    "{\"a\":NaN}",
    "{\"a\":1.5}",
    "{\"a\":1e3}",
    "{\"a\":01}",
    "{\"a\":1234567890123456789012}",
    "{\"Envelope\":{},\"Envelope\":{}}",
    "{\"Envel\\u006fpe\":{}}",
    "{\"a\":\"\\ud800\"}",
    "{\"a\":\"\\x\"}",
    "{\"a\":\"\x01\"}",
    "{\"a\":\"\xC3\"}",
    "{\"a\":1}x",
    "{\"a\":1}{}",
    "{\"a\":1,}",
    "{\"a\"}",
    "{\"a\":tru}",
    "{\"a\":truex}",
    "{\"a\":1\"b\":2}",
    "{\"a\":\"b\"\\\"}",
    "{\"a\":[1,]}",
    "{\"a\":[1}",
    "{\"a\":\"b}",
    RECORD("\"Links\":[],", ""),
    RECORD("", "{\"p\\u0061th\":\"IMG@/src\",\"url\":\"5\"}"),
    RECORD("", "{\"path\":\"IMG@/src\",\"url\":\"\\udc00\"}"),
};

static void usual_records_need_no_parser(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(usual); i++) {
        print_message("  case: %s\n", usual[i]);
        mci_page_reset(&f->page);
        mc_status status = mci_wat_scan(f->json, mc_str_of(usual[i]), &f->page, NULL);
        assert_true(status == MC_OK || status == MC_END);
        expect_the_same(f, mc_str_of(usual[i]));
    }
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        print_message("  case: %s\n", odd[i]);
        mci_page_reset(&f->page);
        assert_int_equal(mci_wat_scan(f->json, mc_str_of(odd[i]), &f->page, NULL), MC_SKIPPED);
        expect_the_same(f, mc_str_of(odd[i]));
    }
}

static void every_prefix_is_the_same(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(usual); i++)
        for (size_t n = 0; n <= strlen(usual[i]); n++)
            expect_the_same(f, (mc_str){ usual[i], n });
}

/* At the depth that is passed over here, and around the parser's own limit. */
static void depth_is_the_same(void **state)
{
    fixture *f = *state;
    static const int depths[] = { 62, 63, 64, 65, 66, 998, 999, 1000, 1001 };
    for (size_t i = 0; i < COUNT_OF(depths); i++) {
        mci_buf text = { 0 };
        mci_buf_printf(&text, NULL, "{\"a\":");
        for (int k = 0; k < depths[i]; k++)
            mci_buf_add(&text, mc_str_of(k % 2 ? "{\"b\":" : "["), NULL);
        mci_buf_byte(&text, '1', NULL);
        for (int k = depths[i]; k-- > 0;)
            mci_buf_byte(&text, k % 2 ? '}' : ']', NULL);
        mci_buf_byte(&text, '}', NULL);
        expect_the_same(f, mci_buf_str(&text));
        mci_buf_release(&text);
    }
}

/* ---- random changes ---- */

static const char *const pieces[] = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    " ",
    "\n",
    "\\\"",
    "\\\\",
    "\\u0041",
    "\\ud83d",
    "\\ude00",
    "\\n",
    "null",
    "true",
    "NaN",
    "-1",
    "0",
    "1e5",
    "\"\"",
    "\"path\":",
    "\"url\":\"v\"",
    "\"alt\":\"w\"",
    "\"Links\":[]",
    "\"Envelope\":",
    "\"IMG@/src\"",
    "\xC3\xA9",
    "\xFF",
    "\x01",
    "{\"path\":\"IMG@/src\",\"url\":\"6\",\"title\":\"v\"},",
};

static void change(test_random *random, mci_buf *text)
{
    size_t at = test_below(random, text->len + 1), left = text->len - at;
    size_t n = test_below(random, 3) ? 0 : test_below(random, left < 12 ? left + 1 : 12);
    mc_str piece =
        mc_str_of(test_below(random, 4) ? pieces[test_below(random, COUNT_OF(pieces))] : "");
    mci_buf_reserve(text, piece.len, NULL);
    memmove(text->data + at + piece.len, text->data + at + n, left - n);
    memcpy(text->data + at, piece.data, piece.len);
    text->len += piece.len - n;
}

static void changed_records_are_the_same(void **state)
{
    fixture *f = *state;
    test_random random = { 5 };
    mci_buf text = { 0 };
    for (int round = 0; round < 60000; round++) {
        mci_buf_clear(&text);
        mci_buf_add(&text, mc_str_of(usual[test_below(&random, COUNT_OF(usual))]), NULL);
        for (size_t n = 1 + test_below(&random, 4); n > 0; n--)
            change(&random, &text);
        expect_the_same(f, mci_buf_str(&text));
    }
    mci_buf_release(&text);
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(usual_records_need_no_parser),
        UNIT(every_prefix_is_the_same),
        UNIT(depth_is_the_same),
        UNIT(changed_records_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
