/* Ranks of images and captions against sorting all of them. */
#include "eval/caption_ranks.h"

#include "test.h"

enum { MOST_IMAGES = 300, MOST_TEXTS = 700, MOST_D = 40, MOST_STRIDE = 48 };

typedef struct {
    float images[MOST_IMAGES * MOST_D], texts[MOST_TEXTS * MOST_STRIDE];
    uint32_t image_of[MOST_TEXTS];
    size_t of_images[MOST_TEXTS], of_texts[MOST_IMAGES];
    mci_captioned set;
} case_of;

/* Small whole numbers: products are exact and often equal. */
static void make_case(test_random *random, case_of *c, size_t n, size_t extra)
{
    mci_captioned *s = &c->set;
    *s = (mci_captioned){ c->images, c->texts, c->image_of, n, n + extra, 0, 0 };
    s->D = 1 + test_below(random, MOST_D);
    s->stride = (s->D + 15) / 16 * 16;
    memset(c->texts, 0, sizeof c->texts);
    for (size_t i = 0; i < n * s->D; i++)
        c->images[i] = (float)test_below(random, 3) - 1.0f;
    for (size_t t = 0; t < s->m; t++) {
        c->image_of[t] = (uint32_t)(t < n ? t : test_below(random, n));
        for (size_t d = 0; d < s->D; d++)
            c->texts[t * s->stride + d] = (float)test_below(random, 3) - 1.0f;
    }
}

static float score(const mci_captioned *s, size_t t, size_t i)
{
    float sum = 0;
    for (size_t d = 0; d < s->D; d++)
        sum += s->images[i * s->D + d] * s->texts[t * s->stride + d];
    return sum;
}

static size_t image_rank(const mci_captioned *s, size_t t)
{
    const size_t own = s->image_of[t];
    size_t rank = 0;
    for (size_t i = 0; i < s->n; i++)
        rank +=
            score(s, t, i) > score(s, t, own) || (score(s, t, i) == score(s, t, own) && i < own);
    return rank;
}

/* How many texts come before the first that is the image's own. */
static size_t text_rank(const mci_captioned *s, size_t i)
{
    size_t best = SIZE_MAX;
    for (size_t t = 0; t < s->m; t++) {
        size_t rank = 0;
        for (size_t k = 0; k < s->m && s->image_of[t] == i; k++)
            rank += score(s, k, i) > score(s, t, i) || (score(s, k, i) == score(s, t, i) && k < t);
        if (s->image_of[t] == i && rank < best)
            best = rank;
    }
    return best;
}

static void check_case(case_of *c, unsigned n_threads)
{
    mc_error err = { 0 };
    assert_ok(mci_caption_ranks(&c->set, n_threads, c->of_images, c->of_texts, &err), err);
    for (size_t t = 0; t < c->set.m; t++)
        assert_int_equal(c->of_images[t], image_rank(&c->set, t));
    for (size_t i = 0; i < c->set.n; i++)
        assert_int_equal(c->of_texts[i], text_rank(&c->set, i));
}

static void ranks_are_those_of_sorting(void **state)
{
    test_random random = { 3 };
    case_of *c = malloc(sizeof *c);
    (void)state;
    for (size_t round = 0; round < 40; round++) {
        const size_t n = 1 + test_below(&random, 60);
        make_case(&random, c, n, test_below(&random, 90));
        check_case(c, 1 + (unsigned)test_below(&random, 3));
    }
    make_case(&random, c, MOST_IMAGES, MOST_TEXTS - MOST_IMAGES); /* several tiles and tasks */
    check_case(c, 3);
    free(c);
}

static void with_one_caption_it_is_plain_retrieval(void **state)
{
    test_random random = { 5 };
    case_of *c = malloc(sizeof *c);
    mc_error err = { 0 };
    mci_retrieval want, got;
    (void)state;
    make_case(&random, c, 150, 0);
    float *queries = malloc(150 * MOST_D * sizeof *queries);
    for (size_t t = 0; t < 150; t++)
        memcpy(queries + t * c->set.D, c->texts + t * c->set.stride, c->set.D * sizeof(float));
    assert_ok(mci_metrics_retrieval(queries, c->images, 150, c->set.D, &want, &err), err);
    assert_ok(mci_caption_ranks(&c->set, 2, c->of_images, c->of_texts, &err), err);
    got = mci_metrics_of_ranks(c->of_images, 150);
    assert_true(got.mean_rank == want.mean_rank && got.median_rank == want.median_rank);
    assert_true(got.r_at_1 == want.r_at_1 && got.r_at_5 == want.r_at_5 &&
                got.r_at_10 == want.r_at_10);
    free(queries);
    free(c);
}

static void what_is_no_number_is_last(void **state)
{
    case_of *c = malloc(sizeof *c);
    test_random random = { 9 };
    mc_error err = { 0 };
    (void)state;
    make_case(&random, c, 5, 0);
    memset(&c->texts[0], 0xFF, sizeof(float)); /* NaN */
    assert_ok(mci_caption_ranks(&c->set, 1, c->of_images, c->of_texts, &err), err);
    assert_int_equal(c->of_images[0], 4);
    assert_int_equal(c->of_texts[0], 4);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_are_those_of_sorting),
        cmocka_unit_test(with_one_caption_it_is_plain_retrieval),
        cmocka_unit_test(what_is_no_number_is_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
