#include "eval/eval_results.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "eval/eval_set.h"
#include "io/output.h"
#include "io/whole.h"

/* ---- the numbers ---- */

typedef struct {
    const char *name;
    size_t at; /* in mc_eval_result */
} number;

#define NUMBER(name, member)                   \
    {                                          \
        name, offsetof(mc_eval_result, member) \
    }

static const number class_numbers[] = {
    NUMBER("acc1", acc1),
    NUMBER("acc5", acc5),
    NUMBER("mean_per_class_recall", mean_per_class),
    NUMBER("roc_auc", roc_auc),
};

static const number pair_numbers[] = {
    NUMBER("image_retrieval_recall@1", image_recall[0]),
    NUMBER("image_retrieval_recall@5", image_recall[1]),
    NUMBER("image_retrieval_recall@10", image_recall[2]),
    NUMBER("text_retrieval_recall@1", text_recall[0]),
    NUMBER("text_retrieval_recall@5", text_recall[1]),
    NUMBER("text_retrieval_recall@10", text_recall[2]),
    NUMBER("image_retrieval_mean_rank", image_mean_rank),
    NUMBER("image_retrieval_median_rank", image_median_rank),
    NUMBER("text_retrieval_mean_rank", text_mean_rank),
    NUMBER("text_retrieval_median_rank", text_median_rank),
};

static const number *numbers_of(mc_eval_task task, size_t *n)
{
    const bool pairs = task == MC_TASK_RETRIEVAL;
    *n = pairs ? COUNT_OF(pair_numbers) : COUNT_OF(class_numbers);
    return pairs ? pair_numbers : class_numbers;
}

static double *number_at(mc_eval_result *result, const number *which)
{
    return (double *)((char *)result + which->at);
}

static const char *task_name(mc_eval_task task)
{
    return task == MC_TASK_RETRIEVAL ? "zeroshot_retrieval" : "zeroshot_classification";
}

/* ---- writing ---- */

static mc_status add_string(mci_buf *out, const char *before, const char *text, mc_error *err)
{
    mci_buf repaired = { 0 };
    uint64_t n = 0;
    mc_status status = mci_buf_printf(out, err, "%s", before);
    if (status >= 0)
        status = mci_utf8_repair(mc_str_of(text), &repaired, &n, err);
    if (status >= 0)
        status = mci_json_add_string(out, mci_buf_str(&repaired), err);
    mci_buf_release(&repaired);
    return status;
}

/* As few digits as give the same double again; the locale has no say. */
static mc_status add_number(mci_buf *out, double value, mc_error *err)
{
    char text[40];
    int digits = 15;
    if (!isfinite(value))
        return mci_buf_printf(out, err, "null");
    do
        snprintf(text, sizeof text, "%.*g", digits, value);
    while (strtod(text, NULL) != value && digits++ < 17);
    char *comma = strchr(text, ',');
    if (comma)
        *comma = '.';
    return mci_buf_printf(out, err, "%s", text);
}

static mc_status add_metrics(const mc_eval_result *result, mci_buf *out, mc_error *err)
{
    size_t n;
    const number *numbers = numbers_of(result->task, &n);
    mc_eval_result copy = *result;
    for (size_t i = 0; i < n; i++) {
        MC_TRY(mci_buf_printf(out, err, "%s\"%s\":", i ? "," : "", numbers[i].name));
        MC_TRY(add_number(out, *number_at(&copy, &numbers[i]), err));
    }
    return MC_OK;
}

static const char *model_name(const mc_eval_job *job)
{
    return job->model_name ? job->model_name : job->model_path;
}

static const char *pretrained(const mc_eval_job *job)
{
    return job->pretrained ? job->pretrained : job->model_path;
}

mc_status mci_eval_result_line(const mc_eval_job *job, const mc_eval_result *result,
                               const char *setup, mci_buf *out, mc_error *err)
{
    MC_TRY(add_string(out, "{\"dataset\":", result->name, err));
    MC_TRY(add_string(out, ",\"model\":", model_name(job), err));
    MC_TRY(add_string(out, ",\"pretrained\":", pretrained(job), err));
    MC_TRY(add_string(out, ",\"task\":", task_name(result->task), err));
    MC_TRY(mci_buf_printf(out, err, ",\"metrics\":{"));
    MC_TRY(add_metrics(result, out, err));
    MC_TRY(add_string(out, "},\"language\":", result->language, err));
    MC_TRY(add_string(out, ",\"split\":", result->split, err));
    MC_TRY(add_string(out, ",\"metric\":", mc_eval_metric_name(result->metric), err));
    MC_TRY(mci_buf_printf(out, err, ",\"value\":"));
    MC_TRY(add_number(out, result->value, err));
    MC_TRY(mci_buf_printf(out, err, ",\"n_images\":%" PRIu64 ",\"n_failed\":%" PRIu64,
                          result->n_images, result->n_failed));
    if (result->task == MC_TASK_RETRIEVAL)
        MC_TRY(mci_buf_printf(out, err, ",\"n_texts\":%" PRIu64, result->n_texts));
    else
        MC_TRY(mci_buf_printf(out, err, ",\"n_classes\":%" PRIu64 ",\"n_prompts\":%" PRIu64,
                              result->n_classes, result->n_prompts));
    return mci_buf_printf(out, err, ",\"setup\":\"%s\"}", setup);
}

/* ---- what a result depends on ---- */

static uint64_t hash_phrases(const mci_phrases *phrases, uint64_t seed)
{
    for (size_t i = 0; i < phrases->n; i++)
        seed = mci_hash64(mci_phrases_get(phrases, i), seed + phrases->groups[i]);
    return seed;
}

static uint64_t hash_job(const mc_eval_job *job, uint64_t seed)
{
    char text[128];
    const char *config = job->model.config_path ? job->model.config_path : job->model.model_name;
    const int n =
        snprintf(text, sizeof text, "%d %u %d %d %d %d", (int)job->model.precision,
                 job->model.image_size, (int)job->rule, job->rgb_last, job->exif, job->shrink);
    seed = mci_hash64((mc_str){ text, (size_t)n }, seed);
    seed = mci_hash64(mc_str_of(config ? config : ""), seed);
    seed = mci_hash64(mc_str_of(job->vocab_path ? job->vocab_path : ""), seed);
    return mci_hash64(mc_str_of(job->model_path), seed);
}

void mci_eval_setup(const mc_eval_job *job, const mc_eval_set *spec, const mci_dataset *set,
                    char out[MCI_SETUP_DIGITS + 1])
{
    uint64_t texts = hash_phrases(&set->class_names, set->class_names.n);
    texts = hash_phrases(&set->templates, texts);
    uint64_t rest = hash_job(job, (uint64_t)set->kind);
    rest = mci_hash64(mc_str_of(spec->path), rest);
    snprintf(out, MCI_SETUP_DIGITS + 1, "%016" PRIx64 "%016" PRIx64, texts, rest);
}

/* ---- lines ---- */

void mci_eval_lines_release(mci_eval_lines *lines)
{
    mci_buf_release(&lines->text);
    mci_free(lines->ends);
    *lines = (mci_eval_lines){ 0 };
}

mc_str mci_eval_lines_get(const mci_eval_lines *lines, size_t i)
{
    const size_t begin = i ? lines->ends[i - 1] : 0;
    return (mc_str){ lines->text.data + begin, lines->ends[i] - begin - 1 };
}

static mc_status add_line(mci_eval_lines *lines, mc_str line, mc_error *err)
{
    void *ends = lines->ends;
    MC_TRY(mci_grow(&ends, &lines->cap, lines->n + 1, sizeof *lines->ends, err));
    lines->ends = ends;
    MC_TRY(mci_buf_add(&lines->text, line, err));
    MC_TRY(mci_buf_byte(&lines->text, '\n', err));
    lines->ends[lines->n++] = lines->text.len;
    return MC_OK;
}

static mc_status check_line(mci_json *json, mc_str line, size_t line_number, mc_error *err)
{
    mci_json_value root, member;
    mc_error why = { 0 };
    mc_status status = mci_json_parse(json, line, &root, NULL, &why);
    if (status < 0 || (status == MC_OK && mci_json_get(root, "dataset", &member) &&
                       mci_json_get(root, "metrics", &member)))
        return status;
    return mc_fail(err, MC_E_FORMAT,
                   "line %zu is no result, so this is no file of results, and is left as it is",
                   line_number);
}

static mc_status cut_lines(mc_str text, mci_json *json, mci_eval_lines *out, mc_error *err)
{
    for (size_t line_number = 1; text.len > 0; line_number++) {
        const char *end = memchr(text.data, '\n', text.len);
        const size_t n = end ? (size_t)(end - text.data) : text.len, step = end ? n + 1 : n;
        mc_str line = mci_trim_space((mc_str){ text.data, n });
        if (line.len > 0) {
            MC_TRY(check_line(json, line, line_number, err));
            MC_TRY(add_line(out, line, err));
        }
        text = (mc_str){ text.data + step, text.len - step };
    }
    return MC_OK;
}

mc_status mci_eval_lines_load(const char *path, mci_eval_lines *out, mc_error *err)
{
    mci_buf text = { 0 };
    mci_json *json = NULL;
    if (!mci_file_exists(path))
        return MC_OK;
    mc_status status = mci_read_whole(path, MCI_MAX_WHOLE_BYTES, &text, err);
    if (status >= 0)
        status = mci_json_new(&json, err);
    if (status >= 0)
        status = cut_lines(mci_buf_str(&text), json, out, err);
    if (status == MC_E_FORMAT && json)
        mc_add_context(err, status, "%s", path);
    mci_json_free(json);
    mci_buf_release(&text);
    return status;
}

mc_status mci_eval_lines_save(const mci_eval_lines *lines, const char *path, mc_error *err)
{
    return mci_output_file(path, mci_buf_str(&lines->text), err);
}

mc_status mci_eval_lines_put(mci_eval_lines *lines, size_t i, mc_str line, mc_error *err)
{
    mci_eval_lines made = { 0 };
    mc_status status = MC_OK;
    if (i >= lines->n)
        return add_line(lines, line, err);
    for (size_t k = 0; status >= 0 && k < lines->n; k++)
        status = add_line(&made, k == i ? line : mci_eval_lines_get(lines, k), err);
    if (status < 0) {
        mci_eval_lines_release(&made);
        return status;
    }
    mci_eval_lines_release(lines);
    *lines = made;
    return MC_OK;
}

/* ---- finding ---- */

static bool member_is(mci_json_value root, const char *name, const char *want)
{
    mci_json_value member;
    mci_buf repaired = { 0 };
    uint64_t n = 0;
    bool same = mci_json_get(root, name, &member) &&
                mci_utf8_repair(mc_str_of(want), &repaired, &n, NULL) >= 0 &&
                mc_str_equal(mci_json_string(member), mci_buf_str(&repaired));
    mci_buf_release(&repaired);
    return same;
}

static uint64_t count_of(mci_json_value root, const char *name)
{
    mci_json_value member;
    uint64_t count = 0;
    if (mci_json_get(root, name, &member))
        mci_json_u64(member, &count);
    return count;
}

/* False if a number is not there at all. */
static bool take_numbers(mci_json_value root, mc_eval_result *result)
{
    size_t n;
    const number *numbers = numbers_of(result->task, &n);
    mci_json_value metrics, member;
    if (!mci_json_get(root, "metrics", &metrics))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!mci_json_get(metrics, numbers[i].name, &member))
            return false;
        *number_at(result, &numbers[i]) = NAN;
        mci_json_double(member, number_at(result, &numbers[i]));
    }
    result->n_images = count_of(root, "n_images");
    result->n_failed = count_of(root, "n_failed");
    result->n_texts = count_of(root, "n_texts");
    result->n_classes = count_of(root, "n_classes");
    result->n_prompts = count_of(root, "n_prompts");
    result->value = mci_eval_value(result);
    return true;
}

mc_status mci_eval_lines_find(const mci_eval_lines *lines, const mc_eval_job *job,
                              const char *setup, mc_eval_result *result, size_t *at, bool *found,
                              bool *is_same, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    *found = *is_same = false;
    mc_status status = mci_json_new(&json, err);
    for (*at = 0; status >= 0 && *at < lines->n; ++*at) {
        status = mci_json_parse(json, mci_eval_lines_get(lines, *at), &root, NULL, err);
        if (status != MC_OK || !member_is(root, "dataset", result->name) ||
            !member_is(root, "split", result->split) ||
            !member_is(root, "model", model_name(job)) ||
            !member_is(root, "pretrained", pretrained(job)) ||
            !member_is(root, "task", task_name(result->task)) ||
            !member_is(root, "language", result->language))
            continue;
        *found = true;
        *is_same = member_is(root, "setup", setup) &&
                   member_is(root, "metric", mc_eval_metric_name(result->metric)) &&
                   take_numbers(root, result);
        break;
    }
    mci_json_free(json);
    return status < 0 ? status : MC_OK;
}
