/* The options of every command that computes with a model. */
#ifndef METACLIP_CLI_MODEL_CHOICE_H
#define METACLIP_CLI_MODEL_CHOICE_H

#include "cli.h"
#include "metaclip/model.h"
#include "metaclip/tokenizer.h"
#include "models_dir.h"
#include "opts.h"

typedef struct {
    const char *what; /* --model */
    const char *config, *precision, *backend;
    unsigned image_size;
    char *found; /* where a pulled model lies; freed by cli_model_release */
} cli_model;

#define CLI_MODEL_USUAL                        \
    {                                          \
        .precision = "fp32", .backend = "auto" \
    }

#define CLI_MODEL(m)                                                                           \
    CLI_NEED(                                                                                  \
        "model", "MODEL", &(m).what,                                                           \
        "a .pt, a .safetensors, a folder of Hugging Face or OpenCLIP, or the name of a model " \
        "that was pulled"),                                                                    \
        CLI_MODEL_WAYS(m)
#define CLI_MODEL_OPTIONAL(m, text) CLI_WORD("model", "MODEL", &(m).what, text), CLI_MODEL_WAYS(m)
#define CLI_MODEL_WAYS(m)                                                                        \
    CLI_WORD("config", "CONFIG", &(m).config,                                                    \
             "the model's config, if none lies beside the weights: a JSON file, or a name as "   \
             "ViT-B-32-quickgelu"),                                                              \
        CLI_WORD("precision", "fp32|bf16", &(m).precision,                                       \
                 "arithmetic of the large products; bf16 is several times faster on processors " \
                 "that have it, and turns features by less than two degrees"),                   \
        CLI_WORD("backend", "auto|cpu|ref", &(m).backend,                                        \
                 "what computes; ref is plain loops, slow, to compare with")

#define CLI_IMAGE_SIZE(m)                                                                       \
    {                                                                                           \
        .kind = CLI_KIND_UINT, .names = "image-size", .value = "N", .to.uint = &(m).image_size, \
        .text = "another image side than the model's; its position table is resized",           \
        .fallback = "the model's", .min = 1, .max = 4096                                        \
    }

/* What a model's texts become ids by; rule is a word for cli_token_rule, "auto" at first. */
#define CLI_VOCAB(path, rule)                                                                      \
    CLI_WORD("vocab", "PATH", &(path),                                                             \
             "the vocabulary, if not the one that lies beside the model"),                         \
        CLI_WORD("rule", "auto|openai|hf", &(rule),                                                \
                 "how texts are cleaned (see tokenize); auto is as the model was trained, if its " \
                 "files say so, else openai")

/* How a job's images are decoded. */
#define CLI_DECODING(job)                                                                     \
    CLI_FLAG("rgb-last", &(job).rgb_last, "make images RGB after resizing (see preprocess)"), \
        CLI_FLAG("exif", &(job).exif, "turn images as their EXIF orientation says"),          \
        CLI_FLAG("shrink", &(job).shrink,                                                     \
                 "let large JPEGs be decoded smaller: faster, but other pixels")

mc_token_rule cli_token_rule(const char *word);

/* What --config means: a file, or the name of a built-in config. The other one is left alone. */
void cli_choose_config(const char *config, const char **path, const char **name);

/* Finds the model and fills in how to open it; *path is then what to open. Gives CLI_GO or an exit
 * code, having said why. */
int cli_model_resolve(cli *c, cli_model *m, mc_clip_options *options, const char **path);
void cli_model_release(cli_model *m);

#endif
