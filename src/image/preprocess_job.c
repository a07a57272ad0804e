/* Many images into one .npy file, with a list that says which input each row is. */
#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "image/image_stream.h"
#include "io/npy_out.h"
#include "io/output.h"

typedef struct {
    const mc_preprocess_job *job;
    mc_preprocess_summary *sum;
    mci_image_stream *stream;
    mci_npy_out *array;
    mci_output *list;
    mci_buf line, name;
} run;

/* ---- the list ---- */

static mc_status add_text(run *r, mc_str text, mc_error *err)
{
    uint64_t n_replaced = 0;
    mci_buf_clear(&r->name);
    MC_TRY(mci_utf8_repair(text, &r->name, &n_replaced, err));
    return mci_json_add_string(&r->line, mci_buf_str(&r->name), err);
}

static mc_status list_row(run *r, mc_str name, uint64_t row, mc_error *err)
{
    mci_buf_clear(&r->line);
    MC_TRY(mci_buf_printf(&r->line, err, "{\"row\":%" PRIu64 ",\"input\":", row));
    MC_TRY(add_text(r, name, err));
    MC_TRY(mci_buf_add(&r->line, mc_str_of("}\n"), err));
    return mci_output_write(r->list, mci_buf_str(&r->line), err);
}

static mc_status list_failure(run *r, const mci_image_failure *failure, mc_error *err)
{
    mci_buf_clear(&r->line);
    MC_TRY(mci_buf_add(&r->line, mc_str_of("{\"row\":null,\"input\":"), err));
    MC_TRY(add_text(r, failure->name, err));
    MC_TRY(mci_buf_add(&r->line, mc_str_of(",\"error\":"), err));
    MC_TRY(add_text(r, mc_str_of(failure->why.text), err));
    MC_TRY(mci_buf_add(&r->line, mc_str_of("}\n"), err));
    return mci_output_write(r->list, mci_buf_str(&r->line), err);
}

/* ---- batches ---- */

static mc_status take_failure(run *r, const mci_image_failure *failure, mc_error *err)
{
    mc_preprocess_summary *sum = r->sum;
    char text[sizeof sum->problems[0]];
    snprintf(text, sizeof text, "%s: %s", failure->name.data, failure->why.text);
    if (r->job->strict)
        return mc_fail(err, failure->why.status < 0 ? failure->why.status : MC_E_FORMAT, "%s",
                       text);
    if (sum->n_problems < MC_MAX_IMAGE_PROBLEMS)
        memcpy(sum->problems[sum->n_problems++], text, sizeof text);
    sum->n_failed++;
    if (r->job->hooks.warn)
        r->job->hooks.warn(r->job->hooks.user, text);
    return list_failure(r, failure, err);
}

/* Rows and failures, both ascending, as one list in the order of inputs. */
static mc_status take_batch(run *r, const mci_image_batch *batch, mc_error *err)
{
    size_t n_rows = 0, n_failures = 0;
    while (n_rows < batch->n || n_failures < batch->n_failures) {
        const mci_image_row *row = &batch->rows[n_rows];
        const mci_image_failure *failure = &batch->failures[n_failures];
        bool is_row = n_failures == batch->n_failures ||
                      (n_rows < batch->n && row->position < failure->position);
        if (is_row) {
            MC_TRY(list_row(r, row->name, r->sum->n_prepared + n_rows, err));
            n_rows++;
        } else {
            MC_TRY(take_failure(r, failure, err));
            n_failures++;
        }
    }
    r->sum->n_prepared += batch->n;
    r->sum->n_inputs += batch->n + batch->n_failures;
    const void *rows = batch->pixels ? (const void *)batch->pixels : batch->bytes;
    return mci_npy_out_add(r->array, rows, batch->n, err);
}

static void tell_progress(const run *r)
{
    mc_progress progress = { .phase = "prepare", .done = r->sum->n_inputs, .unit = "images" };
    if (r->job->hooks.progress)
        r->job->hooks.progress(r->job->hooks.user, &progress);
}

static mc_status take_all(run *r, mc_error *err)
{
    mci_image_batch batch;
    mc_status status;
    while ((status = mci_image_stream_next(r->stream, &batch, err)) == MC_OK) {
        MC_TRY(take_batch(r, &batch, err));
        tell_progress(r);
    }
    MC_TRY(status);
    r->sum->n_passed_over = mci_image_stream_passed_over(r->stream);
    return MC_OK;
}

/* ---- the job ---- */

static mc_status open_outputs(run *r, mc_error *err)
{
    const mc_preprocess_job *job = r->job;
    uint64_t w = r->sum->width, h = r->sum->height;
    uint64_t bytes_dims[3] = { h, w, 3 }, float_dims[3] = { 3, h, w };
    MC_TRY(mci_npy_out_open_rows(job->out_path, job->u8 ? MCI_ARRAY_U8 : MCI_ARRAY_F32, 3,
                                 job->u8 ? bytes_dims : float_dims, &r->array, err));
    if (job->list_path)
        return mci_output_open(job->list_path, mci_codec_of(job->list_path), &r->list, err);
    mci_buf_clear(&r->line);
    MC_TRY(mci_buf_printf(&r->line, err, "%s.inputs.jsonl", job->out_path));
    return mci_output_open(r->line.data, MCI_PLAIN, &r->list, err);
}

static mc_status run_all(run *r, mc_error *err)
{
    mci_image_stream_job stream = { .inputs = r->job->inputs,
                                    .n_inputs = r->job->n_inputs,
                                    .options = r->job->options,
                                    .as_bytes = r->job->u8,
                                    .n_threads = r->job->n_threads,
                                    .max_image_bytes = r->job->max_image_bytes };
    MC_TRY(mc_image_out_size(&stream.options, &r->sum->width, &r->sum->height, err));
    MC_TRY(open_outputs(r, err));
    MC_TRY(mci_image_stream_open(&stream, &r->stream, err));
    return take_all(r, err);
}

mc_status mc_preprocess_run(const mc_preprocess_job *job, mc_preprocess_summary *summary,
                            mc_error *err)
{
    double began = mci_clock_seconds();
    *summary = (mc_preprocess_summary){ 0 };
    run r = { .job = job, .sum = summary };
    mc_status status = run_all(&r, err);
    mci_image_stream_close(r.stream);
    status = mci_output_end(r.list, status, err); /* the list first: no array without it */
    if (r.array && status == MC_OK)
        status = mci_npy_out_commit(r.array, err);
    else
        mci_npy_out_abort(r.array);
    mci_buf_release(&r.line);
    mci_buf_release(&r.name);
    summary->seconds = mci_clock_seconds() - began;
    return status;
}

static mc_status add_summary(mci_buf *out, const mc_preprocess_summary *s, mc_error *err)
{
    MC_TRY(mci_buf_printf(out, err,
                          "{\"inputs\":%" PRIu64 ",\"prepared\":%" PRIu64 ",\"failed\":%" PRIu64
                          ",\"passed_over\":%" PRIu64 ",\"width\":%u,\"height\":%u"
                          ",\"seconds\":%.3f,\"problems\":[",
                          s->n_inputs, s->n_prepared, s->n_failed, s->n_passed_over, s->width,
                          s->height, s->seconds));
    for (size_t i = 0; i < s->n_problems; i++) {
        mci_buf text = { 0 };
        uint64_t n_replaced = 0;
        mc_status status = mci_utf8_repair(mc_str_of(s->problems[i]), &text, &n_replaced, err);
        if (status == MC_OK && i > 0)
            status = mci_buf_byte(out, ',', err);
        if (status == MC_OK)
            status = mci_json_add_string(out, mci_buf_str(&text), err);
        mci_buf_release(&text);
        MC_TRY(status);
    }
    MC_TRY(mci_buf_add(out, mc_str_of("]}"), err));
    return mci_buf_terminate(out, err);
}

mc_status mc_preprocess_summary_json(const mc_preprocess_summary *summary, char **out,
                                     mc_error *err)
{
    mci_buf json = { 0 };
    mc_status status = add_summary(&json, summary, err);
    if (status < 0)
        mci_buf_release(&json);
    else
        *out = json.data;
    return status;
}
