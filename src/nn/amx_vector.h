/* cpu_vector.inc as files with AMX have it: vectors of sixteen, and results of bf16. */
#ifndef MCI_NN_AMX_VECTOR_H
#define MCI_NN_AMX_VECTOR_H

#include <math.h>

#include "nn/amx_internal.h"

#define KERNEL           AMX
#define VEC_BYTES        64
#define VEC_FMA(a, b, c) ((vec)_mm512_fmadd_ps(a, b, c))
#define VEC_MAX(a, b)    ((vec)_mm512_max_ps(a, b))
#define VEC_MIN(a, b)    ((vec)_mm512_min_ps(a, b))
#define VEC_INVERSE(x)   ((vec)_mm512_rcp14_ps(x))
#define VEC_EXP(x)       amx_exp_of(x)

/* e^x = 2^t = 2^(whole part) 2^u, the last by a polynomial that is within 3e-6 for u from 0 to 1.
 * As the estimate of 1 / x (within 2^-14), this is far finer than the bf16 that it ends as. */
AMX_INLINE __m512 amx_exp_of(__m512 x)
{
    const __m512 t = _mm512_mul_ps(x, _mm512_set1_ps(1.44269504f));
    const __m512 u = _mm512_reduce_ps(t, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    __m512 p = _mm512_set1_ps(0.0135341706f);
    p = _mm512_fmadd_ps(p, u, _mm512_set1_ps(0.0520114638f));
    p = _mm512_fmadd_ps(p, u, _mm512_set1_ps(0.241442755f));
    p = _mm512_fmadd_ps(p, u, _mm512_set1_ps(0.693003833f));
    p = _mm512_fmadd_ps(p, u, _mm512_set1_ps(1.00000262f));
    return _mm512_scalef_ps(p, t);
}

#include "nn/cpu_vector.inc"

/* 32 bf16 as two vectors. */
AMX_INLINE void amx_widen_bits(__m512i bits, vec *first, vec *second)
{
    const __m256i upper = _mm512_extracti64x4_epi64(bits, 1);
    *first = (vec)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_castsi512_si256(bits)), 16);
    *second = (vec)_mm512_slli_epi32(_mm512_cvtepu16_epi32(upper), 16);
}

AMX_INLINE void amx_widen(const char *from, vec *first, vec *second)
{
    amx_widen_bits(_mm512_loadu_si512(from), first, second);
}

/* ---- attention, forward and back ---- */

/* Of 16 scores from vector i on, those of the n keys that are seen. */
AMX_INLINE __mmask16 amx_seen(size_t n, size_t i)
{
    return (__mmask16)amx_first_bits(n > i * 16 ? n - i * 16 : 0);
}

/* Of n scores; what stands behind them may be anything. */
AMX_INLINE __m512 amx_largest(const float *scores, size_t n)
{
    __m512 max = _mm512_set1_ps(-INFINITY);
    for (size_t i = 0; i * 16 < n; i++)
        max = _mm512_mask_max_ps(max, amx_seen(n, i), max, _mm512_load_ps(scores + i * 16));
    return _mm512_set1_ps(_mm512_reduce_max_ps(max));
}

/* e^(score - the largest) of vector i; 0 of what is not seen. */
AMX_INLINE __m512 amx_weigh(const float *scores, size_t n, size_t i, __m512 largest, float scale)
{
    const __m512 score = _mm512_sub_ps(_mm512_load_ps(scores + i * 16), largest);
    return _mm512_maskz_mov_ps(amx_seen(n, i),
                               amx_exp_of(_mm512_mul_ps(score, _mm512_set1_ps(scale))));
}

/* Asks for a head's part of a row of Q, K and V, of K columns each: rows lie too far apart for
 * prefetchers. */
AMX_INLINE void amx_ask_for_head(const mci_nn_tensor *qkv, size_t row, size_t K, size_t head,
                                 size_t D)
{
    for (size_t part = 0; part < 3; part++)
        for (size_t d = 0; d < D; d += MCI_LINE)
            _mm_prefetch(mci_line_bf16(qkv, row, 0) + 2 * (part * K + head * D + d), _MM_HINT_T1);
}

#endif
