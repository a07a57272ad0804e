/* Windows one after the other: which shards they are of, read ahead, and the order of their units.
 *
 *     an epoch's shards, in its order  c a f | b d e |      cut evenly into windows
 *     while units of the one are given       | b d e |      is scanned, so that it is ready
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/ahead.h"
#include "base/alloc.h"
#include "train/pair_loader_internal.h"

enum { DEFAULT_SHUFFLE_SHARDS = 16 };
/* In so many samples there must be something that fits. */
static const uint64_t enough_samples = 100000;

/* A shard that is being looked through, by number from the start. */
typedef struct {
    uint64_t epoch;
    const mci_shard *shard;
    mci_pair_scanned *scanned;
    mc_error why;
} scan_place;

struct mci_pair_order {
    const mci_pair_loader_job *job;
    const mci_shards *shards;
    uint64_t n_windows; /* of an epoch */
    /* of the one who claims shards */
    uint32_t *shard_order;
    uint64_t scan_epoch, scan_next;
    /* places[number % n_places] */
    scan_place *places;
    size_t n_places;
    mci_pair_scan **scans; /* of each thread */
    unsigned n_scans;
    atomic_bool is_closing;
    mci_ahead *ahead;
    /* of the one who takes windows */
    uint64_t epoch, window;                /* the next one */
    uint64_t n_taken;                      /* shards */
    uint64_t n_dry_windows, n_dry_samples; /* since there was a unit */
    mci_pair_counters n, dry;              /* of all, and of those */
    mci_pair_layouts layouts;
    mc_error problems[MCI_PAIR_PROBLEMS];
    size_t n_problems;
};

/* ---- which shards ---- */

static size_t window_begin(const mci_pair_order *o, uint64_t window)
{
    return (size_t)(window * o->shards->n / o->n_windows);
}

static void order_shards(mci_pair_order *o)
{
    mci_draws draws = mci_draws_of(o->job->seed, MCI_DRAW_SHARDS, o->scan_epoch, 0, 0);
    mci_draws_order(draws, o->shard_order, (uint32_t)o->shards->n);
}

static mc_status claim_shard(void *user, unsigned worker, uint64_t number, mc_error *err)
{
    (void)worker;
    (void)err;
    mci_pair_order *o = user;
    if (o->scan_next == o->shards->n) {
        o->scan_epoch++;
        o->scan_next = 0;
        order_shards(o);
    }
    scan_place *at = &o->places[number % o->n_places];
    *at = (scan_place){ .epoch = o->scan_epoch };
    at->shard = &o->shards->shards[o->shard_order[o->scan_next++]];
    return MC_OK;
}

static void scan_claimed(void *user, unsigned worker, uint64_t number)
{
    mci_pair_order *o = user;
    scan_place *at = &o->places[number % o->n_places];
    at->why.status =
        mci_pair_scan_shard(o->scans[worker], at->shard, at->epoch, &at->scanned, &at->why);
}

/* ---- starting and stopping ---- */

static mc_status make_scans(mci_pair_order *o, unsigned n, mc_error *err)
{
    o->scans = mci_alloc_zeroed(n, sizeof(mci_pair_scan *));
    if (!o->scans)
        return mci_nomem(err, n * sizeof(mci_pair_scan *));
    for (; o->n_scans < n; o->n_scans++)
        MC_TRY(mci_pair_scan_new(o->job, &o->is_closing, &o->scans[o->n_scans], err));
    return MC_OK;
}

static mc_status make_places(mci_pair_order *o, mc_error *err)
{
    uint64_t n = o->shards->n;
    uint64_t most = o->job->shuffle_shards ? o->job->shuffle_shards : DEFAULT_SHUFFLE_SHARDS;
    o->n_windows = (n + most - 1) / most;
    o->n_places = (size_t)((n + o->n_windows - 1) / o->n_windows);
    o->shard_order = mci_alloc_zeroed(n, sizeof *o->shard_order);
    o->places = mci_alloc_zeroed(o->n_places, sizeof *o->places);
    if (!o->shard_order || !o->places)
        return mci_nomem(err, n * sizeof *o->shard_order + o->n_places * sizeof *o->places);
    return MC_OK;
}

static mc_status start_at(mci_pair_order *o, const mci_pair_position *start, mc_error *err)
{
    if (start->window >= o->n_windows)
        return mc_fail(err, MC_E_MISMATCH,
                       "window %" PRIu64 " to go on from, but this set has only %" PRIu64
                       ": it is not the set of that position",
                       start->window, o->n_windows);
    o->epoch = o->scan_epoch = start->epoch;
    o->window = start->window;
    o->scan_next = window_begin(o, start->window);
    order_shards(o);
    return MC_OK;
}

mc_status mci_pair_order_start(const mci_pair_loader_job *job, const mci_shards *shards,
                               mci_pair_order **out, mc_error *err)
{
    mci_pair_order *o = mci_alloc_zeroed(1, sizeof *o);
    if (!o)
        return mci_nomem(err, sizeof *o);
    mci_ahead_steps steps = { claim_shard, scan_claimed, o };
    o->job = job;
    o->shards = shards;
    mc_status status = make_places(o, err);
    if (status == MC_OK)
        status = start_at(o, &job->start, err);
    if (status == MC_OK)
        status = make_scans(o, job->n_scan_threads, err);
    if (status == MC_OK)
        status = mci_ahead_start(&steps, o->n_scans, o->n_places, &o->ahead, err);
    if (status < 0)
        mci_pair_order_stop(o);
    else
        *out = o;
    return status;
}

void mci_pair_order_hurry(mci_pair_order *o)
{
    if (o)
        atomic_store(&o->is_closing, true);
}

void mci_pair_order_stop(mci_pair_order *o)
{
    if (!o)
        return;
    mci_pair_order_hurry(o);
    mci_ahead_stop(o->ahead);
    for (size_t i = 0; o->places && i < o->n_places; i++)
        mci_pair_scanned_free(o->places[i].scanned);
    for (unsigned i = 0; i < o->n_scans; i++)
        mci_pair_scan_free(o->scans[i]);
    mci_free(o->scans);
    mci_free(o->places);
    mci_free(o->shard_order);
    mci_free(o);
}

/* ---- windows ---- */

void mci_pair_window_free(mci_pair_window *window)
{
    if (!window)
        return;
    for (size_t i = 0; window->shards && i < window->n_shards; i++)
        mci_pair_scanned_free(window->shards[i]);
    mci_free(window->shards);
    mci_free(window->ends);
    mci_free(window->order);
    mci_free(window);
}

const mci_pair_unit *mci_pair_window_unit(const mci_pair_window *window, uint32_t place,
                                          const mci_pair_scanned **shard)
{
    uint64_t unit = window->order[place];
    size_t low = 0, high = window->n_shards - 1; /* the first shard whose end is behind the unit */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (window->ends[middle] > unit)
            high = middle;
        else
            low = middle + 1;
    }
    *shard = window->shards[low];
    return &window->shards[low]->units[unit - (low ? window->ends[low - 1] : 0)];
}

static mc_status new_window(const mci_pair_order *o, size_t n_shards, mci_pair_window **out,
                            mc_error *err)
{
    mci_pair_window *w = mci_alloc_zeroed(1, sizeof *w);
    if (!w)
        return mci_nomem(err, sizeof *w);
    *w = (mci_pair_window){ .epoch = o->epoch, .number = o->window, .n_shards = n_shards };
    w->shards = mci_alloc_zeroed(n_shards, sizeof(mci_pair_scanned *));
    w->ends = mci_alloc_zeroed(n_shards, sizeof *w->ends);
    if (!w->shards || !w->ends) {
        mci_pair_window_free(w);
        return mci_nomem(err, n_shards * sizeof *w->ends);
    }
    *out = w;
    return MC_OK;
}

/* Takes the shards that were looked through over into the window. */
static mc_status take_shards(mci_pair_order *o, mci_pair_window *w, mc_error *err)
{
    uint64_t n_done, end = o->n_taken + w->n_shards, n_units = 0;
    MC_TRY(mci_ahead_wait(o->ahead, end, &n_done, err));
    for (size_t i = 0; i < w->n_shards; i++) {
        scan_place *at = &o->places[(o->n_taken + i) % o->n_places];
        if (at->why.status < 0)
            return mc_fail(err, at->why.status, "%s", at->why.text);
        w->shards[i] = at->scanned;
        at->scanned = NULL;
        n_units += w->shards[i]->n_units;
        w->ends[i] = n_units;
    }
    o->n_taken = end;
    mci_ahead_release(o->ahead, end);
    if (n_units > UINT32_MAX)
        return mc_fail(err, MC_E_LIMIT, "%" PRIu64 " units in a window: shuffle fewer shards",
                       n_units);
    w->n_units = (uint32_t)n_units;
    return MC_OK;
}

static mc_status order_units(const mci_pair_order *o, mci_pair_window *w, mc_error *err)
{
    if (w->n_units == 0)
        return MC_OK;
    w->order = mci_alloc((size_t)w->n_units * sizeof *w->order);
    if (!w->order)
        return mci_nomem(err, (size_t)w->n_units * sizeof *w->order);
    mci_draws_order(mci_draws_of(o->job->seed, MCI_DRAW_UNITS, w->epoch, w->number, 0), w->order,
                    w->n_units);
    return MC_OK;
}

/* ---- what was counted ---- */

static void add_counters(mci_pair_counters *to, const mci_pair_counters *from)
{
#define X(name, text) to->name += from->name;
    MCI_PAIR_COUNTERS(X)
#undef X
}

static void count_window(mci_pair_order *o, const mci_pair_window *w)
{
    mci_pair_counters n = { .windows = 1 };
    for (size_t i = 0; i < w->n_shards; i++) {
        const mci_pair_scanned *shard = w->shards[i];
        add_counters(&n, &shard->n);
        for (size_t k = 0; k < shard->layouts.n; k++)
            mci_pair_layouts_add(&o->layouts, mc_str_of(shard->layouts.names[k]));
        for (size_t k = 0; k < shard->n_problems && o->n_problems < MCI_PAIR_PROBLEMS; k++)
            o->problems[o->n_problems++] = shard->problems[k];
    }
    add_counters(&o->n, &n);
    if (w->n_units > 0) {
        o->n_dry_windows = 0;
        o->dry = (mci_pair_counters){ 0 };
    } else {
        o->n_dry_windows++;
        add_counters(&o->dry, &n);
    }
}

/* Where nothing fits, the reason that took most. */
static mc_status nothing_fits(const mci_pair_order *o, mc_error *err)
{
    const mci_pair_counters *n = &o->dry;
    char found[MCI_PAIR_LAYOUTS * (MCI_PAIR_LAYOUT_BYTES + 4)] = "";
    uint64_t n_keys = n->samples_without_image + n->samples_without_text;
    for (size_t i = 0, used = 0; i < o->layouts.n; i++)
        used += (size_t)snprintf(found + used, sizeof found - used, "%s\"%s\"", i ? ", " : "",
                                 o->layouts.names[i]);
    if (n->samples_read == 0)
        return mc_fail(err, MC_E_FORMAT,
                       "%s: no samples in this and the other shards, of %" PRIu64 " (%" PRIu64
                       " members of tars with names without a dot, %" PRIu64 " things damaged)",
                       o->shards->shards[0].path, n->shards, n->others, n->damages);
    if (n_keys > 0)
        return mc_fail(err, MC_E_FORMAT,
                       "%s: nothing fits in %" PRIu64 " samples: want an image (.jpg, .jpeg, .png, "
                       ".webp) with texts (.txt, or .json that holds some); found %s",
                       o->shards->shards[0].path, n->samples_read, found);
    if (n->samples_not_in_subset > 0 && n->samples_not_drawn == 0)
        return mc_fail(err, MC_E_FORMAT,
                       "%s: none of %" PRIu64 " samples is on the subset lists: are their uuids of "
                       "the same kind?",
                       o->shards->shards[0].path, n->samples_read);
    return mc_fail(err, MC_E_FORMAT,
                   "%s: nothing is drawn of %" PRIu64 " samples: of %" PRIu64 " texts %" PRIu64
                   " match no entry%s",
                   o->shards->shards[0].path, n->samples_read, n->texts_read, n->texts_unmatched,
                   o->job->matching ? "" : " (they must carry ids, or be matched here)");
}

static bool is_dry(const mci_pair_order *o)
{
    return o->n_dry_windows >= o->n_windows || o->dry.samples_read >= enough_samples;
}

/* ---- the next one ---- */

static mc_status make_window(mci_pair_order *o, mci_pair_window **out, mc_error *err)
{
    mci_pair_window *w = NULL;
    size_t n_shards = window_begin(o, o->window + 1) - window_begin(o, o->window);
    MC_TRY(new_window(o, n_shards, &w, err));
    mc_status status = take_shards(o, w, err);
    if (status == MC_OK)
        status = order_units(o, w, err);
    if (status < 0) {
        mci_pair_window_free(w);
        return status;
    }
    if (++o->window == o->n_windows) {
        o->window = 0;
        o->epoch++;
    }
    *out = w;
    return MC_OK;
}

mc_status mci_pair_order_next(mci_pair_order *o, mci_pair_window **out, mc_error *err)
{
    for (;;) {
        mci_pair_window *w;
        MC_TRY(make_window(o, &w, err));
        count_window(o, w);
        if (w->n_units > 0) {
            *out = w;
            return MC_OK;
        }
        mci_pair_window_free(w);
        if (is_dry(o))
            return nothing_fits(o, err);
    }
}

const mci_pair_counters *mci_pair_order_counters(const mci_pair_order *o)
{
    return &o->n;
}

size_t mci_pair_order_n_problems(const mci_pair_order *o)
{
    return o->n_problems;
}

const mc_error *mci_pair_order_problem(const mci_pair_order *o, size_t i)
{
    return &o->problems[i];
}
