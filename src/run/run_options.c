/* OUT/run.json: the options that bear on results, the earlier runs, and the inputs. What may change
 * between two starts is t, the seed, the list of what is blocked, and that inputs are added. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "curate/card.h"
#include "io/json.h"
#include "io/output.h"
#include "run/run_internal.h"

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

static const char *word(bool is)
{
    return is ? "true" : "false";
}

/* What the list means, whatever files say it. */
static mc_status add_block_list(const mci_run *run, mci_buf *text, mc_error *err)
{
    if (!run->blocked)
        return MC_OK;
    return mci_buf_printf(text, err, "\"block_sha256\":\"%s\",",
                          mci_block_list_sha256(run->blocked));
}

static mc_status add_state(const mci_run *run, mci_buf *text, mc_error *err)
{
    MC_TRY(mci_buf_printf(text, err, "\"run_id\":"));
    MC_TRY(mci_json_add_string(text, run->name.id, err));
    return mci_buf_byte(text, ',', err);
}

static mc_status add_languages(const mci_run *run, mci_buf *text, mc_error *err)
{
    const mci_languages *languages = &run->languages;
    if (languages->n > 0) {
        MC_TRY(mci_buf_printf(text, err, "\"languages\":\""));
        MC_TRY(mci_languages_write(languages, text, err));
        MC_TRY(mci_buf_printf(text, err, "\","));
    }
    if (!languages->identifier || !run->job->pool.lid_model)
        return MC_OK;
    return mci_buf_printf(text, err, "\"lid_model_sha256\":\"%s\",\"lid_least\":\"%.17g\",",
                          mci_identifier_sha256(languages->identifier), run->job->pool.lid_least);
}

static mc_status add_lists(const mci_run *run, mci_buf *text, mc_error *err)
{
    for (size_t i = 0; i < run->n_lists; i++) {
        MC_TRY(mci_buf_printf(text, err, i ? ",\n{" : "\"lists\":[\n{"));
        MC_TRY(mci_list_format(text, &run->lists[i], err));
        MC_TRY(mci_buf_byte(text, '}', err));
    }
    return run->n_lists ? mci_buf_printf(text, err, "],\n") : MC_OK;
}

static mc_status add_t(const mc_curate_job *job, mci_buf *text, mc_error *err)
{
    if (job->target)
        return mci_buf_printf(text, err, "\"target\":%llu,", (unsigned long long)job->target);
    if (job->tail_ratio >= 0)
        return mci_buf_printf(text, err, "\"tail_ratio\":%.17g,", job->tail_ratio);
    return mci_buf_printf(text, err, "\"t\":%llu,", (unsigned long long)job->t);
}

/* Up to what all workers of a run have in common, whenever they come. */
static mc_status format_options(const mci_run *run, mci_buf *text, mc_error *err)
{
    const mc_curate_job *job = run->job;
    MC_TRY(mci_buf_printf(
        text, err,
        "{\"format\":%d,\"metadata_sha256\":\"%s\",\"entries\":%zu,"
        "\"keep_duplicates\":%s,\"files\":\"%s\",\"names_from_paths\":%s,"
        "\"max_item_bytes\":%llu,\"seed\":%llu,",
        MCI_RUN_VERSION, mc_metadata_sha256(run->metadata), mc_metadata_len(run->metadata),
        word(job->keep_duplicates), mc_pairs_form_name(job->format), word(job->names_from_paths),
        (unsigned long long)mci_max_item_bytes(&job->pool), (unsigned long long)job->seed));
    MC_TRY(mci_buf_printf(text, err, "\"keep_page_url\":%s,\"keep_source\":%s,",
                          word(job->pool.keep_page_url), word(job->pool.keep_source)));
    if (job->rule == MC_RULE_WORLDWIDE)
        MC_TRY(mci_buf_printf(text, err, "\"worldwide\":true,"));
    if (job->one_text)
        MC_TRY(mci_buf_printf(text, err, "\"one_text\":true,"));
    MC_TRY(add_lists(run, text, err));
    MC_TRY(add_languages(run, text, err));
    MC_TRY(add_block_list(run, text, err));
    MC_TRY(add_state(run, text, err));
    return add_t(job, text, err);
}

static mc_status format_inputs(const mci_run *run, mci_buf *text, mc_error *err)
{
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
    { "format", "the version of the run folder" },
    { "metadata_sha256", "the metadata list" },
    { "keep_duplicates", "--no-dedup" },
    { "files", "--format" },
    { "names_from_paths", "--shard-names" },
    { "max_item_bytes", "--max-record-bytes" },
    { "run_id", "--state and --run-id" },
    { "keep_page_url", "--keep page_url" },
    { "keep_source", "--keep source" },
    { "worldwide", "--worldwide" },
    { "lists", "the folder of lists" },
    { "languages", "--lang" },
    { "lid_model_sha256", "--lid-model" },
    { "lid_least", "--lid-least" },
};

static bool same_value(mci_json_value a, mci_json_value b);

/* Elements of arrays, members of objects: in one order, as one program wrote both. */
static bool same_children(mci_json_value a, mci_json_value b)
{
    mci_json_iter it_a = mci_json_iterate(a), it_b = mci_json_iterate(b);
    mci_json_value x, y;
    bool more = mci_json_next(&it_a, NULL, &x);
    bool same = more == mci_json_next(&it_b, NULL, &y);
    while (same && more) {
        same = same_value(x, y);
        more = mci_json_next(&it_a, NULL, &x);
        same = more == mci_json_next(&it_b, NULL, &y) && same;
    }
    return same;
}

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
    case MCI_JSON_ARRAY:
    case MCI_JSON_OBJECT:
        return same_children(a, b);
    default:
        return mci_json_u64(a, &x) && mci_json_u64(b, &y) && x == y;
    }
}

/* An option's value as a user knows it; lists are too long to be told, and hashes to be read. */
static const char *value_text(bool is_there, mci_json_value value, char *room, size_t size)
{
    uint64_t number = 0;
    mci_json_type type = is_there ? mci_json_type_of(value) : MCI_JSON_NULL;
    mc_str text = type == MCI_JSON_STRING ? mci_json_string(value) : (mc_str){ 0 };
    if (text.len == MC_SHA256_DIGITS)
        snprintf(room, size, "%.12s...", text.data);
    else if (text.len)
        snprintf(room, size, "%.*s", (int)text.len, text.data);
    else if (type == MCI_JSON_BOOL)
        snprintf(room, size, "%s", mci_json_bool(value) ? "on" : "off");
    else if (type == MCI_JSON_NUMBER && mci_json_u64(value, &number))
        snprintf(room, size, "%" PRIu64, number);
    else
        snprintf(room, size, "%s", type == MCI_JSON_ARRAY ? "others" : "none");
    return room;
}

static mc_status compare_fixed(const char *dir, mci_json_value was, mci_json_value is,
                               mc_error *err)
{
    char before[80], now[80];
    for (size_t i = 0; i < COUNT_OF(fixed_options); i++) {
        mci_json_value a = { 0 }, b = { 0 };
        bool was_there = mci_json_get(was, fixed_options[i].name, &a);
        bool is_there = mci_json_get(is, fixed_options[i].name, &b);
        if (was_there != is_there || (is_there && !same_value(a, b)))
            return mc_fail(err, MC_E_MISMATCH,
                           "%s: it was begun with another setting of %s (%s, now %s); take another "
                           "folder, or remove this one",
                           dir, fixed_options[i].what,
                           value_text(was_there, a, before, sizeof before),
                           value_text(is_there, b, now, sizeof now));
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

/* Whether the folder holds anything that was made of an input. One of which nothing was, because it
 * could not be read, say, or because the run was stopped, may go, or be another file now. */
static mc_status is_used(const mci_run_folder *folder, mc_str name, bool *used, mc_error *err)
{
    static const mci_run_part traces[] = { MCI_RUN_POOL_STAMP, MCI_RUN_MATCHED, MCI_RUN_CURATED };
    mci_buf path = { 0 };
    mc_status status = MC_OK;
    *used = false;
    for (size_t i = 0; i < COUNT_OF(traces) && !*used && status >= 0; i++) {
        status = mci_run_path(folder, traces[i], name, &path, err);
        *used = status >= 0 && mci_file_exists(path.data);
    }
    mci_buf_release(&path);
    return status;
}

static mc_status refuse_if_used(const mci_run_folder *folder, mc_str name, const char *why,
                                mc_error *err)
{
    bool used;
    MC_TRY(is_used(folder, name, &used, err));
    if (!used)
        return MC_OK;
    return mc_fail(err, MC_E_MISMATCH, "%s: its input %.*s %s", folder->dir, (int)name.len,
                   name.data, why);
}

static bool is_before(mc_str a, mc_str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.data, b.data, n) : 0;
    return order < 0 || (order == 0 && a.len < b.len);
}

/* Both lists are sorted by name, so one walk finds what is gone and what has changed. */
static mc_status compare_inputs(const mci_run_folder *folder, mci_json_value was, mci_json_value is,
                                mc_error *err)
{
    static const char gone[] = "is not among the inputs now; inputs can be added, not taken away";
    static const char changed[] = "has changed since; take another folder, or the file as it was";
    mci_json_value old_inputs, new_inputs, before, now;
    if (!mci_json_get(was, "inputs", &old_inputs) || !mci_json_get(is, "inputs", &new_inputs))
        return mc_fail(err, MC_E_FORMAT, "%s/run.json: it names no inputs", folder->dir);
    mci_json_iter new_it = mci_json_iterate(new_inputs);
    bool more = mci_json_next(&new_it, NULL, &now);
    for (mci_json_iter it = mci_json_iterate(old_inputs); mci_json_next(&it, NULL, &before);) {
        mc_str name = { 0 }, other = { 0 };
        get_text(before, "name", &name);
        while (more && get_text(now, "name", &other) && is_before(other, name))
            more = mci_json_next(&new_it, NULL, &now);
        if (!more || !mc_str_equal(name, other)) {
            MC_TRY(refuse_if_used(folder, name, gone, err));
            continue;
        }
        if (!same_member(before, now, "size") || !same_member(before, now, "mtime_ns"))
            MC_TRY(refuse_if_used(folder, name, changed, err));
        more = mci_json_next(&new_it, NULL, &now);
    }
    return MC_OK;
}

/* Against the run that was begun here, whose earlier runs are this one's too. */
static mc_status compare_runs(mci_run *run, mci_json_value was, mci_json_value is, mc_error *err)
{
    MC_TRY(compare_fixed(run->folder.dir, was, is, err));
    MC_TRY(compare_inputs(&run->folder, was, is, err));
    return mci_run_recall_earlier(run, was, err);
}

static mc_status compare_texts(mci_run *run, mc_str was, mc_str is, mc_error *err)
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
        status =
            mc_fail(err, MC_E_FORMAT, "%s/run.json: this is no run's; remove it", run->folder.dir);
    if (status >= 0)
        status = compare_runs(run, old_root, new_root, err);
    mci_json_free(old_json);
    mci_json_free(new_json);
    return status;
}

/* ---- beginning ---- */

typedef struct {
    mci_buf path, was, is;   /* of run.json: where it is, its text there and from now on */
    mci_buf options, inputs; /* of the latter, what is known before the others are looked at */
} run_file;

static mc_status put_together(const mci_run *run, run_file *file, mc_error *err)
{
    mci_buf_clear(&file->is);
    MC_TRY(mci_buf_add(&file->is, mci_buf_str(&file->options), err));
    MC_TRY(mci_run_add_earlier(run, &file->is, err));
    return mci_buf_add(&file->is, mci_buf_str(&file->inputs), err);
}

static mc_status write_run_file(mci_run *run, run_file *file, mc_error *err)
{
    bool found;
    mci_buf_clear(&file->was);
    MC_TRY(put_together(run, file, err));
    MC_TRY(mci_read_file(file->path.data, &file->was, &found, err));
    if (found)
        MC_TRY(compare_texts(run, mci_buf_str(&file->was), mci_buf_str(&file->is), err));
    else
        MC_TRY(mci_run_find_earlier(run, err));
    MC_TRY(put_together(run, file, err));
    if (mc_str_equal(mci_buf_str(&file->was), mci_buf_str(&file->is)))
        return MC_OK;
    return mci_output_file(file->path.data, mci_buf_str(&file->is), err);
}

/* One worker at a time: nobody begins to write while left-over temporaries are removed. A folder
 * that is worked on is not finished, and summary.json says that one is. */
static mc_status begin_alone(mci_run *run, run_file *file, mc_error *err)
{
    bool alone;
    MC_TRY(write_run_file(run, file, err));
    MC_TRY(mci_workers_alone(run->workers, &alone, err));
    if (alone) {
        MC_TRY(mci_run_folder_clean(&run->folder, err));
        MC_TRY(mci_run_forget_plan(&run->folder, err));
    }
    mci_buf path = { 0 };
    mc_status status = mci_run_file(&run->folder, "summary.json", &path, err);
    if (status >= 0)
        status = mci_remove_file(path.data, err);
    mci_buf_release(&path);
    return status;
}

/* The options and inputs, but not the earlier runs, are what all workers must have in common. */
static mc_status hash_options(const run_file *file, char digits[MC_SHA256_DIGITS + 1],
                              mc_error *err)
{
    mci_sha256 *sha = NULL;
    MC_TRY(mci_sha256_new(&sha, err));
    mc_status status = mci_sha256_add(sha, mci_buf_str(&file->options), err);
    if (status >= 0)
        status = mci_sha256_add(sha, mci_buf_str(&file->inputs), err);
    if (status >= 0)
        status = mci_sha256_end(sha, digits, err);
    mci_sha256_free(sha);
    return status;
}

static mc_status join_and_begin(mci_run *run, run_file *file, mc_error *err)
{
    char options[MC_SHA256_DIGITS + 1];
    MC_TRY(mci_run_identify(run, err));
    MC_TRY(mci_run_file(&run->folder, "run.json", &file->path, err));
    MC_TRY(format_options(run, &file->options, err));
    MC_TRY(format_inputs(run, &file->inputs, err));
    MC_TRY(hash_options(file, options, err));
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
    mci_buf_release(&file.options);
    mci_buf_release(&file.inputs);
    return status;
}
