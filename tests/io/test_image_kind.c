#include "io/image_kind.h"

#include "test.h"

static const struct {
    const char *bytes;
    size_t n;
    mci_image_kind kind;
    const char *name; /* NULL: nobody knows */
} cases[] = {
#define CASE(bytes, kind, name)             \
    {                                       \
        bytes, sizeof bytes - 1, kind, name \
    }
    CASE("\xFF\xD8\xFF\xE0\0\x10JFIF", MCI_IMAGE_JPEG, "JPEG"),
    CASE("\xFF\xD8\xFF", MCI_IMAGE_JPEG, "JPEG"),
    CASE("\xFF\xD8", MCI_IMAGE_NONE, NULL),
    CASE("\x89PNG\r\n\x1A\n\0\0\0\rIHDR", MCI_IMAGE_PNG, "PNG"),
    CASE("\x89PNG\n\x1A\n\0\0\0\rIHDR", MCI_IMAGE_NONE, NULL), /* went through a text mode */
    CASE("RIFF\x24\0\0\0WEBPVP8 ", MCI_IMAGE_WEBP, "WebP"),
    CASE("RIFF\x24\0\0\0WAVEfmt ", MCI_IMAGE_NONE, NULL),
    CASE("RIFF\x24\0\0\0WEB", MCI_IMAGE_NONE, NULL),
    CASE("GIF89a\1\0\1\0", MCI_IMAGE_OTHER, "GIF"),
    CASE("II*\0\x08\0\0\0", MCI_IMAGE_OTHER, "TIFF"),
    CASE("MM\0*\0\0\0\x08", MCI_IMAGE_OTHER, "TIFF"),
    CASE("BM\x46\0\0\0\0\0\0\0\x36\0", MCI_IMAGE_OTHER, "BMP"),
    CASE("BMW builds cars", MCI_IMAGE_NONE, "text"),
    CASE("\0\0\0\x1C"
         "ftypavif\0\0\0\0",
         MCI_IMAGE_OTHER, "AVIF"),
    CASE("\0\0\0\x18"
         "ftypheic\0\0\0\0",
         MCI_IMAGE_OTHER, "HEIF"),
    CASE("\0\0\0\x18"
         "ftypmp42\0\0\0\0",
         MCI_IMAGE_NONE, NULL),
    CASE("\xFF\x0A\xFA\x7F", MCI_IMAGE_OTHER, "JPEG XL"),
    CASE("\0\0\0\x0CJXL \r\n\x87\n", MCI_IMAGE_OTHER, "JPEG XL"),
    CASE("\0\0\0\x0CjP  \r\n\x87\n", MCI_IMAGE_OTHER, "JPEG 2000"),
    CASE("P6\n2 2\n255\n\0\0\0", MCI_IMAGE_OTHER, "Netpbm"),
    CASE("P6a", MCI_IMAGE_NONE, "text"),
    CASE("<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\">", MCI_IMAGE_OTHER,
         "SVG"),
    CASE("<!DOCTYPE html>\n<html><body>404", MCI_IMAGE_NONE, "HTML"),
    CASE("not found\n", MCI_IMAGE_NONE, "text"),
    CASE("%PDF-1.7\n\xE2", MCI_IMAGE_NONE, "PDF"),
    CASE("version https://git-lfs.github.com/spec/v1\n", MCI_IMAGE_NONE, "a Git LFS pointer"),
    CASE("", MCI_IMAGE_NONE, NULL),
    CASE("\0\0\0\0\0\0\0\0", MCI_IMAGE_NONE, NULL),
};

static void the_first_bytes_tell_the_format(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *name = "unset";
        print_message("  case %zu: %s\n", i, cases[i].name ? cases[i].name : "unknown");
        mc_str start = { cases[i].bytes, cases[i].n };
        assert_int_equal(mci_image_kind_of(start, &name), cases[i].kind);
        if (cases[i].name)
            assert_string_equal(name, cases[i].name);
        else
            assert_null(name);
    }
    assert_int_equal(mci_image_kind_of((mc_str){ 0 }, NULL), MCI_IMAGE_NONE);
}

static void names_of_images_end_as_such(void **state)
{
    (void)state;
    static const char *const images[] = { "a.jpg", "a.JPG", "a.b.jpeg", "a.webp", "x.tif", ".png" };
    static const char *const others[] = { "a", "jpg", "a.txt", "a.jpg.part", "a.", "" };
    for (size_t i = 0; i < COUNT_OF(images); i++)
        assert_true(mci_is_image_name(mc_str_of(images[i])));
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_false(mci_is_image_name(mc_str_of(others[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_bytes_tell_the_format),
        cmocka_unit_test(names_of_images_end_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
