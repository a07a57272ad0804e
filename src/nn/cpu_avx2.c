/* Kernels for processors with AVX2 and FMA: vectors of eight. */
#ifdef __x86_64__
#include <immintrin.h>
#include <math.h>

#include "nn/cpu_train.h"

#define KERNELS          mci_cpu_avx2
#define KERNELS_NAME     "AVX2"
#define KERNEL           __attribute__((target("avx2,fma")))
#define VEC_BYTES        32
#define ROWS             3 /* of four vectors each; of 16 registers, four hold the strip's */
#define VEC_FMA(a, b, c) ((vec)_mm256_fmadd_ps(a, b, c))
#define VEC_MAX(a, b)    ((vec)_mm256_max_ps(a, b))
#define VEC_MIN(a, b)    ((vec)_mm256_min_ps(a, b))
#define VEC_INVERSE(x)   (1.0f / (x))

#include "nn/cpu_kernels.inc"

#define TRAIN_KERNELS mci_cpu_train_avx2
#define VEC_ROOT(x)   ((vec)_mm256_sqrt_ps(x))

#include "nn/cpu_train.inc"
#endif
