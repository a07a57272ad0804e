#include "io/image.h"

#include "test.h"

static const mci_image_limits wide = { .max_pixels = 1 << 24, .max_bytes = 1 << 28 };

static mci_image_reader *new_reader(void)
{
    mci_image_reader *reader = NULL;
    mc_error err = { 0 };
    assert_ok(mci_image_reader_new(&reader, &err), err);
    return reader;
}

/* All rows to the end; adds up their bytes, so that all are looked at. */
static mc_status read_whole(mci_image_reader *reader, mc_str file, const mci_image_limits *limits,
                            mc_error *err)
{
    const mci_image_info *info;
    MC_TRY(mci_image_begin(reader, file, limits, &info, err));
    volatile uint64_t sum = 0;
    for (uint32_t y = 0; y < info->height; y += 4) {
        const uint8_t *rows[MCI_IMAGE_ROWS];
        uint32_t n = info->height - y < 4 ? info->height - y : 4;
        MC_TRY(mci_image_rows(reader, n, rows, err));
        for (uint32_t i = 0; i < n; i++)
            for (size_t k = 0; k < info->width * mci_image_pixel_bytes(info->mode); k++)
                sum += rows[i][k];
    }
    return mci_image_finish(reader, err);
}

/* Calls f for each line of images.tsv: the file, and what the line says. */
typedef void each_fn(mci_image_reader *reader, const char *name, const char *mode, unsigned width,
                     unsigned height, mc_str file);

static void for_each_image(each_fn *f)
{
    size_t n;
    char *table = test_read_file(test_path("METACLIP_TEST_DATA", "images/images.tsv"), &n);
    assert_non_null(table);
    mci_image_reader *reader = new_reader();
    for (char *line = strtok(table, "\n"); line; line = strtok(NULL, "\n")) {
        char name[64], mode[8], path[80];
        unsigned width, height;
        assert_int_equal(sscanf(line, "%63s %7s %u %u", name, mode, &width, &height), 4);
        snprintf(path, sizeof path, "images/%s", name);
        char *bytes = test_read_file(test_path("METACLIP_TEST_DATA", path), &n);
        assert_non_null(bytes);
        f(reader, name, mode, width, height, (mc_str){ bytes, n });
        free(bytes);
    }
    mci_image_reader_free(reader);
    free(table);
}

static void check_header(mci_image_reader *reader, const char *name, const char *mode,
                         unsigned width, unsigned height, mc_str file)
{
    const mci_image_info *info = NULL;
    mc_error err = { 0 };
    assert_ok(mci_image_begin(reader, file, &wide, &info, &err), err);
    if (strcmp(mci_image_mode_name(info->mode), mode) != 0)
        fail_msg("%s: mode %s, want %s", name, mci_image_mode_name(info->mode), mode);
    assert_int_equal(info->width, width);
    assert_int_equal(info->height, height);
    if (strncmp(name, "turned", 6) == 0)
        assert_int_equal(info->orientation, name[6] - '0');
    else
        assert_int_equal(info->orientation, 1);
    assert_ok(read_whole(reader, file, &wide, &err), err);
}

static void images_open_in_their_own_mode_and_size(void **state)
{
    (void)state;
    for_each_image(check_header);
}

/* What is cut is refused, or it is the end of a PNG, which does not matter (or has more rows than
 * there are). */
static void check_prefixes(mci_image_reader *reader, const char *name, const char *mode,
                           unsigned width, unsigned height, mc_str file)
{
    (void)mode, (void)width, (void)height;
    bool is_png = strstr(name, ".png") != NULL, is_long = strcmp(name, "long.png") == 0;
    for (size_t n = 0; n < file.len; n++) {
        mc_error err = { 0 };
        char *copy = malloc(n ? n : 1); /* so that a sanitizer sees a step over its end */
        memcpy(copy, file.data, n);
        mc_status status = read_whole(reader, (mc_str){ copy, n }, &wide, &err);
        free(copy);
        if (status >= 0 && !is_long && !(is_png && file.len - n <= 24))
            fail_msg("%s cut at %zu of %zu was opened", name, n, file.len);
        if (status < 0) {
            assert_int_equal(status, MC_E_FORMAT);
            assert_true(err.text[0] != '\0');
        }
    }
}

static void every_prefix_is_refused_with_a_reason(void **state)
{
    (void)state;
    for_each_image(check_prefixes);
}

static void check_flips(mci_image_reader *reader, const char *name, const char *mode,
                        unsigned width, unsigned height, mc_str file)
{
    (void)name, (void)mode, (void)width, (void)height;
    test_random random = { file.len };
    char *copy = malloc(file.len);
    for (int round = 0; round < 100; round++) {
        mc_error err = { 0 };
        memcpy(copy, file.data, file.len);
        for (int k = 0; k < 3; k++)
            copy[test_below(&random, file.len)] = (char)test_next(&random);
        mci_image_limits tight = { .max_pixels = 1 << 16, .max_bytes = 1 << 20 };
        mc_status status = read_whole(reader, (mc_str){ copy, file.len }, &tight, &err);
        assert_true(status >= 0 || err.text[0] != '\0');
    }
    free(copy);
}

static void damage_is_survived_and_named(void **state)
{
    (void)state;
    for_each_image(check_flips);
}

static const struct {
    const char *name;
    const char *bytes;
    size_t n;
    const char *says;
} strangers[] = {
    { "nothing", "", 0, "empty" },
    { "GIF", "GIF89a..", 8, "GIF: only JPEG, PNG and WebP are decoded" },
    { "TIFF", "II*\0....", 8, "TIFF: only" },
    { "AVIF", "\0\0\0 ftypavif", 12, "AVIF: only" },
    { "HEIF", "\0\0\0 ftypheic", 12, "HEIF: only" },
    { "JPEG 2000", "\0\0\0\x0CjP  \r\n\x87\n", 12, "JPEG 2000: only" },
    { "BMP", "BM\x10\0\0\0\0\0\0\0", 10, "BMP: only" },
    { "HTML", "<!DOCTYPE html><p>no</p>", 24, "no image but HTML" },
    { "noise", "\x01\x02\x03\x04\x05", 5, "no image" },
    { "a start of JPEG", "\xFF\xD8\xFF", 3, "JPEG: cut short" },
    { "a start of PNG", "\x89PNG\r\n\x1A\n", 8, "PNG: cut short" },
    { "a start of WebP", "RIFF\x10\0\0\0WEBP", 12, "WebP: damaged or cut short" },
};

static void other_formats_are_named(void **state)
{
    (void)state;
    mci_image_reader *reader = new_reader();
    for (size_t i = 0; i < COUNT_OF(strangers); i++) {
        mc_error err = { 0 };
        print_message("  case: %s\n", strangers[i].name);
        mc_str file = { strangers[i].bytes, strangers[i].n };
        assert_int_equal(read_whole(reader, file, &wide, &err), MC_E_FORMAT);
        assert_says(err.text, strangers[i].says);
    }
    mci_image_reader_free(reader);
}

static void limit_one(mci_image_reader *reader, const char *name, const char *mode, unsigned width,
                      unsigned height, mc_str file)
{
    (void)name, (void)mode;
    mc_error err = { 0 };
    mci_image_limits limits = { .max_pixels = (uint64_t)width * height - 1, .max_bytes = 1 << 28 };
    assert_int_equal(read_whole(reader, file, &limits, &err), MC_E_LIMIT);
    assert_says(err.text, "more than the limit of");
    limits = (mci_image_limits){ .max_pixels = 1 << 24, .max_bytes = 3 };
    assert_int_equal(read_whole(reader, file, &limits, &err), MC_E_LIMIT);
    assert_says(err.text, "bytes to decode");
}

static void sizes_and_memory_are_limited(void **state)
{
    (void)state;
    for_each_image(limit_one);
}

/* A header says what it likes: nothing is taken on its word. */
static void huge_and_empty_pngs_are_refused_by_their_header(void **state)
{
    (void)state;
    static const struct {
        const char *size, *checksum;
        mc_status status;
        const char *says;
    } sizes[] = {
        { "\x7F\xFF\xFF\xFF\x7F\xFF\xFF\xFF", "\x9B\xAB\x9C\x31", MC_E_LIMIT, "2147483647 pixels" },
        { "\x00\x00\x00\x00\x00\x00\x00\x01", "\x7F\xB5\x38\xE0", MC_E_FORMAT, "0 x 1 pixels" },
    };
    mci_image_reader *reader = new_reader();
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char file[8 + 25 + 12] = "\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR";
        mc_error err = { 0 };
        memcpy(file + 16, sizes[i].size, 8);
        memcpy(file + 24, "\x08\x02\0\0\0", 5);
        memcpy(file + 29, sizes[i].checksum, 4);
        memcpy(file + 33, "\0\0\0\0IDAT\0\0\0\0", 12);
        assert_int_equal(read_whole(reader, (mc_str){ file, sizeof file }, &wide, &err),
                         sizes[i].status);
        assert_says(err.text, sizes[i].says);
    }
    mci_image_reader_free(reader);
}

static void what_was_begun_may_be_left(void **state)
{
    (void)state;
    size_t n;
    char *file = test_read_file(test_path("METACLIP_TEST_DATA", "images/rgb.jpg"), &n);
    mci_image_reader *reader = new_reader();
    const mci_image_info *info;
    const uint8_t *rows[MCI_IMAGE_ROWS];
    mc_error err = { 0 };
    assert_non_null(file);
    for (int i = 0; i < 3; i++) {
        assert_ok(mci_image_begin(reader, (mc_str){ file, n }, &wide, &info, &err), err);
        assert_ok(mci_image_rows(reader, 5, rows, &err), err);
        assert_int_equal(mci_image_rows(reader, 9, rows, &err), MC_E_ARG);
    }
    assert_ok(mci_image_finish(reader, &err), err);
    assert_int_equal(mci_image_rows(reader, 1, rows, &err), MC_E_ARG);
    assert_int_equal(mci_image_finish(reader, &err), MC_E_ARG);
    mci_image_reader_free(reader);
    mci_image_reader_free(NULL);
    free(file);
}

/* Columns that are wanted and rows behind skipped ones are those of the whole image. */
static void parts_of_a_jpeg_are_those_of_the_whole(void **state)
{
    (void)state;
    size_t n;
    const char *const names[] = { "images/rgb.jpg", "images/progressive.jpg", "images/cmyk.jpg" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char *file = test_read_file(test_path("METACLIP_TEST_DATA", names[i]), &n);
        mci_image_reader *whole = new_reader(), *part = new_reader();
        mc_error err = { 0 };
        test_random random = { i + 1 };
        assert_non_null(file);
        for (int round = 0; round < 60; round++) {
            const mci_image_info *info;
            const uint8_t *all[MCI_IMAGE_ROWS], *some[MCI_IMAGE_ROWS];
            mc_str bytes = { file, n };
            assert_ok(mci_image_begin(whole, bytes, &wide, &info, &err), err);
            assert_ok(mci_image_begin(part, bytes, &wide, &info, &err), err);
            uint32_t x = (uint32_t)test_below(&random, info->width);
            uint32_t w = 1 + (uint32_t)test_below(&random, info->width - x);
            uint32_t y = (uint32_t)test_below(&random, info->height);
            assert_ok(mci_image_want(part, x, w, &err), err);
            assert_ok(mci_image_skip(part, y, &err), err);
            for (uint32_t k = 0; k < info->height; k++) {
                assert_ok(mci_image_rows(whole, 1, all, &err), err);
                if (k < y)
                    continue;
                assert_ok(mci_image_rows(part, 1, some, &err), err);
                assert_memory_equal(some[0] + 4 * (size_t)x, all[0] + 4 * (size_t)x, 4 * w);
            }
            assert_ok(mci_image_finish(part, &err), err);
        }
        mci_image_reader_free(whole);
        mci_image_reader_free(part);
        free(file);
    }
}

/* ---- the odd images, where they are ---- */

static const char *const opened_here[] = {
    "pillow-truncated_exif_dpi.jpg", /* whole but for its EXIF */
};

static void check_odd(mci_image_reader *reader, const char *name, const char *format,
                      const char *mode, unsigned width, unsigned height, bool decodes)
{
    char path[256];
    size_t n;
    snprintf(path, sizeof path, "data/images/%s", name);
    char *bytes = test_read_file(test_path("METACLIP_SHARED", path), &n);
    assert_non_null(bytes);
    const mci_image_info *info = NULL;
    mc_error err = { 0 };
    mc_status status = mci_image_begin(reader, (mc_str){ bytes, n }, &wide, &info, &err);
    bool is_ours =
        strcmp(format, "JPEG") == 0 || strcmp(format, "PNG") == 0 || strcmp(format, "WEBP") == 0;
    if (status == MC_OK && is_ours) {
        assert_string_equal(mci_image_mode_name(info->mode), mode);
        assert_int_equal(info->width, width);
        assert_int_equal(info->height, height);
    }
    if (status == MC_OK)
        status = read_whole(reader, (mc_str){ bytes, n }, &wide, &err);
    bool want = decodes && is_ours;
    for (size_t i = 0; i < COUNT_OF(opened_here); i++)
        want = want || strcmp(name, opened_here[i]) == 0;
    if ((status == MC_OK) != want)
        fail_msg("%s: %s", name, status == MC_OK ? "opened" : err.text);
    free(bytes);
}

static void odd_images_are_what_pillow_makes_of_them(void **state)
{
    (void)state;
    size_t n;
    char *table = test_read_file(test_path("METACLIP_SHARED", "data/images/pil.tsv"), &n);
    if (!table)
        skip();
    mci_image_reader *reader = new_reader();
    char *line = strtok(table, "\n");
    while ((line = strtok(NULL, "\n"))) {
        char name[128], format[16], mode[16], decodes[8], w[16], h[16], frames[16];
        assert_int_equal(sscanf(line, "%127s %15s %15s %15s %15s %15s %7s", name, format, mode, w,
                                h, frames, decodes),
                         7);
        check_odd(reader, name, format, mode, (unsigned)atoi(w), (unsigned)atoi(h),
                  strcmp(decodes, "yes") == 0);
    }
    mci_image_reader_free(reader);
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_open_in_their_own_mode_and_size),
        cmocka_unit_test(every_prefix_is_refused_with_a_reason),
        cmocka_unit_test(damage_is_survived_and_named),
        cmocka_unit_test(other_formats_are_named),
        cmocka_unit_test(sizes_and_memory_are_limited),
        cmocka_unit_test(huge_and_empty_pngs_are_refused_by_their_header),
        cmocka_unit_test(what_was_begun_may_be_left),
        cmocka_unit_test(parts_of_a_jpeg_are_those_of_the_whole),
        cmocka_unit_test(odd_images_are_what_pillow_makes_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
