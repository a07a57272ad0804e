/* Training by tiles: blocks of 32 x 32 brought into the forms that products read, and activations
 * on bf16. */
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

/* Pairs of rows, transposed: a row of each column. */
AMX_INLINE void turn_block(const char *zipped, char *tiles)
{
    for (size_t half = 0; half < MCI_PAIR_BYTES; half += MCI_TILE_BYTES) {
        __m512i r[16];
#pragma GCC unroll 16
        for (size_t i = 0; i < 16; i++)
            r[i] = _mm512_load_si512(zipped + half + i * 64);
        amx_transpose(r, tiles + half);
    }
}

AMX void mci_amx_pack_block(const __m512i rows[32], mci_block_forms forms)
{
    _Alignas(64) char zipped[MCI_PAIR_BYTES];
    if (forms.along)
        for (size_t half = 0; half < 2; half++) {
            __m512i r[16];
#pragma GCC unroll 16
            for (size_t i = 0; i < 16; i++)
                r[i] = rows[half * 16 + i];
            amx_transpose(r, forms.along + half * MCI_TILE_BYTES);
        }
    char *to = forms.across ? forms.across : zipped;
    if (forms.across || forms.turned)
        zip_block(rows, to);
    if (forms.turned)
        turn_block(to, forms.turned);
}

AMX_INLINE __m512i bf16_row(const float *row, uint32_t mask)
{
    return amx_bf16_of(_mm512_maskz_loadu_ps((__mmask16)mask, row),
                       _mm512_maskz_loadu_ps((__mmask16)(mask >> 16), row + 16));
}

AMX static void pack_values(const float *w, size_t stride, size_t n_rows, size_t n_columns,
                            mci_block_forms forms)
{
    __m512i rows[32];
    uint32_t mask = amx_first_bits(n_columns);
    for (size_t i = 0; i < 32; i++)
        rows[i] = i < n_rows ? bf16_row(w + i * stride, mask) : _mm512_setzero_si512();
    mci_amx_pack_block(rows, forms);
}

AMX static void pack_tensor(const mci_nn_tensor *x, size_t row, size_t n_rows, size_t line,
                            mci_block_forms forms)
{
    if (x->form == MCI_ROWS_F32) {
        pack_values(mci_row_f32(x, row) + line * MCI_LINE, x->stride, n_rows, MCI_LINE, forms);
        return;
    }
    __m512i rows[32];
    for (size_t i = 0; i < 32; i++)
        rows[i] = i < n_rows ? _mm512_load_si512(mci_line_bf16(x, row + i, line))
                             : _mm512_setzero_si512();
    mci_amx_pack_block(rows, forms);
}

/* ---- lines ---- */

AMX static void get_line(const mci_nn_tensor *x, size_t row, size_t line, float *values)
{
    vec first, second;
    amx_widen(mci_line_bf16(x, row, line), &first, &second);
    store(values, first);
    store(values + 16, second);
}

AMX static void put_line(mci_nn_tensor *x, size_t row, size_t line, const float *values)
{
    _mm512_store_si512(mci_line_bf16(x, row, line),
                       amx_bf16_of((__m512)load(values), (__m512)load(values + 16)));
}

/* ---- activations ---- */

AMX_INLINE void activate_as(char *y, const char *z, size_t n, mci_nn_activation f)
{
    for (size_t i = 0; i < n; i += 32) {
        vec a, b;
        amx_widen(z + i * 2, &a, &b);
        _mm512_store_si512(y + i * 2,
                           amx_bf16_of((__m512)activation_of(a, f), (__m512)activation_of(b, f)));
    }
}

AMX static void activate(char *y, const char *z, size_t n, mci_nn_activation f)
{
    if (f == MCI_NN_GELU)
        activate_as(y, z, n, MCI_NN_GELU);
    else if (f == MCI_NN_QUICK_GELU)
        activate_as(y, z, n, MCI_NN_QUICK_GELU);
    else
        activate_as(y, z, n, MCI_NN_LINEAR);
}

AMX_INLINE void slope_as(char *dz, const char *dy, const char *z, size_t n, mci_nn_activation f)
{
    for (size_t i = 0; i < n; i += 32) {
        vec a, b, da, db;
        amx_widen(z + i * 2, &a, &b);
        amx_widen(dy + i * 2, &da, &db);
        da *= slope_of(a, f);
        db *= slope_of(b, f);
        _mm512_store_si512(dz + i * 2, amx_bf16_of((__m512)da, (__m512)db));
    }
}

AMX static void slope(char *dz, const char *dy, const char *z, size_t n, mci_nn_activation f)
{
    if (f == MCI_NN_GELU)
        slope_as(dz, dy, z, n, MCI_NN_GELU);
    else if (f == MCI_NN_QUICK_GELU)
        slope_as(dz, dy, z, n, MCI_NN_QUICK_GELU);
    else
        slope_as(dz, dy, z, n, MCI_NN_LINEAR);
}

const mci_amx_train mci_amx_training = {
    .pack_values = pack_values,
    .pack_tensor = pack_tensor,
    .get_line = get_line,
    .put_line = put_line,
    .activate = activate,
    .slope = slope,
    .attention_bytes = mci_amx_attention_back_bytes,
    .attention = mci_amx_attention_back,
};
#endif
