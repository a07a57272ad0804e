#include "image/resize.h"

#include "base/alloc.h"
#include "image/taps.h"

struct mci_resizer {
    const mci_resize_kernels *best, *kernels;
    mci_resize_plan plan;
    mci_taps across, down;
    const mci_resize_kernels *laid_for; /* what words, runs and down_words suit; NULL: nothing */
    mci_resize_run *runs;
    int32_t *words, *down_words;
    size_t cap_runs, cap_words, cap_down_words;
    uint32_t first_block, n_blocks; /* of a source row */
    mci_resize_need need;
    uint8_t *packed;
    size_t cap_packed;
    /* rows that went across; row r stands at r % n_slots */
    uint8_t *slots;
    size_t cap_slots, slot_bytes;
    uint32_t n_slots, n_across;
    const uint8_t **taken; /* the rows that make one */
    size_t cap_taken;
    uint8_t *row;
    size_t cap_row;
    uint32_t n_made;
    uint32_t *places; /* nearest: source columns, then source rows, of the window */
    size_t cap_places;
    uint32_t n_seen; /* nearest: rows that came */
};

mc_status mci_resizer_new(const mci_resize_kernels *kernels, mci_resizer **out, mc_error *err)
{
    mci_resizer *r = mci_alloc_zeroed(1, sizeof *r);
    if (!r)
        return mci_nomem(err, sizeof *r);
    r->best = kernels ? kernels : mci_resize_kernels_best();
    *out = r;
    return MC_OK;
}

void mci_resizer_free(mci_resizer *r)
{
    if (!r)
        return;
    mci_taps_release(&r->across);
    mci_taps_release(&r->down);
    mci_free(r->runs);
    mci_free(r->words);
    mci_free(r->down_words);
    mci_free(r->packed);
    mci_free(r->slots);
    mci_free(r->taken);
    mci_free(r->row);
    mci_free(r->places);
    mci_free(r);
}

/* Room for n items whose content is not kept. */
static mc_status room(void *place, size_t *cap, size_t n, size_t item_bytes, mc_error *err)
{
    void *memory;
    if (n <= *cap)
        return MC_OK;
    memcpy(&memory, place, sizeof memory);
    mci_free(memory);
    memory = mci_alloc_zeroed(n, item_bytes);
    memcpy(place, &memory, sizeof memory);
    *cap = memory ? n : 0;
    return memory ? MC_OK : mci_nomem(err, n * item_bytes);
}

/* ---- the plan ---- */

/* The first and the end of the source pixels that the taps touch. */
static void range_of(const mci_taps *taps, uint32_t *first, uint32_t *end)
{
    *first = UINT32_MAX;
    *end = 0;
    for (uint32_t i = 0; i < taps->n; i++) {
        uint32_t last = taps->first[i] + taps->count[i];
        *first = taps->first[i] < *first ? taps->first[i] : *first;
        *end = last > *end ? last : *end;
    }
}

/* The taps of each resized pixel, from the beginning of the block that holds its first one, all of
 * as many blocks: a loop that always ends after as many turns is not mispredicted. */
static mc_status lay_across(mci_resizer *r, mc_error *err)
{
    const mci_taps *taps = &r->across;
    uint32_t first, end, n = (taps->n + 3) / 4 * 4;
    uint32_t most_blocks = 0;
    size_t at = 0;
    for (uint32_t i = 0; i < taps->n; i++) {
        uint32_t n_blocks = (taps->first[i] % 4 + taps->count[i] + 3) / 4;
        most_blocks = n_blocks > most_blocks ? n_blocks : most_blocks;
    }
    range_of(taps, &first, &end);
    r->need.x = first;
    r->need.width = end - first;
    r->first_block = first / 4;
    r->n_blocks = (end + 3) / 4 - r->first_block;
    MC_TRY(room(&r->runs, &r->cap_runs, n, sizeof *r->runs, err));
    MC_TRY(room(&r->words, &r->cap_words, (size_t)n * most_blocks * MCI_RESIZE_WORDS,
                sizeof *r->words, err));
    for (uint32_t i = 0; i < n; i++) {
        uint32_t from = i < taps->n ? i : taps->n - 1;
        const int32_t *fixed = taps->fixed + (size_t)from * taps->most;
        uint32_t skip = taps->first[from] % 4, count = taps->count[from];
        mci_resize_run *run = &r->runs[i];
        *run = (mci_resize_run){ .block = taps->first[from] / 4 - r->first_block,
                                 .n_blocks = most_blocks,
                                 .word = at };
        for (uint32_t b = 0; b < run->n_blocks; b++, at += MCI_RESIZE_WORDS) {
            int32_t four[4];
            for (uint32_t k = 0; k < 4; k++) {
                uint32_t tap = 4 * b + k;
                four[k] = tap >= skip && tap - skip < count ? fixed[tap - skip] : 0;
            }
            r->kernels->lay_taps(four, r->words + at);
        }
    }
    size_t n_packed =
        (size_t)r->n_blocks + most_blocks; /* zeros times what stands behind the last */
    return room(&r->packed, &r->cap_packed, n_packed * MCI_RESIZE_PACKED, 1, err);
}

static mc_status lay_down(mci_resizer *r, mc_error *err)
{
    const mci_taps *taps = &r->down;
    size_t n = (size_t)taps->n * taps->most;
    MC_TRY(room(&r->down_words, &r->cap_down_words, n, sizeof *r->down_words, err));
    for (size_t i = 0; i < n; i += 4)
        r->kernels->lay_taps(taps->fixed + i, r->down_words + i);
    return MC_OK;
}

static bool is_laid(const mci_resizer *r, const mci_resize_plan *plan)
{
    return r->laid_for && memcmp(plan, &r->plan, sizeof *plan) == 0;
}

static mc_status begin_taps(mci_resizer *r, mc_error *err)
{
    const mci_resize_plan *p = &r->plan;
    uint32_t end;
    MC_TRY(mci_taps_make(&r->across, p->filter, p->in_width, p->out_width, p->x, p->width, err));
    MC_TRY(mci_taps_make(&r->down, p->filter, p->in_height, p->out_height, p->y, p->height, err));
    range_of(&r->down, &r->need.y, &end);
    r->need.height = end - r->need.y;
    r->kernels = r->across.fits && r->down.fits ? r->best : &mci_resize_plain;
    MC_TRY(lay_across(r, err));
    MC_TRY(lay_down(r, err));
    r->n_slots = r->down.most + 2 * MCI_RESIZE_ROWS;
    if (r->n_slots > r->need.height + MCI_RESIZE_ROWS)
        r->n_slots = r->need.height + MCI_RESIZE_ROWS;
    r->slot_bytes = ((size_t)p->width * 4 + 63) / 64 * 64 + MCI_RESIZE_SPILL;
    MC_TRY(room(&r->slots, &r->cap_slots, r->slot_bytes * (r->n_slots + 1), 1, err));
    return room(&r->taken, &r->cap_taken, r->down.most, sizeof *r->taken, err);
}

static mc_status begin_nearest(mci_resizer *r, mc_error *err)
{
    const mci_resize_plan *p = &r->plan;
    size_t n = (size_t)p->width + p->height;
    MC_TRY(room(&r->places, &r->cap_places, n, sizeof *r->places, err));
    mci_taps_nearest(p->in_width, p->out_width, p->x, p->width, r->places);
    mci_taps_nearest(p->in_height, p->out_height, p->y, p->height, r->places + p->width);
    r->need.y = r->places[p->width];
    r->need.height = r->places[n - 1] + 1 - r->need.y;
    r->need.x = r->places[0];
    r->need.width = r->places[p->width - 1] + 1 - r->need.x;
    return MC_OK;
}

mc_status mci_resizer_begin(mci_resizer *r, const mci_resize_plan *plan, mci_resize_need *need,
                            mc_error *err)
{
    r->n_made = r->n_across = r->n_seen = 0;
    if (!is_laid(r, plan)) {
        r->laid_for = NULL;
        r->plan = *plan;
        bool is_nearest = plan->filter == MC_RESAMPLE_NEAREST;
        MC_TRY(is_nearest ? begin_nearest(r, err) : begin_taps(r, err));
        MC_TRY(room(&r->row, &r->cap_row, (size_t)plan->width * 4 + MCI_RESIZE_SPILL, 1, err));
        r->laid_for = r->kernels ? r->kernels : r->best;
    }
    *need = r->need;
    return MC_OK;
}

/* ---- rows ---- */

static uint8_t *slot(const mci_resizer *r, uint32_t row)
{
    return r->slots + (size_t)(row % r->n_slots) * r->slot_bytes;
}

/* Up to four rows; where there are fewer, the last is taken again, into a slot that nobody reads.
 */
static void go_across(mci_resizer *r, const uint8_t *const rows[], uint32_t n)
{
    const uint8_t *from[MCI_RESIZE_ROWS];
    uint8_t *to[MCI_RESIZE_ROWS];
    for (uint32_t i = 0; i < MCI_RESIZE_ROWS; i++) {
        from[i] = rows[i < n ? i : n - 1] + (size_t)r->first_block * 16;
        to[i] = i < n ? slot(r, r->n_across + i) : r->slots + r->n_slots * r->slot_bytes;
    }
    r->kernels->pack(from, r->n_blocks, r->packed);
    r->kernels->across(r->packed, r->runs, r->plan.width, r->words, to);
    r->n_across += n;
}

/* Makes the rows of the window for which all is there. */
static void go_down(mci_resizer *r, mci_resize_sink *sink, void *user)
{
    for (; r->n_made < r->plan.height; r->n_made++) {
        uint32_t first = r->down.first[r->n_made] - r->need.y;
        uint32_t n = r->down.count[r->n_made], n_blocks = (n + 3) / 4;
        if (first + n > r->n_across)
            return;
        for (uint32_t k = 0; k < 4 * n_blocks; k++)
            r->taken[k] = slot(r, first + (k < n ? k : n - 1));
        r->kernels->down(r->taken, n_blocks, r->down_words + (size_t)r->n_made * r->down.most,
                         (size_t)r->plan.width * 4, r->row);
        sink(user, r->n_made, r->row);
    }
}

static void pick_nearest(mci_resizer *r, const uint8_t *row, mci_resize_sink *sink, void *user)
{
    const mci_resize_plan *p = &r->plan;
    uint32_t y = r->need.y + r->n_seen++;
    bool is_wanted = r->n_made < p->height && r->places[p->width + r->n_made] == y;
    for (uint32_t x = 0; x < p->width && is_wanted; x++)
        memcpy(r->row + 4 * (size_t)x, row + 4 * (size_t)r->places[x], 4);
    for (; r->n_made < p->height && r->places[p->width + r->n_made] == y; r->n_made++)
        sink(user, r->n_made, r->row);
}

void mci_resizer_rows(mci_resizer *r, const uint8_t *const rows[], uint32_t n,
                      mci_resize_sink *sink, void *user)
{
    if (r->plan.filter == MC_RESAMPLE_NEAREST) {
        for (uint32_t i = 0; i < n; i++)
            pick_nearest(r, rows[i], sink, user);
        return;
    }
    for (uint32_t i = 0; i < n; i += MCI_RESIZE_ROWS) {
        go_across(r, rows + i, n - i < MCI_RESIZE_ROWS ? n - i : MCI_RESIZE_ROWS);
        go_down(r, sink, user);
    }
}

/* ---- numbers ---- */

static int32_t whole(double sum)
{
    return (int32_t)(sum >= 0.0 ? sum + 0.5 : sum - 0.5);
}

mc_status mci_resize_ints(mci_resizer *r, const int32_t *rows, int32_t *out, mc_error *err)
{
    const mci_resize_plan *p = &r->plan;
    size_t n_bytes = (size_t)r->need.height * p->width * sizeof(int32_t);
    int32_t *middle = mci_alloc(n_bytes);
    if (!middle)
        return mci_nomem(err, n_bytes);
    for (size_t y = 0; y < r->need.height; y++)
        for (size_t x = 0; x < p->width; x++) {
            const int32_t *from = rows + y * p->in_width + r->across.first[x];
            double sum = 0.0;
            for (size_t k = 0; k < r->across.count[x]; k++)
                sum += from[k] * r->across.real[x * r->across.most + k];
            middle[y * p->width + x] = whole(sum);
        }
    for (size_t y = 0; y < p->height; y++)
        for (size_t x = 0; x < p->width; x++) {
            const int32_t *from = middle + (r->down.first[y] - r->need.y) * p->width + x;
            double sum = 0.0;
            for (size_t k = 0; k < r->down.count[y]; k++)
                sum += from[k * p->width] * r->down.real[y * r->down.most + k];
            out[y * p->width + x] = whole(sum);
        }
    mci_free(middle);
    return MC_OK;
}
