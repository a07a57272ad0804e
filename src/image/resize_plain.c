/* What resizing gives. Sums are of bytes times multiples of 2^-22, to which a half is added; what
 * is below 0 or above 255 is cut. */
#include <stdbool.h>
#include <string.h>

#include "image/resize_kernels.h"
#include "image/taps.h"

static void lay_taps(const int32_t taps[4], int32_t words[MCI_RESIZE_WORDS])
{
    memcpy(words, taps, 4 * sizeof *taps);
}

/* Block for block the four rows, 16 bytes each. */
static void pack(const uint8_t *const rows[MCI_RESIZE_ROWS], size_t n_blocks, uint8_t *to)
{
    for (size_t i = 0; i < n_blocks; i++)
        for (size_t r = 0; r < MCI_RESIZE_ROWS; r++, to += 16)
            memcpy(to, rows[r] + 16 * i, 16);
}

static uint8_t byte_of(int32_t sum)
{
    int32_t value = sum >> MCI_TAP_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void across(const uint8_t *packed, const mci_resize_run *runs, size_t n,
                   const int32_t *words, uint8_t *const to[MCI_RESIZE_ROWS])
{
    for (size_t i = 0; i < n; i++) {
        const uint8_t *blocks = packed + (size_t)runs[i].block * 64;
        const int32_t *taps = words + runs[i].word;
        for (size_t r = 0; r < MCI_RESIZE_ROWS; r++)
            for (size_t c = 0; c < 4; c++) {
                int32_t sum = 1 << (MCI_TAP_BITS - 1);
                for (size_t k = 0; k < 4 * (size_t)runs[i].n_blocks; k++)
                    sum += taps[k] * blocks[k / 4 * 64 + r * 16 + k % 4 * 4 + c];
                to[r][4 * i + c] = byte_of(sum);
            }
    }
}

static void down(const uint8_t *const *rows, size_t n_blocks, const int32_t *words, size_t n_bytes,
                 uint8_t *to)
{
    for (size_t i = 0; i < n_bytes; i++) {
        int32_t sum = 1 << (MCI_TAP_BITS - 1);
        for (size_t k = 0; k < 4 * n_blocks; k++)
            sum += words[k] * rows[k][i];
        to[i] = byte_of(sum);
    }
}

const mci_resize_kernels mci_resize_plain = { "plain", lay_taps, pack, across, down };

/* ---- which there are ---- */

#ifdef __x86_64__
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}

const mci_resize_kernels *const *mci_resize_kernels_all(void)
{
    static const mci_resize_kernels *const all[] = { &mci_resize_plain, &mci_resize_avx2,
                                                     &mci_resize_avx512, NULL };
    static const mci_resize_kernels *const some[] = { &mci_resize_plain, &mci_resize_avx2, NULL };
    static const mci_resize_kernels *const one[] = { &mci_resize_plain, NULL };
    return has_avx512() ? all : has_avx2() ? some : one;
}
#else
const mci_resize_kernels *const *mci_resize_kernels_all(void)
{
    static const mci_resize_kernels *const one[] = { &mci_resize_plain, NULL };
    return one;
}
#endif

const mci_resize_kernels *mci_resize_kernels_best(void)
{
    const mci_resize_kernels *const *kernels = mci_resize_kernels_all();
    while (kernels[1])
        kernels++;
    return *kernels;
}
