/* The contrastive loss against the plain one over a whole matrix, and its parts against the whole.
 */
#include "train/contrast.h"

#include <math.h>

#include "test.h"

enum { N = 11, D = 5 };

typedef struct {
    float images[N * D], texts[N * D];
    double scale;
} batch;

static batch random_batch(uint64_t seed)
{
    test_random random = { seed };
    batch b = { .scale = 3.7 };
    double lengths[N];
    for (size_t i = 0; i < N * D; i++) {
        b.images[i] = (float)test_below(&random, 2001) / 1000.0f - 1.0f;
        b.texts[i] = (float)test_below(&random, 2001) / 1000.0f - 1.0f;
    }
    mci_normalize_rows(b.images, N, D, lengths);
    mci_normalize_rows(b.texts, N, D, lengths);
    return b;
}

static double logit(const batch *b, size_t i, size_t j)
{
    double sum = 0.0;
    for (size_t d = 0; d < D; d++)
        sum += (double)b->images[i * D + d] * (double)b->texts[j * D + d];
    return b->scale * sum;
}

/* As one would write it down: two cross-entropies over the N x N logits. */
static double plain_loss(const batch *b)
{
    double sum = 0.0;
    for (size_t i = 0; i < N; i++) {
        double row = 0.0, column = 0.0;
        for (size_t j = 0; j < N; j++) {
            row += exp(logit(b, i, j));
            column += exp(logit(b, j, i));
        }
        sum += 0.5 * (log(row) + log(column)) - logit(b, i, i);
    }
    return sum / N;
}

/* The loss as `ranks` processes compute it, each with its share of the rows. */
typedef struct {
    double loss, dscale;
    float dimages[N * D], dtexts[N * D];
} answer;

static answer run(const batch *b, size_t ranks)
{
    answer a = { 0 };
    double lse_images[N], lse_texts[N];
    size_t bounds[N + 1];
    for (size_t r = 0; r <= ranks; r++)
        bounds[r] = r * N / ranks;
    for (size_t r = 0; r < ranks; r++) {
        size_t first = bounds[r], m = bounds[r + 1] - first;
        mci_contrast_lse(b->images + first * D, m, b->texts, N, D, b->scale, lse_images + first);
        mci_contrast_lse(b->texts + first * D, m, b->images, N, D, b->scale, lse_texts + first);
    }
    for (size_t r = 0; r < ranks; r++) {
        size_t first = bounds[r], m = bounds[r + 1] - first;
        a.loss += mci_contrast_loss(b->images + first * D, m, first, b->texts, D, b->scale,
                                    lse_images + first, lse_texts + first);
        a.dscale += mci_contrast_backward(b->images + first * D, m, first, b->texts, N, D, b->scale,
                                          lse_images + first, lse_texts, a.dimages + first * D);
        mci_contrast_backward(b->texts + first * D, m, first, b->images, N, D, b->scale,
                              lse_texts + first, lse_images, a.dtexts + first * D);
    }
    a.loss /= N;
    return a;
}

static void the_loss_is_that_of_the_whole_matrix(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        batch b = random_batch(seed);
        assert_true(fabs(run(&b, 1).loss - plain_loss(&b)) < 1e-12);
    }
}

static void gradients_are_what_finite_differences_say(void **state)
{
    (void)state;
    batch b = random_batch(5);
    const answer a = run(&b, 1);
    for (size_t i = 0; i < 2 * N * D; i++) {
        float *at = i < N * D ? &b.images[i] : &b.texts[i - N * D];
        const float was = *at, got = i < N * D ? a.dimages[i] : a.dtexts[i - N * D];
        *at = was + 1e-3f;
        const double up = plain_loss(&b), moved = (double)*at;
        *at = was - 1e-3f;
        const double down = plain_loss(&b), step = moved - (double)*at;
        *at = was;
        assert_true(fabs((up - down) / step - (double)got) < 1e-5);
    }
    b.scale *= exp(1e-4);
    const double up = plain_loss(&b);
    b.scale *= exp(-2e-4);
    assert_true(fabs((up - plain_loss(&b)) / 2e-4 - a.dscale) < 1e-6);
}

static void shares_of_several_processes_make_the_whole(void **state)
{
    (void)state;
    batch b = random_batch(8);
    const answer whole = run(&b, 1);
    for (size_t ranks = 2; ranks <= N; ranks++) {
        const answer parts = run(&b, ranks);
        assert_true(fabs(parts.loss - whole.loss) < 1e-14);
        assert_true(fabs(parts.dscale - whole.dscale) < 1e-14);
        assert_memory_equal(parts.dimages, whole.dimages, sizeof whole.dimages);
        assert_memory_equal(parts.dtexts, whole.dtexts, sizeof whole.dtexts);
    }
}

static void the_gradient_through_normalising_has_no_part_along_the_row(void **state)
{
    (void)state;
    test_random random = { 4 };
    float raw[D], row[D], weights[D], gradient[D];
    double length;
    for (size_t d = 0; d < D; d++) {
        raw[d] = (float)test_below(&random, 2001) / 500.0f - 2.0f;
        weights[d] = (float)test_below(&random, 2001) / 1000.0f - 1.0f;
    }
    memcpy(row, raw, sizeof row);
    mci_normalize_rows(row, 1, D, &length);
    memcpy(gradient, weights, sizeof gradient);
    mci_normalize_backward(row, 1, D, &length, gradient);
    for (size_t d = 0; d < D; d++) {
        double sums[2];
        for (int side = 0; side < 2; side++) {
            float moved[D];
            double unused;
            memcpy(moved, raw, sizeof moved);
            moved[d] += side ? 1e-2f : -1e-2f;
            mci_normalize_rows(moved, 1, D, &unused);
            sums[side] = 0.0;
            for (size_t e = 0; e < D; e++)
                sums[side] += (double)moved[e] * (double)weights[e];
        }
        assert_true(fabs((sums[1] - sums[0]) / 2e-2 - (double)gradient[d]) < 1e-4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loss_is_that_of_the_whole_matrix),
        cmocka_unit_test(gradients_are_what_finite_differences_say),
        cmocka_unit_test(shares_of_several_processes_make_the_whole),
        cmocka_unit_test(the_gradient_through_normalising_has_no_part_along_the_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
