/* AVX-512: the 16 lanes of a product are one register. Products are made in tiles of four rows and
 * four queries: eight loads for sixteen multiplications, and sixteen sums that do not wait for one
 * another. */
#include "search/search_kernels_internal.h"

#ifdef __x86_64__
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512dq,avx,fma")))

enum { TILE = 4 };

/* The first n lanes, n < 16. */
AVX512 static inline __mmask16 first_lanes(size_t n)
{
    return (__mmask16)((1u << n) - 1);
}

AVX512 static inline float sum(__m512 lanes)
{
    __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps(lanes, 1));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* Up to four rows from `at`; where there are fewer, the last again. */
AVX512 static inline void take_rows(const float *rows, size_t at, size_t R, size_t D,
                                    const float *to[TILE])
{
    for (size_t i = 0; i < TILE; i++)
        to[i] = rows + (at + i < R ? at + i : R - 1) * D;
}

/* ---- four rows, four queries ---- */

AVX512 static inline void tile4x4(const float *const rows[TILE], const float *queries,
                                  size_t stride, size_t D, float out[TILE][TILE])
{
    __m512 sums[TILE][TILE];
    size_t whole = D & ~(size_t)15;
    MCI_UNROLL
    for (size_t q = 0; q < TILE; q++) {
        MCI_UNROLL
        for (size_t r = 0; r < TILE; r++)
            sums[q][r] = _mm512_setzero_ps();
    }
    for (size_t i = 0; i <= whole; i += 16) {
        __mmask16 mask = i < whole ? (__mmask16)0xFFFF : first_lanes(D - whole);
        __m512 row[TILE];
        if (!mask)
            break;
        MCI_UNROLL
        for (size_t r = 0; r < TILE; r++)
            row[r] = _mm512_maskz_loadu_ps(mask, rows[r] + i);
        MCI_UNROLL
        for (size_t q = 0; q < TILE; q++) {
            __m512 query = _mm512_maskz_loadu_ps(mask, queries + q * stride + i);
            MCI_UNROLL
            for (size_t r = 0; r < TILE; r++)
                sums[q][r] = _mm512_fmadd_ps(row[r], query, sums[q][r]);
        }
    }
    MCI_UNROLL
    for (size_t q = 0; q < TILE; q++) {
        MCI_UNROLL
        for (size_t r = 0; r < TILE; r++)
            out[q][r] = sum(sums[q][r]);
    }
}

AVX512 static void products_of_four(const float *rows, size_t R, size_t D, const float *queries,
                                    size_t stride, float *out)
{
    float tile[TILE][TILE];
    const float *four[TILE];
    for (size_t at = 0; at < R; at += TILE) {
        take_rows(rows, at, R, D, four);
        tile4x4(four, queries, stride, D, tile);
        MCI_UNROLL
        for (size_t q = 0; q < TILE; q++) {
            for (size_t r = 0; r < TILE && at + r < R; r++)
                out[q * R + at + r] = tile[q][r];
        }
    }
}

/* ---- four rows, and one query or each with itself (query NULL) ---- */

AVX512 static inline void tile4x1(const float *const rows[TILE], const float *query, size_t D,
                                  float out[TILE])
{
    __m512 sums[TILE];
    size_t whole = D & ~(size_t)15;
    MCI_UNROLL
    for (size_t r = 0; r < TILE; r++)
        sums[r] = _mm512_setzero_ps();
    for (size_t i = 0; i <= whole; i += 16) {
        __mmask16 mask = i < whole ? (__mmask16)0xFFFF : first_lanes(D - whole);
        if (!mask)
            break;
        MCI_UNROLL
        for (size_t r = 0; r < TILE; r++) {
            __m512 row = _mm512_maskz_loadu_ps(mask, rows[r] + i);
            __m512 other = query ? _mm512_maskz_loadu_ps(mask, query + i) : row;
            sums[r] = _mm512_fmadd_ps(row, other, sums[r]);
        }
    }
    MCI_UNROLL
    for (size_t r = 0; r < TILE; r++)
        out[r] = sum(sums[r]);
}

AVX512 static inline void products_of_one(const float *rows, size_t R, size_t D, const float *query,
                                          float *out)
{
    float tile[TILE];
    const float *four[TILE];
    for (size_t at = 0; at < R; at += TILE) {
        take_rows(rows, at, R, D, four);
        tile4x1(four, query, D, tile);
        for (size_t r = 0; r < TILE && at + r < R; r++)
            out[at + r] = tile[r];
    }
}

/* ---- the table ---- */

AVX512 static void products(const float *rows, size_t R, size_t D, const float *queries, size_t Q,
                            size_t stride, float *out)
{
    size_t q = 0;
    for (; q + TILE <= Q; q += TILE)
        products_of_four(rows, R, D, queries + q * stride, stride, out + q * R);
    for (; q < Q; q++)
        products_of_one(rows, R, D, queries + q * stride, out + q * R);
}

AVX512 static void squares(const float *rows, size_t R, size_t D, float *out)
{
    products_of_one(rows, R, D, NULL, out);
}

AVX512 static void widen(const uint16_t *halves, size_t n, float *out)
{
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m256i bits = _mm256_loadu_si256((const __m256i *)(halves + i));
        _mm512_storeu_ps(out + i, _mm512_cvtph_ps(bits));
    }
    if (i < n) {
        uint16_t few[16] = { 0 };
        for (size_t j = i; j < n; j++)
            few[j - i] = halves[j];
        __m256i bits = _mm256_loadu_si256((const __m256i *)few);
        _mm512_mask_storeu_ps(out + i, first_lanes(n - i), _mm512_cvtph_ps(bits));
    }
}

const mci_search_kernels mci_search_kernels_avx512 = {
    .name = "avx512", .products = products, .squares = squares, .widen = widen
};
#endif
