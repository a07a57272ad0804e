/* A bzip2 file cut into blocks, which decode without each other, so that all cores can share one
 * file, whether it is one stream or many ("multistream").
 *
 *     BZh9 | block | block | end | BZh9 | block | end        a block begins with the 48 bits
 *            ^------ at any bit                              0x314159265359, an end 0x177245385090
 *
 * The cutter looks for these bits; a worker puts a header and an end around the bits of one block
 * and has libbz2 decode that. Inside a block the 48 bits stand by chance once in some 10^14 bits;
 * what follows them is then looked at, too. Memory: some blocks of at most 900 kB. */
#ifndef MCI_IO_BZIP2_BLOCKS_H
#define MCI_IO_BZIP2_BLOCKS_H

#include "base/buf.h"
#include "base/error.h"

/* Some blocks that follow each other. Zero-initialise, release at the end. */
enum { MCI_BZIP2_SPAN_BLOCKS = 2 };
typedef struct {
    mci_buf raw; /* bytes of the file */
    struct {
        uint64_t from, to; /* in bits from the start of raw */
    } blocks[MCI_BZIP2_SPAN_BLOCKS];
    size_t n_blocks;
    uint64_t file_bit; /* where raw starts in the file, in bits */
    uint64_t next_bit; /* where the span after this one starts; for mci_bzip2_cutter_open */
    mc_error gap;      /* status MC_SKIPPED: what is wrong with the file up to next_bit */
} mci_bzip2_span;

void mci_bzip2_span_release(mci_bzip2_span *span);

typedef struct mci_bzip2_cutter mci_bzip2_cutter;

/* Whether the bytes that a file starts with (10 suffice) are bzip2's. */
bool mci_bzip2_is(mc_str start);

/* from_bit: 0, or the next_bit of a span of this file. Errors: MC_E_IO. */
mc_status mci_bzip2_cutter_open(const char *path, uint64_t from_bit, mci_bzip2_cutter **out,
                                mc_error *err);
void mci_bzip2_cutter_close(mci_bzip2_cutter *cutter);
/* The next span, whose buffers are used again; it may hold no block but a gap. MC_END: nothing is
 * left. */
mc_status mci_bzip2_cutter_next(mci_bzip2_cutter *cutter, mci_bzip2_span *span, mc_error *err);
uint64_t mci_bzip2_cutter_bytes_read(const mci_bzip2_cutter *cutter);

/* Appends what block i of the span holds; scratch is memory. MC_SKIPPED with err: it is damaged,
 * and nothing is appended. Errors: MC_E_NOMEM. */
mc_status mci_bzip2_decode(const mci_bzip2_span *span, size_t i, mci_buf *scratch, mci_buf *out,
                           mc_error *err);

#endif
