/* Resizing with AVX2. A tap is h * 2^11 + l, both of 16 bits, so that two taps at once are one
 * multiply-add of pairs; sums of h and of l are put together at the end. All is modulo 2^32, as the
 * plain sums are, which fit. A block, packed, is bytes widened to pairs of 16 bits:
 *
 *      pixels 0 and 1 of rows 0, 1 | of rows 2, 3 | pixels 2 and 3 of rows 0, 1 | of rows 2, 3 */
#ifdef __x86_64__
#include <immintrin.h>

#include "image/resize_kernels.h"
#include "image/taps.h"

#define AVX2 __attribute__((target("avx2")))

enum { LOW_BITS = 11 };

static int32_t pair(int32_t first, int32_t second)
{
    return (int32_t)((uint32_t)(uint16_t)first | (uint32_t)(uint16_t)second << 16);
}

static void lay_taps(const int32_t taps[4], int32_t words[MCI_RESIZE_WORDS])
{
    enum { LOW = (1 << LOW_BITS) - 1 };
    words[0] = pair(taps[0] & LOW, taps[1] & LOW);
    words[1] = pair(taps[0] >> LOW_BITS, taps[1] >> LOW_BITS);
    words[2] = pair(taps[2] & LOW, taps[3] & LOW);
    words[3] = pair(taps[2] >> LOW_BITS, taps[3] >> LOW_BITS);
}

AVX2 static void pack(const uint8_t *const rows[MCI_RESIZE_ROWS], size_t n_blocks, uint8_t *to)
{
    const __m256i first = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1));
    const __m256i second = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(8, -1, 12, -1, 9, -1, 13, -1, 10, -1, 14, -1, 11, -1, 15, -1));
    for (size_t i = 0; i < n_blocks; i++, to += MCI_RESIZE_PACKED)
        for (size_t half = 0; half < 2; half++) {
            __m256i pixels = _mm256_loadu2_m128i((const __m128i *)(rows[2 * half + 1] + 16 * i),
                                                 (const __m128i *)(rows[2 * half] + 16 * i));
            __m256i *at = (__m256i *)to + half;
            _mm256_storeu_si256(at, _mm256_shuffle_epi8(pixels, first));
            _mm256_storeu_si256(at + 2, _mm256_shuffle_epi8(pixels, second));
        }
}

AVX2 static __m256i sum_of(__m256i high, __m256i low)
{
    __m256i half = _mm256_set1_epi32(1 << (MCI_TAP_BITS - 1));
    __m256i sum = _mm256_add_epi32(_mm256_slli_epi32(high, LOW_BITS), low);
    return _mm256_srai_epi32(_mm256_add_epi32(sum, half), MCI_TAP_BITS);
}

/* One resized pixel of two pairs of rows: a row a half, a channel a word. */
AVX2 static void across_one(const uint8_t *packed, const mci_resize_run *run, const int32_t *words,
                            __m256i out[2])
{
    const __m256i *blocks = (const __m256i *)(packed + (size_t)run->block * MCI_RESIZE_PACKED);
    __m256i low0 = _mm256_setzero_si256(), low1 = low0, high0 = low0, high1 = low0;
    words += run->word;
    for (uint32_t k = 0; k < run->n_blocks; k++, blocks += 4, words += 4)
        for (int half = 0; half < 2; half++) {
            __m256i low = _mm256_set1_epi32(words[2 * half]);
            __m256i high = _mm256_set1_epi32(words[2 * half + 1]);
            __m256i a = _mm256_loadu_si256(blocks + 2 * half);
            __m256i b = _mm256_loadu_si256(blocks + 2 * half + 1);
            low0 = _mm256_add_epi32(low0, _mm256_madd_epi16(a, low));
            high0 = _mm256_add_epi32(high0, _mm256_madd_epi16(a, high));
            low1 = _mm256_add_epi32(low1, _mm256_madd_epi16(b, low));
            high1 = _mm256_add_epi32(high1, _mm256_madd_epi16(b, high));
        }
    out[0] = sum_of(high0, low0);
    out[1] = sum_of(high1, low1);
}

AVX2 static void across(const uint8_t *packed, const mci_resize_run *runs, size_t n,
                        const int32_t *words, uint8_t *const to[MCI_RESIZE_ROWS])
{
    for (size_t i = 0; i < n; i += 4) {
        __m256i sums[4][2];
        for (size_t j = 0; j < 4; j++)
            across_one(packed, &runs[i + j], words, sums[j]);
        for (size_t half = 0; half < 2; half++) {
            __m256i bytes = _mm256_packus_epi16(_mm256_packs_epi32(sums[0][half], sums[1][half]),
                                                _mm256_packs_epi32(sums[2][half], sums[3][half]));
            _mm_storeu_si128((__m128i *)(to[2 * half] + 4 * i), _mm256_castsi256_si128(bytes));
            _mm_storeu_si128((__m128i *)(to[2 * half + 1] + 4 * i),
                             _mm256_extracti128_si256(bytes, 1));
        }
    }
}

/* Adds two rows' taps to the sums of 32 bytes, in the order that unpacking gives. */
AVX2 static inline void add_rows(const uint8_t *first, const uint8_t *second,
                                 const int32_t words[2], __m256i low[4], __m256i high[4])
{
    __m256i zero = _mm256_setzero_si256();
    __m256i a = _mm256_loadu_si256((const __m256i *)first);
    __m256i b = _mm256_loadu_si256((const __m256i *)second);
    __m256i front = _mm256_unpacklo_epi8(a, b), back = _mm256_unpackhi_epi8(a, b);
    __m256i pairs[4] = { _mm256_unpacklo_epi8(front, zero), _mm256_unpackhi_epi8(front, zero),
                         _mm256_unpacklo_epi8(back, zero), _mm256_unpackhi_epi8(back, zero) };
    __m256i l = _mm256_set1_epi32(words[0]), h = _mm256_set1_epi32(words[1]);
    for (int q = 0; q < 4; q++) {
        low[q] = _mm256_add_epi32(low[q], _mm256_madd_epi16(pairs[q], l));
        high[q] = _mm256_add_epi32(high[q], _mm256_madd_epi16(pairs[q], h));
    }
}

AVX2 static void down(const uint8_t *const *rows, size_t n_blocks, const int32_t *words,
                      size_t n_bytes, uint8_t *to)
{
    for (size_t i = 0; i < n_bytes; i += 32) {
        __m256i zero = _mm256_setzero_si256();
        __m256i low[4] = { zero, zero, zero, zero }, high[4] = { zero, zero, zero, zero };
        for (size_t k = 0; k < n_blocks; k++) {
            add_rows(rows[4 * k] + i, rows[4 * k + 1] + i, words + 4 * k, low, high);
            add_rows(rows[4 * k + 2] + i, rows[4 * k + 3] + i, words + 4 * k + 2, low, high);
        }
        __m256i front = _mm256_packs_epi32(sum_of(high[0], low[0]), sum_of(high[1], low[1]));
        __m256i back = _mm256_packs_epi32(sum_of(high[2], low[2]), sum_of(high[3], low[3]));
        _mm256_storeu_si256((__m256i *)(to + i), _mm256_packus_epi16(front, back));
    }
}

const mci_resize_kernels mci_resize_avx2 = { "avx2", lay_taps, pack, across, down };
#else
typedef int mci_no_avx2; /* an empty file is no C */
#endif
