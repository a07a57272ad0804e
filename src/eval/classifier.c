/* A classifier made of words. */
#include <math.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "eval/zeroshot.h"
#include "metaclip/classify.h"

struct mc_classifier {
    size_t n, D;
    double scale;
    float *weights; /* [n, D] */
};

/* ---- prompts ---- */

static const mc_str bare = { "{}", 2 };

static const char *find_place(mc_str template)
{
    return template.len ? memmem(template.data, template.len, "{}", 2) : NULL;
}

static mc_status check_templates(const mc_str *templates, size_t n, mc_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!find_place(templates[i]))
            return mc_fail(err, MC_E_ARG, "the template \"%.*s\" has no {} for the label",
                           (int)(templates[i].len < 200 ? templates[i].len : 200),
                           templates[i].data);
    return MC_OK;
}

static mc_status add_prompt(mci_buf *out, mc_str template, mc_str label, mc_error *err)
{
    const char *place = find_place(template);
    const size_t before = (size_t)(place - template.data);
    mci_buf_clear(out);
    MC_TRY(mci_buf_add(out, (mc_str){ template.data, before }, err));
    MC_TRY(mci_buf_add(out, label, err));
    return mci_buf_add(out, (mc_str){ place + 2, template.len - before - 2 }, err);
}

/* One label: all its prompts through the text tower, at once. */
typedef struct {
    mc_clip_ctx *ctx;
    const mc_tokenizer *tokenizer;
    mc_token_scratch *scratch;
    const mc_str *templates;
    size_t n_templates, C, D;
    mci_buf prompt;
    int32_t *tokens; /* [n_templates, C] */
    float *features; /* [n_templates, D] */
} prompter;

static mc_status run_label(prompter *p, mc_str label, float *out, mc_error *err)
{
    for (size_t i = 0; i < p->n_templates; i++) {
        mc_encoded encoded;
        MC_TRY(add_prompt(&p->prompt, p->templates[i], label, err));
        MC_TRY(mc_encode(p->tokenizer, p->scratch, mci_buf_str(&p->prompt), p->C,
                         p->tokens + i * p->C, &encoded, err));
    }
    MC_TRY(mc_clip_encode_texts(p->ctx, p->tokens, p->n_templates, p->features, err));
    mci_zeroshot_weights(p->features, 1, p->n_templates, p->D, out);
    return MC_OK;
}

static mc_status make_prompter(prompter *p, mc_error *err)
{
    p->tokens = mci_alloc(p->n_templates * p->C * sizeof *p->tokens);
    p->features = mci_alloc(p->n_templates * p->D * sizeof *p->features);
    if (!p->tokens || !p->features)
        return mci_nomem(err, p->n_templates * p->D * sizeof *p->features);
    return mc_token_scratch_new(p->tokenizer, &p->scratch, err);
}

static void release_prompter(prompter *p)
{
    mc_token_scratch_free(p->scratch);
    mci_buf_release(&p->prompt);
    mci_free(p->tokens);
    mci_free(p->features);
}

static mc_status run_labels(mc_clip_ctx *ctx, const mc_tokenizer *tokenizer, const mc_str *labels,
                            const mc_str *templates, size_t n_templates, mc_classifier *classifier,
                            mc_error *err)
{
    prompter p = { .ctx = ctx,
                   .tokenizer = tokenizer,
                   .templates = n_templates ? templates : &bare,
                   .n_templates = n_templates ? n_templates : 1,
                   .C = mc_clip_facts_of(mc_clip_ctx_model(ctx)).context_length,
                   .D = classifier->D };
    mc_status status = make_prompter(&p, err);
    for (size_t i = 0; status >= 0 && i < classifier->n; i++)
        status = run_label(&p, labels[i], classifier->weights + i * p.D, err);
    release_prompter(&p);
    return status;
}

/* ---- the classifier ---- */

mc_status mc_classifier_new(mc_clip_ctx *ctx, const mc_tokenizer *tokenizer, const mc_str *labels,
                            size_t n, const mc_str *templates, size_t n_templates,
                            mc_classifier **out, mc_error *err)
{
    const mc_clip_facts facts = mc_clip_facts_of(mc_clip_ctx_model(ctx));
    if (n == 0)
        return mc_fail(err, MC_E_ARG, "there are no labels");
    MC_TRY(check_templates(templates, n_templates, err));
    mc_classifier *classifier = mci_alloc_zeroed(1, sizeof *classifier);
    if (!classifier)
        return mci_nomem(err, sizeof *classifier);
    *classifier = (mc_classifier){ n, facts.embed_dim, (double)facts.logit_scale,
                                   mci_alloc(n * facts.embed_dim * sizeof(float)) };
    mc_status status = classifier->weights ? MC_OK : mci_nomem(err, n * facts.embed_dim);
    if (status >= 0)
        status = run_labels(ctx, tokenizer, labels, templates, n_templates, classifier, err);
    if (status < 0)
        mc_classifier_free(classifier);
    else
        *out = classifier;
    return status;
}

void mc_classifier_free(mc_classifier *classifier)
{
    if (!classifier)
        return;
    mci_free(classifier->weights);
    mci_free(classifier);
}

const float *mc_classifier_weights(const mc_classifier *classifier)
{
    return classifier->weights;
}

void mc_classify(const mc_classifier *classifier, const float *feature, float *probabilities)
{
    const size_t n = classifier->n;
    double largest = -INFINITY, sum = 0.0;
    mc_features_logits(feature, 1, classifier->weights, n, classifier->D, (float)classifier->scale,
                       probabilities);
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, (double)probabilities[i]);
    for (size_t i = 0; i < n; i++)
        sum += exp((double)probabilities[i] - largest);
    for (size_t i = 0; i < n; i++)
        probabilities[i] = (float)(exp((double)probabilities[i] - largest) / sum);
}

/* k is small: insertion into the best so far. */
void mc_top(const float *values, size_t n, uint32_t *places, size_t k)
{
    size_t have = 0;
    for (size_t i = 0; i < n; i++) {
        size_t at = have;
        while (at > 0 && values[places[at - 1]] < values[i])
            at--;
        if (at == k)
            continue;
        have += have < k;
        memmove(places + at + 1, places + at, (have - at - 1) * sizeof *places);
        places[at] = (uint32_t)i;
    }
}
