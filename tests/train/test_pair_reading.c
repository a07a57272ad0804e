/* What a loader finds in shards: layouts, what does not fit, damage, tables, subsets. */
#include "io/json.h"
#include "io/npy_out.h"
#include "metaclip/curate.h"
#include "pair_fixture.h"

static bool has_text(const rows *r, const char *text)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->text[i], text) == 0)
            return true;
    return false;
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

/* That is no damage of a sample: others would come if it were passed over. */
static void a_tar_that_is_gone_ends_the_reading(void **state)
{
    fixture *f = *state;
    mc_error err = { 0 };
    mci_pair_loader *loader = NULL;
    mci_pair_batch batch;
    add_samples(&f->set, f->s, 2, (const size_t[]){ 9, 9 });
    mci_pair_loader_job job = job_of(&f->set);
    mc_status status = MC_OK;
    assert_ok(mci_pair_loader_open(&job, &loader, &err), err);
    assert_ok(mci_pair_loader_next(loader, &batch, &err), err);
    unlink(f->set.paths[1]);
    for (int i = 0; i < 60 && status == MC_OK; i++)
        status = mci_pair_loader_next(loader, &batch, &err);
    assert_int_equal(status, MC_E_IO);
    assert_says(err.text, "b.tar");
    mci_pair_loader_close(loader);
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
        test_of(a_tar_that_is_gone_ends_the_reading),
        test_of(tables_name_images_and_texts),
        test_of(tables_without_the_columns_name_what_they_have),
        test_of(rows_and_files_that_cannot_be_read_are_counted),
        test_of(subset_lists_choose_by_uuid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
