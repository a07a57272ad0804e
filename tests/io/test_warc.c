#include "io/warc.h"

#include <unistd.h>

#include "io/stream_internal.h"
#include "packing.h"

/* What a reader answers, as text: "R" response, "M" metadata, "C" conversion, "O" other, each with
 * its uri and block, "S" skipped, "F" no archive, "." the end. */
static void trace(mci_stream *stream, uint64_t max_record_bytes, mci_buf *out, mc_error *last)
{
    static const char letters[] = { 'O', 'R', 'M', 'C' };
    mci_warc *warc = NULL;
    mc_error err = { 0 };
    mci_buf_clear(out);
    assert_ok(mci_warc_open(stream, max_record_bytes, &warc, &err), err);
    mc_status status = MC_OK;
    for (int n = 0; status >= 0 && status != MC_END; n++) {
        assert_true(n < 10000);
        mci_warc_record record;
        status = mci_warc_next(warc, &record, &err);
        if (status == MC_OK) {
            mci_buf_byte(out, letters[record.type], NULL);
            mci_buf_add(out, record.target_uri, NULL);
            mci_buf_byte(out, '[', NULL);
            mci_buf_add(out, record.block, NULL);
            mci_buf_byte(out, ']', NULL);
            continue;
        }
        if (status == MC_SKIPPED && last)
            *last = err;
        if (status < 0 && last)
            *last = err;
        mci_buf_byte(out, status == MC_SKIPPED ? 'S' : status == MC_END ? '.' : 'F', NULL);
    }
    mci_warc_close(warc);
}

static void trace_bytes(mc_str file, size_t piece, mci_buf *out, mc_error *last)
{
    mci_stream *stream = NULL;
    mc_error err = { 0 };
    assert_ok(mci_stream_open_pieces(file, piece, &stream, &err), err);
    trace(stream, 100000, out, last);
    mci_stream_close(stream);
}

#define INFO "WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 4\r\n\r\ninfo\r\n\r\n"
#define PAGE(x)                                                                              \
    "WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: http://" x "/\r\nContent-Length: 6" \
    "\r\n\r\n<" x ">\r\n\r\n\r\n"
#define A      PAGE("aa")
#define B      PAGE("bb")
#define HEAD   "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: u\r\n"
#define WANT_A "Rhttp://aa/[<aa>\r\n]"
#define WANT_B "Rhttp://bb/[<bb>\r\n]"

static const struct {
    const char *name, *in, *want, *says;
} cases[] = {
    { "an empty file", "", ".", NULL },
    { "records of all kinds", INFO A "WARC/1.0\nWARC-Type: metadata\nContent-Length: 2\n\nxy\n\n" B,
      "O[]" WANT_A "M[xy]" WANT_B ".", NULL },
    { "names and types in any case",
      "WARC/0.18\nwarc-TYPE: Conversion\nCONTENT-length : 1\nwarc-target-uri:u\n\nx", "Cu[x].",
      NULL },
    { "folded lines", HEAD "X-Note: a\r\n  b\r\n\tc\r\nContent-Length:\r\n 1\r\n\r\nx", "Ru[x].",
      NULL },
    { "a folded uri",
      "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: <http://a/\r\n >\r\n"
      "Content-Length: 0\r\n\r\n",
      "Rhttp://a/   [].", NULL },
    { "wget's brackets", HEAD "WARC-Target-URI: <no>\r\nContent-Length: 0\r\n\r\n", "Ru[].", NULL },
    { "no line ends between records", HEAD "Content-Length: 1\r\n\r\nx" A, "Ru[x]" WANT_A ".",
      NULL },
    { "many line ends between records", "\r\n\n" A "\r\n\r\n\r\n\n\n\n" B "\n\n\n",
      WANT_A WANT_B ".", NULL },
    { "a line without colon", HEAD "what is this\r\nContent-Length: 1\r\n\r\nx", "Ru[x].", NULL },
    { "no length", HEAD "\r\nWARC\r\n\r\n" A, "S" WANT_A ".", "has no Content-Length" },
    { "a negative length", HEAD "Content-Length: -1\r\n\r\nx" A B, "S" WANT_B ".", "\"-1\"" },
    { "2^63", HEAD "Content-Length: 9223372036854775808\r\n\r\nx\r\n" A, "S" WANT_A ".",
      "is no length" },
    { "2^63 - 1", HEAD "Content-Length: 9223372036854775807\r\n\r\nx\r\n" A, "S" WANT_A ".",
      "is cut" },
    { "2^64 and more", HEAD "Content-Length: 99999999999999999999999999\r\n\r\nx\r\n" A,
      "S" WANT_A ".", "is no length" },
    { "an empty length", HEAD "Content-Length: \r\n\r\nx\r\n" A, "S" WANT_A ".", "is no length" },
    { "hexadecimal", HEAD "Content-Length: 0x1\r\n\r\nx\r\n" A, "S" WANT_A ".", "is no length" },
    { "longer than what is left", A HEAD "Content-Length: 9\r\n\r\n12345678", WANT_A "S.",
      "it is cut" },
    { "another kind that is cut", A "WARC/1.0\r\nContent-Length: 9\r\n\r\n1234", WANT_A "S.",
      "it is cut" },
    { "a length that is too short", HEAD "Content-Length: 2\r\n\r\nxyz\r\n\r\n" A,
      "Ru[xy]S" WANT_A ".", "no record begins at offset" },
    { "a header that never ends", A HEAD "Content-Le", WANT_A "S.", "header is cut" },
    { "a header that runs into the next", HEAD "Content-Le\r\n" A, "S" WANT_A ".",
      "another record begins" },
    { "half a magic", "WAR", "S.", "header is cut" },
    { "no archive", "<!DOCTYPE html>", "F", "no WARC file" },
    { "ARC", "filedesc://x.arc 0.0.0.0 2008 text/plain 77\n1 0 CDX\n", "F", "this is an ARC file" },
    { "junk at the end", A "junk, no end of line", WANT_A "S.", "no record begins" },
};

static void records_come_out_whatever_stands_between(void **state)
{
    (void)state;
    mci_buf got = { 0 }, packed = { 0 };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("  case: %s\n", cases[i].name);
        mc_error last = { 0 };
        trace_bytes(mc_str_of(cases[i].in), SIZE_MAX, &got, &last);
        assert_str(mci_buf_str(&got), cases[i].want);
        if (cases[i].says)
            assert_says(last.text, cases[i].says);
        if (strncmp(cases[i].name, "2^63", 4) == 0)
            continue; /* nobody knows how much is left in a compressed file */
        mci_buf_clear(&packed);
        pack_gzip(&packed, mc_str_of(cases[i].in));
        trace_bytes(mci_buf_str(&packed), 7, &got, NULL);
        assert_str(mci_buf_str(&got), cases[i].want);
    }
    mci_buf_release(&got);
    mci_buf_release(&packed);
}

static void a_record_tells_where_it_is_and_what_it_holds(void **state)
{
    (void)state;
    mc_str file = mc_str_of(INFO "\r\nWARC/1.0\r\nWARC-Type: response\r\n"
                                 "WARC-Target-URI: <http://a b/>\r\nContent-Type:  a/b; c=d \r\n"
                                 "WARC-Record-ID: <urn:uuid:1>\r\nContent-Length: 3\r\n\r\nabc");
    mci_stream *stream = NULL;
    mci_warc *warc = NULL;
    mc_error err = { 0 };
    mci_warc_record record;
    assert_ok(mci_stream_open_bytes(file, &stream, &err), err);
    assert_ok(mci_warc_open(stream, 100, &warc, &err), err);
    assert_ok(mci_warc_next(warc, &record, &err), err);
    assert_int_equal(record.type, MCI_WARC_OTHER);
    assert_int_equal(record.n_bytes, 4);
    assert_int_equal(record.offset, 0);
    assert_ok(mci_warc_next(warc, &record, &err), err);
    assert_int_equal(record.offset, strlen(INFO) + 2);
    assert_int_equal(record.n_bytes, 3);
    assert_str(record.target_uri, "http://a b/");
    assert_str(record.content_type, "a/b; c=d");
    assert_str(record.record_id, "<urn:uuid:1>");
    assert_str(record.block, "abc");
    mci_warc_close(warc);
    mci_stream_close(stream);
}

static void a_block_beyond_the_limit_is_passed_over(void **state)
{
    (void)state;
    mci_buf file = { 0 }, packed = { 0 }, got = { 0 };
    mci_buf_add(&file, mc_str_of(A HEAD "Content-Length: 3000000\r\n\r\n"), NULL);
    assert_int_equal(mci_buf_reserve(&file, 3000100, NULL), MC_OK);
    memset(file.data + file.len, '\n', 3000000);
    file.len += 3000000;
    mci_buf_add(&file, mc_str_of(B), NULL);
    pack_gzip(&packed, mci_buf_str(&file));
    mc_error last = { 0 };
    trace_bytes(mci_buf_str(&file), SIZE_MAX, &got, &last);
    assert_str(mci_buf_str(&got), WANT_A "S" WANT_B ".");
    assert_says(last.text, "has 3000000 bytes, the limit is 100000");
    trace_bytes(mci_buf_str(&packed), 1000, &got, &last);
    assert_str(mci_buf_str(&got), WANT_A "S" WANT_B ".");
    mci_buf_release(&file);
    mci_buf_release(&packed);
    mci_buf_release(&got);
}

static void a_header_without_end_is_left(void **state)
{
    (void)state;
    mci_buf file = { 0 }, got = { 0 };
    mci_buf_add(&file, mc_str_of(A HEAD), NULL);
    for (int i = 0; i < 300000; i++)
        mci_buf_add(&file, mc_str_of("X: y\r\n"), NULL);
    mci_buf_add(&file, mc_str_of(B), NULL);
    trace_bytes(mci_buf_str(&file), SIZE_MAX, &got, NULL);
    assert_str(mci_buf_str(&got), WANT_A "S" WANT_B ".");
    mci_buf_release(&file);
    mci_buf_release(&got);
}

/* ---- every prefix, every wrong byte ---- */

enum { N_RECORDS = 4 };
static const char *const records[N_RECORDS] = { INFO, A, INFO, B };
static const char *const wants[N_RECORDS] = { "O[]", WANT_A, "O[]", WANT_B };

typedef struct {
    mci_buf bytes;
    size_t ends[N_RECORDS]; /* of the records in the file */
} fixture;

static fixture make(bool is_packed)
{
    fixture made = { 0 };
    for (size_t i = 0; i < N_RECORDS; i++) {
        if (is_packed)
            pack_gzip(&made.bytes, mc_str_of(records[i]));
        else
            mci_buf_add(&made.bytes, mc_str_of(records[i]), NULL);
        made.ends[i] = made.bytes.len;
    }
    return made;
}

/* What is told of the records from..to. */
static void wanted(size_t from, size_t to, mci_buf *out)
{
    mci_buf_clear(out);
    for (size_t i = from; i < to; i++)
        mci_buf_add(out, mc_str_of(wants[i]), NULL);
}

static bool begins_with(const mci_buf *text, const mci_buf *start)
{
    return text->len >= start->len &&
           (start->len == 0 || memcmp(text->data, start->data, start->len) == 0);
}

static void every_prefix_gives_the_records_before_the_cut(void **state)
{
    (void)state;
    for (int is_packed = 0; is_packed < 2; is_packed++) {
        fixture file = make(is_packed);
        mci_buf got = { 0 }, want = { 0 };
        for (size_t n = is_packed ? 2 : 0; n <= file.bytes.len; n++) {
            size_t n_whole = 0;
            while (n_whole < N_RECORDS && file.ends[n_whole] <= n)
                n_whole++;
            mc_str cut = { file.bytes.data, n };
            trace_bytes(cut, n % 2 ? SIZE_MAX : 5, &got, NULL);
            wanted(0, n_whole, &want);
            assert_true(begins_with(&got, &want));
            /* then at most the record whose line ends are cut, one gap, the end */
            assert_true(got.len > 0 && got.data[got.len - 1] == '.');
            size_t n_skipped = 0;
            for (size_t i = want.len; i < got.len; i++)
                n_skipped += got.data[i] == 'S';
            assert_in_range(n_skipped, 0, 1);
        }
        mci_buf_release(&got);
        mci_buf_release(&want);
        mci_buf_release(&file.bytes);
    }
}

static bool ends_with(const mci_buf *text, const mci_buf *end)
{
    return text->len > end->len && (end->len == 0 || memcmp(text->data + text->len - 1 - end->len,
                                                            end->data, end->len) == 0);
}

/* Packed records are on their own: damage costs one. Plain ones have their lengths only, so a wrong
 * one may cost the next as well. */
static void a_wrong_byte_costs_its_record_and_no_other(void **state)
{
    (void)state;
    for (int is_packed = 0; is_packed < 2; is_packed++) {
        fixture file = make(is_packed);
        mci_buf got = { 0 }, want = { 0 };
        for (size_t at = is_packed ? 2 : 1; at < file.bytes.len; at++) {
            size_t i = 0;
            while (file.ends[i] <= at)
                i++;
            file.bytes.data[at] ^= (char)(1 << at % 8);
            trace_bytes(mci_buf_str(&file.bytes), SIZE_MAX, &got, NULL);
            file.bytes.data[at] ^= (char)(1 << at % 8);
            if (i == 0 && got.data[0] == 'F')
                continue; /* the very start says what it is */
            wanted(0, i, &want);
            assert_true(begins_with(&got, &want));
            size_t next = is_packed ? i + 1 : i + 2;
            wanted(next < N_RECORDS ? next : N_RECORDS, N_RECORDS, &want);
            if (!ends_with(&got, &want))
                print_error("at %zu: %.*s\n", at, (int)got.len, got.data);
            assert_true(ends_with(&got, &want));
        }
        mci_buf_release(&got);
        mci_buf_release(&want);
        mci_buf_release(&file.bytes);
    }
}

static void a_gap_at_the_very_start_is_no_reason_to_give_up(void **state)
{
    (void)state;
    mci_buf file = { 0 }, got = { 0 };
    pack_gzip(&file, mc_str_of(A));
    size_t second = file.len;
    file.data[2] = 9; /* an unknown method */
    pack_gzip(&file, mc_str_of("the rest of a record\r\n" B));
    assert_true(second < file.len);
    trace_bytes(mci_buf_str(&file), SIZE_MAX, &got, NULL);
    assert_str(mci_buf_str(&got), "S" WANT_B ".");
    mci_buf_release(&file);
    mci_buf_release(&got);
}

/* ---- real files ---- */

static const struct {
    const char *name;
    int n[4], n_skipped; /* other, response, metadata, conversion */
} real[] = {
    { "IAH-urls-wget.warc.gz", { 20, 16, 0, 0 }, 0 },
    { "aut-example.txt.warc.gz", { 4, 2, 0, 0 }, 0 },
    { "aut-issue-493.warc", { 22, 10, 0, 0 }, 0 },
    { "clipped.warc.gz", { 0, 0, 0, 0 }, 1 },
    { "empty.gz", { 0, 0, 0, 0 }, 0 },
    { "example-bad-non-chunked.warc.gz", { 5, 1, 0, 0 }, 0 },
    { "example-bad.warc.gz.bad", { 4, 2, 0, 0 }, 0 },
    { "example-iana.org-chunked.warc", { 2, 1, 0, 0 }, 0 },
    { "example-resource.warc.gz", { 3, 0, 0, 0 }, 0 },
    { "example-space-in-target-uri.warc.gz", { 2, 0, 0, 0 }, 0 },
    { "example-trunc.warc", { 3, 1, 0, 0 }, 1 }, /* two bytes too many behind a record */
    { "example-wget-bad-target-uri.warc.gz", { 4, 1, 1, 0 }, 0 },
    { "example.warc", { 5, 1, 0, 0 }, 0 },
    { "example.warc.gz", { 5, 1, 0, 0 }, 0 },
    { "html-lang-attribute.warc", { 0, 5, 0, 0 }, 0 },
    { "link-extraction-test.warc", { 1, 9, 0, 0 }, 0 },
    { "mutliple-headers.warc", { 0, 1, 0, 0 }, 0 },
    { "warcfile.warc.gz", { 18, 16, 16, 0 }, 0 },
    { "whirlwind.warc.gz", { 2, 1, 1, 0 }, 0 },
    { "whirlwind.warc.wat.gz", { 1, 0, 1, 0 }, 0 },
    { "whirlwind.warc.wet.gz", { 1, 0, 0, 1 }, 0 },
};

static void count_records(const char *path, int n[4], int *n_skipped)
{
    mci_stream *stream = NULL;
    mci_warc *warc = NULL;
    mc_error err = { 0 };
    assert_ok(mci_stream_open(path, &stream, &err), err);
    assert_ok(mci_warc_open(stream, 64 << 20, &warc, &err), err);
    mc_status status = MC_OK;
    while (status != MC_END) {
        mci_warc_record record;
        status = mci_warc_next(warc, &record, &err);
        assert_true(status >= 0);
        if (status == MC_OK) {
            n[record.type]++;
            assert_true(record.target_uri.len == 0 || record.target_uri.data[0] != '<');
        }
        *n_skipped += status == MC_SKIPPED;
    }
    mci_warc_close(warc);
    mci_stream_close(stream);
}

static void real_files_hold_the_records_that_a_search_finds(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(real); i++) {
        char name[128];
        snprintf(name, sizeof name, "data/real/%s", real[i].name);
        const char *path = test_path("METACLIP_SHARED", name);
        if (!path || access(path, R_OK) != 0)
            skip();
        print_message("  case: %s\n", real[i].name);
        int n[4] = { 0 }, n_skipped = 0;
        count_records(path, n, &n_skipped);
        for (size_t j = 0; j < 4; j++)
            assert_int_equal(n[j], real[i].n[j]);
        assert_int_equal(n_skipped, real[i].n_skipped);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_out_whatever_stands_between),
        cmocka_unit_test(a_record_tells_where_it_is_and_what_it_holds),
        cmocka_unit_test(a_block_beyond_the_limit_is_passed_over),
        cmocka_unit_test(a_header_without_end_is_left),
        cmocka_unit_test(every_prefix_gives_the_records_before_the_cut),
        cmocka_unit_test(a_wrong_byte_costs_its_record_and_no_other),
        cmocka_unit_test(a_gap_at_the_very_start_is_no_reason_to_give_up),
        cmocka_unit_test(real_files_hold_the_records_that_a_search_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
