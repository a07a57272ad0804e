/* Numbers gathered image by image, against those of all at once. */
#include <math.h>

#include "eval/metrics.h"
#include "eval/tally.h"
#include "io/npy_array.h"

#include "test.h"

enum { MOST_N = 200, MOST_C = 12 };

typedef struct {
    float scores[MOST_N * MOST_C];
    int32_t targets[MOST_N];
    size_t n, C;
} table;

/* Few different scores, so that many are equal; every class is a target, as scikit-learn's mean is
 * no number otherwise. */
static void make_table(test_random *random, table *t)
{
    t->C = 2 + test_below(random, MOST_C - 1);
    t->n = t->C + test_below(random, MOST_N - t->C + 1);
    for (size_t i = 0; i < t->n; i++)
        t->targets[i] = (int32_t)(i < t->C ? i : test_below(random, t->C));
    for (size_t i = 0; i < t->n * t->C; i++)
        t->scores[i] = (float)test_below(random, 7) / 4.0f;
}

static mci_tally_numbers tally_of(const table *t)
{
    mc_error err = { 0 };
    mci_tally tally;
    mci_tally_numbers numbers;
    assert_ok(mci_tally_init(&tally, t->C, &err), err);
    for (size_t i = 0; i < t->n; i++)
        assert_ok(mci_tally_add(&tally, t->scores + i * t->C, (uint32_t)t->targets[i], &err), err);
    assert_ok(mci_tally_end(&tally, &numbers, &err), err);
    mci_tally_release(&tally);
    return numbers;
}

static double area_of(const table *t)
{
    double scores[MOST_N], area;
    mc_error err = { 0 };
    for (size_t i = 0; i < t->n; i++)
        scores[i] = (double)t->scores[2 * i + 1] - (double)t->scores[2 * i];
    assert_ok(mci_metrics_roc_auc(scores, t->targets, t->n, &area, &err), err);
    return area;
}

static void they_are_those_of_all_at_once(void **state)
{
    test_random random = { 11 };
    size_t n_twos = 0;
    table *t = malloc(sizeof *t);
    (void)state;
    for (size_t round = 0; round < 300; round++) {
        mci_accuracy want;
        mc_error err = { 0 };
        make_table(&random, t);
        assert_ok(mci_metrics_accuracy(t->scores, t->targets, t->n, t->C, &want, &err), err);
        const mci_tally_numbers got = tally_of(t);
        assert_true(got.acc1 == want.top1);
        assert_true(t->C < 5 ? isnan(got.acc5) : got.acc5 == want.top5);
        assert_true(fabs(got.mean_per_class - want.mean_per_class) < 1e-15);
        if (t->C != 2) {
            assert_true(isnan(got.roc_auc));
            continue;
        }
        n_twos++;
        assert_true(got.roc_auc == area_of(t));
    }
    assert_true(n_twos > 5);
    free(t);
}

static void a_class_without_images_is_left_out_of_the_mean(void **state)
{
    /* class 2 is predicted once, and never right to be */
    table *t = calloc(1, sizeof *t);
    const float scores[] = { 1, 0, 0, 0, 1, 0, 0, 0, 1 };
    (void)state;
    t->n = t->C = 3;
    memcpy(t->scores, scores, sizeof scores);
    t->targets[1] = 1;
    const mci_tally_numbers got = tally_of(t);
    assert_true(got.mean_per_class == 0.75);
    free(t);
}

static void what_is_no_number_does_no_good(void **state)
{
    table *t = calloc(1, sizeof *t);
    (void)state;
    t->n = 1;
    t->C = 5;
    for (size_t i = 0; i < 5; i++)
        t->scores[i] = NAN;
    const mci_tally_numbers got = tally_of(t);
    assert_true(got.acc1 == 0.0 && got.acc5 == 1.0);
    free(t);
}

static void without_images_there_are_no_numbers(void **state)
{
    table *t = calloc(1, sizeof *t);
    (void)state;
    t->C = 2;
    const mci_tally_numbers got = tally_of(t);
    assert_true(isnan(got.acc1) && isnan(got.acc5) && isnan(got.mean_per_class) &&
                isnan(got.roc_auc));
    free(t);
}

/* ---- the reference's, where they are ---- */

static mci_tally_numbers tally_files(const char *logits_name, const char *targets_name)
{
    mc_error err = { 0 };
    mci_array logits, targets;
    mci_tally tally;
    mci_tally_numbers numbers;
    const char *path = test_path("METACLIP_SHARED", logits_name);
    if (!path || mci_array_map(path, &logits, &err) < 0)
        skip();
    assert_ok(mci_array_map(test_path("METACLIP_SHARED", targets_name), &targets, &err), err);
    const size_t n = logits.shape[0], C = logits.shape[1];
    assert_ok(mci_tally_init(&tally, C, &err), err);
    for (size_t i = 0; i < n; i++)
        assert_ok(mci_tally_add(&tally, (const float *)logits.data + i * C,
                                (uint32_t)((const int32_t *)targets.data)[i], &err),
                  err);
    assert_ok(mci_tally_end(&tally, &numbers, &err), err);
    mci_tally_release(&tally);
    mci_array_unmap(&logits);
    mci_array_unmap(&targets);
    return numbers;
}

static void they_are_the_references(void **state)
{
    (void)state;
    mci_tally_numbers got = tally_files("oracle/eval/logits10.npy", "oracle/eval/targets10.npy");
    assert_true(fabs(100.0 * got.acc1 - 42.0) < 1e-9 && fabs(100.0 * got.acc5 - 86.0) < 1e-9);
    assert_true(fabs(100.0 * got.mean_per_class - 42.29357811500669) < 1e-9);
    got = tally_files("oracle/eval/logits10_absent.npy", "oracle/eval/targets10_absent.npy");
    assert_true(fabs(100.0 * got.mean_per_class - 42.31961968073079) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_those_of_all_at_once),
        cmocka_unit_test(a_class_without_images_is_left_out_of_the_mean),
        cmocka_unit_test(what_is_no_number_does_no_good),
        cmocka_unit_test(without_images_there_are_no_numbers),
        cmocka_unit_test(they_are_the_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
