#include "io/image_kind.h"

#include "base/error.h"
#include "io/fields.h"

/* What begins so, `mark` bytes at `at`; the first row that fits counts. */
static const struct {
    mci_image_kind kind;
    const char *name;
    uint8_t at, n;
    const char *mark;
} marks[] = {
    { MCI_IMAGE_JPEG, "JPEG", 0, 3, "\xFF\xD8\xFF" },
    { MCI_IMAGE_PNG, "PNG", 0, 8, "\x89PNG\r\n\x1A\n" },
    { MCI_IMAGE_OTHER, "GIF", 0, 4, "GIF8" },
    { MCI_IMAGE_OTHER, "TIFF", 0, 4, "II*\0" },
    { MCI_IMAGE_OTHER, "TIFF", 0, 4, "MM\0*" },
    { MCI_IMAGE_OTHER, "TIFF", 0, 4, "II+\0" },
    { MCI_IMAGE_OTHER, "TIFF", 0, 4, "MM\0+" },
    { MCI_IMAGE_OTHER, "AVIF", 4, 8, "ftypavif" },
    { MCI_IMAGE_OTHER, "AVIF", 4, 8, "ftypavis" },
    { MCI_IMAGE_OTHER, "HEIF", 4, 7, "ftyphei" },
    { MCI_IMAGE_OTHER, "HEIF", 4, 7, "ftyphev" },
    { MCI_IMAGE_OTHER, "HEIF", 4, 8, "ftypmif1" },
    { MCI_IMAGE_OTHER, "HEIF", 4, 8, "ftypmsf1" },
    { MCI_IMAGE_OTHER, "JPEG XL", 0, 2, "\xFF\x0A" },
    { MCI_IMAGE_OTHER, "JPEG XL", 0, 12, "\0\0\0\x0CJXL \r\n\x87\n" },
    { MCI_IMAGE_OTHER, "JPEG 2000", 0, 8, "\0\0\0\x0CjP  " },
    { MCI_IMAGE_OTHER, "JPEG 2000", 0, 4, "\xFF\x4F\xFF\x51" },
    { MCI_IMAGE_OTHER, "Photoshop", 0, 4, "8BPS" },
    { MCI_IMAGE_OTHER, "icon", 0, 4, "\0\0\1\0" },
    { MCI_IMAGE_OTHER, "QOI", 0, 4, "qoif" },
    { MCI_IMAGE_OTHER, "OpenEXR", 0, 4, "\x76\x2F\x31\x01" },
    { MCI_IMAGE_NONE, "PDF", 0, 5, "%PDF-" },
    { MCI_IMAGE_NONE, "a gzip file", 0, 2, "\x1F\x8B" },
    { MCI_IMAGE_NONE, "a zip file", 0, 4, "PK\3\4" },
    { MCI_IMAGE_NONE, "a Git LFS pointer", 0, 23, "version https://git-lfs" },
};

static bool has(mc_str start, size_t at, const char *mark, size_t n)
{
    return start.len >= at + n && memcmp(start.data + at, mark, n) == 0;
}

static bool holds(mc_str start, const char *word)
{
    return start.len > 0 && memmem(start.data, start.len, word, strlen(word)) != NULL;
}

/* "BM" alone is too little: the four reserved bytes behind the size are zero, too. */
static bool is_bitmap(mc_str start)
{
    return has(start, 0, "BM", 2) && has(start, 6, "\0\0\0\0", 4);
}

/* P1 to P7 and white space. */
static bool is_netpbm(mc_str start)
{
    return start.len >= 3 && start.data[0] == 'P' && start.data[1] >= '1' && start.data[1] <= '7' &&
           strchr(" \t\r\n", start.data[2]) && start.data[2];
}

/* No controls, and none of the bytes that UTF-8 never has. */
static bool is_text(mc_str start)
{
    for (size_t i = 0; i < start.len; i++) {
        unsigned char c = (unsigned char)start.data[i];
        if ((c < 0x20 && !memchr("\t\n\f\r", c, 4)) || c >= 0xF5)
            return false;
    }
    return start.len > 0;
}

static mci_image_kind kind_of_text(mc_str start, const char **name)
{
    if (holds(start, "<svg")) {
        *name = "SVG";
        return MCI_IMAGE_OTHER;
    }
    bool is_html = holds(start, "<html") || holds(start, "<HTML") ||
                   holds(start, "<!DOCTYPE html") || holds(start, "<!doctype html");
    *name = is_html ? "HTML" : "text";
    return MCI_IMAGE_NONE;
}

static mci_image_kind find_kind(mc_str start, const char **name)
{
    for (size_t i = 0; i < COUNT_OF(marks); i++)
        if (has(start, marks[i].at, marks[i].mark, marks[i].n)) {
            *name = marks[i].name;
            return marks[i].kind;
        }
    if (has(start, 0, "RIFF", 4) && has(start, 8, "WEBP", 4)) {
        *name = "WebP";
        return MCI_IMAGE_WEBP;
    }
    if (is_bitmap(start) || is_netpbm(start)) {
        *name = start.data[0] == 'B' ? "BMP" : "Netpbm";
        return MCI_IMAGE_OTHER;
    }
    return is_text(start) ? kind_of_text(start, name) : MCI_IMAGE_NONE;
}

mci_image_kind mci_image_kind_of(mc_str start, const char **name)
{
    const char *found = NULL;
    if (start.len > MCI_IMAGE_LOOK)
        start.len = MCI_IMAGE_LOOK;
    mci_image_kind kind = find_kind(start, &found);
    if (name)
        *name = found;
    return kind;
}

bool mci_is_image_name(mc_str name)
{
    static const char *const suffixes[] = {
        "jpg", "jpeg", "jpe",  "jfif", "png",  "apng", "webp", "gif", "bmp",
        "tif", "tiff", "avif", "heic", "heif", "jxl",  "jp2",  "j2k", "psd",
        "ico", "svg",  "pbm",  "pgm",  "ppm",  "pnm",  "qoi",  "exr",
    };
    const char *dot = name.len > 0 ? memrchr(name.data, '.', name.len) : NULL;
    if (!dot)
        return false;
    mc_str suffix = { dot + 1, name.len - (size_t)(dot + 1 - name.data) };
    for (size_t i = 0; i < COUNT_OF(suffixes); i++)
        if (mci_field_is(suffix, suffixes[i]))
            return true;
    return false;
}
