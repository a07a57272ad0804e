/* Compressed fixtures, made where they are used. */
#ifndef METACLIP_TESTS_PACKING_H
#define METACLIP_TESTS_PACKING_H

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "base/buf.h"
#include "test.h"

/* Appends one member; flag is IGZIP_GZIP, IGZIP_ZLIB or IGZIP_DEFLATE (raw). */
static inline void pack_deflate(mci_buf *out, mc_str bytes, uint16_t flag)
{
    size_t room = bytes.len + bytes.len / 8 + 1024;
    assert_int_equal(mci_buf_reserve(out, room, NULL), MC_OK);
    struct isal_zstream *stream = malloc(sizeof *stream);
    isal_deflate_stateless_init(stream);
    stream->gzip_flag = flag;
    stream->end_of_stream = 1;
    stream->next_in = (uint8_t *)(uintptr_t)bytes.data;
    stream->avail_in = (uint32_t)bytes.len;
    stream->next_out = (uint8_t *)out->data + out->len;
    stream->avail_out = (uint32_t)room;
    assert_int_equal(isal_deflate_stateless(stream), COMP_OK);
    out->len += stream->total_out;
    free(stream);
}

static inline void pack_gzip(mci_buf *out, mc_str bytes)
{
    pack_deflate(out, bytes, IGZIP_GZIP);
}

/* Appends one zstd frame with a checksum. */
static inline void pack_zstd(mci_buf *out, mc_str bytes)
{
    size_t room = ZSTD_compressBound(bytes.len);
    assert_int_equal(mci_buf_reserve(out, room, NULL), MC_OK);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t n = ZSTD_compress2(context, out->data + out->len, room, bytes.data, bytes.len);
    assert_false(ZSTD_isError(n));
    out->len += n;
    ZSTD_freeCCtx(context);
}

/* Appends n bytes that compress about as text does. */
static inline void random_text(mci_buf *out, size_t n, test_random *random)
{
    static const char *const words[] = { "a ", "red ", "car ", "photo ", "of ", "the\n", "image " };
    size_t end = out->len + n;
    while (out->len < end) {
        if (test_below(random, 4) == 0)
            assert_int_equal(mci_buf_byte(out, (char)test_next(random), NULL), MC_OK);
        else
            assert_int_equal(mci_buf_add(out, mc_str_of(words[test_below(random, 7)]), NULL),
                             MC_OK);
    }
    out->len = end;
}

#endif
