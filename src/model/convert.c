/* Converting: open, plan, write. What makes the files a model is written last. */
#include "metaclip/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/json_text.h"
#include "io/whole.h"
#include "model/convert_plan.h"
#include "model/model_vocab.h"
#include "vocab/vocab_files.h"

#define SHARD_BYTES UINT64_C(5000000000) /* transformers' own limit */

/* What a tokenizer of any of these models may lie in. */
static const char *const tokenizer_files[] = {
    "vocab.json",
    "merges.txt",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "bpe_simple_vocab_16e6.txt.gz",
};

typedef struct {
    const mc_convert_job *job;
    mci_checkpoint *checkpoint;
    mci_convert_plan plan;
    mci_buf path, text;
    bool looks_only; /* whether small files could be written */
    mc_convert_stats *stats;
} conversion;

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool is_file_name(const char *path)
{
    return ends_with(path, ".pt") || ends_with(path, ".pth") || ends_with(path, ".bin");
}

static bool is_hugging_face(const mc_convert_job *job)
{
    return job->form == MC_MODEL_HUGGING_FACE ||
           (job->form == MC_MODEL_BY_NAME && !is_file_name(job->out_path));
}

static mc_status set_path(conversion *c, const char *name, mc_error *err)
{
    const char *out = c->job->out_path;
    size_t folder = is_hugging_face(c->job) ? strlen(out) : mci_folder_length(out);
    mci_buf_clear(&c->path);
    return mci_buf_printf(&c->path, err, "%.*s%s%s", (int)folder, out,
                          is_hugging_face(c->job) ? "/" : "", name);
}

/* The bytes as they are: a file of OpenAI's is compressed already. */
static mc_status write_text(conversion *c, const char *name, mc_error *err)
{
    mci_output *output = NULL;
    MC_TRY(set_path(c, name, err));
    MC_TRY(mci_output_open(c->path.data, MCI_PLAIN, &output, err));
    c->stats->n_files++;
    return mci_output_end(output, mci_output_write(output, mci_buf_str(&c->text), err), err);
}

/* ---- small files ---- */

/* A file beside the model that says the same is as good as a new one; another one belongs to
 * somebody. */
static mc_status look_at(conversion *c, const char *name, bool *is_there, mc_error *err)
{
    mci_buf there = { 0 };
    MC_TRY(set_path(c, name, err));
    mc_status status = mci_read_file(c->path.data, &there, is_there, err);
    bool is_same = mc_str_equal(mci_buf_str(&there), mci_buf_str(&c->text));
    mci_buf_release(&there);
    if (status >= 0 && *is_there && !is_same && !c->job->replace)
        return mc_fail(
            err, MC_E_ARG,
            "%s is there and says something else: it belongs to another model. Give this "
            "one a folder of its own, or say that the file is to be replaced",
            c->path.data);
    *is_there = *is_there && is_same;
    return status;
}

/* A small file of the model, whose text is at hand. A folder of Hugging Face's is the model's own.
 */
static mc_status add_file(conversion *c, const char *name, mc_error *err)
{
    bool is_there = false;
    if (!is_hugging_face(c->job))
        MC_TRY(look_at(c, name, &is_there, err));
    return is_there || c->looks_only ? MC_OK : write_text(c, name, err);
}

/* ---- the vocabulary ---- */

static mc_status lies_beside(conversion *c, const char *name, bool *found, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status =
        mci_buf_printf(&path, err, "%s/%s", mci_checkpoint_folder(c->checkpoint), name);
    *found = status >= 0 && mci_file_exists(path.data);
    mci_buf_release(&path);
    return status;
}

/* Whether the files that lie beside the model would not do: Hugging Face's tools do not read
 * OpenAI's. */
static mc_status must_make_vocab(conversion *c, bool *out, mc_error *err)
{
    static const char *const whole[] = { "vocab.json", "tokenizer.json", "sentencepiece.bpe.model",
                                         "spiece.model" };
    bool found = false;
    *out = false;
    if (!is_hugging_face(c->job))
        return MC_OK;
    for (size_t i = 0; i < COUNT_OF(whole) && !found; i++)
        MC_TRY(lies_beside(c, whole[i], &found, err));
    return found ? MC_OK : lies_beside(c, "bpe_simple_vocab_16e6.txt.gz", out, err);
}

static mc_status add_made(conversion *c, const mci_vocab_files *files, mc_error *err)
{
    for (size_t i = 0; i < files->n; i++) {
        mci_buf_clear(&c->text);
        MC_TRY(mci_buf_add(&c->text, mci_buf_str(&files->items[i].bytes), err));
        MC_TRY(add_file(c, files->items[i].name, err));
    }
    return MC_OK;
}

/* What lies beside the model need not be its own; what was named has to be. */
static mc_status open_vocab(const conversion *c, mc_tokenizer **out, mc_error *err)
{
    const char *given = c->job->vocab_path;
    const mc_hooks *hooks = &c->job->model.hooks;
    mc_error why = { 0 };
    mc_status status = mci_model_vocab_open(&c->checkpoint->config,
                                            given ? given : mci_checkpoint_folder(c->checkpoint),
                                            given != NULL, MC_RULE_AUTO, out, &why);
    if (status != MC_E_MISMATCH || given)
        return status < 0 ? mc_fail(err, status, "%s", why.text) : status;
    if (hooks->warn && c->looks_only)
        hooks->warn(hooks->user, why.text);
    return MC_OK;
}

static mc_status make_vocab(conversion *c, mc_error *err)
{
    const mci_clip_config *config = &c->checkpoint->config;
    mc_tokenizer *tokenizer = NULL;
    mci_vocab_files files = { 0 };
    MC_TRY(open_vocab(c, &tokenizer, err));
    if (!tokenizer)
        return MC_OK;
    mc_status status = mci_vocab_files_make(tokenizer, config->text.context_length, &files, err);
    if (status >= 0)
        status = add_made(c, &files, err);
    mci_vocab_files_release(&files);
    mc_tokenizer_free(tokenizer);
    return status;
}

static mc_status copy_if_there(conversion *c, const char *name, mc_error *err)
{
    mci_buf from = { 0 };
    bool found = false;
    mci_buf_clear(&c->text);
    mc_status status =
        mci_buf_printf(&from, err, "%s/%s", mci_checkpoint_folder(c->checkpoint), name);
    if (status >= 0)
        status = mci_read_file(from.data, &c->text, &found, err);
    if (status >= 0 && found)
        status = add_file(c, name, err);
    mci_buf_release(&from);
    return status;
}

static mc_status add_vocab_files(conversion *c, mc_error *err)
{
    bool must_make = c->job->vocab_path != NULL;
    if (!must_make)
        MC_TRY(must_make_vocab(c, &must_make, err));
    if (must_make)
        return make_vocab(c, err);
    for (size_t i = 0; i < COUNT_OF(tokenizer_files); i++)
        MC_TRY(copy_if_there(c, tokenizer_files[i], err));
    return MC_OK;
}

/* Whether files can be added, before anything is written. */
static mc_status check(conversion *c, mc_status (*add)(conversion *, mc_error *), mc_error *err)
{
    c->looks_only = true;
    mc_status status = add(c, err);
    c->looks_only = false;
    return status;
}

/* ---- OpenCLIP ---- */

static mc_status write_pt(conversion *c, mc_error *err)
{
    mci_output *output = NULL;
    MC_TRY(mci_output_open(c->job->out_path, MCI_PLAIN, &output, err));
    mc_status status = mci_pt_write(&c->plan, output, err);
    c->stats->n_files++;
    return mci_output_end(output, status, err);
}

static mc_status add_small_files(conversion *c, mc_error *err)
{
    mci_buf_clear(&c->text);
    MC_TRY(mci_open_clip_write(&c->checkpoint->config, &c->text, err));
    MC_TRY(add_file(c, "open_clip_config.json", err));
    return add_vocab_files(c, err);
}

static mc_status write_open_clip(conversion *c, mc_error *err)
{
    MC_TRY(set_path(c, "", err)); /* the folder, with its slash */
    MC_TRY(mci_make_folders(c->path.data, err));
    MC_TRY(check(c, add_small_files, err));
    MC_TRY(add_small_files(c, err));
    return write_pt(c, err);
}

/* ---- Hugging Face ---- */

static mc_status write_shard(conversion *c, const char *name, size_t first, size_t n, mc_error *err)
{
    mci_output *output = NULL;
    MC_TRY(set_path(c, name, err));
    MC_TRY(mci_output_open(c->path.data, MCI_PLAIN, &output, err));
    mc_status status = mci_safetensors_write(&c->plan, first, n, output, err);
    c->stats->n_files++;
    return mci_output_end(output, status, err);
}

/* The end of the shard that begins with tensor `first`: at least one, at most shard_bytes. */
static size_t shard_end(const conversion *c, size_t first)
{
    uint64_t most = c->job->shard_bytes ? c->job->shard_bytes : SHARD_BYTES, n_bytes = 0;
    size_t end = first;
    while (end < c->plan.n) {
        n_bytes += mci_planned_bytes(&c->plan.items[end]);
        if (end > first && n_bytes > most)
            break;
        end++;
    }
    return end;
}

static size_t count_shards(const conversion *c)
{
    size_t n = 0;
    for (size_t at = 0; at < c->plan.n; at = shard_end(c, at))
        n++;
    return n;
}

static mc_status add_to_index(conversion *c, size_t first, size_t end, const char *file,
                              mc_error *err)
{
    for (size_t i = first; i < end; i++) {
        MC_TRY(mci_buf_add(&c->text, mc_str_of(i ? ",\n    " : "\n    "), err));
        MC_TRY(mci_json_add_string(&c->text, mc_str_of(c->plan.items[i].name), err));
        MC_TRY(mci_buf_printf(&c->text, err, ": \"%s\"", file));
    }
    return MC_OK;
}

static mc_status write_shards(conversion *c, size_t n_shards, mc_error *err)
{
    mci_buf_clear(&c->text);
    MC_TRY(mci_buf_printf(&c->text, err,
                          "{\n  \"metadata\": {\n    \"total_size\": %" PRIu64
                          "\n  },\n  \"weight_map\": {",
                          c->stats->n_bytes));
    size_t first = 0;
    for (size_t i = 1; i <= n_shards; i++) {
        char name[64];
        size_t end = shard_end(c, first);
        snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", i, n_shards);
        MC_TRY(write_shard(c, name, first, end - first, err));
        MC_TRY(add_to_index(c, first, end, name, err));
        first = end;
    }
    MC_TRY(mci_buf_add(&c->text, mc_str_of("\n  }\n}\n"), err));
    return write_text(c, "model.safetensors.index.json", err);
}

static mc_status write_weights(conversion *c, mc_error *err)
{
    size_t n_shards = count_shards(c);
    return n_shards > 1 ? write_shards(c, n_shards, err)
                        : write_shard(c, "model.safetensors", 0, c->plan.n, err);
}

/* A model that is there stops being one before its files change. */
static mc_status clear_folder(conversion *c, mc_error *err)
{
    static const char *const made[] = { "config.json", "model.safetensors.index.json",
                                        "model.safetensors" };
    MC_TRY(set_path(c, "", err));
    MC_TRY(mci_make_folders(c->path.data, err));
    for (size_t i = 0; i < COUNT_OF(made); i++) {
        MC_TRY(set_path(c, made[i], err));
        if (!mci_file_exists(c->path.data))
            continue;
        if (!c->job->replace)
            return mc_fail(
                err, MC_E_ARG,
                "%s: there is a model already. Name another folder, or say that it is to "
                "be replaced (--replace)",
                c->job->out_path);
        MC_TRY(mci_remove_file(c->path.data, err));
    }
    return MC_OK;
}

static const char *dtype_name(const mci_convert_plan *plan)
{
    mci_dtype type = plan->n ? plan->items[plan->n - 1].type : MCI_F32;
    return type == MCI_F32 ? "float32" : type == MCI_F16 ? "float16" : "bfloat16";
}

static mc_status write_hugging_face(conversion *c, mc_error *err)
{
    MC_TRY(check(c, add_vocab_files, err));
    MC_TRY(clear_folder(c, err));
    MC_TRY(write_weights(c, err));
    MC_TRY(add_vocab_files(c, err));
    mci_buf_clear(&c->text);
    MC_TRY(mci_clip_preprocess_write(&c->checkpoint->config, &c->text, err));
    MC_TRY(write_text(c, "preprocessor_config.json", err));
    mci_buf_clear(&c->text);
    MC_TRY(mci_hugging_face_write(&c->checkpoint->config, dtype_name(&c->plan), &c->text, err));
    return write_text(c, "config.json", err);
}

/* ---- the whole ---- */

static bool is_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static mc_status check_job(const mc_convert_job *job, mc_error *err)
{
    if (job->form == MC_MODEL_OPEN_CLIP && !is_file_name(job->out_path))
        return mc_fail(err, MC_E_ARG, "%s: OpenCLIP's form is a file that ends with .pt",
                       job->out_path);
    if (job->form == MC_MODEL_HUGGING_FACE && is_file_name(job->out_path))
        return mc_fail(err, MC_E_ARG, "%s: Hugging Face's form is a folder", job->out_path);
    if (is_same_file(job->in_path, job->out_path))
        return mc_fail(err, MC_E_ARG, "%s: the output would replace the input", job->out_path);
    if (!is_hugging_face(job) && mci_file_exists(job->out_path) && !job->replace)
        return mc_fail(err, MC_E_ARG,
                       "%s is there already; say that it is to be replaced (--replace)",
                       job->out_path);
    return MC_OK;
}

/* Says which part of the preprocessing the other form has no word for. */
static void warn_of_losses(const conversion *c)
{
    const mci_clip_config *config = &c->checkpoint->config;
    const mc_hooks *hooks = &c->job->model.hooks;
    const char *lost = NULL;
    if (is_hugging_face(c->job))
        lost = config->vision.resize_mode == MCI_RESIZE_LONGEST ? "resize_mode longest" : NULL;
    else if (config->vision.resize_size != config->vision.image_size)
        lost = "a margin that is cut off after resizing";
    else if (config->vision.resample > MCI_RESAMPLE_BILINEAR)
        lost = "another resampling than bicubic and bilinear";
    if (lost && hooks->warn) {
        char text[200];
        snprintf(text, sizeof text, "the preprocessing has %s, which the new form cannot say",
                 lost);
        hooks->warn(hooks->user, text);
    }
}

static mc_status convert(conversion *c, mc_error *err)
{
    static const mci_dtype types[] = {
        [MC_WEIGHTS_F32] = MCI_F32, [MC_WEIGHTS_F16] = MCI_F16, [MC_WEIGHTS_BF16] = MCI_BF16
    };
    const mci_dtype *type = c->job->weights ? &types[c->job->weights] : NULL;
    MC_TRY(mci_convert_plan_make(c->checkpoint, is_hugging_face(c->job), type, &c->plan, err));
    c->stats->n_tensors = c->plan.n;
    c->stats->n_values = c->checkpoint->n_values;
    c->stats->quick_gelu = c->checkpoint->config.quick_gelu;
    for (size_t i = 0; i < c->plan.n; i++)
        c->stats->n_bytes += mci_planned_bytes(&c->plan.items[i]);
    warn_of_losses(c);
    MC_TRY(is_hugging_face(c->job) ? write_hugging_face(c, err) : write_open_clip(c, err));
    c->stats->n_infinite = c->plan.n_infinite;
    return MC_OK;
}

mc_status mc_convert_run(const mc_convert_job *job, mc_convert_stats *out, mc_error *err)
{
    conversion c = { .job = job, .stats = out };
    mci_checkpoint_options options = { job->model.config_path, job->model.model_name,
                                       job->model.hooks.warn, job->model.hooks.user };
    MC_TRY(check_job(job, err));
    mc_status status = mci_checkpoint_open(job->in_path, &options, &c.checkpoint, err);
    if (status >= 0)
        status = convert(&c, err);
    mci_convert_plan_release(&c.plan);
    mci_buf_release(&c.path);
    mci_buf_release(&c.text);
    mci_checkpoint_close(c.checkpoint);
    return status;
}
