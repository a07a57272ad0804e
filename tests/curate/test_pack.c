/* Packing: what comes out of a folder or a table is what a plain reading of the rules says, and is
 * read back with its texts. */
#include "curate/pack_fixture.h"

/* ---- folders ---- */

static void samples_are_read_back_with_their_texts(void **state)
{
    fixture *f = *state;
    char digits[MC_SHA256_DIGITS + 1], want[4096];
    IMAGE(f, "in/b.png", PNG);
    put_text(f, "in/b.txt", "a blue bus\r\n");
    IMAGE(f, "in/a/1.jpg", WEBP); /* what it is, its content says */
    put_text(f, "in/a/1.json",
             "{\"url\":\"http://x/1\",\"alt\":\"one\",\"title\":\"eins\",\"w\":3}");
    IMAGE(f, "in/c", JPEG);
    put_text(f, "in/c.json", "{\"caption\":\"see\"}");
    put_text(f, "in/c.txt", "sea");
    assert_packs(f, "out");
    rows_of(f, "out/00000.tar");
    mci_sha256_of(mc_str_of(PNG "in/b.png"), digits, NULL);
    snprintf(
        want, sizeof want,
        "{\"__key__\":\"000000001\",\"key\":\"000000001\",\"path\":\"b.png\",\"sha256\":\"%s\","
        "\"texts\":[[\"caption\",\"a blue bus\"]]}\n",
        digits);
    assert_says(f->rows.data, want);
    assert_says(f->rows.data,
                "{\"__key__\":\"000000000\",\"key\":\"000000000\",\"path\":\"a/1.jpg\"");
    assert_says(f->rows.data, "\"w\":3,\"url\":\"http://x/1\",\"texts\":[[\"alt\",\"one\"],"
                              "[\"title\",\"eins\"]]}\n");
    assert_says(f->rows.data, "\"path\":\"c\"");
    assert_says(f->rows.data, "\"texts\":[[\"caption\",\"see\"],[\"txt\",\"sea\"]]}\n");
    size_t len;
    char *tar = test_read_file(in_dir(f, "out/00000.tar"), &len);
    assert_string_equal(tar, "000000000.webp");
    assert_memory_equal(tar + 512, WEBP "in/a/1.jpg", sizeof WEBP - 1 + 10);
    free(tar);
    const mc_pack_counters *n = &f->summary.n;
    assert_closes(n);
    assert_int_equal(n->images_packed, 3);
    assert_int_equal(n->texts_packed, 5);
    assert_int_equal(n->files_sidecar, 4);
    assert_int_equal(n->shards, 1);
    assert_int_equal(f->summary.n_problems, 0);
}

static void members_of_our_names_are_kept_under_another(void **state)
{
    fixture *f = *state;
    char digits[MC_SHA256_DIGITS + 1], json[512];
    IMAGE(f, "in/a.jpg", JPEG);
    mci_sha256_of(mc_str_of(JPEG "in/a.jpg"), digits, NULL);
    snprintf(json, sizeof json,
             "{\"texts\":[[\"alt\",\"A\",[3,5],\"en\"]],\"key\":\"k\",\"path\":[1],"
             "\"original_path\":2,\"sha256\":\"%s\",\"caption\":7,\"uid\":\"U\",\"x\":null}",
             digits);
    put_text(f, "in/a.json", json);
    assert_packs(f, "out");
    rows_of(f, "out/00000.tar");
    assert_says(f->rows.data, "\"path\":\"a.jpg\",");
    assert_says(f->rows.data, "\"original_path\":2,\"x\":null,\"original_caption\":7,"
                              "\"original_key\":\"k\",\"original_original_path\":[1],"
                              "\"uuid\":\"U\",\"texts\":[[\"alt\",\"A\",[3,5],\"en\"]]}\n");
}

static void what_is_not_packed_is_counted_under_its_reason(void **state)
{
    fixture *f = *state;
    f->job.max_image_bytes = 1000;
    static char large[1001] = JPEG;
    IMAGE(f, "in/good.jpg", JPEG);
    put_text(f, "in/good.txt", "good");
    IMAGE(f, "in/no_text.jpg", JPEG);
    IMAGE(f, "in/blank.jpg", JPEG);
    put_text(f, "in/blank.txt", " \t\n");
    put_text(f, "in/empty.jpg", "");
    put_text(f, "in/empty.txt", "x");
    put(f, "in/large.jpg", large, sizeof large);
    put_text(f, "in/large.txt", "x");
    IMAGE(f, "in/gif.jpg", "GIF89a");
    put_text(f, "in/gif.txt", "x");
    put_text(f, "in/page.jpg", "<html>gone</html>");
    put_text(f, "in/page.txt", "x");
    IMAGE(f, "in/bad.jpg", JPEG);
    put_text(f, "in/bad.txt", "x");
    put_text(f, "in/bad.json", "{\"caption\":");
    IMAGE(f, "in/list.jpg", JPEG);
    put_text(f, "in/list.json", "{\"texts\":[\"x\"]}");
    assert_int_equal(symlink("nowhere", in_dir(f, "in/link.jpg")), 0);
    put_text(f, "in/link.txt", "x");
    put_text(f, "in/README", "about");
    put_text(f, "in/.hidden.jpg", JPEG);
    put_text(f, "in/.git/a.jpg", JPEG);
    assert_int_equal(symlink("..", in_dir(f, "in/up")), 0);
    assert_int_equal(mkfifo(in_dir(f, "in/pipe.jpg"), 0600), 0);
    assert_packs(f, "out");
    const mc_pack_counters *n = &f->summary.n;
    assert_closes(n);
    assert_int_equal(n->images_packed, 1);
    assert_int_equal(n->images_without_text, 2);
    assert_int_equal(n->images_empty, 1);
    assert_int_equal(n->images_too_large, 1);
    assert_int_equal(n->images_unsupported, 1);
    assert_int_equal(n->images_unknown, 1);
    assert_int_equal(n->images_bad_sidecar, 2);
    assert_int_equal(n->images_unreadable, 1);
    assert_int_equal(n->files_hidden, 2);
    assert_int_equal(n->files_linked, 1);
    assert_int_equal(n->files_other, 2);
    assert_int_equal(f->summary.n_problems, MC_MAX_PROBLEMS);
    assert_says(f->summary.problems[0], "/in/no_text.jpg: without a text: there is no no_text.txt");
    size_t len;
    char *stats = test_read_file(in_dir(f, "out/00000_stats.json"), &len);
    assert_says(stats, "\"images_packed\":1,");
    assert_says(stats, "[\"gif.jpg\",\"GIF; JPEG, PNG and WebP are packed\"]");
    assert_says(stats, "[\"page.jpg\",\"no image that is known; it looks like HTML\"]");
    assert_says(stats, "[\"large.jpg\",\"1001 bytes, more than the limit of 1000\"]");
    assert_says(stats, "[\"list.jpg\",\"texts[0]: want an array, got a string\"]");
    free(stats);
}

static void a_text_is_never_too_long_for_nothing(void **state)
{
    fixture *f = *state;
    f->job.pool.max_item_bytes = 10;
    IMAGE(f, "in/a.jpg", JPEG);
    put_text(f, "in/a.txt", "0123456789");
    IMAGE(f, "in/b.jpg", JPEG);
    put_text(f, "in/b.txt", "0123456789a");
    assert_packs(f, "out");
    assert_int_equal(f->summary.n.images_packed, 1);
    assert_int_equal(f->summary.n.images_bad_sidecar, 1);
    assert_says(f->summary.problems[0], "b.jpg: its .txt: more than 10 bytes");
}

static void wrong_bytes_of_texts_and_names_become_utf8(void **state)
{
    fixture *f = *state;
    IMAGE(f, "in/\xFF.jpg", JPEG);
    put_text(f, "in/\xFF.txt", "caf\xE9");
    assert_packs(f, "out");
    assert_int_equal(f->summary.n.replaced_bytes, 1);
    rows_of(f, "out/00000.tar");
    assert_says(f->rows.data, "\"path\":\"\xEF\xBF\xBD.jpg\"");
    assert_says(f->rows.data, "\"caf\xEF\xBF\xBD\"");
}

static void strict_takes_the_first_thing_skipped_as_an_error(void **state)
{
    fixture *f = *state;
    IMAGE(f, "in/a.jpg", JPEG);
    put_text(f, "in/a.txt", "a");
    put_text(f, "in/b.jpg", "x");
    put_text(f, "in/b.txt", "b");
    f->job.pool.strict = true;
    assert_int_equal(pack(f, "out"), MC_E_FORMAT);
    assert_says(f->err.text, "b.jpg: no image that is known");
    assert_says(f->err.text, "--strict was asked for");
    assert_false(is_there(f, "out/00000.tar"));
    f->job.pool.strict = false;
    assert_packs(f, "out");
    f->job.pool.strict = true; /* what was let pass once is an error now */
    assert_int_equal(pack(f, "out"), MC_E_FORMAT);
    assert_true(is_there(f, "out/stats.json"));
    unlink(in_dir(f, "in/b.txt"));
    assert_int_equal(pack(f, "other"), MC_E_FORMAT);
    assert_says(f->err.text, "b.jpg: without a text");
    assert_false(is_there(f, "other"));
}

/* ---- against a plain reading of the rules ---- */

enum { MAX_FILES = 200 };

typedef struct {
    char name[32];
    const char *magic;
    bool has_text;
} plain_image;

static int compare_plain(const void *a, const void *b)
{
    return strcmp(((const plain_image *)a)->name, ((const plain_image *)b)->name);
}

static size_t make_random(fixture *f, test_random *random, plain_image *images)
{
    static const char *const magic[] = { JPEG, PNG, "GIF8" };
    size_t n = 1 + test_below(random, MAX_FILES);
    for (size_t i = 0; i < n; i++) {
        char path[64];
        plain_image *is = &images[i];
        static const char *const folders[] = { "", "a/", "a/b/", "a-b/", "B/" };
        snprintf(is->name, sizeof is->name, "%s%zu.jpg", folders[test_below(random, 5)], i * 7);
        is->magic = magic[test_below(random, 10) % 3];
        is->has_text = test_below(random, 4) > 0;
        snprintf(path, sizeof path, "in/%s", is->name);
        put_image(f, path, is->magic, strlen(is->magic));
        memcpy(strstr(path, ".jpg"), ".txt", 4);
        if (is->has_text)
            put_text(f, path, is->name);
    }
    qsort(images, n, sizeof *images, compare_plain);
    return n;
}

/* What all tars hold, as "key path" lines. */
static void expected_rows(const plain_image *images, size_t n, size_t samples, mci_buf *out)
{
    size_t n_listed = 0, in_shard = 0;
    mci_buf_clear(out);
    for (size_t i = 0; i < n; i++) {
        if (!images[i].has_text)
            continue;
        if (n_listed % samples == 0)
            in_shard = 0;
        size_t shard = n_listed++ / samples;
        if (strcmp(images[i].magic, "GIF8") != 0)
            assert_int_equal(
                mci_buf_printf(out, NULL, "%05zu%04zu %s\n", shard, in_shard++, images[i].name),
                MC_OK);
    }
    assert_int_equal(mci_buf_terminate(out, NULL), MC_OK);
}

static void actual_rows(fixture *f, size_t n_shards, mci_buf *out)
{
    mci_buf_clear(out);
    for (size_t i = 0; i < n_shards; i++) {
        char tar[32];
        snprintf(tar, sizeof tar, "out/%05zu.tar", i);
        for (const char *row = rows_of(f, tar); (row = strstr(row, "\"key\":\"")); row++) {
            const char *path = strstr(row, "\"path\":\"") + 8;
            const char *text = strstr(path, "\"caption\",\"") + 11;
            size_t len = strcspn(path, "\"");
            assert_memory_equal(text, path, len + 1);
            assert_int_equal(mci_buf_printf(out, NULL, "%.9s %.*s\n", row + 7, (int)len, path),
                             MC_OK);
        }
    }
    assert_int_equal(mci_buf_terminate(out, NULL), MC_OK);
}

static void random_folders_are_packed_as_the_rules_say(void **state)
{
    fixture *f = *state;
    test_random random = { 11 };
    static plain_image images[MAX_FILES];
    mci_buf want = { 0 }, got = { 0 };
    for (int round = 0; round < 12; round++) {
        size_t n = make_random(f, &random, images);
        f->job.samples = 1 + test_below(&random, 60);
        f->job.pool.n_threads = 1 + (unsigned)test_below(&random, 4);
        expected_rows(images, n, f->job.samples, &want);
        mc_status status = pack(f, "out");
        if (status == MC_OK) {
            assert_closes(&f->summary.n);
            actual_rows(f, f->summary.n.shards, &got);
            assert_string_equal(got.data, want.data);
        } else {
            assert_int_equal(want.len, 0);
        }
        remove_tree(f, "out");
        remove_tree(f, "in");
    }
    mci_buf_release(&want);
    mci_buf_release(&got);
}

static void equal_inputs_give_equal_bytes(void **state)
{
    fixture *f = *state;
    test_random random = { 5 };
    static plain_image images[MAX_FILES];
    make_random(f, &random, images);
    f->job.samples = 10;
    f->job.pool.n_threads = 1;
    assert_packs(f, "out1");
    f->job.pool.n_threads = 4;
    assert_packs(f, "out4");
    uint64_t want = hash_of(f, "out1");
    assert_int_equal(hash_of(f, "out4"), want);
    assert_packs(f, "out4"); /* a finished one stays what it is */
    assert_int_equal(hash_of(f, "out4"), want);
    /* The same files, named twice and in another order. */
    f->inputs[0] = in_dir(f, "in/a");
    f->inputs[1] = in_dir(f, "in");
    f->inputs[2] = in_dir(f, "in/a/../");
    f->job.pool.inputs = f->inputs;
    f->job.pool.n_inputs = 3;
    mkdir(in_dir(f, "in/a"), 0777);
    assert_packs(f, "twice");
    assert_int_equal(hash_of(f, "twice"), want);
    /* Into a folder that is inside of what is packed, and again. */
    assert_packs(f, "in/a/inside");
    assert_int_equal(hash_of(f, "in/a/inside"), want);
    unlink(in_dir(f, "in/a/inside/state/00000.json"));
    assert_packs(f, "in/a/inside");
    assert_int_equal(hash_of(f, "in/a/inside"), want);
}

/* ---- tables ---- */

static void rows_of_a_table_are_texts_of_their_images(void **state)
{
    fixture *f = *state;
    IMAGE(f, "in/t/a.jpg", JPEG);
    put_text(f, "in/t/a.txt", "not looked at");
    IMAGE(f, "in/b.png", PNG);
    put_text(f, "in/t/t.csv",
             "filepath,url,title,width\n"
             "a.jpg,http://x/a.jpg,first,10\n"
             "../b.png,,bee,11\n"
             "./a.jpg,http://other/,second,12\n"
             "gone.jpg,,x,1\n"
             "http://x/c.jpg,,x,1\n"
             ".,,x,1\n"
             "a.jpg,too few\n"
             ",,x,1\n"
             "a.jpg,,,1\n");
    f->job.table_path = in_dir(f, "in/t/t.csv");
    assert_packs(f, "out");
    const mc_pack_counters *n = &f->summary.n;
    assert_closes(n);
    assert_int_equal(n->rows_used, 4);
    assert_int_equal(n->rows_without_image, 3);
    assert_int_equal(n->rows_skipped, 2);
    assert_int_equal(n->images_packed, 2);
    assert_int_equal(n->texts_empty, 1);
    rows_of(f, "out/00000.tar");
    assert_says(f->rows.data,
                "{\"__key__\":\"000000000\",\"key\":\"000000000\",\"path\":\"../b.png\"");
    assert_says(f->rows.data, "\"width\":\"11\",\"texts\":[[\"title\",\"bee\"]]}\n");
    assert_says(f->rows.data, "\"path\":\"a.jpg\"");
    assert_says(f->rows.data, "\"width\":\"10\",\"url\":\"http://x/a.jpg\",\"texts\":"
                              "[[\"title\",\"first\"],[\"title\",\"second\"]]}\n");
    assert_says(f->summary.problems[0], "t.csv: row 4: gone.jpg: No such file");
    assert_says(f->summary.problems[1], "an address, not a file");
}

static void tables_may_be_lines_of_pairs_and_stand_beside_folders(void **state)
{
    fixture *f = *state;
    IMAGE(f, "in/a.jpg", JPEG);
    IMAGE(f, "in/b.jpg", JPEG);
    put_text(f, "in/b.txt", "of b");
    IMAGE(f, "in/c.jpg", JPEG);
    IMAGE(f, "d.jpg", JPEG);
    put_text(
        f, "t.jsonl",
        "{\"uuid\":\"u\",\"url\":\"http://x/a\",\"file_name\":\"in/a.jpg\",\"title\":\"not ours\","
        "\"texts\":[[\"alt\",\"of a\",[4]]]}\n"
        "{\"url\":\"d.jpg\",\"texts\":[[\"alt\",\"of d\"]]}\n"
        "{\"file_name\":\"in/a.jpg\"}\n");
    f->job.table_path = in_dir(f, "t.jsonl");
    f->inputs[0] = in_dir(f, "in");
    f->job.pool.inputs = f->inputs;
    f->job.pool.n_inputs = 1;
    assert_packs(f, "out");
    assert_closes(&f->summary.n);
    assert_int_equal(f->summary.n.images_packed, 3);
    assert_int_equal(f->summary.n.images_without_text, 1);
    assert_int_equal(f->summary.n.rows_skipped, 1);
    rows_of(f, "out/00000.tar");
    assert_says(f->rows.data, "\"file_name\":\"in/a.jpg\",\"original_title\":\"not ours\","
                              "\"uuid\":\"u\",\"url\":\"http://x/a\","
                              "\"texts\":[[\"alt\",\"of a\",[4]]]}\n");
    assert_says(f->rows.data, "\"path\":\"a.jpg\"");
    assert_says(f->rows.data, "[[\"caption\",\"of b\"]]");
    assert_says(f->rows.data, "\"path\":\"d.jpg\"");
    assert_says(f->summary.problems[0], "t.jsonl: row 3: texts is missing");
}

static void what_is_no_table_is_refused(void **state)
{
    fixture *f = *state;
    IMAGE(f, "in/a.jpg", JPEG);
    put_text(f, "t.txt", "a caption\n");
    put_text(f, "t.csv", "filepath,width\na.jpg,1\n");
    f->job.table_path = in_dir(f, "t.txt");
    assert_int_equal(pack(f, "out"), MC_E_FORMAT);
    assert_says(f->err.text, "t.txt: no table: want a .csv or .tsv");
    f->job.table_path = in_dir(f, "t.csv");
    assert_int_equal(pack(f, "out"), MC_E_FORMAT);
    assert_says(f->err.text, "t.csv: a table without texts");
    f->job.table_path = in_dir(f, "none.csv");
    assert_int_equal(pack(f, "out"), MC_E_IO);
    f->job.table_path = "-";
    assert_int_equal(pack(f, "out"), MC_E_ARG);
    f->job.table_path = in_dir(f, "in");
    assert_int_equal(pack(f, "out"), MC_E_ARG);
    assert_false(is_there(f, "out"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(samples_are_read_back_with_their_texts),
        TEST(members_of_our_names_are_kept_under_another),
        TEST(what_is_not_packed_is_counted_under_its_reason),
        TEST(a_text_is_never_too_long_for_nothing),
        TEST(wrong_bytes_of_texts_and_names_become_utf8),
        TEST(strict_takes_the_first_thing_skipped_as_an_error),
        TEST(random_folders_are_packed_as_the_rules_say),
        TEST(equal_inputs_give_equal_bytes),
        TEST(rows_of_a_table_are_texts_of_their_images),
        TEST(tables_may_be_lines_of_pairs_and_stand_beside_folders),
        TEST(what_is_no_table_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
