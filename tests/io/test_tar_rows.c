#include "io/tar_rows.h"

#include "io/stream_internal.h"

#include "packing.h"
#include "scratch.h"
#include "tar_making.h"

/* ---- reading them ---- */

typedef struct {
    scratch *scratch;
    mci_buf tar, out, line;
    mc_error err;
    uint64_t offset; /* of the last row */
} fixture;

static const uint64_t max_bytes = 4096;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    void *s = NULL;
    int failed = scratch_open(&s);
    f->scratch = s;
    *state = f;
    return failed;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    void *s = f->scratch;
    mci_buf_release(&f->tar);
    mci_buf_release(&f->out);
    mci_buf_release(&f->line);
    free(f);
    return scratch_close(&s);
}

/* All rows, one a line; what is skipped is the line "! WHY". Closes the stream. */
static const char *read_all(fixture *f, mci_stream *stream)
{
    mci_rows rows = { 0 };
    mc_status status;
    uint64_t offset;
    assert_ok(mci_tar_rows_open(stream, max_bytes, &rows, &f->err), f->err);
    mci_buf_clear(&f->out);
    while ((status = rows.next(rows.self, &f->line, &offset, &f->err)) != MC_END) {
        assert_true(status == MC_OK || status == MC_SKIPPED);
        mc_str what = status == MC_OK ? mci_buf_str(&f->line) : mc_str_of(f->err.text);
        assert_true(what.len > 0);
        if (status == MC_OK)
            f->offset = offset;
        assert_int_equal(mci_buf_printf(&f->out, NULL, "%s%.*s\n", status == MC_OK ? "" : "! ",
                                        (int)what.len, what.data),
                         MC_OK);
    }
    rows.close(rows.self);
    mci_stream_close(stream);
    assert_int_equal(mci_buf_terminate(&f->out, NULL), MC_OK);
    return f->out.data ? f->out.data : "";
}

static const char *read_pieces(fixture *f, mc_str bytes, size_t piece)
{
    mci_stream *stream = NULL;
    assert_ok(mci_stream_open_pieces(bytes, piece, &stream, &f->err), f->err);
    return read_all(f, stream);
}

static const char *read_tar(fixture *f)
{
    return read_pieces(f, mci_buf_str(&f->tar), SIZE_MAX);
}

static void make_sample_tar(fixture *f)
{
    static const char image[3000];
    mci_buf_clear(&f->tar);
    add_header(&f->tar, "0/", '5', "00000000000");
    add_member(&f->tar, "0/1.jpg", (mc_str){ image, sizeof image });
    add_text(&f->tar, "0/1.txt", "a red car\r\n");
    add_member(&f->tar, "0/2.jpg", (mc_str){ image, sizeof image });
    add_text(&f->tar, "0/2.json",
             "{\"caption\": \"two\", \"url\":\"http://a/2\", \"key\":\"2\", \"uid\": \"u2\","
             "\"width\":512, \"similarity\":0.3, \"exif\": {\"a\":[]}}");
    add_text(&f->tar, "0/2.txt", "two");
    add_text(&f->tar, "0/3.json",
             "\xEF\xBB\xBF{\"texts\":[[\"alt\",\"three\"],[\"title\",\"3\",[7]]],\"uuid\":33}");
    add_text(&f->tar, "0/3.txt", "drei");
    add_member(&f->tar, "0/4.png", (mc_str){ image, sizeof image });
    add_end(&f->tar);
}

static const char sample_rows[] =
    "{\"__key__\":\"0/1\",\"texts\":[[\"txt\",\"a red car\"]]}\n"
    "{\"__key__\":\"0/2\",\"key\":\"2\",\"width\":512,\"similarity\":0.3,\"exif\":{\"a\":[]},"
    "\"uuid\":\"u2\",\"url\":\"http://a/2\",\"texts\":[[\"caption\",\"two\"]]}\n"
    "{\"__key__\":\"0/3\",\"uuid\":\"33\",\"texts\":[[\"alt\",\"three\"],[\"title\",\"3\",[7]],"
    "[\"txt\",\"drei\"]]}\n"
    "{\"__key__\":\"0/4\",\"texts\":[]}\n";

static void samples_become_lines_of_pairs(void **state)
{
    fixture *f = *state;
    make_sample_tar(f);
    static const size_t pieces[] = { 100, 511, 512, 4096, SIZE_MAX };
    for (size_t i = 0; i < COUNT_OF(pieces); i++)
        assert_string_equal(read_pieces(f, mci_buf_str(&f->tar), pieces[i]), sample_rows);
    assert_int_equal(f->offset % BLOCK, 0);
    assert_int_equal(f->tar.len - f->offset, 2 * BLOCK + 3072 + BLOCK);
    mci_buf packed = { 0 };
    pack_gzip(&packed, mci_buf_str(&f->tar));
    assert_string_equal(read_pieces(f, mci_buf_str(&packed), 100), sample_rows);
    mci_buf_release(&packed);
}

/* Of a file the images are not read but jumped over, which must come to the same. */
static void files_are_read_as_bytes_are(void **state)
{
    fixture *f = *state;
    mci_stream *stream = NULL;
    make_sample_tar(f);
    mci_buf_clear(&f->tar);
    char *image = calloc(1, 5 << 20);
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.jpg", i);
        add_member(&f->tar, name, (mc_str){ image, (5 << 20) - 7 });
        snprintf(name, sizeof name, "%d.txt", i);
        add_text(&f->tar, name, "a");
    }
    free(image);
    const char *path = scratch_file(f->scratch, "a.tar", f->tar.data, f->tar.len);
    char *want = strdup(read_tar(f));
    assert_ok(mci_stream_open(path, &stream, &f->err), f->err);
    assert_string_equal(read_all(f, stream), want);
    assert_int_equal(f->offset, 2 * (BLOCK + (5 << 20) + 2 * BLOCK));
    /* The last image is cut: the samples before it stay. */
    path = scratch_file(f->scratch, "b.tar", f->tar.data, f->tar.len - 2 * BLOCK - 100);
    assert_ok(mci_stream_open(path, &stream, &f->err), f->err);
    read_all(f, stream);
    assert_says(f->out.data, "\"__key__\":\"1\"");
    assert_says(f->out.data, "! behind byte 10488832: Truncated");
    free(want);
}

static const struct {
    const char *name, *members[6], *want;
} cases[] = {
    { "names and kinds of members",
      { "a.TXT", "A", "b.seg.txt", "B", ".txt", "hidden" },
      "{\"__key__\":\"a\",\"texts\":[[\"txt\",\"A\"]]}\n{\"__key__\":\"b\",\"texts\":[]}\n" },
    { "names that escape are only names",
      { "../../etc/a.txt", "A", "/abs/b.txt", "B", "x", "no dot" },
      "{\"__key__\":\"../../etc/a\",\"texts\":[[\"txt\",\"A\"]]}\n"
      "{\"__key__\":\"/abs/b\",\"texts\":[[\"txt\",\"B\"]]}\n" },
    { "the same member again begins a new sample",
      { "a.txt", "1", "a.txt", "2", "a.json", "{\"alt\":\"2\"}" },
      "{\"__key__\":\"a\",\"texts\":[[\"txt\",\"1\"]]}\n"
      "{\"__key__\":\"a\",\"texts\":[[\"alt\",\"2\"]]}\n" },
    { "a text without words",
      { "a.txt", "\n" },
      "{\"__key__\":\"a\",\"texts\":[[\"txt\",null]]}\n" },
    { "wrong bytes",
      { "a.txt", "\xFF", "b.json", "{\"caption\":\"\xC3|\"}" },
      "{\"__key__\":\"a\",\"texts\":[[\"txt\",\"\xFF\"]]}\n"
      "{\"__key__\":\"b\",\"texts\":[[\"caption\",\"\xEF\xBF\xBD|\"]]}\n" },
    { "values of another type are carried through",
      { "a.json", "{\"caption\":[\"a\"],\"url\":1,\"uid\":null,\"uuid\":true,\"lang\":\"en\","
                  "\"title\":\"t\",\"alt\":null,\"__key__\":0}" },
      "{\"__key__\":\"a\",\"caption\":[\"a\"],\"uid\":null,"
      "\"texts\":[[\"title\",\"t\",null,\"en\"],[\"alt\",null,null,\"en\"]]}\n" },
    { "a json that is none leaves the text",
      { "a.json", "[]", "a.txt", "A", "b.json", "{" },
      "! a.json: not a JSON object\n{\"__key__\":\"a\",\"texts\":[[\"txt\",\"A\"]]}\n"
      "! b.json: not JSON: " },
    { "a caption that is the first of texts is that text",
      { "a.json", "{\"caption\":\"A\",\"alt\":\"A\",\"texts\":[[\"title\",\"A\"],[\"alt\",\"B\"]]}",
        "b.json", "{\"caption\":\"B\",\"texts\":[[\"title\",\"A\"],[\"alt\",\"B\"]]}" },
      "{\"__key__\":\"a\",\"texts\":[[\"title\",\"A\"],[\"alt\",\"B\"],[\"alt\",\"A\"]]}\n"
      "{\"__key__\":\"b\",\"texts\":[[\"title\",\"A\"],[\"alt\",\"B\"],[\"caption\",\"B\"]]}\n" },
    { "a byte order mark",
      { "a.txt",
        "\xEF\xBB\xBF"
        "A\n",
        "b.txt", "\xEF\xBB\xBF" },
      "{\"__key__\":\"a\",\"texts\":[[\"txt\",\"A\"]]}\n"
      "{\"__key__\":\"b\",\"texts\":[[\"txt\",null]]}\n" },
    { "texts that are none", { "a.json", "{\"texts\":\"a\"}" }, "! a.json: texts is no array\n" },
};

static void members_are_taken_by_their_names(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("  case: %s\n", cases[i].name);
        mci_buf_clear(&f->tar);
        for (size_t j = 0; j < COUNT_OF(cases[i].members) && cases[i].members[j]; j += 2)
            add_text(&f->tar, cases[i].members[j], cases[i].members[j + 1]);
        add_end(&f->tar);
        read_tar(f);
        assert_int_equal(strncmp(f->out.data, cases[i].want, strlen(cases[i].want)), 0);
    }
}

static void several_tars_are_read_as_one(void **state)
{
    fixture *f = *state;
    add_text(&f->tar, "a.txt", "A");
    add_end(&f->tar);
    add_end(&f->tar);
    add_text(&f->tar, "b.txt", "B");
    assert_string_equal(read_tar(f), "{\"__key__\":\"a\",\"texts\":[[\"txt\",\"A\"]]}\n"
                                     "{\"__key__\":\"b\",\"texts\":[[\"txt\",\"B\"]]}\n");
    mci_buf_clear(&f->tar);
    add_end(&f->tar);
    assert_string_equal(read_tar(f), "");
}

/* Names of pax headers are UTF-8 in every locale; what cannot be told apart would be one sample. */
static void names_keep_their_bytes(void **state)
{
    fixture *f = *state;
    add_header(&f->tar, "x", 'x', "00000000015\0");
    add_bytes(&f->tar, mc_str_of("13 path=\xC3\xA4.x\n"));
    add_text(&f->tar, "a.txt", "");
    add_header(&f->tar, "x", 'x', "00000000017\0");
    add_bytes(&f->tar, mc_str_of("15 path=\xC3\xB6.txt\n"));
    add_text(&f->tar, "a.txt", "o");
    add_end(&f->tar);
    assert_string_equal(read_tar(f), "{\"__key__\":\"\xC3\xA4\",\"texts\":[]}\n"
                                     "{\"__key__\":\"\xC3\xB6\",\"texts\":[[\"txt\",\"o\"]]}\n");
}

/* ---- bad input ---- */

static void texts_beyond_the_limit_are_passed_over(void **state)
{
    fixture *f = *state;
    char *text = calloc(1, max_bytes + 2);
    memset(text, 'a', max_bytes + 1);
    add_text(&f->tar, "a.txt", "A");
    add_text(&f->tar, "b.txt", text);
    text[max_bytes] = '\0'; /* it fits, but not with what stands around it in its line */
    add_text(&f->tar, "c.txt", text);
    add_text(&f->tar, "d.txt", "D");
    add_end(&f->tar);
    assert_string_equal(read_tar(f), "{\"__key__\":\"a\",\"texts\":[[\"txt\",\"A\"]]}\n"
                                     "! b.txt: more than 4096 bytes\n"
                                     "! c: its line of pairs would have more than 4096 bytes\n"
                                     "{\"__key__\":\"d\",\"texts\":[[\"txt\",\"D\"]]}\n");
    free(text);
}

static void absurd_sizes_end_the_tar_and_keep_what_was_before(void **state)
{
    fixture *f = *state;
    static const char *const sizes[] = {
        "77777777777\0",                                   /* 8 GiB */
        "\x80\0\0\0\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF",      /* 2^63 - 1 */
        "\x80\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF" /* more */
    };
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        for (int is_text = 0; is_text < 2; is_text++) {
            mci_buf_clear(&f->tar);
            add_text(&f->tar, "a.txt", "A");
            add_header(&f->tar, is_text ? "b.txt" : "b.jpg", '0', sizes[i]);
            add_text(&f->tar, "c.txt", "C");
            add_end(&f->tar);
            read_tar(f);
            assert_says(f->out.data, "\"texts\":[[\"txt\",\"A\"]]}\n");
            assert_says(f->out.data, "! ");
        }
    }
}

static void a_header_that_is_none_is_passed_over(void **state)
{
    fixture *f = *state;
    add_text(&f->tar, "a.txt", "A");
    size_t at = f->tar.len;
    add_text(&f->tar, "b.txt", "B");
    f->tar.data[at + 3] ^= 1;
    add_text(&f->tar, "c.txt", "C");
    add_end(&f->tar);
    assert_string_equal(read_tar(f), "! behind byte 0: Damaged tar archive\n"
                                     "{\"__key__\":\"a\",\"texts\":[[\"txt\",\"A\"]]}\n"
                                     "{\"__key__\":\"c\",\"texts\":[[\"txt\",\"C\"]]}\n");
}

/* Every cut: what is given are rows of the whole, in order, and it is told that there was more. */
static void every_prefix_gives_the_samples_before_the_cut(void **state)
{
    fixture *f = *state;
    add_text(&f->tar, "1.jpg", "image");
    add_text(&f->tar, "1.txt", "one");
    add_text(&f->tar, "2.json", "{\"caption\":\"two\"}");
    for (size_t len = 1; len <= f->tar.len; len++) {
        char *cut = malloc(len);
        memcpy(cut, f->tar.data, len);
        read_pieces(f, (mc_str){ cut, len }, 1000);
        bool is_sound = len == 2 * BLOCK || len == 4 * BLOCK || len == 6 * BLOCK;
        assert_int_equal(strstr(f->out.data, "! ") != NULL, !is_sound);
        assert_int_equal(strstr(f->out.data, "\"one\"") != NULL, len >= 4 * BLOCK);
        assert_int_equal(strstr(f->out.data, "\"two\"") != NULL, len >= 6 * BLOCK);
        free(cut);
    }
}

/* Lists that libarchive would hold in memory: the map of a sparse file, as long as one likes. */
static void headers_are_bounded(void **state)
{
    fixture *f = *state;
    mci_buf map = { 0 };
    assert_ok(mci_buf_add(&map, mc_str_of("8000000\n"), &f->err), f->err);
    while (map.len < (16 << 20))
        assert_ok(mci_buf_printf(&map, &f->err, "%zu\n1\n", map.len), f->err);
    static const char pax[] = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
                              "26 GNU.sparse.name=a.txt\n27 GNU.sparse.realsize=100\n";
    char size[13];
    snprintf(size, sizeof size, "%011o", (unsigned)strlen(pax));
    add_header(&f->tar, "x", 'x', size);
    add_bytes(&f->tar, mc_str_of(pax));
    add_member(&f->tar, "a.txt", mci_buf_str(&map));
    add_end(&f->tar);
    read_pieces(f, mci_buf_str(&f->tar), 4096);
    assert_says(f->out.data, "! ");
    mci_buf_release(&map);
}

static void a_sample_says_which_member_is_its_image(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *members[4], *suffixes;
        size_t image;
    } samples[] = {
        { { "a.txt", "a.JPG", "a.png" }, "txt JPG png", 1 },
        { { "b.webp", "b.json" }, "webp json", 0 },
        { { "c.txt", "c.seg.png", "c.gif" }, "txt seg.png gif", MCI_NO_IMAGE },
        { { "d.cls", "d.txt", "d.jpeg" }, "cls txt jpeg", 2 },
    };
    mci_stream *stream = NULL;
    mci_rows rows;
    uint64_t offset;
    for (size_t i = 0; i < COUNT_OF(samples); i++)
        for (size_t k = 0; samples[i].members[k]; k++)
            add_text(&f->tar, samples[i].members[k], "{}");
    add_end(&f->tar);
    assert_ok(mci_stream_open_bytes(mci_buf_str(&f->tar), &stream, &f->err), f->err);
    assert_ok(mci_tar_rows_open(stream, 1 << 20, &rows, &f->err), f->err);
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        mci_tar_sample sample;
        assert_ok(rows.next(rows.self, &f->out, &offset, &f->err), f->err);
        mci_tar_rows_sample(&rows, &sample);
        assert_str(sample.suffixes, samples[i].suffixes);
        assert_true(sample.image == samples[i].image);
    }
    rows.close(rows.self);
    mci_stream_close(stream);
}

static void a_gap_of_the_stream_ends_the_tar(void **state)
{
    fixture *f = *state;
    mci_buf packed = { 0 };
    add_text(&f->tar, "a.txt", "A");
    pack_gzip(&packed, mci_buf_str(&f->tar));
    pack_gzip(&packed, mc_str_of("lost"));
    packed.len -= 6;
    mci_buf_clear(&f->tar);
    add_text(&f->tar, "b.txt", "B");
    add_end(&f->tar);
    pack_gzip(&packed, mci_buf_str(&f->tar));
    read_pieces(f, mci_buf_str(&packed), 4096);
    assert_says(f->out.data, "! behind byte 0: the gzip member at byte ");
    assert_says(f->out.data, "\"texts\":[[\"txt\",\"A\"]]}\n");
    assert_null(strstr(f->out.data, "\"B\""));
    mci_buf_release(&packed);
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(samples_become_lines_of_pairs),
        UNIT(files_are_read_as_bytes_are),
        UNIT(members_are_taken_by_their_names),
        UNIT(several_tars_are_read_as_one),
        UNIT(names_keep_their_bytes),
        UNIT(texts_beyond_the_limit_are_passed_over),
        UNIT(absurd_sizes_end_the_tar_and_keep_what_was_before),
        UNIT(a_header_that_is_none_is_passed_over),
        UNIT(every_prefix_gives_the_samples_before_the_cut),
        UNIT(headers_are_bounded),
        UNIT(a_sample_says_which_member_is_its_image),
        UNIT(a_gap_of_the_stream_ends_the_tar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
