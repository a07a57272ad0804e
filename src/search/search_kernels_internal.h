/* The kinds of search kernels that there are. */
#ifndef MCI_MODEL_SEARCH_KERNELS_INTERNAL_H
#define MCI_MODEL_SEARCH_KERNELS_INTERNAL_H

#include "search/search_kernels.h"

/* Before a loop over a tile, which must not remain a loop: then sums stay in registers. */
#ifdef __clang__
#define MCI_UNROLL _Pragma("unroll")
#else
#define MCI_UNROLL _Pragma("GCC unroll 4")
#endif

extern const mci_search_kernels mci_search_kernels_plain;

#ifdef __x86_64__
extern const mci_search_kernels mci_search_kernels_avx2;   /* with FMA and F16C: since 2013 */
extern const mci_search_kernels mci_search_kernels_avx512; /* F and DQ: since 2017 */
#endif

#endif
