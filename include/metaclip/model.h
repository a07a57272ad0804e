/** CLIP models: load a published one, turn images and texts into features that can be compared.
 *
 *      mc_clip *clip = NULL;
 *      mc_clip_ctx *ctx = NULL;
 *      if (mc_clip_open("ViT-B-32-quickgelu.pt", NULL, &clip, &err) < 0 ||
 *          mc_clip_ctx_new(clip, NULL, &ctx, &err) < 0 ||
 *          mc_clip_encode_images(ctx, pixels, n, features, &err) < 0) ...
 *
 *  A model is immutable and shared by threads; a context has the scratch memory and belongs to one
 *  thread at a time, though it may itself compute on several.
 *
 *  Source: Radford et al. 2021, arXiv:2103.00020; the models of arXiv:2309.16671 and 2507.22062. */
#ifndef METACLIP_MODEL_H
#define METACLIP_MODEL_H

#include "metaclip/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mc_clip mc_clip;
typedef struct mc_clip_ctx mc_clip_ctx;

/** The arithmetic of the large products. With BF16 their inputs are rounded to bfloat16, while
 * sums, norms and the residual stream stay float32: several times faster where the processor has
 * AMX or AVX-512 BF16, and the features' cosine to the float32 ones is at least 0.9995. */
typedef enum { MC_PRECISION_FP32, MC_PRECISION_BF16 } mc_precision;

/** Which half of a model to load. */
typedef enum { MC_BOTH_TOWERS, MC_IMAGE_TOWER, MC_TEXT_TOWER } mc_towers;

/** How to open a model; all zeros is the usual way. */
typedef struct {
    const char
        *config_path; /* OpenCLIP's or Hugging Face's JSON; NULL: what lies beside the weights */
    const char *model_name; /* a built-in config instead, "ViT-B-32-quickgelu"; or NULL */
    mc_precision precision;
    const char *backend; /* what computes: "cpu", or "ref", plain loops; NULL: the best there is */
    unsigned image_size; /* another image side; the position table is resized. 0: the model's own */
    mc_towers towers;    /* leaves out what is not needed */
    const mc_hooks *hooks; /* warnings, e.g. of an activation that does not fit; may be NULL */
} mc_clip_options;

/** Loads a model: OpenCLIP's `.pt`, a `.safetensors`, a Hugging Face or an OpenCLIP directory.
 * Nothing in a `.pt` is executed. options may be NULL. Errors: MC_E_IO, MC_E_FORMAT (damaged or not
 * a CLIP model), MC_E_SHAPE (weights that do not fit the config, by the tensor's name),
 * MC_E_BACKEND (this machine cannot), MC_E_ARG, MC_E_NOMEM. Free with mc_clip_close. */
MC_API mc_status mc_clip_open(const char *path, const mc_clip_options *options, mc_clip **out,
                              mc_error *err);
MC_API void mc_clip_close(mc_clip *clip);

/** What a model takes and gives. */
typedef struct {
    uint32_t embed_dim;  /* D: numbers of a feature */
    uint32_t image_size; /* S: images are f32 [n, 3, S, S] */
    uint32_t patch_size;
    uint32_t context_length; /* C: texts are int32 [n, C] */
    uint32_t vocab_size;
    bool quick_gelu;       /* x*sigmoid(1.702x), as all of MetaCLIP's; else GELU */
    float logit_scale;     /* what similarities are multiplied by: exp of the stored number */
    float mean[3], std[3]; /* of pixels in [0, 1], red first */
    int32_t start_id, end_id, pad_id; /* of tokens; start_id -1: there is none */
    const char *backend;              /* "cpu" */
    const char *arithmetic;           /* a sentence: "bf16 on AMX" */
    const char *folder; /* where the tokenizer's files would lie; "" if there is none */
} mc_clip_facts;

/** Strings live as long as the model. */
MC_API mc_clip_facts mc_clip_facts_of(const mc_clip *clip);

typedef struct {
    unsigned n_threads; /* 0: one a processor */
    unsigned batch; /* images, or full texts, that are computed together; 0: 32. Memory grows with
                       it, results do not depend on it */
    bool raw;       /* features as the tower gives them; else each is divided by its length */
} mc_clip_ctx_options;

/** Makes a context; options may be NULL. The model must outlive it.
 *  Errors: MC_E_NOMEM, MC_E_BACKEND. Free with mc_clip_ctx_free. */
MC_API mc_status mc_clip_ctx_new(const mc_clip *clip, const mc_clip_ctx_options *options,
                                 mc_clip_ctx **out, mc_error *err);
MC_API void mc_clip_ctx_free(mc_clip_ctx *ctx);
/** The model that it computes with. */
MC_API const mc_clip *mc_clip_ctx_model(const mc_clip_ctx *ctx);

/** Features of n prepared images.
 *
 *  pixels  f32 [n, 3, S, S], red first, resized and normalised (image.h)
 *  out     f32 [n, D], each row of length 1 (unless `raw`)
 *
 *  Bits do not depend on what else is in the batch. Errors: MC_E_ARG (the image tower was not
 *  loaded), MC_E_BACKEND. */
MC_API mc_status mc_clip_encode_images(mc_clip_ctx *ctx, const float *pixels, size_t n, float *out,
                                       mc_error *err);

/** Features of n tokenized texts. What follows a text's end cannot change its feature and is not
 *  computed, so short texts are cheap.
 *
 *  tokens  int32 [n, C], as the tokenizer gives them (tokenizer.h)
 *  out     f32 [n, D], each row of length 1 (unless `raw`)
 *
 *  Errors: MC_E_ARG (the text tower was not loaded, or a token is beyond the vocabulary),
 * MC_E_BACKEND. */
MC_API mc_status mc_clip_encode_texts(mc_clip_ctx *ctx, const int32_t *tokens, size_t n, float *out,
                                      mc_error *err);

/** Divides each of n rows f32 [n, D] by its length; rows of zeros stay. */
MC_API void mc_features_normalize(float *rows, size_t n, size_t D);

/** The logits of images against texts: scale * images texts^T.
 *
 *  images  f32 [n, D];  texts  f32 [m, D];  out  f32 [n, m] */
MC_API void mc_features_logits(const float *images, size_t n, const float *texts, size_t m,
                               size_t D, float scale, float *out);

#ifdef __cplusplus
}
#endif
#endif
