/* Metrics: small cases that can be done by hand, and the reference's numbers where they are there.
 */
#include "eval/metrics.h"

#include <math.h>

#include "eval/zeroshot.h"
#include "io/npy_array.h"
#include "metaclip/model.h"

#include "test.h"

static bool same(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fabs(b) || (isnan(a) && isnan(b));
}

/* ---- by hand ---- */

static void of_equal_logits_the_smaller_class_comes_first(void **state)
{
    (void)state;
    const float logits[] = { 1, 1, 0, 0, 2, 2 };
    const int32_t targets[] = { 1, 1 };
    mci_accuracy a;
    mc_error err = { 0 };
    assert_ok(mci_metrics_accuracy(logits, targets, 2, 3, &a, &err), err);
    assert_true(a.top1 == 0.5 && a.top5 == 1.0);
}

static void the_mean_per_class_weighs_classes_alike(void **state)
{
    (void)state;
    const float logits[] = { 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0 };
    const int32_t targets[] = { 0, 0, 0, 1, 1 }, one_class[] = { 0, 0, 0, 0, 0 };
    mci_accuracy a;
    mc_error err = { 0 };
    assert_ok(mci_metrics_accuracy(logits, targets, 5, 3, &a, &err), err);
    assert_true(same(a.top1, 0.8) && same(a.mean_per_class, 0.75));
    assert_ok(mci_metrics_accuracy(logits, one_class, 5, 3, &a, &err), err);
    assert_true(isnan(a.mean_per_class)); /* class 1 is predicted, but nobody's */
}

static void ties_count_one_half_in_the_roc_area(void **state)
{
    (void)state;
    const double scores[] = { 0.1, 0.4, 0.4, 0.8 };
    const int32_t targets[] = { 0, 0, 1, 1 }, ones[] = { 1, 1, 1, 1 };
    const double bad[] = { NAN, 1.0 };
    double area;
    mc_error err = { 0 };
    assert_ok(mci_metrics_roc_auc(scores, targets, 4, &area, &err), err);
    assert_true(same(area, 0.875));
    assert_ok(mci_metrics_roc_auc(scores, ones, 4, &area, &err), err);
    assert_true(isnan(area));
    assert_int_equal(mci_metrics_roc_auc(bad, targets, 2, &area, &err), MC_E_ARG);
}

static void ranks_of_retrieval_start_at_one(void **state)
{
    (void)state;
    const float queries[] = { 1, 0, 0, 1, 1, 1 }, rows[] = { 1, 0, 0, 1, 2, 2 };
    mci_retrieval r;
    mc_error err = { 0 };
    assert_ok(mci_metrics_retrieval(queries, rows, 3, 2, &r, &err), err);
    /* the third row beats both others for every query */
    assert_true(same(r.mean_rank, 5.0 / 3.0) && same(r.median_rank, 2.0));
    assert_true(same(r.r_at_1, 1.0 / 3.0) && same(r.r_at_5, 1.0));
    assert_int_equal(mci_metrics_retrieval(queries, rows, 0, 2, &r, &err), MC_E_ARG);
}

/* ---- the reference ---- */

static mci_array map(const char *name)
{
    mc_error err = { 0 };
    mci_array array;
    char path[128];
    snprintf(path, sizeof path, "oracle/eval/%s", name);
    const char *full = test_path("METACLIP_SHARED", path);
    if (!full || mci_array_map(full, &array, &err) < 0)
        skip();
    return array;
}

static mci_accuracy accuracy_of(const char *logits_file, const char *targets_file)
{
    mc_error err = { 0 };
    mci_accuracy a = { 0 };
    mci_array logits = map(logits_file), targets = map(targets_file);
    assert_ok(
        mci_metrics_accuracy(logits.data, targets.data, logits.shape[0], logits.shape[1], &a, &err),
        err);
    mci_array_unmap(&logits);
    mci_array_unmap(&targets);
    return a;
}

static void accuracies_are_the_references(void **state)
{
    (void)state;
    mci_accuracy a = accuracy_of("logits10.npy", "targets10.npy");
    assert_true(same(a.top1, 0.42) && same(a.top5, 0.86));
    assert_true(same(100.0 * a.mean_per_class, 42.29357811500669));
    a = accuracy_of("logits10_absent.npy", "targets10_absent.npy");
    assert_true(same(100.0 * a.mean_per_class, 42.31961968073079));
    assert_true(isnan(accuracy_of("logits10.npy", "targets10_absent.npy").mean_per_class));
}

static void the_roc_area_is_the_references(void **state)
{
    (void)state;
    mc_error err = { 0 };
    double area, scores[150];
    mci_array logits = map("logits2.npy"), targets = map("targets2.npy");
    assert_int_equal(logits.shape[0], COUNT_OF(scores));
    for (size_t i = 0; i < COUNT_OF(scores); i++) {
        const float *row = (const float *)logits.data + 2 * i;
        scores[i] = (double)(row[1] - row[0]);
    }
    assert_ok(mci_metrics_roc_auc(scores, targets.data, COUNT_OF(scores), &area, &err), err);
    assert_true(same(100.0 * area, 82.73915626856804));
    mci_array_unmap(&logits);
    mci_array_unmap(&targets);
}

static void retrieval_is_the_references(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mci_retrieval r;
    mci_array images = map("image_features.npy"), texts = map("text_features.npy");
    const size_t n = images.shape[0], D = images.shape[1];
    assert_ok(mci_metrics_retrieval(images.data, texts.data, n, D, &r, &err), err);
    assert_true(same(r.mean_rank, 7.296875) && same(r.median_rank, 3.0));
    assert_true(same(r.r_at_1, 0.265625) && same(r.r_at_5, 0.65625) && same(r.r_at_10, 0.8125));
    assert_ok(mci_metrics_retrieval(texts.data, images.data, n, D, &r, &err), err);
    assert_true(same(r.mean_rank, 7.9375) && same(r.median_rank, 4.0));
    assert_true(same(r.r_at_1, 0.203125) && same(r.r_at_5, 0.640625) && same(r.r_at_10, 0.8125));
    mci_array_unmap(&images);
    mci_array_unmap(&texts);
}

static void assert_near(const float *got, const mci_array *want, double allowed)
{
    for (size_t i = 0; i < want->n_values; i++)
        assert_true(fabs((double)got[i] - (double)((const float *)want->data)[i]) <= allowed);
}

static float *copy_of(const mci_array *array)
{
    float *copy = malloc(array->n_values * sizeof *copy);
    memcpy(copy, array->data, array->n_values * sizeof *copy);
    return copy;
}

static void class_weights_are_the_references(void **state)
{
    (void)state;
    enum { IMAGES = 20 };
    mci_array prompts = map("prompt_features.npy"), want = map("class_weights.npy");
    mci_array want_norm = map("class_weights_classnorm.npy"), images = map("image_features.npy");
    mci_array logits_plain = map("logits_plain.npy"), logits_norm = map("logits_classnorm.npy");
    const size_t C = prompts.shape[0], P = prompts.shape[1], D = prompts.shape[2];
    float weights[6 * 32], mean[32], deviation[32], logits[IMAGES * 6];
    float *rows = copy_of(&prompts), *x = copy_of(&images);
    assert_true(C * D <= COUNT_OF(weights));
    mci_zeroshot_weights(rows, C, P, D, weights);
    assert_near(weights, &want, 1e-6);
    mc_features_logits(x, IMAGES, weights, C, D, 1.0f, logits);
    assert_near(logits, &logits_plain, 2e-6);
    mci_zeroshot_means(rows, C, P, D, weights);
    mci_zeroshot_standardize(weights, C, D, mean, deviation);
    assert_near(weights, &want_norm, 1e-6);
    mci_zeroshot_apply(x, IMAGES, D, mean, deviation);
    mc_features_logits(x, IMAGES, weights, C, D, 1.0f, logits);
    assert_near(logits, &logits_norm, 2e-5);
    free(rows);
    free(x);
    mci_array *all[] = { &prompts, &want, &want_norm, &images, &logits_plain, &logits_norm };
    for (size_t i = 0; i < COUNT_OF(all); i++)
        mci_array_unmap(all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_equal_logits_the_smaller_class_comes_first),
        cmocka_unit_test(the_mean_per_class_weighs_classes_alike),
        cmocka_unit_test(ties_count_one_half_in_the_roc_area),
        cmocka_unit_test(ranks_of_retrieval_start_at_one),
        cmocka_unit_test(accuracies_are_the_references),
        cmocka_unit_test(the_roc_area_is_the_references),
        cmocka_unit_test(retrieval_is_the_references),
        cmocka_unit_test(class_weights_are_the_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
