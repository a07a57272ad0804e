#include <zstd.h>
#include <zstd_errors.h>

#include "base/alloc.h"
#include "io/stream_internal.h"

enum { WINDOW_LOG_MAX = 27, RESERVED_BIT = 8 };

struct mci_unzstd {
    ZSTD_DCtx *context;
    size_t hint; /* bytes up to the end of the next block */
};

mc_status mci_unzstd_new(mci_unzstd **out, mc_error *err)
{
    mci_unzstd *unzstd = mci_alloc(sizeof *unzstd);
    ZSTD_DCtx *context = unzstd ? ZSTD_createDCtx() : NULL;
    if (!context) {
        mci_free(unzstd);
        return mci_nomem(err, sizeof *unzstd);
    }
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    unzstd->context = context;
    mci_unzstd_start(unzstd);
    *out = unzstd;
    return MC_OK;
}

void mci_unzstd_free(mci_unzstd *unzstd)
{
    if (!unzstd)
        return;
    ZSTD_freeDCtx(unzstd->context);
    mci_free(unzstd);
}

void mci_unzstd_start(mci_unzstd *unzstd)
{
    ZSTD_DCtx_reset(unzstd->context, ZSTD_reset_session_only);
    unzstd->hint = MCI_FRAME_MAGIC + 1;
}

bool mci_unzstd_likely(const uint8_t *bytes, size_t n)
{
    static const uint8_t magic[MCI_FRAME_MAGIC] = { 0x28, 0xB5, 0x2F, 0xFD };
    return n > sizeof magic && memcmp(bytes, magic, sizeof magic) == 0 &&
           (bytes[sizeof magic] & RESERVED_BIT) == 0;
}

bool mci_unzstd_skippable(const uint8_t *bytes, size_t n)
{
    static const uint8_t magic[MCI_FRAME_MAGIC - 1] = { 0x2A, 0x4D, 0x18 };
    return n >= MCI_FRAME_MAGIC && (bytes[0] & 0xF0) == 0x50 &&
           memcmp(bytes + 1, magic, sizeof magic) == 0;
}

mci_step mci_unzstd_step(mci_unzstd *unzstd, mci_input *in, char *out, size_t room, size_t *n_out,
                         const char **why)
{
    /* One block at a time: what a call has decoded when it meets damage would be lost. */
    ZSTD_inBuffer input = { in->next, in->avail < unzstd->hint ? in->avail : unzstd->hint, 0 };
    ZSTD_outBuffer output = { out, room, 0 };
    size_t code = ZSTD_decompressStream(unzstd->context, &output, &input);
    mci_input_advance(in, input.pos);
    *n_out = output.pos;
    if (!ZSTD_isError(code)) {
        unzstd->hint = code;
        return code == 0 ? MCI_STEP_ENDED : MCI_STEP_ON;
    }
    switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_memory_allocation:
        return MCI_STEP_NO_MEMORY;
    case ZSTD_error_checksum_wrong:
        return MCI_STEP_WRONG_SUM;
    default:
        *why = ZSTD_getErrorName(code);
        return MCI_STEP_DAMAGED;
    }
}
