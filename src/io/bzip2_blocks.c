#include "io/bzip2_blocks.h"

#include <bzlib.h>
#include <inttypes.h>

#include "base/alloc.h"
#include "io/stream_internal.h"

static const uint64_t block_magic = UINT64_C(0x314159265359);
static const uint64_t end_magic = UINT64_C(0x177245385090);
static const uint64_t magic_mask = (UINT64_C(1) << 48) - 1;

enum {
    MAGIC_BITS = 48,
    CRC_BITS = 32,
    HEADER_BITS = 32, /* "BZh9" */
    LOOK_BYTES = 16,  /* behind a mark, to be seen with it */
    MOST_SYMBOLS = 900000,
    MOST_BLOCK_BYTES = 2 << 20, /* compressed; some 0.93 MB are what bzip2 ever makes */
    OUT_BYTES = 1 << 18,
};

struct mci_bzip2_cutter {
    mci_input in;
    mci_buf raw;        /* of the file, from the byte `base` on */
    uint64_t base;      /* bytes of the file */
    size_t scanned;     /* bytes of raw */
    uint64_t window;    /* the last 8 of these */
    uint64_t least_bit; /* marks before it are not looked at; in bits of the file, as all below */
    uint8_t filter[256];
    bool has_open;
    uint64_t open_bit; /* where the block began that has not ended yet */
    /* The checksum that a stream's end says, made from those of its blocks. */
    uint32_t combined;
    bool knows_combined;
    uint64_t outside_from; /* where the last stream ended; UINT64_MAX: inside one */
    bool has_seen_mark;    /* or begun at the start */
    bool is_over;
};

void mci_bzip2_span_release(mci_bzip2_span *span)
{
    mci_buf_release(&span->raw);
    *span = (mci_bzip2_span){ 0 };
}

bool mci_bzip2_is(mc_str start)
{
    return mci_bunzip2_likely((const uint8_t *)start.data, start.len);
}

/* ---- bits ---- */

/* n (1 to 56) bits from `bit` on; beyond the end are zeros. */
static uint64_t bits_at(mc_str raw, uint64_t bit, unsigned n)
{
    uint64_t value = 0;
    for (size_t i = 0, at = (size_t)(bit / 8); i < 8; i++, at++)
        value = value << 8 | (at < raw.len ? (unsigned char)raw.data[at] : 0);
    return value << bit % 8 >> (64 - n);
}

static uint64_t bits_of(const mci_bzip2_cutter *cutter, uint64_t file_bit, unsigned n)
{
    return bits_at(mci_buf_str(&cutter->raw), file_bit - cutter->base * 8, n);
}

/* For each byte that may stand before a mark's last one: at which shifts of the window a mark can
 * end. Bit s of the answer: the mark's last bit is bit s of the window. */
static void make_filter(uint8_t filter[256])
{
    for (unsigned s = 0; s < 8; s++) {
        filter[block_magic >> (8 - s) & 0xFF] |= (uint8_t)(1U << s);
        filter[end_magic >> (8 - s) & 0xFF] |= (uint8_t)(1U << s);
    }
}

/* A block's magic is followed by its checksum, a bit that is 0 in all that bzip2 1.0 writes, and 24
 * bits that are below the number of its symbols. */
static bool is_block_at(const mci_bzip2_cutter *cutter, uint64_t bit)
{
    uint64_t next = bits_of(cutter, bit + MAGIC_BITS + CRC_BITS, 25);
    return next < MOST_SYMBOLS;
}

/* ---- marks ---- */

static void note_gap(mci_bzip2_span *span, uint64_t bit, const char *what)
{
    if (span->gap.status == MC_OK)
        mc_fail(&span->gap, MC_SKIPPED, "bzip2 at byte %" PRIu64 ": %s", bit / 8, what);
}

static void close_block(mci_bzip2_cutter *cutter, uint64_t to, mci_bzip2_span *span)
{
    if (!cutter->has_open)
        return;
    span->blocks[span->n_blocks].from = cutter->open_bit; /* in the file, for now */
    span->blocks[span->n_blocks++].to = to;
    cutter->has_open = false;
}

static void begin_block(mci_bzip2_cutter *cutter, uint64_t bit, mci_bzip2_span *span)
{
    if (cutter->outside_from != UINT64_MAX) {
        uint64_t padded = (cutter->outside_from + 7) / 8 * 8;
        if (bit != padded + HEADER_BITS)
            note_gap(span, padded, "between two streams stands something else");
        cutter->combined = 0;
        cutter->knows_combined = true;
        cutter->outside_from = UINT64_MAX;
    }
    uint32_t crc = (uint32_t)bits_of(cutter, bit + MAGIC_BITS, CRC_BITS);
    cutter->combined = (cutter->combined << 1 | cutter->combined >> 31) ^ crc;
    cutter->has_open = true;
    cutter->open_bit = bit;
}

static void end_stream(mci_bzip2_cutter *cutter, uint64_t bit, mci_bzip2_span *span)
{
    uint32_t says = (uint32_t)bits_of(cutter, bit + MAGIC_BITS, CRC_BITS);
    bool is_empty = cutter->outside_from != UINT64_MAX;
    if (cutter->knows_combined && !is_empty && says != cutter->combined)
        note_gap(span, bit, "the stream's checksum is wrong: a block is missing or damaged");
    cutter->outside_from = bit + MAGIC_BITS + CRC_BITS;
}

/* What stands at a mark. Gives whether the span is full. */
static bool meet_mark(mci_bzip2_cutter *cutter, uint64_t bit, bool is_end, mci_bzip2_span *span)
{
    if (bit < cutter->least_bit || (!is_end && !is_block_at(cutter, bit)))
        return false;
    close_block(cutter, bit, span);
    cutter->has_seen_mark = true;
    cutter->least_bit = bit + MAGIC_BITS;
    if (is_end)
        end_stream(cutter, bit, span);
    else
        begin_block(cutter, bit, span);
    return span->n_blocks == MCI_BZIP2_SPAN_BLOCKS;
}

/* Looks at more bytes, up to `to`; true if the span is full. */
static bool scan(mci_bzip2_cutter *cutter, size_t to, mci_bzip2_span *span)
{
    while (cutter->scanned < to) {
        cutter->window = cutter->window << 8 | (unsigned char)cutter->raw.data[cutter->scanned++];
        unsigned shifts = cutter->filter[cutter->window >> 8 & 0xFF];
        bool is_full = false;
        for (unsigned s = 8; shifts && s-- > 0;) { /* the earliest first */
            if (!(shifts >> s & 1))
                continue;
            uint64_t seen = cutter->window >> s & magic_mask;
            uint64_t end = (cutter->base + cutter->scanned) * 8 - s;
            if ((seen == block_magic || seen == end_magic) && end >= MAGIC_BITS)
                is_full |= meet_mark(cutter, end - MAGIC_BITS, seen == end_magic, span);
        }
        if (is_full)
            return true;
        if (cutter->has_open && (cutter->base + cutter->scanned) * 8 - cutter->open_bit >
                                    8 * (uint64_t)MOST_BLOCK_BYTES) {
            close_block(cutter, cutter->open_bit + 8 * (uint64_t)(MOST_BLOCK_BYTES / 2), span);
            note_gap(span, cutter->open_bit, "no block follows in its place");
            if (span->n_blocks == MCI_BZIP2_SPAN_BLOCKS)
                return true;
        }
    }
    return false;
}

/* ---- reading ---- */

/* Drops what no later span needs. */
static void slide(mci_bzip2_cutter *cutter, const mci_bzip2_span *span)
{
    uint64_t keep = cutter->base + cutter->scanned - (cutter->scanned < 8 ? cutter->scanned : 8);
    if (cutter->has_open && cutter->open_bit / 8 < keep)
        keep = cutter->open_bit / 8;
    if (span->n_blocks && span->blocks[0].from / 8 < keep)
        keep = span->blocks[0].from / 8;
    size_t n = (size_t)(keep - cutter->base);
    if (n == 0)
        return;
    memmove(cutter->raw.data, cutter->raw.data + n, cutter->raw.len - n);
    cutter->raw.len -= n;
    cutter->scanned -= n;
    cutter->base = keep;
}

static mc_status read_more(mci_bzip2_cutter *cutter, const mci_bzip2_span *span, mc_error *err)
{
    slide(cutter, span);
    MC_TRY(mci_input_more(&cutter->in, err));
    MC_TRY(mci_buf_append(&cutter->raw, cutter->in.next, cutter->in.avail, err));
    mci_input_advance(&cutter->in, cutter->in.avail);
    return MC_OK;
}

/* At the end of the file nothing but zeros may stand behind the last stream. */
static void finish_file(mci_bzip2_cutter *cutter, mci_bzip2_span *span)
{
    uint64_t end = (cutter->base + cutter->raw.len) * 8;
    close_block(cutter, end, span);
    if (cutter->outside_from == UINT64_MAX) {
        if (cutter->has_seen_mark)
            note_gap(span, end, "the file ends inside a stream");
    } else {
        size_t at = (size_t)((cutter->outside_from + 7) / 8 - cutter->base);
        while (at < cutter->raw.len && cutter->raw.data[at] == 0)
            at++;
        if (at < cutter->raw.len)
            note_gap(span, (cutter->base + at) * 8, "behind the last stream stands something else");
    }
    cutter->is_over = true;
}

static mc_status fill_span(mci_bzip2_cutter *cutter, mci_bzip2_span *span, mc_error *err)
{
    for (;;) {
        bool at_end = cutter->in.at_end && cutter->in.avail == 0;
        size_t len = cutter->raw.len;
        size_t to = at_end ? len : len > LOOK_BYTES ? len - LOOK_BYTES : 0;
        if (scan(cutter, to > cutter->scanned ? to : cutter->scanned, span))
            return MC_OK;
        if (at_end) {
            finish_file(cutter, span);
            return MC_OK;
        }
        MC_TRY(read_more(cutter, span, err));
    }
}

mc_status mci_bzip2_cutter_next(mci_bzip2_cutter *cutter, mci_bzip2_span *span, mc_error *err)
{
    span->n_blocks = 0;
    span->gap = (mc_error){ 0 };
    mci_buf_clear(&span->raw);
    if (cutter->is_over)
        return MC_END;
    MC_TRY(fill_span(cutter, span, err));
    span->next_bit = cutter->has_open ? cutter->open_bit : (cutter->base + cutter->scanned) * 8;
    if (span->n_blocks == 0)
        return span->gap.status || !cutter->is_over ? MC_OK : MC_END;
    uint64_t first = span->blocks[0].from / 8, last = (span->blocks[span->n_blocks - 1].to + 7) / 8;
    for (size_t i = 0; i < span->n_blocks; i++) {
        span->blocks[i].from -= first * 8;
        span->blocks[i].to -= first * 8;
    }
    span->file_bit = first * 8;
    return mci_buf_append(&span->raw, cutter->raw.data + (first - cutter->base),
                          (size_t)(last - first), err);
}

mc_status mci_bzip2_cutter_open(const char *path, uint64_t from_bit, mci_bzip2_cutter **out,
                                mc_error *err)
{
    mci_bzip2_cutter *cutter = mci_alloc_zeroed(1, sizeof *cutter);
    if (!cutter)
        return mci_nomem(err, sizeof *cutter);
    mc_status status = mci_input_open(&cutter->in, path, err);
    if (status >= 0 && from_bit && mci_input_jump(&cutter->in, from_bit / 8) != from_bit / 8)
        status = mc_fail(err, MC_E_IO, "%s: it is shorter than it was", path);
    make_filter(cutter->filter);
    cutter->base = from_bit / 8;
    cutter->least_bit = from_bit;
    cutter->knows_combined = cutter->has_seen_mark = from_bit == 0;
    cutter->outside_from = from_bit ? UINT64_MAX : 0;
    if (status >= 0)
        *out = cutter;
    else
        mci_bzip2_cutter_close(cutter);
    return status;
}

void mci_bzip2_cutter_close(mci_bzip2_cutter *cutter)
{
    if (!cutter)
        return;
    mci_input_close(&cutter->in);
    mci_buf_release(&cutter->raw);
    mci_free(cutter);
}

uint64_t mci_bzip2_cutter_bytes_read(const mci_bzip2_cutter *cutter)
{
    return cutter->base + cutter->scanned;
}

/* ---- decoding a block ---- */

/* Writes bits behind those that are in out already: `used` of its last byte's. */
static mc_status add_bits(mci_buf *out, unsigned *used, uint64_t value, unsigned n, mc_error *err)
{
    for (; n > 0; n--) {
        if (*used == 8 || out->len == 0) {
            MC_TRY(mci_buf_byte(out, 0, err));
            *used = 0;
        }
        unsigned bit = value >> (n - 1) & 1;
        out->data[out->len - 1] = (char)(out->data[out->len - 1] | bit << (7 - *used));
        ++*used;
    }
    return MC_OK;
}

/* A stream of this one block. */
static mc_status wrap_block(const mci_bzip2_span *span, size_t i, mci_buf *out, mc_error *err)
{
    uint64_t from = span->blocks[i].from, to = span->blocks[i].to;
    mc_str raw = mci_buf_str(&span->raw);
    unsigned used = 8;
    mci_buf_clear(out);
    MC_TRY(mci_buf_add(out, mc_str_of("BZh9"), err));
    MC_TRY(mci_buf_reserve(out, (size_t)((to - from) / 8 + 32), err));
    for (; to - from >= 8; from += 8) {
        size_t at = (size_t)(from / 8);
        unsigned high = (unsigned char)raw.data[at];
        unsigned low = at + 1 < raw.len ? (unsigned char)raw.data[at + 1] : 0;
        out->data[out->len++] = (char)(((high << 8 | low) << from % 8) >> 8);
    }
    if (to > from)
        MC_TRY(add_bits(out, &used, bits_at(raw, from, (unsigned)(to - from)),
                        (unsigned)(to - from), err));
    MC_TRY(add_bits(out, &used, end_magic, MAGIC_BITS, err));
    uint64_t crc = bits_at(raw, span->blocks[i].from + MAGIC_BITS, CRC_BITS);
    return add_bits(out, &used, crc, CRC_BITS, err);
}

static mc_status unpack(mci_bunzip2 *bunzip2, mc_str stream, mci_buf *out, mc_error *err)
{
    mci_input in;
    mci_input_lend(&in, stream, SIZE_MAX);
    MC_TRY(mci_input_more(&in, err));
    mci_bunzip2_start(bunzip2);
    for (;;) {
        size_t n = 0;
        const char *why = "";
        MC_TRY(mci_buf_reserve(out, OUT_BYTES, err));
        mci_step answer =
            mci_bunzip2_step(bunzip2, &in, out->data + out->len, out->cap - out->len, &n, &why);
        out->len += n;
        if (answer == MCI_STEP_ENDED)
            return MC_OK;
        if (answer == MCI_STEP_NO_MEMORY)
            return mci_nomem(err, OUT_BYTES);
        if (answer != MCI_STEP_ON)
            return mc_fail(err, MC_SKIPPED, "%s", why);
        if (n == 0 && in.avail == 0)
            return mc_fail(err, MC_SKIPPED, "it is cut");
    }
}

mc_status mci_bzip2_decode(const mci_bzip2_span *span, size_t i, mci_buf *scratch, mci_buf *out,
                           mc_error *err)
{
    mci_bunzip2 *bunzip2 = NULL;
    size_t len = out->len;
    MC_TRY(wrap_block(span, i, scratch, err));
    MC_TRY(mci_bunzip2_new(&bunzip2, err));
    mc_status status = unpack(bunzip2, mci_buf_str(scratch), out, err);
    mci_bunzip2_free(bunzip2);
    if (status != MC_OK)
        out->len = len; /* sorted as they were packed, a damaged block's bytes say nothing */
    if (status == MC_SKIPPED)
        mc_add_context(err, status, "the bzip2 block at byte %" PRIu64,
                       (span->file_bit + span->blocks[i].from) / 8);
    return status;
}
