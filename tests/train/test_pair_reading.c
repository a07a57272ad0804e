/* What a loader finds in shards: layouts, what does not fit, damage, tables, subsets, balancing. */
#include "io/json.h"
#include "io/npy_out.h"
#include "metaclip/curate.h"
#include "pair_set.h"

typedef struct {
    scratch *s;
    pair_set set;
} fixture;

static int open_empty(void **state)
{
    void *folder;
    fixture *f = calloc(1, sizeof *f);
    if (!f || scratch_open(&folder) != 0)
        return -1;
    f->s = folder;
    open_tokenizer(&f->set);
    *state = f;
    return 0;
}

static int close_all(void **state)
{
    fixture *f = *state;
    void *folder = f->s;
    release_set(&f->set);
    free(f);
    return scratch_close(&folder);
}

static bool has_text(const rows *r, const char *text)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->text[i], text) == 0)
            return true;
    return false;
}

static void assert_closes(const mci_pair_counters *n)
{
    assert_int_equal(n->samples_read, n->samples_without_image + n->samples_without_text +
                                          n->samples_malformed + n->samples_not_in_subset +
                                          n->samples_not_drawn + n->samples_used);
    assert_int_equal(n->texts_read, n->texts_unmatched + n->texts_not_drawn + n->texts_kept);
}

/* ---- layouts ---- */

static void both_layouts_are_read_and_what_does_not_fit_is_counted(void **state)
{
    fixture *f = *state;
    mci_buf tar = { 0 };
    add_member(&tar, "x/1.PNG", image_bytes(0));
    add_text(&tar, "x/1.txt", "one");
    add_member(&tar, "2.jpeg", image_bytes(1));
    add_text(&tar, "2.json", "{\"caption\":\"two\",\"url\":\"http://a.b/c\",\"width\":9}");
    add_text(&tar, "3.json", "{\"texts\":[[\"alt\",\"three\"]],\"uuid\":\"u3\"}");
    add_member(&tar, "3.webp", image_bytes(2));
    add_member(&tar, "4.jpg", image_bytes(1));
    add_text(&tar, "4.cls", "5");
    add_text(&tar, "5.txt", "five");
    add_text(&tar, "6.json", "{\"texts\":[]}");
    add_member(&tar, "6.jpg", image_bytes(1));
    add_text(&tar, "readme", "no sample");
    add_tar(&f->set, f->s, "a.tar", &tar);
    mci_pair_loader_job job = job_of(&f->set);
    rows *r = read_rows(&f->set, &job, 1);
    assert_true(has_text(r, "one") && has_text(r, "two") && has_text(r, "three"));
    assert_closes(&r->counters);
    assert_int_equal(r->counters.samples_read % 6, 0);
    uint64_t n_windows = r->counters.windows;
    assert_int_equal(r->counters.samples_used, 3 * n_windows);
    assert_int_equal(r->counters.samples_without_image, n_windows);
    assert_int_equal(r->counters.samples_without_text, 2 * n_windows);
    assert_int_equal(r->counters.others, n_windows);
    free(r);
}

static void a_set_of_other_keys_is_an_error_that_names_them(void **state)
{
    fixture *f = *state;
    mc_error err;
    for (int k = 0; k < 3; k++) {
        mci_buf tar = { 0 };
        char name[32];
        for (int i = 0; i < 20; i++) {
            snprintf(name, sizeof name, "%d.img", i);
            add_member(&tar, name, image_bytes(0));
            snprintf(name, sizeof name, "%d.%s", i, i % 2 ? "txt" : "label");
            add_text(&tar, name, "text");
        }
        snprintf(name, sizeof name, "%d.tar", k);
        add_tar(&f->set, f->s, name, &tar);
    }
    mci_pair_loader_job job = job_of(&f->set);
    assert_int_equal(read_failure(&job, &err), MC_E_FORMAT);
    assert_says(err.text, "0.tar: nothing fits in 60 samples");
    assert_says(err.text, "\"img label\"");
    assert_says(err.text, "\"img txt\"");
}

static void a_set_without_samples_is_an_error(void **state)
{
    fixture *f = *state;
    mc_error err;
    mci_buf tar = { 0 };
    add_text(&tar, "readme", "hello");
    add_tar(&f->set, f->s, "a.tar", &tar);
    mci_pair_loader_job job = job_of(&f->set);
    assert_int_equal(read_failure(&job, &err), MC_E_FORMAT);
    assert_says(err.text, "no samples");
    assert_says(err.text, "1 members of tars with names without a dot");
}

static void files_of_other_forms_are_refused(void **state)
{
    fixture *f = *state;
    mc_error err;
    static const struct {
        const char *name, *bytes, *says;
    } cases[] = {
        { "a.tar", "\x1F\x8B\x08 and so on", "gzip -d" },
        { "a.tar.zst", "\x28\xB5\x2F\xFD and so on", "tar" },
        { "a.jsonl", "{\"uuid\":\"a\"}", "neither a tar nor a table" },
        { "a.bin", "what is this", "neither a tar nor a table" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        pair_set one = { .tokenizer = f->set.tokenizer };
        add_shard(&one, f->s, cases[i].name, mc_str_of(cases[i].bytes));
        mci_pair_loader_job job = job_of(&one);
        print_message("  case: %s\n", cases[i].name);
        assert_true(read_failure(&job, &err) < 0);
        assert_says(err.text, cases[i].name);
        assert_says(err.text, cases[i].says);
        free(one.paths[0]);
    }
}

/* ---- damage ---- */

static void add_pair(mci_buf *tar, int i, mc_str image)
{
    char name[32], text[32];
    snprintf(name, sizeof name, "%03d.jpg", i);
    add_member(tar, name, image);
    snprintf(name, sizeof name, "%03d.txt", i);
    snprintf(text, sizeof text, "n%d", i);
    add_text(tar, name, text);
}

static void others_stand_in_for_damaged_images(void **state)
{
    fixture *f = *state;
    mci_buf tar = { 0 };
    enum { N = 24, STEPS = 16 };
    for (int i = 0; i < N; i++) {
        mc_str image = image_bytes(1);
        if (i % 6 == 1)
            image.len /= 2;
        if (i % 6 == 4)
            image = mc_str_of("<html>gone</html>");
        add_pair(&tar, i, image);
    }
    add_tar(&f->set, f->s, "a.tar", &tar);
    mci_pair_loader_job job = job_of(&f->set);
    job.n_threads = 1;
    rows *want = read_rows(&f->set, &job, STEPS);
    assert_int_equal(want->n, 48);
    assert_int_equal(want->counters.images_unusable, 16);
    assert_int_equal(want->counters.pairs_given, 48);
    assert_int_equal(want->n_problems, MCI_PAIR_PROBLEMS);
    for (size_t i = 0; i < want->n_problems; i++)
        assert_says(want->problem[i], "a.tar: 0");
    for (size_t i = 0; i < want->n; i++) {
        int number = atoi(want->text[i] + 1);
        assert_true(number % 6 != 1 && number % 6 != 4);
        for (size_t k = i - i % 3; k < i; k++) /* a stand-in is not of the same batch */
            assert_string_not_equal(want->text[k], want->text[i]);
    }
    for (job.n_threads = 2; job.n_threads <= 4; job.n_threads++) {
        rows *got = read_rows(&f->set, &job, STEPS);
        assert_same_rows(want, 0, got, 0, want->n);
        free(got);
    }
    job.start = want->after[4];
    rows *on = read_rows(&f->set, &job, STEPS - 5);
    assert_same_rows(want, 15, on, 0, on->n);
    free(on);
    free(want);
}

static void a_set_of_nothing_but_damage_is_an_error(void **state)
{
    fixture *f = *state;
    mci_buf tar = { 0 };
    mc_error err;
    for (int i = 0; i < 10; i++)
        add_pair(&tar, i, mc_str_of("gone"));
    add_tar(&f->set, f->s, "a.tar", &tar);
    mci_pair_loader_job job = job_of(&f->set);
    assert_int_equal(read_failure(&job, &err), MC_E_FORMAT);
    assert_says(err.text, "a.tar: 0");
    assert_says(err.text, "none can stand in");
}

/* A tar that is cut anywhere gives what is before the cut, and says that something is wrong. */
static void a_tar_that_is_cut_gives_what_was_before(void **state)
{
    fixture *f = *state;
    mci_buf tar = { 0 };
    for (int i = 0; i < 4; i++)
        add_pair(&tar, i, image_bytes(0));
    size_t one = tar.len / 4;
    for (size_t len = one + 1; len < tar.len; len += 173) {
        pair_set cut = { .tokenizer = f->set.tokenizer };
        add_shard(&cut, f->s, "cut.tar", (mc_str){ tar.data, len });
        mci_pair_loader_job job = job_of(&cut);
        job.batch = 1;
        rows *r = read_rows(&cut, &job, 4);
        assert_true(has_text(r, "n0"));
        assert_closes(&r->counters);
        assert_int_equal(r->counters.images_unusable, 0);
        assert_true(r->counters.samples_used / r->counters.windows <= 1 + len / one);
        free(r);
        free(cut.paths[0]);
    }
    mci_buf_release(&tar);
}

/* ---- tables ---- */

static void put_images(fixture *f)
{
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d.img", i);
        scratch_file(f->s, name, image_bytes(i).data, image_bytes(i).len);
    }
}

static void tables_name_images_and_texts(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *name, *table, *image_column, *text_column;
    } cases[] = {
        { "a.csv", "filepath,title\np0.img,zero\np1.img,\"one, too\"\np2.img,two\n", NULL, NULL },
        { "b.tsv", "title\tid\tfilepath\nzero\t1\tp0.img\none, too\t2\tp1.img\ntwo\t3\tp2.img",
          NULL, NULL },
        { "c.csv", "What,Where,title\nzero,p0.img,x\n\"one, too\",p1.img,y\ntwo,p2.img,z\n",
          "where", "what" },
        { "d.csv", "filepath\ttitle\np0.img\tzero\np1.img\tone, too\np2.img\ttwo\n", NULL, NULL },
    };
    put_images(f);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        pair_set one = { .tokenizer = f->set.tokenizer };
        add_shard(&one, f->s, cases[i].name, mc_str_of(cases[i].table));
        mci_pair_loader_job job = job_of(&one);
        job.image_column = cases[i].image_column;
        job.text_column = cases[i].text_column;
        print_message("  case: %s\n", cases[i].name);
        rows *r = read_rows(&one, &job, 2);
        assert_true(has_text(r, "zero") && has_text(r, "one,too") && has_text(r, "two"));
        assert_int_equal(r->counters.images_unusable, 0);
        free(r);
        free(one.paths[0]);
    }
}

static void tables_without_the_columns_name_what_they_have(void **state)
{
    fixture *f = *state;
    mc_error err;
    static const struct {
        const char *table, *image_column, *says;
    } cases[] = {
        { "id,title\n1,x\n", NULL, "no column with images' paths" },
        { "id,title\n1,x\n", NULL, "found: id, title" },
        { "filepath,what\np0.img,x\n", NULL, "no column with texts" },
        { "filepath,title\np0.img,x\n", "img", "no column is called img; found: filepath, title" },
        { "\n\n", NULL, "the table is empty" },
        { "filepath,title\n", NULL, "no samples" },
        { "filepath,title\n,x\np0.img,\n", NULL, "found \"a row with an empty field\"" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        pair_set one = { .tokenizer = f->set.tokenizer };
        add_shard(&one, f->s, "t.csv", mc_str_of(cases[i].table));
        mci_pair_loader_job job = job_of(&one);
        job.image_column = cases[i].image_column;
        print_message("  case: %s\n", cases[i].says);
        assert_int_equal(read_failure(&job, &err), MC_E_FORMAT);
        assert_says(err.text, cases[i].says);
        assert_says(err.text, "t.csv");
        free(one.paths[0]);
    }
}

static void rows_and_files_that_cannot_be_read_are_counted(void **state)
{
    fixture *f = *state;
    put_images(f);
    add_shard(
        &f->set, f->s, "a.csv",
        mc_str_of("filepath,title\np0.img,zero\nnone.img,gone\na,b,c\np1.img,one\np2.img,two\n"
                  "p0.img,again\n"));
    mci_pair_loader_job job = job_of(&f->set);
    job.batch = 1;
    rows *r = read_rows(&f->set, &job, 5);
    assert_int_equal(r->counters.images_unusable, 1);
    assert_int_equal(r->counters.damages, r->counters.windows);
    assert_false(has_text(r, "gone"));
    assert_true(r->n_problems >= 2);
    assert_says(r->problem[0], "the number of fields is 3");
    assert_says(r->problem[r->n_problems - 1], "none.img");
    free(r);
}

/* ---- subsets ---- */

static void subset_lists_choose_by_uuid(void **state)
{
    fixture *f = *state;
    mc_error err = { 0 };
    mci_buf tar = { 0 };
    static const char *const uids[] = { "00112233445566778899aabbccddeeff",
                                        "fedcba9876543210fedcba9876543210", "plain-uuid" };
    const uint64_t row[] = { UINT64_C(0xfedcba9876543210), UINT64_C(0xfedcba9876543210) };
    for (size_t i = 0; i < COUNT_OF(uids); i++) {
        char name[32], text[128];
        snprintf(name, sizeof name, "%zu.jpg", i);
        add_member(&tar, name, image_bytes(1));
        snprintf(name, sizeof name, "%zu.json", i);
        snprintf(text, sizeof text, "{\"uid\":\"%s\",\"caption\":\"n%zu\"}", uids[i], i);
        add_text(&tar, name, text);
    }
    add_tar(&f->set, f->s, "a.tar", &tar);
    const char *lists[2] = { scratch_text(f->s, "list.txt", "\nplain-uuid\r\n another \n"), NULL };
    char npy[512];
    snprintf(npy, sizeof npy, "%s", scratch_path(f->s, "list.npy"));
    mci_npy_out *array = NULL;
    assert_ok(mci_npy_out_open(npy, MCI_NPY_ROW_TWO_U64, &array, &err), err);
    assert_ok(mci_npy_out_add(array, row, 1, &err), err);
    assert_ok(mci_npy_out_commit(array, &err), err);
    lists[1] = npy;
    mci_uuid_set *set = NULL;
    assert_ok(mci_uuid_set_load(lists, 2, &set, &err), err);
    assert_int_equal(mci_uuid_set_len(set), 3);
    mci_pair_loader_job job = job_of(&f->set);
    job.subset = set;
    job.batch = 2;
    rows *r = read_rows(&f->set, &job, 1);
    assert_true(has_text(r, "n1") && has_text(r, "n2"));
    assert_int_equal(r->counters.samples_not_in_subset, r->counters.windows);
    assert_closes(&r->counters);
    free(r);
    mci_uuid_set_free(set);

    lists[0] = scratch_text(f->s, "other.txt", "nobody");
    assert_ok(mci_uuid_set_load(lists, 1, &set, &err), err);
    job.subset = set;
    assert_int_equal(read_failure(&job, &err), MC_E_FORMAT);
    assert_says(err.text, "none of 3 samples is on the subset lists");
    mci_uuid_set_free(set);
}

/* ---- balancing ---- */

enum { N_TARS = 3, PER_TAR = 40, MAX_TEXTS = 256 };

static const char metadata_json[] = "[\"cat\",\"dog\",\"photo of\",\"bird\",\"red\",\"never\"]";

/* Captions with words of the list: cats are many, birds few. */
static void caption(test_random *random, int k, int i, int j, char *out, size_t size)
{
    static const char *const words[] = { "cat", "cat", "cat", "cat", "dog", "dog", "bird", "tree" };
    const char *first = words[test_below(random, 8)], *second = words[test_below(random, 8)];
    snprintf(out, size, "%s %s and %s %c%d%c", test_below(random, 3) ? "photo of" : "see", first,
             second, 'a' + k, i, 'x' + j);
}

/* ids NULL: texts carry none. */
static void add_captions(fixture *f, pair_set *set, const char *prefix, const mc_matcher *matcher)
{
    test_random random = { 5 };
    mc_match_scratch *matching = NULL;
    assert_int_equal(mc_match_scratch_new(&matching, NULL), MC_OK);
    for (int k = 0; k < N_TARS; k++) {
        mci_buf tar = { 0 };
        char name[32];
        for (int i = 0; i < PER_TAR; i++) {
            mci_buf json = { 0 };
            mci_buf_printf(&json, NULL, "{\"uuid\":\"%c%d\",\"texts\":[", 'a' + k, i);
            for (int j = 0; j < 1 + i % 3; j++) {
                char text[128];
                const uint32_t *ids;
                size_t n_ids = 0;
                caption(&random, k, i, j, text, sizeof text);
                mci_buf_printf(&json, NULL, "%s[\"alt\",\"%s\"", j ? "," : "", text);
                if (matcher)
                    mc_match(matcher, matching, mc_str_of(text), &ids, &n_ids, NULL);
                for (size_t e = 0; e < n_ids; e++)
                    mci_buf_printf(&json, NULL, "%s%u", e ? "," : ",[", ids[e]);
                mci_buf_printf(&json, NULL, "%s]", n_ids ? "]" : matcher ? ",[]" : "");
            }
            mci_buf_printf(&json, NULL, "]}");
            snprintf(name, sizeof name, "%04d.jpg", i);
            add_member(&tar, name, image_bytes(1));
            snprintf(name, sizeof name, "%04d.json", i);
            add_member(&tar, name, mci_buf_str(&json));
            mci_buf_release(&json);
        }
        snprintf(name, sizeof name, "%s%d.tar", prefix, k);
        add_tar(set, f->s, name, &tar);
    }
    mc_match_scratch_free(matching);
}

typedef struct {
    char text[MAX_TEXTS][64];
    size_t n;
} text_list;

static int compare_texts(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void add_without_spaces(text_list *list, mc_str text)
{
    char *end = list->text[list->n++];
    assert_true(list->n < MAX_TEXTS && text.len < sizeof list->text[0]);
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != ' ')
            *end++ = text.data[i];
    *end = '\0';
}

/* The texts of a file of curated pairs, sorted. */
static text_list *read_curated(const char *path)
{
    text_list *list = calloc(1, sizeof *list);
    size_t len;
    char *file = test_read_file(path, &len);
    mci_json *json = NULL;
    assert_non_null(file);
    assert_int_equal(mci_json_new(&json, NULL), MC_OK);
    for (char *line = strtok(file, "\n"); line; line = strtok(NULL, "\n")) {
        mci_json_value root, texts, pair, text;
        assert_int_equal(mci_json_parse(json, mc_str_of(line), &root, NULL, NULL), MC_OK);
        assert_true(mci_json_get(root, "texts", &texts));
        for (mci_json_iter it = mci_json_iterate(texts); mci_json_next(&it, NULL, &pair);) {
            mci_json_iter of = mci_json_iterate(pair);
            assert_true(mci_json_next(&of, NULL, &text) && mci_json_next(&of, NULL, &text));
            add_without_spaces(list, mci_json_string(text));
        }
    }
    mci_json_free(json);
    free(file);
    qsort(list->text, list->n, sizeof list->text[0], compare_texts);
    return list;
}

/* The units of an epoch, sorted: it begins where the position says so. */
static text_list *read_epoch(const pair_set *set, const mci_pair_loader_job *job, uint64_t epoch)
{
    mc_error err = { 0 };
    mci_pair_loader_job one = *job;
    mci_pair_loader *loader = NULL;
    text_list *list = calloc(1, sizeof *list);
    rows *r = calloc(1, sizeof *r);
    one.batch = 1;
    one.start = (mci_pair_position){ epoch, 0, 0 };
    assert_ok(mci_pair_loader_open(&one, &loader, &err), err);
    for (;;) {
        mci_pair_batch batch;
        assert_ok(mci_pair_loader_next(loader, &batch, &err), err);
        if (batch.at.epoch != epoch)
            break;
        add_rows(r, set, &batch);
        add_without_spaces(list, mc_str_of(r->text[r->n - 1]));
    }
    mci_pair_loader_close(loader);
    free(r);
    qsort(list->text, list->n, sizeof list->text[0], compare_texts);
    return list;
}

static void assert_same_lists(const text_list *a, const text_list *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++)
        assert_string_equal(a->text[i], b->text[i]);
}

typedef struct {
    char metadata_path[512], matched[512], counts_path[512], curated[512];
    mc_metadata *metadata;
    mc_matcher *matcher;
    mc_counts counts;
    mc_balancer *balancer;
} balance;

enum { T = 12, SEED = 3 };

/* The offline way: match, count and balance the same tars. */
static void balance_offline(fixture *f, balance *b)
{
    mc_error err = { 0 };
    mc_summary summary = { 0 };
    mc_pool pool = { .inputs = (const char *const *)f->set.paths, .n_inputs = f->set.n };
    mc_pool matched = { .inputs = (const char *const[]){ b->matched }, .n_inputs = 1 };
    snprintf(b->metadata_path, sizeof b->metadata_path, "%s",
             scratch_text(f->s, "metadata.json", metadata_json));
    snprintf(b->matched, sizeof b->matched, "%s", scratch_path(f->s, "matched.jsonl"));
    snprintf(b->counts_path, sizeof b->counts_path, "%s", scratch_path(f->s, "counts.npy"));
    snprintf(b->curated, sizeof b->curated, "%s", scratch_path(f->s, "curated.jsonl"));
    assert_ok(mc_match_run(&(mc_match_job){ .pool = pool,
                                            .metadata_path = b->metadata_path,
                                            .out_path = b->matched },
                           &summary, &err),
              err);
    assert_ok(mc_count_run(&(mc_count_job){ .pool = matched,
                                            .metadata_path = b->metadata_path,
                                            .out_path = b->counts_path },
                           &summary, &err),
              err);
    assert_ok(mc_balance_run(&(mc_balance_job){ .pool = matched,
                                                .metadata_path = b->metadata_path,
                                                .counts_path = b->counts_path,
                                                .tail_ratio = -1,
                                                .t = T,
                                                .seed = SEED,
                                                .out_path = b->curated },
                             &summary, &err),
              err);
}

static void make_balancer(balance *b)
{
    mc_error err = { 0 };
    assert_ok(mc_metadata_load(b->metadata_path, &b->metadata, &err), err);
    assert_ok(mc_matcher_new(mc_metadata_entries(b->metadata), mc_metadata_len(b->metadata),
                             &b->matcher, &err),
              err);
    assert_ok(mc_counts_load(b->counts_path, b->metadata, NULL, &b->counts, &err), err);
    assert_ok(mc_balancer_new(b->counts.counts, b->counts.n, T, SEED, &b->balancer, &err), err);
}

static void release_balance(balance *b)
{
    mc_balancer_free(b->balancer);
    mc_counts_release(&b->counts);
    mc_matcher_free(b->matcher);
    mc_metadata_free(b->metadata);
}

static void the_first_epoch_balanced_online_is_the_offline_set(void **state)
{
    fixture *f = *state;
    balance b = { 0 };
    add_captions(f, &f->set, "c", NULL);
    balance_offline(f, &b);
    make_balancer(&b);
    text_list *want = read_curated(b.curated);
    mci_pair_loader_job job = job_of(&f->set);
    job.balancer = b.balancer;
    job.matcher = b.matcher;
    text_list *first = read_epoch(&f->set, &job, 0), *second = read_epoch(&f->set, &job, 1);
    assert_in_range(want->n, 20, 150);
    assert_same_lists(first, want);
    assert_false(second->n == first->n &&
                 memcmp(second->text, first->text, sizeof first->text) == 0);
    job.seed++; /* the order's seed is not that of balancing */
    text_list *other = read_epoch(&f->set, &job, 0);
    assert_same_lists(other, want);
    rows *r = read_rows(&f->set, &job, 4);
    assert_closes(&r->counters);
    assert_true(r->counters.samples_not_drawn > 0 && r->counters.texts_not_drawn > 0);
    assert_int_equal(r->counters.units, r->counters.texts_kept);

    /* Ids that the texts carry do as well. */
    pair_set carrying = { .tokenizer = f->set.tokenizer };
    add_captions(f, &carrying, "d", b.matcher);
    mci_pair_loader_job with_ids = job_of(&carrying);
    with_ids.balancer = b.balancer;
    text_list *carried = read_epoch(&carrying, &with_ids, 0);
    text_list *carried_second = read_epoch(&carrying, &with_ids, 1);
    assert_same_lists(carried, want);
    assert_same_lists(carried_second, second);

    /* Without ids and without a matcher nothing can be drawn. */
    mc_error err;
    job.matcher = NULL;
    assert_int_equal(read_failure(&job, &err), MC_E_FORMAT);
    assert_says(err.text, "match no entry (they must carry ids, or be matched here)");

    for (size_t i = 0; i < carrying.n; i++)
        free(carrying.paths[i]);
    free(r);
    free(want);
    free(first);
    free(second);
    free(other);
    free(carried);
    free(carried_second);
    release_balance(&b);
}

#define test_of(name) cmocka_unit_test_setup_teardown(name, open_empty, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_of(both_layouts_are_read_and_what_does_not_fit_is_counted),
        test_of(a_set_of_other_keys_is_an_error_that_names_them),
        test_of(a_set_without_samples_is_an_error),
        test_of(files_of_other_forms_are_refused),
        test_of(others_stand_in_for_damaged_images),
        test_of(a_set_of_nothing_but_damage_is_an_error),
        test_of(a_tar_that_is_cut_gives_what_was_before),
        test_of(tables_name_images_and_texts),
        test_of(tables_without_the_columns_name_what_they_have),
        test_of(rows_and_files_that_cannot_be_read_are_counted),
        test_of(subset_lists_choose_by_uuid),
        test_of(the_first_epoch_balanced_online_is_the_offline_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
