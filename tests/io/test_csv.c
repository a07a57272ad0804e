#include "io/csv.h"

#include "io/stream_internal.h"

#include "packing.h"
#include "test.h"

/* What a reader gives, one line a row; a row that is skipped is the line "! WHY". */
typedef struct {
    mci_buf out, line;
    uint64_t last_offset;
    mc_error err;
    mc_status status; /* MC_END, or the failure that ended it */
} reading;

typedef mc_status open_fn(mci_stream *stream, mci_rows *out);

static const uint64_t max_bytes = 4096;

static mc_status open_csv(mci_stream *stream, mci_rows *out)
{
    return mci_csv_open(stream, false, max_bytes, out, NULL);
}

static mc_status open_tsv(mci_stream *stream, mci_rows *out)
{
    return mci_csv_open(stream, true, max_bytes, out, NULL);
}

static mc_status open_captions(mci_stream *stream, mci_rows *out)
{
    return mci_captions_open(stream, false, max_bytes, out, NULL);
}

static void read_stream(reading *r, mci_stream *stream, open_fn *open)
{
    mci_rows rows = { 0 };
    uint64_t offset;
    assert_int_equal(open(stream, &rows), MC_OK);
    mci_buf_clear(&r->out);
    while ((r->status = rows.next(rows.self, &r->line, &offset, &r->err)) == MC_OK ||
           r->status == MC_SKIPPED) {
        if (r->status == MC_OK) {
            r->last_offset = offset;
            assert_ok(mci_buf_add(&r->out, mci_buf_str(&r->line), &r->err), r->err);
            assert_ok(mci_buf_byte(&r->out, '\n', &r->err), r->err);
        } else {
            assert_true(r->err.text[0] != '\0');
            assert_ok(mci_buf_printf(&r->out, &r->err, "! %s\n", r->err.text), r->err);
        }
    }
    rows.close(rows.self);
    mci_stream_close(stream);
}

static void read_bytes(reading *r, mc_str bytes, size_t piece, open_fn *open)
{
    mci_stream *stream = NULL;
    assert_int_equal(mci_stream_open_pieces(bytes, piece, &stream, NULL), MC_OK);
    read_stream(r, stream, open);
}

static int set_up(void **state)
{
    *state = calloc(1, sizeof(reading));
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    reading *r = *state;
    mci_buf_release(&r->out);
    mci_buf_release(&r->line);
    free(r);
    return 0;
}

/* ---- what rows become ---- */

static const struct {
    const char *name;
    open_fn *open;
    const char *file, *want;
} cases[] = {
    { "LAION's columns", open_csv,
      "URL,TEXT,WIDTH,similarity,LANGUAGE\n"
      "http://a/1.jpg,a red car,512,0.31,en\n",
      "{\"WIDTH\":\"512\",\"similarity\":\"0.31\",\"url\":\"http://a/1.jpg\","
      "\"texts\":[[\"text\",\"a red car\",null,\"en\"]]}\n" },
    { "OpenCLIP's, separated by tabs", open_csv, "filepath\ttitle\na.jpg\ta red, red car\n",
      "{\"url\":\"a.jpg\",\"texts\":[[\"title\",\"a red, red car\"]]}\n" },
    { "tabs and commas in a header of a .tsv", open_tsv, "url\tcaption\ta,b\nu\tt\t1,2\n",
      "{\"a,b\":\"1,2\",\"url\":\"u\",\"texts\":[[\"caption\",\"t\"]]}\n" },
    { "one column of a .tsv", open_tsv, "caption\na, b\n",
      "{\"texts\":[[\"caption\",\"a, b\"]]}\n" },
    { "quotes, line ends and commas in a field", open_csv,
      "uid,text\r\n\"1\",\"a \"\"red\"\",\r\ncar\n\"\r\n",
      "{\"uuid\":\"1\",\"texts\":[[\"text\",\"a \\\"red\\\",\\r\\ncar\\n\"]]}\n" },
    { "quotes where none belong, as Python's csv takes them", open_csv,
      "text,n\na \"red\" car,\"x\"y\"z\n",
      "{\"n\":\"xy\\\"z\",\"texts\":[[\"text\",\"a \\\"red\\\" car\"]]}\n" },
    { "a quoted header with a line end", open_csv, "\"text\",\"a\nb\"\nt,1\n",
      "{\"a\\nb\":\"1\",\"texts\":[[\"text\",\"t\"]]}\n" },
    { "byte order mark, CR alone, blank lines, no last line end", open_csv,
      "\xEF\xBB\xBFtext\r\r\none\r\n\r\n\ntwo\rthree",
      "{\"texts\":[[\"text\",\"one\"]]}\n{\"texts\":[[\"text\",\"two\"]]}\n"
      "{\"texts\":[[\"text\",\"three\"]]}\n" },
    { "an empty text is no blank line if it is quoted", open_csv, "text\n\"\"\n",
      "{\"texts\":[[\"text\",null]]}\n" },
    { "several texts", open_csv, "uuid,Alt,url,Title,alt\n7,a,u,,c\n",
      "{\"uuid\":\"7\",\"url\":\"u\",\"texts\":[[\"alt\",\"a\"],[\"title\",null],[\"alt\",\"c\"]]}"
      "\n" },
    { "our own form: key names the text", open_csv, "uuid,url,key,text\n7,u,title,a\n7,u,,b\n",
      "{\"uuid\":\"7\",\"url\":\"u\",\"texts\":[[\"title\",\"a\"]]}\n"
      "{\"uuid\":\"7\",\"url\":\"u\",\"texts\":[[\"text\",\"b\"]]}\n" },
    { "img2dataset's key is that of a file", open_csv, "url,key,caption\nu,000001,a\n",
      "{\"key\":\"000001\",\"url\":\"u\",\"texts\":[[\"caption\",\"a\"]]}\n" },
    { "a second of its kind is carried through", open_csv,
      "uid,uuid,url,filepath,text\n1,2,u,f,t\n",
      "{\"uuid\":\"2\",\"filepath\":\"f\",\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"text\",\"t\"]]"
      "}\n" },
    { "a column called texts cannot take the texts' place", open_csv, "texts,text,\n1,a,2\n",
      "{\"texts\":\"1\",\"\":\"2\",\"texts\":[[\"text\",\"a\"]]}\n" },
    { "spaces around a name, controls in a value", open_csv, " url , text \nu\x01, t \n",
      "{\"url\":\"u\\u0001\",\"texts\":[[\"text\",\" t \"]]}\n" },
    { "wrong bytes are left to the line's reader", open_csv, "text\n\xFF\n",
      "{\"texts\":[[\"text\",\"\xFF\"]]}\n" },
    { "ragged rows", open_csv, "text,url\na\nb,u\nc,u,\n",
      "! row 1 at byte 9: the number of fields is 1, that of columns 2\n"
      "{\"url\":\"u\",\"texts\":[[\"text\",\"b\"]]}\n"
      "! row 3 at byte 15: the number of fields is 3, that of columns 2\n" },
    { "a quote that nobody closes", open_csv, "text\na\n\"b\nc\n",
      "{\"texts\":[[\"text\",\"a\"]]}\n! row 2 at byte 7: a quote is not closed\n" },
    { "a header whose quote nobody closes", open_csv, "\"text\na\n",
      "! no header, so no rows: row 1 at byte 0: a quote is not closed\n" },
    { "an empty file", open_csv, "", "" },
    { "only a header", open_csv, "text", "" },
    { "captions", open_captions, "\xEF\xBB\xBFone\r\n\n \t\n \"two\", [2]\tx \nthree",
      "{\"texts\":[[\"text\",\"one\"]]}\n{\"texts\":[[\"text\",\" \\\"two\\\", [2]\\tx \"]]}\n"
      "{\"texts\":[[\"text\",\"three\"]]}\n" },
    { "no captions", open_captions, "\n\n", "" },
};

static void tables_and_captions_become_lines_of_pairs(void **state)
{
    reading *r = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("  case: %s\n", cases[i].name);
        for (size_t piece = 1; piece < 9; piece++) {
            read_bytes(r, mc_str_of(cases[i].file), piece, cases[i].open);
            assert_str(mci_buf_str(&r->out), cases[i].want);
            assert_int_equal(r->status, MC_END);
        }
    }
}

static void tables_without_texts_are_refused(void **state)
{
    reading *r = *state;
    read_bytes(r, mc_str_of("url,WIDTH\nu,1\n"), 99, open_csv);
    assert_int_equal(r->status, MC_E_FORMAT);
    assert_says(r->err.text, "got these: url, WIDTH");
    mci_buf wide = { 0 };
    for (int i = 0; i < 5000; i++)
        assert_ok(mci_buf_add(&wide, mc_str_of(",text"), &r->err), r->err);
    mci_stream *stream = NULL;
    mci_rows rows;
    uint64_t offset;
    assert_ok(mci_stream_open_bytes(mci_buf_str(&wide), &stream, &r->err), r->err);
    assert_ok(mci_csv_open(stream, false, 1 << 20, &rows, &r->err), r->err);
    assert_int_equal(rows.next(rows.self, &r->line, &offset, &r->err), MC_E_FORMAT);
    assert_says(r->err.text, "4096 is the limit");
    rows.close(rows.self);
    mci_stream_close(stream);
    mci_buf_release(&wide);
}

static void offsets_are_those_of_rows(void **state)
{
    reading *r = *state;
    read_bytes(r, mc_str_of("text\n\r\none\n\n\ntwo\n"), 99, open_csv);
    assert_int_equal(r->last_offset, 13);
    read_bytes(r, mc_str_of("one\r\ntwo\r\n"), 1, open_captions);
    assert_int_equal(r->last_offset, 5);
}

/* ---- bad input ---- */

/* Rows of a cut file are those of the whole, but for the last, which may be cut itself. */
static void every_prefix_gives_the_rows_before_the_cut(void **state)
{
    reading *r = *state;
    static const char file[] = "url,text,n\r\nu,\"a \"\"b\"\"\r\n\",1\r\n\r\nv,c,2\nw,\"d\",3\n";
    static const size_t ends[] = { 29, 37, 45 }; /* of whole rows, without their line ends */
    for (size_t len = 0; len < sizeof file; len++) {
        char *cut = malloc(len + 1);
        memcpy(cut, file, len);
        read_bytes(r, (mc_str){ cut, len }, 3, open_csv);
        size_t n_whole = 0, n_rows = 0;
        for (size_t i = 0; i < COUNT_OF(ends); i++)
            n_whole += len >= ends[i];
        for (size_t i = 0; i < r->out.len; i++)
            n_rows += r->out.data[i] == '\n';
        assert_true(r->status == MC_END || (r->status == MC_E_FORMAT && len < 8));
        assert_true(n_rows >= n_whole && n_rows <= n_whole + 1);
        free(cut);
    }
}

static void repeat(mci_buf *buf, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(mci_buf_add(buf, mc_str_of(text), NULL), MC_OK);
}

static void what_is_too_long_is_passed_over_without_being_held(void **state)
{
    reading *r = *state;
    static const struct {
        const char *name, *before, *unit, *behind;
    } long_rows[] = {
        { "a field", "", "x", "\n" },
        { "a quoted field", "\"", "\n\"\"", "\"\n" },
        { "controls, longer as JSON", "", "\x01", "\n" },
        { "many fields", "", ",", "\n" },
    };
    for (size_t i = 0; i < COUNT_OF(long_rows); i++) {
        print_message("  case: %s\n", long_rows[i].name);
        size_t n = i == 2 ? max_bytes / 3 : 1000000;
        mci_buf file = { 0 };
        repeat(&file, "text\none\n", 1);
        repeat(&file, long_rows[i].before, 1);
        repeat(&file, long_rows[i].unit, n);
        repeat(&file, long_rows[i].behind, 1);
        repeat(&file, "two\n", 1);
        read_bytes(r, mci_buf_str(&file), 4096, open_csv);
        assert_ok(mci_buf_terminate(&r->out, &r->err), r->err);
        assert_int_equal(r->status, MC_END);
        assert_says(r->out.data, "\"one\"]]}\n! row 2 at byte 9: ");
        assert_says(r->out.data, "\n{\"texts\":[[\"text\",\"two\"]]}\n");
        assert_true(r->line.cap <= 8 * max_bytes);
        mci_buf_release(&file);
    }
}

/* Three gzip members: the row that the gap between them cuts is gone, at both of its ends. */
static void rows_go_on_behind_a_gap(void **state)
{
    reading *r = *state;
    mci_buf file = { 0 };
    pack_gzip(&file, mc_str_of("text\none\ntw"));
    pack_gzip(&file, mc_str_of("o\nthree\nfo"));
    file.len -= 9; /* the second one is cut */
    pack_gzip(&file, mc_str_of("ur\nfive\n"));
    read_bytes(r, mci_buf_str(&file), 4096, open_csv);
    assert_ok(mci_buf_terminate(&r->out, &r->err), r->err);
    assert_says(r->out.data, "{\"texts\":[[\"text\",\"one\"]]}\n");
    assert_says(r->out.data, "it is cut: the gzip member at byte ");
    assert_says(r->out.data, "\n{\"texts\":[[\"text\",\"five\"]]}\n");
    assert_null(strstr(r->out.data, "ur"));
    mci_buf_release(&file);
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(tables_and_captions_become_lines_of_pairs),
        UNIT(tables_without_texts_are_refused),
        UNIT(offsets_are_those_of_rows),
        UNIT(every_prefix_gives_the_rows_before_the_cut),
        UNIT(what_is_too_long_is_passed_over_without_being_held),
        UNIT(rows_go_on_behind_a_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
