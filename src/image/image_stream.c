#include "image/image_stream.h"

#include "base/ahead.h"
#include "base/alloc.h"
#include "base/threads.h"
#include "io/image_inputs.h"

static const uint64_t default_image_bytes = (uint64_t)64 << 20;

/* One input of a batch. */
typedef struct {
    mci_buf name; /* with a NUL that is not counted */
    uint64_t position;
    mc_error why; /* why.status MC_OK: it is prepared */
} place;

typedef struct {
    mci_image_input input;
    mc_image_scratch *scratch;
} stream_worker;

/* Input i is at place i % n_places, and its row at the same place of rows. Workers write to places
 * that are claimed, the caller reads those that are done: ahead.h keeps them apart. */
struct mci_image_stream {
    mci_image_stream_job job;
    unsigned width, height;
    size_t row_bytes, n_places;
    mci_image_inputs *inputs; /* of the one who claims */
    stream_worker *workers;
    unsigned n_workers;
    place *places;
    uint8_t *pixels;
    mci_ahead *ahead;
    uint64_t n_seen;  /* inputs, by the one who claims */
    uint64_t n_given; /* of those that are wanted, in batches */
    mci_image_row *rows;
    mci_image_failure *failures;
};

/* ---- in the background ---- */

static void note_name(place *at, const mci_image_input *input, mc_status *status, mc_error *err)
{
    mci_buf_clear(&at->name);
    mc_status copied = mci_buf_add(&at->name, mci_buf_str(&input->name), err);
    if (copied == MC_OK)
        copied = mci_buf_terminate(&at->name, err);
    if (copied < 0)
        *status = copied;
}

static mc_status next_wanted(mci_image_stream *s, mci_image_input *input, uint64_t *position,
                             mc_error *err)
{
    mc_status status;
    do {
        if (err)
            *err = (mc_error){ 0 };
        status = mci_image_inputs_next(s->inputs, input, err);
        if (status < 0 || status == MC_END)
            return status;
        *position = s->n_seen++;
    } while (s->job.wanted && !s->job.wanted(s->job.user, *position));
    return status;
}

static mc_status claim(void *user, unsigned worker, uint64_t number, mc_error *err)
{
    mci_image_stream *s = user;
    mci_image_input *input = &s->workers[worker].input;
    place *at = &s->places[number % s->n_places];
    at->why = (mc_error){ 0 };
    mc_status status = next_wanted(s, input, &at->position, &at->why);
    if (status < 0 || status == MC_END) {
        if (err)
            *err = at->why;
        return status;
    }
    if (status == MC_SKIPPED)
        at->why.status = MC_SKIPPED;
    note_name(at, input, &status, err);
    return status < 0 ? status : MC_OK;
}

static void prepare(void *user, unsigned worker, uint64_t number)
{
    mci_image_stream *s = user;
    stream_worker *w = &s->workers[worker];
    size_t at = number % s->n_places;
    mc_error *why = &s->places[at].why;
    uint8_t *row = s->pixels + at * s->row_bytes;
    if (why->status != MC_OK)
        return;
    mc_status status = mci_image_input_read(&w->input, s->job.max_image_bytes, why);
    mc_str file = mci_buf_str(&w->input.bytes);
    if (status == MC_OK)
        status = s->job.as_bytes
                     ? mc_image_prepare_u8(w->scratch, &s->job.options, file, row, why)
                     : mc_image_prepare(w->scratch, &s->job.options, file, (float *)row, why);
    why->status = status;
}

/* ---- opening and closing ---- */

static mc_status make_workers(mci_image_stream *s, mc_error *err)
{
    unsigned n = s->job.n_threads ? s->job.n_threads : mci_n_processors();
    s->workers = mci_alloc_zeroed(n, sizeof *s->workers);
    if (!s->workers)
        return mci_nomem(err, n * sizeof *s->workers);
    for (; s->n_workers < n; s->n_workers++)
        MC_TRY(mc_image_scratch_new(&s->workers[s->n_workers].scratch, err));
    return MC_OK;
}

static mc_status make_places(mci_image_stream *s, mc_error *err)
{
    size_t plane = (size_t)s->width * s->height, batch = s->job.batch;
    s->row_bytes = s->job.as_bytes ? 3 * plane : 3 * plane * sizeof(float);
    s->n_places = batch * s->job.n_batches;
    if (s->row_bytes > SIZE_MAX / s->n_places)
        return mci_nomem(err, SIZE_MAX);
    s->places = mci_alloc_zeroed(s->n_places, sizeof *s->places);
    s->pixels = mci_alloc_zeroed(s->n_places, s->row_bytes);
    s->rows = mci_alloc_zeroed(batch, sizeof *s->rows);
    s->failures = mci_alloc_zeroed(batch, sizeof *s->failures);
    if (!s->places || !s->pixels || !s->rows || !s->failures)
        return mci_nomem(err, s->n_places * s->row_bytes);
    return MC_OK;
}

static mc_status start(mci_image_stream *s, mc_error *err)
{
    mci_ahead_steps steps = { .claim = claim, .work = prepare, .user = s };
    MC_TRY(mc_image_out_size(&s->job.options, &s->width, &s->height, err));
    MC_TRY(make_workers(s, err));
    MC_TRY(make_places(s, err));
    MC_TRY(mci_image_inputs_open(s->job.inputs, s->job.n_inputs, s->job.max_image_bytes, &s->inputs,
                                 err));
    return mci_ahead_start(&steps, s->n_workers, s->n_places, &s->ahead, err);
}

mc_status mci_image_stream_open(const mci_image_stream_job *job, mci_image_stream **out,
                                mc_error *err)
{
    mci_image_stream *s = mci_alloc_zeroed(1, sizeof *s);
    if (!s)
        return mci_nomem(err, sizeof *s);
    s->job = *job;
    s->job.batch = job->batch ? job->batch : 32;
    s->job.n_batches = job->n_batches == 0 ? 3 : job->n_batches < 2 ? 2 : job->n_batches;
    s->job.max_image_bytes = job->max_image_bytes ? job->max_image_bytes : default_image_bytes;
    mc_status status = start(s, err);
    if (status < 0) {
        mci_image_stream_close(s);
        return status;
    }
    *out = s;
    return MC_OK;
}

void mci_image_stream_close(mci_image_stream *s)
{
    if (!s)
        return;
    mci_ahead_stop(s->ahead);
    for (unsigned i = 0; i < s->n_workers; i++) {
        mci_image_input_release(&s->workers[i].input);
        mc_image_scratch_free(s->workers[i].scratch);
    }
    for (size_t i = 0; s->places && i < s->n_places; i++)
        mci_buf_release(&s->places[i].name);
    mci_image_inputs_close(s->inputs);
    mci_free(s->workers);
    mci_free(s->places);
    mci_free(s->pixels);
    mci_free(s->rows);
    mci_free(s->failures);
    mci_free(s);
}

/* ---- batches ---- */

/* Rows stand where their inputs do; where one failed, those behind it move up. */
static mc_status gather(mci_image_stream *s, uint64_t from, uint64_t end, mci_image_batch *out,
                        mc_error *err)
{
    size_t first = from % s->n_places;
    uint8_t *rows = s->pixels + first * s->row_bytes;
    *out = (mci_image_batch){ .rows = s->rows, .failures = s->failures };
    for (size_t i = 0; i < end - from; i++) {
        const place *at = &s->places[first + i];
        mc_str name = mci_buf_str(&at->name);
        if (at->why.status == MC_E_NOMEM)
            return mc_fail(err, MC_E_NOMEM, "%s: %s", at->name.data, at->why.text);
        if (at->why.status != MC_OK) {
            s->failures[out->n_failures++] = (mci_image_failure){ name, at->position, at->why };
            continue;
        }
        if (out->n < i)
            memcpy(rows + out->n * s->row_bytes, rows + i * s->row_bytes, s->row_bytes);
        s->rows[out->n++] = (mci_image_row){ name, at->position };
    }
    out->pixels = s->job.as_bytes ? NULL : (const float *)rows;
    out->bytes = s->job.as_bytes ? rows : NULL;
    return MC_OK;
}

mc_status mci_image_stream_next(mci_image_stream *s, mci_image_batch *out, mc_error *err)
{
    uint64_t n_done, from = s->n_given, end = from + s->job.batch;
    mci_ahead_release(s->ahead, from);
    mc_status status = mci_ahead_wait(s->ahead, end, &n_done, err);
    if (n_done < end)
        end = n_done;
    if (end == from)
        return status;
    s->n_given = end;
    return gather(s, from, end, out, err);
}

uint64_t mci_image_stream_passed_over(mci_image_stream *s)
{
    return mci_image_inputs_passed_over(s->inputs);
}

void mci_image_stream_size(const mci_image_stream *s, unsigned *width, unsigned *height)
{
    *width = s->width;
    *height = s->height;
}
