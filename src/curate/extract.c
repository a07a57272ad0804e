/* The job: WAT, WARC or pairs -> pairs, without duplicates.
 *
 * While the keys of all pairs fit into memory, pairs are written as they come. What comes when they
 * do not any more, and everything where earlier runs are to be asked, waits on disk until it is
 * known what goes (extract_spill.h); it follows in order, so the bytes are the same. */
#include "base/alloc.h"
#include "curate/extract_spill.h"
#include "curate/job_files.h"
#include "curate/job_output.h"
#include "curate/stages.h"

enum { KEYS_AHEAD = 16 };
static const uint64_t default_memory = UINT64_C(1) << 30;

typedef struct {
    const mc_extract_job *job;
    mci_job_output output;
    uint64_t memory;
    mci_key_set seen;
    size_t next_key; /* in batch->extra, while a batch is drained */
    mci_spill *spill;
    mci_block_list *blocked;
    mci_run_name name; /* these two with a state */
    mci_known_runs earlier;
} extraction;

static mc_status extract_work(void *user, mci_batch *batch, unsigned worker, mc_error *err)
{
    (void)worker;
    const extraction *e = user;
    if (!e->job->keep_duplicates)
        return mci_key_batch(batch, err);
    mci_block_batch(e->blocked, batch);
    return mci_job_output_format(&e->output, batch, err);
}

/* The key of the batch's i-th text, or of its last. */
static mci_hash128 key_of(const mci_batch *batch, size_t i)
{
    mci_hash128 key;
    size_t n = batch->extra.len / sizeof key;
    memcpy(&key, batch->extra.data + (i < n ? i : n - 1) * sizeof key, sizeof key);
    return key;
}

static mc_status drop_if_seen(void *user, mci_batch *batch, const mc_record *record, mc_text *text,
                              bool *keeps, mc_error *err)
{
    (void)record;
    (void)text;
    extraction *e = user;
    mci_hash128 key = key_of(batch, e->next_key);
    mci_key_set_prefetch(&e->seen, key_of(batch, e->next_key + KEYS_AHEAD));
    e->next_key++;
    MC_TRY(mci_key_set_add(&e->seen, key, keeps, err));
    batch->n.pairs_duplicate += !*keeps;
    return MC_OK;
}

static mc_status begin_spilling(extraction *e, mc_error *err)
{
    MC_TRY(mci_spill_open(e->job->out_path, e->job->temp_dir, &e->spill, err));
    return e->seen.cap > 0 ? mci_spill_passed(e->spill, &e->seen, err) : MC_OK;
}

/* The shards come in the order of their names, so the first one seen is the one that stays. */
static mc_status drop_and_write(extraction *e, mci_batch *batch, mc_error *err)
{
    e->next_key = 0;
    MC_TRY(mci_filter_batch(drop_if_seen, e, batch, &batch->n.records_duplicate, err));
    mci_block_batch(e->blocked, batch);
    MC_TRY(mci_job_output_format(&e->output, batch, err));
    MC_TRY(mci_job_output_write(&e->output, batch, err));
    return e->seen.n * MCI_DUPLICATE_BYTES > e->memory ? begin_spilling(e, err) : MC_OK;
}

static mc_status extract_drain(void *user, mci_batch *batch, mc_error *err)
{
    extraction *e = user;
    if (e->job->keep_duplicates)
        return mci_job_output_write(&e->output, batch, err);
    return e->spill ? mci_spill_add(e->spill, batch, err) : drop_and_write(e, batch, err);
}

static mc_status write_batch(void *user, mci_batch *batch, mc_error *err)
{
    extraction *e = user;
    mci_block_batch(e->blocked, batch);
    MC_TRY(mci_job_output_format(&e->output, batch, err));
    return mci_job_output_write(&e->output, batch, err);
}

static mc_status write_spilled(extraction *e, mc_summary *summary, mc_error *err)
{
    mc_pool pool = e->job->pool;
    pool.languages = pool.lid_model = NULL; /* they were looked at */
    pool.lid_least = 0;
    mci_spill_search search = { e->memory, mci_flow_workers(&pool),
                                e->earlier.n ? &e->earlier : NULL, e->job->state_dir != NULL };
    MC_TRY(mci_spill_find(e->spill, &search, err));
    return mci_spill_drain(e->spill, &pool, write_batch, e, summary, err);
}

static mc_status extract(extraction *e, const mci_shards *shards, mc_summary *summary,
                         mc_error *err)
{
    mci_flow_steps steps = { .work = extract_work, .drain = extract_drain, .user = e };
    if (e->job->state_dir)
        MC_TRY(begin_spilling(e, err));
    MC_TRY(mci_block_list_load(e->job->block_paths, e->job->n_block_paths, &e->blocked, err));
    mci_summary_set_block_list(summary, e->blocked);
    MC_TRY(mci_flow_run(&e->job->pool, shards, "extract", &steps, summary, err));
    return e->spill ? write_spilled(e, summary, err) : MC_OK;
}

/* ---- earlier and later runs ---- */

static mc_status open_state(extraction *e, mc_error *err)
{
    const mc_extract_job *job = e->job;
    if (!job->state_dir)
        return MC_OK;
    if (job->keep_duplicates)
        return mc_fail(err, MC_E_ARG,
                       "to keep duplicates and to leave out those of earlier runs "
                       "contradict each other");
    if (strcmp(job->out_path, "-") == 0 && !job->run_id)
        return mc_fail(err, MC_E_ARG,
                       "standard output gives the run no name; give it one with --run-id");
    MC_TRY(mci_run_name_choose(&e->name, job->state_dir, job->run_id, job->out_path, err));
    return mci_known_runs_open(job->state_dir, e->name.id, &e->earlier, err);
}

/* Last of all: the run is complete. */
static mc_status take_up(const extraction *e, mc_error *err)
{
    mci_buf path = { 0 };
    if (!e->job->state_dir)
        return MC_OK;
    mc_status status = mci_known_runs_path(e->job->state_dir, e->name.id, &path, err);
    if (status >= 0)
        status = mci_make_folders(path.data, err);
    if (status >= 0)
        status = mci_spill_save_keys(e->spill, path.data, e->name.origin, err);
    mci_buf_release(&path);
    return status;
}

static mc_status extract_shards(extraction *e, const mci_shards *shards, mc_summary *summary,
                                mc_error *err)
{
    mc_status status = open_state(e, err);
    if (status < 0)
        return status;
    status = mci_job_output_open(&e->output, e->job->out_path, err);
    if (status >= 0)
        status = extract(e, shards, summary, err);
    status = mci_job_output_close(&e->output, status, summary, NULL, err);
    return status < 0 ? status : take_up(e, err);
}

mc_status mc_extract_run(const mc_extract_job *job, mc_summary *summary, mc_error *err)
{
    extraction e = { .job = job };
    const mc_pool *pool = &job->pool;
    mci_job_files files = { { { pool->inputs, pool->n_inputs },
                              { job->block_paths, job->n_block_paths },
                              { &pool->lid_model, 1 } },
                            { &job->out_path, 1 } };
    mci_shards shards;
    e.memory = job->dedup_memory ? job->dedup_memory : default_memory;
    MC_TRY(mci_job_files_check(&files, err));
    MC_TRY(mci_shards_of_pool(pool, MCI_BY_NAME, job->names_from_paths, &shards, err));
    mc_status status = extract_shards(&e, &shards, summary, err);
    mci_spill_close(e.spill);
    mci_known_runs_close(&e.earlier);
    mci_key_set_release(&e.seen);
    mci_block_list_free(e.blocked);
    mci_shards_release(&shards);
    return status;
}
