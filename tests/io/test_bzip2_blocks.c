#include "io/bzip2_blocks.h"

#include <bzlib.h>

#include "io/stream.h"
#include "scratch.h"

/* ---- making ---- */

static void add_stream(mci_buf *file, mc_str text, int level)
{
    unsigned n = (unsigned)(text.len + text.len / 50 + 1000);
    assert_int_equal(mci_buf_reserve(file, n, NULL), MC_OK);
    char nothing = 0;
    assert_int_equal(BZ2_bzBuffToBuffCompress(file->data + file->len, &n,
                                              text.len ? (char *)(uintptr_t)text.data : &nothing,
                                              (unsigned)text.len, level, 0, 0),
                     BZ_OK);
    file->len += n;
}

/* Text that compresses to about a third. */
static void add_text(mci_buf *text, size_t n, uint64_t seed)
{
    test_random random = { seed };
    assert_int_equal(mci_buf_reserve(text, n, NULL), MC_OK);
    for (size_t i = 0; i < n; i++)
        text->data[text->len++] = (char)('a' + test_next(&random) % 5);
}

/* ---- reading ---- */

/* Decodes a file from from_bit on; gives the number of gaps. */
static size_t read_all(const char *path, uint64_t from_bit, mci_buf *out, uint64_t *second_bit)
{
    mci_bzip2_cutter *cutter = NULL;
    mci_bzip2_span span = { 0 };
    mci_buf memory = { 0 };
    mc_error err = { 0 };
    mc_status status;
    size_t n_gaps = 0, n_spans = 0;
    assert_ok(mci_bzip2_cutter_open(path, from_bit, &cutter, &err), err);
    while ((status = mci_bzip2_cutter_next(cutter, &span, &err)) == MC_OK) {
        if (n_spans++ == 0 && second_bit)
            *second_bit = span.next_bit;
        n_gaps += span.gap.status == MC_SKIPPED;
        for (size_t i = 0; i < span.n_blocks; i++) {
            status = mci_bzip2_decode(&span, i, &memory, out, &err);
            assert_true(status >= 0);
            n_gaps += status == MC_SKIPPED;
        }
    }
    assert_int_equal(status, MC_END);
    mci_bzip2_cutter_close(cutter);
    mci_bzip2_span_release(&span);
    mci_buf_release(&memory);
    return n_gaps;
}

static void assert_same(const mci_buf *got, const mci_buf *want)
{
    assert_int_equal(got->len, want->len);
    assert_true(want->len == 0 || memcmp(got->data, want->data, want->len) == 0);
}

static const struct {
    const char *name;
    size_t n_streams, n_bytes;
    int level;
} shapes[] = {
    { "one stream of one block", 1, 5000, 9 },
    { "one stream of many blocks", 1, 1500000, 1 },
    { "many streams of one block", 40, 3000, 9 },
    { "streams of some blocks", 5, 350000, 1 },
    { "an empty stream", 1, 0, 9 },
    { "empty streams", 3, 0, 1 },
};

static void make_file(size_t shape, mci_buf *file, mci_buf *text)
{
    for (size_t i = 0; i < shapes[shape].n_streams; i++) {
        size_t from = text->len;
        add_text(text, shapes[shape].n_bytes, i + 1);
        add_stream(file, (mc_str){ text->data + from, text->len - from }, shapes[shape].level);
    }
}

static void blocks_decode_to_what_was_packed(void **state)
{
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        mci_buf file = { 0 }, text = { 0 }, got = { 0 };
        print_message("  case: %s\n", shapes[i].name);
        make_file(i, &file, &text);
        const char *path = scratch_file(*state, "x.bz2", file.data, file.len);
        assert_true(mci_bzip2_is(mci_buf_str(&file)));
        assert_int_equal(read_all(path, 0, &got, NULL), 0);
        assert_same(&got, &text);
        mci_buf_release(&file);
        mci_buf_release(&text);
        mci_buf_release(&got);
    }
}

static void reading_goes_on_where_a_span_ended(void **state)
{
    mci_buf file = { 0 }, text = { 0 }, got = { 0 };
    uint64_t second = 0;
    make_file(1, &file, &text);
    const char *path = scratch_file(*state, "x.bz2", file.data, file.len);
    read_all(path, 0, &got, &second);
    assert_true(second > 0);
    mci_buf_clear(&got);
    assert_int_equal(read_all(path, second, &got, NULL), 0);
    assert_true(got.len > 0 && got.len < text.len);
    assert_memory_equal(got.data, text.data + text.len - got.len, got.len);
    mci_buf_release(&file);
    mci_buf_release(&text);
    mci_buf_release(&got);
}

static void a_cut_file_gives_its_start_and_tells_of_the_gap(void **state)
{
    mci_buf file = { 0 }, text = { 0 };
    make_file(2, &file, &text);
    for (size_t cut = 14; cut < file.len; cut += 1 + cut / 50) {
        mci_buf got = { 0 };
        const char *path = scratch_file(*state, "x.bz2", file.data, cut);
        size_t n_gaps = read_all(path, 0, &got, NULL);
        assert_true(got.len <= text.len);
        assert_true(got.len == 0 || memcmp(got.data, text.data, got.len) == 0);
        assert_true(n_gaps > 0 || got.len % 3000 == 0); /* between two streams nothing is missing */
        mci_buf_release(&got);
    }
    mci_buf_release(&file);
    mci_buf_release(&text);
}

static void damage_loses_its_block_only(void **state)
{
    mci_buf file = { 0 }, text = { 0 };
    make_file(1, &file, &text);
    test_random random = { 7 };
    for (int i = 0; i < 30; i++) {
        mci_buf got = { 0 };
        size_t at = 100 + test_next(&random) % (file.len - 200);
        file.data[at] = (char)(file.data[at] ^ 0x10);
        const char *path = scratch_file(*state, "x.bz2", file.data, file.len);
        assert_true(read_all(path, 0, &got, NULL) > 0);
        assert_true(got.len + 400000 > text.len);
        file.data[at] = (char)(file.data[at] ^ 0x10);
        mci_buf_release(&got);
    }
    mci_buf_release(&file);
    mci_buf_release(&text);
}

static void what_stands_between_and_behind_streams_is_told(void **state)
{
    mci_buf file = { 0 }, text = { 0 }, got = { 0 };
    mc_str hello = mc_str_of("hello ");
    add_stream(&file, hello, 9);
    mci_buf_append(&file, "\0\0\0", 3, NULL);
    assert_int_equal(read_all(scratch_file(*state, "x.bz2", file.data, file.len), 0, &got, NULL),
                     0);
    mci_buf_append(&file, "junk", 4, NULL);
    assert_int_equal(read_all(scratch_file(*state, "x.bz2", file.data, file.len), 0, &got, NULL),
                     1);
    add_stream(&file, hello, 9);
    mci_buf_clear(&got);
    assert_int_equal(read_all(scratch_file(*state, "x.bz2", file.data, file.len), 0, &got, NULL),
                     1);
    assert_str(mci_buf_str(&got), "hello hello ");
    mci_buf_release(&file);
    mci_buf_release(&text);
    mci_buf_release(&got);
}

/* ---- as a stream, for all commands ---- */

static size_t read_stream(mc_str file, mci_buf *out)
{
    mci_stream *stream = NULL;
    mc_str window;
    mc_status status;
    mc_error err = { 0 };
    size_t n_gaps = 0;
    assert_int_equal(mci_stream_open_bytes(file, &stream, NULL), MC_OK);
    while ((status = mci_stream_peek(stream, 1, &window, &err)) != MC_END) {
        assert_true(status >= 0);
        n_gaps += status == MC_SKIPPED;
        assert_int_equal(mci_buf_add(out, window, NULL), MC_OK);
        mci_stream_skip(stream, window.len);
    }
    mci_stream_close(stream);
    return n_gaps;
}

static void streams_read_bzip2_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        mci_buf file = { 0 }, text = { 0 }, got = { 0 };
        make_file(i, &file, &text);
        assert_int_equal(read_stream(mci_buf_str(&file), &got), 0);
        assert_same(&got, &text);
        mci_buf_clear(&got);
        if (text.len) {
            assert_int_equal(read_stream((mc_str){ file.data, file.len - 1 }, &got), 1);
            assert_true(got.len <= text.len);
        }
        mci_buf_release(&file);
        mci_buf_release(&text);
        mci_buf_release(&got);
    }
}

static void a_stream_goes_on_behind_a_damaged_one(void **state)
{
    (void)state;
    mci_buf file = { 0 }, got = { 0 };
    add_stream(&file, mc_str_of("one "), 9);
    file.data[20] ^= 0x20;
    add_stream(&file, mc_str_of("two "), 9);
    assert_int_equal(read_stream(mci_buf_str(&file), &got), 1);
    assert_true(got.len >= 4 && memcmp(got.data + got.len - 4, "two ", 4) == 0);
    mci_buf_release(&file);
    mci_buf_release(&got);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_open, scratch_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(blocks_decode_to_what_was_packed),
        IN_SCRATCH(reading_goes_on_where_a_span_ended),
        IN_SCRATCH(a_cut_file_gives_its_start_and_tells_of_the_gap),
        IN_SCRATCH(damage_loses_its_block_only),
        IN_SCRATCH(what_stands_between_and_behind_streams_is_told),
        cmocka_unit_test(streams_read_bzip2_too),
        cmocka_unit_test(a_stream_goes_on_behind_a_damaged_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
