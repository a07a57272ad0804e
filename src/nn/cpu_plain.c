/* Kernels for any processor: vectors of four, which compilers make of what there is. */
#include <math.h>

#include "nn/cpu_train.h"

#define KERNELS      mci_cpu_plain
#define KERNELS_NAME "plain"
#define KERNEL
#define VEC_BYTES        16
#define ROWS             2
#define VEC_FMA(a, b, c) ((a) * (b) + (c))
#define VEC_MAX(a, b)    larger(a, b)
#define VEC_MIN(a, b)    (-larger(-(a), -(b)))
#define VEC_INVERSE(x)   (1.0f / (x))

typedef float four_floats __attribute__((vector_size(16)));
typedef int four_ints __attribute__((vector_size(16)));

static inline four_floats larger(four_floats a, four_floats b)
{
    four_ints is_a = a > b;
    return (four_floats)(((four_ints)a & is_a) | ((four_ints)b & ~is_a));
}

#include "nn/cpu_kernels.inc"

#define TRAIN_KERNELS mci_cpu_train_plain
#define VEC_ROOT(x)   root_of(x)

static inline four_floats root_of(four_floats x)
{
    for (int i = 0; i < 4; i++)
        x[i] = sqrtf(x[i]);
    return x;
}

#include "nn/cpu_train.inc"
