/** Published CLIP models as files: what one holds, and giving it another form.
 *
 *  Read are OpenCLIP's .pt and folders (open_clip_config.json beside the weights) and Hugging
 *  Face's folders, of .safetensors or of PyTorch's files, single or sharded, in f32, f16 or bf16.
 *  Nothing in a file is ever executed. docs/formats/models.md says what is taken and refused. */
#ifndef METACLIP_CHECKPOINT_H
#define METACLIP_CHECKPOINT_H

#include "metaclip/base.h"
#include "metaclip/info.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What is needed to know a model beside its weights. All may be NULL. */
typedef struct {
    const char *config_path; /* OpenCLIP's or Hugging Face's JSON; NULL: beside the weights */
    const char *model_name;  /* instead of that, a built-in config: "ViT-B-32-quickgelu" */
    mc_hooks hooks;          /* warn: a file that leaves something to guess, or contradicts it */
} mc_model_options;

/** The i-th name of a built-in config, NULL behind the last. Each may also have "-quickgelu" at its
 *  end, which is another model of the same sizes. */
MC_API const char *mc_model_name(size_t i);

/** Whether path looks like a model: a folder with weights, or a .pt or .safetensors by its first
 *  bytes. Reads no more than these; false for what cannot be opened. */
MC_API bool mc_model_is(const char *path);

/** The facts of a model file or folder: its form, activation, towers, parameters, preprocessing and
 *  tokenizer. options may be NULL; warnings are among the facts, too.
 *  Errors: those of opening a model: MC_E_IO, MC_E_FORMAT (damage; no CLIP model of two plain
 *  transformers; something else than data in a pickle), MC_E_SHAPE (weights that do not fit the
 *  config; "visual.conv1.weight: want [768,3,32,32], got [768,3,16,16]"), MC_E_LIMIT, MC_E_NOMEM,
 *  MC_E_ARG (no such model_name). */
MC_API mc_status mc_model_info(const char *path, const mc_model_options *options, mc_info *out,
                               mc_error *err);

typedef enum {
    MC_MODEL_BY_NAME,     /* OpenCLIP's if out_path ends with .pt, .pth or .bin; else the other */
    MC_MODEL_OPEN_CLIP,   /* out_path is a .pt; open_clip_config.json is written beside it */
    MC_MODEL_HUGGING_FACE /* out_path is a folder */
} mc_model_form;

typedef enum { MC_WEIGHTS_AS_THEY_ARE, MC_WEIGHTS_F32, MC_WEIGHTS_F16, MC_WEIGHTS_BF16 } mc_weights;

typedef struct {
    const char *in_path, *out_path;
    mc_model_options model;
    const char *vocab_path; /* of the tokenizer that goes with it; NULL: what lies beside it */
    mc_model_form form;
    mc_weights weights;
    uint64_t shard_bytes; /* Hugging Face: most bytes of weights a file; 0: 5 GB */
    bool replace;         /* a model that is there already; else that is an error */
} mc_convert_job;

/** What was written. */
typedef struct {
    uint64_t n_tensors, n_values, n_bytes, n_files;
    uint64_t n_infinite; /* values that were finite and are too large for f16 */
    bool quick_gelu;
} mc_convert_stats;

/** Writes a model in another form, or another number type. One piece of a tensor after the other:
 *  memory stays at some 10 MB, whatever the model. Every file appears whole or not at all, what
 *  makes it a model (the .pt; config.json) last. Converting there and back gives the same bytes of
 *  every tensor.
 *
 *  The tokenizer's files that lie beside the model are copied. vocab.json, merges.txt and
 *  tokenizer_config.json (or a SentencePiece model) are made of vocab_path, and where Hugging
 *  Face's form would have OpenAI's file only; one that is not the model's warns, and is left out.
 *
 *  Errors: those of mc_model_info for the model; MC_E_ARG (names that do not go together, a model
 *  that is there already), MC_E_MISMATCH (vocab_path is not the model's), MC_E_IO.
 *  Zero-initialise *out. */
MC_API mc_status mc_convert_run(const mc_convert_job *job, mc_convert_stats *out, mc_error *err);

#ifdef __cplusplus
}
#endif
#endif
