/* Images -> labels: one call. */
#include <stdio.h>

#include "base/alloc.h"
#include "image/image_stream.h"
#include "metaclip/classify.h"

enum { DEFAULT_BATCH = 32 };

typedef struct {
    const mc_classify_job *job;
    mc_classify_summary *sum;
    mc_clip *clip;
    mc_clip_ctx *ctx;
    mc_tokenizer *tokenizer;
    mc_classifier *classifier;
    size_t batch, D;
    float *features;      /* [batch, D] */
    float *probabilities; /* [n_labels] */
} run;

static mc_status open_all(run *r, mc_error *err)
{
    const mc_classify_job *job = r->job;
    mc_clip_options model = job->model;
    const mc_clip_ctx_options options = { .n_threads = job->n_threads,
                                          .batch = (unsigned)r->batch };
    model.towers = MC_BOTH_TOWERS;
    model.hooks = &job->hooks;
    MC_TRY(mc_clip_open(job->model_path, &model, &r->clip, err));
    r->D = mc_clip_facts_of(r->clip).embed_dim;
    MC_TRY(mc_clip_tokenizer_open(r->clip, job->vocab_path, job->rule, &r->tokenizer, err));
    MC_TRY(mc_clip_ctx_new(r->clip, &options, &r->ctx, err));
    MC_TRY(mc_classifier_new(r->ctx, r->tokenizer, job->labels, job->n_labels, job->templates,
                             job->n_templates, &r->classifier, err));
    r->features = mci_alloc(r->batch * r->D * sizeof *r->features);
    r->probabilities = mci_alloc(job->n_labels * sizeof *r->probabilities);
    return r->features && r->probabilities ? MC_OK
                                           : mci_nomem(err, r->batch * r->D * sizeof(float));
}

static void release(run *r)
{
    mci_free(r->features);
    mci_free(r->probabilities);
    mc_classifier_free(r->classifier);
    mc_clip_ctx_free(r->ctx);
    mc_tokenizer_free(r->tokenizer);
    mc_clip_close(r->clip);
}

static mc_status tell_failure(run *r, const mci_image_failure *failure, mc_error *err)
{
    r->sum->n_failed++;
    if (r->job->strict)
        return mc_fail(err, MC_E_FORMAT, "%s: %s", failure->name.data, failure->why.text);
    r->job->result(r->job->user, failure->name, NULL, failure->why.text);
    return MC_OK;
}

static void tell_row(run *r, const mci_image_batch *batch, size_t row)
{
    r->sum->n_images++;
    mc_classify(r->classifier, r->features + row * r->D, r->probabilities);
    r->job->result(r->job->user, batch->rows[row].name, r->probabilities, NULL);
}

/* Rows and failures in the order of positions. */
static mc_status tell_batch(run *r, const mci_image_batch *batch, mc_error *err)
{
    size_t row = 0, failure = 0;
    while (row < batch->n || failure < batch->n_failures) {
        if (failure < batch->n_failures &&
            (row == batch->n || batch->failures[failure].position < batch->rows[row].position))
            MC_TRY(tell_failure(r, &batch->failures[failure++], err));
        else
            tell_row(r, batch, row++);
    }
    return MC_OK;
}

static mc_status classify_all(run *r, mci_image_stream *stream, mc_error *err)
{
    mci_image_batch batch;
    mc_status status;
    while ((status = mci_image_stream_next(stream, &batch, err)) == MC_OK) {
        MC_TRY(mc_clip_encode_images(r->ctx, batch.pixels, batch.n, r->features, err));
        MC_TRY(tell_batch(r, &batch, err));
    }
    return status == MC_END ? MC_OK : status;
}

static mc_status run_images(run *r, mc_error *err)
{
    const mc_classify_job *job = r->job;
    mci_image_stream *stream = NULL;
    mci_image_stream_job images = { .inputs = job->inputs,
                                    .n_inputs = job->n_inputs,
                                    .n_threads = job->n_threads,
                                    .batch = (unsigned)r->batch };
    MC_TRY(mc_clip_image_options(r->clip, &images.options, err));
    images.options.rgb_last = job->rgb_last;
    images.options.exif = job->exif;
    images.options.shrink = job->shrink;
    MC_TRY(mci_image_stream_open(&images, &stream, err));
    mc_status status = classify_all(r, stream, err);
    mci_image_stream_close(stream);
    return status;
}

mc_status mc_classify_run(const mc_classify_job *job, mc_classify_summary *sum, mc_error *err)
{
    run r = { .job = job, .sum = sum, .batch = job->batch ? job->batch : DEFAULT_BATCH };
    *sum = (mc_classify_summary){ 0 };
    mc_status status = open_all(&r, err);
    if (status >= 0)
        status = run_images(&r, err);
    release(&r);
    return status;
}
