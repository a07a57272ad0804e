/* The kinds of kernels that there are. */
#ifndef MCI_TEXT_KERNELS_INTERNAL_H
#define MCI_TEXT_KERNELS_INTERNAL_H

#include "text/kernels.h"

extern const mci_kernels mci_kernels_plain;

#ifdef __x86_64__
extern const mci_kernels mci_kernels_sse2;   /* every such processor */
extern const mci_kernels mci_kernels_avx512; /* F, BW, VL, BMI2 and POPCNT: since 2017 */
#endif

#endif
