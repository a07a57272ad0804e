#include "image/resize.h"

#include "image/taps.h"
#include "test.h"

typedef struct {
    uint8_t *bytes;
    uint32_t width;
} picture;

static void put_row(void *user, uint32_t y, const uint8_t *row)
{
    picture *to = user;
    memcpy(to->bytes + (size_t)y * to->width * 4, row, (size_t)to->width * 4);
}

static uint8_t *random_pixels(test_random *random, uint32_t w, uint32_t h)
{
    size_t n = (size_t)w * h * 4;
    uint8_t *pixels = malloc(n + 64);          /* rows may be read beyond their end */
    bool is_flat = test_below(random, 4) == 0; /* extremes make the sums largest */
    for (size_t i = 0; i < n + 64; i++)
        pixels[i] = is_flat ? (test_below(random, 2) ? 255 : 0) : (uint8_t)test_next(random);
    return pixels;
}

static mci_resize_plan random_plan(test_random *random)
{
    mci_resize_plan p = { .filter = MC_RESAMPLE_BICUBIC };
    uint32_t most = test_below(random, 8) == 0 ? 900 : 90;
    p.in_width = 1 + (uint32_t)test_below(random, most);
    p.in_height = 1 + (uint32_t)test_below(random, most);
    p.out_width = 1 + (uint32_t)test_below(random, 120);
    p.out_height = 1 + (uint32_t)test_below(random, 120);
    p.filter = (mc_resample)test_below(random, 6);
    p.x = (uint32_t)test_below(random, p.out_width);
    p.y = (uint32_t)test_below(random, p.out_height);
    p.width = 1 + (uint32_t)test_below(random, p.out_width - p.x);
    p.height = 1 + (uint32_t)test_below(random, p.out_height - p.y);
    return p;
}

/* Feeds the rows that are needed, in pieces. */
static uint8_t *resize(mci_resizer *resizer, const mci_resize_plan *plan, const uint8_t *pixels,
                       test_random *random)
{
    mci_resize_need need;
    mc_error err = { 0 };
    picture to = { malloc((size_t)plan->width * plan->height * 4), plan->width };
    memset(to.bytes, 0xAA, (size_t)plan->width * plan->height * 4);
    assert_ok(mci_resizer_begin(resizer, plan, &need, &err), err);
    assert_true(need.x + need.width <= plan->in_width && need.y + need.height <= plan->in_height);
    for (uint32_t y = 0; y < need.height;) {
        const uint8_t *rows[8];
        uint32_t n = test_below(random, 2) ? 4 : 8;
        n = n < need.height - y ? n : need.height - y;
        for (uint32_t i = 0; i < n; i++)
            rows[i] = pixels + (size_t)(need.y + y + i) * plan->in_width * 4;
        mci_resizer_rows(resizer, rows, n, put_row, &to);
        y += n;
    }
    return to.bytes;
}

/* Pillow's rule in its shortest form: both passes over the whole image. */
static uint8_t *resize_plainly(const mci_resize_plan *plan, const uint8_t *pixels)
{
    const mci_resize_plan *p = plan;
    mci_taps across = { 0 }, down = { 0 };
    mc_error err = { 0 };
    uint8_t *out = malloc((size_t)p->width * p->height * 4);
    uint8_t *middle = malloc((size_t)p->out_width * p->in_height * 4);
    assert_ok(mci_taps_make(&across, p->filter, p->in_width, p->out_width, 0, p->out_width, &err),
              err);
    assert_ok(mci_taps_make(&down, p->filter, p->in_height, p->out_height, 0, p->out_height, &err),
              err);
    for (size_t y = 0; y < p->in_height; y++)
        for (size_t x = 0; x < p->out_width; x++)
            for (size_t c = 0; c < 4; c++) {
                int64_t sum = 1 << 21;
                for (size_t k = 0; k < across.count[x]; k++)
                    sum += (int64_t)across.fixed[x * across.most + k] *
                           pixels[(y * p->in_width + across.first[x] + k) * 4 + c];
                sum >>= 22;
                middle[(y * p->out_width + x) * 4 + c] = (uint8_t)(sum < 0     ? 0
                                                                   : sum > 255 ? 255
                                                                               : sum);
            }
    for (size_t y = 0; y < p->height; y++)
        for (size_t x = 0; x < p->width; x++)
            for (size_t c = 0; c < 4; c++) {
                int64_t sum = 1 << 21;
                size_t row = y + p->y;
                for (size_t k = 0; k < down.count[row]; k++)
                    sum += (int64_t)down.fixed[row * down.most + k] *
                           middle[((down.first[row] + k) * p->out_width + x + p->x) * 4 + c];
                sum >>= 22;
                out[(y * p->width + x) * 4 + c] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
            }
    mci_taps_release(&across);
    mci_taps_release(&down);
    free(middle);
    return out;
}

static void all_kernels_give_the_plain_result(void **state)
{
    (void)state;
    const mci_resize_kernels *const *kernels = mci_resize_kernels_all();
    for (; *kernels; kernels++) {
        test_random random = { 7 };
        mci_resizer *resizer = NULL;
        mc_error err = { 0 };
        print_message("  kernels: %s\n", (*kernels)->name);
        assert_ok(mci_resizer_new(*kernels, &resizer, &err), err);
        for (int round = 0; round < 250; round++) {
            mci_resize_plan plan = random_plan(&random);
            if (plan.filter == MC_RESAMPLE_NEAREST)
                continue;
            uint8_t *pixels = random_pixels(&random, plan.in_width, plan.in_height);
            uint8_t *got = resize(resizer, &plan, pixels, &random);
            uint8_t *want = resize_plainly(&plan, pixels);
            if (memcmp(got, want, (size_t)plan.width * plan.height * 4) != 0)
                fail_msg("round %d: filter %d, %u x %u to %u x %u", round, plan.filter,
                         plan.in_width, plan.in_height, plan.out_width, plan.out_height);
            free(got);
            free(want);
            free(pixels);
        }
        mci_resizer_free(resizer);
    }
    mci_resizer_free(NULL);
}

static void nearest_takes_the_pixel_at_the_centre(void **state)
{
    (void)state;
    test_random random = { 9 };
    mci_resizer *resizer = NULL;
    mc_error err = { 0 };
    assert_ok(mci_resizer_new(NULL, &resizer, &err), err);
    for (int round = 0; round < 200; round++) {
        mci_resize_plan p = random_plan(&random);
        p.filter = MC_RESAMPLE_NEAREST;
        uint8_t *pixels = random_pixels(&random, p.in_width, p.in_height);
        uint8_t *got = resize(resizer, &p, pixels, &random);
        for (uint32_t y = 0; y < p.height; y++)
            for (uint32_t x = 0; x < p.width; x++) {
                double at_x = (p.x + x + 0.5) * p.in_width / p.out_width;
                double at_y = (p.y + y + 0.5) * p.in_height / p.out_height;
                /* on an edge between two, rounding may give either */
                if (at_x - (uint32_t)at_x < 1e-6 || at_y - (uint32_t)at_y < 1e-6 ||
                    at_x - (uint32_t)at_x > 1 - 1e-6 || at_y - (uint32_t)at_y > 1 - 1e-6)
                    continue;
                size_t from = (size_t)(uint32_t)at_y * p.in_width + (uint32_t)at_x;
                assert_memory_equal(got + ((size_t)y * p.width + x) * 4, pixels + 4 * from, 4);
            }
        free(got);
        free(pixels);
    }
    mci_resizer_free(resizer);
}

static void a_side_that_keeps_its_length_is_left_alone(void **state)
{
    (void)state;
    mci_taps taps = { 0 };
    mc_error err = { 0 };
    assert_ok(mci_taps_make(&taps, MC_RESAMPLE_LANCZOS, 50, 50, 10, 20, &err), err);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(taps.first[i], 10 + i);
        assert_int_equal(taps.count[i], 1);
        assert_int_equal(taps.fixed[i * taps.most], 1 << 22);
    }
    mci_taps_release(&taps);
}

static void taps_sum_to_one(void **state)
{
    (void)state;
    mci_taps taps = { 0 };
    mc_error err = { 0 };
    for (int filter = MC_RESAMPLE_LANCZOS; filter <= MC_RESAMPLE_HAMMING; filter++)
        for (uint32_t in = 1; in < 3000; in += 1 + in / 5)
            for (uint32_t out = 1; out < 400; out += 1 + out / 3) {
                assert_ok(mci_taps_make(&taps, (mc_resample)filter, in, out, 0, out, &err), err);
                assert_true(taps.fits);
                for (uint32_t i = 0; i < out; i++) {
                    double sum = 0;
                    assert_true(taps.count[i] > 0 && taps.first[i] + taps.count[i] <= in);
                    for (uint32_t k = 0; k < taps.count[i]; k++)
                        sum += taps.real[(size_t)i * taps.most + k];
                    assert_true(sum > 1 - 1e-12 && sum < 1 + 1e-12);
                }
            }
    mci_taps_release(&taps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kernels_give_the_plain_result),
        cmocka_unit_test(nearest_takes_the_pixel_at_the_centre),
        cmocka_unit_test(a_side_that_keeps_its_length_is_left_alone),
        cmocka_unit_test(taps_sum_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
