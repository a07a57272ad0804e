/* Every set of kernels that this processor can run, against plain loops in f64. */
#include "train/contrast_kernels.h"

#include <math.h>

#include "test.h"

enum { ROWS = MCI_CONTRAST_ROWS, COLUMNS = MCI_CONTRAST_COLUMNS, MOST_D = 200 };

typedef struct {
    size_t R, C, D;
    float a[ROWS * MOST_D], b[COLUMNS * MOST_D], da[ROWS * MOST_D];
    _Alignas(64) double s[ROWS * COLUMNS];
    _Alignas(64) double lses[COLUMNS];
    _Alignas(64) float w[ROWS * COLUMNS];
} block;

static float random_float(test_random *random)
{
    return (float)test_below(random, 20001) / 10000.0f - 1.0f;
}

static block *new_block(test_random *random)
{
    block *x = aligned_alloc(64, (sizeof *x + 63) / 64 * 64);
    memset(x, 0, sizeof *x);
    x->R = 1 + test_below(random, ROWS);
    x->C = 1 + test_below(random, COLUMNS);
    x->D = 1 + test_below(random, MOST_D);
    for (size_t i = 0; i < COUNT_OF(x->a); i++)
        x->a[i] = random_float(random) / (float)x->D;
    for (size_t i = 0; i < COUNT_OF(x->b); i++)
        x->b[i] = random_float(random);
    for (size_t i = 0; i < COUNT_OF(x->w); i++)
        x->w[i] = random_float(random);
    return x;
}

static void check_logits(const mci_contrast_kernels *kernels, block *x)
{
    const double scale = 20.0;
    kernels->logits(x->a, x->R, x->b, x->C, x->D, scale, x->s);
    for (size_t i = 0; i < x->R; i++)
        for (size_t j = 0; j < COLUMNS; j++) {
            double dot = 0.0;
            for (size_t d = 0; j < x->C && d < x->D; d++)
                dot += (double)x->a[i * x->D + d] * (double)x->b[j * x->D + d];
            const double got = x->s[i * COLUMNS + j];
            assert_true(j < x->C ? fabs(got - scale * dot) < 1e-12 : got == MCI_CONTRAST_NOTHING);
        }
}

static void check_exponentials(const mci_contrast_kernels *kernels, test_random *random, block *x)
{
    double most = -INFINITY, sum = 0.0, want = 0.0, weighted = 0.0;
    for (size_t j = 0; j < COLUMNS; j++) {
        x->s[j] = j < x->C ? 80.0 * (double)random_float(random) : MCI_CONTRAST_NOTHING;
        x->lses[j] = 80.0 + (double)test_below(random, 50);
        want += exp(x->s[j] - 81.0);
        weighted += 0.25 * (exp(x->s[j] - 81.0) + exp(x->s[j] - x->lses[j])) * x->s[j];
    }
    kernels->add_exps(x->s, &most, &sum);
    kernels->add_exps(x->s, &most, &sum);
    assert_true(fabs(most + log(sum) - (81.0 + log(2.0 * want))) < 1e-13 * 81.0);
    const double got = kernels->weights(x->s, 81.0, x->lses, 0.25, x->w);
    assert_true(fabs(got - weighted) <= 1e-13 * fabs(weighted));
    for (size_t j = 0; j < COLUMNS; j++) {
        const double each = 0.25 * (exp(x->s[j] - 81.0) + exp(x->s[j] - x->lses[j]));
        assert_true(fabs((double)x->w[j] - each) <= 1e-7 * each + 1e-37);
    }
}

static void check_spread(const mci_contrast_kernels *kernels, block *x)
{
    for (size_t i = 0; i < x->R * x->D; i++)
        x->da[i] = 1.0f;
    kernels->spread(x->w, x->R, x->b, x->C, x->D, x->da);
    for (size_t i = 0; i < x->R; i++)
        for (size_t d = 0; d < x->D; d++) {
            double sum = 1.0;
            for (size_t j = 0; j < x->C; j++)
                sum += (double)x->w[i * COLUMNS + j] * (double)x->b[j * x->D + d];
            assert_true(fabs((double)x->da[i * x->D + d] - sum) < 2e-5);
        }
    for (size_t i = x->R * x->D; i < COUNT_OF(x->da); i++)
        assert_true(x->da[i] == 0.0f); /* nothing behind is touched */
}

static void kernels_give_what_plain_loops_give(void **state)
{
    (void)state;
    for (const mci_contrast_kernels *const *k = mci_contrast_kernels_all(); *k; k++) {
        test_random random = { 21 };
        print_message("  case: %s\n", (*k)->name);
        for (int round = 0; round < 40; round++) {
            block *x = new_block(&random);
            check_logits(*k, x);
            check_spread(*k, x);
            check_exponentials(*k, &random, x);
            free(x);
        }
    }
}

/* So that a model that has run away is told by its loss. */
static void what_is_no_number_stays_none(void **state)
{
    (void)state;
    _Alignas(64) double s[COLUMNS] = { 0 }, lses[COLUMNS] = { 0 };
    _Alignas(64) float w[COLUMNS];
    s[5] = NAN;
    for (const mci_contrast_kernels *const *k = mci_contrast_kernels_all(); *k; k++) {
        double most = -INFINITY, sum = 0.0;
        (*k)->add_exps(s, &most, &sum);
        assert_true(isnan(most + log(sum)));
        assert_true(isnan((*k)->weights(s, 0.0, lses, 1.0, w)));
        assert_true(isnan(w[5]) && w[4] == 2.0f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_give_what_plain_loops_give),
        cmocka_unit_test(what_is_no_number_stays_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
