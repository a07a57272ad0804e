/* Which source pixels make a resized one, and with what weight, along one side: Pillow's rule, to
 * the bit. Along a side of `in` pixels that becomes one of `out`, with s = max(1, in / out), pixel
 * x is made of those whose centre is nearer than support * s to c = (x + 1/2) * in / out, weighted
 * by the filter at (centre - c) / s; weights are divided by their sum, and rounded to multiples of
 * 2^-22 where pixels are bytes. */
#ifndef MCI_MODEL_TAPS_H
#define MCI_MODEL_TAPS_H

#include "base/error.h"
#include "metaclip/image.h"

enum { MCI_TAP_BITS = 22, MCI_TAP_BLOCK = 4 };

typedef struct {
    mc_resample filter;
    uint32_t in, out;
    uint32_t from, n; /* the resized pixels that are made: from..from+n-1 */
    uint32_t most;    /* taps of one of them, at most; a multiple of MCI_TAP_BLOCK */
    /* of each, the first source pixel and how many; rows of `most`, zeros behind the last */
    uint32_t *first, *count;
    double *real;
    int32_t *fixed;
    bool fits; /* all of fixed are less than 127 * 2^16 in size */
    size_t cap;
} mci_taps;

/* Makes taps for another side, or keeps them if it is the same one. Zero-initialise it before. */
mc_status mci_taps_make(mci_taps *taps, mc_resample filter, uint32_t in, uint32_t out,
                        uint32_t from, uint32_t n, mc_error *err);
void mci_taps_release(mci_taps *taps);

/* The source pixel nearest to a resized one, along one side; in[n], of x = from..from+n-1. */
void mci_taps_nearest(uint32_t in, uint32_t out, uint32_t from, uint32_t n, uint32_t *places);

#endif
