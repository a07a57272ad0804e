/* What is written is read again, pixel by pixel. */
#include "io/png_write.h"
#include "metaclip/image.h"

#include "test.h"

static const struct {
    uint32_t width, height;
    unsigned channels;
} sizes[] = {
    { 1, 1, 1 },     { 1, 1, 3 },     { 28, 28, 1 },   { 32, 32, 3 },
    { 96, 96, 3 },   { 3, 500, 3 },   { 16384, 1, 3 }, { 1, 16384, 1 },
    { 255, 257, 1 }, { 256, 255, 1 }, { 300, 300, 3 }, /* several blocks */
};

static void pixels_come_back(void **state)
{
    test_random random = { 7 };
    mc_image_scratch *scratch = NULL;
    mci_buf file = { 0 };
    mc_error err = { 0 };
    (void)state;
    assert_ok(mc_image_scratch_new(&scratch, &err), err);
    for (size_t k = 0; k < COUNT_OF(sizes); k++) {
        const size_t n = (size_t)sizes[k].width * sizes[k].height;
        const unsigned channels = sizes[k].channels;
        uint8_t *pixels = malloc(n * channels), *got = NULL;
        unsigned width, height;
        mc_image_options options = { 0 };
        for (size_t i = 0; i < n * channels; i++)
            pixels[i] = (uint8_t)test_next(&random);
        assert_ok(mci_png_write(pixels, sizes[k].width, sizes[k].height, channels, &file, &err),
                  err);
        assert_ok(
            mc_image_decode(scratch, &options, mci_buf_str(&file), &got, &width, &height, &err),
            err);
        assert_int_equal(width, sizes[k].width);
        assert_int_equal(height, sizes[k].height);
        for (size_t i = 0; i < 3 * n; i++)
            assert_int_equal(got[i], pixels[channels == 3 ? i : i / 3]);
        mc_free(got);
        free(pixels);
    }
    mci_buf_release(&file);
    mc_image_scratch_free(scratch);
}

static void other_shapes_are_refused(void **state)
{
    const uint8_t pixel[4] = { 0 };
    mci_buf file = { 0 };
    mc_error err = { 0 };
    (void)state;
    assert_int_equal(mci_png_write(pixel, 0, 1, 1, &file, &err), MC_E_ARG);
    assert_int_equal(mci_png_write(pixel, 1, 0, 1, &file, &err), MC_E_ARG);
    assert_int_equal(mci_png_write(pixel, 16385, 1, 1, &file, &err), MC_E_ARG);
    assert_int_equal(mci_png_write(pixel, 1, 1, 4, &file, &err), MC_E_ARG);
    assert_says(err.text, "1 x 1 pixels of 4 channels");
    mci_buf_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_come_back),
        cmocka_unit_test(other_shapes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
