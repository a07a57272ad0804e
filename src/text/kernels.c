#include <stdbool.h>

#include "text/kernels_internal.h"

#ifdef __x86_64__
static const mci_kernels *const all[] = { &mci_kernels_plain, &mci_kernels_sse2,
                                          &mci_kernels_avx512, NULL };
static const mci_kernels *const without_avx512[] = { &mci_kernels_plain, &mci_kernels_sse2, NULL };

const mci_kernels *const *mci_kernels_all(void)
{
    bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi2") &&
                      __builtin_cpu_supports("popcnt");
    return has_avx512 ? all : without_avx512;
}
#else
static const mci_kernels *const all[] = { &mci_kernels_plain, NULL };

const mci_kernels *const *mci_kernels_all(void)
{
    return all;
}
#endif

const mci_kernels *mci_kernels_best(void)
{
    const mci_kernels *const *kernels = mci_kernels_all();
    while (kernels[1])
        kernels++;
    return *kernels;
}
