/* Whether AMX may be used, and how values come into its forms. */
#include "nn/cpu_internal.h"

#ifdef __x86_64__
#include <cpuid.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/dtype.h"
#include "nn/amx_internal.h"

/* ---- the processor's and the system's leave ---- */

enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 }; /* arch_prctl(2): ARCH_REQ_XCOMP_PERM */

/* CPUID leaf 7: bit 22 of edx is AMX-BF16, bit 24 AMX-TILE. */
static bool processor_has_amx(void)
{
    unsigned a, b, c, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1) && (d >> 24 & 1) &&
           __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("bmi2");
}

/* A thread's tiles take 8 KiB where the system keeps its registers, which it gives to those only
 * who ask; once is enough for the process, and asking again is no harm. */
const mci_amx *mci_amx_if_usable(void)
{
    if (!processor_has_amx() || syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) != 0)
        return NULL;
    return &mci_amx_functions;
}

/* ---- rows and strips ---- */

AMX static void put_row(mci_nn_tensor *y, size_t row, const float *values)
{
    for (size_t line = 0; line < y->n_lines; line++, values += MCI_LINE)
        _mm512_store_si512(mci_line_bf16(y, row, line),
                           amx_bf16_of(_mm512_loadu_ps(values), _mm512_loadu_ps(values + 16)));
}

/* 16 columns of up to 32 k each, which lie one after the other. */
AMX static void pack_rows(char *tile, const float *w, size_t row_step, size_t n_columns, size_t n_k)
{
    __m512i r[16];
    __mmask32 mask = (__mmask32)_bzhi_u64(UINT32_MAX, (uint32_t)n_k);
    for (size_t i = 0; i < 16; i++) {
        const float *row = w + i * row_step;
        r[i] = i < n_columns ? amx_bf16_of(_mm512_maskz_loadu_ps((__mmask16)mask, row),
                                           _mm512_maskz_loadu_ps((__mmask16)(mask >> 16), row + 16))
                             : _mm512_setzero_si512();
    }
    amx_transpose(r, tile);
}

/* The same where k lie apart. */
static void pack_columns(char *tile, const float *w, size_t row_step, size_t column_step,
                         size_t n_columns, size_t n_k)
{
    for (size_t n = 0; n < n_columns; n++)
        for (size_t k = 0; k < n_k; k++) {
            uint16_t bits = mci_bf16_of(w[n * row_step + k * column_step]);
            memcpy(tile + k / 2 * 64 + n * 4 + k % 2 * 2, &bits, sizeof bits);
        }
}

static void pack_strip(char *strip, const float *w, size_t row_step, size_t column_step,
                       size_t n_columns, size_t K)
{
    for (size_t k = 0; k < K; k += MCI_LINE)
        for (size_t n = 0; n < MCI_LINE; n += 16, strip += MCI_TILE_BYTES) {
            size_t n_k = K - k < MCI_LINE ? K - k : MCI_LINE;
            size_t n_left = n_columns > n ? n_columns - n : 0, n_here = n_left < 16 ? n_left : 16;
            const float *corner = w + n * row_step + k * column_step;
            if (n_here == 0)
                continue; /* zero it is from birth */
            if (column_step == 1)
                pack_rows(strip, corner, row_step, n_here, n_k);
            else
                pack_columns(strip, corner, row_step, column_step, n_here, n_k);
        }
}

const mci_amx mci_amx_functions = {
    .put_row = put_row,
    .pack_strip = pack_strip,
    .linear = mci_amx_linear,
    .attention_bytes = mci_amx_attention_bytes,
    .attention = mci_amx_attention,
    .train = &mci_amx_training,
};

#else

const mci_amx *mci_amx_if_usable(void)
{
    return NULL;
}

#endif
