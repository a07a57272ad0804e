/* Parquet both ways: reading goes through DuckDB's library where it is there
 * (scripts/fetch-duckdb), which also writes the tables of others that are read here and looks at
 * what we wrote. */
#include <fcntl.h>
#include <sys/stat.h>

#include "io/duckdb_api.h"
#include "io/pairs.h"
#include "io/parquet.h"
#include "io/parquet_out.h"
#include "scratch.h"

/* ---- words of this test ---- */

/* A build folder of its own (sanitizers) takes the library of the usual one. */
static int find_library(void **state)
{
    const char *fetched = test_path("METACLIP_SOURCE", "build/lib/libduckdb.so");
    if (!getenv("METACLIP_DUCKDB") && fetched && access(fetched, R_OK) == 0)
        setenv("METACLIP_DUCKDB", fetched, 1);
    return scratch_open(state);
}

static void skip_without_library(void)
{
    mci_duck duck;
    mc_error err = { 0 };
    if (mci_duck_open(&duck, 0, &err) < 0) {
        print_message("  %s\n", err.text);
        skip();
    }
    mci_duck_close(&duck);
}

/* Lets DuckDB write what a SELECT gives as Parquet. */
static void make_table(const char *path, const char *select)
{
    mci_duck duck;
    mc_error err = { 0 };
    mci_buf sql = { 0 };
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);
    assert_true(fd >= 0);
    assert_ok(mci_duck_open(&duck, fd, &err), err);
    assert_ok(mci_buf_printf(&sql, &err, "COPY (%s) TO '%s' (FORMAT parquet, USE_TMP_FILE false)",
                             select, duck.file),
              err);
    assert_ok(mci_duck_run(&duck, sql.data, &err), err);
    mci_duck_close(&duck);
    mci_buf_release(&sql);
    close(fd);
}

/* The one string that a SELECT over the file (as FILE) gives; lives until the next call. */
static const char *ask(const char *path, const char *select)
{
    static char answer[1024];
    char sql[2048];
    mci_duck duck;
    mci_duck_result result = { 0 };
    mc_error err = { 0 };
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_ok(mci_duck_open(&duck, fd, &err), err);
    const char *place = strstr(select, "FILE");
    snprintf(sql, sizeof sql, "%.*s'%s'%s", (int)(place - select), select, duck.file, place + 4);
    if (duck.query(duck.connection, sql, &result) != MCI_DUCK_OK)
        fail_msg("%s: %s", sql, duck.result_error(&result));
    mci_duck_chunk chunk = duck.fetch_chunk(result);
    assert_non_null(chunk);
    mc_str text = mci_duck_str(duck.vector_get_data(duck.data_chunk_get_vector(chunk, 0)));
    snprintf(answer, sizeof answer, "%.*s", (int)text.len, text.data);
    duck.destroy_data_chunk(&chunk);
    duck.destroy_result(&result);
    mci_duck_close(&duck);
    close(fd);
    return answer;
}

/* All lines of a file, each with LF; what was skipped goes into *problem. */
static void read_lines(const char *path, mci_buf *lines, mc_error *problem)
{
    mci_rows rows;
    mc_error err = { 0 };
    mci_buf line = { 0 };
    uint64_t offset, last = 0;
    mci_buf_clear(lines);
    assert_ok(mci_parquet_open(path, &rows, &err), err);
    for (;;) {
        mc_status status = rows.next(rows.self, &line, &offset, problem);
        if (status == MC_SKIPPED)
            continue;
        if (status == MC_END)
            break;
        assert_ok(status, *problem);
        assert_true(offset >= last);
        last = offset;
        assert_ok(mci_buf_add(lines, mci_buf_str(&line), &err), err);
        assert_ok(mci_buf_byte(lines, '\n', &err), err);
    }
    rows.close(rows.self);
    mci_buf_release(&line);
}

static void expect_lines(const char *path, const char *want)
{
    mci_buf lines = { 0 };
    mc_error problem = { 0 };
    read_lines(path, &lines, &problem);
    assert_int_equal(problem.status, MC_OK);
    assert_str(mci_buf_str(&lines), want);
    mci_buf_release(&lines);
}

/* ---- tables of others ---- */

static const struct {
    const char *name, *select, *want;
} tables[] = {
    { "LAION's names, with scores and sizes",
      "SELECT 17::BIGINT AS SAMPLE_ID, 'http://a.example/1' AS URL, 'a \"red\" car' AS TEXT, "
      "512::INTEGER AS HEIGHT, 0.25::DOUBLE AS similarity, true AS ok, NULL::INTEGER AS WIDTH",
      "{\"url\":\"http://a.example/1\",\"texts\":[[\"text\",\"a \\\"red\\\" car\"]],"
      "\"SAMPLE_ID\":17,\"HEIGHT\":512,\"similarity\":0.25,\"ok\":true}\n" },
    { "DataComp's uid", "SELECT '00ff' AS uid, 'http://a.example/1' AS url, 'a car' AS text",
      "{\"uuid\":\"00ff\",\"url\":\"http://a.example/1\",\"texts\":[[\"text\",\"a car\"]]}\n" },
    { "several columns of texts, one empty, one NULL",
      "SELECT 'u' AS url, 'a' AS alt, '' AS caption, NULL::VARCHAR AS title, 'b' AS description",
      "{\"url\":\"u\",\"texts\":[[\"alt\",\"a\"],[\"caption\",null],[\"title\",null],"
      "[\"description\",\"b\"]]}\n" },
    { "a language", "SELECT 'u' AS url, 'a' AS caption, 'en' AS LANGUAGE",
      "{\"url\":\"u\",\"texts\":[[\"caption\",\"a\",null,\"en\"]]}\n" },
    { "neither uuid nor url, in order", "SELECT 'a' || i AS text FROM range(3) r(i)",
      "{\"texts\":[[\"text\",\"a0\"]]}\n{\"texts\":[[\"text\",\"a1\"]]}\n"
      "{\"texts\":[[\"text\",\"a2\"]]}\n" },
    { "img2dataset's key is no key of a text",
      "SELECT 'u' AS url, 'a' AS caption, '0001' AS key, 'success' AS status",
      "{\"url\":\"u\",\"texts\":[[\"caption\",\"a\"]],\"key\":\"0001\",\"status\":\"success\"}\n" },
    { "two urls: the one that is called url", "SELECT 'i' AS image_url, 'u' AS url, 'a' AS text",
      "{\"url\":\"u\",\"texts\":[[\"text\",\"a\"]],\"image_url\":\"i\"}\n" },
    { "numbers that JSON has not", "SELECT 'a' AS text, 'nan'::FLOAT AS x, '-inf'::DOUBLE AS y",
      "{\"texts\":[[\"text\",\"a\"]],\"x\":NaN,\"y\":-Infinity}\n" },
    { "other types as text, bytes not at all",
      "SELECT 'a' AS text, DATE '2020-02-29' AS day, [1, 2] AS pair, 1.50::DECIMAL(4,2) AS price, "
      "'\\xFF'::BLOB AS jpg, 5::HUGEINT AS n",
      "{\"texts\":[[\"text\",\"a\"]],\"day\":\"2020-02-29\",\"pair\":\"[1, 2]\","
      "\"price\":\"1.50\",\"n\":5.0}\n" },
    { "texts of bytes, whatever they are", "SELECT 'a\\xFFb'::BLOB AS text",
      "{\"texts\":[[\"text\",\"a\xFF"
      "b\"]]}\n" },
    { "columns with odd names",
      "SELECT 'a' AS text, 1 AS \"a\"\"b'c\", 2 AS \"select\", 3 AS \"\xC3\xA4\n\", 4 AS texts",
      "{\"texts\":[[\"text\",\"a\"]],\"a\\\"b'c\":1,\"select\":2,\"\xC3\xA4\\n\":3,"
      "\"texts_1\":4}\n" },
    { "a uuid that is a number", "SELECT 7 AS uid, 'a' AS text",
      "{\"uuid\":\"7\",\"texts\":[[\"text\",\"a\"]]}\n" },
    { "our own form: rows of one image are one record",
      "SELECT 'u' || i // 2 AS uuid, 'http://' || i // 2 AS url, 'k' || i AS key, 't' || i AS "
      "text, "
      "CASE WHEN i = 1 THEN NULL ELSE [i, i + 7] END AS entries, 'en' AS lang, "
      "'{\"w\":' || i || '}' AS extra, 9 AS more FROM range(3) r(i)",
      "{\"uuid\":\"u0\",\"url\":\"http://0\",\"texts\":[[\"k0\",\"t0\",[0, 7],\"en\"],"
      "[\"k1\",\"t1\",null,\"en\"]],\"more\":9,\"w\":0}\n"
      "{\"uuid\":\"u1\",\"url\":\"http://1\",\"texts\":[[\"k2\",\"t2\",[2, 9],\"en\"]],"
      "\"more\":9,\"w\":2}\n" },
    { "our own form without uuids and urls",
      "SELECT NULL::VARCHAR AS uuid, NULL::VARCHAR AS url, 'k' AS key, 't' AS text "
      "FROM range(2)",
      "{\"texts\":[[\"k\",\"t\"]]}\n{\"texts\":[[\"k\",\"t\"]]}\n" },
    { "no rows", "SELECT 'a' AS text LIMIT 0", "" },
};

static void tables_of_others_become_records(void **state)
{
    scratch *s = *state;
    skip_without_library();
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        print_message("  case: %s\n", tables[i].name);
        const char *path = scratch_path(s, "table.parquet");
        make_table(path, tables[i].select);
        expect_lines(path, tables[i].want);
    }
}

static void tables_without_texts_are_refused(void **state)
{
    scratch *s = *state;
    mci_rows rows;
    mc_error err = { 0 };
    skip_without_library();
    const char *path = scratch_path(s, "bare.parquet");
    make_table(path, "SELECT 'u' AS url, 3 AS caption");
    assert_int_equal(mci_parquet_open(path, &rows, &err), MC_E_FORMAT);
    assert_says(err.text, "no column of texts");
}

static void odd_names_are_names_of_files(void **state)
{
    static const char *const names[] = { "a'b.parquet",       "*.parquet",
                                         "[a]{b,c}?.parquet", "a\"b;DROP TABLE x--.parquet",
                                         "k=v.parquet",       "\xC3\xA4\n.parquet" };
    scratch *s = *state;
    skip_without_library();
    make_table(scratch_path(s, "other.parquet"), "SELECT 'wrong' AS text");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        print_message("  case: %s\n", names[i]);
        const char *path = scratch_path(s, names[i]);
        make_table(path, "SELECT 'right' AS text");
        expect_lines(path, "{\"texts\":[[\"text\",\"right\"]]}\n");
    }
}

/* A pipe has no end to begin with, a folder no bytes. */
static void only_files_are_read(void **state)
{
    scratch *s = *state;
    mci_rows rows;
    mc_error err = { 0 };
    const char *path = scratch_path(s, "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    int fd = open(path, O_RDWR);
    assert_int_equal(mci_parquet_open(path, &rows, &err), MC_E_IO);
    assert_says(err.text, "Parquet can only be read from a file");
    close(fd);
    assert_int_equal(mci_parquet_open(s->dir, &rows, &err), MC_E_IO);
    assert_int_equal(mci_parquet_open(scratch_path(s, "nothing"), &rows, &err), MC_E_IO);
    assert_says(err.text, "No such file");
}

/* ---- what we write ---- */

static const uint32_t ids[] = { 0, 17, UINT32_MAX };

static const char own_lines[] =
    "{\"uuid\":\"u1\",\"url\":\"http://a.example/1\",\"texts\":[[\"alt\",\"a \\\"red\\\" car\","
    "[0,17,4294967295],\"en\"],[\"title\",\"\",[]],[\"x\",\"\xE8\xBB\x8A\\u0000\"]],\"w\":3,"
    "\"s\":\"{\"}\n"
    "{\"uuid\":\"u2\",\"url\":\"\",\"texts\":[[\"alt\",\"a text of more than twelve bytes\",null,"
    "\"und\"]]}\n";

static mc_text own_texts[] = {
    { { "alt", 3 }, { "a \"red\" car", 11 }, ids, 3, true, { "en", 2 } },
    { { "title", 5 }, { "", 0 }, ids, 0, true, { NULL, 0 } },
    { { "x", 1 }, { "\xE8\xBB\x8A\0", 4 }, NULL, 0, false, { NULL, 0 } },
    { { "alt", 3 }, { "a text of more than twelve bytes", 32 }, NULL, 0, false, { "und", 3 } },
};

static void write_own(const char *path, size_t n_times)
{
    mc_record records[] = {
        { .uuid = { "u1", 2 }, .url = { "http://a.example/1", 18 }, .texts = own_texts },
        { .uuid = { "u2", 2 }, .texts = own_texts + 3, .n_texts = 1 },
    };
    records[0].n_texts = 3;
    records[0].extra = mc_str_of("\"w\":3,\"s\":\"{\"");
    mci_parquet_out *table = NULL;
    mc_error err = { 0 };
    assert_ok(mci_parquet_out_open(path, &table, &err), err);
    for (size_t i = 0; i < n_times; i++)
        for (size_t j = 0; j < COUNT_OF(records); j++)
            assert_ok(mci_parquet_out_add(table, &records[j], &err), err);
    assert_ok(mci_parquet_out_commit(table, &err), err);
}

/* What a reader of pairs makes of the lines, as lines again. */
static void normalise(const mci_buf *lines, mci_buf *out)
{
    mc_error err = { 0 };
    mci_json *json = NULL;
    mci_buf scratch_bytes = { 0 };
    mci_arena arena = { 0 };
    uint64_t n_replaced = 0, n_empty = 0;
    assert_ok(mci_json_new(&json, &err), err);
    for (size_t at = 0; at < lines->len;) {
        const char *end = memchr(lines->data + at, '\n', lines->len - at);
        mc_str line = { lines->data + at, (size_t)(end - lines->data) - at };
        mc_record record;
        assert_ok(mci_pairs_parse(json, &scratch_bytes, line, &arena, &record, &n_replaced,
                                  &n_empty, &err),
                  err);
        assert_ok(mci_pairs_format(&record, out, &err), err);
        at += line.len + 1;
    }
    assert_int_equal(n_replaced + n_empty, 0);
    mci_arena_release(&arena);
    mci_buf_release(&scratch_bytes);
    mci_json_free(json);
}

static void what_was_written_comes_back(void **state)
{
    scratch *s = *state;
    skip_without_library();
    mci_buf lines = { 0 }, again = { 0 };
    mc_error problem = { 0 };
    const char *path = scratch_path(s, "own.parquet");
    write_own(path, 1);
    read_lines(path, &lines, &problem);
    normalise(&lines, &again);
    assert_str(mci_buf_str(&again), own_lines);
    mci_buf_release(&lines);
    mci_buf_release(&again);
}

/* Bytes of letters, sometimes more than a page. */
static mc_str random_text(test_random *random, mci_arena *arena)
{
    size_t n = test_below(random, 300) ? test_below(random, 60) : test_below(random, 2500000);
    char *text = mci_arena_alloc(arena, n);
    for (size_t i = 0; i < n; i++)
        text[i] = (char)('a' + test_below(random, 26));
    return (mc_str){ text, n };
}

static void fill_text(test_random *random, mci_arena *arena, mc_text *text)
{
    *text = (mc_text){ .key = { "alt", 3 }, .text = random_text(random, arena) };
    text->is_matched = test_below(random, 5) > 0;
    if (test_below(random, 3) == 0)
        text->lang = mc_str_of("en");
    if (!text->is_matched)
        return;
    text->n_entries = test_below(random, 200) ? test_below(random, 12) : test_below(random, 400000);
    uint32_t *entries = mci_arena_alloc(arena, text->n_entries * sizeof *entries);
    for (size_t i = 0; i < text->n_entries; i++)
        entries[i] = (uint32_t)(i * 5 + test_below(random, 5));
    text->entries = entries;
}

/* Pages end anywhere: in the middle of nothing, behind long lists, before and after NULLs. */
static void records_of_all_sizes_come_back(void **state)
{
    scratch *s = *state;
    test_random random = { 7 };
    mci_parquet_out *table = NULL;
    mc_error err = { 0 }, problem = { 0 };
    mci_buf want = { 0 }, lines = { 0 }, got = { 0 };
    mci_arena arena = { 0 };
    skip_without_library();
    const char *path = scratch_path(s, "sizes.parquet");
    assert_ok(mci_parquet_out_open(path, &table, &err), err);
    for (int i = 0; i < 800; i++) {
        mc_text texts[3];
        char uuid[16];
        mc_record record = { .texts = texts, .n_texts = 1 + test_below(&random, 3) };
        mci_arena_reset(&arena);
        record.uuid = (mc_str){ uuid, (size_t)snprintf(uuid, sizeof uuid, "%d", i) };
        record.url = random_text(&random, &arena);
        if (test_below(&random, 4) == 0)
            record.extra = mc_str_of("\"w\":3");
        for (size_t k = 0; k < record.n_texts; k++)
            fill_text(&random, &arena, &texts[k]);
        assert_ok(mci_parquet_out_add(table, &record, &err), err);
        assert_ok(mci_pairs_format(&record, &want, &err), err);
    }
    assert_ok(mci_parquet_out_commit(table, &err), err);
    read_lines(path, &lines, &problem);
    normalise(&lines, &got);
    assert_int_equal(got.len, want.len);
    assert_memory_equal(got.data, want.data, want.len);
    mci_buf_release(&want);
    mci_buf_release(&lines);
    mci_buf_release(&got);
    mci_arena_release(&arena);
}

static void duckdb_reads_what_we_write(void **state)
{
    scratch *s = *state;
    skip_without_library();
    const char *path = scratch_path(s, "own.parquet");
    write_own(path, 100000);
    assert_string_equal(ask(path, "SELECT count(*)::VARCHAR FROM read_parquet(FILE)"), "400000");
    assert_string_equal(ask(path, "SELECT sum(entries[3])::VARCHAR FROM read_parquet(FILE)"),
                        "429496729500000");
    assert_string_equal(
        ask(path, "SELECT string_agg(column_name || ' ' || column_type, ', ') FROM "
                  "(DESCRIBE FROM read_parquet(FILE))"),
        "uuid VARCHAR, url VARCHAR, key VARCHAR, text VARCHAR, entries UINTEGER[], lang VARCHAR, "
        "extra VARCHAR");
    assert_string_equal(ask(path, "SELECT string_agg(DISTINCT compression, ',') FROM "
                                  "parquet_metadata(FILE)"),
                        "ZSTD");
    assert_string_equal(ask(path, "SELECT count(DISTINCT row_group_id)::VARCHAR FROM "
                                  "parquet_metadata(FILE)"),
                        "4");
}

static void the_same_records_give_the_same_bytes(void **state)
{
    scratch *s = *state;
    size_t n[2];
    char *bytes[2];
    write_own(scratch_path(s, "a.parquet"), 40000);
    write_own(scratch_path(s, "b.parquet"), 40000);
    bytes[0] = test_read_file(scratch_path(s, "a.parquet"), &n[0]);
    bytes[1] = test_read_file(scratch_path(s, "b.parquet"), &n[1]);
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(bytes[0], bytes[1], n[0]);
    free(bytes[0]);
    free(bytes[1]);
}

static void a_table_without_rows_is_a_file(void **state)
{
    scratch *s = *state;
    skip_without_library();
    const char *path = scratch_path(s, "none.parquet");
    write_own(path, 0);
    expect_lines(path, "");
}

static size_t count_files(const scratch *s)
{
    size_t n = 0;
    DIR *dir = opendir(s->dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2;
}

static void what_is_given_up_leaves_nothing(void **state)
{
    scratch *s = *state;
    mci_parquet_out *table = NULL;
    mc_error err = { 0 };
    mc_record record = { .uuid = { "u", 1 }, .texts = own_texts, .n_texts = 1 };
    assert_ok(mci_parquet_out_open(scratch_path(s, "x.parquet"), &table, &err), err);
    assert_ok(mci_parquet_out_add(table, &record, &err), err);
    mci_parquet_out_abort(table);
    assert_int_equal(count_files(s), 0);

    assert_int_equal(mci_parquet_out_open(scratch_path(s, "no/x.parquet"), &table, &err), MC_E_IO);
    assert_says(err.text, "no/x.parquet");
}

/* ---- damage ---- */

/* Any answer but a crash or a file without end; a refusal names the file. */
static void read_damaged(const char *path, size_t max_lines)
{
    mci_rows rows;
    mc_error err = { 0 };
    mci_buf line = { 0 };
    uint64_t offset;
    mc_status status = mci_parquet_open(path, &rows, &err);
    if (status < 0) {
        if (status != MC_E_FORMAT && status != MC_E_NOMEM && status != MC_E_IO)
            fail_msg("status %d: %s", (int)status, err.text);
        return;
    }
    for (size_t i = 0; (status = rows.next(rows.self, &line, &offset, &err)) != MC_END; i++) {
        assert_true(i <= max_lines);
        if (status < 0) {
            assert_true(status == MC_E_NOMEM || status == MC_E_IO);
            break;
        }
    }
    rows.close(rows.self);
    mci_buf_release(&line);
}

static void every_cut_is_told(void **state)
{
    scratch *s = *state;
    size_t len;
    uint64_t offset;
    mci_rows rows;
    mc_error err = { 0 };
    mci_buf line = { 0 };
    skip_without_library();
    write_own(scratch_path(s, "whole.parquet"), 50);
    char *bytes = test_read_file(scratch_path(s, "whole.parquet"), &len);
    for (size_t n = 0; n < len; n += n < 16 || n + 16 > len ? 1 : 1 + len / 40) {
        const char *path = scratch_file(s, "cut.parquet", bytes, n);
        assert_ok(mci_parquet_open(path, &rows, &err), err);
        assert_int_equal(rows.next(rows.self, &line, &offset, &err), MC_SKIPPED);
        assert_says(err.text, "nothing of it can be read");
        assert_int_equal(rows.next(rows.self, &line, &offset, &err), MC_END);
        rows.close(rows.self);
    }
    mci_buf_release(&line);
    free(bytes);
}

static void flipped_bytes_crash_nothing(void **state)
{
    scratch *s = *state;
    size_t len;
    test_random random = { 1 };
    skip_without_library();
    write_own(scratch_path(s, "whole.parquet"), 50);
    char *bytes = test_read_file(scratch_path(s, "whole.parquet"), &len);
    for (size_t i = 0; i < 120; i++) {
        size_t at = test_below(&random, len);
        char was = bytes[at];
        bytes[at] = (char)test_next(&random);
        read_damaged(scratch_file(s, "flip.parquet", bytes, len), 1000000);
        bytes[at] = was;
    }
    free(bytes);
}

/* Where the table of contents says to be: beyond the file, larger than memory. */
static void absurd_sizes_are_refused(void **state)
{
    scratch *s = *state;
    skip_without_library();
    static const unsigned char sizes[][4] = {
        { 0xFF, 0xFF, 0xFF, 0xFF }, { 0xFF, 0xFF, 0xFF, 0x7F }, { 0, 0, 0, 0x80 }, { 0, 0, 0, 0 }
    };
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char file[64] = "PAR1";
        memcpy(file + sizeof file - 8, sizes[i], 4);
        memcpy(file + sizeof file - 4, "PAR1", 4);
        read_damaged(scratch_file(s, "absurd.parquet", file, sizeof file), 0);
    }
}

/* What stands before the damage is given. */
static void damage_behind_the_beginning_ends_the_file(void **state)
{
    scratch *s = *state;
    size_t len;
    mci_buf lines = { 0 };
    mc_error problem = { 0 };
    skip_without_library();
    const char *path = scratch_path(s, "large.parquet");
    make_table(path, "SELECT md5(i::VARCHAR) AS text FROM range(300000) r(i)");
    char *bytes = test_read_file(path, &len);
    memset(bytes + len / 2, 0x5A, 100000);
    path = scratch_file(s, "hurt.parquet", bytes, len);
    read_lines(path, &lines, &problem);
    assert_int_equal(problem.status, MC_SKIPPED);
    assert_says(problem.text, "what follows is lost");
    assert_true(lines.len > 1000000);
    mci_buf_release(&lines);
    free(bytes);
}

/* DuckDB takes only UTF-8 for strings. */
static void strings_of_wrong_bytes_are_damage(void **state)
{
    scratch *s = *state;
    size_t len;
    mci_buf lines = { 0 };
    mc_error problem = { 0 };
    skip_without_library();
    const char *path = scratch_path(s, "right.parquet");
    make_table(path, "SELECT 'a wrong string' || i AS text FROM range(3) r(i)");
    char *bytes = test_read_file(path, &len);
    for (size_t i = 0; i + 5 < len; i++)
        if (memcmp(bytes + i, "wrong", 5) == 0)
            bytes[i] = (char)0xFF;
    read_lines(scratch_file(s, "wrong.parquet", bytes, len), &lines, &problem);
    assert_int_equal(problem.status, MC_SKIPPED);
    assert_says(problem.text, "nvalid");
    mci_buf_release(&lines);
    free(bytes);
}

/* ---- without the library ---- */

static void a_missing_library_is_told(void **state)
{
    scratch *s = *state;
    mci_rows rows;
    mc_error err = { 0 };
    char *was = getenv("METACLIP_DUCKDB");
    was = was ? strdup(was) : NULL;
    setenv("METACLIP_DUCKDB", scratch_text(s, "libduckdb.so", "no library"), 1);
    const char *path = scratch_text(s, "x.parquet", "PAR1");
    assert_int_equal(mci_parquet_open(path, &rows, &err), MC_E_BACKEND);
    assert_says(err.text, "METACLIP_DUCKDB: cannot load");
    /* Writing needs none. */
    write_own(scratch_path(s, "y.parquet"), 1);
    assert_int_equal(count_files(s), 3);
    /* A library, but not DuckDB's. */
    setenv("METACLIP_DUCKDB", "libz.so.1", 1);
    if (mci_parquet_open(path, &rows, &err) == MC_E_BACKEND && !strstr(err.text, "cannot load"))
        assert_says(err.text, "scripts/fetch-duckdb");
    if (was)
        setenv("METACLIP_DUCKDB", was, 1);
    else
        unsetenv("METACLIP_DUCKDB");
    free(was);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, find_library, scratch_close)
    const struct CMUnitTest tests[] = {
        T(tables_of_others_become_records),
        T(tables_without_texts_are_refused),
        T(odd_names_are_names_of_files),
        T(only_files_are_read),
        T(what_was_written_comes_back),
        T(records_of_all_sizes_come_back),
        T(duckdb_reads_what_we_write),
        T(the_same_records_give_the_same_bytes),
        T(a_table_without_rows_is_a_file),
        T(what_is_given_up_leaves_nothing),
        T(every_cut_is_told),
        T(flipped_bytes_crash_nothing),
        T(absurd_sizes_are_refused),
        T(damage_behind_the_beginning_ends_the_file),
        T(strings_of_wrong_bytes_are_damage),
        T(a_missing_library_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
