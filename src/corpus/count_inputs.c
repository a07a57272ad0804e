#include <stdatomic.h>

#include "base/alloc.h"
#include "base/threads.h"
#include "corpus/count_inputs.h"
#include "corpus/count_run.h"

static const uint64_t default_memory = (uint64_t)2 << 30;
static const uint64_t epoch_bytes = (uint64_t)1 << 30; /* of files, at most in an epoch */

typedef struct {
    const mci_count_job *job;
    mci_count_state *state;
    unsigned n_threads;
    mci_piece_reader *reader;
    mci_harvester **harvesters; /* [n_threads + 1]: the last one stitches */
    mci_count_table **tables;
    mci_harvest *harvests;
    void **slots;
    size_t n_slots;
    atomic_bool is_full;
    bool is_over;
    uint64_t epoch_began; /* in bytes read */
} counter;

uint64_t mci_corpus_memory(const mc_corpus *corpus)
{
    return corpus->memory_bytes ? corpus->memory_bytes : default_memory;
}

static const char *name_of(const counter *c, const mci_harvest *harvest)
{
    return c->job->inputs->items[harvest->piece.input].path;
}

/* ---- the pipeline of an epoch ---- */

static mc_status fill(void *user, void *slot, mc_error *err)
{
    counter *c = user;
    mci_harvest *harvest = slot;
    if (atomic_load(&c->is_full) ||
        mci_piece_reader_bytes_read(c->reader) - c->epoch_began > epoch_bytes)
        return MC_END;
    mc_status status = mci_piece_reader_next(c->reader, &harvest->piece, err);
    c->is_over = status == MC_END;
    return status;
}

static mc_status work(void *user, void *slot, unsigned worker, mc_error *err)
{
    counter *c = user;
    mci_harvest *harvest = slot;
    MC_TRY(mci_harvest_work(c->harvesters[worker], harvest, name_of(c, harvest), err));
    if (mci_count_table_is_full(c->tables[worker]))
        atomic_store(&c->is_full, true);
    return MC_OK;
}

static mc_status drain(void *user, void *slot, mc_error *err)
{
    counter *c = user;
    const mci_harvest *harvest = slot;
    const mc_hooks *hooks = &c->job->corpus->hooks;
    mci_harvester *stitcher = c->harvesters[c->n_threads];
    MC_TRY(mci_harvest_stitch(stitcher, harvest, name_of(c, harvest), &c->state->carry, err));
    if (mci_count_table_is_full(c->tables[c->n_threads]))
        atomic_store(&c->is_full, true);
    c->state->next_input = harvest->piece.next_input;
    c->state->next_at = harvest->piece.next_at;
    mc_progress progress = { .phase = "count",
                             .done = mci_piece_reader_bytes_read(c->reader),
                             .total = c->job->inputs->n_bytes,
                             .n_shards_done = harvest->piece.next_input,
                             .n_shards = c->job->inputs->n };
    if (hooks->progress)
        hooks->progress(hooks->user, &progress);
    return MC_OK;
}

/* ---- between epochs ---- */

static mc_status merge_kind(const mci_count_state *state, uint64_t run, const char *suffix,
                            uint64_t memory, mc_error *err)
{
    mci_run_paths paths = { 0 };
    mci_buf path = { 0 };
    mc_status status = mci_count_state_paths(state, suffix, &paths, err);
    if (status >= 0)
        status = mci_count_state_path(state, run, suffix, &path, err);
    if (status >= 0)
        status = mci_run_merge_to(paths.paths, paths.n, memory, path.data, err);
    mci_run_paths_release(&paths);
    mci_buf_release(&path);
    return status;
}

/* Makes one run of all. */
static mc_status merge_runs(mci_count_state *state, uint64_t memory, mc_error *err)
{
    uint64_t run = state->last_run + 1;
    MC_TRY(merge_kind(state, run, "words", memory, err));
    if (state->has_pairs)
        MC_TRY(merge_kind(state, run, "pairs", memory, err));
    state->last_run = run;
    state->runs[0] = run;
    state->n_runs = 1;
    return MC_OK;
}

static mc_status write_run(counter *c, mc_error *err)
{
    mci_count_state *state = c->state;
    mci_buf words = { 0 }, pairs = { 0 };
    uint64_t run = state->last_run + 1;
    mc_status status = mci_count_state_path(state, run, "words", &words, err);
    if (status >= 0)
        status = mci_count_state_path(state, run, "pairs", &pairs, err);
    if (status >= 0)
        status = mci_count_tables_write(c->tables, c->n_threads + 1, c->n_threads, words.data,
                                        state->has_pairs ? pairs.data : NULL, err);
    mci_buf_release(&words);
    mci_buf_release(&pairs);
    if (status < 0)
        return status;
    state->runs[state->n_runs++] = run;
    state->last_run = run;
    return MC_OK;
}

static mc_status end_epoch(counter *c, mc_error *err)
{
    mci_count_state *state = c->state;
    for (unsigned i = 0; i <= c->n_threads; i++)
        mci_harvester_settle(c->harvesters[i], &state->seen);
    MC_TRY(write_run(c, err));
    if (state->n_runs == MCI_MOST_RUNS)
        MC_TRY(merge_runs(state, mci_corpus_memory(c->job->corpus), err));
    if (state->seen.words > MCI_MOST_COUNTED)
        return mc_fail(err, MC_E_LIMIT, "more than 2^42 words or views: count fewer files");
    state->is_complete = c->is_over;
    return mci_count_state_save(state, err);
}

/* ---- all of it ---- */

static mc_status set_up(counter *c, mc_error *err)
{
    const mci_count_job *job = c->job;
    const mc_corpus *corpus = job->corpus;
    c->n_threads = corpus->n_threads ? corpus->n_threads : mci_n_processors();
    c->n_slots = c->n_threads == 1 ? 1 : 2 * (size_t)c->n_threads;
    c->harvesters = mci_alloc_zeroed(c->n_threads + 1, sizeof *c->harvesters);
    c->tables = mci_alloc_zeroed(c->n_threads + 1, sizeof *c->tables);
    c->harvests = mci_alloc_zeroed(c->n_slots, sizeof *c->harvests);
    c->slots = mci_alloc_zeroed(c->n_slots, sizeof *c->slots);
    if (!c->harvesters || !c->tables || !c->harvests || !c->slots)
        return mci_nomem(err, c->n_slots * sizeof *c->harvests);
    for (size_t i = 0; i < c->n_slots; i++)
        c->slots[i] = &c->harvests[i];
    /* The stitcher counts little; a quarter is left for what writing takes. */
    uint64_t eighth = mci_corpus_memory(corpus) / 8;
    for (unsigned i = 0; i <= c->n_threads; i++) {
        uint64_t each = i == c->n_threads ? eighth : 5 * eighth / c->n_threads;
        MC_TRY(mci_harvester_new(&job->rule, job->letters, corpus->language, job->folds, each,
                                 &c->harvesters[i], err));
        c->tables[i] = mci_harvester_table(c->harvesters[i]);
    }
    return mci_piece_reader_open(job->inputs, c->state->next_input, c->state->next_at, &c->reader,
                                 err);
}

static void tear_down(counter *c)
{
    for (unsigned i = 0; c->harvesters && i <= c->n_threads; i++)
        mci_harvester_free(c->harvesters[i]);
    for (size_t i = 0; c->harvests && i < c->n_slots; i++)
        mci_harvest_release(&c->harvests[i]);
    mci_free(c->harvesters);
    mci_free(c->tables);
    mci_free(c->harvests);
    mci_free(c->slots);
    mci_piece_reader_close(c->reader);
}

mc_status mci_count_corpus(const mci_count_job *job, mci_count_state *state, mc_error *err)
{
    counter c = { .job = job, .state = state };
    if (state->is_complete)
        return MC_OK;
    mc_status status = set_up(&c, err);
    mci_pipeline pipeline = { fill, work, drain, &c, c.slots, c.n_slots };
    while (status >= 0 && !c.is_over) {
        atomic_store(&c.is_full, false);
        c.epoch_began = mci_piece_reader_bytes_read(c.reader);
        status = mci_pipeline_run(&pipeline, c.n_threads, err);
        if (status >= 0)
            status = end_epoch(&c, err);
    }
    tear_down(&c);
    return status;
}
