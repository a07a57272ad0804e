/* What lines of HTTP answers are taken to mean. */
#include "test.h"

#include "pull/pull_headers.h"

static void ranges_are_read_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_one;
        uint64_t first, total;
    } cases[] = {
        { "bytes 5-9/10", true, 5, 10 },
        { "bytes 0-0/1", true, 0, 1 },
        { "Bytes 5-9/*", true, 5, MCI_NO_TOTAL },
        { "bytes */10", true, UINT64_MAX, 10 },
        { "bytes 5-18446744073709551613/18446744073709551614", true, 5,
          UINT64_C(18446744073709551614) },
        { "bytes 9-5/10", false, 0, 0 },
        { "bytes 5-10/10", false, 0, 0 },
        { "bytes 5-9/18446744073709551616", false, 0, 0 },
        { "bytes 5-9/10 ", false, 0, 0 },
        { "bytes 5-9", false, 0, 0 },
        { "bytes 5-/10", false, 0, 0 },
        { "bytes -9/10", false, 0, 0 },
        { "bytes 5-9/", false, 0, 0 },
        { "bytes=5-9/10", false, 0, 0 },
        { "items 5-9/10", false, 0, 0 },
        { "bytes ", false, 0, 0 },
        { "", false, 0, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t first = 1, total = 2;
        print_message("  case: \"%s\"\n", cases[i].text);
        assert_int_equal(mci_http_content_range(mc_str_of(cases[i].text), &first, &total),
                         cases[i].is_one);
        assert_true(first == (cases[i].is_one ? cases[i].first : 1));
        assert_true(total == (cases[i].is_one ? cases[i].total : 2));
    }
}

static mci_http_answer read_lines(const char *const *lines)
{
    mci_http_answer answer = { 0 };
    for (; *lines; lines++)
        mci_http_read_line(&answer, mc_str_of(*lines));
    return answer;
}

#define LINES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void the_last_answer_of_a_chain_counts(void **state)
{
    (void)state;
    mci_http_answer answer = read_lines(LINES(
        "HTTP/1.1 302 Found\r\n", "Content-Length: 7\r\n", "ETag: \"first\"\r\n",
        "X-Linked-ETag: \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"\r\n",
        "\r\n", "HTTP/2 200 \r\n", "content-length: 42\r\n", "ETAG:\"second\"\r\n", "\r\n"));
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.total, 42);
    assert_string_equal(answer.validator, "\"second\"");
    assert_string_equal(answer.sha256,
                        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
}

static void a_strong_etag_goes_before_a_date_and_a_weak_one_is_none(void **state)
{
    (void)state;
    static const char date[] = "Sat, 01 Jan 2022 00:00:00 GMT";
    static const char dated[] = "Last-Modified: Sat, 01 Jan 2022 00:00:00 GMT\r\n";
    mci_http_answer answer = read_lines(LINES("HTTP/1.1 200 OK", dated, "ETag: \"a\""));
    assert_string_equal(answer.validator, "\"a\"");
    answer = read_lines(LINES("HTTP/1.1 200 OK", "ETag: \"a\"", dated));
    assert_string_equal(answer.validator, "\"a\"");
    static const char *const none[] = { "ETag: W/\"a\"", "ETag: a",         "ETag: \"",    "ETag: ",
                                        "ETag: \"a b\"", "ETag: \"a\x01\"", "ETagx: \"a\"" };
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        answer = read_lines(LINES("HTTP/1.1 200 OK", dated, none[i]));
        assert_string_equal(answer.validator, date);
        answer = read_lines(LINES("HTTP/1.1 200 OK", none[i]));
        assert_string_equal(answer.validator, "");
    }
    char long_one[400] = "ETag: \"";
    memset(long_one + 7, 'x', 300);
    long_one[307] = '"';
    answer = read_lines(LINES("HTTP/1.1 200 OK", long_one));
    assert_string_equal(answer.validator, ""); /* half of it would be another */
}

static void lengths_and_waits_are_numbers_or_nothing(void **state)
{
    (void)state;
    mci_http_answer answer = read_lines(LINES("HTTP/1.1 200 OK", "Content-Length: 12x"));
    assert_true(answer.total == MCI_NO_TOTAL);
    answer = read_lines(LINES("HTTP/1.1 206 Partial Content", "Content-Length: 12"));
    assert_true(answer.total == MCI_NO_TOTAL && answer.first == UINT64_MAX);
    answer = read_lines(LINES("HTTP/1.1 200 OK", "Content-Range: bytes 5-9/10"));
    assert_true(answer.total == MCI_NO_TOTAL && answer.first == UINT64_MAX);
    answer = read_lines(LINES("HTTP/1.1 503 Busy", "Retry-After: 7"));
    assert_int_equal(answer.retry_after_s, 7);
    answer = read_lines(LINES("HTTP/1.1 503 Busy", "Retry-After: 99999999"));
    assert_int_equal(answer.retry_after_s, 60);
    answer = read_lines(LINES("HTTP/1.1 503 Busy", "Retry-After: Sat, 01 Jan 2022"));
    assert_int_equal(answer.retry_after_s, 0);
    answer = read_lines(LINES("HTTP/1.1 99999999999999999999 Odd"));
    assert_int_equal(answer.status, 0);
    answer = read_lines(LINES("HTTP/1.1"));
    assert_int_equal(answer.status, 0);
    answer = read_lines(LINES("HTTP/1.1 200 OK", "X-Linked-ETag: \"short\""));
    assert_string_equal(answer.sha256, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_read_exactly),
        cmocka_unit_test(the_last_answer_of_a_chain_counts),
        cmocka_unit_test(a_strong_etag_goes_before_a_date_and_a_weak_one_is_none),
        cmocka_unit_test(lengths_and_waits_are_numbers_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
