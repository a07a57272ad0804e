/* Tiles: eight registers of 16 rows of 64 bytes, of which a product takes 16 x 32 bf16 and 32 x 16
 * bf16 and adds to 16 x 16 f32. All of ours are whole; four of them are the sums of a block of 32 x
 * 32:
 *
 *                     b: 32 k of columns 0-15 | of columns 16-31
 *                              tile 6         |     tile 7
 *   a: rows 0-15   tile 4   += tile 0         |  += tile 1
 *      rows 16-31  tile 5   += tile 2         |  += tile 3
 *
 * Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18. */
#ifndef MCI_NN_AMX_INTERNAL_H
#define MCI_NN_AMX_INTERNAL_H

#include <immintrin.h>
#include <stdatomic.h>

#include "nn/cpu_train.h"

#define AMX                                                                                      \
    __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma," \
                          "bmi,bmi2,popcnt,prfchw")))
#define AMX_INLINE AMX static inline __attribute__((always_inline))

extern const mci_amx mci_amx_functions;
extern const mci_amx_train mci_amx_training;

void mci_amx_linear(const mci_linear_job *job, size_t first_panel, size_t end_panel,
                    size_t first_strip, size_t end_strip, char *scratch);
size_t mci_amx_attention_bytes(size_t T, size_t D);
void mci_amx_attention(const mci_attention_job *job, size_t sequence, size_t head, char *scratch);
void mci_amx_pack_block(const __m512i rows[32], const mci_block_forms *forms);
size_t mci_amx_attention_back_bytes(size_t T, size_t D);
void mci_amx_attention_back(const mci_attention_back_job *job, size_t sequence, size_t head,
                            char *scratch);

/* ---- tiles ---- */

AMX_INLINE void amx_begin(void)
{
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } config = { .palette = 1 };
    for (int i = 0; i < 8; i++) {
        config.rows[i] = 16;
        config.row_bytes[i] = 64;
    }
    _tile_loadconfig(&config);
}

AMX_INLINE void amx_end(void)
{
    _tile_release();
}

AMX_INLINE void amx_zero(void)
{
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
}

/* Where 32 x 32 bf16 lie: rows `stride` bytes apart, the lower half of them `half` bytes after the
 * upper, the next 32 columns `step` bytes on. */
typedef struct {
    const char *at;
    size_t stride, half, step;
} amx_rows;

/* Sums += a x b, n times 32 deep; b is of a strip. Without `both`, of the upper 16 rows only.
 * Compilers are not told which memory a tile is loaded from: the fence is for them. */
AMX_INLINE void amx_multiply(amx_rows a, const char *b, size_t n, const bool both)
{
    atomic_signal_fence(memory_order_seq_cst);
    for (; n; n--, a.at += a.step, b += MCI_PAIR_BYTES) {
        _tile_loadd(4, a.at, a.stride);
        _tile_loadd(6, b, 64);
        if (both)
            _tile_loadd(5, a.at + a.half, a.stride);
        _tile_loadd(7, b + MCI_TILE_BYTES, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        if (both) {
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    }
}

/* The sums as 32 rows of 32, `stride` bytes apart. */
AMX_INLINE void amx_store(float *c, size_t stride, const bool both)
{
    char *to = (char *)c;
    _tile_stored(0, to, stride);
    _tile_stored(1, to + 64, stride);
    if (both) {
        _tile_stored(2, to + 16 * stride, stride);
        _tile_stored(3, to + 16 * stride + 64, stride);
    }
    atomic_signal_fence(memory_order_seq_cst);
}

/* ---- vectors ---- */

AMX_INLINE __m512i amx_bf16_of(__m512 first, __m512 second)
{
    return (__m512i)_mm512_cvtne2ps_pbh(second, first);
}

AMX_INLINE uint32_t amx_first_bits(size_t n)
{
    return n >= 32 ? UINT32_MAX : (UINT32_C(1) << n) - 1;
}

/* Two rows of 32 side by side: the pairs of the first 16 columns, and of the others. */
AMX_INLINE void amx_zip(__m512i first, __m512i second, __m512i *left, __m512i *right)
{
    const __m512i zip = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24,
                                         8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    *left = _mm512_permutexvar_epi16(zip, _mm512_shuffle_i64x2(first, second, 0x44));
    *right = _mm512_permutexvar_epi16(zip, _mm512_shuffle_i64x2(first, second, 0xee));
}

/* Up to 16 columns of a row, from any column on: they may end in the next line. */
AMX_INLINE void amx_put_columns(mci_nn_tensor *y, size_t row, size_t column, size_t n,
                                __m512 values)
{
    __m256i bits = (__m256i)_mm512_cvtneps_pbh(values);
    size_t at = column % MCI_LINE, n_here = MCI_LINE - at;
    char *line = mci_line_bf16(y, row, column / MCI_LINE);
    uint32_t all = amx_first_bits(n), here = all & amx_first_bits(n_here);
    _mm256_mask_storeu_epi16(line + at * 2, (__mmask16)here, bits);
    if (all != here)
        _mm256_mask_storeu_epi16(mci_line_bf16(y, row, column / MCI_LINE + 1) - n_here * 2,
                                 (__mmask16)(all & ~here), bits);
}

/* A whole line; past the caches, if it is not read soon. */
AMX_INLINE void amx_put_whole(char *at, __m512i line, bool past)
{
    if (past)
        _mm512_stream_si512((__m512i *)(void *)at, line);
    else
        _mm512_storeu_si512(at, line);
}

/* As amx_put_columns, up to 32. */
AMX_INLINE void amx_put_line(mci_nn_tensor *y, size_t row, size_t column, size_t n, __m512 left,
                             __m512 right, bool past)
{
    if (n >= MCI_LINE && column % MCI_LINE == 0) {
        amx_put_whole(mci_line_bf16(y, row, column / MCI_LINE), amx_bf16_of(left, right), past);
        return;
    }
    amx_put_columns(y, row, column, n < 16 ? n : 16, left);
    if (n > 16)
        amx_put_columns(y, row, column + 16, n < 32 ? n - 16 : 16, right);
}

/* A tile of a strip from 16 columns that are rows of 32 k: their pairs, transposed. */
AMX_INLINE void amx_transpose(const __m512i r[16], char *tile)
{
    __m512i t[16];
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {
        __m512i a = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        __m512i b = _mm512_unpackhi_epi32(r[i], r[i + 1]);
        __m512i c = _mm512_unpacklo_epi32(r[i + 2], r[i + 3]);
        __m512i d = _mm512_unpackhi_epi32(r[i + 2], r[i + 3]);
        t[i] = _mm512_unpacklo_epi64(a, c);
        t[i + 1] = _mm512_unpackhi_epi64(a, c);
        t[i + 2] = _mm512_unpacklo_epi64(b, d);
        t[i + 3] = _mm512_unpackhi_epi64(b, d);
    }
    /* Of t[i + j], lane L now holds pair 4 L + j of the columns i .. i + 3. */
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
        __m512i a = _mm512_shuffle_i32x4(t[j], t[j + 4], 0x88);
        __m512i b = _mm512_shuffle_i32x4(t[j], t[j + 4], 0xdd);
        __m512i c = _mm512_shuffle_i32x4(t[j + 8], t[j + 12], 0x88);
        __m512i d = _mm512_shuffle_i32x4(t[j + 8], t[j + 12], 0xdd);
        char *to = tile + j * 64;
        _mm512_store_si512(to, _mm512_shuffle_i32x4(a, c, 0x88));
        _mm512_store_si512(to + 4 * 64, _mm512_shuffle_i32x4(b, d, 0x88));
        _mm512_store_si512(to + 8 * 64, _mm512_shuffle_i32x4(a, c, 0xdd));
        _mm512_store_si512(to + 12 * 64, _mm512_shuffle_i32x4(b, d, 0xdd));
    }
}

#endif
