#include <isa-l/igzip_lib.h>

#include "base/alloc.h"
#include "io/stream_internal.h"

enum {
    ONE_CALL = 1 << 30, /* ISA-L counts in 32 bits */
    RESERVED_FLAGS = 0xE0,
    LAST_SYSTEM = 19, /* the largest number of an operating system in use, but for 255 */
    NO_SYSTEM = 255,
};

struct mci_gunzip {
    struct isal_gzip_header header; /* a header may come in pieces */
    struct inflate_state state;
    bool in_header;
};

mc_status mci_gunzip_new(mci_gunzip **out, mc_error *err)
{
    *out = mci_alloc_zeroed(1, sizeof **out);
    return *out ? MC_OK : mci_nomem(err, sizeof **out);
}

void mci_gunzip_free(mci_gunzip *gunzip)
{
    mci_free(gunzip);
}

void mci_gunzip_start(mci_gunzip *gunzip, mci_body_format format)
{
    isal_inflate_init(&gunzip->state);
    gunzip->state.crc_flag = format == MCI_BODY_GZIP   ? ISAL_GZIP_NO_HDR_VER
                             : format == MCI_BODY_ZLIB ? ISAL_ZLIB
                                                       : ISAL_DEFLATE;
    gunzip->in_header = format == MCI_BODY_GZIP;
    isal_gzip_header_init(&gunzip->header);
}

bool mci_gunzip_likely(const uint8_t *bytes, size_t n)
{
    return n >= MCI_FRAME_LIKELY && bytes[0] == 0x1F && bytes[1] == 0x8B && bytes[2] == 8 &&
           (bytes[3] & RESERVED_FLAGS) == 0 && (bytes[9] <= LAST_SYSTEM || bytes[9] == NO_SYSTEM);
}

static const char *what_is_wrong(int code)
{
    switch (code) {
    case ISAL_INVALID_BLOCK:
        return "an invalid block";
    case ISAL_INVALID_SYMBOL:
        return "an invalid symbol";
    case ISAL_INVALID_LOOKBACK:
        return "a reference to before its start";
    case ISAL_INVALID_WRAPPER:
    case ISAL_UNSUPPORTED_METHOD:
        return "an invalid header";
    case ISAL_INCORRECT_CHECKSUM:
        return "a wrong checksum of its header";
    case ISAL_NEED_DICT:
        return "an unknown dictionary";
    }
    return "damaged data";
}

static mci_step answer(const mci_gunzip *gunzip, int code, const char **why)
{
    if (code == ISAL_INCORRECT_CHECKSUM && !gunzip->in_header)
        return MCI_STEP_WRONG_SUM;
    if (code < 0 || code == ISAL_NEED_DICT) {
        *why = what_is_wrong(code);
        return MCI_STEP_DAMAGED;
    }
    bool is_over = !gunzip->in_header && gunzip->state.block_state == ISAL_BLOCK_FINISH;
    return is_over ? MCI_STEP_ENDED : MCI_STEP_ON;
}

/* How far ISA-L came. Where it finds a block's header damaged, its pointers stay in a buffer of its
 * own; then nothing counts as read. */
static size_t distance(const void *from, const void *to, size_t at_most)
{
    size_t n = (size_t)((uintptr_t)to - (uintptr_t)from);
    return n <= at_most ? n : 0;
}

mci_step mci_gunzip_step(mci_gunzip *gunzip, mci_input *in, char *out, size_t room, size_t *n_out,
                         const char **why)
{
    struct inflate_state *state = &gunzip->state;
    uint32_t given = in->avail < ONE_CALL ? (uint32_t)in->avail : ONE_CALL;
    uint32_t space = room < ONE_CALL ? (uint32_t)room : ONE_CALL;
    state->next_in = (uint8_t *)(uintptr_t)in->next; /* which it only reads */
    state->avail_in = given;
    state->next_out = (uint8_t *)out;
    state->avail_out = space;
    int code = 0;
    if (gunzip->in_header) {
        code = isal_read_gzip_header(state, &gunzip->header);
        gunzip->in_header = code != ISAL_DECOMP_OK;
    } else {
        code = isal_inflate(state);
    }
    mci_input_advance(in, distance(in->next, state->next_in, given));
    *n_out = distance(out, state->next_out, space);
    /* A copy that failed is counted, though it holds junk; how long it is, nobody says. */
    if (code == ISAL_INVALID_LOOKBACK || code == ISAL_INVALID_SYMBOL)
        *n_out -= *n_out < ISAL_DEF_MAX_MATCH ? *n_out : ISAL_DEF_MAX_MATCH;
    return answer(gunzip, code, why);
}
