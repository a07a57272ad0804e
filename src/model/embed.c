/* Features of many inputs: the job as a whole. */
#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json_text.h"
#include "model/embed_internal.h"

enum { DEFAULT_BATCH = 32 };

mc_status mci_embed_fail(mci_embed_run *run, const char *name, const char *why, mc_error *err)
{
    const mc_hooks *hooks = &run->job->hooks;
    mc_embed_summary *sum = run->sum;
    char text[508];
    snprintf(text, sizeof text, "%s: %s", name, why);
    if (run->job->strict)
        return mc_fail(err, MC_E_FORMAT, "%s", text);
    if (sum->n_problems == MC_EMBED_PROBLEMS)
        return MC_OK; /* they are counted, and those of images listed */
    snprintf(sum->problems[sum->n_problems++], sizeof sum->problems[0], "%s", text);
    if (hooks->warn)
        hooks->warn(hooks->user, text);
    return MC_OK;
}

static mc_status check_job(const mc_embed_job *job, mc_error *err)
{
    if (job->n_ranks > 1 && !job->shard_rows)
        return mc_fail(err, MC_E_ARG, "several processes need shards, each a file of its own");
    if (job->n_ranks > 1 && job->rank >= job->n_ranks)
        return mc_fail(err, MC_E_ARG, "process %u of %u: they count from 0", job->rank,
                       job->n_ranks);
    return MC_OK;
}

static mc_status run_inputs(mci_embed_run *run, mc_error *err)
{
    switch (run->job->kind) {
    case MC_EMBED_IMAGES:
        return mci_embed_images(run, err);
    case MC_EMBED_TEXTS:
        return mci_embed_texts(run, err);
    default:
        return mci_embed_arrays(run, err);
    }
}

static mc_status run_model(mci_embed_run *run, mc_error *err)
{
    const mc_embed_job *job = run->job;
    const mc_clip_ctx_options options = { .n_threads = job->n_threads,
                                          .batch = (unsigned)run->batch,
                                          .raw = job->raw };
    mci_embed_out out = { 0 };
    run->features = mci_alloc(run->batch * run->D * sizeof *run->features);
    if (!run->features)
        return mci_nomem(err, run->batch * run->D * sizeof *run->features);
    MC_TRY(mc_clip_ctx_new(run->clip, &options, &run->ctx, err));
    run->out = &out;
    mc_status status = mci_embed_out_open(&out, job, run->D, run->sum, err);
    if (status >= 0)
        status = run_inputs(run, err);
    status = mci_embed_out_close(&out, status, err);
    mci_embed_out_release(&out);
    return status;
}

static mc_status open_model(const mc_embed_job *job, mc_clip **out, mc_error *err)
{
    mc_clip_options model = job->model;
    const bool images = job->kind == MC_EMBED_IMAGES || job->kind == MC_EMBED_PIXELS;
    model.towers = images ? MC_IMAGE_TOWER : MC_TEXT_TOWER;
    model.hooks = &job->hooks;
    return mc_clip_open(job->model_path, &model, out, err);
}

mc_status mc_embed_run(const mc_embed_job *job, mc_embed_summary *sum, mc_error *err)
{
    mc_clip *clip = NULL;
    const double began = mci_clock_seconds();
    *sum = (mc_embed_summary){ 0 };
    MC_TRY(check_job(job, err));
    MC_TRY(open_model(job, &clip, err));
    const mc_clip_facts facts = mc_clip_facts_of(clip);
    mci_embed_run run = { .job = job,
                          .sum = sum,
                          .clip = clip,
                          .batch = job->batch ? job->batch : DEFAULT_BATCH,
                          .D = facts.embed_dim };
    sum->embed_dim = facts.embed_dim;
    snprintf(sum->arithmetic, sizeof sum->arithmetic, "%s", facts.arithmetic);
    const double loaded = mci_clock_seconds();
    mc_status status = run_model(&run, err);
    sum->load_seconds = loaded - began;
    sum->seconds = mci_clock_seconds() - loaded;
    if (job->kind == MC_EMBED_IMAGES)
        sum->n_failed = sum->n_inputs - sum->n_rows;
    mc_clip_ctx_free(run.ctx);
    mci_free(run.features);
    mc_clip_close(clip);
    return status;
}

mc_status mc_embed_summary_json(const mc_embed_summary *s, char **out, mc_error *err)
{
    mci_buf text = { 0 };
    mc_status status =
        mci_buf_printf(&text, err,
                       "{\"inputs\":%" PRIu64 ",\"rows\":%" PRIu64 ",\"failed\":%" PRIu64
                       ",\"passed_over\":%" PRIu64 ",\"truncated\":%" PRIu64 ",\"shards\":%" PRIu64
                       ",\"shards_kept\":%" PRIu64 ",\"embed_dim\":%u,\"arithmetic\":",
                       s->n_inputs, s->n_rows, s->n_failed, s->n_passed_over, s->n_truncated,
                       s->n_shards, s->n_shards_kept, s->embed_dim);
    if (status >= 0)
        status = mci_json_add_string(&text, mc_str_of(s->arithmetic), err);
    if (status >= 0)
        status = mci_buf_add(&text, mc_str_of(",\"problems\":["), err);
    for (size_t i = 0; status >= 0 && i < s->n_problems; i++) {
        status = i ? mci_buf_byte(&text, ',', err) : MC_OK;
        if (status >= 0)
            status = mci_json_add_string(&text, mc_str_of(s->problems[i]), err);
    }
    if (status >= 0)
        status = mci_buf_printf(&text, err, "],\"load_seconds\":%.3f,\"seconds\":%.3f}",
                                s->load_seconds, s->seconds);
    if (status >= 0)
        status = mci_buf_terminate(&text, err);
    if (status < 0) {
        mci_buf_release(&text);
        return status;
    }
    *out = text.data;
    return MC_OK;
}
