#include "io/pairs_internal.h"

#include "test.h"

typedef struct {
    mci_json *json;
    mci_buf scratch, out;
    mci_arena arena;
    mc_error err;
    uint64_t n_replaced, n_empty;
    mc_record record;
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
    mci_buf_release(&f->out);
    mci_arena_release(&f->arena);
    free(f);
    return 0;
}

static mc_status parse(fixture *f, mc_str line)
{
    mci_arena_reset(&f->arena);
    f->n_replaced = f->n_empty = 0;
    return mci_pairs_parse(f->json, &f->scratch, line, &f->arena, &f->record, &f->n_replaced,
                           &f->n_empty, &f->err);
}

static mc_str format(fixture *f)
{
    mci_buf_clear(&f->out);
    assert_ok(mci_pairs_format(&f->record, &f->out, &f->err), f->err);
    return mci_buf_str(&f->out);
}

/* What is read, and how it is written; NULL: as it was read. */
static const struct {
    const char *name, *line, *want;
    uint64_t n_replaced, n_empty;
} good[] = {
    { "plain", "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"a red car\"]]}", NULL, 0, 0 },
    { "two texts, matched, with language",
      "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"a\",[0,17,4294967295],\"en\"],"
      "[\"title\",\"b\",[]]]}",
      NULL, 0, 0 },
    { "a language before matching",
      "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"a\",null,\"en\"]]}", NULL, 0, 0 },
    { "no texts", "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[]}", NULL, 0, 0 },
    { "an empty text", "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"\"]]}", NULL, 0, 0 },
    { "escapes and UTF-8",
      "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"\\u0000\\\"\\\\\\n/\xC3\xA9\"]]}", NULL,
      0, 0 },
    { "as Python writes it",
      " {\"url\": \"u\", \"texts\": [[\"alt\", \"\\u00e9\\ud83d\\ude00\"]], \"uuid\": \"1\"}",
      "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"\xC3\xA9\xF0\x9F\x98\x80\"]]}", 0, 0 },
    { "further elements of a text",
      "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"a\",[2],\"en\",{}]]}",
      "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"a\",[2],\"en\"]]}", 0, 0 },
    { "further members",
      "{ \"uid\": 7, \"uuid\":\"1\",\"url\":\"u\",\"texts\":[], \"similarity\": 0.31, \"o\": "
      "{\"a\" : [ null, true, false, \"\\u00e9\\/\\n\" ], \"\": {}, \"b\":[]}}",
      "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[],\"uid\":7,\"similarity\":0.31,"
      "\"o\":{\"a\":[null,true,false,\"\xC3\xA9/\\n\"],\"\":{},\"b\":[]}}",
      0, 0 },
    { "numbers",
      "{\"texts\":[],\"n\":[0,-0,-9223372036854775808,18446744073709551615,"
      "18446744073709551616,1.0,-0.0,0.1,0.10000000000000001,0.31512823700904846,1e22,1E-7,"
      "5e-324,1.7976931348623157e308,123456789.0,NaN,-Infinity,1e999]}",
      "{\"uuid\":\"\",\"url\":\"\",\"texts\":[],\"n\":[0,0,-9223372036854775808,"
      "18446744073709551615,18446744073709551616.0,1.0,-0.0,0.1,0.1,0.31512823700904846,1e+22,"
      "1e-07,5e-324,1.7976931348623157e+308,123456789.0,null,null,null]}",
      0, 0 },
    { "repeated further members stay",
      "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[],\"a\":1,\"b\":2,\"a\":3}", NULL, 0, 0 },
    { "further members need repair, too", "{\"texts\":[],\"\xFF\":\"\\ud800\"}",
      "{\"uuid\":\"\",\"url\":\"\",\"texts\":[],\"\xEF\xBF\xBD\":\"\xEF\xBF\xBD\"}", 2, 0 },
    { "null ids and language",
      "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"a\",null,null]]}",
      "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"a\"]]}", 0, 0 },
    { "no uuid, no url", "{\"uuid\":null,\"texts\":[]}",
      "{\"uuid\":\"\",\"url\":\"\",\"texts\":[]}", 0, 0 },
    { "texts without a text",
      "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\"],[\"alt\",\"a\"],[\"title\",null,[1]]]}",
      "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"a\"]]}", 0, 2 },
    { "wrong bytes and lone surrogates",
      "{\"uuid\":\"1\",\"url\":\"\xFF\",\"texts\":[[\"alt\",\"\xC3|\\ud800\"]]}",
      "{\"uuid\":\"1\",\"url\":\"\xEF\xBF\xBD\",\"texts\":"
      "[[\"alt\",\"\xEF\xBF\xBD|\xEF\xBF\xBD\"]]}",
      3, 0 },
    { "the last of repeated keys",
      "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":7,\"uuid\":\"2\",\"texts\":[]}",
      "{\"uuid\":\"2\",\"url\":\"u\",\"texts\":[]}", 0, 0 },
};

static void records_are_read_and_written_in_one_form(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        print_message("  case: %s\n", good[i].name);
        char want[512];
        snprintf(want, sizeof want, "%s\n", good[i].want ? good[i].want : good[i].line);
        assert_ok(parse(f, mc_str_of(good[i].line)), f->err);
        assert_int_equal(f->n_replaced, good[i].n_replaced);
        assert_int_equal(f->n_empty, good[i].n_empty);
        assert_str(format(f), want);
        assert_ok(parse(f, mc_str_of(want)), f->err);
        assert_str(format(f), want);
    }
}

static const struct {
    const char *line, *says;
} bad[] = {
    { "", "not JSON: Empty" },
    { "{\"texts\":[]", "not JSON" },
    { "{\"texts\":[\xFF", "not JSON" },
    { "[]", "want an object, got an array" },
    { "\"x\"", "want an object, got a string" },
    { "{}", "texts is missing" },
    { "{\"texts\":null}", "texts: want an array, got null" },
    { "{\"texts\":\"a red car\"}", "texts: want an array, got a string" },
    { "{\"uuid\":1,\"texts\":[]}", "uuid: want a string, got a number" },
    { "{\"url\":[],\"texts\":[]}", "url: want a string, got an array" },
    { "{\"texts\":[\"a\"]}", "texts[0]: want an array, got a string" },
    { "{\"texts\":[[\"k\",\"a\"],{}]}", "texts[1]: want an array, got an object" },
    { "{\"texts\":[[]]}", "texts[0]: an empty array" },
    { "{\"texts\":[[null,\"a\"]]}", "texts[0]: key: want a string, got null" },
    { "{\"texts\":[[\"k\",true]]}", "texts[0]: text: want a string, got a boolean" },
    { "{\"texts\":[[\"k\",\"a\",7]]}", "texts[0]: ids: want an array, got a number" },
    { "{\"texts\":[[\"k\",\"a\",[1,\"2\"]]]}", "texts[0]: ids[1] is no whole number" },
    { "{\"texts\":[[\"k\",\"a\",[1.0]]]}", "texts[0]: ids[0] is no whole number" },
    { "{\"texts\":[[\"k\",\"a\",[-1]]]}", "texts[0]: ids[0] is no whole number" },
    { "{\"texts\":[[\"k\",\"a\",[4294967296]]]}",
      "texts[0]: ids[0] is no whole number below 2^32" },
    { "{\"texts\":[[\"k\",\"a\",[1,3,2]]]}", "texts[0]: ids[2] is not above the one before it" },
    { "{\"texts\":[[\"k\",\"a\",[1,1]]]}", "texts[0]: ids[1] is not above the one before it" },
    { "{\"texts\":[[\"k\",\"a\",[],7]]}", "texts[0]: language: want a string, got a number" },
};

static void other_forms_are_skipped_with_the_place(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        print_message("  case: %s\n", bad[i].line);
        assert_int_equal(parse(f, mc_str_of(bad[i].line)), MC_SKIPPED);
        assert_says(f->err.text, bad[i].says);
        assert_int_equal(f->n_replaced + f->n_empty, 0);
    }
}

static void every_prefix_is_skipped(void **state)
{
    fixture *f = *state;
    const char *whole = good[1].line;
    for (size_t len = 0; len < strlen(whole); len++) {
        char *cut = malloc(len + 1);
        memcpy(cut, whole, len);
        assert_int_equal(parse(f, (mc_str){ cut, len }), MC_SKIPPED);
        free(cut);
    }
}

static void records_live_as_long_as_the_arena(void **state)
{
    fixture *f = *state;
    mc_record first;
    assert_ok(parse(f, mc_str_of(good[1].line)), f->err);
    first = f->record;
    mc_str other = mc_str_of("{\"uuid\":\"2\",\"texts\":[]}");
    mc_status status = mci_pairs_parse(f->json, &f->scratch, other, &f->arena, &f->record,
                                       &f->n_replaced, &f->n_empty, &f->err);
    assert_ok(status, f->err);
    assert_str(first.uuid, "1");
    assert_true(first.texts[0].is_matched);
    assert_int_equal(first.texts[0].n_entries, 3);
    assert_int_equal(first.texts[0].entries[2], UINT32_MAX);
    assert_str(first.texts[0].lang, "en");
    assert_str(first.texts[1].text, "b");
}

static void further_members_are_kept_apart(void **state)
{
    fixture *f = *state;
    assert_ok(parse(f, mc_str_of("{\"WIDTH\":512,\"texts\":[],\"nsfw\":\"unlikely\"}")), f->err);
    assert_str(f->record.extra, "\"WIDTH\":512,\"nsfw\":\"unlikely\"");
    assert_ok(parse(f, mc_str_of("{\"texts\":[]}")), f->err);
    assert_int_equal(f->record.extra.len, 0);
}

/* As deep as a record may be; recursion must bear it. */
static void deep_members_are_carried_through(void **state)
{
    enum { DEPTH = 990 };
    fixture *f = *state;
    mci_buf line = { 0 };
    const char *start = "{\"uuid\":\"\",\"url\":\"\",\"texts\":[],\"deep\":";
    assert_ok(mci_buf_add(&line, mc_str_of(start), &f->err), f->err);
    for (size_t i = 0; i < 2 * DEPTH; i++)
        assert_ok(mci_buf_byte(&line, i < DEPTH ? '[' : ']', &f->err), f->err);
    assert_ok(mci_buf_add(&line, mc_str_of("}\n"), &f->err), f->err);
    assert_ok(parse(f, mci_buf_str(&line)), f->err);
    assert_true(mc_str_equal(format(f), mci_buf_str(&line)));
    mci_buf_release(&line);
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct {
    const char *extra;
    bool has; /* a member called "source" */
} extras[] = {
    { "", false },
    { "\"source\":1", true },
    { "\"a\":{\"b\":[]},\"source\":null", true },
    { "\"source\":1,\"source\":2", true },
    { "\"sources\":1,\"Source\":2,\"sourc\":3", false },
    { "\"a\":\"source\",\"b\":2", false },
    { "\"a\":\"\\\",\\\"source\\\":\"", false },
    { "\"a\":\"\\\\\",\"source\":1", true },
    { "\"a\":{\"source\":1},\"b\":[{\"source\":2}]", false },
    { "\"a\":\"}\",\"b\":[\"[\",\"{\"],\"source\":[]", true },
    { "\"\\\"source\":1", false },
};

static void only_members_of_the_record_itself_are_found_in_extra(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(extras); i++) {
        print_message("  case: %s\n", extras[i].extra);
        assert_int_equal(mci_extra_has(mc_str_of(extras[i].extra), "source"), extras[i].has);
    }
    assert_false(mci_extra_has((mc_str){ 0 }, "source"));
}

/* ---- the quick reader ---- */

static const char *const quick[] = {
    "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"a red car\"]]}",
    "{\"uuid\":\"12345678\",\"url\":\"http://a.example/"
    "\",\"texts\":[[\"alt\",\"a\",[0,17,4294967295],"
    "\"en\"],[\"title\",\"caf\xC3\xA9 and more\",[]]]}",
    "{\"uuid\":\"\",\"url\":\"\",\"texts\":[[\"alt\",\"\",null,\"en\"],[\"a\",\"b\",null]]}",
    "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[]}",
};

static const char *const slow[] = {
    "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"a \\\"red\\\" car\"]]}",
    "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"a\",\"en\"]]}",
    "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"a\",[4294967296]]]}",
    "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"a\",[1,1]]]}",
    "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"a\",[01]]]}",
    "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",\"\xC3\"]]}",
    "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[[\"alt\",null]]}",
    "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[],\"w\":3}",
    "{\"uuid\":\"1\",\"url\":\"u\",\"texts\":[],\"w\":[{}]}",
    "{\"uuid\": \"1\",\"url\":\"u\",\"texts\":[]}",
};

/* Both readers, where the quick one reads at all; its answer. */
static mc_status scan(fixture *f, mc_str line)
{
    mc_record record;
    mci_buf scanned = { 0 };
    uint64_t n_replaced = 0, n_empty = 0;
    mci_arena_reset(&f->arena);
    char *bytes = malloc(line.len ? line.len : 1); /* a sanitizer watches its end */
    memcpy(bytes, line.data, line.len);
    line.data = bytes;
    mc_status status = mci_pairs_scan(line, &f->arena, &record, &f->err);
    if (status == MC_OK) {
        assert_ok(mci_pairs_format(&record, &scanned, &f->err), f->err);
        assert_ok(mci_pairs_read(f->json, &f->scratch, line, &f->arena, &f->record, &n_replaced,
                                 &n_empty, &f->err),
                  f->err);
        mc_str want = format(f);
        assert_int_equal(scanned.len, want.len);
        assert_memory_equal(scanned.data, want.data, want.len);
    }
    mci_buf_release(&scanned);
    free(bytes);
    return status;
}

static void our_own_lines_are_read_quickly(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(quick); i++) {
        print_message("  case: %s\n", quick[i]);
        assert_int_equal(scan(f, mc_str_of(quick[i])), MC_OK);
        for (size_t n = 0; n < strlen(quick[i]); n++)
            assert_int_equal(scan(f, (mc_str){ quick[i], n }), MC_SKIPPED);
    }
    for (size_t i = 0; i < COUNT_OF(slow); i++) {
        print_message("  case: %s\n", slow[i]);
        assert_int_equal(scan(f, mc_str_of(slow[i])), MC_SKIPPED);
    }
}

static void changed_lines_are_read_as_the_parser_reads_them(void **state)
{
    fixture *f = *state;
    static const char bytes[] = "\"\\,:[]{}019-eunla \n\t\x01\xC3\xA9\xFF";
    test_random random = { 9 };
    size_t n_read = 0;
    for (int round = 0; round < 100000; round++) {
        char line[256];
        const char *from = quick[test_below(&random, COUNT_OF(quick))];
        size_t len = strlen(from);
        memcpy(line, from, len);
        for (size_t n = 1 + test_below(&random, 3); n > 0; n--)
            line[test_below(&random, len)] = bytes[test_below(&random, sizeof bytes - 1)];
        n_read += scan(f, (mc_str){ line, len }) == MC_OK;
    }
    assert_true(n_read > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(records_are_read_and_written_in_one_form),
        UNIT(other_forms_are_skipped_with_the_place),
        UNIT(every_prefix_is_skipped),
        UNIT(records_live_as_long_as_the_arena),
        UNIT(further_members_are_kept_apart),
        UNIT(deep_members_are_carried_through),
        UNIT(our_own_lines_are_read_quickly),
        UNIT(changed_lines_are_read_as_the_parser_reads_them),
        UNIT(only_members_of_the_record_itself_are_found_in_extra),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
