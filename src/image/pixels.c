#include "image/pixels.h"

bool mci_pixels_are_rgb(mci_image_mode mode)
{
    return mode == MCI_MODE_LA || mode == MCI_MODE_RGB || mode == MCI_MODE_RGBA;
}

/* a * b / 255, rounded; exact for bytes. */
static inline uint8_t share(uint32_t a, uint32_t b)
{
    uint32_t product = a * b + 128;
    return (uint8_t)(((product >> 8) + product) >> 8);
}

/* ---- to RGB ---- */

static void from_grey(const uint8_t *from, size_t n, uint8_t *to)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t pixel = from[i] * UINT32_C(0x010101);
        memcpy(to + 4 * i, &pixel, 4);
    }
}

static void from_palette(const uint8_t palette[256][4], const uint8_t *from, size_t n, uint8_t *to)
{
    for (size_t i = 0; i < n; i++)
        memcpy(to + 4 * i, palette[from[i]], 4);
}

static void from_cmyk(const uint8_t *from, size_t n, uint8_t *to)
{
    for (size_t i = 0; i < 4 * n; i += 4) {
        int light = 255 - from[i + 3];
        for (size_t c = 0; c < 3; c++) {
            int value = light - share(from[i + c], (uint32_t)light);
            to[i + c] = (uint8_t)(value < 0 ? 0 : value);
        }
        to[i + 3] = 255;
    }
}

/* 16-bit grey is cut at 255, not scaled: most of it is white. */
static void from_ints(const uint8_t *from, size_t n, uint8_t *to)
{
    for (size_t i = 0; i < 4 * n; i += 4) {
        int32_t value;
        memcpy(&value, from + i, sizeof value);
        uint8_t grey = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        memset(to + i, grey, 4);
    }
}

void mci_pixels_to_rgb(const mci_image_info *info, const uint8_t *from, size_t n, uint8_t *to)
{
    switch (info->mode) {
    case MCI_MODE_1:
    case MCI_MODE_L:
        from_grey(from, n, to);
        break;
    case MCI_MODE_P:
        from_palette(info->palette, from, n, to);
        break;
    case MCI_MODE_CMYK:
        from_cmyk(from, n, to);
        break;
    case MCI_MODE_I:
        from_ints(from, n, to);
        break;
    case MCI_MODE_LA:
    case MCI_MODE_RGB:
    case MCI_MODE_RGBA:
        memcpy(to, from, 4 * n);
        break;
    }
}

/* ---- alpha ---- */

void mci_pixels_premultiply(const uint8_t *from, size_t n, uint8_t *to)
{
    for (size_t i = 0; i < 4 * n; i += 4) {
        for (size_t c = 0; c < 3; c++)
            to[i + c] = share(from[i + c], from[i + 3]);
        to[i + 3] = from[i + 3];
    }
}

void mci_pixels_unpremultiply(uint8_t *row, size_t n)
{
    for (size_t i = 0; i < 4 * n; i += 4) {
        uint32_t alpha = row[i + 3];
        for (size_t c = 0; c < 3 && alpha != 0 && alpha != 255; c++) {
            uint32_t value = 255 * (uint32_t)row[i + c] / alpha;
            row[i + c] = (uint8_t)(value > 255 ? 255 : value);
        }
    }
}

/* ---- what comes out ---- */

void mci_pixel_table_make(mci_pixel_table *table, double rescale, const float mean[3],
                          const float std[3])
{
    for (size_t c = 0; c < 3; c++)
        for (int v = 0; v < 256; v++) {
            float value = rescale == 0 ? (float)v / 255.0f : (float)(v * rescale);
            table->of[c][v] = (value - mean[c]) / std[c];
        }
}

void mci_pixels_to_floats(const mci_pixel_table *table, const uint8_t *row, size_t n,
                          float *const planes[3])
{
    for (size_t c = 0; c < 3; c++) {
        const float *of = table->of[c];
        float *to = planes[c];
        for (size_t i = 0; i < n; i++)
            to[i] = of[row[4 * i + c]];
    }
}

void mci_pixels_to_bytes(const uint8_t *row, size_t n, uint8_t *to)
{
    for (size_t i = 0; i < n; i++)
        memcpy(to + 3 * i, row + 4 * i, 3);
}
