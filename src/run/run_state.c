/* What a run has from earlier ones, and leaves to later ones (`--state DIR`, known_keys.h).
 *
 * Which runs are earlier is settled at a run's first start and written into run.json: a run that is
 * started again has the same ones, however many were completed in between. */
#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/json_text.h"
#include "io/json.h"
#include "io/output.h"
#include "run/run_internal.h"

/* ---- who this run is ---- */

mc_status mci_run_identify(mci_run *run, mc_error *err)
{
    const mc_curate_job *job = run->job;
    if (!job->state_dir)
        return MC_OK;
    return mci_run_name_choose(&run->name, job->state_dir, job->run_id, job->out_dir, err);
}

/* ---- earlier runs ---- */

mc_status mci_run_add_earlier(const mci_run *run, mci_buf *text, mc_error *err)
{
    MC_TRY(mci_buf_printf(text, err, "\"earlier_runs\":["));
    for (size_t i = 0; i < run->earlier.n; i++) {
        const mci_known_keys *known = &run->earlier.runs[i];
        MC_TRY(mci_buf_printf(text, err, "%s{\"run_id\":", i ? "," : ""));
        MC_TRY(mci_json_add_string(text, mc_str_of(known->id), err));
        MC_TRY(mci_buf_printf(text, err, ",\"made_from\":\"%s\"}", known->made_from));
    }
    return mci_buf_printf(text, err, "],");
}

static mc_status recall_one(mci_run *run, mci_json_value element, mc_error *err)
{
    mci_json_value id, made_from;
    const char *dir = run->job->state_dir;
    if (!mci_json_get(element, "run_id", &id) || !mci_json_get(element, "made_from", &made_from))
        return mc_fail(err, MC_E_FORMAT, "%s/run.json: its earlier runs cannot be read",
                       run->folder.dir);
    mc_status status = mci_known_runs_add(&run->earlier, dir, mci_json_string(id), err);
    if (status < 0)
        return mc_add_context(err, status,
                              "%s leaves out what an earlier run had, and that is gone",
                              run->folder.dir);
    const mci_known_keys *known = &run->earlier.runs[run->earlier.n - 1];
    if (mc_str_equal(mc_str_of(known->made_from), mci_json_string(made_from)))
        return MC_OK;
    return mc_fail(err, MC_E_MISMATCH,
                   "%s: what the earlier run %s had has changed since this one began; take another "
                   "folder",
                   run->folder.dir, known->id);
}

mc_status mci_run_recall_earlier(mci_run *run, mci_json_value was, mc_error *err)
{
    mci_json_value list, element;
    mci_known_runs_close(&run->earlier);
    if (!run->job->state_dir || !mci_json_get(was, "earlier_runs", &list))
        return MC_OK;
    for (mci_json_iter it = mci_json_iterate(list); mci_json_next(&it, NULL, &element);)
        MC_TRY(recall_one(run, element, err));
    return MC_OK;
}

mc_status mci_run_find_earlier(mci_run *run, mc_error *err)
{
    mci_known_runs_close(&run->earlier);
    if (!run->job->state_dir)
        return MC_OK;
    return mci_known_runs_open(run->job->state_dir, run->name.id, &run->earlier, err);
}

/* ---- later runs ---- */

mc_status mci_run_part_keys(const mci_run *run, uint64_t n_parts, uint64_t part, mci_buf *path,
                            mc_error *err)
{
    char name[128];
    snprintf(name, sizeof name, "state/keys/%.16s-%" PRIu64 "-%" PRIu64, run->dedup_key.digits,
             n_parts, part);
    return mci_run_file(&run->folder, name, path, err);
}

mc_status mci_run_is_taken_up(const mci_run *run, bool *out, mc_error *err)
{
    mci_buf path = { 0 };
    mci_known_keys known;
    mc_status status = mci_known_runs_path(run->job->state_dir, run->name.id, &path, err);
    *out = status >= 0 && mci_file_exists(path.data);
    if (*out) {
        status = mci_known_keys_open(path.data, &known, err);
        if (status >= 0) {
            *out = strcmp(known.made_from, run->dedup_key.digits) == 0;
            mci_known_keys_close(&known);
        }
    }
    mci_buf_release(&path);
    return status;
}

/* The parts are ranges of the keys, one behind the other. */
static mc_status write_keys(const mci_run *run, mci_output *file, mci_buf *path, mc_error *err)
{
    uint64_t n_keys = 0;
    for (uint64_t part = 0; part < run->n_key_parts; part++) {
        MC_TRY(mci_run_part_keys(run, run->n_key_parts, part, path, err));
        MC_TRY(mci_known_keys_append(file, path->data, NULL, &n_keys, err));
    }
    return mci_known_keys_end(file, n_keys, run->dedup_key.digits, run->name.origin, err);
}

mc_status mci_run_take_up(const mci_run *run, mc_error *err)
{
    bool done = true;
    mci_buf path = { 0 };
    mci_output *file = NULL;
    if (!run->job->state_dir)
        return MC_OK;
    MC_TRY(mci_run_is_taken_up(run, &done, err));
    if (done)
        return MC_OK;
    mc_status status = mci_known_runs_path(run->job->state_dir, run->name.id, &path, err);
    if (status >= 0)
        status = mci_make_folders(path.data, err);
    if (status >= 0)
        status = mci_output_open(path.data, MCI_PLAIN, &file, err);
    if (status >= 0)
        status = mci_output_end(file, write_keys(run, file, &path, err), err);
    mci_buf_release(&path);
    return status;
}

void mci_run_state_release(mci_run *run)
{
    mci_known_runs_close(&run->earlier);
}
