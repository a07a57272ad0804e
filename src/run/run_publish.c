/* The two steps of a run over all shards: the counts with what follows from them, and the published
 * files. */
#include "base/alloc.h"
#include "base/files.h"
#include "curate/balance.h"
#include "curate/job_output.h"
#include "io/npy.h"
#include "io/output.h"
#include "run/run_internal.h"

/* ---- counts ---- */

static mc_status save_probabilities(const mci_run *run, const char *path, mc_error *err)
{
    size_t n = run->counts.n;
    float *probabilities = mci_alloc(n * sizeof *probabilities);
    if (!probabilities)
        return mci_nomem(err, n * sizeof *probabilities);
    mci_limits_probs_f32(&run->limits, run->counts.counts, probabilities);
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
    MC_TRY(mci_buf_printf(&text, err, "draw %s %llu %llu %s", counts,
                          (unsigned long long)run->summary->t, (unsigned long long)run->job->seed,
                          run->choice_key.digits));
    mc_status status = MC_OK;
    for (size_t i = 0; i < run->n_lists && status >= 0; i++)
        status = mci_buf_printf(&text, err, " %s %llu", run->lists[i].name,
                                (unsigned long long)run->limits.parts[i].t);
    if (status >= 0)
        status = mci_sha256_of(mci_buf_str(&text), run->draw_key.digits, err);
    mci_buf_release(&text);
    return status;
}

/* t, of every list. */
static mc_status choose_limits(mci_run *run, mc_error *err)
{
    const mci_t_rule rule = { run->job->target, run->job->tail_ratio, run->job->t, NULL };
    if (run->n_lists > 0)
        return mci_choose_limits(&rule, NULL, NULL, run->metadata, &run->counts, run->summary,
                                 &run->limits, err);
    MC_TRY(mci_run_choose_t(run, err));
    return mci_limits_of_t(run->counts.n, run->summary->t, &run->limits, err);
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
    size_t n = mci_run_n_counts(run);
    run->counts.counts = mci_alloc_zeroed(n, sizeof(uint64_t));
    if (!run->counts.counts)
        return mci_nomem(err, n * sizeof(uint64_t));
    run->counts.n = mc_metadata_len(run->metadata);
    run->counts.by_language = run->n_lists > 0;
    memcpy(run->counts.metadata_sha256, mc_metadata_sha256(run->metadata),
           sizeof run->counts.metadata_sha256);
    MC_TRY(mci_run_sum_up(run, MCI_RUN_SUM_MATCHED, run->counts.counts, run->summary, err));
    MC_TRY(choose_limits(run, err));
    MC_TRY(make_draw_key(run, err));
    return mci_balancer_new(run->counts.counts, run->limits.parts, run->limits.n, run->job->seed,
                            &run->balancer, err);
}

/* ---- card and summary ---- */

/* What is known of each list, for both. Its pairs were counted behind the entries. */
static mc_status tell_lists(mci_run *run, uint64_t *curated, mc_error *err)
{
    const uint64_t *pool = run->counts.counts;
    size_t n = run->counts.n;
    mc_card card = { .n_entries = n, .pool = run->counts.counts, .curated = curated };
    MC_TRY(mci_card_set_lists(run->lists, run->n_lists, &run->limits, &card, err));
    for (size_t i = 0; i < card.n_lists; i++) {
        card.lists[i].matched_pairs = pool[n + i];
        card.lists[i].curated_pairs = curated[n + i];
    }
    run->summary->lists = card.lists;
    run->summary->n_lists = card.n_lists;
    return MC_OK;
}

static mc_status save_card(const mci_run *run, uint64_t *curated, const char *path, mc_error *err)
{
    const mc_counters *n = &run->summary->n;
    mc_card card = { .n_entries = run->counts.n,
                     .t = run->summary->t,
                     .seed = run->job->seed,
                     .pool_pairs = n->pairs_read,
                     .matched_pairs = n->pairs_kept + n->pairs_not_chosen + n->pairs_not_drawn,
                     .curated_pairs = n->pairs_kept,
                     .pool = run->counts.counts,
                     .curated = curated,
                     .lists = run->summary->lists,
                     .n_lists = run->summary->n_lists,
                     .one_text = run->job->one_text };
    strncpy(card.tool_version, METACLIP_VERSION, sizeof card.tool_version - 1);
    memcpy(card.metadata_sha256, run->counts.metadata_sha256, sizeof card.metadata_sha256);
    mci_languages_tell(&run->languages, &card);
    memcpy(card.block_sha256, run->summary->block.sha256, sizeof card.block_sha256);
    card.n_earlier_runs = run->earlier.n;
    card.earlier_runs = mci_alloc(run->earlier.n * sizeof *card.earlier_runs);
    if (!card.earlier_runs)
        return mci_nomem(err, run->earlier.n * sizeof *card.earlier_runs);
    for (size_t i = 0; i < run->earlier.n; i++)
        card.earlier_runs[i] = run->earlier.runs[i].id;
    mc_status status = mc_card_save(&card, path, err);
    mci_free(card.earlier_runs);
    return status;
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

/* summary.json comes last: it says that the folder is finished; later runs know its keys then. */
static mc_status publish(const mci_run *run, uint64_t *curated, mci_buf *path, mc_error *err)
{
    MC_TRY(mci_run_file(&run->folder, "summary.json", path, err));
    if (mci_file_exists(path->data))
        return MC_OK; /* another worker was here */
    MC_TRY(save_counts(run, path, err));
    MC_TRY(mci_run_file(&run->folder, "datacard.json", path, err));
    MC_TRY(save_card(run, curated, path->data, err));
    MC_TRY(mci_run_take_up(run, err));
    MC_TRY(mci_run_file(&run->folder, "summary.json", path, err));
    MC_TRY(save_summary(run, path->data, err));
    return mci_run_empty_folder(&run->folder, "state/keys", path, err);
}

static mc_status sum_up_and_publish(mci_run *run, uint64_t *curated, mci_buf *path, mc_error *err)
{
    MC_TRY(mci_run_sum_up(run, MCI_RUN_SUM_CURATED, curated, run->summary, err));
    MC_TRY(tell_lists(run, curated, err));
    run->summary->seconds = mci_seconds_since(run->start);
    MC_TRY(mci_claim_wait(run->workers, "publish", mc_str_of("run"), err));
    mc_status status = publish(run, curated, path, err);
    mci_claim_release(run->workers, "publish", mc_str_of("run"));
    return status;
}

mc_status mci_run_card(mci_run *run, mc_error *err)
{
    mci_buf path = { 0 };
    size_t n = mci_run_n_counts(run);
    uint64_t *curated = mci_alloc_zeroed(n, sizeof *curated);
    mc_status status = curated ? sum_up_and_publish(run, curated, &path, err)
                               : mci_nomem(err, n * sizeof *curated);
    mci_free(curated);
    mci_buf_release(&path);
    return status;
}
