#include "image/preprocess.h"

#include "io/npy_array.h"
#include "test.h"

static mc_image_scratch *new_scratch(void)
{
    mc_image_scratch *scratch = NULL;
    mc_error err = { 0 };
    assert_ok(mc_image_scratch_new(&scratch, &err), err);
    return scratch;
}

static char *read_image(const char *name, size_t *n)
{
    char path[128];
    snprintf(path, sizeof path, "images/%s", name);
    char *file = test_read_file(test_path("METACLIP_TEST_DATA", path), n);
    assert_non_null(file);
    return file;
}

/* Not further than `far` anywhere; and where it may be far, near on the whole. */
static void assert_near(const uint8_t *got, const uint8_t *want, size_t n, int far,
                        const char *name)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        int distance = abs(got[i] - want[i]);
        sum += (uint64_t)distance;
        if (distance > far)
            fail_msg("%s: byte %zu is %d, want %d", name, i, got[i], want[i]);
    }
    if ((double)sum > 0.7 * (double)n)
        fail_msg("%s: %f levels away on the whole", name, (double)sum / (double)n);
}

/* ---- against Pillow ---- */

static void fixtures_are_what_pillow_makes_of_them(void **state)
{
    (void)state;
    enum { N = 16 * 16 * 3 };
    size_t n, n_expected;
    char *table = test_read_file(test_path("METACLIP_TEST_DATA", "images/images.tsv"), &n);
    uint8_t *expected = (uint8_t *)test_read_file(
        test_path("METACLIP_TEST_DATA", "images/expected.bin"), &n_expected);
    assert_true(table && expected);
    mc_image_scratch *scratch = new_scratch();
    size_t at = 0;
    for (char *line = strtok(table, "\n"); line; line = strtok(NULL, "\n")) {
        char name[64];
        int far;
        assert_int_equal(sscanf(line, "%63s %*s %*u %*u %d", name, &far), 2);
        char *file = read_image(name, &n);
        for (int last = 0; last < 2; last++, at += N) {
            mc_image_options options = mc_image_options_clip(16);
            uint8_t got[N];
            mc_error err = { 0 };
            options.rgb_last = last;
            assert_ok(mc_image_prepare_u8(scratch, &options, (mc_str){ file, n }, got, &err), err);
            assert_true(at + N <= n_expected);
            assert_near(got, expected + at, N, far, name);
        }
        free(file);
    }
    assert_int_equal(at, n_expected);
    mc_image_scratch_free(scratch);
    free(table);
    free(expected);
}

static void turned_images_become_the_same(void **state)
{
    (void)state;
    mc_image_scratch *scratch = new_scratch();
    mc_image_options options = mc_image_options_clip(16);
    uint8_t *first = NULL, *bytes;
    unsigned w, h;
    options.exif = true;
    for (int orientation = 1; orientation <= 8; orientation++) {
        char name[32];
        size_t n;
        mc_error err = { 0 };
        snprintf(name, sizeof name, "turned%d.png", orientation);
        char *file = read_image(name, &n);
        assert_ok(mc_image_decode(scratch, &options, (mc_str){ file, n }, &bytes, &w, &h, &err),
                  err);
        assert_int_equal(w, 24);
        assert_int_equal(h, 17);
        if (first) {
            assert_memory_equal(bytes, first, (size_t)24 * 17 * 3);
            mc_free(bytes);
        } else {
            first = bytes;
        }
        free(file);
    }
    mc_free(first);
    mc_image_scratch_free(scratch);
}

/* ---- what options mean ---- */

static void floats_are_bytes_rescaled_and_normalised(void **state)
{
    (void)state;
    enum { PLANE = 32 * 32 };
    size_t n;
    char *file = read_image("rgb.png", &n);
    mc_image_scratch *scratch = new_scratch();
    for (int round = 0; round < 2; round++) {
        mc_image_options o = mc_image_options_clip(32);
        float floats[3 * PLANE];
        uint8_t bytes[3 * PLANE];
        mc_error err = { 0 };
        o.rescale = round ? 0.00392156862745098 : 0;
        o.std[1] = round ? 0.5f : o.std[1];
        assert_ok(mc_image_prepare(scratch, &o, (mc_str){ file, n }, floats, &err), err);
        assert_ok(mc_image_prepare_u8(scratch, &o, (mc_str){ file, n }, bytes, &err), err);
        for (size_t i = 0; i < PLANE; i++)
            for (size_t c = 0; c < 3; c++) {
                float value = (float)bytes[3 * i + c] / 255.0f;
                if (round)
                    value = (float)(bytes[3 * i + c] * o.rescale);
                assert_true(floats[c * PLANE + i] == (value - o.mean[c]) / o.std[c]);
            }
    }
    mc_image_scratch_free(scratch);
    free(file);
}

static void images_smaller_than_the_crop_are_framed_in_black(void **state)
{
    (void)state;
    size_t n;
    char *file = read_image("rgb.png", &n); /* 29 x 20 */
    mc_image_scratch *scratch = new_scratch();
    mc_image_options o = mc_image_options_clip(0);
    uint8_t out[24 * 41 * 3], *whole;
    unsigned w, h;
    mc_error err = { 0 };
    o.shortest = 20;
    o.crop_width = 41;
    o.crop_height = 24;
    assert_ok(mc_image_prepare_u8(scratch, &o, (mc_str){ file, n }, out, &err), err);
    assert_ok(mc_image_decode(scratch, &o, (mc_str){ file, n }, &whole, &w, &h, &err), err);
    for (size_t y = 0; y < 24; y++)
        for (size_t x = 0; x < 41; x++) {
            static const uint8_t black[3];
            bool is_in = y >= 2 && y < 22 && x >= 6 && x < 35;
            const uint8_t *want = is_in ? whole + ((y - 2) * 29 + x - 6) * 3 : black;
            assert_memory_equal(out + (y * 41 + x) * 3, want, 3);
        }
    mc_free(whole);
    mc_image_scratch_free(scratch);
    free(file);
}

enum { S = 12 };

static void put_row(void *user, uint32_t y, const uint8_t *row)
{
    for (size_t i = 0; i < (size_t)S; i++)
        memcpy((uint8_t *)user + (y * S + i) * 3, row + 4 * i, 3);
}

/* The box cut out of RGB pixels, then resized as a whole. */
static uint8_t *resize_cut(const uint8_t *rgb, unsigned width, const mci_image_box *box)
{
    mci_resize_plan plan = { MC_RESAMPLE_BICUBIC, box->width, box->height, S, S, 0, 0, S, S };
    mci_resizer *resizer = NULL;
    mci_resize_need need;
    mc_error err = { 0 };
    uint8_t *out = malloc((size_t)S * S * 3),
            *cut = calloc((size_t)box->width * box->height + 16, 4);
    for (size_t y = 0; y < box->height; y++)
        for (size_t x = 0; x < box->width; x++)
            memcpy(cut + (y * box->width + x) * 4, rgb + ((box->y + y) * width + box->x + x) * 3,
                   3);
    assert_ok(mci_resizer_new(&mci_resize_plain, &resizer, &err), err);
    assert_ok(mci_resizer_begin(resizer, &plan, &need, &err), err);
    for (uint32_t y = 0; y < need.height; y += 4) {
        const uint8_t *rows[4];
        uint32_t n = need.height - y < 4 ? need.height - y : 4;
        for (uint32_t i = 0; i < n; i++)
            rows[i] = cut + (size_t)(need.y + y + i) * box->width * 4;
        mci_resizer_rows(resizer, rows, n, put_row, out);
    }
    mci_resizer_free(resizer);
    free(cut);
    return out;
}

/* A box is as if the image had been cut to it before. */
static void a_box_does_not_see_what_is_around_it(void **state)
{
    (void)state;
    size_t n;
    const char *const names[] = { "rgb.png", "interlaced.png", "rgb.jpg", "lossless.webp" };
    mc_image_scratch *scratch = new_scratch();
    test_random random = { 3 };
    for (int round = 0; round < 100; round++) {
        char *file = read_image(names[round % 4], &n);
        mc_image_options o = mc_image_options_clip(0);
        uint8_t got[S * S * 3], *whole;
        uint32_t width, height;
        unsigned w, h;
        mc_error err = { 0 };
        o.shortest = o.crop_width = o.crop_height = S;
        assert_ok(mc_image_decode(scratch, &o, (mc_str){ file, n }, &whole, &w, &h, &err), err);
        mci_image_box box = { (uint32_t)test_below(&random, w), (uint32_t)test_below(&random, h), 0,
                              0 };
        box.width = 1 + (uint32_t)test_below(&random, w - box.x);
        box.height = 1 + (uint32_t)test_below(&random, h - box.y);
        mci_prepared to = { .bytes = got };
        assert_ok(mci_prepare_begin(scratch, &o, (mc_str){ file, n }, &width, &height, &err), err);
        assert_true(width == w && height == h);
        assert_ok(mci_prepare_box(scratch, &o, &box, &to, &err), err);

        uint8_t *want = resize_cut(whole, w, &box);
        assert_memory_equal(got, want, sizeof got);
        free(want);

        box.width = w;
        assert_int_equal(mci_prepare_begin(scratch, &o, (mc_str){ file, n }, &width, &height, &err),
                         MC_OK);
        if (box.x > 0) {
            assert_int_equal(mci_prepare_box(scratch, &o, &box, &to, &err), MC_E_ARG);
            assert_says(err.text, "the box is not in the image");
        }
        mc_free(whole);
        free(file);
    }
    mc_image_scratch_free(scratch);
}

static const struct {
    const char *name;
    unsigned shortest, width, height, crop_width, crop_height;
    float std;
    unsigned resample;
    const char *says;
} contradictions[] = {
    { "no size", 0, 0, 0, 0, 0, 1, 3, "either to a shortest side or" },
    { "two sizes", 224, 224, 224, 224, 224, 1, 3, "either to a shortest side or" },
    { "half a size", 0, 224, 0, 0, 0, 1, 3, "1 to 16384" },
    { "no crop", 224, 0, 0, 0, 0, 1, 3, "needs a crop" },
    { "half a crop", 224, 0, 0, 10, 0, 1, 3, "1 to 16384" },
    { "huge", 20000, 0, 0, 20000, 20000, 1, 3, "1 to 16384" },
    { "no deviation", 224, 0, 0, 224, 224, 0, 3, "above 0" },
    { "no filter", 224, 0, 0, 224, 224, 1, 6, "no resampling filter 6" },
};

static void contradicting_options_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(contradictions); i++) {
        mc_image_options o = mc_image_options_clip(0);
        unsigned w = 7, h = 7;
        mc_error err = { 0 };
        print_message("  case: %s\n", contradictions[i].name);
        o.shortest = contradictions[i].shortest;
        o.width = contradictions[i].width;
        o.height = contradictions[i].height;
        o.crop_width = contradictions[i].crop_width;
        o.crop_height = contradictions[i].crop_height;
        o.std[2] = contradictions[i].std;
        o.resample = (mc_resample)contradictions[i].resample;
        assert_int_equal(mc_image_out_size(&o, &w, &h, &err), MC_E_ARG);
        assert_says(err.text, contradictions[i].says);
        assert_true(w == 7 && h == 7);
    }
}

static void crops_begin_at_the_middle_with_halves_to_even(void **state)
{
    (void)state;
    static const uint32_t cases[][3] = {
        { 224, 224, 0 }, { 225, 224, 0 }, { 226, 224, 1 },  { 227, 224, 2 },  { 228, 224, 2 },
        { 229, 224, 2 }, { 231, 224, 4 }, { 298, 224, 37 }, { 299, 224, 38 }, { 100, 224, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(mci_crop_at(cases[i][0], cases[i][1]), cases[i][2]);
}

static void limits_reach_the_decoder(void **state)
{
    (void)state;
    size_t n;
    char *file = read_image("turned6.png", &n);
    mc_image_scratch *scratch = new_scratch();
    mc_image_options o = mc_image_options_clip(16);
    uint8_t out[16 * 16 * 3];
    mc_error err = { 0 };
    o.max_pixels = 100;
    assert_int_equal(mc_image_prepare_u8(scratch, &o, (mc_str){ file, n }, out, &err), MC_E_LIMIT);
    assert_says(err.text, "PNG: 17 x 24 pixels, more than the limit of 100");
    o.max_pixels = 0;
    o.max_bytes = 100;
    assert_int_equal(mc_image_prepare_u8(scratch, &o, (mc_str){ file, n }, out, &err), MC_E_LIMIT);
    o.max_bytes = 0;
    assert_ok(mc_image_prepare_u8(scratch, &o, (mc_str){ file, n }, out, &err), err);
    mc_image_scratch_free(scratch);
    mc_image_scratch_free(NULL);
    free(file);
}

static void shrinking_gives_nearly_the_same(void **state)
{
    (void)state;
    size_t n;
    char *file = read_image("rgb.jpg", &n); /* 50 x 38 */
    mc_image_scratch *scratch = new_scratch();
    mc_image_options o = mc_image_options_clip(8);
    uint8_t plain[8 * 8 * 3], shrunk[8 * 8 * 3];
    mc_error err = { 0 };
    assert_ok(mc_image_prepare_u8(scratch, &o, (mc_str){ file, n }, plain, &err), err);
    o.shrink = true;
    assert_ok(mc_image_prepare_u8(scratch, &o, (mc_str){ file, n }, shrunk, &err), err);
    assert_true(memcmp(plain, shrunk, sizeof plain) != 0);
    for (size_t i = 0; i < sizeof plain; i++)
        assert_true(abs(plain[i] - shrunk[i]) < 24);
    mc_image_scratch_free(scratch);
    free(file);
}

/* ---- the reference implementation's images, where they are ---- */

static const struct {
    const char *file, *name;
    bool is_lossy, differs; /* differs: rgbfirst is another array */
} oracle[] = {
    { "jpg_baseline.jpg", "jpg_baseline", true, false },
    { "jpg_cmyk.jpg", "jpg_cmyk", true, true },
    { "jpg_exif_orientation6.jpg", "jpg_exif_orientation6", true, false },
    { "jpg_gray.jpg", "jpg_gray", true, false },
    { "jpg_progressive.jpg", "jpg_progressive", true, false },
    { "png_1bit.png", "png_1bit", false, true },
    { "png_gray16.png", "png_gray16", false, true },
    { "png_la.png", "png_la", false, true },
    { "png_palette_trans.png", "png_palette_trans", false, true },
    { "png_rgb.png", "png_rgb", false, false },
    { "png_rgba.png", "png_rgba", false, true },
    { "smaller.png", "smaller", false, false },
    { "very_tall.png", "very_tall", false, false },
    { "very_wide.jpg", "very_wide", true, false },
    { "webp_lossless.webp", "webp_lossless", false, false },
    { "webp_lossy.webp", "webp_lossy", true, false },
};

static bool load_oracle(const char *name, unsigned size, const char *kind, mci_array *out)
{
    char path[256];
    mc_error err = { 0 };
    snprintf(path, sizeof path, "oracle/preprocess/%s_%u%s.npy", name, size, kind);
    const char *full = test_path("METACLIP_SHARED", path);
    return full && mci_array_map(full, out, &err) == MC_OK;
}

static void check_oracle(mc_image_scratch *scratch, size_t i, unsigned size)
{
    char path[256];
    mci_array array;
    size_t n, plane = (size_t)size * size;
    snprintf(path, sizeof path, "oracle/preprocess/images/%s", oracle[i].file);
    char *file = test_read_file(test_path("METACLIP_SHARED", path), &n);
    assert_non_null(file);
    uint8_t *got = malloc(3 * plane);
    for (int last = 0; last < 2; last++) {
        mc_image_options o = mc_image_options_clip(size);
        mc_error err = { 0 };
        const char *kind = !last && oracle[i].differs ? "_rgbfirst_u8" : "_u8";
        if (!load_oracle(oracle[i].name, size, kind, &array))
            continue;
        o.rgb_last = last;
        assert_ok(mc_image_prepare_u8(scratch, &o, (mc_str){ file, n }, got, &err), err);
        assert_int_equal(array.n_values, 3 * plane);
        assert_near(got, array.data, 3 * plane, oracle[i].is_lossy ? 8 : 0, oracle[i].name);
        mci_array_unmap(&array);
    }
    if (!oracle[i].is_lossy && load_oracle(oracle[i].name, size, "", &array)) {
        float *floats = malloc(3 * plane * sizeof *floats);
        mc_image_options o = mc_image_options_clip(size);
        mc_error err = { 0 };
        assert_ok(mc_image_prepare(scratch, &o, (mc_str){ file, n }, floats, &err), err);
        for (size_t k = 0; k < 3 * plane; k++) {
            float d = floats[k] - ((const float *)array.data)[k];
            assert_true(d < 1e-6f && d > -1e-6f);
        }
        mci_array_unmap(&array);
        free(floats);
    }
    free(got);
    free(file);
}

static void oracle_images_are_the_references(void **state)
{
    (void)state;
    mci_array array;
    if (!load_oracle("png_rgb", 64, "_u8", &array))
        skip();
    mci_array_unmap(&array);
    mc_image_scratch *scratch = new_scratch();
    for (size_t i = 0; i < COUNT_OF(oracle); i++) {
        check_oracle(scratch, i, 64);
        check_oracle(scratch, i, 224);
    }
    mc_image_scratch_free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixtures_are_what_pillow_makes_of_them),
        cmocka_unit_test(turned_images_become_the_same),
        cmocka_unit_test(floats_are_bytes_rescaled_and_normalised),
        cmocka_unit_test(images_smaller_than_the_crop_are_framed_in_black),
        cmocka_unit_test(a_box_does_not_see_what_is_around_it),
        cmocka_unit_test(contradicting_options_are_named),
        cmocka_unit_test(crops_begin_at_the_middle_with_halves_to_even),
        cmocka_unit_test(limits_reach_the_decoder),
        cmocka_unit_test(shrinking_gives_nearly_the_same),
        cmocka_unit_test(oracle_images_are_the_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
