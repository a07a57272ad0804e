#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "base/files.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "io/whole.h"
#include "model/embed_internal.h"

/* ---- the folder of shards ---- */

/* "OUT/00012SUFFIX" */
static mc_status shard_path(mci_embed_out *out, uint64_t shard, const char *suffix, mc_error *err)
{
    mci_buf_clear(&out->path);
    MC_TRY(
        mci_buf_printf(&out->path, err, "%s/%05" PRIu64 "%s", out->job->out_path, shard, suffix));
    return mci_buf_terminate(&out->path, err);
}

static mc_status add_name(mci_buf *text, mci_buf *room, mc_str name, mc_error *err)
{
    uint64_t n_replaced = 0;
    mci_buf_clear(room);
    MC_TRY(mci_utf8_repair(name, room, &n_replaced, err));
    return mci_json_add_string(text, mci_buf_str(room), err);
}

static mc_status add_file_facts(mci_buf *text, mci_buf *room, const char *path, mc_error *err)
{
    struct stat facts;
    MC_TRY(mci_buf_add(text, mc_str_of("{\"name\":"), err));
    MC_TRY(add_name(text, room, mc_str_of(path), err));
    if (stat(path, &facts) == 0 && S_ISREG(facts.st_mode))
        MC_TRY(mci_buf_printf(text, err, ",\"bytes\":%lld,\"mtime\":%lld", (long long)facts.st_size,
                              (long long)facts.st_mtime));
    return mci_buf_byte(text, '}', err);
}

/* Everything that bears on the features, as the text of embed.json. */
static mc_status describe(mci_embed_out *out, mci_buf *text, mc_error *err)
{
    static const char *const kinds[] = { "images", "texts", "pixels", "tokens" };
    static const char *const rules[] = { "auto", "openai", "hf" };
    const mc_embed_job *job = out->job;
    MC_TRY(mci_buf_printf(
        text, err,
        "{\"version\":1,\"kind\":\"%s\",\"embed_dim\":%zu,\"shard_rows\":%" PRIu64
        ",\"type\":\"%s\",\"normalised\":%s,\"precision\":\"%s\",\"image_size\":%u,"
        "\"rgb_last\":%s,\"exif\":%s,\"shrink\":%s,\"rule\":\"%s\",\"model\":",
        kinds[job->kind], out->D, job->shard_rows, job->half ? "f16" : "f32",
        job->raw ? "false" : "true", job->model.precision == MC_PRECISION_BF16 ? "bf16" : "fp32",
        job->model.image_size, job->rgb_last ? "true" : "false", job->exif ? "true" : "false",
        job->shrink ? "true" : "false", rules[job->rule]));
    MC_TRY(add_file_facts(text, &out->name, job->model_path, err));
    if (job->vocab_path) {
        MC_TRY(mci_buf_add(text, mc_str_of(",\"vocab\":"), err));
        MC_TRY(add_file_facts(text, &out->name, job->vocab_path, err));
    }
    MC_TRY(mci_buf_add(text, mc_str_of(",\"inputs\":["), err));
    for (size_t i = 0; i < job->n_inputs; i++) {
        MC_TRY(mci_buf_add(text, mc_str_of(i ? ",\n" : "\n"), err));
        MC_TRY(add_file_facts(text, &out->name, job->inputs[i], err));
    }
    return mci_buf_add(text, mc_str_of("]}\n"), err);
}

/* What is there must have been made from the same. */
static mc_status check_folder(mci_embed_out *out, mc_error *err)
{
    mci_buf want = { 0 }, got = { 0 };
    bool found = false;
    char *path = NULL;
    mc_status status = mci_buf_printf(&out->path, err, "%s/embed.json", out->job->out_path);
    if (status >= 0)
        status = mci_buf_terminate(&out->path, err);
    path = out->path.data;
    if (status >= 0)
        status = mci_make_folders(path, err);
    if (status >= 0)
        status = describe(out, &want, err);
    if (status >= 0)
        status = mci_read_file(path, &got, &found, err);
    if (status >= 0 && found && !mc_str_equal(mci_buf_str(&got), mci_buf_str(&want)))
        status = mc_fail(
            err, MC_E_MISMATCH,
            "%s: the folder holds features of another model, other inputs or other options; "
            "take them up again, or choose another folder",
            path);
    else if (status >= 0 && !found)
        status = mci_output_file(path, mci_buf_str(&want), err);
    mci_buf_release(&want);
    mci_buf_release(&got);
    return status;
}

/* ---- one file ---- */

static mc_status open_file(mci_embed_out *out, const char *array, const char *list, mc_error *err)
{
    const uint64_t dims[] = { out->D };
    MC_TRY(mci_npy_out_open_rows(array, out->job->half ? MCI_ARRAY_F16 : MCI_ARRAY_F32, 1, dims,
                                 &out->array, err));
    out->is_open = true;
    out->n_rows = 0;
    return out->has_list ? mci_output_open(list, MCI_PLAIN, &out->list, err) : MC_OK;
}

static mc_status open_single(mci_embed_out *out, mc_error *err)
{
    MC_TRY(mci_buf_printf(&out->path, err, "%s.inputs.jsonl", out->job->out_path));
    MC_TRY(mci_buf_terminate(&out->path, err));
    return open_file(out, out->job->out_path, out->path.data, err);
}

static mc_status open_shard(mci_embed_out *out, uint64_t shard, mc_error *err)
{
    mci_buf array = { 0 };
    mc_status status = shard_path(out, shard, ".npy", err);
    if (status >= 0)
        status = mci_buf_add(&array, (mc_str){ out->path.data, strlen(out->path.data) + 1 }, err);
    if (status >= 0)
        status = shard_path(out, shard, ".inputs.jsonl", err);
    if (status >= 0)
        status = open_file(out, array.data, out->path.data, err);
    out->shard = shard;
    out->sum->n_shards++;
    mci_buf_release(&array);
    return status;
}

/* The array comes last: where it is, its list is. */
static mc_status close_file(mci_embed_out *out, mc_status status, mc_error *err)
{
    mci_output *list = out->list;
    mci_npy_out *array = out->array;
    out->list = NULL;
    out->array = NULL;
    out->is_open = false;
    status = mci_output_end(list, status, err);
    if (status >= 0)
        return array ? mci_npy_out_commit(array, err) : MC_OK;
    mci_npy_out_abort(array);
    return status;
}

/* ---- the whole ---- */

mc_status mci_embed_out_open(mci_embed_out *out, const mc_embed_job *job, size_t D,
                             mc_embed_summary *sum, mc_error *err)
{
    *out = (mci_embed_out){ .job = job, .sum = sum, .D = D };
    out->has_list = job->kind == MC_EMBED_IMAGES;
    out->halves = mci_alloc(D * sizeof *out->halves);
    if (!out->halves)
        return mci_nomem(err, D * sizeof *out->halves);
    return job->shard_rows ? check_folder(out, err) : open_single(out, err);
}

static bool must_make(const mc_embed_job *job, uint64_t shard, uint64_t *n_kept)
{
    char path[4096];
    if (job->n_ranks > 1 && shard % job->n_ranks != job->rank)
        return false;
    int n = snprintf(path, sizeof path, "%s/%05" PRIu64 ".npy", job->out_path, shard);
    bool there = n > 0 && (size_t)n < sizeof path && mci_file_exists(path);
    *n_kept += there;
    return !there;
}

bool mci_embed_wants(void *user, uint64_t position)
{
    mci_embed_todo *todo = user;
    if (!todo->job->shard_rows)
        return true;
    const uint64_t shard = position / todo->job->shard_rows;
    if (!todo->has_shard || shard != todo->shard) {
        todo->has_shard = true;
        todo->shard = shard;
        todo->wanted = must_make(todo->job, shard, &todo->n_kept);
    }
    return todo->wanted;
}

static mc_status list_input(mci_embed_out *out, mc_str name, const char *why, mc_error *err)
{
    mci_buf_clear(&out->line);
    if (why)
        MC_TRY(mci_buf_add(&out->line, mc_str_of("{\"row\":null,\"input\":"), err));
    else
        MC_TRY(mci_buf_printf(&out->line, err, "{\"row\":%" PRIu64 ",\"input\":", out->n_rows));
    MC_TRY(add_name(&out->line, &out->name, name, err));
    if (why) {
        MC_TRY(mci_buf_add(&out->line, mc_str_of(",\"error\":"), err));
        MC_TRY(add_name(&out->line, &out->name, mc_str_of(why), err));
    }
    MC_TRY(mci_buf_add(&out->line, mc_str_of("}\n"), err));
    return mci_output_write(out->list, mci_buf_str(&out->line), err);
}

static mc_status write_row(mci_embed_out *out, const float *feature, mc_error *err)
{
    out->n_rows++;
    out->sum->n_rows++;
    if (!out->job->half)
        return mci_npy_out_add(out->array, feature, 1, err);
    mci_dtype_convert(MCI_F32, feature, MCI_F16, out->halves, out->D);
    return mci_npy_out_add(out->array, out->halves, 1, err);
}

mc_status mci_embed_out_add(mci_embed_out *out, uint64_t position, mc_str name,
                            const float *feature, const char *why, mc_error *err)
{
    const uint64_t shard = out->job->shard_rows ? position / out->job->shard_rows : 0;
    if (out->is_open && shard != out->shard)
        MC_TRY(close_file(out, MC_OK, err));
    if (!out->is_open)
        MC_TRY(open_shard(out, shard, err));
    out->sum->n_inputs++;
    if (out->has_list)
        MC_TRY(list_input(out, name, why, err));
    return feature ? write_row(out, feature, err) : MC_OK;
}

mc_status mci_embed_out_close(mci_embed_out *out, mc_status status, mc_error *err)
{
    return out->is_open ? close_file(out, status, err) : status;
}

void mci_embed_out_release(mci_embed_out *out)
{
    mci_buf_release(&out->line);
    mci_buf_release(&out->name);
    mci_buf_release(&out->path);
    mci_free(out->halves);
    *out = (mci_embed_out){ 0 };
}
