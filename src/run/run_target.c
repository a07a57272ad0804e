/* Which t a run draws with. A target is found by reading all matched files a few times, so what was
 * found is kept for the next start, in OUT/state/target.json. */
#include "base/alloc.h"
#include "curate/thin.h"
#include "io/output.h"
#include "io/whole.h"
#include "run/run_internal.h"

/* ---- the matched files as inputs ---- */

typedef struct {
    mci_arena arena; /* of the paths */
    const char **paths;
    mci_shards shards;
} matched_files;

static void release_files(matched_files *files)
{
    mci_shards_release(&files->shards);
    mci_free(files->paths);
    mci_arena_release(&files->arena);
}

static mc_status list_files(const mci_run *run, matched_files *files, mc_error *err)
{
    mci_buf path = { 0 };
    size_t n = run->shards.n;
    mc_status status = MC_OK;
    files->paths = mci_alloc_zeroed(n, sizeof *files->paths);
    if (!files->paths)
        return mci_nomem(err, n * sizeof *files->paths);
    for (size_t i = 0; i < n && status >= 0; i++) {
        mc_str copy = { 0 };
        status =
            mci_run_path(&run->folder, MCI_RUN_MATCHED, run->shards.shards[i].name, &path, err);
        if (status >= 0) /* with its NUL */
            status = mci_arena_copy(&files->arena, (mc_str){ path.data, strlen(path.data) + 1 },
                                    &copy, err);
        files->paths[i] = copy.data;
    }
    mci_buf_release(&path);
    if (status < 0)
        return status;
    return mci_shards_list(files->paths, n, MCI_AS_GIVEN, false, &files->shards, err);
}

static mc_status search(mci_run *run, const mci_t_rule *rule, mc_error *err)
{
    matched_files files = { 0 };
    mc_status status = list_files(run, &files, err);
    if (status >= 0)
        status =
            mci_choose_t(rule, &run->job->pool, &files.shards, &run->counts, run->summary, err);
    release_files(&files);
    return status;
}

/* ---- what an earlier start found ---- */

/* The target, and what it is reached among. */
static mc_status make_key(const mci_run *run, mci_fingerprint *out, mc_error *err)
{
    mci_buf text = { 0 };
    mc_status status =
        mci_buf_printf(&text, err, "target %llu %s %s %s", (unsigned long long)run->job->target,
                       run->dedup_key.digits, run->summary->block.sha256, run->choice_key.digits);
    if (status >= 0)
        status = mci_sha256_of(mci_buf_str(&text), out->digits, err);
    mci_buf_release(&text);
    return status;
}

/* *t stays 0 if there is no answer to this very question. */
static mc_status recall(const char *path, const mci_fingerprint *key, uint64_t *t, mc_error *err)
{
    mci_json *json;
    mci_json_value root, made_from, member;
    bool found;
    mc_status status = mci_json_recall(path, &json, &root, &found, err);
    if (status >= 0 && found && mci_json_get(root, "made_from", &made_from) &&
        mc_str_equal(mci_json_string(made_from), mc_str_of(key->digits)) &&
        mci_json_get(root, "t", &member))
        mci_json_u64(member, t);
    mci_json_free(json);
    return status;
}

static mc_status remember(const char *path, const mci_fingerprint *key, uint64_t t, mc_error *err)
{
    mci_buf text = { 0 };
    mc_status status = mci_buf_printf(&text, err, "{\"made_from\":\"%s\",\"t\":%llu}\n",
                                      key->digits, (unsigned long long)t);
    if (status >= 0)
        status = mci_output_file(path, mci_buf_str(&text), err);
    mci_buf_release(&text);
    return status;
}

/* With the claim held: of several workers one searches, the others take what it found. */
static mc_status search_once(mci_run *run, const mci_t_rule *rule, const char *path, mc_error *err)
{
    mci_fingerprint key;
    mci_t_rule known = { .tail_ratio = -1 };
    MC_TRY(make_key(run, &key, err));
    MC_TRY(recall(path, &key, &known.t, err));
    if (known.t)
        return mci_choose_t(&known, NULL, NULL, &run->counts, run->summary, err);
    MC_TRY(search(run, rule, err));
    return remember(path, &key, run->summary->t, err);
}

mc_status mci_run_choose_t(mci_run *run, mc_error *err)
{
    const mc_curate_job *job = run->job;
    mci_t_rule rule = { job->target, job->tail_ratio, job->t,
                        job->one_text ? &run->choices : NULL };
    if (!job->target)
        return mci_choose_t(&rule, NULL, NULL, &run->counts, run->summary, err);
    mci_buf path = { 0 };
    mc_status status = mci_run_file(&run->folder, "state/target.json", &path, err);
    if (status >= 0)
        status = mci_claim_wait(run->workers, "target", mc_str_of("run"), err);
    if (status >= 0) {
        status = search_once(run, &rule, path.data, err);
        mci_claim_release(run->workers, "target", mc_str_of("run"));
    }
    mci_buf_release(&path);
    return status;
}
