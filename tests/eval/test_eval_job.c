/* A small model over small sets, against what the public parts give when they are put together
 * plainly; the file of results; catalogs. */
#include <math.h>

#include "eval/eval_catalog.h"
#include "metaclip/classify.h"
#include "metaclip/eval.h"

#include "data_set_tree.h"

enum { N_CLASSES = 6, N_IMAGES = 12, S = 16, D = 10, MOST_RESULTS = 8 };

static const char *const images[N_IMAGES] = { "rgb.png",        "rgb.jpg",    "grey.jpg",
                                              "cmyk.jpg",       "alpha.webp", "turned1.png",
                                              "few_colors.png", "one.png",    "lossy.webp",
                                              "palette.png",    "deep.png",   "rgba.png" };
static const char *const classes[N_CLASSES] = { "a cat", "dog", "red car", "house", "sky", "road" };
static const char *const templates[2] = { "{}", "a photo of {}." };

typedef struct {
    mc_clip *clip;
    mc_clip_ctx *ctx;
    mc_tokenizer *tokenizer;
    float features[N_IMAGES * D];
} model;

static const char *model_path(void)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/tiny_clip", getenv("METACLIP_TEST_DATA"));
    return path;
}

static const char *vocab_path(void)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/vocab_small.txt", getenv("METACLIP_TEST_DATA"));
    return path;
}

static void encode_image(const model *m, const char *name, float *out)
{
    char path[512];
    size_t n;
    mc_error err = { 0 };
    mc_image_options options;
    mc_image_scratch *scratch = NULL;
    float pixels[3 * S * S];
    snprintf(path, sizeof path, "%s/images/%s", getenv("METACLIP_TEST_DATA"), name);
    char *bytes = test_read_file(path, &n);
    assert_non_null(bytes);
    assert_ok(mc_clip_image_options(m->clip, &options, &err), err);
    assert_ok(mc_image_scratch_new(&scratch, &err), err);
    assert_ok(mc_image_prepare(scratch, &options, (mc_str){ bytes, n }, pixels, &err), err);
    assert_ok(mc_clip_encode_images(m->ctx, pixels, 1, out, &err), err);
    mc_image_scratch_free(scratch);
    free(bytes);
}

static void open_model(model *m)
{
    mc_error err = { 0 };
    *m = (model){ 0 };
    assert_ok(mc_clip_open(model_path(), NULL, &m->clip, &err), err);
    assert_ok(mc_clip_ctx_new(m->clip, NULL, &m->ctx, &err), err);
    assert_ok(mc_clip_tokenizer_open(m->clip, vocab_path(), MC_RULE_OPENAI, &m->tokenizer, &err),
              err);
    for (size_t i = 0; i < N_IMAGES; i++)
        encode_image(m, images[i], m->features + i * D);
}

static void close_model(model *m)
{
    mc_clip_ctx_free(m->ctx);
    mc_tokenizer_free(m->tokenizer);
    mc_clip_close(m->clip);
}

static double dot(const float *a, const float *b)
{
    double sum = 0;
    for (size_t d = 0; d < D; d++)
        sum += (double)a[d] * (double)b[d];
    return sum;
}

/* ---- running ---- */

typedef struct {
    mc_eval_result results[MOST_RESULTS];
    char json[MOST_RESULTS][1024], error[MOST_RESULTS][512], name[MOST_RESULTS][64];
    size_t n;
    char failures[1024];
    mc_eval_summary sum;
    mc_status status;
    mc_error err;
} told;

static void on_result(void *user, const mc_eval_result *result)
{
    told *t = user;
    assert_true(t->n < MOST_RESULTS);
    t->results[t->n] = *result;
    snprintf(t->name[t->n], sizeof t->name[0], "%s", result->name);
    snprintf(t->json[t->n], sizeof t->json[0], "%s", result->json ? result->json : "");
    snprintf(t->error[t->n], sizeof t->error[0], "%s", result->error ? result->error : "");
    t->n++;
}

static void on_failure(void *user, const char *set, mc_str image, const char *why)
{
    told *t = user;
    const size_t n = strlen(t->failures);
    snprintf(t->failures + n, sizeof t->failures - n, "%s: %s: %s\n", set, image.data, why);
}

static void run(mc_eval_job *job, told *t)
{
    *t = (told){ 0 };
    job->model_path = model_path();
    job->vocab_path = vocab_path();
    job->result = on_result;
    job->failure = on_failure;
    job->user = t;
    t->status = mc_eval_run(job, &t->sum, &t->err);
}

/* ---- classification ---- */

/* Image i has label i % 6. */
static const char *make_labelled(tree *t)
{
    char rows[1024] = "filepath,label\n";
    for (size_t i = 0; i < N_IMAGES; i++) {
        char name[64];
        snprintf(name, sizeof name, "labelled/%s", images[i]);
        tree_image(t, name, images[i]);
        snprintf(rows + strlen(rows), sizeof rows - strlen(rows), "%s,%zu\n", images[i],
                 i % N_CLASSES);
    }
    tree_text(t, "labelled/names.txt", "a cat\ndog\nred car\nhouse\nsky\nroad\n");
    tree_text(t, "labelled/templates.txt", "{}\na photo of {}.\n");
    return tree_text(t, "labelled/set.csv", rows);
}

static void count_plainly(const model *m, double *acc1, double *acc5)
{
    mc_str names[N_CLASSES], ways[2];
    mc_classifier *classifier = NULL;
    mc_error err = { 0 };
    size_t first = 0, fifth = 0;
    for (size_t i = 0; i < N_CLASSES; i++)
        names[i] = mc_str_of(classes[i]);
    for (size_t i = 0; i < 2; i++)
        ways[i] = mc_str_of(templates[i]);
    assert_ok(mc_classifier_new(m->ctx, m->tokenizer, names, N_CLASSES, ways, 2, &classifier, &err),
              err);
    const float *weights = mc_classifier_weights(classifier);
    for (size_t i = 0; i < N_IMAGES; i++) {
        const double own = dot(m->features + i * D, weights + i % N_CLASSES * D);
        size_t rank = 0;
        for (size_t c = 0; c < N_CLASSES; c++)
            rank += dot(m->features + i * D, weights + c * D) > own;
        first += rank < 1;
        fifth += rank < 5;
    }
    *acc1 = (double)first / N_IMAGES;
    *acc5 = (double)fifth / N_IMAGES;
    mc_classifier_free(classifier);
}

static mc_eval_set labelled_set(tree *t)
{
    return (mc_eval_set){ .path = make_labelled(t),
                          .class_names = tree_path(t, "labelled/names.txt"),
                          .templates = tree_path(t, "labelled/templates.txt") };
}

static void classification_is_the_nearest_class(void **state)
{
    model m;
    double acc1, acc5;
    told *t = malloc(sizeof *t);
    const mc_eval_set set = labelled_set(*state);
    open_model(&m);
    count_plainly(&m, &acc1, &acc5);
    for (unsigned way = 0; way < 4; way++) {
        mc_eval_job job = {
            .sets = &set, .n_sets = 1, .batch = way == 0 ? 0 : 2 * way + 1, .n_threads = way
        };
        run(&job, t);
        assert_ok(t->status, t->err);
        assert_int_equal(t->n, 1);
        assert_string_equal(t->error[0], "");
        assert_int_equal(t->results[0].n_images, N_IMAGES);
        assert_int_equal(t->results[0].n_failed, 0);
        assert_int_equal(t->results[0].n_prompts, 2 * N_CLASSES);
        assert_true(t->results[0].acc1 == acc1 && t->results[0].acc5 == acc5);
        assert_true(fabs(t->results[0].mean_per_class - acc1) < 1e-15); /* classes of equal size */
        assert_true(t->sum.mean_value == acc1);
        assert_says(t->json[0], "{\"dataset\":\"set\",\"model\":");
        assert_says(t->json[0], ",\"task\":\"zeroshot_classification\",\"metrics\":{\"acc1\":");
    }
    close_model(&m);
    free(t);
}

static void what_cannot_be_used_is_left_out_and_named(void **state)
{
    told *t = malloc(sizeof *t);
    mc_eval_set set = labelled_set(*state);
    tree_text(*state, "labelled/broken.png", "no image");
    set.path = tree_text(*state, "labelled/set.csv",
                         "filepath,label\nrgb.png,0\nbroken.png,1\nrgb.jpg,6\nnowhere.jpg,1\n");
    mc_eval_job job = { .sets = &set, .n_sets = 1 };
    run(&job, t);
    assert_ok(t->status, t->err);
    assert_int_equal(t->results[0].n_images, 1);
    assert_int_equal(t->results[0].n_failed, 3);
    assert_says(t->failures, "broken.png: ");
    assert_says(t->failures, "rgb.jpg: its label is 6, but there are 6 class names");
    assert_says(t->failures, "nowhere.jpg: cannot open it");
    job.strict = true;
    run(&job, t);
    assert_int_equal(t->status, MC_E_FORMAT);
    assert_says(t->err.text, "broken.png");
    free(t);
}

static void sets_that_cannot_be_evaluated_do_not_end_it(void **state)
{
    told *t = malloc(sizeof *t);
    const mc_eval_set good = labelled_set(*state);
    mc_eval_set empty = good, useless = good, wrong = good;
    empty.path = tree_text(*state, "labelled/empty.csv", "filepath,label\n");
    useless.path = tree_text(*state, "labelled/useless.csv", "filepath,label\nx.png,1\n");
    wrong.name = "wrong";
    wrong.metric = MC_METRIC_TEXT_RECALL_5;
    const mc_eval_set sets[] = { { .path = "/nowhere/at all" }, empty, useless, wrong, good, good };
    mc_eval_job job = { .sets = sets, .n_sets = COUNT_OF(sets) };
    run(&job, t);
    assert_ok(t->status, t->err);
    assert_int_equal(t->n, 6);
    assert_int_equal(t->sum.n_failed_sets, 5);
    assert_says(t->error[0], "there is no such folder");
    assert_string_equal(t->name[0], "at all");
    assert_says(t->error[1], "there are no images in it");
    assert_says(t->error[2], "none of its 1 images can be used");
    assert_says(t->error[3], "text_retrieval_recall@5 is no number of its task");
    assert_string_equal(t->error[4], "");
    assert_says(t->error[5], "another data set is called set already");
    job.strict = true;
    run(&job, t);
    assert_int_equal(t->status, MC_E_IO);
    free(t);
}

/* ---- retrieval ---- */

static const char *const captions[] = { "a cat",    "a red car",
                                        "dog",      "a house on a road",
                                        "sky",      "a photo of the sky",
                                        "two cats", "the sea" };
enum { N_PAIRS = 4 }; /* images with two captions each */

static void retrieval_finds_images_and_captions(void **state)
{
    model m;
    mc_error err = { 0 };
    float texts[2 * N_PAIRS * D];
    char rows[1024] = "filepath,title\n";
    double image_at_1 = 0, text_at_1 = 0, image_rank = 0;
    told *t = malloc(sizeof *t);
    open_model(&m);
    for (size_t k = 0; k < 2 * N_PAIRS; k++) {
        const mc_str text = mc_str_of(captions[k]);
        int32_t ids[12];
        assert_ok(mc_tokenize(m.tokenizer, &text, 1, 12, 1, ids, NULL, &err), err);
        assert_ok(mc_clip_encode_texts(m.ctx, ids, 1, texts + k * D, &err), err);
        tree_image(*state, images[k / 2], images[k / 2]);
        snprintf(rows + strlen(rows), sizeof rows - strlen(rows), "%s,%s\n", images[k / 2],
                 captions[k]);
    }
    for (size_t k = 0; k < 2 * N_PAIRS; k++) {
        size_t rank = 0;
        for (size_t i = 0; i < N_PAIRS; i++)
            rank +=
                dot(m.features + i * D, texts + k * D) > dot(m.features + k / 2 * D, texts + k * D);
        image_at_1 += rank == 0;
        image_rank += (double)rank + 1;
    }
    for (size_t i = 0; i < N_PAIRS; i++) {
        size_t best = 0;
        for (size_t k = 1; k < 2 * N_PAIRS; k++)
            if (dot(m.features + i * D, texts + k * D) > dot(m.features + i * D, texts + best * D))
                best = k;
        text_at_1 += best / 2 == i;
    }
    const mc_eval_set set = { .path = tree_text(*state, "pairs.csv", rows), .language = "de" };
    mc_eval_job job = { .sets = &set, .n_sets = 1, .batch = 3, .n_threads = 2 };
    run(&job, t);
    assert_ok(t->status, t->err);
    const mc_eval_result *r = &t->results[0];
    assert_int_equal(r->n_images, N_PAIRS);
    assert_int_equal(r->n_texts, 2 * N_PAIRS);
    assert_true(r->image_recall[0] == image_at_1 / (2 * N_PAIRS));
    assert_true(r->image_mean_rank == image_rank / (2 * N_PAIRS));
    assert_true(r->text_recall[0] == text_at_1 / N_PAIRS);
    assert_true(r->value == 1.0 && isnan(r->acc1)); /* 4 images: all are among the best 5 */
    assert_says(t->json[0], "\"task\":\"zeroshot_retrieval\",\"metrics\":{"
                            "\"image_retrieval_recall@1\":");
    assert_says(t->json[0], "\"language\":\"de\"");
    close_model(&m);
    free(t);
}

/* ---- the file of results ---- */

static void results_are_kept_and_taken_again(void **state)
{
    told *t = malloc(sizeof *t);
    mc_eval_set set = labelled_set(*state);
    const char *path =
        tree_text(*state, "out/r.jsonl", "{\"dataset\":\"other\", \"metrics\":{},\"x\":1}\n");
    char kept[1024];
    size_t n;
    mc_eval_job job = { .sets = &set, .n_sets = 1, .out_path = path };
    run(&job, t);
    assert_ok(t->status, t->err);
    const double acc1 = t->results[0].acc1;
    snprintf(kept, sizeof kept, "{\"dataset\":\"other\", \"metrics\":{},\"x\":1}\n%s\n",
             t->json[0]);
    char *file = test_read_file(path, &n);
    assert_string_equal(file, kept);
    free(file);

    run(&job, t);
    assert_true(t->results[0].is_recalled && t->sum.n_recalled == 1);
    assert_true(t->results[0].acc1 == acc1 && t->results[0].value == acc1);
    assert_int_equal(t->results[0].n_images, N_IMAGES);
    assert_int_equal(t->results[0].n_prompts, 2 * N_CLASSES);

    set.templates = "photo"; /* another setup takes the line's place */
    run(&job, t);
    assert_false(t->results[0].is_recalled);
    snprintf(kept, sizeof kept, "{\"dataset\":\"other\", \"metrics\":{},\"x\":1}\n%s\n",
             t->json[0]);
    file = test_read_file(path, &n);
    assert_string_equal(file, kept);
    free(file);

    const char *diary =
        tree_text(*state, "diary.txt", "{\"dataset\":\"a\",\"metrics\":{}}\nhello\n");
    job.out_path = diary;
    run(&job, t);
    assert_int_equal(t->status, MC_E_FORMAT);
    assert_says(t->err.text, "diary.txt: line 2 is no result");
    file = test_read_file(diary, &n);
    assert_non_null(strstr(file, "hello"));
    free(file);
    free(t);
}

/* ---- catalogs ---- */

static void catalogs_name_sets(void **state)
{
    told *t = malloc(sizeof *t);
    mc_error err = { 0 };
    mci_eval_catalog catalog = { 0 };
    char want[600];
    make_labelled(*state);
    const char *path = tree_text(
        *state, "catalog.json",
        "{\"root\":\"labelled\",\"templates\":\"photo\",\"classnames\":\"labelled/names.txt\","
        "\"sets\":[{\"name\":\"pets\",\"path\":\"set.csv\",\"kind\":\"table\"},"
        "{\"path\":\"/a/b\",\"templates\":\"t.txt\",\"metric\":\"acc5\",\"split\":\"val\","
        "\"language\":\"fr\",\"task\":\"zeroshot_retrieval\"},{\"name\":\"flowers\"}]}");
    assert_ok(mci_eval_catalog_load(path, &catalog, &err), err);
    assert_int_equal(catalog.n, 3);
    snprintf(want, sizeof want, "%s/labelled/set.csv", ((tree *)*state)->dir);
    assert_string_equal(catalog.sets[0].path, want);
    assert_string_equal(catalog.sets[0].templates, "photo");
    assert_int_equal(catalog.sets[0].kind, MC_DATASET_TABLE);
    snprintf(want, sizeof want, "%s/labelled/names.txt", ((tree *)*state)->dir);
    assert_string_equal(catalog.sets[1].class_names, want);
    assert_string_equal(catalog.sets[1].path, "/a/b");
    snprintf(want, sizeof want, "%s/t.txt", ((tree *)*state)->dir);
    assert_string_equal(catalog.sets[1].templates, want);
    assert_int_equal(catalog.sets[1].metric, MC_METRIC_ACC5);
    assert_int_equal(catalog.sets[1].task, MC_TASK_RETRIEVAL);
    snprintf(want, sizeof want, "%s/labelled/flowers", ((tree *)*state)->dir);
    assert_string_equal(catalog.sets[2].path, want);
    mci_eval_catalog_release(&catalog);

    mc_eval_job job = { .catalog_path = path };
    run(&job, t);
    assert_ok(t->status, t->err);
    assert_int_equal(t->n, 3);
    assert_int_equal(t->sum.n_failed_sets, 2);
    assert_int_equal(t->results[0].metric, MC_METRIC_PER_CLASS); /* CLIPEval's for pets */
    assert_true(t->results[0].value == t->results[0].mean_per_class);
    free(t);
}

static const struct {
    const char *name, *text, *says;
} bad[] = {
    { "no JSON", "[", "" },
    { "an array", "[]", "an object with an array \"sets\"" },
    { "no sets", "{\"sets\":[]}", "it has no sets" },
    { "misspelt at the top", "{\"sets\":[{\"name\":\"a\"}],\"tempates\":\"x\"}", "\"tempates\"" },
    { "misspelt in a set", "{\"sets\":[{\"name\":\"a\"},{\"pth\":\"x\"}]}", "set 2: \"pth\"" },
    { "no object", "{\"sets\":[1]}", "set 1: it is no object" },
    { "no name", "{\"sets\":[{}]}", "neither a name nor a path" },
    { "number for a name", "{\"sets\":[{\"name\":1}]}", "\"name\" is no string" },
    { "empty name", "{\"sets\":[{\"name\":\"\"}]}", "an empty one" },
    { "NUL", "{\"sets\":[{\"name\":\"a\\u0000b\"}]}", "\"name\" is no string" },
    { "unknown kind", "{\"sets\":[{\"name\":\"a\",\"kind\":\"zip\"}]}",
      "there is no kind \"zip\"" },
    { "unknown metric", "{\"sets\":[{\"name\":\"a\",\"metric\":\"f1\"}]}", "no metric \"f1\"" },
};

static void catalogs_that_are_wrong_are_refused(void **state)
{
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        mc_error err = { 0 };
        mci_eval_catalog catalog = { 0 };
        print_message("  case: %s\n", bad[i].name);
        const char *path = tree_text(*state, "c.json", bad[i].text);
        assert_int_equal(mci_eval_catalog_load(path, &catalog, &err), MC_E_FORMAT);
        assert_says(err.text, bad[i].says);
        assert_says(err.text, path);
        mci_eval_catalog_release(&catalog);
    }
}

static void metrics_are_those_of_clipeval(void **state)
{
    (void)state;
    assert_int_equal(mci_eval_usual_metric("imagenet"), MC_METRIC_ACC1);
    assert_int_equal(mci_eval_usual_metric("flowers"), MC_METRIC_PER_CLASS);
    assert_int_equal(mci_eval_usual_metric("hateful_memes"), MC_METRIC_ROC_AUC);
    assert_int_equal(mci_eval_usual_metric("kinetics700_frames"), MC_METRIC_ACC1_ACC5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(classification_is_the_nearest_class, tree_open, tree_close),
        cmocka_unit_test_setup_teardown(what_cannot_be_used_is_left_out_and_named, tree_open,
                                        tree_close),
        cmocka_unit_test_setup_teardown(sets_that_cannot_be_evaluated_do_not_end_it, tree_open,
                                        tree_close),
        cmocka_unit_test_setup_teardown(retrieval_finds_images_and_captions, tree_open, tree_close),
        cmocka_unit_test_setup_teardown(results_are_kept_and_taken_again, tree_open, tree_close),
        cmocka_unit_test_setup_teardown(catalogs_name_sets, tree_open, tree_close),
        cmocka_unit_test_setup_teardown(catalogs_that_are_wrong_are_refused, tree_open, tree_close),
        cmocka_unit_test(metrics_are_those_of_clipeval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
