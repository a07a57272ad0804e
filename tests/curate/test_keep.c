/* Where records are from, written into them on request: which page, and which input. */
#include "base/buf.h"
#include "metaclip/metaclip.h"

#include "scratch.h"

static void add_archive_record(mci_buf *out, const char *type, const char *uri,
                               const char *content_type, const char *block)
{
    mci_buf_printf(out, NULL, "WARC/1.0\r\nWARC-Type: %s\r\n", type);
    if (*uri)
        mci_buf_printf(out, NULL, "WARC-Target-URI: %s\r\n", uri);
    mci_buf_printf(out, NULL, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s\r\n\r\n",
                   content_type, strlen(block), block);
}

/* A WAT record of a page with two images; without a url in its header if uri is empty. */
static void add_wat(mci_buf *out, const char *uri)
{
    add_archive_record(
        out, "metadata", uri, "application/json",
        "{\"Envelope\":{\"Payload-Metadata\":{\"HTTP-Response-Metadata\":{\"HTML-Metadata\":"
        "{\"Head\":{\"Base\":\"http://i.example/\"},\"Links\":["
        "{\"path\":\"IMG@/src\",\"url\":\"1.png\",\"alt\":\"a cat\"},"
        "{\"path\":\"IMG@/src\",\"url\":\"2.png\",\"alt\":\"a dog\"}]}}}}}");
}

static const char *make_archive(scratch *s, const char *name)
{
    mci_buf out = { 0 };
    add_wat(&out, "http://p.example/\"q\"\xFF");
    add_archive_record(&out, "response", "http://w.example/dir/", "application/http",
                       "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
                       "<base href='http://i.example/'><img src=3.png alt='a cow'>");
    add_wat(&out, "");
    scratch_file(s, name, out.data, out.len);
    mci_buf_release(&out);
    return name;
}

static const char *make_pairs(scratch *s, const char *name)
{
    scratch_text(
        s, name,
        "{\"uuid\":\"1\",\"url\":\"http://i.example/1\",\"texts\":[[\"alt\",\"a\"]]}\n"
        "{\"uuid\":\"2\",\"source\":\"elsewhere\",\"url\":\"\",\"texts\":[[\"alt\",\"b\"]],"
        "\"page_url\":\"http://x.example/\"}\n"
        "{\"uuid\":\"3\",\"url\":\"\",\"texts\":[[\"alt\",\"c\"]],"
        "\"n\":{\"source\":[1]},\"k\":\"\\\\\\\",\\\"source\\\":\"}\n"
        "{\"uuid\":\"4\",\"url\":\"\",\"texts\":[[\"alt\",\"d\"]],\"sourc\\u0065\":null}\n");
    return name;
}

/* What is written of one input, each record without what stands before its further members. */
static char *extras_of(scratch *s, const char *name, mc_extract_job job)
{
    const char *path = scratch_path(s, name), *out = scratch_path(s, "out");
    mc_summary summary = { 0 };
    mc_error err = { 0 };
    size_t len, n = 0;
    job.pool.inputs = &path;
    job.pool.n_inputs = 1;
    job.pool.n_threads = 2;
    job.out_path = out;
    job.keep_duplicates = true;
    assert_ok(mc_extract_run(&job, &summary, &err), err);
    char *text = test_read_file(out, &len);
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        const char *texts_end = strstr(line, "\"]]");
        assert_non_null(texts_end);
        size_t m = (size_t)(end + 1 - (texts_end + 3));
        memmove(text + n, texts_end + 3, m);
        n += m;
    }
    text[n] = '\0';
    return text;
}

static void assert_extras(scratch *s, const char *name, mc_extract_job job, const char *want)
{
    char *got = extras_of(s, name, job);
    assert_string_equal(got, want);
    free(got);
}

static const mc_extract_job page_url = { .pool.keep_page_url = true };
static const mc_extract_job source = { .pool.keep_source = true };
static const mc_extract_job both = { .pool = { .keep_page_url = true, .keep_source = true } };

static void records_of_pages_say_their_page_and_their_input(void **state)
{
    scratch *s = *state;
    const char *name = make_archive(s, "a.warc.wat");
    static const char want_page[] = ",\"page_url\":\"http://p.example/\\\"q\\\"\xEF\xBF\xBD\"}\n"
                                    ",\"page_url\":\"http://p.example/\\\"q\\\"\xEF\xBF\xBD\"}\n"
                                    ",\"page_url\":\"http://w.example/dir/\"}\n"
                                    "}\n}\n";
    static const char want_source[] = ",\"source\":\"a.warc.wat\"}\n,\"source\":\"a.warc.wat\"}\n"
                                      ",\"source\":\"a.warc.wat\"}\n,\"source\":\"a.warc.wat\"}\n"
                                      ",\"source\":\"a.warc.wat\"}\n";
    assert_extras(s, name, (mc_extract_job){ 0 }, "}\n}\n}\n}\n}\n");
    assert_extras(s, name, page_url, want_page);
    assert_extras(s, name, source, want_source);
    char *got = extras_of(s, name, both);
    assert_says(got, ",\"page_url\":\"http://w.example/dir/\",\"source\":\"a.warc.wat\"}\n"
                     ",\"source\":\"a.warc.wat\"}\n");
    free(got);
}

static void a_record_that_says_it_already_keeps_its_own(void **state)
{
    scratch *s = *state;
    const char *name = make_pairs(s, "p.jsonl");
    assert_extras(s, name, both,
                  ",\"source\":\"p.jsonl\"}\n"
                  ",\"source\":\"elsewhere\",\"page_url\":\"http://x.example/\"}\n"
                  ",\"n\":{\"source\":[1]},\"k\":\"\\\\\\\",\\\"source\\\":\","
                  "\"source\":\"p.jsonl\"}\n"
                  ",\"source\":null}\n");
}

/* What was kept once is not kept twice. */
static void a_second_reading_changes_nothing(void **state)
{
    scratch *s = *state;
    char *first = extras_of(s, make_archive(s, "a.warc"), both);
    assert_int_equal(rename(scratch_path(s, "out"), scratch_path(s, "again.jsonl")), 0);
    assert_extras(s, "again.jsonl", both, first);
    free(first);
}

static void the_input_is_named_by_its_path_where_names_are_paths(void **state)
{
    scratch *s = *state;
    const char *name = make_pairs(s, "p.jsonl");
    mc_extract_job by_path = source;
    by_path.names_from_paths = true;
    char want[256];
    snprintf(want, sizeof want, ",\"source\":\"%s\"}\n", scratch_path(s, name));
    char *got = extras_of(s, name, by_path);
    assert_says(got, want);
    free(got);
}

static void names_that_are_no_utf8_are_repaired(void **state)
{
    scratch *s = *state;
    char *got = extras_of(s, make_pairs(s, "p\xFF.jsonl"), source);
    assert_says(got, ",\"source\":\"p\xEF\xBF\xBD.jsonl\"}\n");
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records_of_pages_say_their_page_and_their_input,
                                        scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(a_record_that_says_it_already_keeps_its_own, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(a_second_reading_changes_nothing, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(the_input_is_named_by_its_path_where_names_are_paths,
                                        scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(names_that_are_no_utf8_are_repaired, scratch_open,
                                        scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
