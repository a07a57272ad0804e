/* Attention backward by tiles, for one sequence and head at a time. All operands are laid down
 * once, in the forms that their products read (panels for the left, strips for the right), then 32
 * rows after 32:
 *
 *   scores [32, T] = Q x strips of K's rows;   dp [32, T] = dY x strips of V's rows
 *   p = softmax(scores),  ds = p (dp - sum of p dp) / sqrt(D)      f32, then rounded to bf16
 *   dQ     [32, D] = ds x strips of K's columns
 *
 * while p and ds are turned, block by block, into panels of keys; and 32 keys after 32
 *
 *   dK     [32, D] = ds^T x strips of Q's columns;   dV [32, D] = p^T x strips of dY's columns
 *
 * Rows behind the sequence's end are laid down as zeros, and so are columns behind the head's. */
#ifdef __x86_64__
#include <math.h>
#include <string.h>

#include "nn/amx_internal.h"

/* ---- scratch ---- */

/* T by D each, in blocks of 2 KiB: [panel or strip][line]. */
typedef struct {
    char *q, *dy;                             /* panels */
    char *k_rows, *v_rows;                    /* strips of 32 keys, D deep */
    char *q_columns, *k_columns, *dy_columns; /* strips of 32 columns, T deep */
    char *ds;                                 /* a panel of 32 rows, T deep */
    char *p_turned, *ds_turned;               /* panels of 32 keys, T deep */
    float *scores, *dp;                       /* 32 rows */
    float *out;                               /* 32 x 32 */
    size_t stride; /* of scores, in bytes: an odd number of cache lines */
} back_scratch;

static size_t lay_scratch(back_scratch *lay, char *scratch, size_t T, size_t D)
{
    const size_t t = mci_lines_of(T), d = mci_lines_of(D);
    const size_t of_td = t * d * MCI_PAIR_BYTES, of_t = t * MCI_PAIR_BYTES;
    const size_t stride = t * 128 + 64, of_scores = MCI_PANEL * stride;
    if (lay) {
        float *const floats = (float *)(void *)(scratch + 7 * of_td + of_t + 2 * t * of_t);
        *lay = (back_scratch){
            .q = scratch,
            .dy = scratch + of_td,
            .k_rows = scratch + 2 * of_td,
            .v_rows = scratch + 3 * of_td,
            .q_columns = scratch + 4 * of_td,
            .k_columns = scratch + 5 * of_td,
            .dy_columns = scratch + 6 * of_td,
            .ds = scratch + 7 * of_td,
            .p_turned = scratch + 7 * of_td + of_t,
            .ds_turned = scratch + 7 * of_td + of_t + t * of_t,
            .scores = floats,
            .dp = floats + of_scores / sizeof(float),
            .out = floats + 2 * of_scores / sizeof(float),
            .stride = stride,
        };
    }
    return 7 * of_td + of_t + 2 * t * of_t + 2 * of_scores + MCI_BLOCK * sizeof(float);
}

size_t mci_amx_attention_back_bytes(size_t T, size_t D)
{
    return lay_scratch(NULL, NULL, T, D);
}

typedef struct {
    const mci_attention_back_job *job;
    back_scratch s;
    size_t start, T, head;
    size_t t_lines, d_lines;
} back_work;

/* ---- laying down ---- */

/* Up to 32 columns of a row, from any column on: they may end in the next line. */
AMX_INLINE __m512i get_columns(const mci_nn_tensor *x, size_t row, size_t column, size_t n)
{
    size_t at = column % MCI_LINE, n_here = MCI_LINE - at;
    const char *line = mci_line_bf16(x, row, column / MCI_LINE);
    if (at == 0)
        return _mm512_maskz_loadu_epi16(amx_first_bits(n), line);
    uint32_t all = amx_first_bits(n), here = all & amx_first_bits(n_here);
    __m512i values = _mm512_maskz_loadu_epi16(here, line + at * 2);
    if (all == here)
        return values;
    return _mm512_mask_loadu_epi16(values, all & ~here,
                                   mci_line_bf16(x, row, column / MCI_LINE + 1) - n_here * 2);
}

/* Panels are rows as they are. */
AMX_INLINE void put_panel(const __m512i rows[32], char *to)
{
    for (size_t i = 0; i < 32; i++)
        _mm512_store_si512(to + i * 64, rows[i]);
}

/* The head's columns of a tensor, `first` being the first of them; forms that are NULL are not
 * wanted. */
AMX static void lay_operand(const back_work *w, const mci_nn_tensor *x, size_t first, char *panels,
                            char *of_rows, char *of_columns)
{
    for (size_t t = 0; t < w->t_lines; t++)
        for (size_t d = 0; d < w->d_lines; d++) {
            const size_t by_rows = (t * w->d_lines + d) * MCI_PAIR_BYTES;
            const size_t by_columns = (d * w->t_lines + t) * MCI_PAIR_BYTES;
            __m512i rows[32];
            for (size_t i = 0; i < 32; i++) {
                size_t row = t * MCI_PANEL + i;
                rows[i] = row < w->T ? get_columns(x, w->start + row, first + d * MCI_LINE,
                                                   w->job->D - d * MCI_LINE)
                                     : _mm512_setzero_si512();
            }
            if (panels)
                put_panel(rows, panels + by_rows);
            mci_amx_pack_block(
                rows, &(mci_block_forms){ .along = of_rows ? of_rows + by_rows : NULL,
                                          .across = of_columns ? of_columns + by_columns : NULL });
        }
}

/* ---- products ---- */

static amx_rows panel_at(const char *blocks)
{
    return (amx_rows){ blocks, 64, MCI_TILE_BYTES, MCI_PAIR_BYTES };
}

/* scores = panel x strips of rows, for the first lines of keys. */
AMX static void multiply_rows(const back_work *w, const char *panel, const char *strips,
                              size_t n_lines, float *scores)
{
    for (size_t t = 0; t < n_lines; t++) {
        amx_zero();
        amx_multiply(panel_at(panel), strips + t * w->d_lines * MCI_PAIR_BYTES, w->d_lines, true);
        amx_store(scores + t * MCI_LINE, w->s.stride, true);
    }
}

/* 32 rows of a part of dqkv (0, 1, 2) = panel x strips of columns, over the lines begin .. end - 1
 * of T; the panel begins with line `begin`. */
AMX static void multiply_columns(const back_work *w, const char *panel, const char *strips,
                                 size_t begin, size_t end, size_t part, size_t first_row)
{
    const size_t n_rows = w->T - first_row < MCI_PANEL ? w->T - first_row : MCI_PANEL;
    const size_t first = part * w->job->dy->K + w->head * w->job->D;
    for (size_t d = 0; d < w->d_lines; d++) {
        const size_t n = w->job->D - d * MCI_LINE, column = first + d * MCI_LINE;
        amx_zero();
        amx_multiply(panel_at(panel), strips + (d * w->t_lines + begin) * MCI_PAIR_BYTES,
                     end - begin, true);
        amx_store(w->s.out, MCI_LINE * sizeof(float), true);
        for (size_t r = 0; r < n_rows; r++) {
            const float *out = w->s.out + r * MCI_LINE;
            const size_t row = w->start + first_row + r;
            amx_put_columns(w->job->dqkv, row, column, n < 16 ? n : 16, _mm512_load_ps(out));
            if (n > 16)
                amx_put_columns(w->job->dqkv, row, column + 16, n < 32 ? n - 16 : 16,
                                _mm512_load_ps(out + 16));
        }
    }
}

/* ---- weights ---- */

/* Scores and dp of a panel become p and ds; rows behind the end, zeros. */
AMX static void weigh(const back_work *w, size_t panel, size_t n_lines)
{
    const mci_nn_ctx *ctx = w->job->ctx;
    const float scale = 1.0f / sqrtf((float)w->job->D);
    const size_t n = n_lines * MCI_LINE;
    for (size_t r = 0; r < MCI_PANEL; r++) {
        float *p = (float *)(void *)((char *)w->s.scores + r * w->s.stride);
        float *dp = (float *)(void *)((char *)w->s.dp + r * w->s.stride);
        const size_t row = panel * MCI_PANEL + r;
        if (row >= w->T) {
            memset(p, 0, n * sizeof *p);
            memset(dp, 0, n * sizeof *dp);
            continue;
        }
        float sum = ctx->kernels->softmax(p, w->job->causal ? row + 1 : w->T, n, scale);
        ctx->train->softmax_back(p, dp, n, 1.0f / sum, scale);
    }
}

AMX static void load_block(const back_work *w, const float *values, size_t line, __m512i rows[32])
{
    for (size_t r = 0; r < 32; r++) {
        const float *row =
            (const float *)(const void *)((const char *)values + r * w->s.stride) + line * MCI_LINE;
        rows[r] = amx_bf16_of(_mm512_load_ps(row), _mm512_load_ps(row + 16));
    }
}

/* p and ds as bf16: ds as a panel, and both turned. */
AMX static void lay_weights(const back_work *w, size_t panel, size_t n_lines)
{
    for (size_t t = 0; t < n_lines; t++) {
        const size_t turned = (t * w->t_lines + panel) * MCI_PAIR_BYTES;
        __m512i rows[32];
        load_block(w, w->s.scores, t, rows);
        mci_amx_pack_block(rows, &(mci_block_forms){ .turned = w->s.p_turned + turned });
        load_block(w, w->s.dp, t, rows);
        put_panel(rows, w->s.ds + t * MCI_PAIR_BYTES);
        mci_amx_pack_block(rows, &(mci_block_forms){ .turned = w->s.ds_turned + turned });
    }
}

AMX static void lay_operands(const back_work *w)
{
    const size_t K = w->job->dy->K, first = w->head * w->job->D;
    lay_operand(w, w->job->qkv, first, w->s.q, NULL, w->s.q_columns);
    lay_operand(w, w->job->qkv, K + first, NULL, w->s.k_rows, w->s.k_columns);
    lay_operand(w, w->job->qkv, 2 * K + first, NULL, w->s.v_rows, NULL);
    lay_operand(w, w->job->dy, first, w->s.dy, NULL, w->s.dy_columns);
}

AMX void mci_amx_attention_back(const mci_attention_back_job *job, size_t sequence, size_t head,
                                char *scratch)
{
    back_work w = { .job = job, .start = job->s.starts[sequence], .head = head };
    w.T = job->s.starts[sequence + 1] - w.start;
    w.t_lines = mci_lines_of(w.T);
    w.d_lines = mci_lines_of(job->D);
    lay_scratch(&w.s, scratch, w.T, job->D);
    lay_operands(&w);
    amx_begin();
    for (size_t p = 0; p < w.t_lines; p++) {
        const size_t n_lines = job->causal ? p + 1 : w.t_lines; /* that these rows see */
        const size_t panel = p * w.d_lines * MCI_PAIR_BYTES;
        multiply_rows(&w, w.s.q + panel, w.s.k_rows, n_lines, w.s.scores);
        multiply_rows(&w, w.s.dy + panel, w.s.v_rows, n_lines, w.s.dp);
        weigh(&w, p, n_lines);
        lay_weights(&w, p, n_lines);
        multiply_columns(&w, w.s.ds, w.s.k_columns, 0, n_lines, 0, p * MCI_PANEL);
    }
    for (size_t t = 0; t < w.t_lines; t++) {
        const size_t begin = job->causal ? t : 0; /* the rows that see these keys */
        const size_t panel = (t * w.t_lines + begin) * MCI_PAIR_BYTES;
        multiply_columns(&w, w.s.ds_turned + panel, w.s.q_columns, begin, w.t_lines, 1,
                         t * MCI_PANEL);
        multiply_columns(&w, w.s.p_turned + panel, w.s.dy_columns, begin, w.t_lines, 2,
                         t * MCI_PANEL);
    }
    amx_end();
}
#endif
