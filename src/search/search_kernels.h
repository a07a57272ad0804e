/* The arithmetic of searching. Whichever kernels run, the results are the same bits: the order in
 * which a product is summed is part of what it is.
 *
 * The product of two rows of D numbers has 16 lanes. Lane j begins with 0 and takes
 *
 *     lane[j] = fma(a[i + j], b[i + j], lane[j])      for i = 0, 16, 32, ...
 *
 * where there is such a place; then upper halves are added to lower ones, 8 + 8, 4 + 4, 2 + 2,
 * 1 + 1. So one register of AVX-512 holds the lanes, or two of AVX2, or an array. */
#ifndef MCI_MODEL_SEARCH_KERNELS_H
#define MCI_MODEL_SEARCH_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum { MCI_SEARCH_LANES = 16 };

typedef struct {
    const char *name;
    /* out[q * R + r] = product of row r and query q.
     *   rows     f32 [R, D], R >= 1, aligned as floats are
     *   queries  f32 [Q, stride], Q >= 1; stride is a multiple of 16 and at least D */
    void (*products)(const float *rows, size_t R, size_t D, const float *queries, size_t Q,
                     size_t stride, float *out);
    /* out[r] = product of row r with itself. */
    void (*squares)(const float *rows, size_t R, size_t D, float *out);
    /* Numbers of binary16 as f32, exactly; what is none becomes a quiet one of the same kind. */
    void (*widen)(const uint16_t *halves, size_t n, float *out);
} mci_search_kernels;

/* All that this processor can run, the best last; NULL behind them. */
const mci_search_kernels *const *mci_search_kernels_all(void);
const mci_search_kernels *mci_search_kernels_best(void);

#endif
