/* cpu_vector.inc as files with AMX have it: vectors of sixteen. */
#ifndef MCI_NN_AMX_VECTOR_H
#define MCI_NN_AMX_VECTOR_H

#include "nn/amx_internal.h"

#define KERNEL           AMX
#define VEC_BYTES        64
#define VEC_FMA(a, b, c) ((vec)_mm512_fmadd_ps(a, b, c))
#define VEC_MAX(a, b)    ((vec)_mm512_max_ps(a, b))
#define VEC_MIN(a, b)    ((vec)_mm512_min_ps(a, b))
#define VEC_INVERSE(x)   amx_inverse_of(x)

/* An estimate to 14 bits and one step of Newton's. */
AMX_INLINE __m512 amx_inverse_of(__m512 x)
{
    __m512 y = _mm512_rcp14_ps(x);
    return _mm512_mul_ps(y, _mm512_fnmadd_ps(x, y, _mm512_set1_ps(2.0f)));
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

#endif
