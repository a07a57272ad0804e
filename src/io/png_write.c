#include "io/png_write.h"

#include <isa-l/crc.h>

enum {
    MOST_SIDE = 16384,
    MOST_BLOCK = 65535, /* of deflate, stored */
    BLOCK_HEAD = 5,
    ZLIB_HEAD = 2,
    ZLIB_TAIL = 4,
};

static void put_big(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* A chunk whose data was appended to out, from `at` on, behind room for its length and type. */
static mc_status end_chunk(mci_buf *out, size_t at, const char *type, mc_error *err)
{
    uint8_t *head = (uint8_t *)out->data + at, crc[4];
    const size_t n = out->len - at - 8;
    put_big(head, (uint32_t)n);
    memcpy(head + 4, type, 4);
    put_big(crc, crc32_gzip_refl(0, head + 4, n + 4));
    return mci_buf_append(out, crc, sizeof crc, err);
}

static mc_status add_chunk(mci_buf *out, const char *type, const uint8_t *data, size_t n,
                           mc_error *err)
{
    const size_t at = out->len;
    MC_TRY(mci_buf_append(out, "\0\0\0\0\0\0\0", 8, err));
    MC_TRY(mci_buf_append(out, data, n, err));
    return end_chunk(out, at, type, err);
}

/* The zlib stream that is written, block by block. */
typedef struct {
    mci_buf *out;
    size_t left;        /* bytes that will still come, in all */
    size_t block_left;  /* of the block that is open */
    uint32_t low, high; /* Adler-32 */
} stored;

static mc_status begin_block(stored *s, mc_error *err)
{
    const size_t n = s->left < MOST_BLOCK ? s->left : MOST_BLOCK;
    const uint8_t head[BLOCK_HEAD] = { n == s->left, n & 0xFF, (uint8_t)(n >> 8), ~n & 0xFF,
                                       (uint8_t)(~n >> 8) };
    s->block_left = n;
    return mci_buf_append(s->out, head, sizeof head, err);
}

static mc_status add_stored(stored *s, const uint8_t *bytes, size_t n, mc_error *err)
{
    while (n > 0) {
        if (s->block_left == 0)
            MC_TRY(begin_block(s, err));
        const size_t part = n < s->block_left ? n : s->block_left;
        MC_TRY(mci_buf_append(s->out, bytes, part, err));
        for (size_t i = 0; i < part; i++) {
            s->low = (s->low + bytes[i]) % 65521;
            s->high = (s->high + s->low) % 65521;
        }
        s->left -= part;
        s->block_left -= part;
        bytes += part;
        n -= part;
    }
    return MC_OK;
}

/* Each row stands behind the number of its filter: none. */
static mc_status add_picture(const uint8_t *pixels, uint32_t height, size_t row, mci_buf *out,
                             mc_error *err)
{
    const size_t at = out->len;
    stored s = { .out = out, .left = (row + 1) * height, .low = 1 };
    uint8_t sum[ZLIB_TAIL];
    MC_TRY(mci_buf_append(out, "\0\0\0\0\0\0\0\0\x78\x01", 8 + ZLIB_HEAD, err));
    for (uint32_t y = 0; y < height; y++) {
        MC_TRY(add_stored(&s, (const uint8_t *)"", 1, err));
        MC_TRY(add_stored(&s, pixels + y * row, row, err));
    }
    put_big(sum, s.high << 16 | s.low);
    MC_TRY(mci_buf_append(out, sum, sizeof sum, err));
    return end_chunk(out, at, "IDAT", err);
}

mc_status mci_png_write(const uint8_t *pixels, uint32_t width, uint32_t height, unsigned channels,
                        mci_buf *out, mc_error *err)
{
    uint8_t head[13] = { [8] = 8, [9] = channels == 3 ? 2 : 0 };
    if (width == 0 || width > MOST_SIDE || height == 0 || height > MOST_SIDE ||
        (channels != 1 && channels != 3))
        return mc_fail(err, MC_E_ARG, "no PNG is made of %u x %u pixels of %u channels", width,
                       height, channels);
    const size_t row = (size_t)width * channels, n = (row + 1) * height;
    put_big(head, width);
    put_big(head + 4, height);
    mci_buf_clear(out);
    MC_TRY(mci_buf_reserve(out, n + (n / MOST_BLOCK + 1) * BLOCK_HEAD + 128, err));
    MC_TRY(mci_buf_append(out, "\x89PNG\r\n\x1A\n", 8, err));
    MC_TRY(add_chunk(out, "IHDR", head, sizeof head, err));
    MC_TRY(add_picture(pixels, height, row, out, err));
    return add_chunk(out, "IEND", head, 0, err);
}
