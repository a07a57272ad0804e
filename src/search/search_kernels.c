#include <stdbool.h>

#include "search/search_kernels_internal.h"

#ifdef __x86_64__
#include <cpuid.h>

static const mci_search_kernels *const all[] = { &mci_search_kernels_plain,
                                                 &mci_search_kernels_avx2,
                                                 &mci_search_kernels_avx512, NULL };
static const mci_search_kernels *const up_to_avx2[] = { &mci_search_kernels_plain,
                                                        &mci_search_kernels_avx2, NULL };
static const mci_search_kernels *const plain[] = { &mci_search_kernels_plain, NULL };

/* clang's __builtin_cpu_supports does not know it. */
static bool has_f16c(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}

const mci_search_kernels *const *mci_search_kernels_all(void)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !has_f16c())
        return plain;
    bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
    return has_avx512 ? all : up_to_avx2;
}
#else
static const mci_search_kernels *const all[] = { &mci_search_kernels_plain, NULL };

const mci_search_kernels *const *mci_search_kernels_all(void)
{
    return all;
}
#endif

const mci_search_kernels *mci_search_kernels_best(void)
{
    const mci_search_kernels *const *kernels = mci_search_kernels_all();
    while (kernels[1])
        kernels++;
    return *kernels;
}
