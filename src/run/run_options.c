/* OUT/run.json: the options that bear on results, and the inputs. What may change between two
 * starts is t, the seed, and that inputs are added. */
#include <errno.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "io/json.h"
#include "io/output.h"
#include "run/run_internal.h"

enum { RUN_FORMAT = 1 };

static uint64_t max_item_bytes(const mci_run *run)
{
    return run->job->pool.max_item_bytes ? run->job->pool.max_item_bytes : 64 << 20;
}

/* ---- writing ---- */

static mc_status add_input(const mci_shard *shard, mci_buf *text, mc_error *err)
{
    struct stat info;
    uint64_t n_replaced = 0;
    mci_buf name = { 0 };
    if (stat(shard->path, &info) != 0)
        return mci_fail_errno(err, shard->path, "cannot open it");
    mc_status status = mci_utf8_repair(shard->name, &name, &n_replaced, err);
    if (status >= 0)
        status = mci_buf_printf(text, err, "{\"name\":");
    if (status >= 0)
        status = mci_json_add_string(text, mci_buf_str(&name), err);
    mci_buf_release(&name);
    if (status < 0)
        return status;
    return mci_buf_printf(text, err, ",\"size\":%lld,\"mtime_ns\":%lld}", (long long)info.st_size,
                          (long long)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec);
}

static mc_status format_run(const mci_run *run, mci_buf *text, mc_error *err)
{
    const mc_curate_job *job = run->job;
    MC_TRY(mci_buf_printf(text, err,
                          "{\"format\":%d,\"metadata_sha256\":\"%s\",\"entries\":%zu,"
                          "\"keep_duplicates\":%s,\"compress\":%s,\"names_from_paths\":%s,"
                          "\"max_item_bytes\":%llu,\"seed\":%llu,",
                          RUN_FORMAT, mc_metadata_sha256(run->metadata),
                          mc_metadata_len(run->metadata), job->keep_duplicates ? "true" : "false",
                          job->compress ? "true" : "false",
                          job->names_from_paths ? "true" : "false",
                          (unsigned long long)max_item_bytes(run), (unsigned long long)job->seed));
    if (job->target)
        MC_TRY(mci_buf_printf(text, err, "\"target\":%llu,", (unsigned long long)job->target));
    else if (job->tail_ratio >= 0)
        MC_TRY(mci_buf_printf(text, err, "\"tail_ratio\":%.17g,", job->tail_ratio));
    else
        MC_TRY(mci_buf_printf(text, err, "\"t\":%llu,", (unsigned long long)job->t));
    MC_TRY(mci_buf_printf(text, err, "\"inputs\":[\n"));
    for (size_t i = 0; i < run->shards.n; i++) {
        MC_TRY(add_input(&run->shards.shards[i], text, err));
        MC_TRY(mci_buf_printf(text, err, "%s\n", i + 1 < run->shards.n ? "," : ""));
    }
    return mci_buf_printf(text, err, "]}\n");
}

/* ---- comparing ---- */

typedef struct {
    const char *name, *what;
} fixed_option;

/* What has to be as it was, and how the user calls it. */
static const fixed_option fixed_options[] = {
    { "format", "the version of the run folder" }, { "metadata_sha256", "the metadata list" },
    { "keep_duplicates", "--no-dedup" },           { "compress", "--format" },
    { "names_from_paths", "--shard-names" },       { "max_item_bytes", "--max-record-bytes" },
};

static bool same_value(mci_json_value a, mci_json_value b)
{
    uint64_t x = 0, y = 0;
    if (mci_json_type_of(a) != mci_json_type_of(b))
        return false;
    switch (mci_json_type_of(a)) {
    case MCI_JSON_BOOL:
        return mci_json_bool(a) == mci_json_bool(b);
    case MCI_JSON_STRING:
        return mc_str_equal(mci_json_string(a), mci_json_string(b));
    default:
        return mci_json_u64(a, &x) && mci_json_u64(b, &y) && x == y;
    }
}

static mc_status compare_fixed(const char *dir, mci_json_value was, mci_json_value is,
                               mc_error *err)
{
    for (size_t i = 0; i < COUNT_OF(fixed_options); i++) {
        mci_json_value a, b;
        if (!mci_json_get(was, fixed_options[i].name, &a) ||
            !mci_json_get(is, fixed_options[i].name, &b) || !same_value(a, b))
            return mc_fail(err, MC_E_MISMATCH,
                           "%s: it was begun with another setting of %s; take another folder, or "
                           "remove this one",
                           dir, fixed_options[i].what);
    }
    return MC_OK;
}

static bool get_text(mci_json_value object, const char *name, mc_str *out)
{
    mci_json_value member;
    bool found = mci_json_get(object, name, &member);
    if (found)
        *out = mci_json_string(member);
    return found;
}

static bool same_member(mci_json_value a, mci_json_value b, const char *name)
{
    mci_json_value x, y;
    return mci_json_get(a, name, &x) && mci_json_get(b, name, &y) && same_value(x, y);
}

/* Both lists are sorted by name, so one walk finds what is gone and what has changed. */
static mc_status compare_inputs(const char *dir, mci_json_value was, mci_json_value is,
                                mc_error *err)
{
    mci_json_value old_inputs, new_inputs, before, now;
    if (!mci_json_get(was, "inputs", &old_inputs) || !mci_json_get(is, "inputs", &new_inputs))
        return mc_fail(err, MC_E_FORMAT, "%s/run.json: it names no inputs", dir);
    mci_json_iter new_it = mci_json_iterate(new_inputs);
    for (mci_json_iter it = mci_json_iterate(old_inputs); mci_json_next(&it, NULL, &before);) {
        mc_str name = { 0 }, other = { 0 };
        get_text(before, "name", &name);
        bool found = false;
        while (!found && mci_json_next(&new_it, NULL, &now))
            found = get_text(now, "name", &other) && mc_str_equal(name, other);
        if (!found)
            return mc_fail(err, MC_E_MISMATCH,
                           "%s: its input %.*s is not among the inputs now; inputs can be added, "
                           "not taken away",
                           dir, (int)name.len, name.data);
        if (!same_member(before, now, "size") || !same_member(before, now, "mtime_ns"))
            return mc_fail(err, MC_E_MISMATCH, "%s: its input %.*s has changed since", dir,
                           (int)name.len, name.data);
    }
    return MC_OK;
}

static mc_status compare_texts(const char *dir, mc_str was, mc_str is, mc_error *err)
{
    mci_json *old_json = NULL, *new_json = NULL;
    mci_json_value old_root, new_root;
    mc_status status = mci_json_new(&old_json, err);
    if (status >= 0)
        status = mci_json_new(&new_json, err);
    if (status >= 0)
        status = mci_json_parse(new_json, is, &new_root, NULL, err);
    if (status >= 0)
        status = mci_json_parse(old_json, was, &old_root, NULL, err);
    if (status == MC_SKIPPED)
        status = mc_fail(err, MC_E_FORMAT, "%s/run.json: this is no run's; remove it", dir);
    if (status >= 0)
        status = compare_fixed(dir, old_root, new_root, err);
    if (status >= 0)
        status = compare_inputs(dir, old_root, new_root, err);
    mci_json_free(old_json);
    mci_json_free(new_json);
    return status;
}

/* ---- beginning ---- */

typedef struct {
    mci_buf path, was, is; /* of run.json: where it is, its text there and from now on */
} run_file;

/* One worker at a time: nobody begins to write while left-over temporaries are removed. A folder
 * that is worked on is not finished, and summary.json says that one is. */
static mc_status begin_alone(mci_run *run, run_file *file, mc_error *err)
{
    bool found, alone;
    mci_buf_clear(&file->was);
    MC_TRY(mci_read_file(file->path.data, &file->was, &found, err));
    if (found)
        MC_TRY(
            compare_texts(run->folder.dir, mci_buf_str(&file->was), mci_buf_str(&file->is), err));
    if (!mc_str_equal(mci_buf_str(&file->was), mci_buf_str(&file->is)))
        MC_TRY(mci_output_file(file->path.data, mci_buf_str(&file->is), err));
    MC_TRY(mci_workers_alone(run->workers, &alone, err));
    if (alone)
        MC_TRY(mci_run_folder_clean(&run->folder, err));
    mci_buf path = { 0 };
    mc_status status = mci_run_file(&run->folder, "summary.json", &path, err);
    if (status >= 0)
        status = mci_remove_file(path.data, err);
    mci_buf_release(&path);
    return status;
}

static mc_status join_and_begin(mci_run *run, run_file *file, mc_error *err)
{
    char options[MC_SHA256_DIGITS + 1];
    MC_TRY(mci_run_file(&run->folder, "run.json", &file->path, err));
    MC_TRY(format_run(run, &file->is, err));
    MC_TRY(mci_sha256_of(mci_buf_str(&file->is), options, err));
    MC_TRY(mci_workers_join(&run->folder, options, &run->workers, err));
    MC_TRY(mci_claim_wait(run->workers, "begin", mc_str_of("run"), err));
    mc_status status = begin_alone(run, file, err);
    mci_claim_release(run->workers, "begin", mc_str_of("run"));
    return status;
}

mc_status mci_run_begin(mci_run *run, mc_error *err)
{
    run_file file = { 0 };
    mc_status status = join_and_begin(run, &file, err);
    mci_buf_release(&file.path);
    mci_buf_release(&file.was);
    mci_buf_release(&file.is);
    return status;
}
