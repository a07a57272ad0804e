#include "train/pair_loader.h"

#include <inttypes.h>

#include "base/ahead.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "base/threads.h"
#include "train/pair_loader_internal.h"

enum { MAX_STAND_INS = 64 };
static const uint64_t default_image_bytes = (uint64_t)64 << 20;

/* A row of a batch, in work or done. */
typedef struct {
    mci_pair_window *window;
    uint32_t place;
    uint64_t in_batch; /* which of the pairs of all ranks' batch it is */
    mci_pair_position at, after;
    mci_pair_counters n; /* of the windows up to this one */
    size_t n_problems;
    mc_error failure;  /* status not MC_OK: nothing could be made at all */
    mc_error unusable; /* status not MC_OK: another stands in */
} pair_item;

/* Item i is at place i % n_places, as are its pixels and tokens; it is claimed (by one thread at a
 * time), worked on, given, in this order, and base/ahead.h keeps these apart. A window is kept
 * until its last item was given. */
struct mci_pair_loader {
    mci_pair_loader_job job;
    mci_shards shards;
    unsigned width, height;
    size_t row_floats, n_places;
    uint64_t fingerprint;
    mci_pair_order *order;
    /* of the one who claims */
    mci_pair_window *windows, *last_window; /* oldest first */
    uint64_t next_place;                    /* in the last window */
    bool has_begun;
    mci_pair_position batch_at;
    /* of all */
    mci_pair_worker *workers;
    unsigned n_workers;
    pair_item *items;
    float *pixels;
    int32_t *tokens;
    mci_ahead *ahead;
    /* of the caller */
    uint64_t n_given;
    mci_pair_counters counters;
    mc_error problems[2 * MCI_PAIR_PROBLEMS]; /* of shards, and behind them of images */
    size_t n_scan_problems, n_image_problems;
};

mc_image_options mci_pair_image_options(unsigned size)
{
    mc_image_options options = mc_image_options_clip(size);
    options.shortest = options.crop_width = options.crop_height = 0;
    options.width = options.height = size;
    options.rgb_last = true;
    return options;
}

mci_crop_range mci_pair_crop_range(void)
{
    return (mci_crop_range){ 0.9, 1.0, 3.0 / 4.0, 4.0 / 3.0 };
}

/* ---- the order of items ---- */

/* Windows of which all items were given: those that may be claimed now show which. */
static void drop_windows(mci_pair_loader *l, uint64_t number)
{
    while (l->windows != l->last_window &&
           (!l->windows->has_items || l->windows->last_item + l->n_places <= number)) {
        mci_pair_window *old = l->windows;
        l->windows = old->next;
        mci_pair_window_free(old);
    }
}

static mc_status open_window(mci_pair_loader *l, uint64_t number, mc_error *err)
{
    mci_pair_window *w;
    MC_TRY(mci_pair_order_next(l->order, &w, err));
    if (l->last_window)
        l->last_window->next = w;
    else
        l->windows = w;
    l->last_window = w;
    l->next_place = 0;
    drop_windows(l, number);
    return MC_OK;
}

/* The window of the start may have been passed over, if it has no units; then nothing of it can
 * have been given. */
static mc_status begin(mci_pair_loader *l, mc_error *err)
{
    const mci_pair_position *start = &l->job.start;
    MC_TRY(open_window(l, 0, err));
    const mci_pair_window *w = l->last_window;
    bool is_there = w->epoch == start->epoch && w->number == start->window;
    if (is_there ? start->place > w->n_units : start->place > 0)
        return mc_fail(err, MC_E_MISMATCH,
                       "place %" PRIu64 " of window %" PRIu64 " to go on from, but this set has "
                       "only %u there: it is not the set of that position",
                       start->place, start->window, is_there ? w->n_units : 0);
    l->next_place = is_there ? start->place : 0;
    l->has_begun = true;
    return MC_OK;
}

/* Makes the next place be one in the last window. */
static mc_status reach_place(mci_pair_loader *l, uint64_t number, mc_error *err)
{
    if (!l->has_begun)
        MC_TRY(begin(l, err));
    while (l->next_place >= l->last_window->n_units)
        MC_TRY(open_window(l, number, err));
    return MC_OK;
}

static mc_status pass_over(mci_pair_loader *l, uint64_t n, uint64_t number, mc_error *err)
{
    while (n > 0) {
        MC_TRY(reach_place(l, number, err));
        uint64_t left = l->last_window->n_units - l->next_place;
        uint64_t step = n < left ? n : left;
        l->next_place += step;
        n -= step;
    }
    return MC_OK;
}

static mci_pair_position position_of(const mci_pair_loader *l)
{
    return (mci_pair_position){ l->last_window->epoch, l->last_window->number, l->next_place };
}

/* The first item of a batch finds out where the batch, and the one behind it, begin. */
static mc_status begin_batch(mci_pair_loader *l, uint64_t number, mc_error *err)
{
    MC_TRY(reach_place(l, number, err));
    l->batch_at = position_of(l);
    return pass_over(l, (uint64_t)l->job.batch * l->job.rank, number, err);
}

static mc_status end_batch(mci_pair_loader *l, pair_item *item, uint64_t number, mc_error *err)
{
    uint64_t others = l->job.n_ranks - 1 - l->job.rank;
    MC_TRY(pass_over(l, l->job.batch * others, number, err));
    item->after = position_of(l);
    return MC_OK;
}

static mc_status claim(void *user, unsigned worker, uint64_t number, mc_error *err)
{
    (void)worker;
    mci_pair_loader *l = user;
    uint64_t i = number % l->job.batch;
    pair_item *item = &l->items[number % l->n_places];
    *item = (pair_item){ .in_batch = (uint64_t)l->job.batch * l->job.rank + i };
    if (i == 0)
        MC_TRY(begin_batch(l, number, err));
    MC_TRY(reach_place(l, number, err));
    item->window = l->last_window;
    item->place = (uint32_t)l->next_place++;
    item->window->last_item = number;
    item->window->has_items = true;
    item->at = l->batch_at;
    if (i + 1 == l->job.batch)
        MC_TRY(end_batch(l, item, number, err));
    item->n = *mci_pair_order_counters(l->order);
    item->n_problems = mci_pair_order_n_problems(l->order);
    return MC_OK;
}

/* ---- one pair ---- */

/* The pair at a place of the window, into the row of item `at`. */
static mc_status make_pair(const mci_pair_loader *l, mci_pair_worker *w,
                           const mci_pair_window *window, uint32_t place, size_t at, mc_error *err)
{
    return mci_pair_prepare(&l->job, w, window, place, l->pixels + at * l->row_floats,
                            l->tokens + at * l->job.context, err);
}

/* Whether a place of the item's window is of the item's batch. */
static bool is_in_batch(const mci_pair_loader *l, const pair_item *item, uint64_t place)
{
    uint64_t n = (uint64_t)l->job.batch * l->job.n_ranks;
    uint64_t first = item->place > item->in_batch ? item->place - item->in_batch : 0;
    uint64_t end = item->place + (n - item->in_batch);
    return place >= first && place < end;
}

/* Another of the window, outside of the batch if it is not all of the window. */
static void find_stand_in(const mci_pair_loader *l, mci_pair_worker *w, const pair_item *item,
                          size_t at, mc_error *err)
{
    const mci_pair_window *window = item->window;
    bool is_all = is_in_batch(l, item, 0) && is_in_batch(l, item, window->n_units - 1);
    mci_draws draws =
        mci_draws_of(l->job.seed, MCI_DRAW_STAND_IN, window->epoch, window->number, item->place);
    for (int tries = 0; tries < MAX_STAND_INS;) {
        uint32_t place = mci_draws_below(&draws, window->n_units);
        tries++;
        if (place == item->place || (!is_all && is_in_batch(l, item, place)))
            continue;
        *err = (mc_error){ 0 };
        err->status = make_pair(l, w, window, place, at, err);
        if (err->status != MC_SKIPPED)
            return;
    }
    mc_fail(err, MC_E_FORMAT,
            "%s; and of %d units drawn from the %u of its window none can stand in: shuffle more "
            "shards, or leave out those that are damaged",
            item->unusable.text, MAX_STAND_INS, window->n_units);
}

static void work(void *user, unsigned worker, uint64_t number)
{
    mci_pair_loader *l = user;
    mci_pair_worker *w = &l->workers[worker];
    size_t at = number % l->n_places;
    pair_item *item = &l->items[at];
    item->unusable.status = make_pair(l, w, item->window, item->place, at, &item->unusable);
    if (item->unusable.status == MC_SKIPPED)
        find_stand_in(l, w, item, at, &item->failure);
    else
        item->failure = item->unusable;
}

/* ---- opening ---- */

static mc_status check_crop(const mci_crop_range *crop, mc_error *err)
{
    bool is_scale =
        crop->min_scale > 0 && crop->min_scale <= crop->max_scale && crop->max_scale <= 1;
    bool is_ratio =
        crop->min_ratio > 0 && crop->min_ratio <= crop->max_ratio && crop->max_ratio < 1e6;
    if (is_scale && is_ratio)
        return MC_OK;
    return mc_fail(err, MC_E_ARG,
                   "crops of scale %g to %g and ratio %g to %g: want 0 < min <= max, scales up "
                   "to 1",
                   crop->min_scale, crop->max_scale, crop->min_ratio, crop->max_ratio);
}

static mc_status check_job(const mci_pair_loader_job *job, mc_error *err)
{
    const mc_image_options *image = &job->image;
    if (job->n_inputs == 0)
        return mc_fail(err, MC_E_ARG, "no shards to train on");
    for (size_t i = 0; i < job->n_inputs; i++)
        if (strcmp(job->inputs[i], "-") == 0)
            return mc_fail(err, MC_E_ARG,
                           "pairs to train on are read more than once, so they "
                           "cannot come from standard input");
    if (!job->tokenizer || job->batch == 0 || job->rank >= job->n_ranks)
        return mc_fail(err, MC_E_ARG, "want a tokenizer, a batch of 1 or more, and a rank below %u",
                       job->n_ranks);
    if (image->width == 0 || image->height == 0 || image->shortest || image->crop_width ||
        image->crop_height)
        return mc_fail(err, MC_E_ARG, "images to train on need a width and a height, and no crop");
    if (job->matching && !job->balancer)
        return mc_fail(err, MC_E_ARG, "matching is for balancing: want counts too");
    if (job->context > MC_MAX_CONTEXT)
        return mc_fail(err, MC_E_ARG, "a context of %zu tokens: %d is the limit", job->context,
                       MC_MAX_CONTEXT);
    return check_crop(&job->crop, err);
}

static void set_defaults(mci_pair_loader_job *job)
{
    job->n_ranks = job->n_ranks ? job->n_ranks : 1;
    job->context = job->context ? job->context : MC_CLIP_CONTEXT;
    job->n_threads = job->n_threads ? job->n_threads : mci_n_processors();
    job->n_scan_threads = job->n_scan_threads ? job->n_scan_threads : (job->n_threads + 7) / 8;
    job->n_batches = job->n_batches > 2 ? job->n_batches : 2;
    job->max_image_bytes = job->max_image_bytes ? job->max_image_bytes : default_image_bytes;
}

static mc_status make_workers(mci_pair_loader *l, mc_error *err)
{
    l->workers = mci_alloc_zeroed(l->job.n_threads, sizeof *l->workers);
    if (!l->workers)
        return mci_nomem(err, l->job.n_threads * sizeof *l->workers);
    for (; l->n_workers < l->job.n_threads; l->n_workers++)
        MC_TRY(mci_pair_worker_init(&l->workers[l->n_workers], l->job.tokenizer, err));
    return MC_OK;
}

static mc_status make_rows(mci_pair_loader *l, mc_error *err)
{
    size_t row_bytes = 0;
    l->row_floats = 3 * (size_t)l->width * l->height;
    row_bytes = l->row_floats * sizeof(float);
    if (__builtin_mul_overflow((size_t)l->job.batch, l->job.n_batches, &l->n_places) ||
        l->n_places > SIZE_MAX / 2 / row_bytes)
        return mci_nomem(err, SIZE_MAX);
    l->items = mci_alloc_zeroed(l->n_places, sizeof *l->items);
    l->pixels = mci_alloc_lines(l->n_places * row_bytes);
    l->tokens = mci_alloc_zeroed(l->n_places, l->job.context * sizeof *l->tokens);
    if (!l->items || !l->pixels || !l->tokens)
        return mci_nomem(err, l->n_places * row_bytes);
    return MC_OK;
}

static void make_fingerprint(mci_pair_loader *l)
{
    const mci_pair_loader_job *job = &l->job;
    uint64_t hash = mci_draws_of(job->seed, MCI_DRAW_SHARDS, l->shards.n_bytes, l->shards.n,
                                 job->shuffle_shards)
                        .state;
    for (size_t i = 0; i < l->shards.n; i++)
        hash = mci_hash64(l->shards.shards[i].name, hash);
    hash = mci_hash64(mc_str_of(job->balancer ? "balanced" : ""), hash);
    if (job->subset)
        hash = mci_draws_of(hash, MCI_DRAW_SHARDS, mci_uuid_set_digest(job->subset), 0, 0).state;
    l->fingerprint = hash;
}

static mc_status start(mci_pair_loader *l, mc_error *err)
{
    mci_ahead_steps steps = { claim, work, l };
    MC_TRY(check_job(&l->job, err));
    MC_TRY(mc_image_out_size(&l->job.image, &l->width, &l->height, err));
    MC_TRY(mci_shards_list(l->job.inputs, l->job.n_inputs, MCI_BY_NAME, l->job.names_from_paths,
                           &l->shards, err));
    if (l->shards.n > UINT32_MAX)
        return mc_fail(err, MC_E_LIMIT, "too many shards");
    make_fingerprint(l);
    MC_TRY(make_workers(l, err));
    MC_TRY(make_rows(l, err));
    MC_TRY(mci_pair_order_start(&l->job, &l->shards, &l->order, err));
    return mci_ahead_start(&steps, l->n_workers, l->n_places, &l->ahead, err);
}

mc_status mci_pair_loader_open(const mci_pair_loader_job *job, mci_pair_loader **out, mc_error *err)
{
    mci_pair_loader *l = mci_alloc_zeroed(1, sizeof *l);
    if (!l)
        return mci_nomem(err, sizeof *l);
    l->job = *job;
    set_defaults(&l->job);
    mc_status status = start(l, err);
    if (status < 0)
        mci_pair_loader_close(l);
    else
        *out = l;
    return status;
}

void mci_pair_loader_close(mci_pair_loader *l)
{
    if (!l)
        return;
    mci_pair_order_hurry(l->order);
    mci_ahead_stop(l->ahead);
    mci_pair_order_stop(l->order);
    for (mci_pair_window *w = l->windows, *next; w; w = next) {
        next = w->next;
        mci_pair_window_free(w);
    }
    for (unsigned i = 0; i < l->n_workers; i++)
        mci_pair_worker_release(&l->workers[i]);
    mci_shards_release(&l->shards);
    mci_free(l->workers);
    mci_free(l->items);
    mci_free(l->pixels);
    mci_free(l->tokens);
    mci_free(l);
}

/* ---- batches ---- */

/* What is to be told of an item that is done. */
static mc_status note_item(mci_pair_loader *l, const pair_item *item, mc_error *err)
{
    if (item->failure.status != MC_OK)
        return mc_fail(err, item->failure.status, "%s", item->failure.text);
    l->counters.pairs_given++;
    if (item->unusable.status == MC_OK)
        return MC_OK;
    l->counters.images_unusable++;
    if (l->n_image_problems < MCI_PAIR_PROBLEMS)
        l->problems[MCI_PAIR_PROBLEMS + l->n_image_problems++] = item->unusable;
    return MC_OK;
}

/* The numbers of windows are those of the item that was claimed last; problems of shards do not
 * change once they are noted. */
static void take_counters(mci_pair_loader *l, const pair_item *last)
{
    mci_pair_counters n = last->n;
    n.pairs_given = l->counters.pairs_given;
    n.images_unusable = l->counters.images_unusable;
    l->counters = n;
    for (; l->n_scan_problems < last->n_problems; l->n_scan_problems++)
        l->problems[l->n_scan_problems] = *mci_pair_order_problem(l->order, l->n_scan_problems);
}

mc_status mci_pair_loader_next(mci_pair_loader *l, mci_pair_batch *batch, mc_error *err)
{
    uint64_t n_done, from = l->n_given, end = from + l->job.batch;
    size_t first = from % l->n_places;
    mci_ahead_release(l->ahead, from);
    mc_status status = mci_ahead_wait(l->ahead, end, &n_done, err);
    if (n_done < end)
        return status;
    for (size_t i = 0; i < l->job.batch; i++)
        MC_TRY(note_item(l, &l->items[first + i], err));
    const pair_item *last = &l->items[first + l->job.batch - 1];
    take_counters(l, last);
    l->n_given = end;
    *batch = (mci_pair_batch){ .n = l->job.batch,
                               .pixels = l->pixels + first * l->row_floats,
                               .tokens = l->tokens + first * l->job.context,
                               .at = last->at,
                               .after = last->after };
    return MC_OK;
}

mci_pair_counters mci_pair_loader_counters(const mci_pair_loader *l)
{
    return l->counters;
}

const char *mci_pair_loader_problem(const mci_pair_loader *l, size_t i)
{
    if (i < l->n_scan_problems)
        return l->problems[i].text;
    i -= l->n_scan_problems;
    return i < l->n_image_problems ? l->problems[MCI_PAIR_PROBLEMS + i].text : NULL;
}

uint64_t mci_pair_loader_fingerprint(const mci_pair_loader *l)
{
    return l->fingerprint;
}
