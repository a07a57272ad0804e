/** Zero-shot classification: images by words.
 *
 *  A label is the mean direction of its prompts, which templates make of it; an image's probability
 *  of a label is the softmax over logit_scale times their cosines.
 *  Source: Radford et al. 2021, arXiv:2103.00020, section 3.1. */
#ifndef METACLIP_CLASSIFY_H
#define METACLIP_CLASSIFY_H

#include "metaclip/embed.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mc_classifier mc_classifier;

/** Makes a classifier of n labels (at least one): texts of the model's language.
 *
 *  templates  texts in which "{}" stands for the label ("a photo of a {}."); none: the label alone
 *
 *  ctx is used for the call only. Errors: MC_E_ARG (no labels, a template without "{}", a model
 *  without its text tower), MC_E_NOMEM, MC_E_BACKEND. Free with mc_classifier_free. */
MC_API mc_status mc_classifier_new(mc_clip_ctx *ctx, const mc_tokenizer *tokenizer,
                                   const mc_str *labels, size_t n, const mc_str *templates,
                                   size_t n_templates, mc_classifier **out, mc_error *err);
MC_API void mc_classifier_free(mc_classifier *classifier);

/** The direction of each label, f32 [n, D], each of length 1; lives as long as the classifier. */
MC_API const float *mc_classifier_weights(const mc_classifier *classifier);

/** Probabilities of the labels for one image.
 *
 *  feature        f32 [D], of length 1
 *  probabilities  f32 [n], the caller's; their sum is 1 */
MC_API void mc_classify(const mc_classifier *classifier, const float *feature,
                        float *probabilities);

/** The places of the k largest of n values, the largest first (of equal ones the smaller place);
 *  places u32 [k], k at most n. */
MC_API void mc_top(const float *values, size_t n, uint32_t *places, size_t k);

/** Images -> labels, many at a time. */
typedef struct {
    const char *model_path;
    mc_clip_options model;
    const char *vocab_path; /* NULL: beside the model */
    mc_token_rule rule;
    const mc_str *labels, *templates; /* as above */
    size_t n_labels, n_templates;
    const char *const *inputs; /* images, folders, tars */
    size_t n_inputs;
    bool rgb_last, exif, shrink; /* as in image.h */
    unsigned n_threads, batch;   /* 0: one a processor; 32 */
    bool strict;                 /* the first image that fails ends it */
    /** Called for each image, in the order of inputs; probabilities [n_labels], or NULL and why it
     *  failed. */
    void (*result)(void *user, mc_str name, const float *probabilities, const char *why);
    void *user;
    mc_hooks hooks;
} mc_classify_job;

typedef struct {
    uint64_t n_images, n_failed;
} mc_classify_summary;

/** Errors: those of loading the model and its vocabulary; with strict, the first failure's. */
MC_API mc_status mc_classify_run(const mc_classify_job *job, mc_classify_summary *summary,
                                 mc_error *err);

#ifdef __cplusplus
}
#endif
#endif
