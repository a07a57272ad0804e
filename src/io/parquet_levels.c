#include "io/parquet_levels.h"

#include "io/thrift.h"

enum { GROUP = 8, VARINT_BYTES = 10 };

static size_t run_length(const uint8_t *levels, size_t n)
{
    size_t len = 1;
    while (len < n && levels[len] == levels[0])
        len++;
    return len;
}

/* How many levels to pack before the next run that is worth being one: whole groups, or all. */
static size_t packed_length(const uint8_t *levels, size_t n)
{
    size_t at = 0;
    while (at < n && run_length(levels + at, n - at < GROUP ? n - at : GROUP) < GROUP)
        at += GROUP;
    return at < n ? at : n;
}

/* The last group may be short; zeros stand for what is not there. */
static void pack_group(const uint8_t *levels, size_t n, unsigned width, mci_buf *out)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < n && i < GROUP; i++)
        bits |= (uint64_t)levels[i] << i * width;
    for (unsigned i = 0; i < width; i++) /* eight numbers take `width` bytes */
        out->data[out->len++] = (char)(bits >> 8 * i);
}

mc_status mci_parquet_add_levels(const uint8_t *levels, size_t n, unsigned width, mci_buf *out,
                                 mc_error *err)
{
    for (size_t at = 0, len; at < n; at += len) {
        len = run_length(levels + at, n - at);
        if (len >= GROUP) {
            MC_TRY(mci_buf_reserve(out, VARINT_BYTES + 1, err));
            mci_put_varint(out, (uint64_t)len << 1);
            out->data[out->len++] = (char)levels[at];
            continue;
        }
        len = packed_length(levels + at, n - at);
        size_t n_groups = (len + GROUP - 1) / GROUP;
        MC_TRY(mci_buf_reserve(out, VARINT_BYTES + n_groups * width, err));
        mci_put_varint(out, (uint64_t)n_groups << 1 | 1);
        for (size_t i = 0; i < len; i += GROUP)
            pack_group(levels + at + i, len - i, width, out);
    }
    return MC_OK;
}
