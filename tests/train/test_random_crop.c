/* Boxes of RandomResizedCrop: against a plain reading of torchvision's rule, and their law. */
#include "train/random_crop.h"

#include <math.h>

#include "test.h"

static const mci_crop_range usual = { 0.9, 1.0, 3.0 / 4.0, 4.0 / 3.0 };

/* torchvision's get_params, line by line, with its random numbers out of the same draws. */
static mci_image_box plain_box(mci_draws draws, const mci_crop_range *r, uint32_t width,
                               uint32_t height, bool *is_fallback)
{
    *is_fallback = false;
    for (int k = 0; k < 10; k++) {
        double u = mci_draws_unit(&draws), v = mci_draws_unit(&draws);
        double target_area =
            (double)height * width * (r->min_scale + (r->max_scale - r->min_scale) * u);
        double aspect = exp(log(r->min_ratio) + (log(r->max_ratio) - log(r->min_ratio)) * v);
        long w = lrint(sqrt(target_area * aspect)), h = lrint(sqrt(target_area / aspect));
        if (0 < w && w <= (long)width && 0 < h && h <= (long)height) {
            uint32_t i = mci_draws_below(&draws, height - (uint32_t)h + 1);
            uint32_t j = mci_draws_below(&draws, width - (uint32_t)w + 1);
            return (mci_image_box){ j, i, (uint32_t)w, (uint32_t)h };
        }
    }
    *is_fallback = true;
    double in_ratio = (double)width / height;
    uint32_t w = width, h = height;
    if (in_ratio < r->min_ratio)
        h = (uint32_t)lrint(w / r->min_ratio);
    else if (in_ratio > r->max_ratio)
        w = (uint32_t)lrint(h * r->max_ratio);
    return (mci_image_box){ (width - w) / 2, (height - h) / 2, w, h };
}

static void boxes_are_those_of_the_plain_rule(void **state)
{
    (void)state;
    test_random random = { 3 };
    static const uint32_t mosts[] = { 3, 40, 500, 16384 };
    size_t n_fallbacks = 0;
    for (int i = 0; i < 40000; i++) {
        uint32_t most = mosts[i % 4];
        uint32_t width = 1 + (uint32_t)test_below(&random, most);
        uint32_t height = 1 + (uint32_t)test_below(&random, most);
        mci_crop_range range = usual;
        if (i % 3 == 1)
            range = (mci_crop_range){ 0.08, 1.0, 0.5, 2.0 };
        if (i % 3 == 2)
            range = (mci_crop_range){ 1.0, 1.0, 1.0, 1.0 };
        bool is_fallback;
        mci_draws draws = mci_draws_of(1, MCI_DRAW_CROP, (uint64_t)i, 0, 0);
        mci_image_box got = mci_random_crop(draws, &range, width, height);
        mci_image_box want = plain_box(draws, &range, width, height, &is_fallback);
        assert_memory_equal(&got, &want, sizeof got);
        assert_true(got.width >= 1 && got.height >= 1);
        assert_true(got.x + got.width <= width && got.y + got.height <= height);
        n_fallbacks += is_fallback;
    }
    assert_in_range(n_fallbacks, 1000, 39000);
}

/* Of a square image areas are uniform in the range, and places reach from end to end. */
static void areas_and_places_are_spread_over_their_range(void **state)
{
    (void)state;
    enum { SIDE = 1000, N = 20000 };
    double sum = 0, least = 1, most = 0;
    size_t n_left = 0, n_right = 0;
    const mci_crop_range range = { 0.2, 0.4, 3.0 / 4.0, 4.0 / 3.0 };
    for (uint64_t i = 0; i < N; i++) {
        mci_image_box box =
            mci_random_crop(mci_draws_of(9, MCI_DRAW_CROP, 0, 0, i), &range, SIDE, SIDE);
        double area = (double)box.width * box.height / SIDE / SIDE;
        sum += area;
        least = fmin(least, area);
        most = fmax(most, area);
        n_left += box.x < (SIDE - box.width) / 10;
        n_right += box.x > (SIDE - box.width) * 9 / 10;
    }
    assert_true(fabs(sum / N - 0.3) < 0.002);
    assert_true(least > 0.199 && least < 0.202 && most > 0.398 && most < 0.401);
    assert_in_range(n_left, N / 10 - 200, N / 10 + 200);
    assert_in_range(n_right, N / 10 - 200, N / 10 + 200);
}

static void narrow_images_are_cropped_from_the_middle(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height;
        mci_image_box want;
    } cases[] = {
        { 300, 1200, { 0, 400, 300, 400 } },
        { 1200, 300, { 400, 0, 400, 300 } },
        { 1, 90, { 0, 44, 1, 1 } },
        { 90, 1, { 44, 0, 1, 1 } },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (uint64_t k = 0; k < 50; k++) {
            mci_image_box got = mci_random_crop(mci_draws_of(k, MCI_DRAW_CROP, 0, 0, 0), &usual,
                                                cases[i].width, cases[i].height);
            assert_memory_equal(&got, &cases[i].want, sizeof got);
        }
}

/* The numbers are part of the order of a run, so that they must never change. */
static void draws_stay_as_they_are(void **state)
{
    (void)state;
    static const uint32_t want[] = { 3, 0, 4, 2, 6, 1, 9, 8, 7, 5 };
    mci_draws draws = mci_draws_of(1, MCI_DRAW_SHARDS, 2, 3, 4);
    uint32_t order[COUNT_OF(want)];
    mci_draws_order(draws, order, COUNT_OF(want));
    assert_memory_equal(order, want, sizeof want);
    assert_true(mci_draws_next(&draws) == UINT64_C(0x849d5da631d27211));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes_are_those_of_the_plain_rule),
        cmocka_unit_test(areas_and_places_are_spread_over_their_range),
        cmocka_unit_test(narrow_images_are_cropped_from_the_middle),
        cmocka_unit_test(draws_stay_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
