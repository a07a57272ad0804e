/* The loops of resizing that are worth writing anew for each kind of processor. All work on pixels
 * of four bytes, each channel for itself; whichever runs, the results are the same, and
 * resize_plain.c says what they are.
 *
 * Across. Four rows are taken at a time. `pack` lays them down in blocks of four pixels, in an
 * order that suits the loop; `across` makes each resized pixel out of a run of blocks. Taps are
 * laid down to suit, too: a run begins at a block, so there are zeros before the first tap and
 * behind the last.
 *
 *      rows       [ r0 ][ r1 ][ r2 ][ r3 ]        pixels 0 1 2 3 | 4 5 6 7 | 8 ...
 *      packed     block 0 of all four rows | block 1 of all four rows | ...
 *
 * Down. A resized row out of source rows, four taps at a time. */
#ifndef MCI_MODEL_RESIZE_KERNELS_H
#define MCI_MODEL_RESIZE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum {
    MCI_RESIZE_ROWS = 4,     /* that are taken across at a time */
    MCI_RESIZE_WORDS = 4,    /* of four taps, once laid down */
    MCI_RESIZE_PACKED = 128, /* bytes of a packed block, at most */
    MCI_RESIZE_SPILL = 64    /* bytes that may be written behind a resized row, and read behind
                                a source row of `down` */
};

/* One resized pixel of a row. */
typedef struct {
    uint32_t block; /* the first, counted from the first that was packed */
    uint32_t n_blocks;
    size_t word; /* where its taps begin among the words */
} mci_resize_run;

typedef struct {
    const char *name;
    void (*lay_taps)(const int32_t taps[4], int32_t words[MCI_RESIZE_WORDS]);
    void (*pack)(const uint8_t *const rows[MCI_RESIZE_ROWS], size_t n_blocks, uint8_t *to);
    /* n is rounded up to a multiple of four; runs has so many. */
    void (*across)(const uint8_t *packed, const mci_resize_run *runs, size_t n,
                   const int32_t *words, uint8_t *const to[MCI_RESIZE_ROWS]);
    /* 4 * n_blocks rows, of which n_bytes are made. */
    void (*down)(const uint8_t *const *rows, size_t n_blocks, const int32_t *words, size_t n_bytes,
                 uint8_t *to);
} mci_resize_kernels;

/* All that this processor can run, the best last; NULL behind them. */
const mci_resize_kernels *const *mci_resize_kernels_all(void);
const mci_resize_kernels *mci_resize_kernels_best(void);

extern const mci_resize_kernels mci_resize_plain;
#ifdef __x86_64__
extern const mci_resize_kernels mci_resize_avx2, mci_resize_avx512; /* 512: F, BW, VL and VNNI */
#endif

#endif
