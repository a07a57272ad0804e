/** Features of many images or texts, into files: one call.
 *
 *      mc_embed_job job = { .model_path = "b32.pt", .inputs = paths, .n_inputs = n,
 *                           .out_path = "f.npy" };
 *      mc_status status = mc_embed_run(&job, &summary, &err);
 */
#ifndef METACLIP_EMBED_H
#define METACLIP_EMBED_H

#include "metaclip/image.h"
#include "metaclip/model.h"
#include "metaclip/tokenizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How the images of a model are prepared: its own size, resampling, mean and deviation.
 *  Errors: MC_E_ARG for a way of resizing that image.h does not know. */
MC_API mc_status mc_clip_image_options(const mc_clip *clip, mc_image_options *out, mc_error *err);

/** Opens the vocabulary of a model: vocab_path, or what lies beside the weights if it is NULL.
 *  Errors: those of mc_tokenizer_open; MC_E_MISMATCH if its number of ids, or its kind, is not the
 *  model's. Free with mc_tokenizer_free. */
MC_API mc_status mc_clip_tokenizer_open(const mc_clip *clip, const char *vocab_path,
                                        mc_token_rule rule, mc_tokenizer **out, mc_error *err);

/* ---- one at a time, which allocates: for many, use a job, or the calls of model.h ---- */

/** The feature of one text, f32 [D]. Errors: those of mc_encode and mc_clip_encode_texts. */
MC_API mc_status mc_embed_text(mc_clip_ctx *ctx, const mc_tokenizer *tokenizer, mc_str text,
                               float *out, mc_error *err);
/** The feature of one image file, f32 [D]. Errors: MC_E_IO, those of mc_image_prepare and
 *  mc_clip_encode_images; all name the path. */
MC_API mc_status mc_embed_image(mc_clip_ctx *ctx, const char *path, float *out, mc_error *err);

/* ---- many ---- */

/** What the inputs of a job are. */
typedef enum {
    MC_EMBED_IMAGES, /* files, folders, webdataset tars (image.h) */
    MC_EMBED_TEXTS,  /* files of texts (tokenizer.h); gzip and zstd too */
    MC_EMBED_PIXELS, /* .npy, f32 [n, 3, S, S], prepared */
    MC_EMBED_TOKENS  /* .npy, int32 [n, C] */
} mc_embed_kind;

/** Inputs -> features.
 *
 *  One file: out_path is a .npy, f32 or f16 [rows, D], with out_path.inputs.jsonl beside it for
 *  images. With shard_rows, out_path is a folder of 00000.npy, 00001.npy, ..., each of the features
 *  of the inputs at positions i * shard_rows .. (i + 1) * shard_rows - 1, and each with its
 *  00000.inputs.jsonl; a run that was stopped goes on with those that are missing, and several
 *  processes can share the work. docs/models.md says more.
 *
 *  Rows are in the order of inputs. An image that cannot be decoded has no row, but a line in the
 *  list that says why; a text that cannot be used has the row of an empty one. */
typedef struct {
    const char *model_path;
    mc_clip_options model;
    mc_embed_kind kind;
    const char *const *inputs;
    size_t n_inputs;
    const char *vocab_path; /* texts: where the vocabulary is; NULL: beside the model */
    mc_token_rule rule;
    mc_texts_form form;
    bool rgb_last, exif, shrink; /* images: as in image.h */
    const char *out_path;
    uint64_t shard_rows;    /* 0: one file */
    unsigned rank, n_ranks; /* with shard_rows: this process makes every n_ranks-th; 0, 0: all */
    bool half;              /* write f16 */
    bool raw;               /* not normalised */
    unsigned n_threads;     /* 0: one a processor */
    unsigned batch;         /* 0: 32 */
    bool strict;            /* the first input that cannot be used ends it */
    mc_hooks hooks;
} mc_embed_job;

enum { MC_EMBED_PROBLEMS = 8 };

typedef struct {
    uint64_t n_inputs; /* looked at */
    uint64_t n_rows;   /* written */
    uint64_t n_failed; /* images without a row; texts with the row of an empty one */
    uint64_t n_passed_over;
    uint64_t n_truncated;             /* texts of which something was cut off */
    uint64_t n_shards, n_shards_kept; /* that were made, and that were there */
    uint32_t embed_dim;
    char problems[MC_EMBED_PROBLEMS][508]; /* the first few failures: "input: reason" */
    size_t n_problems;
    char arithmetic[64]; /* "bf16 on AMX" */
    double seconds;      /* without the loading of the model, which took */
    double load_seconds;
} mc_embed_summary;

/** Errors: those of loading the model; MC_E_ARG; MC_E_IO; MC_E_SHAPE for arrays that do not fit the
 *  model; MC_E_MISMATCH for a folder that holds features of something else. Files appear whole. */
MC_API mc_status mc_embed_run(const mc_embed_job *job, mc_embed_summary *summary, mc_error *err);
/** The summary as one JSON object on one line (free with mc_free). */
MC_API mc_status mc_embed_summary_json(const mc_embed_summary *summary, char **out, mc_error *err);

#ifdef __cplusplus
}
#endif
#endif
