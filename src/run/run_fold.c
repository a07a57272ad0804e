/* The two steps of a run over all shards: the counts, and the published files. */
#include "base/alloc.h"
#include "base/files.h"
#include "curate/balance.h"
#include "curate/job_output.h"
#include "curate/problems.h"
#include "io/npy.h"
#include "io/output.h"
#include "run/run_internal.h"
#include "run/sparse_counts.h"

/* Adds the sparse counts of every shard. */
static mc_status fold(const mci_run *run, mci_run_part part, uint64_t *counts, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = MC_OK;
    for (size_t i = 0; i < run->shards.n && status >= 0; i++) {
        status = mci_run_path(&run->folder, part, run->shards.shards[i].name, &path, err);
        if (status >= 0)
            status = mci_sparse_add(path.data, counts, mc_metadata_len(run->metadata), err);
    }
    mci_buf_release(&path);
    return status;
}

/* ---- counts ---- */

static mc_status save_probabilities(const mci_run *run, const char *path, mc_error *err)
{
    size_t n = run->counts.n;
    float *probabilities = mci_alloc(n * sizeof *probabilities);
    if (!probabilities)
        return mci_nomem(err, n * sizeof *probabilities);
    mci_entry_probs_f32(run->counts.counts, n, run->summary->t, probabilities);
    mc_status status = mci_npy_save(path, MCI_NPY_F32, probabilities, n, err);
    mci_free(probabilities);
    return status;
}

static mc_status make_draw_key(mci_run *run, mc_error *err)
{
    char counts[MC_SHA256_DIGITS + 1];
    mc_str bytes = { (const char *)run->counts.counts, run->counts.n * sizeof(uint64_t) };
    mci_buf text = { 0 };
    MC_TRY(mci_sha256_of(bytes, counts, err));
    MC_TRY(mci_buf_printf(&text, err, "draw %s %llu %llu", counts,
                          (unsigned long long)run->summary->t, (unsigned long long)run->job->seed));
    mc_status status = mci_sha256_of(mci_buf_str(&text), run->draw_key.digits, err);
    mci_buf_release(&text);
    return status;
}

static mc_status save_counts(const mci_run *run, mci_buf *path, mc_error *err)
{
    MC_TRY(mci_run_file(&run->folder, "entry_count.npy", path, err));
    MC_TRY(mc_counts_save(&run->counts, path->data, err));
    MC_TRY(mci_run_file(&run->folder, "entry_prob.npy", path, err));
    return save_probabilities(run, path->data, err);
}

mc_status mci_run_counts(mci_run *run, mc_error *err)
{
    size_t n = mc_metadata_len(run->metadata);
    run->counts.counts = mci_alloc_zeroed(n, sizeof(uint64_t));
    if (!run->counts.counts)
        return mci_nomem(err, n * sizeof(uint64_t));
    run->counts.n = n;
    memcpy(run->counts.metadata_sha256, mc_metadata_sha256(run->metadata),
           sizeof run->counts.metadata_sha256);
    MC_TRY(fold(run, MCI_RUN_COUNTS, run->counts.counts, err));
    MC_TRY(mci_run_choose_t(run, err));
    mc_status status = make_draw_key(run, err);
    if (status >= 0)
        status = mc_balancer_new(run->counts.counts, n, run->summary->t, run->job->seed,
                                 &run->balancer, err);
    return status;
}

/* ---- card and summary ---- */

static mc_status load_stamp_of(const mci_run *run, mci_run_part part, size_t shard, mci_buf *path,
                               mci_stamp *out, mc_error *err)
{
    bool found;
    MC_TRY(mci_run_path(&run->folder, part, run->shards.shards[shard].name, path, err));
    MC_TRY(mci_stamp_load(path->data, out, &found, err));
    return found ? MC_OK : mc_fail(err, MC_E_IO, "%s: it is missing", path->data);
}

/* Each step counts what it dropped; what is kept, the last one says. */
static mc_status sum_up_shard(const mci_run *run, size_t shard, mci_buf *path, mc_error *err)
{
    mci_stamp pool, matched, curated;
    MC_TRY(load_stamp_of(run, MCI_RUN_POOL_STAMP, shard, path, &pool, err));
    MC_TRY(load_stamp_of(run, MCI_RUN_MATCHED_STAMP, shard, path, &matched, err));
    MC_TRY(load_stamp_of(run, MCI_RUN_CURATED_STAMP, shard, path, &curated, err));
    mc_counters n = pool.summary.n;
    n.pairs_duplicate = matched.summary.n.pairs_duplicate;
    n.records_duplicate = matched.summary.n.records_duplicate;
    n.matches = matched.summary.n.matches;
    n.pairs_not_drawn = curated.summary.n.pairs_not_drawn;
    n.records_not_drawn = curated.summary.n.records_not_drawn;
    n.pairs_kept = curated.summary.n.pairs_kept;
    n.records_kept = curated.summary.n.records_kept;
    mci_counters_add(&run->summary->n, &n);
    mci_problems_carry(&pool.summary, run->summary);
    run->summary->expected_pairs += curated.summary.expected_pairs;
    return MC_OK;
}

static mc_status sum_up(const mci_run *run, mci_buf *path, mc_error *err)
{
    for (size_t i = 0; i < run->shards.n; i++)
        MC_TRY(sum_up_shard(run, i, path, err));
    run->summary->seconds = mci_seconds_since(run->start);
    return MC_OK;
}

static mc_status save_card(const mci_run *run, uint64_t *curated, const char *path, mc_error *err)
{
    const mc_counters *n = &run->summary->n;
    mc_card card = { .n_entries = run->counts.n,
                     .t = run->summary->t,
                     .seed = run->job->seed,
                     .pool_pairs = n->pairs_read,
                     .matched_pairs = n->pairs_read - n->pairs_unmatched - n->pairs_duplicate,
                     .curated_pairs = n->pairs_kept,
                     .pool = run->counts.counts,
                     .curated = curated };
    strncpy(card.tool_version, METACLIP_VERSION, sizeof card.tool_version - 1);
    memcpy(card.metadata_sha256, run->counts.metadata_sha256, sizeof card.metadata_sha256);
    return mc_card_save(&card, path, err);
}

static mc_status save_summary(const mci_run *run, const char *path, mc_error *err)
{
    char *json = NULL;
    mci_buf line = { 0 };
    MC_TRY(mc_summary_json(run->summary, &json, err));
    mc_status status = mci_buf_printf(&line, err, "%s\n", json);
    if (status >= 0)
        status = mci_output_file(path, mci_buf_str(&line), err);
    mci_buf_release(&line);
    mc_free(json);
    return status;
}

/* summary.json comes last: it says that the folder is finished. */
static mc_status publish(const mci_run *run, uint64_t *curated, mci_buf *path, mc_error *err)
{
    MC_TRY(mci_run_file(&run->folder, "summary.json", path, err));
    if (mci_file_exists(path->data))
        return MC_OK; /* another worker was here */
    MC_TRY(save_counts(run, path, err));
    MC_TRY(mci_run_file(&run->folder, "datacard.json", path, err));
    MC_TRY(save_card(run, curated, path->data, err));
    MC_TRY(mci_run_file(&run->folder, "summary.json", path, err));
    return save_summary(run, path->data, err);
}

static mc_status fold_and_publish(const mci_run *run, uint64_t *curated, mci_buf *path,
                                  mc_error *err)
{
    MC_TRY(fold(run, MCI_RUN_DRAWN_COUNTS, curated, err));
    MC_TRY(sum_up(run, path, err));
    MC_TRY(mci_claim_wait(run->workers, "publish", mc_str_of("run"), err));
    mc_status status = publish(run, curated, path, err);
    mci_claim_release(run->workers, "publish", mc_str_of("run"));
    return status;
}

mc_status mci_run_card(mci_run *run, mc_error *err)
{
    mci_buf path = { 0 };
    uint64_t *curated = mci_alloc_zeroed(run->counts.n, sizeof *curated);
    mc_status status = curated ? fold_and_publish(run, curated, &path, err)
                               : mci_nomem(err, run->counts.n * sizeof *curated);
    mci_free(curated);
    mci_buf_release(&path);
    return status;
}
