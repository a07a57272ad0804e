/* Training by tiles: blocks of 32 x 32 brought into the forms that products read. */
#ifdef __x86_64__
#include "nn/amx_internal.h"
#include "nn/amx_vector.h"

/* ---- blocks ---- */

AMX_INLINE void zip_block(const __m512i r[32], char *tiles)
{
#pragma GCC unroll 16
    for (size_t i = 0; i < 32; i += 2) {
        __m512i left, right;
        amx_zip(r[i], r[i + 1], &left, &right);
        _mm512_store_si512(tiles + i / 2 * 64, left);
        _mm512_store_si512(tiles + i / 2 * 64 + MCI_TILE_BYTES, right);
    }
}

/* 16 rows, transposed. */
AMX_INLINE void turn_tile(const char *from, char *to)
{
    __m512i r[16];
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i++)
        r[i] = _mm512_load_si512(from + i * 64);
    amx_transpose(r, to);
}

/* A product with ones adds the two of a pair. */
AMX_INLINE void sum_zipped(const char *zipped, float *sums)
{
    const __m512bh ones = (__m512bh)_mm512_set1_epi16(0x3f80);
    __m512 left = _mm512_setzero_ps(), right = left;
    for (size_t i = 0; i < MCI_TILE_BYTES; i += 64) {
        left = _mm512_dpbf16_ps(left, (__m512bh)_mm512_load_si512(zipped + i), ones);
        right =
            _mm512_dpbf16_ps(right, (__m512bh)_mm512_load_si512(zipped + i + MCI_TILE_BYTES), ones);
    }
    store(sums, load(sums) + (vec)left);
    store(sums + 16, load(sums + 16) + (vec)right);
}

/* All but the sums of what lies in 32 lines as rows of bf16. */
AMX_INLINE void pack(const __m512i rows[32], const mci_block_forms *forms)
{
    _Alignas(64) char room[MCI_PAIR_BYTES];
    char *zipped = forms->across ? forms->across : room;
    if (forms->along) {
        amx_transpose(rows, forms->along);
        amx_transpose(rows + 16, forms->along + MCI_TILE_BYTES);
    }
    if (forms->across || forms->turned || forms->sums)
        zip_block(rows, zipped);
    if (forms->sums)
        sum_zipped(zipped, forms->sums);
    if (forms->turned) {
        turn_tile(zipped, forms->turned);
        turn_tile(zipped + MCI_TILE_BYTES, forms->turned + MCI_TILE_BYTES);
    }
}

AMX void mci_amx_pack_block(const __m512i rows[32], const mci_block_forms *forms)
{
    pack(rows, forms);
}

AMX static void sum_values(const float *x, size_t stride, size_t n_rows, float *sums)
{
    vec left = { 0 }, right = { 0 };
    for (size_t i = 0; i < n_rows; i++) {
        left += load(x + i * stride);
        right += load(x + i * stride + 16);
    }
    store(sums, load(sums) + left);
    store(sums + 16, load(sums + 16) + right);
}

AMX static void pack_values(const float *w, size_t stride, size_t n_rows, size_t n_columns,
                            const mci_block_forms *forms)
{
    __m512i rows[32];
    const uint32_t all = amx_first_bits(n_columns);
    for (size_t i = 0; i < 32; i++) {
        const float *row = w + i * stride;
        /* Of the block after the three next: so many rows are more than prefetchers follow. */
        _mm_prefetch(row + 4 * MCI_LINE, _MM_HINT_T0);
        _mm_prefetch(row + 4 * MCI_LINE + 16, _MM_HINT_T0);
        const uint32_t mask = i < n_rows ? all : 0;
        rows[i] = amx_bf16_of(_mm512_maskz_loadu_ps((__mmask16)mask, row),
                              _mm512_maskz_loadu_ps((__mmask16)(mask >> 16), row + 16));
    }
    pack(rows, forms);
}

/* 32 rows that are wanted next: no prefetcher finds them, for they lie in another page. */
AMX_INLINE void ask_for(const char *block, size_t stride)
{
    for (size_t i = 0; i < 32; i++)
        _mm_prefetch(block + i * stride, _MM_HINT_T0);
}

AMX static void pack_tensor(const mci_nn_tensor *x, size_t row, size_t n_rows, size_t line,
                            const mci_block_forms *forms)
{
    if (x->form == MCI_ROWS_F32) {
        const float *from = mci_row_f32(x, row) + line * MCI_LINE;
        if (forms->sums)
            sum_values(from, x->stride, n_rows, forms->sums);
        pack_values(from, x->stride, n_rows, MCI_LINE,
                    &(mci_block_forms){ forms->along, forms->across, forms->turned, NULL });
        return;
    }
    __m512i rows[32];
    const char *from = mci_line_bf16(x, row, line);
    const size_t stride = x->form == MCI_TILES_BF16 ? 64 : x->stride * 2;
    ask_for(from + (x->form == MCI_TILES_BF16 ? x->n_lines * MCI_PAIR_BYTES : 32 * stride), stride);
    for (size_t i = 0; i < 32; i++)
        rows[i] = i < n_rows ? _mm512_load_si512(from + i * stride) : _mm512_setzero_si512();
    pack(rows, forms);
}

AMX static void get_row(const mci_nn_tensor *x, size_t row, float *values)
{
    for (size_t line = 0; line < x->n_lines; line++, values += MCI_LINE) {
        vec first, second;
        amx_widen(mci_line_bf16(x, row, line), &first, &second);
        store(values, first);
        store(values + 16, second);
    }
}

const mci_amx_train mci_amx_training = {
    .pack_values = pack_values,
    .pack_tensor = pack_tensor,
    .get_row = get_row,
    .attention_bytes = mci_amx_attention_back_bytes,
    .attention = mci_amx_attention_back,
};
#endif
