/* Attention by tiles, for one sequence and head at a time, 32 rows after 32. K and V are laid down
 * as strips, as weights are; Q is taken where it lies:
 *
 *   scores [32, T] = Q [32, D] x strips of K: 32 keys each, D deep       f32
 *   p      [32, T] = e^(scores - the largest), rounded to bf16; their sums are of what was not
 * rounded y      [32, D] = p x strips of V: 32 columns each, T deep, over the sums
 *
 * Rows behind the sequence's end, or columns behind the head's, are read with the tiles that they
 * stand in: such rows give rows that nobody keeps, such columns meet zeros. */
#ifdef __x86_64__
#include <math.h>
#include <string.h>

#include "nn/amx_vector.h"

/* ---- scratch ---- */

typedef struct {
    char *keys, *values; /* strips */
    float *scores;
    char *p;
    float *y;
    size_t scores_stride, p_stride; /* bytes, an odd number of cache lines */
} attention_scratch;

static size_t lay_scratch(attention_scratch *lay, char *scratch, size_t T, size_t D)
{
    size_t t = mci_lines_of(T), d = mci_lines_of(D), strips = t * d * MCI_PAIR_BYTES;
    size_t scores_stride = t * 128 + 64, p_stride = t % 2 ? t * 64 : t * 64 + 64;
    if (lay)
        *lay = (attention_scratch){
            .keys = scratch,
            .values = scratch + strips,
            .scores = (float *)(void *)(scratch + 2 * strips),
            .p = scratch + 2 * strips + MCI_PANEL * scores_stride,
            .y = (float *)(void *)(scratch + 2 * strips + MCI_PANEL * (scores_stride + p_stride)),
            .scores_stride = scores_stride,
            .p_stride = p_stride,
        };
    return 2 * strips + MCI_PANEL * (scores_stride + p_stride) + MCI_BLOCK * sizeof(float);
}

size_t mci_amx_attention_bytes(size_t T, size_t D)
{
    return lay_scratch(NULL, NULL, T, D);
}

/* ---- K and V as strips ---- */

/* Strip after strip of 32 keys, in it 32 d after 32 d, in them two tiles of 16 keys. */
AMX static void lay_keys(char *tile, const char *k, size_t row_bytes, size_t T, size_t D)
{
    for (size_t strip = 0; strip < T; strip += MCI_LINE)
        for (size_t d = 0; d < D; d += MCI_LINE)
            for (size_t t = strip; t < strip + MCI_LINE; t += 16, tile += MCI_TILE_BYTES) {
                __m512i rows[16];
                for (size_t i = 0; i < 16; i++)
                    rows[i] = _mm512_maskz_loadu_epi16(t + i < T ? amx_first_bits(D - d) : 0,
                                                       k + (t + i) * row_bytes + d * 2);
                amx_transpose(rows, tile);
            }
}

/* Strip after strip of 32 d, in it 32 keys after 32 keys, in them two tiles of 16 d. */
AMX static void lay_values(char *tile, const char *v, size_t row_bytes, size_t T, size_t D)
{
    for (size_t d = 0; d < D; d += MCI_LINE)
        for (size_t line = 0; line < T; line += MCI_LINE, tile += MCI_PAIR_BYTES)
            for (size_t i = 0; i < MCI_LINE; i += 2) {
                size_t t = line + i;
                const char *row = v + t * row_bytes + d * 2;
                __m512i first = _mm512_maskz_loadu_epi16(t < T ? amx_first_bits(D - d) : 0, row);
                __m512i second = _mm512_maskz_loadu_epi16(t + 1 < T ? amx_first_bits(D - d) : 0,
                                                          row + row_bytes);
                __m512i left, right;
                amx_zip(first, second, &left, &right);
                char *to = tile + i / 2 * 64;
                _mm512_store_si512(to, left);
                _mm512_store_si512(to + MCI_TILE_BYTES, right);
            }
}

/* ---- 32 rows ---- */

typedef struct {
    const mci_attention_job *job;
    attention_scratch s;
    const char *q; /* the first row's, of this head */
    size_t q_stride;
    size_t start, T, head;
    size_t first, n, y_row; /* these rows of the sequence, and where their answer goes */
    float sums[MCI_PANEL];
} head_work;

AMX_INLINE void score(const head_work *w, size_t n_seen, const bool both)
{
    size_t d_lines = mci_lines_of(w->job->D), strip_bytes = d_lines * MCI_PAIR_BYTES;
    amx_rows q = { w->q + w->first * w->q_stride, w->q_stride, 16 * w->q_stride, 64 };
    for (size_t t = 0; t < mci_lines_of(n_seen); t++) {
        amx_zero();
        amx_multiply(q, w->s.keys + t * strip_bytes, d_lines, both);
        amx_store(w->s.scores + t * MCI_LINE, w->s.scores_stride, both);
    }
}

AMX_INLINE void ask_for_next(const head_work *w, size_t row)
{
    const mci_attention_job *job = w->job;
    const size_t next = w->start + w->T + row;
    if (next < job->qkv->n_rows && !job->only)
        amx_ask_for_head(job->qkv, next, job->y->K, w->head, job->D);
}

/* p = e^(scores - the largest), of n keys; 0 behind them, where scores may be anything. */
AMX_INLINE float weigh_row(const float *scores, size_t n, size_t n_lines, float scale, char *p)
{
    const __m512 largest = amx_largest(scores, n);
    __m512 sum = _mm512_setzero_ps();
    for (size_t line = 0; line < n_lines; line++) {
        const __m512 left = amx_weigh(scores, n, 2 * line, largest, scale);
        const __m512 right = amx_weigh(scores, n, 2 * line + 1, largest, scale);
        sum = _mm512_add_ps(_mm512_add_ps(sum, left), right);
        _mm512_store_si512(p + line * 64, amx_bf16_of(left, right));
    }
    return _mm512_reduce_add_ps(sum);
}

AMX static void weigh(head_work *w, size_t n_seen)
{
    const mci_attention_job *job = w->job;
    const float scale = 1.0f / sqrtf((float)job->D);
    for (size_t r = 0; r < w->n; r++) {
        const size_t n = job->causal ? w->first + r + 1 : w->T;
        const float *scores = w->s.scores + r * w->s.scores_stride / sizeof(float);
        ask_for_next(w, w->first + r);
        w->sums[r] = weigh_row(scores, n, mci_lines_of(n_seen), scale, w->s.p + r * w->s.p_stride);
    }
}

AMX_INLINE void mix(const head_work *w, size_t n_seen, const bool both)
{
    const mci_attention_job *job = w->job;
    size_t strip_bytes = mci_lines_of(w->T) * MCI_PAIR_BYTES;
    amx_rows p = { w->s.p, w->s.p_stride, 16 * w->s.p_stride, 64 };
    for (size_t d = 0; d < job->D; d += MCI_LINE) {
        size_t n = job->D - d;
        amx_zero();
        amx_multiply(p, w->s.values + d / MCI_LINE * strip_bytes, mci_lines_of(n_seen), both);
        amx_store(w->s.y, MCI_LINE * sizeof(float), both);
        for (size_t r = 0; r < w->n; r++) {
            const __m512 factor = _mm512_set1_ps(1.0f / w->sums[r]);
            const float *y = w->s.y + r * MCI_LINE;
            amx_put_line(job->y, w->y_row + r, w->head * job->D + d, n,
                         _mm512_mul_ps(_mm512_load_ps(y), factor),
                         _mm512_mul_ps(_mm512_load_ps(y + 16), factor), false);
        }
    }
}

AMX static void attend_rows(head_work *w)
{
    size_t n_seen = w->job->causal ? w->first + w->n : w->T; /* by the last of them */
    if (w->n > 16) {
        score(w, n_seen, true);
        weigh(w, n_seen);
        mix(w, n_seen, true);
    } else {
        score(w, n_seen, false);
        weigh(w, n_seen);
        mix(w, n_seen, false);
    }
}

AMX void mci_amx_attention(const mci_attention_job *job, size_t sequence, size_t head,
                           char *scratch)
{
    size_t start = job->s.starts[sequence], T = job->s.starts[sequence + 1] - start;
    size_t row_bytes = job->qkv->stride * 2, K = job->y->K;
    head_work w = { .job = job, .q_stride = row_bytes, .start = start, .T = T, .head = head };
    w.q = job->qkv->data + start * row_bytes + head * job->D * 2;
    lay_scratch(&w.s, scratch, T, job->D);
    lay_keys(w.s.keys, w.q + K * 2, row_bytes, T, job->D);
    lay_values(w.s.values, w.q + 2 * K * 2, row_bytes, T, job->D);
    amx_begin();
    if (job->only) {
        w.first = job->only[sequence];
        w.n = 1;
        w.y_row = sequence;
        attend_rows(&w);
    } else {
        for (; w.first < T; w.first += MCI_PANEL) {
            w.n = T - w.first < MCI_PANEL ? T - w.first : MCI_PANEL;
            w.y_row = start + w.first;
            attend_rows(&w);
        }
    }
    amx_end();
}
#endif
