/* Searching: ranges of rows are tasks; a worker takes a range tile by tile, a tile being as many
 * rows as a cache holds, and lets all queries of a batch see it while it is there.
 *
 *     features    shard 0                         shard 1
 *     tasks       [ 0 ][ 1 ][ 2 ][ 3 ]            [ 4 ][ 5 ]      4 MiB each
 *     tile         ||||||||                                       32 KiB of f32
 *     worker       the best k of each query of the batch, in what it has seen
 *     end          the best k of all workers' best
 *
 * A score depends on its row and query only, and which k are the best of all does not depend on who
 * saw them: so neither do the results depend on tasks, tiles, batches or threads. */
#include <math.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/threads.h"
#include "search/search_index.h"
#include "search/search_kernels.h"
#include "search/search_top.h"

enum {
    TASK_BYTES = 4 << 20,
    TILE_BYTES = 32 << 10, /* what a first-level cache holds */
    MOST_TILE_ROWS = 64,
    MOST_QUERIES = 256, /* of a batch: then arithmetic, not memory, is what is waited for */
};
#define MOST_HIT_BYTES   ((size_t)64 << 20) /* of a worker, unless one query needs more */
#define MOST_QUERY_BYTES ((size_t)16 << 20) /* the same of a batch */

/* What belongs to one worker. */
typedef struct {
    float *rows;    /* [tile_rows, D], what was f16 */
    float *scores;  /* [Q, tile_rows] */
    float *factors; /* [tile_rows], 1 / length */
    mci_hit *hits;  /* [Q, k] */
    mci_top *tops;  /* [Q] */
    uint64_t n_odd;
} worker;

typedef struct {
    const mc_search_index *index;
    const mc_search_options *options;
    const mci_search_kernels *kernels;
    size_t k;      /* not more than there are rows */
    size_t stride; /* of queries: D, rounded up to lanes */
    size_t tile_rows, n_tasks;
    float *queries; /* [batch, stride], of length 1 if cosines are asked for */
    size_t batch;   /* the most queries at a time */
    size_t Q;       /* queries of this batch */
    bool is_first;  /* this is the first batch */
    worker *workers;
    unsigned n_workers;
    atomic_uint_least64_t done;
    uint64_t total;
} search;

/* ---- tiles ---- */

/* Sets the lengths' factors so that scores become cosines. */
static void set_factors(const search *s, worker *w, const float *rows, size_t R)
{
    s->kernels->squares(rows, R, s->index->D, w->factors);
    for (size_t r = 0; r < R; r++) {
        float square = w->factors[r];
        w->factors[r] = square == 0 ? 0 : isfinite(square) ? 1 / sqrtf(square) : NAN;
    }
}

static void count_odd(worker *w, const float *scores, size_t R)
{
    for (size_t r = 0; r < R; r++)
        w->n_odd += scores[r] != scores[r];
}

static void search_tile(const search *s, worker *w, const float *rows, size_t R, uint64_t first)
{
    bool is_cosine = s->options->measure == MC_SEARCH_COSINE;
    if (is_cosine)
        set_factors(s, w, rows, R);
    s->kernels->products(rows, R, s->index->D, s->queries, s->Q, s->stride, w->scores);
    for (size_t q = 0; q < s->Q; q++) {
        float *scores = w->scores + q * R;
        for (size_t r = 0; is_cosine && r < R; r++)
            scores[r] *= w->factors[r];
        if (q == 0 && s->is_first)
            count_odd(w, scores, R);
        mci_top_offer(&w->tops[q], scores, R, first);
    }
}

static void search_range(const search *s, worker *w, const mci_search_shard *shard, uint64_t from,
                         uint64_t to)
{
    size_t D = s->index->D;
    for (uint64_t at = from; at < to; at += s->tile_rows) {
        size_t R = to - at < s->tile_rows ? (size_t)(to - at) : s->tile_rows;
        const float *rows = w->rows;
        if (shard->is_half)
            s->kernels->widen((const uint16_t *)shard->data + at * D, R * D, w->rows);
        else
            rows = (const float *)shard->data + at * D;
        search_tile(s, w, rows, R, shard->first + at);
    }
}

/* ---- tasks ---- */

static uint64_t task_rows(const search *s, const mci_search_shard *shard)
{
    uint64_t n = TASK_BYTES / mci_search_row_bytes(shard, s->index->D) / s->tile_rows;
    return (n ? n : 1) * s->tile_rows;
}

static size_t shard_tasks(const search *s, const mci_search_shard *shard)
{
    uint64_t rows = task_rows(s, shard);
    return (size_t)(shard->n / rows + (shard->n % rows != 0));
}

static void tell_progress(search *s, uint64_t n_bytes, unsigned number)
{
    const mc_hooks *hooks = &s->options->hooks;
    uint64_t done = atomic_fetch_add(&s->done, n_bytes) + n_bytes;
    mc_progress progress = { .phase = "search", .done = done, .total = s->total };
    if (number == 0 && hooks->progress)
        hooks->progress(hooks->user, &progress);
}

static mc_status run_task(void *user, size_t task, unsigned number, mc_error *err)
{
    (void)err;
    search *s = user;
    const mci_search_shard *shard = s->index->shards;
    for (; task >= shard_tasks(s, shard); shard++)
        task -= shard_tasks(s, shard);
    uint64_t rows = task_rows(s, shard), from = task * rows;
    uint64_t to = shard->n - from < rows ? shard->n : from + rows;
    search_range(s, &s->workers[number], shard, from, to);
    tell_progress(s, (to - from) * mci_search_row_bytes(shard, s->index->D), number);
    return MC_OK;
}

/* ---- a batch ---- */

/* Copies queries into rows that kernels like. */
static mc_status set_queries(search *s, const float *queries, size_t first, mc_error *err)
{
    size_t D = s->index->D;
    memset(s->queries, 0, s->Q * s->stride * sizeof *s->queries);
    for (size_t q = 0; q < s->Q; q++) {
        const float *from = queries + (first + q) * D;
        float *to = s->queries + q * s->stride;
        double square = 0;
        for (size_t i = 0; i < D; i++) {
            if (!isfinite(from[i]))
                return mc_fail(err, MC_E_FORMAT, "query %zu: number %zu of it is not finite",
                               first + q, i);
            square += (double)from[i] * from[i];
        }
        bool scales = s->options->measure == MC_SEARCH_COSINE && square > 0;
        double factor = scales ? 1 / sqrt(square) : 1;
        for (size_t i = 0; i < D; i++)
            to[i] = (float)(from[i] * factor);
    }
    return MC_OK;
}

static void empty_tops(search *s)
{
    for (unsigned i = 0; i < s->n_workers; i++) {
        worker *w = &s->workers[i];
        for (size_t q = 0; q < s->Q; q++)
            w->tops[q] = (mci_top){ .hits = w->hits + q * s->k, .k = s->k };
    }
}

/* Writes the best of all workers' best of query q; `k` places. */
static void write_best(search *s, size_t q, size_t k, uint64_t *rows, float *scores)
{
    mci_top *best = &s->workers[0].tops[q];
    for (unsigned i = 1; i < s->n_workers; i++) {
        const mci_top *other = &s->workers[i].tops[q];
        for (size_t j = 0; j < other->n; j++)
            mci_top_take(best, other->hits[j]);
    }
    mci_top_sort(best);
    for (size_t j = 0; j < k; j++) {
        rows[j] = j < best->n ? best->hits[j].row : MC_SEARCH_NONE;
        scores[j] = j < best->n ? best->hits[j].score + 0.0f : -INFINITY; /* no -0 */
    }
}

static mc_status search_batch(search *s, const float *queries, size_t first, uint64_t *rows,
                              float *scores, mc_error *err)
{
    size_t k = s->options->k;
    MC_TRY(set_queries(s, queries, first, err));
    empty_tops(s);
    MC_TRY(mci_run_tasks(s->n_workers, s->n_tasks, run_task, s, err));
    for (size_t q = 0; q < s->Q; q++)
        write_best(s, q, k, rows + (first + q) * k, scores + (first + q) * k);
    return MC_OK;
}

/* ---- memory ---- */

static mc_status open_worker(const search *s, worker *w, mc_error *err)
{
    size_t wide = s->tile_rows * s->index->D * sizeof *w->rows;
    size_t scores = s->batch * s->tile_rows * sizeof *w->scores;
    size_t hits = s->batch * s->k * sizeof *w->hits;
    w->rows = mci_alloc(wide);
    w->scores = mci_alloc(scores);
    w->factors = mci_alloc(s->tile_rows * sizeof *w->factors);
    w->hits = mci_alloc(hits ? hits : 1);
    w->tops = mci_alloc_zeroed(s->batch, sizeof *w->tops);
    bool has_all = w->rows && w->scores && w->factors && w->hits && w->tops;
    return has_all ? MC_OK : mci_nomem(err, wide + scores + hits);
}

static void close_search(search *s)
{
    for (unsigned i = 0; s->workers && i < s->n_workers; i++) {
        mci_free(s->workers[i].rows);
        mci_free(s->workers[i].scores);
        mci_free(s->workers[i].factors);
        mci_free(s->workers[i].hits);
        mci_free(s->workers[i].tops);
    }
    mci_free(s->workers);
    mci_free(s->queries);
}

static size_t at_least_1(size_t n)
{
    return n ? n : 1;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static mc_status set_sizes(search *s, size_t n_queries, mc_error *err)
{
    size_t D = s->index->D;
    s->k = s->options->k < s->index->n ? s->options->k : (size_t)s->index->n;
    if (s->k > SIZE_MAX / 2 / sizeof(mci_hit))
        return mci_nomem(err, SIZE_MAX);
    s->stride = (D + MCI_SEARCH_LANES - 1) / MCI_SEARCH_LANES * MCI_SEARCH_LANES;
    s->tile_rows = least(MOST_TILE_ROWS, TILE_BYTES / (D * sizeof(float)) & ~(size_t)3);
    if (s->tile_rows == 0)
        s->tile_rows = 4;
    s->batch = least(n_queries, MOST_QUERIES);
    s->batch = least(s->batch, at_least_1(MOST_QUERY_BYTES / (s->stride * sizeof(float))));
    s->batch = least(s->batch, at_least_1(MOST_HIT_BYTES / at_least_1(s->k * sizeof(mci_hit))));
    for (size_t i = 0; i < s->index->n_shards; i++) {
        const mci_search_shard *shard = &s->index->shards[i];
        s->n_tasks += shard_tasks(s, shard);
        s->total += shard->n * mci_search_row_bytes(shard, D);
    }
    s->total *= (n_queries + s->batch - 1) / s->batch;
    return MC_OK;
}

static mc_status open_search(search *s, size_t n_queries, mc_error *err)
{
    MC_TRY(set_sizes(s, n_queries, err));
    unsigned n_threads = s->options->n_threads ? s->options->n_threads : mci_n_processors();
    s->n_workers = (unsigned)at_least_1(least(n_threads, s->n_tasks));
    s->workers = mci_alloc_zeroed(s->n_workers, sizeof *s->workers);
    s->queries = mci_alloc(s->batch * s->stride * sizeof *s->queries);
    if (!s->workers || !s->queries)
        return mci_nomem(err, s->batch * s->stride * sizeof *s->queries);
    for (unsigned i = 0; i < s->n_workers; i++)
        MC_TRY(open_worker(s, &s->workers[i], err));
    return MC_OK;
}

/* ---- the whole ---- */

static mc_status search_all(search *s, const float *queries, size_t n_queries, uint64_t *rows,
                            float *scores, mc_error *err)
{
    MC_TRY(open_search(s, n_queries, err));
    for (size_t first = 0; first < n_queries; first += s->Q) {
        s->is_first = first == 0;
        s->Q = least(s->batch, n_queries - first);
        MC_TRY(search_batch(s, queries, first, rows, scores, err));
    }
    return MC_OK;
}

mc_status mc_search_run(const mc_search_index *index, const float *queries, size_t n_queries,
                        const mc_search_options *options, uint64_t *rows, float *scores,
                        uint64_t *n_odd, mc_error *err)
{
    if (options->k == 0)
        return mc_fail(err, MC_E_ARG, "k is 0: at least one neighbour must be asked for");
    search s = { .index = index, .options = options, .kernels = mci_search_kernels_best() };
    uint64_t n = 0;
    mc_status status = n_queries ? search_all(&s, queries, n_queries, rows, scores, err) : MC_OK;
    for (unsigned i = 0; status >= 0 && s.workers && i < s.n_workers; i++)
        n += s.workers[i].n_odd;
    if (status >= 0 && n_odd)
        *n_odd = n;
    close_search(&s);
    return status;
}
