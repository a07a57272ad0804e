#include "io/http.h"

#include "packing.h"

static const struct {
    const char *name, *in;
    int status;
    const char *type, *charset, *body;
} messages[] = {
    { "plain", "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>", 200,
      "text/html; charset=utf-8", "utf-8", "<p>" },
    { "LF only", "HTTP/1.0 404\nA: b\n\nbody\n", 404, "", "", "body\n" },
    { "HTTP/2", "HTTP/2 301 \r\n\r\n", 301, "", "", "" },
    { "no status", "HTTP/1.1 two hundred\r\n\r\nx", 0, "", "", "x" },
    { "four digits", "HTTP/1.1 2000\r\n\r\nx", 0, "", "", "x" },
    { "no blank line", "HTTP/1.1 200 OK\r\nContent-Type: a/b", 200, "a/b", "", "" },
    { "status line only", "HTTP/1.1 200 OK", 200, "", "", "" },
    { "a folded value", "HTTP/1.1 200 OK\r\ncontent-TYPE:\r\n text/html;\r\n\tcharset=x\r\n\r\n.",
      200, "text/html;\r\n\tcharset=x", "x", "." },
    { "a quoted charset", "HTTP/1.1 200 OK\nContent-Type: a/b; x=y;charset = \"utf 8\" ;z\n\n.",
      200, "a/b; x=y;charset = \"utf 8\" ;z", "utf 8", "." },
    { "single quotes", "HTTP/1.1 200 OK\nContent-Type: a/b; CHARSET='gb2312'\n\n.", 200,
      "a/b; CHARSET='gb2312'", "gb2312", "." },
    { "an open quote", "HTTP/1.1 200 OK\nContent-Type: a/b; charset=\"koi8-r\n\n.", 200,
      "a/b; charset=\"koi8-r", "koi8-r", "." },
    { "no charset", "HTTP/1.1 200 OK\nContent-Type: charset=x\n\n.", 200, "charset=x", "", "." },
    { "two types", "HTTP/1.1 200 OK\nContent-Type: a/b\nContent-Type: c/d\nContent-Type:\n\n.", 200,
      "c/d", "", "." },
    { "lines without colon", "HTTP/1.1 200 OK\nnonsense\n:\n: x\nContent-Type: c/d\n\n.", 200,
      "c/d", "", "." },
    { "identity and nonsense",
      "HTTP/1.1 200 OK\nContent-Encoding: identity, UTF-8,, none\nTransfer-Encoding: identity\n\n.",
      200, "", "", "." },
    { "gzip that is not", "HTTP/1.1 200 OK\nContent-Encoding: gzip\n\n<p>", 200, "", "", "<p>" },
    { "deflate that is not", "HTTP/1.1 200 OK\nContent-Encoding: deflate\n\n<p>text</p>", 200, "",
      "", "<p>text</p>" },
    { "zstd that is not", "HTTP/1.1 200 OK\nContent-Encoding: zstd\n\n<p>text</p>", 200, "", "",
      "<p>text</p>" },
    { "an unknown encoding of nothing", "HTTP/1.1 200 OK\nContent-Encoding: br\n\n", 200, "", "",
      "" },
};

static void messages_give_status_type_charset_and_body(void **state)
{
    (void)state;
    mci_http http = { 0 };
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        print_message("  case: %s\n", messages[i].name);
        mci_http_response got;
        mc_error err = { 0 };
        assert_ok(mci_http_parse(&http, mc_str_of(messages[i].in), 1000, &got, &err), err);
        assert_int_equal(got.status, messages[i].status);
        assert_str(got.content_type, messages[i].type);
        assert_str(got.charset, messages[i].charset);
        assert_str(got.body, messages[i].body);
    }
    mci_http_release(&http);
}

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static const struct {
    const char *name, *in, *body;
} chunks[] = {
    { "two", CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde" },
    { "LF only", CHUNKED "3\nabc\n2\nde\n0\n\n", "abcde" },
    { "extensions and trailers", CHUNKED "3;a=b\r\nabc\r\n0; x\r\nDate: now\r\n\r\n", "abc" },
    { "hexadecimal, padded", CHUNKED "00A  \r\n0123456789\r\n0\r\n\r\n", "0123456789" },
    { "empty", CHUNKED "0\r\n\r\n", "" },
    { "nothing at all", CHUNKED, "" },
    { "cut in a chunk", CHUNKED "3\r\nabc\r\n10\r\nde", "abcde" },
    { "cut in a size", CHUNKED "3\r\nabc\r\n1", "abc" },
    { "cut after a chunk", CHUNKED "3\r\nabc\r\n", "abc" },
    { "broken later", CHUNKED "3\r\nabc\r\nzz\r\nde", "abc" },
    { "broken behind a later chunk", CHUNKED "3\r\nabc\r\n2\r\ndefg\r\n0\r\n", "abcde" },
    { "not chunked", CHUNKED "<!DOCTYPE html>\n", "<!DOCTYPE html>\n" },
    { "a number, not chunked", CHUNKED "3\nabcdef\n", "3\nabcdef\n" },
    { "a size beyond 64 bits", CHUNKED "fffffffffffffffff\r\nabc", "fffffffffffffffff\r\nabc" },
    { "a size of 64 bits", CHUNKED "ffffffffffffffff\r\nabc", "abc" },
    { "not marked", "HTTP/1.1 200 OK\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n" },
};

static void chunked_bodies_are_joined_as_far_as_they_go(void **state)
{
    (void)state;
    mci_http http = { 0 };
    for (size_t i = 0; i < COUNT_OF(chunks); i++) {
        print_message("  case: %s\n", chunks[i].name);
        mci_http_response got;
        mc_error err = { 0 };
        assert_ok(mci_http_parse(&http, mc_str_of(chunks[i].in), 1000, &got, &err), err);
        assert_str(got.body, chunks[i].body);
    }
    mci_http_release(&http);
}

static const struct {
    const char *name, *in, *says;
    int status;
} refusals[] = {
    { "nothing", "", "no HTTP message", 0 },
    { "no HTTP", "example.com. 300 IN A 1.2.3.4", "no HTTP message", 0 },
    { "brotli", "HTTP/1.1 200 OK\nContent-Encoding: br\n\nabc", "unknown encoding, \"br\"", 200 },
    { "a list with one", "HTTP/1.1 200 OK\nContent-Encoding: compress, gzip\n\nabc", "\"compress\"",
      200 },
    { "too long", "HTTP/1.1 200 OK\n\n12345678901", "has 11 bytes, the limit is 10", 200 },
};

static void what_cannot_be_read_is_named(void **state)
{
    (void)state;
    mci_http http = { 0 };
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        print_message("  case: %s\n", refusals[i].name);
        mci_http_response got;
        mc_error err = { 0 };
        mc_status status = mci_http_parse(&http, mc_str_of(refusals[i].in), 10, &got, &err);
        assert_int_equal(status, MC_SKIPPED);
        assert_says(err.text, refusals[i].says);
        assert_int_equal(got.status, refusals[i].status);
    }
    mci_http_release(&http);
}

/* ---- encodings ---- */

static void add_coded(mci_buf *out, const char *coding, mc_str bytes)
{
    if (strcmp(coding, "gzip") == 0 || strcmp(coding, "x-gzip") == 0)
        pack_gzip(out, bytes);
    else if (strcmp(coding, "zstd") == 0)
        pack_zstd(out, bytes);
    else
        pack_deflate(out, bytes, strcmp(coding, "zlib") == 0 ? IGZIP_ZLIB : IGZIP_DEFLATE);
}

static const struct {
    const char *header;    /* what the server says */
    const char *coding[3]; /* what it did, in this order */
} codings[] = {
    { "Content-Encoding: gzip", { "gzip" } },
    { "Content-Encoding: X-GZIP", { "x-gzip" } },
    { "Content-Encoding: deflate", { "zlib" } },
    { "Content-Encoding: deflate", { "raw" } },
    { "Content-Encoding: zstd", { "zstd" } },
    { "Content-Encoding: gzip, gzip", { "gzip", "gzip" } },
    { "Content-Encoding: gzip\r\nContent-Encoding: deflate", { "gzip", "zlib" } },
    { "Content-Encoding: deflate, gzip, zstd", { "raw", "gzip", "zstd" } },
    { "Transfer-Encoding: gzip", { "gzip" } },
    { "Transfer-Encoding: deflate\r\nContent-Encoding: gzip", { "gzip", "zlib" } },
    { "Content-Encoding: gzip, deflate", { "gzip" } }, /* it says more than it did */
};

/* As one message, chunked if asked; *plain is what its body must become. */
static void make_message(size_t i, bool is_chunked, mci_buf *message, mci_buf *plain)
{
    test_random random = { i };
    mci_buf body = { 0 };
    random_text(plain, 100000, &random);
    mci_buf_add(&body, mci_buf_str(plain), NULL);
    for (size_t j = 0; j < 3 && codings[i].coding[j]; j++) {
        mci_buf coded = { 0 };
        add_coded(&coded, codings[i].coding[j], mci_buf_str(&body));
        mci_buf_release(&body);
        body = coded;
    }
    mci_buf_printf(message, NULL, "HTTP/1.1 200 OK\r\n%s%s\r\n\r\n", codings[i].header,
                   is_chunked ? "\r\nTransfer-Encoding: chunked" : "");
    size_t half = body.len / 2;
    if (is_chunked)
        mci_buf_printf(message, NULL, "%zx\r\n", half);
    mci_buf_append(message, body.data, half, NULL);
    if (is_chunked)
        mci_buf_printf(message, NULL, "\r\n%zX;x\r\n", body.len - half);
    mci_buf_append(message, body.data + half, body.len - half, NULL);
    if (is_chunked)
        mci_buf_printf(message, NULL, "\r\n0\r\n\r\n");
    mci_buf_release(&body);
}

static void encodings_are_undone_in_reverse_order(void **state)
{
    (void)state;
    mci_http http = { 0 };
    for (size_t i = 0; i < 2 * COUNT_OF(codings); i++) {
        mci_buf message = { 0 }, plain = { 0 };
        print_message("  case: %s\n", codings[i / 2].header);
        make_message(i / 2, i % 2, &message, &plain);
        mci_http_response got;
        mc_error err = { 0 };
        assert_ok(mci_http_parse(&http, mci_buf_str(&message), 100000, &got, &err), err);
        assert_true(mc_str_equal(got.body, mci_buf_str(&plain)));
        mc_status status = mci_http_parse(&http, mci_buf_str(&message), 99999, &got, &err);
        assert_int_equal(status, MC_SKIPPED);
        mci_buf_release(&message);
        mci_buf_release(&plain);
    }
    mci_http_release(&http);
}

static void a_cut_body_gives_what_is_there(void **state)
{
    (void)state;
    mci_http http = { 0 };
    for (size_t i = 0; i < 5; i++) {
        mci_buf message = { 0 }, plain = { 0 };
        make_message(i, false, &message, &plain);
        for (size_t cut = 60; cut < message.len; cut += 997) {
            mc_str part = { message.data, cut };
            mci_http_response got;
            mc_error err = { 0 };
            assert_ok(mci_http_parse(&http, part, 100000, &got, &err), err);
            assert_true(got.body.len <= plain.len);
            assert_memory_equal(got.body.data, plain.data, got.body.len);
        }
        mci_buf_release(&message);
        mci_buf_release(&plain);
    }
    mci_http_release(&http);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_give_status_type_charset_and_body),
        cmocka_unit_test(chunked_bodies_are_joined_as_far_as_they_go),
        cmocka_unit_test(what_cannot_be_read_is_named),
        cmocka_unit_test(encodings_are_undone_in_reverse_order),
        cmocka_unit_test(a_cut_body_gives_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
