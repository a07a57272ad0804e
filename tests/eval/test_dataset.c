/* What the readers of data sets give: a line an image, "NAME LABEL" or "NAME caption/caption", or
 * "NAME ! reason". */
#include "base/buf.h"
#include "eval/dataset.h"

#include "data_set_tree.h"

enum { MOST_SEEN = 4096 };

typedef struct {
    mci_dataset set;
    mc_status status;
    mc_error err;
    char seen[MOST_SEEN];
} reading;

static void add(reading *r, const char *format, ...) MC_PRINTF(2, 3);

static void add(reading *r, const char *format, ...)
{
    const size_t n = strlen(r->seen);
    va_list args;
    va_start(args, format);
    vsnprintf(r->seen + n, MOST_SEEN - n, format, args);
    va_end(args);
}

static void add_item(const tree *t, reading *r, mci_dataset_item *item)
{
    const char *name = item->image.name.data, *text = item->texts.data;
    const size_t n = strlen(t->dir);
    add(r, "%s ", strncmp(name, t->dir, n) == 0 ? name + n + 1 : name);
    if (r->status == MC_SKIPPED) {
        add(r, "! %s\n", r->err.text);
        return;
    }
    assert_int_equal(mci_image_input_read(&item->image, 1 << 20, &r->err), MC_OK);
    assert_true(item->image.bytes.len > 0);
    if (item->has_label)
        add(r, "%u", (unsigned)item->label);
    for (size_t i = 0; i < item->n_texts; i++, text += strlen(text) + 1)
        add(r, "%s%s", i ? "/" : "", text);
    add(r, "\n");
}

static void read_set(const tree *t, const mc_eval_set *spec, reading *r)
{
    mci_dataset_item item = { 0 };
    *r = (reading){ 0 };
    r->status = mci_dataset_open(spec, 1 << 20, &r->set, &r->err);
    while (r->status >= 0 && r->status != MC_END) {
        r->err = (mc_error){ 0 };
        r->status = r->set.source.next(r->set.source.self, &item, &r->err);
        if (r->status == MC_OK || r->status == MC_SKIPPED)
            add_item(t, r, &item);
    }
    mci_dataset_item_release(&item);
}

static mc_str class_name(const reading *r, size_t i)
{
    return mci_phrases_get(&r->set.class_names, i);
}

static void folders_are_classes(void **state)
{
    tree *t = *state;
    reading r;
    tree_image(t, "birds/red_bird/b.png", "rgb.png");
    tree_image(t, "birds/red_bird/deep/a.png", "rgb.png");
    tree_image(t, "birds/blue_bird/c.JPG", "rgb.jpg");
    tree_text(t, "birds/blue_bird/notes.txt", "no image");
    tree_text(t, "birds/.hidden/x.png", "hidden");
    tree_text(t, "birds/list.png", "not in a class");
    read_set(t, &(mc_eval_set){ .path = tree_path(t, "birds/") }, &r);
    assert_int_equal(r.status, MC_END);
    assert_string_equal(r.seen, "birds//blue_bird/c.JPG 0\n"
                                "birds//red_bird/b.png 1\n"
                                "birds//red_bird/deep/a.png 1\n");
    assert_string_equal(r.set.name.data, "birds");
    assert_int_equal(r.set.kind, MC_DATASET_FOLDER);
    assert_str(class_name(&r, 0), "blue bird");
    assert_true(r.set.templates.n > 1); /* "general" */
    mci_dataset_close(&r.set);

    const char *names = tree_text(t, "names.txt", "azure\nscarlet\n");
    read_set(
        t,
        &(mc_eval_set){ .path = tree_path(t, "birds"), .class_names = names, .templates = "photo" },
        &r);
    assert_int_equal(r.status, MC_END);
    assert_str(class_name(&r, 1), "scarlet");
    assert_int_equal(r.set.templates.n, 1);
    mci_dataset_close(&r.set);

    names = tree_text(t, "names.txt", "azure\nscarlet\ngreen\n");
    read_set(t, &(mc_eval_set){ .path = tree_path(t, "birds"), .class_names = names }, &r);
    assert_int_equal(r.status, MC_E_FORMAT);
    assert_says(r.err.text, "folders of 2 classes, but 3 class names");
    mci_dataset_close(&r.set);
}

static void splits_are_folders(void **state)
{
    tree *t = *state;
    reading r;
    tree_image(t, "s/val/a/1.png", "rgb.png");
    tree_image(t, "s/train/a/2.png", "rgb.png");
    read_set(t, &(mc_eval_set){ .path = tree_path(t, "s") }, &r);
    assert_string_equal(r.seen, "s/val/a/1.png 0\n");
    assert_string_equal(r.set.split.data, "val");
    mci_dataset_close(&r.set);
    read_set(t, &(mc_eval_set){ .path = tree_path(t, "s"), .split = "train" }, &r);
    assert_string_equal(r.seen, "s/train/a/2.png 0\n");
    mci_dataset_close(&r.set);
    read_set(t, &(mc_eval_set){ .path = tree_path(t, "s"), .split = "test" }, &r);
    assert_int_equal(r.status, MC_E_IO);
    assert_says(r.err.text, "s/test: there is no such folder");
    mci_dataset_close(&r.set);
}

static const char *const first_tar[] = {
    "s0.png", "@rgb.png", "s0.cls", "0",          "s1.cls",  "1\n",         "s1.jpg", "@rgb.jpg",
    "s2.jpg", "@rgb.jpg", "s3.cls", "1",          "s4.webp", "@lossy.webp", "s4.cls", "one",
    "README", "?",        "s5.cls", "4294967296", "s5.png",  "@rgb.png",    NULL,
};
static const char *const second_tar[] = {
    "s0.jpeg", "@rgb.jpg", "s0.json", "{}", "s0.cls", " 7 ", NULL,
};

static void make_tars(tree *t)
{
    tree_tar(t, "w/test/0.tar", first_tar);
    tree_tar(t, "w/test/1.tar", second_tar);
    tree_text(t, "w/test/nshards.txt", "2");
    tree_text(t, "w/classnames.txt", "cat\n\ndog \n");
    tree_text(t, "w/zeroshot_classification_templates.txt", "a {c}.\n");
}

static void samples_of_tars_are_put_together(void **state)
{
    tree *t = *state;
    reading r;
    make_tars(t);
    read_set(t, &(mc_eval_set){ .path = tree_path(t, "w") }, &r);
    assert_int_equal(r.status, MC_END);
    assert_string_equal(r.seen, "w/test/0.tar/s0 0\n"
                                "w/test/0.tar/s1 1\n"
                                "w/test/0.tar/s2 ! the sample has no label (.cls)\n"
                                "w/test/0.tar/s3 ! the sample has no image (.jpg, .png or .webp)\n"
                                "w/test/0.tar/s4 ! its label \"one\" is no number\n"
                                "w/test/0.tar/s5 ! its label \"4294967296\" is no number\n"
                                "w/test/1.tar/s0 7\n");
    assert_int_equal(r.set.kind, MC_DATASET_TARS);
    assert_int_equal(r.set.class_names.n, 2);
    assert_str(mci_phrases_get(&r.set.templates, 0), "a {c}.");
    mci_dataset_close(&r.set);
}

/* What is cut is a failure; samples before it are given. */
static void every_prefix_of_a_tar_ends(void **state)
{
    tree *t = *state;
    size_t n, n_whole = 0;
    make_tars(t);
    char *bytes = test_read_file(tree_path(t, "w/test/0.tar"), &n);
    for (size_t len = 0; len < n; len += 199) {
        reading r;
        tree_bytes(t, "w/test/0.tar", (mc_str){ bytes, len });
        read_set(t, &(mc_eval_set){ .path = tree_path(t, "w") }, &r);
        assert_int_equal(r.status, MC_END);
        assert_says(r.seen, "w/test/1.tar/s0 7\n");
        n_whole += strstr(r.seen, "w/test/0.tar/s1 1\n") != NULL;
        mci_dataset_close(&r.set);
    }
    assert_true(n_whole > 5);
    free(bytes);
}

static void a_set_of_tars_must_be_whole(void **state)
{
    tree *t = *state;
    reading r;
    make_tars(t);
    tree_text(t, "w/test/nshards.txt", "3\n");
    read_set(t, &(mc_eval_set){ .path = tree_path(t, "w") }, &r);
    assert_int_equal(r.status, MC_E_IO);
    assert_says(r.err.text, "w/test/2.tar: is not there, but nshards.txt counts 3");
    mci_dataset_close(&r.set);
    tree_text(t, "w/test/nshards.txt", "many");
    read_set(t, &(mc_eval_set){ .path = tree_path(t, "w") }, &r);
    assert_int_equal(r.status, MC_E_FORMAT);
    mci_dataset_close(&r.set);
    tree_text(t, "w/dataset_type.txt", "multilabel");
    read_set(t, &(mc_eval_set){ .path = tree_path(t, "w") }, &r);
    assert_int_equal(r.status, MC_E_FORMAT);
    assert_says(r.err.text, "several labels an image");
    mci_dataset_close(&r.set);
}

static void captions_are_lines(void **state)
{
    static const char *const members[] = {
        "a.png", "@rgb.png", "a.txt", "one\r\n two \n\n", "b.png", "@rgb.png", "b.txt", "\n", NULL,
    };
    tree *t = *state;
    reading r;
    tree_tar(t, "c/test/0.tar", members);
    tree_text(t, "c/dataset_type.txt", "retrieval\n");
    read_set(t, &(mc_eval_set){ .path = tree_path(t, "c") }, &r);
    assert_int_equal(r.status, MC_END);
    assert_string_equal(r.seen, "c/test/0.tar/a one/two\nc/test/0.tar/b ! it has no caption\n");
    assert_int_equal(r.set.task, MC_TASK_RETRIEVAL);
    mci_dataset_close(&r.set);
    const mc_eval_set one = { .path = tree_path(t, "c/test/0.tar"), .task = MC_TASK_RETRIEVAL };
    read_set(t, &one, &r);
    assert_string_equal(r.set.name.data, "0");
    assert_says(r.seen, "c/test/0.tar/a one/two\n");
    mci_dataset_close(&r.set);
}

static void tables_have_labels_or_captions(void **state)
{
    tree *t = *state;
    reading r;
    const char *names = tree_text(t, "names.json", "[[\"red\",\"scarlet\"],\"3\",\"blue\"]");
    tree_image(t, "i/a.png", "rgb.png");
    tree_image(t, "i/b.png", "rgb.png");
    tree_text(t, "l.csv",
              "id,Label,filepath\n1,0,i/a.png\n2,scarlet,i/b.png\n3,3,i/a.png\n"
              "4,green,i/a.png\n5,2\n6,2,\n7,\"blue\",i/b.png\n");
    read_set(t, &(mc_eval_set){ .path = tree_path(t, "l.csv"), .class_names = names }, &r);
    assert_int_equal(r.status, MC_END);
    assert_string_equal(r.seen,
                        "i/a.png 0\n"
                        "i/b.png 0\n"
                        "i/a.png 1\n"
                        "i/a.png ! its label \"green\" is neither a number nor a class name\n"
                        "l.csv row 6 ! the row has 2 fields only\n"
                        "l.csv row 7 ! the row names no image\n"
                        "i/b.png 2\n");
    mci_dataset_close(&r.set);
    tree_text(t, "p.tsv",
              "title\tfilepath\none\ti/a.png\ntwo\ti/a.png\nthree\ti/b.png\n"
              "\ti/a.png\n");
    read_set(t, &(mc_eval_set){ .path = tree_path(t, "p.tsv") }, &r);
    assert_string_equal(r.seen, "i/a.png one/two\ni/b.png three\ni/a.png ! it has no caption\n");
    assert_int_equal(r.set.task, MC_TASK_RETRIEVAL);
    assert_string_equal(r.set.name.data, "p");
    mci_dataset_close(&r.set);
}

static void captions_of_an_image_are_limited(void **state)
{
    tree *t = *state;
    mci_buf rows = { 0 };
    reading r;
    tree_image(t, "a.png", "rgb.png");
    assert_int_equal(mci_buf_printf(&rows, NULL, "path,text\n"), MC_OK);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(mci_buf_printf(&rows, NULL, "a.png,x\n"), MC_OK);
    tree_bytes(t, "many.csv", mci_buf_str(&rows));
    read_set(t, &(mc_eval_set){ .path = tree_path(t, "many.csv") }, &r);
    assert_int_equal(r.status, MC_E_LIMIT);
    assert_says(r.err.text, "a.png: more than 4096 captions");
    mci_dataset_close(&r.set);
    mci_buf_release(&rows);
}

static const struct {
    const char *name, *path, *file, *text; /* of a file that is made first */
    mc_eval_set spec;
    mc_status status;
    const char *says;
} bad[] = {
    { "nothing there", "gone", NULL, NULL, { 0 }, MC_E_IO, "there is no such folder or file" },
    { "another file", "x.bin", "x.bin", "?", { 0 }, MC_E_FORMAT, "a data set is a folder" },
    { "empty folder", "e", "e/x.txt", "?", { 0 }, MC_E_FORMAT, "neither folders of classes" },
    { "no class names", "l.csv", "l.csv", "filepath,label\n", { 0 }, MC_E_ARG, "no class names" },
    { "no image column", "l.csv", "l.csv", "a,label\n", { 0 }, MC_E_FORMAT, "called filepath" },
    { "no label column", "l.csv", "l.csv", "path,b\n", { 0 }, MC_E_FORMAT, "nor title" },
    { "empty table", "l.csv", "l.csv", "", { 0 }, MC_E_FORMAT, "l.csv: it is empty" },
    { "labels for captions",
      "l.csv",
      "l.csv",
      "path,label\n",
      { .task = MC_TASK_RETRIEVAL },
      MC_E_FORMAT,
      "nor title" },
    { "folder for captions",
      "f",
      "f/a/x.png",
      "?",
      { .task = MC_TASK_RETRIEVAL },
      MC_E_ARG,
      "no captions" },
    { "no place",
      "f",
      "f/a/x.png",
      "?",
      { .templates = "plain" },
      MC_E_FORMAT,
      "the template \"a photo\" has no {}" },
    { "no pixels", "k", "k/fine_label_names.txt", "a\n", { 0 }, MC_E_IO, "no test.bin in it" },
    { "no labels",
      "m",
      "m/t10k-images-idx3-ubyte",
      "?",
      { 0 },
      MC_E_IO,
      "no t10k-labels-idx1-ubyte in it" },
    { "no labels of STL10", "z", "z/test_X.bin", "?", { 0 }, MC_E_IO, "no test_y.bin in it" },
    { "other split",
      "k",
      "k/fine_label_names.txt",
      "a\n",
      { .split = "val" },
      MC_E_ARG,
      "its splits are test and train" },
    { "no tars", "w", "w/classnames.txt", "a\n", { 0 }, MC_E_FORMAT, "there are no tars in it" },
};

static void what_is_no_data_set_is_told(void **state)
{
    tree *t = *state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        mc_eval_set spec = bad[i].spec;
        reading r;
        print_message("  case: %s\n", bad[i].name);
        if (bad[i].file)
            tree_text(t, bad[i].file, bad[i].text);
        if (spec.templates)
            spec.templates = tree_text(t, spec.templates, "a photo\n");
        spec.path = tree_path(t, bad[i].path);
        read_set(t, &spec, &r);
        assert_int_equal(r.status, bad[i].status);
        assert_says(r.err.text, bad[i].says);
        mci_dataset_close(&r.set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(folders_are_classes, tree_open, tree_close),
        cmocka_unit_test_setup_teardown(splits_are_folders, tree_open, tree_close),
        cmocka_unit_test_setup_teardown(samples_of_tars_are_put_together, tree_open, tree_close),
        cmocka_unit_test_setup_teardown(every_prefix_of_a_tar_ends, tree_open, tree_close),
        cmocka_unit_test_setup_teardown(a_set_of_tars_must_be_whole, tree_open, tree_close),
        cmocka_unit_test_setup_teardown(captions_are_lines, tree_open, tree_close),
        cmocka_unit_test_setup_teardown(tables_have_labels_or_captions, tree_open, tree_close),
        cmocka_unit_test_setup_teardown(captions_of_an_image_are_limited, tree_open, tree_close),
        cmocka_unit_test_setup_teardown(what_is_no_data_set_is_told, tree_open, tree_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
