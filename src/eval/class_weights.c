#include "eval/class_weights.h"

#include "base/alloc.h"
#include "eval/zeroshot.h"

/* The length of a place that begins here: "{}" or "{c}". */
static size_t place_at(const char *at, size_t left)
{
    if (left >= 2 && memcmp(at, "{}", 2) == 0)
        return 2;
    return left >= 3 && memcmp(at, "{c}", 3) == 0 ? 3 : 0;
}

mc_status mci_fill_template(mc_str template, mc_str name, mci_buf *out, mc_error *err)
{
    mci_buf_clear(out);
    for (size_t i = 0; i < template.len;) {
        const size_t n = place_at(template.data + i, template.len - i);
        MC_TRY(n ? mci_buf_add(out, name, err) : mci_buf_byte(out, template.data[i], err));
        i += n ? n : 1;
    }
    return MC_OK;
}

typedef struct {
    mc_clip_ctx *ctx;
    const mc_tokenizer *tokenizer;
    const mci_phrases *names, *templates;
    mc_token_scratch *scratch;
    size_t C, D, most; /* most: prompts of a class */
    mci_buf prompt;
    int32_t *tokens; /* [most, C] */
    float *features; /* [most, D] */
} prompter;

/* The names first..end-1 are those of one class. */
static mc_status run_class(prompter *p, size_t first, size_t end, float *out, mc_error *err)
{
    size_t n = 0;
    for (size_t t = 0; t < p->templates->n; t++) {
        for (size_t i = first; i < end; i++, n++) {
            mc_encoded encoded;
            MC_TRY(mci_fill_template(mci_phrases_get(p->templates, t), mci_phrases_get(p->names, i),
                                     &p->prompt, err));
            MC_TRY(mc_encode(p->tokenizer, p->scratch, mci_buf_str(&p->prompt), p->C,
                             p->tokens + n * p->C, &encoded, err));
        }
    }
    MC_TRY(mc_clip_encode_texts(p->ctx, p->tokens, n, p->features, err));
    mci_zeroshot_weights(p->features, 1, n, p->D, out);
    return MC_OK;
}

static size_t end_of_class(const mci_phrases *names, size_t first)
{
    size_t end = first;
    while (end < names->n && names->groups[end] == names->groups[first])
        end++;
    return end;
}

static mc_status make_room(prompter *p, mc_error *err)
{
    for (size_t i = 0, end; i < p->names->n; i = end) {
        end = end_of_class(p->names, i);
        if (end - i > MCI_MOST_CLASS_PROMPTS / p->templates->n)
            return mc_fail(err, MC_E_LIMIT, "%zu names and %zu templates: more than %d prompts",
                           end - i, p->templates->n, (int)MCI_MOST_CLASS_PROMPTS);
        if ((end - i) * p->templates->n > p->most)
            p->most = (end - i) * p->templates->n;
    }
    p->tokens = mci_alloc(p->most * p->C * sizeof *p->tokens);
    p->features = mci_alloc(p->most * p->D * sizeof *p->features);
    if (!p->tokens || !p->features)
        return mci_nomem(err, p->most * p->D * sizeof *p->features);
    return mc_token_scratch_new(p->tokenizer, &p->scratch, err);
}

mc_status mci_class_weights(mc_clip_ctx *ctx, const mc_tokenizer *tokenizer,
                            const mci_phrases *class_names, const mci_phrases *templates,
                            float *out, mc_error *err)
{
    const mc_clip_facts facts = mc_clip_facts_of(mc_clip_ctx_model(ctx));
    prompter p = { .ctx = ctx,
                   .tokenizer = tokenizer,
                   .names = class_names,
                   .templates = templates,
                   .C = facts.context_length,
                   .D = facts.embed_dim };
    mc_status status = make_room(&p, err);
    for (size_t i = 0, end; status >= 0 && i < class_names->n; i = end) {
        end = end_of_class(class_names, i);
        status = run_class(&p, i, end, out + class_names->groups[i] * p.D, err);
    }
    mc_token_scratch_free(p.scratch);
    mci_buf_release(&p.prompt);
    mci_free(p.tokens);
    mci_free(p.features);
    return status;
}
