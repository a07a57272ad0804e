#include "io/stream.h"

#include <unistd.h>

#include "io/stream_internal.h"
#include "packing.h"

static const size_t pieces[] = { 1, 3, 17, 1000, 65537, SIZE_MAX };
static const size_t wants[] = { 1, 100, 70000, 700000 };

/* Reads all of it; gives the number of gaps. Checks what every peek promises. */
static size_t read_all(mci_stream *stream, size_t want, mci_buf *out)
{
    size_t n_gaps = 0;
    mci_buf_clear(out);
    for (;;) {
        mc_str window;
        mc_error err = { 0 };
        mc_status status = mci_stream_peek(stream, want, &window, &err);
        if (status == MC_SKIPPED) {
            assert_says(err.text, "at byte ");
            assert_int_equal(window.len, 0);
            n_gaps++;
            continue;
        }
        if (status == MC_END)
            break;
        assert_ok(status, err);
        assert_true(window.len > 0);
        assert_true(mci_stream_most_left(stream) >= window.len);
        uint64_t offset = mci_stream_offset(stream);
        assert_true(n_gaps > 0 || offset == out->len);
        size_t n = window.len - (window.len > want ? window.len - want : 0);
        assert_int_equal(mci_buf_append(out, window.data, n, NULL), MC_OK);
        mci_stream_skip(stream, n);
        assert_int_equal(mci_stream_offset(stream), offset + n);
    }
    assert_int_equal(mci_stream_bytes_read(stream), mci_stream_bytes_total(stream));
    return n_gaps;
}

static size_t read_bytes(mc_str file, size_t piece, size_t want, mci_buf *out)
{
    mci_stream *stream = NULL;
    mc_error err = { 0 };
    assert_ok(mci_stream_open_pieces(file, piece, &stream, &err), err);
    size_t n_gaps = read_all(stream, want, out);
    mci_stream_close(stream);
    return n_gaps;
}

static void assert_reads_as(const mci_buf *file, const mci_buf *plain)
{
    mci_buf got = { 0 };
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        for (size_t j = 0; j < COUNT_OF(wants); j++) {
            assert_int_equal(read_bytes(mci_buf_str(file), pieces[i], wants[j], &got), 0);
            assert_int_equal(got.len, plain->len);
            assert_true(mc_str_equal(mci_buf_str(&got), mci_buf_str(plain)));
        }
    }
    mci_buf_release(&got);
}

static void add_slice(mci_buf *file, const mci_buf *plain, size_t from, size_t to, bool is_zstd)
{
    mc_str slice = { plain->data + from, to - from };
    if (is_zstd)
        pack_zstd(file, slice);
    else
        pack_gzip(file, slice);
}

static void any_number_of_members_of_any_size_reads_as_one_stream(void **state)
{
    (void)state;
    test_random random = { 7 };
    for (int round = 0; round < 8; round++) {
        mci_buf plain = { 0 }, file = { 0 };
        random_text(&plain, round == 0 ? 0 : test_below(&random, 150000), &random);
        bool is_zstd = round % 2;
        size_t at = 0;
        do {
            size_t largest = round < 4 ? 4000 : 200000;
            size_t n = test_below(&random, 4) == 0 ? 0 : test_below(&random, largest);
            if (n > plain.len - at)
                n = plain.len - at;
            add_slice(&file, &plain, at, at + n, is_zstd);
            at += n;
        } while (at < plain.len);
        assert_reads_as(&file, &plain);
        mci_buf_release(&plain);
        mci_buf_release(&file);
    }
}

static void one_large_member_reads_as_its_bytes(void **state)
{
    (void)state;
    test_random random = { 8 };
    mci_buf plain = { 0 }, got = { 0 };
    random_text(&plain, 5000000, &random);
    for (int is_zstd = 0; is_zstd < 2; is_zstd++) {
        mci_buf file = { 0 };
        add_slice(&file, &plain, 0, plain.len, is_zstd);
        for (size_t j = 0; j < COUNT_OF(wants); j++) {
            assert_int_equal(read_bytes(mci_buf_str(&file), SIZE_MAX, wants[j], &got), 0);
            assert_true(mc_str_equal(mci_buf_str(&got), mci_buf_str(&plain)));
        }
        mci_buf_release(&file);
    }
    for (size_t j = 0; j < COUNT_OF(wants); j++) {
        assert_int_equal(read_bytes(mci_buf_str(&plain), SIZE_MAX, wants[j], &got), 0);
        assert_true(mc_str_equal(mci_buf_str(&got), mci_buf_str(&plain)));
    }
    mci_buf_release(&plain);
    mci_buf_release(&got);
}

/* A member whose header has an extra field (as BGZF's and some crawlers' have), a name, a comment.
 */
static void add_dressed_member(mci_buf *file, const char *text)
{
    static const char dress[] =
        "\x1F\x8B\x08\x1C\0\0\0\0\0\xFF\x06\0BC\x02\0\x1B\0name.txt\0a comment";
    mci_buf bare = { 0 };
    pack_gzip(&bare, mc_str_of(text));
    mci_buf_append(file, dress, sizeof dress, NULL);
    mci_buf_append(file, bare.data + 10, bare.len - 10, NULL);
    mci_buf_release(&bare);
}

static void header_fields_of_members_are_passed_over(void **state)
{
    (void)state;
    mci_buf file = { 0 }, plain = { 0 };
    add_dressed_member(&file, "one,");
    add_dressed_member(&file, "");
    add_dressed_member(&file, "two");
    mci_buf_add(&plain, mc_str_of("one,two"), NULL);
    assert_reads_as(&file, &plain);
    mci_buf_release(&file);
    mci_buf_release(&plain);
}

static void skippable_frames_are_passed_over(void **state)
{
    (void)state;
    mci_buf file = { 0 }, plain = { 0 };
    static const char skippable[] = "\x53\x2A\x4D\x18\x03\0\0\0abc";
    for (int i = 0; i < 3; i++) {
        mci_buf_append(&file, skippable, sizeof skippable - 1, NULL);
        pack_zstd(&file, mc_str_of("text."));
        mci_buf_add(&plain, mc_str_of("text."), NULL);
    }
    mci_buf_append(&file, skippable, sizeof skippable - 1, NULL);
    assert_reads_as(&file, &plain);
    mci_buf_release(&file);
    mci_buf_release(&plain);
}

static const struct {
    const char *name, *tail;
    size_t n_tail, n_gaps;
} tails[] = {
    { "padding", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, 0 },
    { "one zero byte", "\0", 1, 0 },
    { "text", "what is this", 12, 1 },
    { "text after padding", "\0\0\0x", 4, 1 },
    { "a header that is cut", "\x1F\x8B\x08\0", 4, 1 },
    { "half a magic", "\x1F", 1, 1 },
};

static void padding_is_no_damage_and_other_tails_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tails); i++) {
        print_message("  case: %s\n", tails[i].name);
        mci_buf file = { 0 }, got = { 0 };
        pack_gzip(&file, mc_str_of("sound"));
        mci_buf_append(&file, tails[i].tail, tails[i].n_tail, NULL);
        assert_int_equal(read_bytes(mci_buf_str(&file), SIZE_MAX, 100, &got), tails[i].n_gaps);
        assert_str(mci_buf_str(&got), "sound");
        mci_buf_release(&file);
        mci_buf_release(&got);
    }
}

enum { N_PARTS = 4, PART = 1000 };

/* Four members of PART bytes; ends[i] is where the i-th ends in the file. */
static void make_parts(mci_buf *plain, mci_buf *file, size_t ends[N_PARTS], bool is_zstd)
{
    test_random random = { 9 };
    random_text(plain, N_PARTS * PART, &random);
    for (size_t i = 0; i < N_PARTS; i++) {
        add_slice(file, plain, i * PART, (i + 1) * PART, is_zstd);
        ends[i] = file->len;
    }
}

static size_t member_of(const size_t ends[N_PARTS], size_t at)
{
    size_t i = 0;
    while (ends[i] <= at)
        i++;
    return i;
}

static void a_cut_file_gives_what_came_before_and_one_gap(void **state)
{
    (void)state;
    for (int is_zstd = 0; is_zstd < 2; is_zstd++) {
        mci_buf plain = { 0 }, file = { 0 }, got = { 0 };
        size_t ends[N_PARTS];
        make_parts(&plain, &file, ends, is_zstd);
        for (size_t n = 10; n < file.len; n++) {
            mc_str cut = { file.data, n };
            bool is_whole = n == ends[0] || n == ends[1] || n == ends[2];
            assert_int_equal(read_bytes(cut, n % 3 ? SIZE_MAX : 5, 50, &got), is_whole ? 0 : 1);
            assert_true(got.len >= member_of(ends, n) * PART);
            assert_memory_equal(got.data ? got.data : "", plain.data, got.len);
        }
        mci_buf_release(&plain);
        mci_buf_release(&file);
        mci_buf_release(&got);
    }
}

static bool ends_with(const mci_buf *text, mc_str end)
{
    return text->len >= end.len &&
           (end.len == 0 || memcmp(text->data + text->len - end.len, end.data, end.len) == 0);
}

/* Each byte in turn is wrong: all members before it come first, all members after it come last. */
static void damage_costs_no_member_but_its_own(void **state)
{
    (void)state;
    for (int is_zstd = 0; is_zstd < 2; is_zstd++) {
        mci_buf plain = { 0 }, file = { 0 }, got = { 0 };
        size_t ends[N_PARTS];
        make_parts(&plain, &file, ends, is_zstd);
        for (size_t at = 4; at < file.len; at++) {
            size_t before = member_of(ends, at) * PART, after = before + PART;
            file.data[at] ^= (char)(1 << at % 8);
            size_t n_gaps = read_bytes(mci_buf_str(&file), at % 2 ? SIZE_MAX : 100, 500, &got);
            file.data[at] ^= (char)(1 << at % 8);
            mc_str rest = { plain.data + after, plain.len - after };
            assert_true(got.len >= before && memcmp(got.data, plain.data, before) == 0);
            assert_true(ends_with(&got, rest));
            bool is_same = mc_str_equal(mci_buf_str(&got), mci_buf_str(&plain));
            assert_true(n_gaps > 0 || is_same); /* some header bytes mean nothing */
        }
        mci_buf_release(&plain);
        mci_buf_release(&file);
        mci_buf_release(&got);
    }
}

static void a_wrong_checksum_tells_where_the_member_is(void **state)
{
    (void)state;
    mci_buf file = { 0 };
    pack_gzip(&file, mc_str_of("first"));
    size_t second = file.len;
    pack_gzip(&file, mc_str_of("second"));
    file.data[file.len - 6] ^= 1;
    size_t third = file.len;
    pack_gzip(&file, mc_str_of("third"));
    mci_stream *stream = NULL;
    mc_error err = { 0 };
    mc_str window;
    assert_ok(mci_stream_open_bytes(mci_buf_str(&file), &stream, &err), err);
    assert_ok(mci_stream_peek(stream, 1000, &window, &err), err);
    assert_str(window, "firstsecond");
    mci_stream_skip(stream, window.len);
    assert_int_equal(mci_stream_peek(stream, 1000, &window, &err), MC_SKIPPED);
    char want[128];
    snprintf(want, sizeof want, "the gzip member at byte %zu has another checksum", second);
    assert_says(err.text, want);
    snprintf(want, sizeof want, "going on at byte %zu", third);
    assert_says(err.text, want);
    assert_ok(mci_stream_peek(stream, 1000, &window, &err), err);
    assert_str(window, "third");
    mci_stream_skip(stream, window.len);
    assert_int_equal(mci_stream_peek(stream, 1000, &window, &err), MC_END);
    assert_int_equal(mci_stream_peek(stream, 1000, &window, &err), MC_END);
    mci_stream_close(stream);
    mci_buf_release(&file);
}

static void pipes_and_files_are_read_alike(void **state)
{
    (void)state;
    mci_buf file = { 0 }, got = { 0 };
    pack_gzip(&file, mc_str_of("through a pipe"));
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], file.data, file.len), (ssize_t)file.len);
    close(ends[1]);
    char path[64];
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    mci_stream *stream = NULL;
    mc_error err = { 0 };
    mc_str window;
    assert_ok(mci_stream_open(path, &stream, &err), err);
    assert_int_equal(mci_stream_bytes_total(stream), 0);
    assert_ok(mci_stream_peek(stream, 1000, &window, &err), err);
    assert_str(window, "through a pipe");
    mci_stream_close(stream);
    close(ends[0]);
    mci_buf_release(&file);
    mci_buf_release(&got);
}

/* Larger than what is read at once, so that the input slides; damage in the middle. */
static void a_large_file_is_read_across_damage(void **state)
{
    (void)state;
    enum { N_MEMBERS = 64, MEMBER = 100000, BROKEN = 31 };
    test_random random = { 10 };
    mci_buf plain = { 0 }, file = { 0 }, got = { 0 };
    assert_int_equal(mci_buf_reserve(&plain, (size_t)N_MEMBERS * MEMBER, NULL), MC_OK);
    for (plain.len = 0; plain.len < (size_t)N_MEMBERS * MEMBER; plain.len++)
        plain.data[plain.len] = (char)(test_next(&random) & 63);
    for (size_t i = 0; i < N_MEMBERS; i++) {
        add_slice(&file, &plain, i * MEMBER, (i + 1) * MEMBER, false);
        if (i == BROKEN)
            file.data[file.len - 6] ^= 1; /* its checksum */
    }
    FILE *temporary = tmpfile();
    assert_non_null(temporary);
    assert_int_equal(fwrite(file.data, 1, file.len, temporary), file.len);
    assert_int_equal(fflush(temporary), 0);
    char path[64];
    snprintf(path, sizeof path, "/dev/fd/%d", fileno(temporary));
    for (size_t j = 0; j < COUNT_OF(wants); j++) {
        mci_stream *stream = NULL;
        mc_error err = { 0 };
        assert_ok(mci_stream_open(path, &stream, &err), err);
        assert_int_equal(mci_stream_bytes_total(stream), file.len);
        assert_int_equal(read_all(stream, wants[j], &got), 1);
        assert_true(mc_str_equal(mci_buf_str(&got), mci_buf_str(&plain)));
        mci_stream_close(stream);
    }
    fclose(temporary);
    mci_buf_release(&plain);
    mci_buf_release(&file);
    mci_buf_release(&got);
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    (void)state;
    mci_stream *stream = NULL;
    mc_error err = { 0 };
    assert_int_equal(mci_stream_open("/no/such/file.gz", &stream, &err), MC_E_IO);
    assert_says(err.text, "/no/such/file.gz: No such file");
    assert_int_equal(mci_stream_open("/", &stream, &err), MC_E_IO);
    assert_says(err.text, "this is a folder");
    mci_stream_close(NULL);
}

/* ---- bodies ---- */

static void bodies_inflate_up_to_the_limit(void **state)
{
    (void)state;
    static const uint16_t flags[] = { IGZIP_GZIP, IGZIP_ZLIB, IGZIP_DEFLATE };
    static const mci_body_format formats[] = { MCI_BODY_GZIP, MCI_BODY_ZLIB, MCI_BODY_RAW };
    mci_buf zeros = { 0 }, out = { 0 };
    assert_int_equal(mci_buf_reserve(&zeros, 3000000, NULL), MC_OK);
    zeros.len = 3000000;
    memset(zeros.data, 0, zeros.len);
    mc_error err = { 0 };
    for (size_t i = 0; i < 4; i++) {
        mci_body_format format = i < 3 ? formats[i] : MCI_BODY_ZSTD;
        mci_buf body = { 0 };
        if (i < 3)
            pack_deflate(&body, mci_buf_str(&zeros), flags[i]);
        else
            pack_zstd(&body, mci_buf_str(&zeros));
        mc_str whole = mci_buf_str(&body), half = { body.data, body.len / 2 };
        assert_ok(mci_inflate_body(whole, format, 3000000, &out, &err), err);
        assert_true(mc_str_equal(mci_buf_str(&out), mci_buf_str(&zeros)));
        assert_int_equal(mci_inflate_body(whole, format, 2999999, &out, &err), MC_E_LIMIT);
        assert_says(err.text, "more than 2999999 bytes");
        assert_true(out.cap < 9000000);
        assert_ok(mci_inflate_body(half, format, 3000000, &out, &err), err);
        assert_true(out.len < 3000000);
        mc_str nothing = { NULL, 0 };
        assert_ok(mci_inflate_body(nothing, format, 10, &out, &err), err);
        assert_int_equal(out.len, 0);
        if (format != MCI_BODY_RAW)
            assert_int_equal(mci_inflate_body(mc_str_of("<!DOCTYPE html>"), format, 99, &out, &err),
                             MC_E_FORMAT);
        mci_buf_release(&body);
    }
    mci_buf_release(&zeros);
    mci_buf_release(&out);
}

/* ---- real files ---- */

static const struct {
    const char *name;
    size_t n_bytes, n_gaps; /* counted with zlib */
} real[] = {
    { "IAH-urls-wget.warc.gz", 174179, 0 },
    { "clipped.warc.gz", 75657, 1 },
    { "empty.gz", 0, 0 },
    { "hi-2.gz", 6, 0 },
    { "example-bad.warc.gz.bad", 5629, 0 },
    { "example.warc.gz", 5356, 0 },
    { "example.warc", 5120, 0 },
    { "warcfile.warc.gz", 550336, 0 },
    { "whirlwind.warc.gz", 77432, 0 },
    { "double-single-inflate-error.gz", 2008, 1 }, /* zlib: 205 more before the damage */
};

static void real_files_read_as_zlib_reads_them(void **state)
{
    (void)state;
    mci_buf got = { 0 };
    for (size_t i = 0; i < COUNT_OF(real); i++) {
        char name[128];
        snprintf(name, sizeof name, "data/real/%s", real[i].name);
        const char *path = test_path("METACLIP_SHARED", name);
        if (!path || access(path, R_OK) != 0)
            skip();
        print_message("  case: %s\n", real[i].name);
        mci_stream *stream = NULL;
        mc_error err = { 0 };
        assert_ok(mci_stream_open(path, &stream, &err), err);
        assert_int_equal(read_all(stream, 1000, &got), real[i].n_gaps);
        assert_int_equal(got.len, real[i].n_bytes);
        mci_stream_close(stream);
    }
    mci_buf_release(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_members_of_any_size_reads_as_one_stream),
        cmocka_unit_test(one_large_member_reads_as_its_bytes),
        cmocka_unit_test(header_fields_of_members_are_passed_over),
        cmocka_unit_test(skippable_frames_are_passed_over),
        cmocka_unit_test(padding_is_no_damage_and_other_tails_are),
        cmocka_unit_test(a_cut_file_gives_what_came_before_and_one_gap),
        cmocka_unit_test(damage_costs_no_member_but_its_own),
        cmocka_unit_test(a_wrong_checksum_tells_where_the_member_is),
        cmocka_unit_test(pipes_and_files_are_read_alike),
        cmocka_unit_test(a_large_file_is_read_across_damage),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
        cmocka_unit_test(bodies_inflate_up_to_the_limit),
        cmocka_unit_test(real_files_read_as_zlib_reads_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
