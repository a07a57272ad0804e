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

/* A batch of several blocks, of no round number. */
enum { MANY = 333, WIDE = 77 };

typedef struct {
    float sides[2][MANY * WIDE], dsides[2][MANY * WIDE];
    double lses[2][MANY], dscale;
} large_batch;

static large_batch *new_large_batch(void)
{
    test_random random = { 3 };
    double lengths[MANY];
    large_batch *b = calloc(1, sizeof *b);
    for (size_t i = 0; i < MANY * WIDE; i++) {
        b->sides[0][i] = (float)test_below(&random, 2001) / 1000.0f - 1.0f;
        b->sides[1][i] = 0.3f * b->sides[0][i] + (float)test_below(&random, 2001) / 1000.0f - 1.0f;
    }
    for (int side = 0; side < 2; side++)
        mci_normalize_rows(b->sides[side], MANY, WIDE, lengths);
    return b;
}

/* Rows `first` to first + m - 1, or all there are. */
static void run_large(large_batch *b, mci_team *team, size_t share, double scale)
{
    for (int side = 0; side < 2; side++)
        for (size_t first = 0; first < MANY; first += share) {
            const size_t m = MANY - first < share ? MANY - first : share;
            mci_contrast_lse_on(team, b->sides[side] + first * WIDE, m, b->sides[!side], MANY, WIDE,
                                scale, b->lses[side] + first);
        }
    b->dscale = 0.0;
    for (int side = 0; side < 2; side++)
        for (size_t first = 0; first < MANY; first += share) {
            const size_t m = MANY - first < share ? MANY - first : share;
            const double part = mci_contrast_backward_on(
                team, b->sides[side] + first * WIDE, m, first, b->sides[!side], MANY, WIDE, scale,
                b->lses[side] + first, b->lses[!side], b->dsides[side] + first * WIDE);
            b->dscale += side ? 0.0 : part;
        }
}

static void neither_threads_nor_shares_change_a_bit(void **state)
{
    (void)state;
    mc_error err = { 0 };
    large_batch *alone = new_large_batch(), *b = new_large_batch();
    run_large(alone, NULL, MANY, 14.0);
    for (unsigned n_threads = 1; n_threads < 6; n_threads++) {
        mci_team *team = NULL;
        assert_ok(mci_team_new(n_threads, &team, &err), err);
        run_large(b, team, MANY, 14.0);
        assert_memory_equal(b, alone, sizeof *b);
        run_large(b, team, 50 * n_threads + 1, 14.0);
        assert_memory_equal(b->dsides, alone->dsides, sizeof b->dsides);
        assert_memory_equal(b->lses, alone->lses, sizeof b->lses);
        assert_true(fabs(b->dscale - alone->dscale) < 1e-14);
        mci_team_free(team);
    }
    free(alone);
    free(b);
}

/* As one would write it down, in f64. */
static void plain_gradient(const large_batch *b, int side, size_t i, double scale, double *da)
{
    memset(da, 0, WIDE * sizeof *da);
    for (size_t j = 0; j < MANY; j++) {
        double dot = 0.0;
        for (size_t d = 0; d < WIDE; d++)
            dot += (double)b->sides[side][i * WIDE + d] * (double)b->sides[!side][j * WIDE + d];
        const double ds = exp(scale * dot - b->lses[side][i]) +
                          exp(scale * dot - b->lses[!side][j]) - (i == j ? 2.0 : 0.0);
        for (size_t d = 0; d < WIDE; d++)
            da[d] += ds / (2.0 * MANY) * scale * (double)b->sides[!side][j * WIDE + d];
    }
}

static void blocks_give_what_plain_loops_give(void **state)
{
    (void)state;
    const double scales[] = { 1.0, 14.3, 100.0 };
    large_batch *b = new_large_batch();
    for (size_t s = 0; s < COUNT_OF(scales); s++) {
        double square = 0.0, off = 0.0;
        run_large(b, NULL, MANY, scales[s]);
        for (int side = 0; side < 2; side++)
            for (size_t i = 0; i < MANY; i++) {
                double da[WIDE];
                plain_gradient(b, side, i, scales[s], da);
                for (size_t d = 0; d < WIDE; d++) {
                    const double less = da[d] - (double)b->dsides[side][i * WIDE + d];
                    square += da[d] * da[d];
                    off += less * less;
                }
            }
        print_message("    scale %5.1f: relative %.2g\n", scales[s], sqrt(off / square));
        assert_true(sqrt(off / square) < 1e-6);
    }
    free(b);
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
        cmocka_unit_test(neither_threads_nor_shares_change_a_bit),
        cmocka_unit_test(blocks_give_what_plain_loops_give),
        cmocka_unit_test(the_gradient_through_normalising_has_no_part_along_the_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
