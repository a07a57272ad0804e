/* Kernels for processors with AVX-512: vectors of sixteen. */
#ifdef __x86_64__
#include <immintrin.h>
#include <math.h>

#include "nn/cpu_train.h"

#define KERNELS          mci_cpu_avx512
#define KERNELS_NAME     "AVX-512"
#define KERNEL           __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))
#define VEC_BYTES        64
#define ROWS             14 /* of two vectors each; of 32 registers, two hold the strip's */
#define VEC_FMA(a, b, c) ((vec)_mm512_fmadd_ps(a, b, c))
#define VEC_MAX(a, b)    ((vec)_mm512_max_ps(a, b))
#define VEC_MIN(a, b)    ((vec)_mm512_min_ps(a, b))
#define VEC_INVERSE(x)   (1.0f / (x))

#include "nn/cpu_kernels.inc"

#define TRAIN_KERNELS mci_cpu_train_avx512
#define VEC_ROOT(x)   ((vec)_mm512_sqrt_ps(x))

#include "nn/cpu_train.inc"
#endif
