/* Texts -> token ids: one thread cuts the inputs into texts, many encode, one writes. */
#include <time.h>

#include "base/alloc.h"
#include "base/json_text.h"
#include "base/threads.h"
#include "io/npy_out.h"
#include "io/output.h"
#include "vocab/text_problems.h"

enum { SLOT_TEXTS = 4096, SLOT_BYTES = 1 << 20, SLOT_IDS = 1 << 20 };

/* A batch of texts, and what becomes of it. */
typedef struct {
    mci_buf raw;          /* of the items, one behind the other */
    mci_text_item *items; /* [n]; raw.data counts from the start of `raw` */
    size_t *starts;
    size_t n, cap; /* cap: the most there may be */
    int32_t *ids;  /* [cap, context] */
    mci_buf text;  /* the rows as lines, unless they are an array's */
    uint64_t n_tokens, n_truncated, n_repaired;
    size_t n_unusable, n_noted;
    mc_error unusable[MC_TOKENIZE_PROBLEMS]; /* why, of the first few */
    size_t which[MC_TOKENIZE_PROBLEMS];      /* items */
} slot;

typedef struct {
    mc_token_scratch *scratch;
    mci_text_decoder decoder;
} worker_state;

typedef struct {
    const mc_tokenize_job *job;
    mc_tokenize_summary *summary;
    size_t context;
    mc_tokenizer *tokenizer;
    mci_text_source *source;
    mci_npy_out *array;
    mci_output *lines;
    worker_state *workers;
    unsigned n_threads;
    slot *slots;
    void **slot_list;
    size_t n_slots;
} run;

/* ---- cutting ---- */

static mc_status fill(void *user, void *slot_, mc_error *err)
{
    run *r = user;
    slot *s = slot_;
    s->n = 0;
    mci_buf_clear(&s->raw);
    while (s->n < s->cap && s->raw.len < SLOT_BYTES) {
        mci_text_item *item = &s->items[s->n];
        mc_status status = mci_text_source_next(r->source, item, err);
        if (status == MC_END)
            break;
        MC_TRY(status);
        s->starts[s->n++] = s->raw.len;
        MC_TRY(mci_buf_add(&s->raw, item->raw, err));
    }
    return s->n ? MC_OK : MC_END;
}

/* ---- encoding ---- */

static mc_status add_ids(const int32_t *ids, size_t n, mci_buf *out, mc_error *err)
{
    for (size_t i = 0; i < n; i++) {
        MC_TRY(mci_buf_byte(out, i ? ',' : '[', err));
        MC_TRY(mci_json_add_u64(out, (uint64_t)ids[i], err));
    }
    return mci_buf_add(out, mc_str_of("]\n"), err);
}

static mc_status add_names(const mc_tokenizer *tokenizer, const int32_t *ids, size_t n,
                           mci_buf *out, mc_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (i)
            MC_TRY(mci_buf_byte(out, ' ', err));
        MC_TRY(mci_buf_add(out, mc_token_name(tokenizer, ids[i]), err));
    }
    return mci_buf_byte(out, '\n', err);
}

/* The text of an item. One that cannot be used is empty, and noted. */
static mc_status text_of(slot *s, size_t i, mci_text_decoder *decoder, mc_str *text,
                         bool *is_repaired, mc_error *err)
{
    mc_error why = { 0 };
    mc_status status = mci_text_decode(decoder, &s->items[i], text, is_repaired, &why);
    if (status < 0) {
        if (err)
            *err = why;
        return status;
    }
    if (status == MC_OK)
        return MC_OK;
    if (s->n_noted < MC_TOKENIZE_PROBLEMS) {
        s->which[s->n_noted] = i;
        s->unusable[s->n_noted++] = why;
    }
    s->n_unusable++;
    *is_repaired = false;
    *text = (mc_str){ "", 0 };
    return MC_OK;
}

static mc_status encode_one(run *r, slot *s, size_t i, worker_state *worker, mc_error *err)
{
    mc_str text;
    bool is_repaired;
    mc_encoded encoded;
    int32_t *ids = s->ids + i * r->context;
    s->items[i].raw.data = s->raw.data + s->starts[i];
    MC_TRY(text_of(s, i, &worker->decoder, &text, &is_repaired, err));
    MC_TRY(mc_encode(r->tokenizer, worker->scratch, text, r->context, ids, &encoded, err));
    s->n_tokens += encoded.n_ids;
    s->n_truncated += encoded.is_truncated;
    s->n_repaired += is_repaired || encoded.n_replaced > 0;
    if (r->job->format == MC_TOKENS_JSONL)
        return add_ids(ids, encoded.n_ids, &s->text, err);
    if (r->job->format == MC_TOKENS_TEXT)
        return add_names(r->tokenizer, ids, encoded.n_ids, &s->text, err);
    return MC_OK;
}

static mc_status work(void *user, void *slot_, unsigned worker, mc_error *err)
{
    run *r = user;
    slot *s = slot_;
    worker_state *state = &r->workers[worker];
    if (!state->scratch)
        MC_TRY(mc_token_scratch_new(r->tokenizer, &state->scratch, err));
    mci_buf_clear(&s->text);
    s->n_tokens = s->n_truncated = s->n_repaired = s->n_unusable = s->n_noted = 0;
    for (size_t i = 0; i < s->n; i++)
        MC_TRY(encode_one(r, s, i, state, err));
    return MC_OK;
}

/* ---- writing ---- */

static mc_status drain(void *user, void *slot_, mc_error *err)
{
    run *r = user;
    slot *s = slot_;
    mc_tokenize_summary *sum = r->summary;
    for (size_t i = 0; i < s->n_noted; i++) {
        const mci_text_item *item = &s->items[s->which[i]];
        MC_TRY(mci_text_problem_note(sum->problems, &sum->n_problems, r->job->inputs[item->input],
                                     item, s->unusable[i].text, r->job->strict, err));
    }
    sum->n_texts += s->n;
    sum->n_tokens += s->n_tokens;
    sum->n_truncated += s->n_truncated;
    sum->n_repaired += s->n_repaired;
    sum->n_unusable += s->n_unusable;
    return r->array ? mci_npy_out_add(r->array, s->ids, s->n, err)
                    : mci_output_write(r->lines, mci_buf_str(&s->text), err);
}

/* ---- the whole ---- */

static void release_slot(slot *s)
{
    mci_buf_release(&s->raw);
    mci_buf_release(&s->text);
    mci_free(s->items);
    mci_free(s->starts);
    mci_free(s->ids);
}

static void release(run *r)
{
    for (size_t i = 0; r->slots && i < r->n_slots; i++)
        release_slot(&r->slots[i]);
    for (unsigned i = 0; r->workers && i < r->n_threads; i++) {
        mc_token_scratch_free(r->workers[i].scratch);
        mci_text_decoder_release(&r->workers[i].decoder);
    }
    mci_free(r->slots);
    mci_free(r->slot_list);
    mci_free(r->workers);
    mci_text_source_close(r->source);
    mc_tokenizer_free(r->tokenizer);
}

static mc_status make_slot(slot *s, size_t context, mc_error *err)
{
    s->cap = SLOT_IDS / context < SLOT_TEXTS ? SLOT_IDS / context : SLOT_TEXTS;
    s->items = mci_alloc(s->cap * sizeof *s->items);
    s->starts = mci_alloc(s->cap * sizeof *s->starts);
    s->ids = mci_alloc(s->cap * context * sizeof *s->ids);
    return s->items && s->starts && s->ids ? MC_OK
                                           : mci_nomem(err, s->cap * context * sizeof *s->ids);
}

static mc_status make_slots(run *r, mc_error *err)
{
    r->n_threads = r->job->n_threads ? r->job->n_threads : mci_n_processors();
    r->n_slots = r->n_threads == 1 ? 1 : 2 * (size_t)r->n_threads;
    r->workers = mci_alloc_zeroed(r->n_threads, sizeof *r->workers);
    r->slots = mci_alloc_zeroed(r->n_slots, sizeof *r->slots);
    r->slot_list = mci_alloc_zeroed(r->n_slots, sizeof *r->slot_list);
    if (!r->workers || !r->slots || !r->slot_list)
        return mci_nomem(err, r->n_slots * sizeof *r->slots);
    for (size_t i = 0; i < r->n_slots; i++) {
        r->slot_list[i] = &r->slots[i];
        MC_TRY(make_slot(&r->slots[i], r->context, err));
    }
    return MC_OK;
}

static mc_status open_output(run *r, mc_error *err)
{
    const uint64_t dims[] = { r->context };
    if (r->job->format == MC_TOKENS_NPY)
        return mci_npy_out_open_rows(r->job->out_path, MCI_ARRAY_I32, 1, dims, &r->array, err);
    return mci_output_open(r->job->out_path, mci_codec_of(r->job->out_path), &r->lines, err);
}

static mc_status close_output(run *r, mc_status status, mc_error *err)
{
    if (!r->array)
        return mci_output_end(r->lines, status, err);
    if (status >= 0)
        return mci_npy_out_commit(r->array, err);
    mci_npy_out_abort(r->array);
    return status;
}

static mc_status run_all(run *r, mc_error *err)
{
    const mc_tokenize_job *job = r->job;
    MC_TRY(mci_text_files_check(job->inputs, job->n_inputs, job->out_path, err));
    MC_TRY(mc_tokenizer_open(job->vocab_path, job->rule, &r->tokenizer, err));
    r->summary->vocab = mc_tokenizer_tell(r->tokenizer);
    MC_TRY(
        mci_text_source_open(job->inputs, job->n_inputs, job->form, &job->hooks, &r->source, err));
    MC_TRY(make_slots(r, err));
    MC_TRY(open_output(r, err));
    mci_pipeline pipeline = { fill, work, drain, r, r->slot_list, r->n_slots };
    return close_output(r, mci_pipeline_run(&pipeline, r->n_threads, err), err);
}

mc_status mc_tokenize_run(const mc_tokenize_job *job, mc_tokenize_summary *summary, mc_error *err)
{
    struct timespec began, ended;
    run r = { .job = job,
              .summary = summary,
              .context = job->context ? job->context : MC_CLIP_CONTEXT };
    if (r.context > MC_MAX_CONTEXT)
        return mc_fail(err, MC_E_ARG, "a context of %zu ids: it must be 1 to %d", r.context,
                       MC_MAX_CONTEXT);
    clock_gettime(CLOCK_MONOTONIC, &began);
    mc_status status = run_all(&r, err);
    release(&r);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    summary->seconds =
        (double)(ended.tv_sec - began.tv_sec) + 1e-9 * (double)(ended.tv_nsec - began.tv_nsec);
    return status;
}
