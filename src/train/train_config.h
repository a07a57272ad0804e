/* What a training run is made with: a flat list of fields, each with a name. */
#ifndef MCI_TRAIN_TRAIN_CONFIG_H
#define MCI_TRAIN_TRAIN_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "metaclip/train.h"
#include "model/clip_config.h"

typedef struct {
    const char **items;
    size_t n;
} mci_words;

/* X(type, name, decides, meaning). decides: whether a run that goes on must have the same value. */
#define MCI_TRAIN_FIELDS(X)                                                                      \
    X(WORD, model, 1,                                                                            \
      "a built-in name (ViT-B-32-quickgelu), or a config of OpenCLIP or Hugging Face")           \
    X(WORD, init, 1, "a checkpoint to start from; empty: random weights of the seed")            \
    X(WORD, precision, 1, "bf16 (masters, sums and optimizer stay float32), or fp32")            \
    X(WORD, backend, 1, "what computes: cpu or ref; empty: the best there is")                   \
    X(WORDS, data, 1, "webdataset tars, or csv/tsv tables")                                      \
    X(WORD, vocab, 1, "the vocabulary: a file or a folder; empty: what lies beside init")        \
    X(WORD, rule, 1, "how texts are cleaned: openai or hf")                                      \
    X(WORD, out, 0, "the folder of the run")                                                     \
    X(U64, batch, 1, "pairs of a step, of all processes together")                               \
    X(U64, micro_batch, 1, "pairs of a process that are computed at a time; 0: all at once")     \
    X(BOOL, recompute, 1, "keep less for the gradient, and compute the blocks twice")            \
    X(U64, seen_pairs, 1, "how many pairs the model sees in all")                                \
    X(REAL, lr, 1, "the highest learning rate")                                                  \
    X(U64, warmup_steps, 1, "steps until it is reached; then half a cosine to 0")                \
    X(REAL, beta1, 1, "AdamW's")                                                                 \
    X(REAL, beta2, 1, "AdamW's")                                                                 \
    X(REAL, eps, 1, "AdamW's")                                                                   \
    X(REAL, weight_decay, 1, "of parameters of two and more dimensions")                         \
    X(REAL, clip_norm, 1, "gradients are cut to this length; 0: never")                          \
    X(U64, seed, 1, "of the weights and the order of the data")                                  \
    X(REAL, crop_min, 1, "the least share of an image's area that a random crop takes")          \
    X(REAL, crop_max, 1, "the largest")                                                          \
    X(U64, shuffle_shards, 1, "shards whose pairs are shuffled together; 0: 16")                 \
    X(WORD, metadata, 1,                                                                         \
      "online balancing: the list of entries, or a folder of lists for languages; "              \
      "empty: ids come with the texts")                                                          \
    X(WORD, counts, 1, "online balancing: the pool's entry counts; empty: no balancing")         \
    X(U64, t, 1, "online balancing: the limit of an entry; with a folder of lists, English's")   \
    X(REAL, tail_ratio, 1, "online balancing with a folder: this gives every list its t; 0: t")  \
    X(BOOL, worldwide, 1, "online balancing: match by MetaCLIP 2's rule, as a folder needs it")  \
    X(BOOL, matched, 1, "online balancing: ids come with the texts, although metadata is named") \
    X(U64, balance_seed, 1, "online balancing: the seed of the draws")                           \
    X(BOOL, names_from_paths, 1, "call shards by their paths, where files have equal names")     \
    X(WORDS, subset, 1, "lists of uuids; only these images are used")                            \
    X(WORD, image_root, 1, "where paths in tables begin")                                        \
    X(WORD, image_column, 1, "the column of paths; empty: filepath and the like")                \
    X(WORD, text_column, 1, "the column of texts; empty: title and the like")                    \
    X(U64, checkpoint_steps, 0, "a checkpoint every so many steps; 0: at the end only")          \
    X(U64, keep_checkpoints, 0, "so many of the last ones stay; 0: all")                         \
    X(U64, log_steps, 0, "a line every so many steps")                                           \
    X(WORD, eval_catalog, 1,                                                                     \
      "data sets to evaluate on while training, as eval --catalog has them; "                    \
      "empty: none")                                                                             \
    X(U64, eval_steps, 0,                                                                        \
      "evaluate, with a checkpoint, every so many steps; 0: at each checkpoint")                 \
    X(WORD, best_set, 1,                                                                         \
      "the data set whose value tells the best checkpoint; empty: the mean of all")

typedef const char *mci_field_WORD;
typedef mci_words mci_field_WORDS;
typedef uint64_t mci_field_U64;
typedef double mci_field_REAL;
typedef bool mci_field_BOOL;

struct mc_train_config {
    mci_arena arena; /* of all words, which are never NULL */
#define X(type, name, decides, meaning) mci_field_##type name;
    MCI_TRAIN_FIELDS(X)
#undef X
};

/* As mc_train_config_new, of a file's text. */
mc_status mci_train_config_of_text(mc_str text, mc_train_config **out, mc_error *err);

/* The fields that decide results, as text: what a run that goes on is compared by. */
mc_status mci_train_config_identity(const mc_train_config *config, mci_buf *out, mc_error *err);

/* The config of "tiny-64", the preset tiny's model: images of 64 pixels, texts of 32 tokens. */
void mci_tiny_clip_config(mci_clip_config *out);

/* The text of a preset, a config in JSON; NULL if there is none. */
const char *mci_train_preset_text(mc_str name);

#endif
