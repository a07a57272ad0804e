/* Images -> features: files are decoded on threads ahead, while the model computes. */
#include "image/image_stream.h"
#include "model/embed_internal.h"

static mc_status find_options(const mci_embed_run *run, mc_image_options *out, mc_error *err)
{
    MC_TRY(mc_clip_image_options(run->clip, out, err));
    out->rgb_last = run->job->rgb_last;
    out->exif = run->job->exif;
    out->shrink = run->job->shrink;
    return MC_OK;
}

static mc_status note_failure(mci_embed_run *run, const mci_image_failure *failure, mc_error *err)
{
    MC_TRY(mci_embed_fail(run, failure->name.data, failure->why.text, err));
    return mci_embed_out_add(run->out, failure->position, failure->name, NULL, failure->why.text,
                             err);
}

/* Rows and failures are each in the order of positions; so is what is written. */
static mc_status write_batch(mci_embed_run *run, const mci_image_batch *batch, mc_error *err)
{
    size_t row = 0, failure = 0;
    while (row < batch->n || failure < batch->n_failures) {
        if (row == batch->n || (failure < batch->n_failures &&
                                batch->failures[failure].position < batch->rows[row].position)) {
            MC_TRY(note_failure(run, &batch->failures[failure++], err));
            continue;
        }
        MC_TRY(mci_embed_out_add(run->out, batch->rows[row].position, batch->rows[row].name,
                                 run->features + row * run->D, NULL, err));
        row++;
    }
    return MC_OK;
}

static void tell_progress(mci_embed_run *run, const mci_image_batch *batch, uint64_t *done)
{
    const mc_hooks *hooks = &run->job->hooks;
    const mc_progress progress = { .phase = "embed",
                                   .done = *done += batch->n + batch->n_failures,
                                   .unit = "images" };
    if (hooks->progress)
        hooks->progress(hooks->user, &progress);
}

static mc_status take_all(mci_embed_run *run, mci_image_stream *stream, mc_error *err)
{
    mci_image_batch batch;
    mc_status status;
    uint64_t done = 0;
    while ((status = mci_image_stream_next(stream, &batch, err)) == MC_OK) {
        MC_TRY(mc_clip_encode_images(run->ctx, batch.pixels, batch.n, run->features, err));
        MC_TRY(write_batch(run, &batch, err));
        tell_progress(run, &batch, &done);
    }
    return status == MC_END ? MC_OK : status;
}

mc_status mci_embed_images(mci_embed_run *run, mc_error *err)
{
    mci_embed_todo todo = { .job = run->job };
    mci_image_stream *stream = NULL;
    mci_image_stream_job job = { .inputs = run->job->inputs,
                                 .n_inputs = run->job->n_inputs,
                                 .n_threads = run->job->n_threads,
                                 .batch = (unsigned)run->batch,
                                 .wanted = mci_embed_wants,
                                 .user = &todo };
    MC_TRY(find_options(run, &job.options, err));
    MC_TRY(mci_image_stream_open(&job, &stream, err));
    mc_status status = take_all(run, stream, err);
    run->sum->n_passed_over = mci_image_stream_passed_over(stream);
    mci_image_stream_close(stream);
    run->sum->n_shards_kept = todo.n_kept;
    return status;
}
