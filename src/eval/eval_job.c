/* Data sets -> numbers: one call. */
#include <math.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "eval/eval_catalog.h"
#include "eval/eval_results.h"
#include "eval/eval_set.h"

enum { DEFAULT_BATCH = 32 };

typedef struct {
    const mc_eval_job *job;
    mc_eval_summary *sum;
    mci_eval_catalog catalog;
    mci_eval_lines lines; /* of out_path */
    mci_eval_run run;     /* what is open; run.ctx NULL: the model is not, yet */
    mc_clip *clip;
    mc_tokenizer *tokenizer;
    mci_buf line;
    mci_phrases seen; /* what sets were called */
    double sum_of_values;
    uint64_t n_values;
} evaluator;

/* ---- the model ---- */

/* Only when a set needs it: all of them may be in the file already. */
static mc_status open_model(evaluator *e, mc_error *err)
{
    const mc_eval_job *job = e->job;
    mc_clip_options model = job->model;
    const mc_clip_ctx_options options = { .n_threads = job->n_threads,
                                          .batch = (unsigned)e->run.batch };
    if (e->run.ctx)
        return MC_OK;
    model.towers = MC_BOTH_TOWERS;
    model.hooks = &job->hooks;
    MC_TRY(mc_clip_open(job->model_path, &model, &e->clip, err));
    MC_TRY(mc_clip_image_options(e->clip, &e->run.images, err));
    e->run.images.rgb_last = job->rgb_last;
    e->run.images.exif = job->exif;
    e->run.images.shrink = job->shrink;
    MC_TRY(mc_clip_tokenizer_open(e->clip, job->vocab_path, job->rule, &e->tokenizer, err));
    e->run.tokenizer = e->tokenizer;
    return mc_clip_ctx_new(e->clip, &options, &e->run.ctx, err);
}

/* ---- a set ---- */

static void forget_numbers(mc_eval_result *r)
{
    r->value = r->acc1 = r->acc5 = r->mean_per_class = r->roc_auc = NAN;
    for (size_t i = 0; i < 3; i++)
        r->image_recall[i] = r->text_recall[i] = NAN;
    r->image_mean_rank = r->image_median_rank = r->text_mean_rank = r->text_median_rank = NAN;
}

static mc_eval_metric metric_of(const mc_eval_set *spec, const mci_dataset *set)
{
    if (spec->metric != MC_METRIC_AUTO)
        return spec->metric;
    return set->task == MC_TASK_RETRIEVAL ? MC_METRIC_IMAGE_RECALL_5
                                          : mci_eval_usual_metric(set->name.data);
}

static mc_status check_metric(const mc_eval_result *r, mc_error *err)
{
    const bool of_pairs =
        r->metric == MC_METRIC_IMAGE_RECALL_5 || r->metric == MC_METRIC_TEXT_RECALL_5;
    return of_pairs == (r->task == MC_TASK_RETRIEVAL)
               ? MC_OK
               : mc_fail(err, MC_E_ARG, "%s: %s is no number of its task", r->name,
                         mc_eval_metric_name(r->metric));
}

static mc_status keep(evaluator *e, size_t at, mc_error *err)
{
    if (!e->job->out_path)
        return MC_OK;
    MC_TRY(mci_eval_lines_put(&e->lines, at, mci_buf_str(&e->line), err));
    return mci_eval_lines_save(&e->lines, e->job->out_path, err);
}

static mc_status terminate_line(evaluator *e, mc_eval_result *result, mc_error *err)
{
    MC_TRY(mci_buf_terminate(&e->line, err));
    result->json = e->line.data;
    return MC_OK;
}

/* A failure to write the file ends it all: *fatal. */
static mc_status compute(evaluator *e, mci_dataset *set, const char *setup, size_t at,
                         mc_eval_result *result, bool *fatal, mc_error *err)
{
    *fatal = true;
    MC_TRY(open_model(e, err));
    const double began = mci_clock_seconds();
    *fatal = false;
    MC_TRY(mci_eval_set_run(&e->run, set, result, err));
    result->value = mci_eval_value(result);
    result->seconds = mci_clock_seconds() - began;
    *fatal = true;
    mci_buf_clear(&e->line);
    MC_TRY(mci_eval_result_line(e->job, result, setup, &e->line, err));
    return keep(e, at, err);
}

/* Two sets of one name would be one line of the file. */
static mc_status check_name(evaluator *e, const mc_eval_result *result, mc_error *err)
{
    mci_buf *name = &e->line;
    mci_buf_clear(name);
    MC_TRY(mci_buf_printf(name, err, "%s/%s/%s/%d", result->name, result->split, result->language,
                          (int)result->task));
    for (size_t i = 0; i < e->seen.n; i++)
        if (mc_str_equal(mci_phrases_get(&e->seen, i), mci_buf_str(name)))
            return mc_fail(err, MC_E_ARG, "another data set is called %s already: name this one",
                           result->name);
    return mci_phrases_add(&e->seen, mci_buf_str(name), true, err);
}

static mc_status run_open_set(evaluator *e, const mc_eval_set *spec, mci_dataset *set,
                              mc_eval_result *result, bool *fatal, mc_error *err)
{
    char setup[MCI_SETUP_DIGITS + 1];
    size_t at;
    bool found;
    result->split = set->split.len ? set->split.data : "";
    result->task = set->task;
    result->metric = metric_of(spec, set);
    MC_TRY(check_name(e, result, err));
    MC_TRY(check_metric(result, err));
    mci_eval_setup(e->job, spec, set, setup);
    MC_TRY(mci_eval_lines_find(&e->lines, e->job, setup, result, &at, &found, &result->is_recalled,
                               err));
    if (result->is_recalled) {
        mci_buf_clear(&e->line);
        MC_TRY(mci_buf_add(&e->line, mci_eval_lines_get(&e->lines, at), err));
    } else {
        forget_numbers(result);
        MC_TRY(compute(e, set, setup, found ? at : SIZE_MAX, result, fatal, err));
    }
    return terminate_line(e, result, err);
}

static void add_up(evaluator *e, const mc_eval_result *result)
{
    mc_eval_summary *sum = e->sum;
    sum->n_sets++;
    sum->n_failed_sets += result->status < 0;
    sum->n_recalled += result->is_recalled;
    sum->n_images += result->n_images;
    sum->n_failed += result->n_failed;
    if (result->status >= 0 && result->task == MC_TASK_CLASSIFICATION) {
        e->sum_of_values += result->value;
        e->n_values++;
    }
}

static mc_status run_set(evaluator *e, const mc_eval_set *spec, mc_error *err)
{
    const mc_eval_job *job = e->job;
    mci_dataset set;
    mc_error why = { 0 };
    mc_eval_result result = { .name = spec->name ? spec->name : spec->path,
                              .split = spec->split ? spec->split : "",
                              .language = spec->language ? spec->language : "en" };
    bool fatal = false;
    forget_numbers(&result);
    mc_status status = mci_dataset_open(
        spec, job->max_image_bytes ? job->max_image_bytes : (uint64_t)64 << 20, &set, &why);
    if (set.name.len)
        result.name = set.name.data;
    if (status >= 0)
        status = run_open_set(e, spec, &set, &result, &fatal, &why);
    result.status = status < 0 ? status : MC_OK;
    result.error = status < 0 ? why.text : NULL;
    fatal = status < 0 && (fatal || job->strict || status == MC_E_NOMEM);
    if (!fatal) {
        add_up(e, &result);
        if (job->result)
            job->result(job->user, &result);
    }
    mci_dataset_close(&set);
    return fatal ? mc_fail(err, status, "%s", why.text) : MC_OK;
}

/* ---- all sets ---- */

static const mc_eval_set *set_at(const evaluator *e, size_t i)
{
    return i < e->job->n_sets ? &e->job->sets[i] : &e->catalog.sets[i - e->job->n_sets];
}

static mc_status run_all(evaluator *e, mc_error *err)
{
    const mc_eval_job *job = e->job;
    if (job->catalog_path)
        MC_TRY(mci_eval_catalog_load(job->catalog_path, &e->catalog, err));
    const size_t n = job->n_sets + e->catalog.n;
    if (n == 0)
        return mc_fail(err, MC_E_ARG, "there are no data sets");
    if (job->out_path)
        MC_TRY(mci_eval_lines_load(job->out_path, &e->lines, err));
    e->run.n_sets = n;
    for (size_t i = 0; i < n; i++) {
        e->run.n_sets_done = i;
        MC_TRY(run_set(e, set_at(e, i), err));
    }
    return MC_OK;
}

mc_status mc_eval_run(const mc_eval_job *job, mc_eval_summary *sum, mc_error *err)
{
    evaluator e = { .job = job,
                    .sum = sum,
                    .run = { .job = job, .batch = job->batch ? job->batch : DEFAULT_BATCH } };
    *sum = (mc_eval_summary){ .mean_value = NAN };
    mc_status status = run_all(&e, err);
    if (e.n_values > 0)
        sum->mean_value = e.sum_of_values / (double)e.n_values;
    mc_clip_ctx_free(e.run.ctx);
    mc_tokenizer_free(e.tokenizer);
    mc_clip_close(e.clip);
    mci_eval_catalog_release(&e.catalog);
    mci_eval_lines_release(&e.lines);
    mci_buf_release(&e.line);
    mci_phrases_release(&e.seen);
    return status;
}
