/* Of EXIF only the orientation: tag 0x0112 of the first directory of a small TIFF file. */
#include "io/image_internal.h"

enum { TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3, ENTRY_BYTES = 12 };

typedef struct {
    mc_str tiff;
    bool is_big; /* big-endian */
} exif;

/* n bytes at `at` as a number; 0 beyond the end. */
static uint32_t number(const exif *e, size_t at, size_t n)
{
    uint32_t value = 0;
    if (at > e->tiff.len || n > e->tiff.len - at)
        return 0;
    for (size_t i = 0; i < n; i++) {
        size_t place = e->is_big ? i : n - 1 - i;
        value = value << 8 | (uint8_t)e->tiff.data[at + place];
    }
    return value;
}

unsigned mci_exif_orientation(mc_str tiff)
{
    exif e = { .tiff = tiff };
    if (tiff.len < 8)
        return 1;
    e.is_big = memcmp(tiff.data, "MM\0*", 4) == 0;
    if (!e.is_big && memcmp(tiff.data, "II*\0", 4) != 0)
        return 1;
    size_t directory = number(&e, 4, 4);
    uint32_t n = number(&e, directory, 2);
    for (uint32_t i = 0; i < n; i++) {
        size_t entry = directory + 2 + (size_t)i * ENTRY_BYTES;
        if (entry > tiff.len)
            break;
        if (number(&e, entry, 2) != TAG_ORIENTATION)
            continue;
        uint32_t value = number(&e, entry + 8, 2);
        bool is_known = number(&e, entry + 2, 2) == TYPE_SHORT && value >= 1 && value <= 8;
        return is_known ? value : 1;
    }
    return 1;
}
