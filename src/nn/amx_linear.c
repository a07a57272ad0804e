/* Products of a chunk of panels with some strips.
 *
 *   for each strip
 *       for each 256 of K          16 KiB of the strip, which stay in the first cache while
 *           for each panel         16 KiB of each panel come by from the second:
 *               sums (4 KiB) += panel x strip, in tiles
 *               if that was the last of K: finish the sums
 *
 * With all of K at once, both operands would come from the second cache, which cannot feed the
 * tiles: a step of 4 products needs 4 KiB in 64 cycles. So half of them does, and the price is that
 * unfinished sums go out and in. */
#ifdef __x86_64__
#include "nn/amx_vector.h"

enum { PART_LINES = 8 }; /* of K at once */

/* ---- sums that are whole ---- */

typedef struct {
    const mci_linear_job *job;
    size_t row, n_rows, strip;
    const float *c; /* four tiles, one after the other */
} block;

AMX_INLINE void finish_as(const block *b, mci_nn_activation f)
{
    mci_nn_tensor *y = b->job->y;
    const float *bias = b->job->weight->bias + b->strip * MCI_LINE;
    const vec bias0 = load(bias), bias1 = load(bias + 16);
    for (size_t r = 0; r < b->n_rows; r++) {
        const float *c = b->c + r / 16 * 512 + r % 16 * 16;
        vec left = activation_of(load(c) + bias0, f);
        vec right = activation_of(load(c + 256) + bias1, f);
        if (y->form != MCI_ROWS_F32) {
            _mm512_store_si512(mci_line_bf16(y, b->row + r, b->strip), amx_bf16_of(left, right));
            continue;
        }
        float *to = mci_row_f32(y, b->row + r) + b->strip * MCI_LINE;
        if (b->job->add) {
            left = load(to) + left;
            right = load(to + 16) + right;
        }
        store(to, left);
        store(to + 16, right);
    }
}

AMX static void finish_block(const block *b)
{
    if (b->job->f == MCI_NN_LINEAR)
        finish_as(b, MCI_NN_LINEAR);
    else if (b->job->f == MCI_NN_GELU)
        finish_as(b, MCI_NN_GELU);
    else
        finish_as(b, MCI_NN_QUICK_GELU);
}

/* ---- sums ---- */

AMX_INLINE void load_sums(const float *c)
{
    atomic_signal_fence(memory_order_seq_cst);
    _tile_loadd(0, c, 64);
    _tile_loadd(1, c + 256, 64);
    _tile_loadd(2, c + 512, 64);
    _tile_loadd(3, c + 768, 64);
}

AMX_INLINE void store_sums(float *c)
{
    _tile_stored(0, c, 64);
    _tile_stored(1, c + 256, 64);
    _tile_stored(2, c + 512, 64);
    _tile_stored(3, c + 768, 64);
    atomic_signal_fence(memory_order_seq_cst);
}

AMX static void finish_panel(const mci_linear_job *job, size_t panel, size_t strip, const float *c)
{
    size_t row = panel * MCI_PANEL, n_left = job->x->n_rows - row;
    block b = { .job = job,
                .row = row,
                .n_rows = n_left < MCI_PANEL ? n_left : MCI_PANEL,
                .strip = strip,
                .c = c };
    finish_block(&b);
}

AMX void mci_amx_linear(const mci_linear_job *job, size_t first_panel, size_t end_panel,
                        size_t first_strip, size_t end_strip, char *scratch)
{
    const size_t n_lines = job->x->n_lines;
    const mci_nn_weight *weight = job->weight;
    amx_begin();
    for (size_t s = first_strip; s < end_strip; s++)
        for (size_t k = 0; k < n_lines; k += PART_LINES) {
            size_t n = n_lines - k < PART_LINES ? n_lines - k : PART_LINES;
            const char *strip = weight->strips + s * weight->strip_bytes + k * MCI_PAIR_BYTES;
            for (size_t p = first_panel; p < end_panel; p++) {
                float *c = (float *)(void *)scratch + (p - first_panel) * MCI_BLOCK;
                amx_rows panel = { job->x->data + (p * n_lines + k) * MCI_PAIR_BYTES, 64,
                                   MCI_TILE_BYTES, MCI_PAIR_BYTES };
                if (k == 0)
                    amx_zero();
                else
                    load_sums(c);
                amx_multiply(panel, strip, n, true);
                store_sums(c);
                if (k + n == n_lines)
                    finish_panel(job, p, s, c);
            }
        }
    amx_end();
}
#endif
