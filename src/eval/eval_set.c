#include "eval/eval_set.h"

#include <math.h>

#include "base/alloc.h"
#include "eval/caption_ranks.h"
#include "eval/class_weights.h"
#include "eval/dataset_stream.h"
#include "eval/tally.h"
#include "search/search_kernels.h"

static const uint64_t usual_image_bytes = (uint64_t)64 << 20;

enum { TEXTS_AT_ONCE = 256, MOST_CLASSES = 1 << 22 };

/* What both tasks have. */
typedef struct {
    const mci_eval_run *run;
    mci_dataset *set;
    mc_eval_result *result;
    size_t D, stride; /* of features; D rounded up to the kernels' lanes */
    float *features;  /* [batch, D] of images */
} evaluation;

/* ---- images ---- */

static mc_status tell_failures(evaluation *e, const mci_dataset_batch *batch, mc_error *err)
{
    const mc_eval_job *job = e->run->job;
    for (size_t i = 0; i < batch->n_failures; i++) {
        const mci_dataset_failure *failure = &batch->failures[i];
        e->result->n_failed++;
        if (job->strict)
            return mc_fail(err, MC_E_FORMAT, "%s: %s", failure->name.data, failure->why.text);
        if (job->failure)
            job->failure(job->user, e->set->name.data, failure->name, failure->why.text);
    }
    return MC_OK;
}

static void tell_progress(const evaluation *e)
{
    const mc_hooks *hooks = &e->run->job->hooks;
    const mc_progress progress = { .phase = e->set->name.data,
                                   .done = e->result->n_images + e->result->n_failed,
                                   .unit = "images",
                                   .n_shards_done = e->run->n_sets_done,
                                   .n_shards = e->run->n_sets };
    if (hooks->progress)
        hooks->progress(hooks->user, &progress);
}

typedef mc_status take_fn(evaluation *e, void *task, const mci_dataset_batch *batch, mc_error *err);

static mc_status take_all(evaluation *e, mci_dataset_stream *stream, take_fn *take, void *task,
                          mc_error *err)
{
    mci_dataset_batch batch;
    mc_status status;
    while ((status = mci_dataset_stream_next(stream, &batch, err)) == MC_OK) {
        MC_TRY(tell_failures(e, &batch, err));
        MC_TRY(mc_clip_encode_images(e->run->ctx, batch.pixels, batch.n, e->features, err));
        MC_TRY(take(e, task, &batch, err));
        e->result->n_images += batch.n;
        tell_progress(e);
    }
    return status == MC_END ? MC_OK : status;
}

static mc_status for_all_images(evaluation *e, uint32_t n_classes, take_fn *take, void *task,
                                mc_error *err)
{
    const mc_eval_job *job = e->run->job;
    const mci_dataset_stream_job images = {
        .source = &e->set->source,
        .options = e->run->images,
        .n_classes = n_classes,
        .n_threads = job->n_threads,
        .batch = (unsigned)e->run->batch,
        .max_image_bytes = job->max_image_bytes ? job->max_image_bytes : usual_image_bytes,
    };
    mci_dataset_stream *stream = NULL;
    MC_TRY(mci_dataset_stream_open(&images, &stream, err));
    mc_status status = take_all(e, stream, take, task, err);
    mci_dataset_stream_close(stream);
    if (status >= 0 && e->result->n_images == 0)
        status = e->result->n_failed
                     ? mc_fail(err, MC_E_FORMAT, "none of its %llu images can be used",
                               (unsigned long long)e->result->n_failed)
                     : mc_fail(err, MC_E_FORMAT, "there are no images in it");
    return status;
}

/* Rows of D numbers as the kernels want them. */
static void pad_rows(const float *rows, size_t n, size_t D, size_t stride, float *out)
{
    for (size_t i = 0; i < n; i++)
        memcpy(out + i * stride, rows + i * D, D * sizeof(float));
}

/* ---- classification ---- */

typedef struct {
    size_t C;
    float *weights; /* [C, D] */
    float *queries; /* [batch, stride] */
    float *scores;  /* [batch, C] */
    mci_tally tally;
} classification;

static mc_status take_labels(evaluation *e, void *task, const mci_dataset_batch *batch,
                             mc_error *err)
{
    classification *c = task;
    if (batch->n == 0)
        return MC_OK;
    pad_rows(e->features, batch->n, e->D, e->stride, c->queries);
    mci_search_kernels_best()->products(c->weights, c->C, e->D, c->queries, batch->n, e->stride,
                                        c->scores);
    for (size_t i = 0; i < batch->n; i++)
        MC_TRY(mci_tally_add(&c->tally, c->scores + i * c->C, batch->rows[i].label, err));
    return MC_OK;
}

static mc_status make_classes(evaluation *e, classification *c, mc_error *err)
{
    const mci_phrases *names = &e->set->class_names;
    c->C = names->n_groups;
    if (c->C > MOST_CLASSES)
        return mc_fail(err, MC_E_LIMIT, "%zu classes; there may be %d", c->C, (int)MOST_CLASSES);
    c->weights = mci_alloc(c->C * e->D * sizeof *c->weights);
    c->queries = mci_alloc_zeroed(e->run->batch * e->stride, sizeof *c->queries);
    c->scores = mci_alloc(e->run->batch * c->C * sizeof *c->scores);
    if (!c->weights || !c->queries || !c->scores)
        return mci_nomem(err, c->C * e->D * sizeof *c->weights);
    MC_TRY(mci_tally_init(&c->tally, c->C, err));
    e->result->n_classes = c->C;
    e->result->n_prompts = names->n * e->set->templates.n;
    return mci_class_weights(e->run->ctx, e->run->tokenizer, names, &e->set->templates, c->weights,
                             err);
}

static mc_status classify(evaluation *e, mc_error *err)
{
    classification c = { 0 };
    mci_tally_numbers numbers;
    mc_status status = make_classes(e, &c, err);
    if (status >= 0)
        status = for_all_images(e, (uint32_t)c.C, take_labels, &c, err);
    if (status >= 0)
        status = mci_tally_end(&c.tally, &numbers, err);
    if (status >= 0) {
        e->result->acc1 = numbers.acc1;
        e->result->acc5 = numbers.acc5;
        e->result->mean_per_class = numbers.mean_per_class;
        e->result->roc_auc = numbers.roc_auc;
    }
    mci_tally_release(&c.tally);
    mci_free(c.weights);
    mci_free(c.queries);
    mci_free(c.scores);
    return status;
}

/* ---- retrieval ---- */

/* Features of all images and texts: memory is 4 D bytes for each. */
typedef struct {
    float *images; /* [n, D] */
    float *texts;  /* [m, stride] */
    uint32_t *image_of;
    size_t n, m, cap_images, cap_texts, cap_owners;
    size_t context;
    mc_token_scratch *scratch;
    int32_t *tokens;      /* [TEXTS_AT_ONCE, context] */
    float *text_features; /* [TEXTS_AT_ONCE, D] */
    size_t n_waiting;     /* texts in tokens */
} retrieval;

static mc_status encode_waiting(evaluation *e, retrieval *r, mc_error *err)
{
    void *texts = r->texts;
    MC_TRY(mc_clip_encode_texts(e->run->ctx, r->tokens, r->n_waiting, r->text_features, err));
    MC_TRY(mci_grow(&texts, &r->cap_texts, r->m + r->n_waiting, e->stride * sizeof(float), err));
    r->texts = texts;
    float *to = r->texts + r->m * e->stride;
    memset(to, 0, r->n_waiting * e->stride * sizeof(float));
    pad_rows(r->text_features, r->n_waiting, e->D, e->stride, to);
    r->m += r->n_waiting;
    r->n_waiting = 0;
    return MC_OK;
}

static mc_status add_text(evaluation *e, retrieval *r, mc_str text, mc_error *err)
{
    void *owners = r->image_of;
    const size_t at = r->m + r->n_waiting;
    mc_encoded encoded;
    MC_TRY(mci_grow(&owners, &r->cap_owners, at + 1, sizeof *r->image_of, err));
    r->image_of = owners;
    r->image_of[at] = (uint32_t)r->n;
    MC_TRY(mc_encode(e->run->tokenizer, r->scratch, text, r->context,
                     r->tokens + r->n_waiting * r->context, &encoded, err));
    return ++r->n_waiting == TEXTS_AT_ONCE ? encode_waiting(e, r, err) : MC_OK;
}

static mc_status take_captions(evaluation *e, void *task, const mci_dataset_batch *batch,
                               mc_error *err)
{
    retrieval *r = task;
    void *images = r->images;
    MC_TRY(mci_grow(&images, &r->cap_images, r->n + batch->n, e->D * sizeof(float), err));
    r->images = images;
    for (size_t i = 0; i < batch->n; i++, r->n++) {
        const char *text = batch->rows[i].texts;
        if (r->n == UINT32_MAX)
            return mc_fail(err, MC_E_LIMIT, "more images than 2^32 - 1");
        memcpy(r->images + r->n * e->D, e->features + i * e->D, e->D * sizeof(float));
        for (size_t k = 0; k < batch->rows[i].n_texts; k++, text += strlen(text) + 1)
            MC_TRY(add_text(e, r, mc_str_of(text), err));
    }
    return MC_OK;
}

static mc_status make_texts(evaluation *e, retrieval *r, mc_error *err)
{
    r->context = mc_clip_facts_of(mc_clip_ctx_model(e->run->ctx)).context_length;
    r->tokens = mci_alloc(TEXTS_AT_ONCE * r->context * sizeof *r->tokens);
    r->text_features = mci_alloc(TEXTS_AT_ONCE * e->D * sizeof *r->text_features);
    if (!r->tokens || !r->text_features)
        return mci_nomem(err, TEXTS_AT_ONCE * e->D * sizeof *r->text_features);
    return mc_token_scratch_new(e->run->tokenizer, &r->scratch, err);
}

static void put_ranks(size_t *ranks, size_t n, double recall[3], double *mean, double *median)
{
    const mci_retrieval found = mci_metrics_of_ranks(ranks, n);
    recall[0] = found.r_at_1;
    recall[1] = found.r_at_5;
    recall[2] = found.r_at_10;
    *mean = found.mean_rank;
    *median = found.median_rank;
}

static mc_status rank_all(evaluation *e, retrieval *r, mc_error *err)
{
    const mci_captioned all = { r->images, r->texts, r->image_of, r->n, r->m, e->D, e->stride };
    mc_eval_result *out = e->result;
    size_t *of_images = mci_alloc(r->m * sizeof *of_images);
    size_t *of_texts = mci_alloc(r->n * sizeof *of_texts);
    mc_status status = of_images && of_texts ? MC_OK : mci_nomem(err, r->m * sizeof *of_images);
    if (status >= 0)
        status = mci_caption_ranks(&all, e->run->job->n_threads, of_images, of_texts, err);
    if (status >= 0) {
        put_ranks(of_images, r->m, out->image_recall, &out->image_mean_rank,
                  &out->image_median_rank);
        put_ranks(of_texts, r->n, out->text_recall, &out->text_mean_rank, &out->text_median_rank);
        out->n_texts = r->m;
    }
    mci_free(of_images);
    mci_free(of_texts);
    return status;
}

static mc_status retrieve(evaluation *e, mc_error *err)
{
    retrieval r = { 0 };
    mc_status status = make_texts(e, &r, err);
    if (status >= 0)
        status = for_all_images(e, 0, take_captions, &r, err);
    if (status >= 0 && r.n_waiting > 0)
        status = encode_waiting(e, &r, err);
    if (status >= 0)
        status = rank_all(e, &r, err);
    mc_token_scratch_free(r.scratch);
    mci_free(r.images);
    mci_free(r.texts);
    mci_free(r.image_of);
    mci_free(r.tokens);
    mci_free(r.text_features);
    return status;
}

/* ---- both ---- */

mc_status mci_eval_set_run(const mci_eval_run *run, mci_dataset *set, mc_eval_result *out,
                           mc_error *err)
{
    const size_t D = mc_clip_facts_of(mc_clip_ctx_model(run->ctx)).embed_dim;
    evaluation e = { .run = run, .set = set, .result = out, .D = D };
    e.stride = (D + MCI_SEARCH_LANES - 1) / MCI_SEARCH_LANES * MCI_SEARCH_LANES;
    e.features = mci_alloc(run->batch * D * sizeof *e.features);
    if (!e.features)
        return mci_nomem(err, run->batch * D * sizeof *e.features);
    mc_status status = set->task == MC_TASK_RETRIEVAL ? retrieve(&e, err) : classify(&e, err);
    mci_free(e.features);
    return status;
}

double mci_eval_value(const mc_eval_result *r)
{
    switch (r->metric) {
    case MC_METRIC_ACC1:
        return r->acc1;
    case MC_METRIC_ACC5:
        return r->acc5;
    case MC_METRIC_PER_CLASS:
        return r->mean_per_class;
    case MC_METRIC_ROC_AUC:
        return r->roc_auc;
    case MC_METRIC_ACC1_ACC5:
        return (r->acc1 + r->acc5) / 2.0;
    case MC_METRIC_IMAGE_RECALL_5:
        return r->image_recall[1];
    case MC_METRIC_TEXT_RECALL_5:
        return r->text_recall[1];
    default:
        return NAN;
    }
}
