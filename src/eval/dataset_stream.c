#include "eval/dataset_stream.h"

#include <inttypes.h>

#include "base/ahead.h"
#include "base/alloc.h"
#include "base/threads.h"

enum {
    N_BATCHES = 3,        /* one taken, the others being filled */
    KEPT_BYTES = 1 << 20, /* of a file, for the next one at its place */
};

typedef struct {
    mci_dataset_item item;
    mc_error why; /* why.status MC_OK: it is prepared */
} place;

/* Item i is at place i % n_places, and its pixels at the same place of pixels. Workers write to
 * places that are claimed, the caller reads those that are done: ahead.h keeps them apart. */
struct mci_dataset_stream {
    mci_dataset_stream_job job;
    size_t row_floats, n_places;
    mc_image_scratch **scratches;
    unsigned n_workers;
    place *places;
    float *pixels;
    mci_ahead *ahead;
    uint64_t n_given;
    mci_dataset_row *rows;
    mci_dataset_failure *failures;
};

/* ---- in the background ---- */

static void check_label(const mci_dataset_stream *s, place *at)
{
    const uint32_t label = at->item.label, n = s->job.n_classes;
    if (at->why.status == MC_OK && n && label >= n)
        at->why.status =
            mc_fail(&at->why, MC_E_FORMAT,
                    "its label is %" PRIu32 ", but there are %" PRIu32 " class names", label, n);
}

static mc_status claim(void *user, unsigned worker, uint64_t number, mc_error *err)
{
    mci_dataset_stream *s = user;
    place *at = &s->places[number % s->n_places];
    const mci_dataset_source *source = s->job.source;
    (void)worker;
    at->why = (mc_error){ 0 };
    mc_status status = source->next(source->self, &at->item, &at->why);
    if (status < 0 || status == MC_END) {
        if (err)
            *err = at->why;
        return status;
    }
    at->why.status = status;
    check_label(s, at);
    return MC_OK;
}

static void prepare(void *user, unsigned worker, uint64_t number)
{
    mci_dataset_stream *s = user;
    const size_t i = number % s->n_places;
    mci_image_input *image = &s->places[i].item.image;
    mc_error *why = &s->places[i].why;
    if (why->status == MC_OK) {
        mc_status status = mci_image_input_read(image, s->job.max_image_bytes, why);
        if (status == MC_OK)
            status =
                mc_image_prepare(s->scratches[worker], &s->job.options, mci_buf_str(&image->bytes),
                                 s->pixels + i * s->row_floats, why);
        why->status = status;
    }
    if (image->bytes.cap > KEPT_BYTES)
        mci_buf_release(&image->bytes);
}

/* ---- opening and closing ---- */

static mc_status make_scratches(mci_dataset_stream *s, mc_error *err)
{
    const unsigned n = s->job.n_threads ? s->job.n_threads : mci_n_processors();
    s->scratches = mci_alloc_zeroed(n, sizeof(mc_image_scratch *));
    if (!s->scratches)
        return mci_nomem(err, n * sizeof(mc_image_scratch *));
    for (; s->n_workers < n; s->n_workers++)
        MC_TRY(mc_image_scratch_new(&s->scratches[s->n_workers], err));
    return MC_OK;
}

static mc_status make_places(mci_dataset_stream *s, mc_error *err)
{
    const size_t batch = s->job.batch;
    unsigned width, height;
    MC_TRY(mc_image_out_size(&s->job.options, &width, &height, err));
    s->row_floats = (size_t)3 * width * height;
    s->n_places = batch * N_BATCHES;
    s->places = mci_alloc_zeroed(s->n_places, sizeof *s->places);
    s->pixels = mci_alloc_zeroed(s->n_places, s->row_floats * sizeof(float));
    s->rows = mci_alloc_zeroed(batch, sizeof *s->rows);
    s->failures = mci_alloc_zeroed(batch, sizeof *s->failures);
    if (!s->places || !s->pixels || !s->rows || !s->failures)
        return mci_nomem(err, s->n_places * s->row_floats * sizeof(float));
    return MC_OK;
}

mc_status mci_dataset_stream_open(const mci_dataset_stream_job *job, mci_dataset_stream **out,
                                  mc_error *err)
{
    mci_dataset_stream *s = mci_alloc_zeroed(1, sizeof *s);
    if (!s)
        return mci_nomem(err, sizeof *s);
    s->job = *job;
    const mci_ahead_steps steps = { .claim = claim, .work = prepare, .user = s };
    mc_status status = make_places(s, err);
    if (status >= 0)
        status = make_scratches(s, err);
    if (status >= 0)
        status = mci_ahead_start(&steps, s->n_workers, s->n_places, &s->ahead, err);
    if (status < 0)
        mci_dataset_stream_close(s);
    else
        *out = s;
    return status;
}

void mci_dataset_stream_close(mci_dataset_stream *s)
{
    if (!s)
        return;
    mci_ahead_stop(s->ahead);
    for (unsigned i = 0; i < s->n_workers; i++)
        mc_image_scratch_free(s->scratches[i]);
    for (size_t i = 0; s->places && i < s->n_places; i++)
        mci_dataset_item_release(&s->places[i].item);
    mci_free(s->scratches);
    mci_free(s->places);
    mci_free(s->pixels);
    mci_free(s->rows);
    mci_free(s->failures);
    mci_free(s);
}

/* ---- batches ---- */

/* Rows stand where their items do; where one failed, those behind it move up. */
static mc_status gather(mci_dataset_stream *s, uint64_t from, uint64_t end, mci_dataset_batch *out,
                        mc_error *err)
{
    const size_t first = from % s->n_places;
    float *pixels = s->pixels + first * s->row_floats;
    *out = (mci_dataset_batch){ .rows = s->rows, .failures = s->failures, .pixels = pixels };
    for (size_t i = 0; i < end - from; i++) {
        const place *at = &s->places[first + i];
        const mci_dataset_item *item = &at->item;
        const mc_str name = mci_buf_str(&item->image.name);
        if (at->why.status == MC_E_NOMEM)
            return mc_fail(err, MC_E_NOMEM, "%s: %s", name.data, at->why.text);
        if (at->why.status != MC_OK) {
            s->failures[out->n_failures++] = (mci_dataset_failure){ name, at->why };
            continue;
        }
        if (out->n < i)
            memcpy(pixels + out->n * s->row_floats, pixels + i * s->row_floats,
                   s->row_floats * sizeof(float));
        s->rows[out->n++] = (mci_dataset_row){ name, item->label, item->texts.data, item->n_texts };
    }
    return MC_OK;
}

mc_status mci_dataset_stream_next(mci_dataset_stream *s, mci_dataset_batch *out, mc_error *err)
{
    const uint64_t from = s->n_given;
    uint64_t n_done, end = from + s->job.batch;
    mci_ahead_release(s->ahead, from);
    mc_status status = mci_ahead_wait(s->ahead, end, &n_done, err);
    if (n_done < end)
        end = n_done;
    if (end == from)
        return status;
    s->n_given = end;
    return gather(s, from, end, out, err);
}
