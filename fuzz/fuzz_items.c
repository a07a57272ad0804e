/* Any file (the first byte sets the limit, the second the size of the pieces): no crash, and the
 * pieces in which plain bytes arrive change nothing. (Of a damaged frame, zstd gives more or less
 * with the size of the pieces.) */
#include <stdlib.h>

#include "base/buf.h"
#include "io/items.h"
#include "io/stream_internal.h"

static void expect(bool truth)
{
    if (!truth)
        abort();
}

static void read_all(mc_str bytes, size_t piece, uint64_t max, mci_buf *seen)
{
    mci_stream *stream = NULL;
    mci_items *items = NULL;
    expect(mci_stream_open_pieces(bytes, piece, &stream, NULL) == MC_OK);
    expect(mci_items_open(stream, max, &items, NULL) == MC_OK);
    for (;;) {
        mc_str item = { 0 };
        uint64_t offset = 0;
        mc_error err = { 0 };
        mc_status status = mci_items_next(items, &item, &offset, &err);
        expect(status >= 0);
        if (status == MC_END)
            break;
        if (status == MC_SKIPPED) {
            expect(err.text[0]);
            expect(mci_buf_byte(seen, '!', NULL) == MC_OK);
            continue;
        }
        expect(item.len > 0 && item.len <= max);
        expect(mci_buf_printf(seen, NULL, "%llu:", (unsigned long long)offset) == MC_OK);
        expect(mci_buf_add(seen, item, NULL) == MC_OK);
    }
    mci_items_close(items);
    mci_stream_close(stream);
}

/* By the second byte of the magic numbers: gzip, zstd, zstd's skippable frames. */
static bool may_be_compressed(mc_str bytes)
{
    return bytes.len > 1 && memchr("\x8B\xB5\x2A", bytes.data[1], 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    mc_str bytes = { (const char *)data + 2, size - 2 };
    mci_buf whole = { 0 }, pieces = { 0 };
    read_all(bytes, SIZE_MAX, data[0], &whole);
    read_all(bytes, (size_t)data[1] + 1, data[0], &pieces);
    expect(may_be_compressed(bytes) || mc_str_equal(mci_buf_str(&whole), mci_buf_str(&pieces)));
    mci_buf_release(&whole);
    mci_buf_release(&pieces);
    return 0;
}
