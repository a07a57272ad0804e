/* AVX2 with FMA: the 16 lanes of a product are two registers. There are sixteen of them, so tiles
 * are two rows and two queries, or four rows and one query. */
#include "search/search_kernels_internal.h"

#ifdef __x86_64__
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma,f16c")))

enum { MOST_ROWS = 4 };

typedef struct {
    __m256 lower, upper;
} lanes16;

/* All 16 numbers, or the first n of them and zeros. */
AVX2 static inline lanes16 load16(const float *at)
{
    return (lanes16){ _mm256_loadu_ps(at), _mm256_loadu_ps(at + 8) };
}

AVX2 static inline lanes16 load_few(const float *at, size_t n)
{
    const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256i lower = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), places);
    __m256i upper = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n - 8), places);
    return (lanes16){ _mm256_maskload_ps(at, lower),
                      n > 8 ? _mm256_maskload_ps(at + 8, upper) : _mm256_setzero_ps() };
}

AVX2 static inline lanes16 add_product(lanes16 sums, lanes16 a, lanes16 b)
{
    return (lanes16){ _mm256_fmadd_ps(a.lower, b.lower, sums.lower),
                      _mm256_fmadd_ps(a.upper, b.upper, sums.upper) };
}

AVX2 static inline float sum(lanes16 lanes)
{
    __m256 eight = _mm256_add_ps(lanes.lower, lanes.upper);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

AVX2 static inline lanes16 zeros(void)
{
    return (lanes16){ _mm256_setzero_ps(), _mm256_setzero_ps() };
}

/* ---- two rows, two queries ---- */

AVX2 static inline void step2x2(const lanes16 row[2], const lanes16 query[2], lanes16 sums[2][2])
{
    MCI_UNROLL
    for (size_t q = 0; q < 2; q++) {
        MCI_UNROLL
        for (size_t r = 0; r < 2; r++)
            sums[q][r] = add_product(sums[q][r], row[r], query[q]);
    }
}

AVX2 static inline void tile2x2(const float *const rows[2], const float *queries, size_t stride,
                                size_t D, float out[2][2])
{
    lanes16 sums[2][2] = { { zeros(), zeros() }, { zeros(), zeros() } };
    size_t i = 0;
    for (; i + 16 <= D; i += 16) {
        lanes16 row[2] = { load16(rows[0] + i), load16(rows[1] + i) };
        lanes16 query[2] = { load16(queries + i), load16(queries + stride + i) };
        step2x2(row, query, sums);
    }
    if (i < D) {
        lanes16 row[2] = { load_few(rows[0] + i, D - i), load_few(rows[1] + i, D - i) };
        lanes16 query[2] = { load_few(queries + i, D - i), load_few(queries + stride + i, D - i) };
        step2x2(row, query, sums);
    }
    MCI_UNROLL
    for (size_t q = 0; q < 2; q++) {
        MCI_UNROLL
        for (size_t r = 0; r < 2; r++)
            out[q][r] = sum(sums[q][r]);
    }
}

AVX2 static void products_of_two(const float *rows, size_t R, size_t D, const float *queries,
                                 size_t stride, float *out)
{
    float tile[2][2];
    for (size_t at = 0; at < R; at += 2) {
        size_t next = at + 1 < R ? at + 1 : at;
        const float *two[2] = { rows + at * D, rows + next * D };
        tile2x2(two, queries, stride, D, tile);
        MCI_UNROLL
        for (size_t q = 0; q < 2; q++) {
            out[q * R + at] = tile[q][0];
            out[q * R + next] = next > at ? tile[q][1] : tile[q][0];
        }
    }
}

/* ---- four rows, and one query or each with itself (query NULL) ---- */

AVX2 static inline void tile4x1(const float *const rows[MOST_ROWS], const float *query, size_t D,
                                float out[MOST_ROWS])
{
    lanes16 sums[MOST_ROWS] = { zeros(), zeros(), zeros(), zeros() };
    size_t i = 0;
    for (; i + 16 <= D; i += 16) {
        MCI_UNROLL
        for (size_t r = 0; r < MOST_ROWS; r++) {
            lanes16 row = load16(rows[r] + i);
            sums[r] = add_product(sums[r], row, query ? load16(query + i) : row);
        }
    }
    MCI_UNROLL
    for (size_t r = 0; r < MOST_ROWS && i < D; r++) {
        lanes16 row = load_few(rows[r] + i, D - i);
        sums[r] = add_product(sums[r], row, query ? load_few(query + i, D - i) : row);
    }
    MCI_UNROLL
    for (size_t r = 0; r < MOST_ROWS; r++)
        out[r] = sum(sums[r]);
}

AVX2 static inline void products_of_one(const float *rows, size_t R, size_t D, const float *query,
                                        float *out)
{
    float tile[MOST_ROWS];
    const float *four[MOST_ROWS];
    for (size_t at = 0; at < R; at += MOST_ROWS) {
        for (size_t i = 0; i < MOST_ROWS; i++)
            four[i] = rows + (at + i < R ? at + i : R - 1) * D;
        tile4x1(four, query, D, tile);
        for (size_t r = 0; r < MOST_ROWS && at + r < R; r++)
            out[at + r] = tile[r];
    }
}

/* ---- the table ---- */

AVX2 static void products(const float *rows, size_t R, size_t D, const float *queries, size_t Q,
                          size_t stride, float *out)
{
    size_t q = 0;
    for (; q + 2 <= Q; q += 2)
        products_of_two(rows, R, D, queries + q * stride, stride, out + q * R);
    if (q < Q)
        products_of_one(rows, R, D, queries + q * stride, out + q * R);
}

AVX2 static void squares(const float *rows, size_t R, size_t D, float *out)
{
    products_of_one(rows, R, D, NULL, out);
}

AVX2 static void widen(const uint16_t *halves, size_t n, float *out)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(halves + i))));
    for (; i < n; i++)
        out[i] = _cvtsh_ss(halves[i]);
}

const mci_search_kernels mci_search_kernels_avx2 = {
    .name = "avx2", .products = products, .squares = squares, .widen = widen
};
#endif
