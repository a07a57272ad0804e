/* Resizing with AVX-512 and its products of bytes (VNNI), four at once and added up. A tap is
 * a * 2^16 + b * 2^8 + c, each a signed byte; sums of a, b and c are put together at the end. All
 * is modulo 2^32, as the plain sums are, which fit. A block, packed, is of each row the reds of
 * four pixels, then greens, blues, and fourth channels. */
#ifdef __x86_64__
#include <immintrin.h>

#include "image/resize_kernels.h"
#include "image/taps.h"

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

enum { BLOCK_BYTES = 64 };

static void lay_taps(const int32_t taps[4], int32_t words[MCI_RESIZE_WORDS])
{
    uint32_t parts[3] = { 0 };
    for (int k = 0; k < 4; k++) {
        int32_t rest = taps[k];
        for (int part = 2; part >= 0; part--) {
            int8_t byte = (int8_t)(rest & 0xFF);
            parts[part] |= (uint32_t)(uint8_t)byte << (8 * k);
            rest = (rest - byte) / 256;
        }
    }
    words[0] = (int32_t)parts[0];
    words[1] = (int32_t)parts[1];
    words[2] = (int32_t)parts[2];
    words[3] = 0;
}

AVX512 static void pack(const uint8_t *const rows[MCI_RESIZE_ROWS], size_t n_blocks, uint8_t *to)
{
    const __m512i order =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    for (size_t i = 0; i < n_blocks; i++, to += BLOCK_BYTES) {
        __m512i pixels =
            _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(rows[0] + 16 * i)));
        pixels =
            _mm512_inserti32x4(pixels, _mm_loadu_si128((const __m128i *)(rows[1] + 16 * i)), 1);
        pixels =
            _mm512_inserti32x4(pixels, _mm_loadu_si128((const __m128i *)(rows[2] + 16 * i)), 2);
        pixels =
            _mm512_inserti32x4(pixels, _mm_loadu_si128((const __m128i *)(rows[3] + 16 * i)), 3);
        _mm512_storeu_si512(to, _mm512_shuffle_epi8(pixels, order));
    }
}

AVX512 static inline __m512i sum_of(__m512i a, __m512i b, __m512i c)
{
    __m512i half = _mm512_set1_epi32(1 << (MCI_TAP_BITS - 1));
    __m512i sum = _mm512_add_epi32(_mm512_slli_epi32(a, 16), _mm512_slli_epi32(b, 8));
    sum = _mm512_add_epi32(sum, _mm512_add_epi32(c, half));
    return _mm512_srai_epi32(sum, MCI_TAP_BITS);
}

AVX512 static inline __m512i across_one(const uint8_t *packed, const mci_resize_run *run,
                                        const int32_t *words)
{
    __m512i a = _mm512_setzero_si512(), b = a, c = a;
    const uint8_t *block = packed + (size_t)run->block * BLOCK_BYTES;
    words += run->word;
    for (uint32_t k = 0; k < run->n_blocks; k++, block += BLOCK_BYTES, words += 4) {
        __m512i pixels = _mm512_loadu_si512(block);
        a = _mm512_dpbusd_epi32(a, pixels, _mm512_set1_epi32(words[0]));
        b = _mm512_dpbusd_epi32(b, pixels, _mm512_set1_epi32(words[1]));
        c = _mm512_dpbusd_epi32(c, pixels, _mm512_set1_epi32(words[2]));
    }
    return sum_of(a, b, c);
}

AVX512 static void across(const uint8_t *packed, const mci_resize_run *runs, size_t n,
                          const int32_t *words, uint8_t *const to[MCI_RESIZE_ROWS])
{
    for (size_t i = 0; i < n; i += 4) {
        __m512i front = _mm512_packs_epi32(across_one(packed, &runs[i], words),
                                           across_one(packed, &runs[i + 1], words));
        __m512i back = _mm512_packs_epi32(across_one(packed, &runs[i + 2], words),
                                          across_one(packed, &runs[i + 3], words));
        __m512i bytes = _mm512_packus_epi16(front, back);
        _mm_storeu_si128((__m128i *)(to[0] + 4 * i), _mm512_castsi512_si128(bytes));
        _mm_storeu_si128((__m128i *)(to[1] + 4 * i), _mm512_extracti32x4_epi32(bytes, 1));
        _mm_storeu_si128((__m128i *)(to[2] + 4 * i), _mm512_extracti32x4_epi32(bytes, 2));
        _mm_storeu_si128((__m128i *)(to[3] + 4 * i), _mm512_extracti32x4_epi32(bytes, 3));
    }
}

/* The taps of four rows on 64 bytes, in the order that unpacking gives. */
AVX512 static inline void add_rows(const uint8_t *const rows[4], size_t at, const int32_t *words,
                                   __m512i a[4], __m512i b[4], __m512i c[4])
{
    __m512i r0 = _mm512_loadu_si512(rows[0] + at), r1 = _mm512_loadu_si512(rows[1] + at);
    __m512i r2 = _mm512_loadu_si512(rows[2] + at), r3 = _mm512_loadu_si512(rows[3] + at);
    __m512i front0 = _mm512_unpacklo_epi8(r0, r1), front1 = _mm512_unpacklo_epi8(r2, r3);
    __m512i back0 = _mm512_unpackhi_epi8(r0, r1), back1 = _mm512_unpackhi_epi8(r2, r3);
    __m512i fours[4] = { _mm512_unpacklo_epi16(front0, front1),
                         _mm512_unpackhi_epi16(front0, front1), _mm512_unpacklo_epi16(back0, back1),
                         _mm512_unpackhi_epi16(back0, back1) };
    for (int q = 0; q < 4; q++) {
        a[q] = _mm512_dpbusd_epi32(a[q], fours[q], _mm512_set1_epi32(words[0]));
        b[q] = _mm512_dpbusd_epi32(b[q], fours[q], _mm512_set1_epi32(words[1]));
        c[q] = _mm512_dpbusd_epi32(c[q], fours[q], _mm512_set1_epi32(words[2]));
    }
}

AVX512 static void down(const uint8_t *const *rows, size_t n_blocks, const int32_t *words,
                        size_t n_bytes, uint8_t *to)
{
    for (size_t i = 0; i < n_bytes; i += 64) {
        __m512i zero = _mm512_setzero_si512();
        __m512i a[4] = { zero, zero, zero, zero }, b[4] = { zero, zero, zero, zero },
                c[4] = { zero, zero, zero, zero };
        for (size_t k = 0; k < n_blocks; k++)
            add_rows(rows + 4 * k, i, words + 4 * k, a, b, c);
        __m512i front = _mm512_packs_epi32(sum_of(a[0], b[0], c[0]), sum_of(a[1], b[1], c[1]));
        __m512i back = _mm512_packs_epi32(sum_of(a[2], b[2], c[2]), sum_of(a[3], b[3], c[3]));
        _mm512_storeu_si512(to + i, _mm512_packus_epi16(front, back));
    }
}

const mci_resize_kernels mci_resize_avx512 = { "avx512", lay_taps, pack, across, down };
#else
typedef int mci_no_avx512; /* an empty file is no C */
#endif
