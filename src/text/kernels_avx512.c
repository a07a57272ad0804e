/* AVX-512: 64 bytes, or 16 ids, at a time, and masks where a number is not known beforehand. */
#include "text/kernels_internal.h"

#ifdef __x86_64__
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,bmi,bmi2,popcnt")))

/* ---- laying ---- */

AVX512 static void lay(char *to, const char *from, size_t n)
{
    const __m512i ends = _mm512_set1_epi8(MCI_TEXT_END), spaces = _mm512_set1_epi8(' ');
    for (size_t at = 0; at < n; at += 64) {
        size_t left = n - at;
        __mmask64 mask = left >= 64 ? ~UINT64_C(0) : _bzhi_u64(~UINT64_C(0), (uint32_t)left);
        __m512i bytes = _mm512_maskz_loadu_epi8(mask, from + at); /* reads what is in the mask */
        bytes = _mm512_mask_mov_epi8(bytes, _mm512_cmpeq_epi8_mask(bytes, ends), spaces);
        _mm512_storeu_si512(to + at, bytes);
    }
}

/* ---- ends of tokens ---- */

/* A byte ends a token if the tables of its lower and upper four bits have a bit in common: 1 for
 * 09 0A 0D, 2 for 20 21 2C 2E, 4 for 3A 3B 3F, 8 for 60. */
AVX512 static inline uint64_t ends64(__m512i bytes)
{
    const __m512i of_lower = _mm512_broadcast_i32x4(
        _mm_setr_epi8(2 | 8, 2, 0, 0, 0, 0, 0, 0, 0, 1, 1 | 4, 4, 2, 1, 2, 4));
    const __m512i of_upper =
        _mm512_broadcast_i32x4(_mm_setr_epi8(1, 0, 2, 4, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    __m512i upper = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), _mm512_set1_epi8(15));
    /* Where a byte is 80 or more the shuffle gives 0. */
    return _mm512_test_epi8_mask(_mm512_shuffle_epi8(of_lower, bytes),
                                 _mm512_shuffle_epi8(of_upper, upper));
}

AVX512 static inline uint32_t *put_places(uint32_t *to, uint64_t mask, size_t at)
{
    const __m512i first = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m512i places = _mm512_add_epi32(first, _mm512_set1_epi32((int)at));
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi32((__mmask16)mask, places));
    return to + _mm_popcnt_u32((uint16_t)mask);
}

AVX512 static size_t find_ends(const char *bytes, size_t n, uint32_t *ends)
{
    uint32_t *to = ends;
    for (size_t at = 0; at < n; at += 64) {
        uint64_t mask = ends64(_mm512_loadu_si512(bytes + at));
        if (n - at < 64)
            mask = _bzhi_u64(mask, (uint32_t)(n - at));
        for (size_t i = 0; i < 64; i += 16)
            to = put_places(to, mask >> i, at + i);
    }
    return (size_t)(to - ends);
}

/* ---- ids ---- */

/* Compares and exchanges: lane i with lane i ^ distance, `upper` lanes get the greater one. */
AVX512 static inline __m512i exchange(__m512i ids, int distance, __mmask16 upper)
{
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m512i partners = _mm512_xor_si512(lanes, _mm512_set1_epi32(distance));
    __m512i others = _mm512_permutexvar_epi32(partners, ids);
    return _mm512_mask_max_epu32(_mm512_min_epu32(ids, others), upper, ids, others);
}

/* Sorts what first ascends and then descends. */
AVX512 static inline __m512i merge16(__m512i ids)
{
    ids = exchange(ids, 8, 0xFF00);
    ids = exchange(ids, 4, 0xF0F0);
    ids = exchange(ids, 2, 0xCCCC);
    return exchange(ids, 1, 0xAAAA);
}

/* Batcher's bitonic network (1968): runs of 2, 4, 8 and 16 ids are merged. */
AVX512 static inline __m512i sort16(__m512i ids)
{
    ids = exchange(ids, 1, 0xAAAA);
    ids = exchange(ids, 3, 0xCCCC);
    ids = exchange(ids, 1, 0xAAAA);
    ids = exchange(ids, 7, 0xF0F0);
    ids = exchange(ids, 2, 0xCCCC);
    ids = exchange(ids, 1, 0xAAAA);
    ids = exchange(ids, 15, 0xFF00);
    ids = exchange(ids, 4, 0xF0F0);
    ids = exchange(ids, 2, 0xCCCC);
    return exchange(ids, 1, 0xAAAA);
}

/* Writes what differs from what is before it, and is an id; the last of `before` is before it. */
AVX512 static inline uint32_t *put16(uint32_t *to, __m512i before, __m512i ids)
{
    __m512i shifted = _mm512_alignr_epi32(ids, before, 15);
    __mmask16 is_id = _mm512_cmpneq_epu32_mask(ids, _mm512_set1_epi32(-1));
    __mmask16 is_new = _mm512_mask_cmpneq_epu32_mask(is_id, ids, shifted);
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(is_new, ids));
    return to + _mm_popcnt_u32(is_new);
}

/* As sorted sixteens; behind the ids, UINT32_MAX, which is none. */
AVX512 static inline size_t put32(uint32_t *to, __m512i first, __m512i second)
{
    const __m512i back = _mm512_setr_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    second = _mm512_permutexvar_epi32(back, second);
    __m512i less = merge16(_mm512_min_epu32(first, second));
    __m512i more = merge16(_mm512_max_epu32(first, second));
    uint32_t *end = put16(put16(to, _mm512_set1_epi32(-1), less), less, more);
    return (size_t)(end - to);
}

/* The ids of up to 16 tokens, in the first lanes; UINT32_MAX behind them. */
AVX512 static inline __m512i take16(const uint32_t *ids_plus_1, size_t n, unsigned *n_ids)
{
    __mmask16 mask = (__mmask16)_bzhi_u32(0xFFFF, (uint32_t)n);
    __m512i ids = _mm512_maskz_loadu_epi32(mask, ids_plus_1);
    __mmask16 is_id = _mm512_test_epi32_mask(ids, ids);
    *n_ids = (unsigned)_mm_popcnt_u32(is_id);
    return _mm512_sub_epi32(_mm512_maskz_compress_epi32(is_id, ids), _mm512_set1_epi32(1));
}

AVX512 static size_t collect_more(const uint32_t *of_tokens, const uint32_t *of_pairs, size_t n,
                                  const uint32_t *more, size_t n_more, uint32_t *to)
{
    const __m512i none = _mm512_set1_epi32(-1);
    uint32_t ids[3 * MCI_COLLECT_IDS + 32], *end = ids;
    unsigned n_ids;
    if (n > MCI_COLLECT_IDS || n_more > MCI_COLLECT_IDS)
        return MCI_NOT_COLLECTED;
    for (size_t i = 0; i < n; i += 16, end += n_ids)
        _mm512_storeu_si512(end, take16(of_tokens + i, n - i, &n_ids));
    for (size_t i = 0; i < n; i += 16, end += n_ids)
        _mm512_storeu_si512(end, take16(of_pairs + i, n - i, &n_ids));
    for (size_t i = 0; i < n_more; i++)
        *end++ = more[i];
    if (end - ids > MCI_COLLECT_IDS)
        return MCI_NOT_COLLECTED;
    for (size_t i = 0; i < 32; i += 16)
        _mm512_storeu_si512(end + i, none);
    return put32(to, sort16(_mm512_loadu_si512(ids)), sort16(_mm512_loadu_si512(ids + 16)));
}

/* Most texts stay in registers: what was just written in pieces is slow to load whole. */
AVX512 static size_t collect(const uint32_t *of_tokens, const uint32_t *of_pairs, size_t n,
                             const uint32_t *more, size_t n_more, uint32_t *to)
{
    unsigned n_first, n_second;
    if (n > 16 || n_more > 16)
        return collect_more(of_tokens, of_pairs, n, more, n_more, to);
    __m512i first = take16(of_tokens, n, &n_first), second = take16(of_pairs, n, &n_second);
    if (n_more) {
        uint32_t mask = _bzhi_u32(0xFFFFFFFF, (uint32_t)n_more) << n_second;
        if (mask > 0xFFFF)
            return collect_more(of_tokens, of_pairs, n, more, n_more, to);
        second = _mm512_mask_expandloadu_epi32(second, (__mmask16)mask, more);
        n_second += (unsigned)n_more;
    }
    if (n_first + n_second > 16)
        return put32(to, sort16(first), sort16(second));
    __mmask16 behind = (__mmask16)(0xFFFFu << n_first);
    __m512i ids = sort16(_mm512_mask_expand_epi32(first, behind, second));
    return (size_t)(put16(to, _mm512_set1_epi32(-1), ids) - to);
}

const mci_kernels mci_kernels_avx512 = {
    .name = "avx512", .lay = lay, .find_ends = find_ends, .collect = collect
};
#endif
