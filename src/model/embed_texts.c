/* Texts -> tokens -> features. Tokenizing takes next to no time beside the model. */
#include <stdio.h>

#include "base/alloc.h"
#include "model/embed_internal.h"
#include "vocab/text_source.h"

typedef struct {
    mci_embed_run *run;
    mci_embed_todo todo;
    mc_tokenizer *tokenizer;
    mc_token_scratch *scratch;
    mc_hooks source_hooks; /* the job's; of progress speaks who embeds */
    mci_text_source *source;
    mci_text_decoder decoder;
    size_t C, n, cap;    /* context; texts of the batch; how many there may be */
    int32_t *tokens;     /* [cap, C] */
    uint64_t *positions; /* [cap] */
    float *features;     /* [cap, D] */
    uint64_t n_seen;
} texts;

static mc_status open_tokenizer(texts *t, mc_error *err)
{
    const mc_embed_job *job = t->run->job;
    MC_TRY(mc_clip_tokenizer_open(t->run->clip, job->vocab_path, job->rule, &t->tokenizer, err));
    return mc_token_scratch_new(t->tokenizer, &t->scratch, err);
}

/* Enough texts that the model can fill its batches with short ones. */
static mc_status make_room(texts *t, mc_error *err)
{
    t->C = mc_clip_facts_of(t->run->clip).context_length;
    t->cap = 16 * t->run->batch;
    t->tokens = mci_alloc(t->cap * t->C * sizeof *t->tokens);
    t->positions = mci_alloc(t->cap * sizeof *t->positions);
    t->features = mci_alloc(t->cap * t->run->D * sizeof *t->features);
    return t->tokens && t->positions && t->features ? MC_OK : mci_nomem(err, t->cap * t->C);
}

static mc_status note_unusable(texts *t, const mci_text_item *item, const char *why, mc_error *err)
{
    char name[400];
    t->run->sum->n_failed++;
    snprintf(name, sizeof name, "%s: %s %llu", t->run->job->inputs[item->input],
             item->is_json ? "text" : "line", (unsigned long long)item->number);
    return mci_embed_fail(t->run, name, why, err);
}

static mc_status take_text(texts *t, const mci_text_item *item, mc_error *err)
{
    mc_str text;
    bool is_repaired;
    mc_encoded encoded;
    mc_error why = { 0 };
    mc_status status = mci_text_decode(&t->decoder, item, &text, &is_repaired, &why);
    if (status < 0)
        return mc_fail(err, status, "%s", why.text);
    if (status == MC_SKIPPED) {
        text = (mc_str){ "", 0 };
        MC_TRY(note_unusable(t, item, why.text, err));
    }
    MC_TRY(mc_encode(t->tokenizer, t->scratch, text, t->C, t->tokens + t->n * t->C, &encoded, err));
    t->run->sum->n_truncated += encoded.is_truncated;
    t->n++;
    return MC_OK;
}

static mc_status fill(texts *t, mc_error *err)
{
    t->n = 0;
    while (t->n < t->cap) {
        mci_text_item item;
        mc_status status = mci_text_source_next(t->source, &item, err);
        if (status != MC_OK)
            return status == MC_END && t->n ? MC_OK : status;
        t->positions[t->n] = t->n_seen++;
        if (mci_embed_wants(&t->todo, t->positions[t->n]))
            MC_TRY(take_text(t, &item, err));
    }
    return MC_OK;
}

/* How many texts there are is not known before the end: those that came, and the share of the bytes
 * that they took, say it well enough. */
static void tell_progress(const texts *t)
{
    const mc_hooks *hooks = &t->run->job->hooks;
    const double share = mci_text_source_share(t->source);
    mc_progress progress = { .phase = "embed", .done = t->n_seen, .unit = "texts" };
    if (share > 0.0)
        progress.total = (uint64_t)((double)t->n_seen / share);
    if (hooks->progress)
        hooks->progress(hooks->user, &progress);
}

static mc_status embed_all(texts *t, mc_error *err)
{
    mc_status status;
    while ((status = fill(t, err)) == MC_OK) {
        MC_TRY(mc_clip_encode_texts(t->run->ctx, t->tokens, t->n, t->features, err));
        for (size_t i = 0; i < t->n; i++)
            MC_TRY(mci_embed_out_add(t->run->out, t->positions[i], (mc_str){ 0 },
                                     t->features + i * t->run->D, NULL, err));
        tell_progress(t);
    }
    return status == MC_END ? MC_OK : status;
}

mc_status mci_embed_texts(mci_embed_run *run, mc_error *err)
{
    const mc_embed_job *job = run->job;
    texts t = { .run = run, .todo = { .job = job } };
    mc_status status = open_tokenizer(&t, err);
    if (status >= 0)
        status = make_room(&t, err);
    t.source_hooks = job->hooks;
    t.source_hooks.progress = NULL;
    if (status >= 0)
        status = mci_text_source_open(job->inputs, job->n_inputs, job->form, &t.source_hooks,
                                      &t.source, err);
    if (status >= 0)
        status = embed_all(&t, err);
    run->sum->n_shards_kept = t.todo.n_kept;
    mci_text_source_close(t.source);
    mci_text_decoder_release(&t.decoder);
    mc_token_scratch_free(t.scratch);
    mc_tokenizer_free(t.tokenizer);
    mci_free(t.tokens);
    mci_free(t.positions);
    mci_free(t.features);
    return status;
}
