/* A WAT full of edge cases: what the original extracts from it, record by record. Needs the
 * oracle's folder; without it there is nothing to compare with. */
#include <unistd.h>

#include "base/buf.h"
#include "io/json.h"
#include "metaclip/metaclip.h"

#include "test.h"

static char out_path[] = "/tmp/metaclip-extract-XXXXXX";

typedef struct {
    char *text;
    mci_json *json;
    mci_json_value root;
} document;

static document parse(char *text, size_t len)
{
    document doc = { .text = text };
    mc_error err = { 0 };
    assert_non_null(text);
    assert_ok(mci_json_new(&doc.json, &err), err);
    assert_ok(mci_json_parse(doc.json, (mc_str){ text, len }, &doc.root, NULL, &err), err);
    return doc;
}

static document load(const char *name)
{
    char path[256];
    size_t len = 0;
    snprintf(path, sizeof path, "oracle/curation/wat/%s", name);
    char *text = test_read_file(test_path("METACLIP_SHARED", path), &len);
    if (!text)
        skip();
    return parse(text, len);
}

static void release(document *doc)
{
    mci_json_free(doc->json);
    free(doc->text);
}

/* JSON Lines as one array. */
static document load_lines(const char *path)
{
    size_t len = 0;
    char *lines = test_read_file(path, &len);
    char *array = malloc(len + 3);
    size_t n = 0;
    array[n++] = '[';
    for (size_t i = 0; i < len; i++)
        array[n++] = (char)(lines[i] != '\n' ? lines[i] : i + 1 < len ? ',' : ' ');
    array[n++] = ']';
    array[n] = '\0';
    free(lines);
    return parse(array, n);
}

static mc_str member(mci_json_value object, const char *name)
{
    mci_json_value value;
    assert_true(mci_json_get(object, name, &value));
    return mci_json_string(value);
}

static size_t length(mci_json_value array)
{
    size_t n = 0;
    mci_json_value element;
    for (mci_json_iter it = mci_json_iterate(array); mci_json_next(&it, NULL, &element);)
        n++;
    return n;
}

static void assert_equal_views(size_t record, const char *what, mc_str got, mc_str want)
{
    if (!mc_str_equal(got, want))
        fail_msg("record %zu: %s is \"%.*s\", want \"%.*s\"", record, what, (int)got.len, got.data,
                 (int)want.len, want.data);
}

static void assert_equal_texts(size_t record, mci_json_value got, mci_json_value want)
{
    mci_json_value a, b, x, y;
    assert_true(mci_json_get(got, "texts", &a) && mci_json_get(want, "texts", &b));
    if (length(a) != length(b))
        fail_msg("record %zu: %zu texts, want %zu", record, length(a), length(b));
    mci_json_iter i = mci_json_iterate(a), j = mci_json_iterate(b);
    while (mci_json_next(&i, NULL, &x) && mci_json_next(&j, NULL, &y)) {
        mci_json_iter k = mci_json_iterate(x), l = mci_json_iterate(y);
        mci_json_value p, q;
        while (mci_json_next(&k, NULL, &p) && mci_json_next(&l, NULL, &q))
            assert_equal_views(record, "a text", mci_json_string(p), mci_json_string(q));
    }
}

/* The uuid of this record where the second version's differs; else the first version's. */
static mc_str wanted_uuid(mci_json_value v2, size_t record, mci_json_value want)
{
    mci_json_value pair, index, uuid;
    for (mci_json_iter it = mci_json_iterate(v2); mci_json_next(&it, NULL, &pair);) {
        uint64_t at = UINT64_MAX;
        mci_json_iter in = mci_json_iterate(pair);
        if (mci_json_next(&in, NULL, &index) && mci_json_u64(index, &at) && at == record &&
            mci_json_next(&in, NULL, &uuid))
            return mci_json_string(uuid);
    }
    return member(want, "uuid");
}

static void extract(const char *wat, bool keep_duplicates, mc_summary *summary)
{
    char path[512];
    mc_error err = { 0 };
    snprintf(path, sizeof path, "%s", test_path("METACLIP_SHARED", wat));
    const char *inputs[] = { path };
    mc_extract_job job = { .pool = { .inputs = inputs, .n_inputs = 1, .n_threads = 2 },
                           .out_path = out_path,
                           .keep_duplicates = keep_duplicates };
    assert_ok(mc_extract_run(&job, summary, &err), err);
}

static void the_pairs_are_the_originals(void **state)
{
    (void)state;
    document want = load("synthetic.expected_nodedup.json");
    document v2 = load("synthetic.expected_v2_uuid.json");
    mc_summary summary = { 0 };
    extract("oracle/curation/wat/synthetic.wat.gz", true, &summary);
    document got = load_lines(out_path);
    mci_json_value a, b;
    size_t n = 0;
    mci_json_iter i = mci_json_iterate(got.root), j = mci_json_iterate(want.root);
    while (mci_json_next(&j, NULL, &b)) {
        if (!mci_json_next(&i, NULL, &a))
            fail_msg("only %zu records, want %zu", n, length(want.root));
        assert_equal_views(n, "the url", member(a, "url"), member(b, "url"));
        assert_equal_texts(n, a, b);
        assert_equal_views(n, "the uuid", member(a, "uuid"), wanted_uuid(v2.root, n, b));
        n++;
    }
    assert_false(mci_json_next(&i, NULL, &a));
    assert_int_equal(summary.n.records_kept, n);
    release(&got);
    release(&v2);
    release(&want);
}

/* A pair (uuid, text) stays where it first stood, and nothing else goes. */
static void duplicates_are_the_later_ones_of_equal_pairs(void **state)
{
    (void)state;
    document all = load("synthetic.expected_nodedup.json");
    release(&all);
    mc_summary summary = { 0 };
    extract("oracle/curation/wat/synthetic.wat.gz", true, &summary);
    all = load_lines(out_path);
    extract("oracle/curation/wat/synthetic.wat.gz", false, &summary);
    document kept = load_lines(out_path);
    mci_json_value record, texts, text, value;
    mci_buf seen = { 0 }, want = { 0 }, got = { 0 };
    for (int pass = 0; pass < 2; pass++) {
        mci_json_value root = pass ? kept.root : all.root;
        for (mci_json_iter i = mci_json_iterate(root); mci_json_next(&i, NULL, &record);) {
            mci_json_get(record, "texts", &texts);
            for (mci_json_iter j = mci_json_iterate(texts); mci_json_next(&j, NULL, &text);) {
                mci_json_iter k = mci_json_iterate(text);
                mci_json_next(&k, NULL, &value);
                mci_json_next(&k, NULL, &value);
                mc_str uuid = member(record, "uuid"), words = mci_json_string(value);
                mci_buf pair = { 0 };
                mci_buf_printf(&pair, NULL, "<%.*s|", (int)uuid.len, uuid.data);
                mci_buf_add(&pair, words, NULL);
                mci_buf_byte(&pair, '>', NULL);
                bool is_new =
                    pass || seen.len == 0 || !memmem(seen.data, seen.len, pair.data, pair.len);
                mci_buf_add(pass ? &got : &seen, mci_buf_str(&pair), NULL);
                if (!pass && is_new)
                    mci_buf_add(&want, mci_buf_str(&pair), NULL);
                mci_buf_release(&pair);
            }
        }
    }
    assert_int_equal(got.len, want.len);
    assert_memory_equal(got.data, want.data, want.len);
    assert_true(seen.len > want.len); /* there were duplicates */
    mci_buf_release(&seen);
    mci_buf_release(&want);
    mci_buf_release(&got);
    release(&all);
    release(&kept);
}

static void a_wat_without_links_gives_nothing(void **state)
{
    (void)state;
    document none = load("whirlwind.warc.expected.json");
    release(&none);
    mc_summary summary = { 0 };
    extract("oracle/curation/wat/whirlwind.warc.wat.gz", true, &summary);
    assert_int_equal(summary.n.records_read, 0);
    assert_int_equal(summary.n.items_skipped, 0);
}

static int make_out(void **state)
{
    (void)state;
    int fd = mkstemp(out_path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_out(void **state)
{
    (void)state;
    return unlink(out_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pairs_are_the_originals),
        cmocka_unit_test(duplicates_are_the_later_ones_of_equal_pairs),
        cmocka_unit_test(a_wat_without_links_gives_nothing),
    };
    return cmocka_run_group_tests(tests, make_out, remove_out);
}
