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
 * Rows behind the sequence's end are laid down as zeros, and so are columns behind the head's.
 * Where only one row of a sequence is asked for, Q and dY have that row alone. */
#ifdef __x86_64__
#include <math.h>
#include <string.h>

#include "nn/amx_vector.h"

/* ---- scratch ---- */

/* T by D each, in blocks of 2 KiB: [panel or strip][line]. */
typedef struct {
    char *q, *dy;                             /* panels */
    char *k_rows, *v_rows;                    /* strips of 32 keys, D deep */
    char *q_columns, *k_columns, *dy_columns; /* strips of 32 columns, T deep */
    char *p, *ds;                             /* panels of 32 rows, T deep */
    char *p_turned, *ds_turned;               /* panels of 32 keys, T deep */
    float *scores, *dp;                       /* 32 rows */
    float *out;                               /* 32 x 32, twice */
    size_t stride; /* of scores, in bytes: an odd number of cache lines */
} back_scratch;

static size_t lay_scratch(back_scratch *lay, char *scratch, size_t T, size_t D)
{
    const size_t t = mci_lines_of(T), d = mci_lines_of(D);
    const size_t of_td = t * d * MCI_PAIR_BYTES, of_t = t * MCI_PAIR_BYTES;
    const size_t stride = t * 128 + 64, of_scores = MCI_PANEL * stride;
    if (lay) {
        float *const floats = (float *)(void *)(scratch + 7 * of_td + 2 * of_t + 2 * t * of_t);
        *lay = (back_scratch){
            .q = scratch,
            .dy = scratch + of_td,
            .k_rows = scratch + 2 * of_td,
            .v_rows = scratch + 3 * of_td,
            .q_columns = scratch + 4 * of_td,
            .k_columns = scratch + 5 * of_td,
            .dy_columns = scratch + 6 * of_td,
            .p = scratch + 7 * of_td,
            .ds = scratch + 7 * of_td + of_t,
            .p_turned = scratch + 7 * of_td + 2 * of_t,
            .ds_turned = scratch + 7 * of_td + 2 * of_t + t * of_t,
            .scores = floats,
            .dp = floats + of_scores / sizeof(float),
            .out = floats + 2 * of_scores / sizeof(float),
            .stride = stride,
        };
    }
    return 7 * of_td + 2 * of_t + 2 * t * of_t + 2 * of_scores + 2 * MCI_BLOCK * sizeof(float);
}

size_t mci_amx_attention_back_bytes(size_t T, size_t D)
{
    return lay_scratch(NULL, NULL, T, D);
}

typedef struct {
    const mci_attention_back_job *job;
    back_scratch s;
    mci_queries q;
    size_t head;
    size_t q_lines, t_lines, d_lines; /* of queries, of keys, of columns */
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

/* The head's columns of n rows of a tensor, from a row and a column on; forms that are NULL are not
 * wanted. */
AMX static void lay_operand(const back_work *w, const mci_nn_tensor *x, size_t first_row, size_t n,
                            size_t column, char *panels, char *of_rows, char *of_columns)
{
    const size_t n_lines = mci_lines_of(n);
    for (size_t t = 0; t < n_lines; t++)
        for (size_t d = 0; d < w->d_lines; d++) {
            const size_t by_rows = (t * w->d_lines + d) * MCI_PAIR_BYTES;
            const size_t by_columns = (d * n_lines + t) * MCI_PAIR_BYTES;
            __m512i room[32];
            __m512i *rows = panels ? (__m512i *)(void *)(panels + by_rows) : room;
            for (size_t i = 0; i < 32; i++) {
                size_t row = t * MCI_PANEL + i;
                rows[i] = row < n ? get_columns(x, first_row + row, column + d * MCI_LINE,
                                                w->job->D - d * MCI_LINE)
                                  : _mm512_setzero_si512();
            }
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
AMX_INLINE void multiply_rows(const back_work *w, const char *panel, const char *strips,
                              size_t n_lines, float *scores, const bool both)
{
    for (size_t t = 0; t < n_lines; t++) {
        amx_zero();
        amx_multiply(panel_at(panel), strips + t * w->d_lines * MCI_PAIR_BYTES, w->d_lines, both);
        amx_store(scores + t * MCI_LINE, w->s.stride, both);
    }
}

AMX_INLINE void put_columns(const back_work *w, size_t row, size_t column, size_t n,
                            const float *values)
{
    amx_put_line(w->job->dqkv, row, column, n, _mm512_load_ps(values), _mm512_load_ps(values + 16),
                 w->job->past);
}

/* Lines of depth that a panel and strips have in common; strips are `whole` lines deep. */
typedef struct {
    size_t begin, end, whole;
} depth;

/* Some rows of a part of dqkv: the sequence's from `row` on, in the columns of `part` (0, 1, 2). */
typedef struct {
    size_t part, row, n;
} target;

/* panel x strips of columns; the panel begins where the depth does. Without `both`, 16 rows. */
AMX_INLINE void multiply_blocks(const back_work *w, const char *panel, const char *strips, depth k,
                                target to, const bool both)
{
    const size_t first = to.part * w->job->dy->K + w->head * w->job->D;
    for (size_t d = 0; d < w->d_lines; d++) {
        float *out = w->s.out + d % 2 * MCI_BLOCK;
        amx_zero();
        amx_multiply(panel_at(panel), strips + (d * k.whole + k.begin) * MCI_PAIR_BYTES,
                     k.end - k.begin, both);
        amx_store(out, MCI_LINE * sizeof(float), both);
        for (size_t r = 0; r < to.n; r++)
            put_columns(w, w->q.start + to.row + r, first + d * MCI_LINE, w->job->D - d * MCI_LINE,
                        out + r * MCI_LINE);
    }
}

AMX static void multiply_columns(const back_work *w, const char *panel, const char *strips, depth k,
                                 target to)
{
    to.n = to.n < MCI_PANEL ? to.n : MCI_PANEL;
    if (to.n > 16)
        multiply_blocks(w, panel, strips, k, to, true);
    else
        multiply_blocks(w, panel, strips, k, to, false);
}

/* What no query gave anything. */
AMX static void zero_queries(const back_work *w)
{
    static const _Alignas(64) float zeros[MCI_LINE];
    for (size_t row = 0; row < w->q.T; row++)
        for (size_t d = 0; d < w->job->D; d += MCI_LINE)
            put_columns(w, w->q.start + row, w->head * w->job->D + d, w->job->D - d, zeros);
}

/* ---- weights ---- */

/* Of a row: n keys are seen, in n_vectors of 16; what stands behind them may be anything. */
typedef struct {
    float *scores, *dp;
    size_t n, n_vectors;
    float scale;
} weights_row;

/* p = e^(scores - the largest) over their sum;  ds = p (dp - sum of p dp) scale */
AMX_INLINE void weigh_row(const weights_row *row, char *p_line, char *ds_line)
{
    const __m512 largest = amx_largest(row->scores, row->n);
    __m512 sum = _mm512_setzero_ps(), both = sum;
    for (size_t i = 0; i < row->n_vectors; i++) {
        const __m512 e = amx_weigh(row->scores, row->n, i, largest, row->scale);
        const __m512 dp = _mm512_maskz_load_ps(amx_seen(row->n, i), row->dp + i * 16);
        _mm512_store_ps(row->scores + i * 16, e);
        _mm512_store_ps(row->dp + i * 16, dp);
        sum = _mm512_add_ps(sum, e);
        both = _mm512_fmadd_ps(e, dp, both);
    }
    const float inverse = 1.0f / _mm512_reduce_add_ps(sum);
    const __m512 mean = _mm512_set1_ps(_mm512_reduce_add_ps(both) * inverse);
    const __m512 factor = _mm512_set1_ps(inverse), factors = _mm512_set1_ps(inverse * row->scale);
    for (size_t i = 0; i < row->n_vectors; i += 2) {
        const __m512 e0 = _mm512_load_ps(row->scores + i * 16);
        const __m512 e1 = _mm512_load_ps(row->scores + i * 16 + 16);
        const __m512 d0 = _mm512_sub_ps(_mm512_load_ps(row->dp + i * 16), mean);
        const __m512 d1 = _mm512_sub_ps(_mm512_load_ps(row->dp + i * 16 + 16), mean);
        _mm512_store_si512(p_line + i / 2 * MCI_PAIR_BYTES,
                           amx_bf16_of(_mm512_mul_ps(e0, factor), _mm512_mul_ps(e1, factor)));
        _mm512_store_si512(ds_line + i / 2 * MCI_PAIR_BYTES,
                           amx_bf16_of(_mm512_mul_ps(_mm512_mul_ps(e0, factors), d0),
                                       _mm512_mul_ps(_mm512_mul_ps(e1, factors), d1)));
    }
}

AMX_INLINE void zero_row(char *line, size_t n_lines)
{
    for (size_t t = 0; t < n_lines; t++)
        _mm512_store_si512(line + t * MCI_PAIR_BYTES, _mm512_setzero_si512());
}

AMX_INLINE void ask_for_next(const back_work *w, size_t row)
{
    const mci_nn_tensor *qkv = w->job->qkv, *dy = w->job->dy;
    const size_t next = w->q.start + w->q.T + row, D = w->job->D;
    if (next >= qkv->n_rows || w->job->only)
        return;
    amx_ask_for_head(qkv, next, dy->K, w->head, D);
    for (size_t d = 0; d < D; d += MCI_LINE)
        _mm_prefetch(mci_line_bf16(dy, next, (w->head * D + d) / MCI_LINE), _MM_HINT_T1);
}

/* Scores and dp of a panel become p and ds as panels; rows behind the end, zeros. */
AMX static void weigh(const back_work *w, size_t panel, size_t n_lines)
{
    for (size_t r = 0; r < MCI_PANEL; r++) {
        const size_t row = panel * MCI_PANEL + r;
        if (row >= w->q.n) {
            zero_row(w->s.p + r * 64, n_lines);
            zero_row(w->s.ds + r * 64, n_lines);
            continue;
        }
        ask_for_next(w, row);
        const weights_row weights = { .scores = w->s.scores + r * w->s.stride / sizeof(float),
                                      .dp = w->s.dp + r * w->s.stride / sizeof(float),
                                      .n = mci_keys_of(w->job, w->q, row),
                                      .n_vectors = 2 * n_lines,
                                      .scale = 1.0f / sqrtf((float)w->job->D) };
        weigh_row(&weights, w->s.p + r * 64, w->s.ds + r * 64);
    }
}

/* Both, block by block, as panels of keys. */
AMX static void turn_weights(const back_work *w, size_t panel, size_t n_lines)
{
    for (size_t t = 0; t < n_lines; t++) {
        const size_t turned = (t * w->q_lines + panel) * MCI_PAIR_BYTES, at = t * MCI_PAIR_BYTES;
        mci_amx_pack_block((const __m512i *)(const void *)(w->s.p + at),
                           &(mci_block_forms){ .turned = w->s.p_turned + turned });
        mci_amx_pack_block((const __m512i *)(const void *)(w->s.ds + at),
                           &(mci_block_forms){ .turned = w->s.ds_turned + turned });
    }
}

AMX static void lay_operands(const back_work *w)
{
    const size_t K = w->job->dy->K, first = w->head * w->job->D, T = w->q.T, start = w->q.start;
    const mci_nn_tensor *qkv = w->job->qkv;
    lay_operand(w, qkv, start + w->q.row, w->q.n, first, w->s.q, NULL, w->s.q_columns);
    lay_operand(w, qkv, start, T, K + first, NULL, w->s.k_rows, w->s.k_columns);
    lay_operand(w, qkv, start, T, 2 * K + first, NULL, w->s.v_rows, NULL);
    lay_operand(w, w->job->dy, w->q.dy, w->q.n, first, w->s.dy, NULL, w->s.dy_columns);
}

/* The queries of a panel: scores, weights, dQ. */
AMX static void back_queries(const back_work *w, size_t p)
{
    /* that these rows see */
    const size_t n_lines = w->job->causal && !w->job->only ? p + 1 : w->t_lines;
    const size_t panel = p * w->d_lines * MCI_PAIR_BYTES, row = p * MCI_PANEL;
    if (w->q.n - row > 16) {
        multiply_rows(w, w->s.q + panel, w->s.k_rows, n_lines, w->s.scores, true);
        multiply_rows(w, w->s.dy + panel, w->s.v_rows, n_lines, w->s.dp, true);
    } else {
        multiply_rows(w, w->s.q + panel, w->s.k_rows, n_lines, w->s.scores, false);
        multiply_rows(w, w->s.dy + panel, w->s.v_rows, n_lines, w->s.dp, false);
    }
    weigh(w, p, n_lines);
    turn_weights(w, p, n_lines);
    multiply_columns(w, w->s.ds, w->s.k_columns, (depth){ 0, n_lines, w->t_lines },
                     (target){ 0, w->q.row + row, w->q.n - row });
}

/* 32 keys: dK, dV. */
AMX static void back_keys(const back_work *w, size_t t)
{
    const size_t begin = w->job->causal && !w->job->only ? t : 0; /* the rows that see these */
    const size_t panel = (t * w->q_lines + begin) * MCI_PAIR_BYTES, row = t * MCI_PANEL;
    const depth queries = { begin, w->q_lines, w->q_lines };
    multiply_columns(w, w->s.ds_turned + panel, w->s.q_columns, queries,
                     (target){ 1, row, w->q.T - row });
    multiply_columns(w, w->s.p_turned + panel, w->s.dy_columns, queries,
                     (target){ 2, row, w->q.T - row });
}

AMX void mci_amx_attention_back(const mci_attention_back_job *job, size_t sequence, size_t head,
                                char *scratch)
{
    back_work w = { .job = job, .q = mci_queries_of(job, sequence), .head = head };
    w.q_lines = mci_lines_of(w.q.n);
    w.t_lines = mci_lines_of(w.q.T);
    w.d_lines = mci_lines_of(job->D);
    lay_scratch(&w.s, scratch, w.q.T, job->D);
    lay_operands(&w);
    if (job->only)
        zero_queries(&w);
    amx_begin();
    for (size_t p = 0; p < w.q_lines; p++)
        back_queries(&w, p);
    for (size_t t = 0; t < w.t_lines; t++)
        back_keys(&w, t);
    _mm_sfence(); /* others may read what went past the caches */
    amx_end();
}
#endif
