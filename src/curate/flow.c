#include "curate/flow.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/threads.h"
#include "curate/languages.h"

enum {
    BATCH_BYTES =
        1 << 18, /* enough work to make handing over cheap, little enough to stay in cache */
    BATCH_ITEMS = 4096,
    KEPT_BYTES = 8 << 20, /* a buffer that one huge item blew up beyond this is given back */
    SLOTS_PER_WORKER = 2,
};
static const uint64_t default_max_item_bytes = 64 << 20;

struct mci_batch_item {
    mci_item_kind kind;
    size_t start, len; /* in batch->bytes */
    size_t uri_start, uri_len;
    uint64_t offset, position;
};

/* Batches are placed in the order in which they were filled. As workers take them in this order,
 * the one that all others wait for is always being worked on. */
struct mci_batch_order {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t n_placed;
    uint64_t n_texts; /* placed, of the shard */
};

typedef struct {
    const mc_pool *pool;
    const mci_shards *shards;
    const mci_flow_steps *steps;
    const char *phase;
    mc_summary *summary;
    const mci_languages *languages;
    mci_identifier_scratch **identifying; /* these two one per worker */
    mci_record_parser **parsers;
    uint64_t max_item_bytes;
    /* where fill stands */
    size_t shard;
    mci_source *source; /* of shards[shard], NULL if not opened yet */
    uint64_t position;  /* items so far of this shard */
    bool is_damaged;    /* this shard */
    uint64_t bytes_of_done_shards;
    uint64_t n_filled; /* batches */
    struct mci_batch_order order;
} flow;

void mci_counters_add(mc_counters *to, const mc_counters *more)
{
#define X(name, text) to->name += more->name;
    MC_COUNTERS(X)
#undef X
}

void mci_counters_add_drops(mc_counters *to, const mc_counters *more)
{
    const mc_counters drops = { .records_duplicate = more->records_duplicate,
                                .records_earlier = more->records_earlier,
                                .records_blocked = more->records_blocked,
                                .pairs_duplicate = more->pairs_duplicate,
                                .pairs_earlier = more->pairs_earlier,
                                .pairs_blocked = more->pairs_blocked,
                                .blocked_by_uuid = more->blocked_by_uuid,
                                .blocked_by_url = more->blocked_by_url,
                                .blocked_by_host = more->blocked_by_host };
    mci_counters_add(to, &drops);
}

/* ---- fill: the caller's thread ---- */

static void shrink(mci_buf *buf)
{
    mci_buf_clear(buf);
    if (buf->cap > KEPT_BYTES)
        mci_buf_release(buf);
}

static void empty_batch(mci_batch *batch)
{
    mci_arena_reset(&batch->arena);
    shrink(&batch->bytes);
    shrink(&batch->out);
    shrink(&batch->extra);
    batch->list.n = 0;
    batch->n_items = 0;
    batch->n = (mc_counters){ 0 };
    batch->languages.n = 0;
    batch->languages.others = (mc_language_count){ .kept = 0 };
    batch->problems.n = 0;
    batch->expected = 0;
    batch->starts_shard = batch->ends_shard = batch->is_placed = false;
}

static mc_status copy_item(mci_batch *batch, const mci_item *item, uint64_t position, mc_error *err)
{
    void *items = batch->items;
    MC_TRY(mci_grow(&items, &batch->cap_items, batch->n_items + 1, sizeof *batch->items, err));
    batch->items = items;
    struct mci_batch_item *place = &batch->items[batch->n_items++];
    *place = (struct mci_batch_item){ .kind = item->kind,
                                      .start = batch->bytes.len,
                                      .len = item->bytes.len,
                                      .uri_len = item->uri.len,
                                      .offset = item->offset,
                                      .position = position };
    MC_TRY(mci_buf_add(&batch->bytes, item->bytes, err));
    place->uri_start = batch->bytes.len;
    return mci_buf_add(&batch->bytes, item->uri, err);
}

static const char *path_of(const flow *f, size_t shard)
{
    return f->shards->shards[shard].path;
}

static mc_status open_shard(flow *f, mci_batch *batch, mc_error *err)
{
    const char *path = path_of(f, f->shard);
    bool has_other_name = f->pool->stdin_name && strcmp(path, "-") == 0;
    mc_status status = mci_source_open_as(path, has_other_name ? f->pool->stdin_name : path,
                                          f->max_item_bytes, &f->source, err);
    if (status < 0)
        return mc_add_context(err, status, "%s", path);
    f->position = 0;
    f->is_damaged = false;
    batch->starts_shard = true;
    batch->n.shards = 1;
    return MC_OK;
}

static void close_shard(flow *f, mci_batch *batch)
{
    uint64_t n_bytes = mci_source_bytes_read(f->source);
    batch->ends_shard = true;
    batch->n.shards_damaged = f->is_damaged;
    batch->n.bytes_read = n_bytes;
    f->bytes_of_done_shards += n_bytes;
    mci_source_close(f->source);
    f->source = NULL;
    f->shard++;
}

/* One step of reading: an item, a thing skipped, or the shard's end. */
static mc_status read_item(flow *f, mci_batch *batch, mc_error *err)
{
    mci_item item;
    mc_error what = { 0 };
    uint64_t n_passed_over = 0;
    mc_status status = mci_source_next(f->source, &item, &n_passed_over, &what);
    batch->n.items_read += n_passed_over;
    batch->n.items_passed_over += n_passed_over;
    if (status == MC_OK)
        return copy_item(batch, &item, f->position++, err);
    if (status == MC_SKIPPED) {
        f->is_damaged = true;
        batch->n.items_read++;
        batch->n.items_skipped++;
        mci_problems_note(&batch->problems, &what, path_of(f, f->shard));
    } else if (status < 0) {
        if (err)
            *err = what;
        return mc_add_context(err, status, "%s", path_of(f, f->shard));
    } else {
        close_shard(f, batch);
    }
    return MC_OK;
}

static void report_progress(const flow *f)
{
    const mc_hooks *hooks = &f->pool->hooks;
    if (!hooks->progress)
        return;
    mc_progress progress = { .phase = f->phase,
                             .done = f->bytes_of_done_shards +
                                     (f->source ? mci_source_bytes_read(f->source) : 0),
                             .total = f->shards->n_bytes,
                             .n_shards_done = f->shard,
                             .n_shards = f->shards->n };
    hooks->progress(hooks->user, &progress);
}

static mc_status fill(void *user, void *slot, mc_error *err)
{
    flow *f = user;
    mci_batch *batch = slot;
    empty_batch(batch);
    if (f->shard == f->shards->n)
        return MC_END;
    batch->shard = f->shard;
    batch->order = &f->order;
    batch->number = f->n_filled++;
    if (!f->source)
        MC_TRY(open_shard(f, batch, err));
    while (!batch->ends_shard && batch->bytes.len < BATCH_BYTES && batch->n_items < BATCH_ITEMS &&
           batch->problems.n < MC_MAX_PROBLEMS)
        MC_TRY(read_item(f, batch, err));
    report_progress(f);
    return MC_OK;
}

/* ---- work: any thread ---- */

static mc_status parse_batch(flow *f, mci_batch *batch, mci_record_parser *parser, mc_error *err)
{
    const mci_shard *shard = &f->shards->shards[batch->shard];
    for (size_t i = 0; i < batch->n_items; i++) {
        const struct mci_batch_item *it = &batch->items[i];
        mci_item item = { .kind = it->kind, .offset = it->offset };
        item.bytes = (mc_str){ batch->bytes.data + it->start, it->len };
        item.uri = (mc_str){ batch->bytes.data + it->uri_start, it->uri_len };
        mc_error what = { 0 };
        mc_status status = mci_parse_item(parser, &item, shard, it->position, &batch->arena,
                                          &batch->list, &batch->n, &what);
        if (status < 0) {
            if (err)
                *err = what;
            return mc_add_context(err, status, "%s", shard->path);
        }
        if (status == MC_SKIPPED) {
            mc_add_context(&what, status, "at byte %llu", (unsigned long long)it->offset);
            mci_problems_note(&batch->problems, &what, shard->path);
        }
    }
    return MC_OK;
}

void mci_place_batch(mci_batch *batch)
{
    struct mci_batch_order *order = batch->order;
    uint64_t n_texts = 0;
    if (batch->is_placed)
        return;
    for (size_t i = 0; i < batch->list.n; i++)
        n_texts += batch->list.records[i].n_texts;
    pthread_mutex_lock(&order->lock);
    while (order->n_placed != batch->number)
        pthread_cond_wait(&order->moved, &order->lock);
    batch->first_text = batch->starts_shard ? 0 : order->n_texts;
    order->n_texts = batch->first_text + n_texts;
    order->n_placed++;
    batch->is_placed = true;
    pthread_cond_broadcast(&order->moved);
    pthread_mutex_unlock(&order->lock);
}

static mc_status take_steps(flow *f, mci_batch *batch, unsigned worker, mc_error *err)
{
    const mci_flow_steps *steps = f->steps;
    MC_TRY(parse_batch(f, batch, f->parsers[worker], err));
    MC_TRY(mci_language_batch(f->languages, f->identifying[worker], batch, err));
    mc_status status = steps->sift ? steps->sift(steps->user, batch, worker, err) : MC_OK;
    if (status >= 0 && steps->sift)
        status = mci_name_records(f->parsers[worker], &batch->arena, &batch->list, err);
    if (status >= 0 && steps->work)
        status = steps->work(steps->user, batch, worker, err);
    bool is_of_file = status == MC_E_FORMAT || status == MC_E_MISMATCH;
    return is_of_file ? mc_add_context(err, status, "%s", path_of(f, batch->shard)) : status;
}

/* Whatever became of it, a batch is placed, for others wait behind it. */
static mc_status work(void *user, void *slot, unsigned worker, mc_error *err)
{
    flow *f = user;
    mc_status status = take_steps(f, slot, worker, err);
    if (f->steps->places)
        mci_place_batch(slot);
    return status;
}

/* ---- drain: the caller's thread again ---- */

static mc_status drain(void *user, void *slot, mc_error *err)
{
    flow *f = user;
    mci_batch *batch = slot;
    mci_problems_report(&batch->problems, f->summary);
    if (batch->problems.n > 0 && f->pool->strict)
        return mc_fail(err, MC_E_FORMAT, "%s (and --strict was asked for)",
                       batch->problems.first[0].text);
    mc_status status = f->steps->drain(f->steps->user, batch, err);
    mci_counters_add(&f->summary->n, &batch->n);
    mci_language_counts_add(&f->summary->languages, &batch->languages);
    f->summary->expected_pairs += batch->expected;
    return status;
}

/* ---- all of it ---- */

unsigned mci_flow_workers(const mc_pool *pool)
{
    return pool->n_threads ? pool->n_threads : mci_n_processors();
}

uint64_t mci_max_item_bytes(const mc_pool *pool)
{
    return pool->max_item_bytes ? pool->max_item_bytes : default_max_item_bytes;
}

uint64_t mci_max_own_bytes(const mc_pool *pool)
{
    uint64_t max = mci_max_item_bytes(pool);
    return max < UINT64_MAX / 8 ? 8 * max : UINT64_MAX;
}

static void release_batch(mci_batch *batch)
{
    if (!batch)
        return;
    mci_arena_release(&batch->arena);
    mci_buf_release(&batch->bytes);
    mci_buf_release(&batch->out);
    mci_buf_release(&batch->extra);
    mci_free(batch->list.records);
    mci_free(batch->items);
    mci_free(batch);
}

static mc_status make_slots(void **slots, size_t n_slots, mc_error *err)
{
    for (size_t i = 0; i < n_slots; i++)
        if (!(slots[i] = mci_alloc_zeroed(1, sizeof(mci_batch))))
            return mci_nomem(err, sizeof(mci_batch));
    return MC_OK;
}

static mc_status make_workers(flow *f, unsigned n_workers, mc_error *err)
{
    mci_record_options options = { .max_body_bytes = f->max_item_bytes,
                                   .html_by_gumbo = f->pool->html_by_gumbo,
                                   .leaves_unnamed = f->steps->sift != NULL,
                                   .keep_page_url = f->pool->keep_page_url,
                                   .keep_source = f->pool->keep_source };
    for (unsigned i = 0; i < n_workers; i++) {
        MC_TRY(mci_record_parser_new(&options, &f->parsers[i], err));
        if (f->languages->identifier)
            MC_TRY(mci_identifier_scratch_new(f->languages->identifier, &f->identifying[i], err));
    }
    return MC_OK;
}

static mc_status run_pipeline(flow *f, unsigned n_workers, void **slots, size_t n_slots,
                              mc_error *err)
{
    MC_TRY(make_slots(slots, n_slots, err));
    MC_TRY(make_workers(f, n_workers, err));
    mci_pipeline pipeline = { fill, work, drain, f, slots, n_slots };
    return mci_pipeline_run(&pipeline, n_workers, err);
}

static mc_status run_workers(flow *f, mc_error *err)
{
    unsigned n_workers = mci_flow_workers(f->pool);
    size_t n_slots = n_workers == 1 ? 1 : (size_t)n_workers * SLOTS_PER_WORKER;
    f->parsers = mci_alloc_zeroed(n_workers, sizeof *f->parsers);
    f->identifying = mci_alloc_zeroed(n_workers, sizeof *f->identifying);
    void **slots = mci_alloc_zeroed(n_slots, sizeof *slots);
    mc_status status = f->parsers && f->identifying && slots
                           ? run_pipeline(f, n_workers, slots, n_slots, err)
                           : mci_nomem(err, n_slots * sizeof *slots);
    for (size_t i = 0; slots && i < n_slots; i++)
        release_batch(slots[i]);
    for (unsigned i = 0; f->parsers && i < n_workers; i++)
        mci_record_parser_free(f->parsers[i]);
    for (unsigned i = 0; f->identifying && i < n_workers; i++)
        mci_identifier_scratch_free(f->identifying[i]);
    mci_free(slots);
    mci_free(f->identifying);
    mci_free(f->parsers);
    return status;
}

static mc_status run_flow(flow *f, mc_error *err)
{
    f->max_item_bytes = mci_max_item_bytes(f->pool);
    mci_languages_sum_up(f->languages, f->summary);
    pthread_mutex_init(&f->order.lock, NULL);
    pthread_cond_init(&f->order.moved, NULL);
    mc_status status = run_workers(f, err);
    mci_source_close(f->source);
    pthread_cond_destroy(&f->order.moved);
    pthread_mutex_destroy(&f->order.lock);
    return status;
}

mc_status mci_flow_run(const mc_pool *pool, const mci_shards *shards, const char *phase,
                       const mci_flow_steps *steps, mc_summary *summary, mc_error *err)
{
    flow f = { .pool = pool, .shards = shards, .steps = steps, .phase = phase, .summary = summary };
    mci_languages own = { .n = 0 };
    if (!steps->languages)
        MC_TRY(mci_languages_open(pool, false, &own, err));
    f.languages = steps->languages ? steps->languages : &own;
    mc_status status = run_flow(&f, err);
    mci_languages_close(&own);
    return status;
}
