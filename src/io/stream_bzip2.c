#include <bzlib.h>

#include "base/alloc.h"
#include "io/stream_internal.h"

enum { ONE_CALL = 1 << 30 }; /* libbz2 counts in 32 bits */

struct mci_bunzip2 {
    bz_stream stream;
    bool is_open;
};

static void *allocate(void *opaque, int n, int m)
{
    (void)opaque;
    return mci_alloc((size_t)n * (size_t)m);
}

static void release(void *opaque, void *memory)
{
    (void)opaque;
    mci_free(memory);
}

mc_status mci_bunzip2_new(mci_bunzip2 **out, mc_error *err)
{
    *out = mci_alloc_zeroed(1, sizeof **out);
    return *out ? MC_OK : mci_nomem(err, sizeof **out);
}

static void end(mci_bunzip2 *bunzip2)
{
    if (bunzip2->is_open)
        BZ2_bzDecompressEnd(&bunzip2->stream);
    bunzip2->is_open = false;
}

void mci_bunzip2_free(mci_bunzip2 *bunzip2)
{
    if (!bunzip2)
        return;
    end(bunzip2);
    mci_free(bunzip2);
}

void mci_bunzip2_start(mci_bunzip2 *bunzip2)
{
    end(bunzip2);
    bunzip2->stream = (bz_stream){ .bzalloc = allocate, .bzfree = release };
    bunzip2->is_open = BZ2_bzDecompressInit(&bunzip2->stream, 0, 0) == BZ_OK;
}

bool mci_bunzip2_likely(const uint8_t *bytes, size_t n)
{
    /* Behind "BZh" and the level: the start of a block, or of a stream's end (an empty stream). */
    static const uint8_t block[6] = { 0x31, 0x41, 0x59, 0x26, 0x53, 0x59 };
    static const uint8_t ending[6] = { 0x17, 0x72, 0x45, 0x38, 0x50, 0x90 };
    return n >= MCI_FRAME_LIKELY && memcmp(bytes, "BZh", 3) == 0 && bytes[3] >= '1' &&
           bytes[3] <= '9' &&
           (memcmp(bytes + 4, block, sizeof block) == 0 ||
            memcmp(bytes + 4, ending, sizeof ending) == 0);
}

mci_step mci_bunzip2_step(mci_bunzip2 *bunzip2, mci_input *in, char *out, size_t room,
                          size_t *n_out, const char **why)
{
    bz_stream *stream = &bunzip2->stream;
    if (!bunzip2->is_open)
        return MCI_STEP_NO_MEMORY;
    unsigned given = in->avail < ONE_CALL ? (unsigned)in->avail : ONE_CALL;
    unsigned space = room < ONE_CALL ? (unsigned)room : ONE_CALL;
    stream->next_in = (char *)(uintptr_t)in->next; /* which it only reads */
    stream->avail_in = given;
    stream->next_out = out;
    stream->avail_out = space;
    int code = BZ2_bzDecompress(stream);
    mci_input_advance(in, given - stream->avail_in);
    *n_out = space - stream->avail_out;
    switch (code) {
    case BZ_OK:
        return MCI_STEP_ON;
    case BZ_STREAM_END:
        return MCI_STEP_ENDED;
    case BZ_MEM_ERROR:
        return MCI_STEP_NO_MEMORY;
    default:
        *why = code == BZ_DATA_ERROR_MAGIC ? "an invalid header"
                                           : "an invalid block, or a wrong checksum of one";
        return MCI_STEP_DAMAGED;
    }
}
