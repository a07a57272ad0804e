/* Products of some panels with a group of strips, which stays in the second cache while panel after
 * panel comes by. A panel stays in the first one while the strips come by, if K is not above 768.
 *
 * A block of 32 x 32 has all of its K in one go, in tiles. What is to be done with its sums then
 * (bias, activation, rounding) is done a few rows at a time between the products of the next block:
 * tiles and vectors work side by side, and no sum is read just after it was stored. */
#ifdef __x86_64__
#include "nn/amx_vector.h"

/* ---- sums that are whole ---- */

/* What becomes of them: mci_linear_job's cases, and y's form. Known when this is compiled. */
typedef enum {
    TO_BF16,  /* y = f(sums) */
    TO_BOTH,  /* also = sums; y = f(also) */
    TO_SLOPE, /* y = sums f'(z), without a bias; also = f(z) */
    TO_F32,   /* y = f(sums) */
    TO_SUM    /* y = base + f(sums) */
} destiny;

/* Rows of a tensor's block, `step` bytes apart. */
typedef struct {
    char *at;
    size_t step;
} place;

typedef struct {
    const float *c; /* four tiles, one after the other */
    const float *bias;
    place y, other; /* other: also, z or base */
    place also;     /* of TO_SLOPE */
    size_t row, n_rows;
    bool past; /* mci_linear_job's */
} block;

AMX_INLINE place place_of(const mci_nn_tensor *x, size_t row, size_t line)
{
    if (!x)
        return (place){ NULL, 0 };
    if (x->form == MCI_ROWS_F32)
        return (place){ (char *)(mci_row_f32(x, row) + line * MCI_LINE), x->stride * 4 };
    return (place){ mci_line_bf16(x, row, line), x->form == MCI_TILES_BF16 ? 64 : x->stride * 2 };
}

AMX_INLINE block block_of(const mci_linear_job *job, size_t panel, size_t strip, const float *c)
{
    const size_t row = panel * MCI_PANEL, n_left = job->x->n_rows - row;
    const mci_nn_tensor *other = job->z ? job->z : job->base ? job->base : job->also;
    return (block){ .c = c,
                    .bias = job->weight->bias + strip * MCI_LINE,
                    .y = place_of(job->y, row, strip),
                    .other = place_of(other, row, strip),
                    .also = place_of(job->also, row, strip),
                    .n_rows = n_left < MCI_PANEL ? n_left : MCI_PANEL,
                    .past = job->past };
}

AMX_INLINE void put_bf16(const block *b, place to, size_t row, vec left, vec right)
{
    amx_put_whole(to.at + row * to.step, amx_bf16_of((__m512)left, (__m512)right), b->past);
}

AMX_INLINE void put_f32(const block *b, size_t row, vec left, vec right)
{
    char *at = b->y.at + row * b->y.step;
    amx_put_whole(at, (__m512i)left, b->past);
    amx_put_whole(at + 64, (__m512i)right, b->past);
}

AMX_INLINE void finish_row(const block *b, size_t row, const destiny d, const mci_nn_activation f)
{
    const float *c = b->c + row / 16 * 512 + row % 16 * 16;
    vec left = load(c), right = load(c + 256);
    char *other = b->other.at + row * b->other.step;
    if (d == TO_SLOPE) {
        vec z0, z1;
        amx_widen(other, &z0, &z1);
        put_bf16(b, b->y, row, left * slope_of(z0, f), right * slope_of(z1, f));
        put_bf16(b, b->also, row, activation_of(z0, f), activation_of(z1, f));
        return;
    }
    left += load(b->bias);
    right += load(b->bias + 16);
    if (d == TO_BOTH) {
        /* Past the caches: it is read on the way back, when they have long forgotten it. */
        __m512i bits = amx_bf16_of((__m512)left, (__m512)right);
        amx_put_whole(other, bits, true);
        amx_widen_bits(bits, &left, &right);
    }
    left = activation_of(left, f);
    right = activation_of(right, f);
    if (d == TO_SUM) {
        const float *base = (const float *)(const void *)other;
        put_f32(b, row, load(base) + left, load(base + 16) + right);
    } else if (d == TO_F32) {
        put_f32(b, row, left, right);
    } else {
        put_bf16(b, b->y, row, left, right);
    }
}

/* The next rows, n at most. */
AMX_INLINE void finish_rows(block *b, size_t n, const destiny d, const mci_nn_activation f)
{
    const size_t end = b->n_rows - b->row < n ? b->n_rows : b->row + n;
    for (; b->row < end; b->row++)
        finish_row(b, b->row, d, f);
}

/* ---- sums ---- */

/* What will be read after this panel's blocks: n cache lines are asked for with each line of K, so
 * that they come from the third cache while there is something to do. */
typedef struct {
    const char *at;
    size_t n;
} next;

AMX_INLINE void ask_for_line(place at, size_t row, const bool is_f32, const bool written)
{
    const char *line = at.at + row * at.step, *end = line + (is_f32 ? 128 : 64);
    for (; line < end; line += 64) {
        if (written)
            __builtin_prefetch(line, 1, 3);
        else
            __builtin_prefetch(line, 0, 3);
    }
}

/* Rows of what a block will be made of, and put into: asked for while its products are made. */
AMX_INLINE void ask_for_rows(const block *b, size_t row, size_t n, const destiny d)
{
    const size_t end = b->n_rows < row + n ? b->n_rows : row + n;
    for (; row < end; row++) {
        if (d == TO_SUM || d == TO_SLOPE)
            ask_for_line(b->other, row, d == TO_SUM, false);
        if (b->past)
            continue;
        ask_for_line(b->y, row, d == TO_F32 || d == TO_SUM, true);
        if (d == TO_SLOPE)
            ask_for_line(b->also, row, false, true);
    }
}

/* A panel is read from the first cache again and again, and strips go by: they are loaded as what
 * is not wanted there soon. */
AMX_INLINE void multiply(const char *panel, const char *strip, size_t n_lines, next ahead,
                         block *former, const block *now, const destiny d,
                         const mci_nn_activation f)
{
    const size_t n_rows = (MCI_PANEL + n_lines - 1) / n_lines;
    size_t row = 0;
    amx_zero();
    atomic_signal_fence(memory_order_seq_cst);
    for (; n_lines; n_lines--, panel += MCI_PAIR_BYTES, strip += MCI_PAIR_BYTES, row += n_rows) {
        _tile_loadd(4, panel, 64);
        _tile_stream_loadd(6, strip, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_stream_loadd(7, strip + MCI_TILE_BYTES, 64);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, panel + MCI_TILE_BYTES, 64);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
        for (size_t i = 0; i < ahead.n; i++, ahead.at += 64)
            _mm_prefetch(ahead.at, _MM_HINT_T1);
        ask_for_rows(now, row, n_rows, d);
        finish_rows(former, n_rows, d, f);
    }
}

AMX_INLINE void store_sums(float *c)
{
    _tile_stored(0, c, 64);
    _tile_stored(1, c + 256, 64);
    _tile_stored(2, c + 512, 64);
    _tile_stored(3, c + 768, 64);
    atomic_signal_fence(memory_order_seq_cst);
}

typedef struct {
    size_t panel, end_panel, strip, end_strip;
} range;

AMX_INLINE void run_as(const mci_linear_job *job, range r, float *c, const destiny d,
                       const mci_nn_activation f)
{
    const size_t n_lines = job->x->n_lines, panel_bytes = n_lines * MCI_PAIR_BYTES;
    const size_t n_strips = r.end_strip - r.strip, n_ahead = (MCI_PANEL + n_strips - 1) / n_strips;
    const mci_nn_weight *weight = job->weight;
    block former = { .n_rows = 0 };
    size_t turn = 0;
    for (size_t p = r.panel; p < r.end_panel; p++) {
        const char *panel = job->x->data + p * panel_bytes;
        next ahead = { panel + panel_bytes, job->near ? 0 : n_ahead };
        for (size_t s = r.strip; s < r.end_strip; s++, turn = MCI_BLOCK - turn) {
            const block now = block_of(job, p, s, c + turn);
            multiply(panel, weight->strips + s * weight->strip_bytes, n_lines, ahead, &former, &now,
                     d, f);
            ahead.at += n_ahead * 64 * n_lines;
            finish_rows(&former, MCI_PANEL, d, f);
            store_sums(c + turn);
            former = now;
        }
    }
    finish_rows(&former, MCI_PANEL, d, f);
}

AMX_INLINE void run_activated(const mci_linear_job *job, range r, float *c, const destiny d)
{
    if (job->f == MCI_NN_LINEAR)
        run_as(job, r, c, d, MCI_NN_LINEAR);
    else if (job->f == MCI_NN_GELU)
        run_as(job, r, c, d, MCI_NN_GELU);
    else
        run_as(job, r, c, d, MCI_NN_QUICK_GELU);
}

AMX void mci_amx_linear(const mci_linear_job *job, size_t first_panel, size_t end_panel,
                        size_t first_strip, size_t end_strip, char *scratch)
{
    const range r = { first_panel, end_panel, first_strip, end_strip };
    float *c = (float *)(void *)scratch;
    amx_begin();
    if (job->z)
        run_activated(job, r, c, TO_SLOPE);
    else if (job->also)
        run_activated(job, r, c, TO_BOTH);
    else if (job->base)
        run_activated(job, r, c, TO_SUM);
    else if (job->y->form == MCI_ROWS_F32)
        run_activated(job, r, c, TO_F32);
    else
        run_activated(job, r, c, TO_BF16);
    _mm_sfence(); /* others may read what went past the caches */
    amx_end();
}
#endif
