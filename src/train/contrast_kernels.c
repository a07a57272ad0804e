/* The kernels, thrice: plain C, for AVX2, and for AVX-512. Vectors are the compiler's, of as many
 * bytes as a register has. */
#include "train/contrast_kernels.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

/* TILE rows are computed together, over PIECE of the D numbers at a time, which a near cache holds.
 */
enum { TILE = 6, PIECE = 32, EIGHT = 8 };

_Static_assert(MCI_CONTRAST_ROWS % TILE == 0, "rows are computed by tiles");

typedef float eights __attribute__((vector_size(32), may_alias));

#define LOG2_E     1.4426950408889634
#define LN2_HIGH   6.93147180369123816490e-01
#define LN2_LOW    1.90821492927058770002e-10
#define WHOLE      6755399441055744.0 /* 1.5 * 2^52 */
#define WHOLE_BITS INT64_C(0x4338000000000000)

/* 1 / k!, from 12 down to 0. */
static const double TERMS[] = { 1.0 / 479001600,
                                1.0 / 39916800,
                                1.0 / 3628800,
                                1.0 / 362880,
                                1.0 / 40320,
                                1.0 / 5040,
                                1.0 / 720,
                                1.0 / 120,
                                1.0 / 24,
                                1.0 / 6,
                                0.5,
                                1.0,
                                1.0 };

#define KERNEL(name) plain_##name
#define KERNEL_NAME  "plain"
#define TARGET
#define BYTES 16
#define WIDTH 2
#include "train/contrast_kernels.inc"

#ifdef __x86_64__
#define KERNEL(name) avx2_##name
#define KERNEL_NAME  "avx2"
#define TARGET       __attribute__((target("avx2,fma")))
#define BYTES        32
#define WIDTH        2
#include "train/contrast_kernels.inc"

#define KERNEL(name) avx512_##name
#define KERNEL_NAME  "avx512"
#define TARGET       __attribute__((target("avx512f,avx512dq,avx2,fma")))
#define BYTES        64
#define WIDTH        4
#include "train/contrast_kernels.inc"

static const mci_contrast_kernels *const all[] = { &plain_kernels, &avx2_kernels, &avx512_kernels,
                                                   NULL };
static const mci_contrast_kernels *const up_to_avx2[] = { &plain_kernels, &avx2_kernels, NULL };
static const mci_contrast_kernels *const plain[] = { &plain_kernels, NULL };

const mci_contrast_kernels *const *mci_contrast_kernels_all(void)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return plain;
    const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
    return has_avx512 ? all : up_to_avx2;
}
#else
static const mci_contrast_kernels *const all[] = { &plain_kernels, NULL };

const mci_contrast_kernels *const *mci_contrast_kernels_all(void)
{
    return all;
}
#endif

const mci_contrast_kernels *mci_contrast_kernels_best(void)
{
    const mci_contrast_kernels *const *kernels = mci_contrast_kernels_all();
    while (kernels[1])
        kernels++;
    return *kernels;
}
