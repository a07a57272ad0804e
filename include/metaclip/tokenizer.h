/** Texts to the ids that a CLIP model reads, and back.
 *
 *  Three kinds of vocabularies are read: OpenAI's byte-level BPE, which every CLIP model but the
 *  worldwide ones uses, and the SentencePiece vocabularies XLM-V and mT5 of Meta CLIP 2.
 *  docs/tokenizer.md has the rules to the byte.
 *
 *  A tokenizer is immutable and shared by any number of threads; each thread has its own
 *  mc_token_scratch. */
#ifndef METACLIP_TOKENIZER_H
#define METACLIP_TOKENIZER_H

#include "metaclip/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How a text is cleaned and cut before CLIP's BPE, and what fills a row behind its end. Where the
 *  two differ (some 5 % of real captions), use the one that the model was trained with. */
typedef enum {
    MC_RULE_AUTO,   /* as the vocabulary's files say, if training wrote them; else MC_RULE_OPENAI */
    MC_RULE_OPENAI, /* as OpenAI, OpenCLIP and MetaCLIP do, but for ftfy; padded with 0 */
    MC_RULE_HF      /* as Hugging Face's CLIPTokenizerFast does; padded with the end token */
} mc_token_rule;

typedef enum { MC_VOCAB_CLIP, MC_VOCAB_XLMV, MC_VOCAB_MT5 } mc_vocab_kind;

typedef struct mc_tokenizer mc_tokenizer;
typedef struct mc_token_scratch mc_token_scratch;

enum {
    MC_CLIP_CONTEXT = 77,       /* ids of a row, for every published model */
    MC_MAX_CONTEXT = 1 << 16,   /* and the most that there may be */
    MC_MAX_TEXT_BYTES = 1 << 20 /* of a text that is encoded */
};

/** Opens a vocabulary: a folder of a model, or one of these files, told by their content:
 *    bpe_simple_vocab_16e6.txt.gz    OpenAI's merges, or small ones of `metaclip tokenize --train`
 *    vocab.json with merges.txt      either names both, which lie side by side
 *    tokenizer.json                  of model type BPE
 *    sentencepiece.bpe.model, spiece.model    XLM-V's and mT5's
 *  In a folder the first that is there counts, in the order sentencepiece.bpe.model, spiece.model,
 *  vocab.json, tokenizer.json, bpe_simple_vocab_16e6.txt.gz. gzip and zstd are read too.
 *  rule matters for MC_VOCAB_CLIP alone. With MC_RULE_AUTO it is what a tokenizer_config.json
 *  beside vocab.json says as "metaclip_rule": training writes it, published models do not have it.
 *  Errors: MC_E_IO, MC_E_FORMAT (where and what), MC_E_LIMIT, MC_E_NOMEM, MC_E_BACKEND; all name
 *  the path. Free with mc_tokenizer_free. */
MC_API mc_status mc_tokenizer_open(const char *path, mc_token_rule rule, mc_tokenizer **out,
                                   mc_error *err);
MC_API void mc_tokenizer_free(mc_tokenizer *tokenizer);

typedef struct {
    mc_vocab_kind kind;
    size_t n_ids;       /* ids are below it: rows of the model's token embedding */
    int32_t start_id;   /* before each text; -1: none (mT5) */
    int32_t end_id;     /* behind each text */
    int32_t pad_id;     /* fills the row */
    mc_token_rule rule; /* by which texts are cleaned; MC_RULE_AUTO: by none (SentencePiece's) */
} mc_tokenizer_facts;

MC_API mc_tokenizer_facts mc_tokenizer_tell(const mc_tokenizer *tokenizer);

/** Memory that encoding needs, with the words that were met last: one per thread, for this
 *  tokenizer only, which must outlive it. Some 2 MiB. Free with mc_token_scratch_free. */
MC_API mc_status mc_token_scratch_new(const mc_tokenizer *tokenizer, mc_token_scratch **out,
                                      mc_error *err);
MC_API void mc_token_scratch_free(mc_token_scratch *scratch);

/** What became of a text. */
typedef struct {
    size_t n_ids;        /* start and end included, without padding */
    bool is_truncated;   /* there would have been more: the row ends with the end token */
    uint64_t n_replaced; /* wrong sequences of UTF-8, which were read as U+FFFD */
} mc_encoded;

/** Encodes a text: start, its ids, end, padding.
 *
 *  text     any bytes, up to MC_MAX_TEXT_BYTES
 *  context  1 to MC_MAX_CONTEXT
 *  ids      [context], the caller's
 *
 *  Errors: MC_E_ARG, MC_E_LIMIT (the text is too long), MC_E_NOMEM, MC_E_BACKEND; ids are then
 *  undefined. */
MC_API mc_status mc_encode(const mc_tokenizer *tokenizer, mc_token_scratch *scratch, mc_str text,
                           size_t context, int32_t *ids, mc_encoded *encoded, mc_error *err);

/** Encodes many texts on n_threads threads (0: one a processor), whose number changes nothing.
 *
 *  texts    [n]
 *  ids      [n, context], row by row, the caller's
 *  encoded  [n], the caller's; NULL if nobody wants to know
 *
 *  Errors: as mc_encode, naming the text. */
MC_API mc_status mc_tokenize(const mc_tokenizer *tokenizer, const mc_str *texts, size_t n,
                             size_t context, unsigned n_threads, int32_t *ids, mc_encoded *encoded,
                             mc_error *err);

/** The text that ids stand for, up to the first end token, without start and padding: in lower
 * case, a space between words, as far as CLIP's BPE remembers. *text is UTF-8 with a NUL behind it;
 * free with mc_free. Errors: MC_E_ARG (an id that the vocabulary has not got), MC_E_NOMEM. */
MC_API mc_status mc_decode(const mc_tokenizer *tokenizer, const int32_t *ids, size_t n, char **text,
                           mc_error *err);

/** The name of one id as the vocabulary's file writes it ("red</w>"); lives as long as the
 *  tokenizer, which holds its bytes. Empty for ids that have none. */
MC_API mc_str mc_token_name(const mc_tokenizer *tokenizer, int32_t id);

/* ---------------------------------------------------------------------------------------------
 * Whole files
 * ------------------------------------------------------------------------------------------ */

typedef enum {
    MC_TOKENS_NPY,   /* int32 [texts, context]; a file, not a pipe */
    MC_TOKENS_JSONL, /* a line a text: an array of its ids, without padding */
    MC_TOKENS_TEXT   /* a line a text: the names of its ids, with spaces between */
} mc_tokens_format;

typedef enum {
    MC_TEXTS_BY_NAME, /* JSON if named .json or .jsonl (before .gz or .zst), else lines */
    MC_TEXTS_LINES,   /* a text a line; LF or CR LF ends it; a blank line is an empty text */
    MC_TEXTS_JSON     /* JSON Lines of strings, or one array of them */
} mc_texts_form;

/** Texts -> token ids; row i is text i, over all inputs in their order. A text that cannot be used
 *  (too long, no JSON string) gives the row of an empty one, so that rows stay in step, and is
 *  counted and named. */
typedef struct {
    const char *vocab_path; /* see mc_tokenizer_open */
    mc_token_rule rule;
    const char *const *inputs; /* gzip, zstd or plain; "-" is standard input */
    size_t n_inputs;
    mc_texts_form form;
    size_t context; /* 0: MC_CLIP_CONTEXT */
    mc_tokens_format format;
    const char *out_path; /* "-" is standard output */
    unsigned n_threads;   /* 0: one a processor */
    bool strict;          /* the first text that cannot be used is an error */
    mc_hooks hooks;
} mc_tokenize_job;

enum { MC_TOKENIZE_PROBLEMS = 8 };

typedef struct {
    uint64_t n_texts;     /* rows written */
    uint64_t n_tokens;    /* in them, start and end included, without padding */
    uint64_t n_truncated; /* texts of which something was cut off */
    uint64_t n_repaired;  /* texts that were no valid UTF-8, or held a lone surrogate in JSON */
    uint64_t n_unusable;  /* texts whose rows are those of the empty text */
    mc_tokenizer_facts vocab;
    char problems[MC_TOKENIZE_PROBLEMS][508]; /* the first few unusable texts */
    size_t n_problems;
    double seconds;
} mc_tokenize_summary;

/** Runs the job. Zero-initialise summary; it is set as far as the job came. Errors: as
 *  mc_tokenizer_open and mc_encode; MC_E_IO; MC_E_FORMAT (damaged input). */
MC_API mc_status mc_tokenize_run(const mc_tokenize_job *job, mc_tokenize_summary *summary,
                                 mc_error *err);

/** Texts -> a small vocabulary of CLIP's kind, for models of one's own.
 *
 *  Texts are cleaned and cut as for encoding; then, over and over, the pair of neighbouring symbols
 *  that occurs most often becomes one symbol. Of equally frequent pairs the one whose left symbol
 * has the smaller id is taken, then the one whose right symbol has. The result depends on how often
 * each word occurs and on nothing else.
 *
 *  The file is like OpenAI's: a heading and a merge a line (no line end behind the last). It is
 *  gzip or zstd if so named. */
typedef struct {
    const char *const *inputs;
    size_t n_inputs;
    mc_texts_form form;
    mc_token_rule rule;   /* whose way of cleaning and cutting; MC_RULE_AUTO is OpenAI's */
    size_t n_ids;         /* of the vocabulary: 515 to 49408 */
    const char *out_path; /* "-" is standard output */
    uint64_t max_words;   /* different words that may be counted; 0: 2^26. A bound on memory */
    bool strict;
    mc_hooks hooks;
} mc_train_vocab_job;

typedef struct {
    uint64_t n_texts, n_repaired, n_unusable;
    uint64_t n_words;           /* words in them */
    uint64_t n_different_words; /* that were counted */
    uint64_t n_long_words;      /* of more than 256 bytes, which are left out */
    uint64_t n_ids;             /* of the vocabulary: fewer than asked for if no pair is left that
                                 * occurs twice */
    char problems[MC_TOKENIZE_PROBLEMS][508];
    size_t n_problems;
    double seconds;
} mc_train_vocab_summary;

/** Errors: MC_E_ARG, MC_E_IO, MC_E_FORMAT, MC_E_LIMIT (more than max_words), MC_E_NOMEM. */
MC_API mc_status mc_train_vocab_run(const mc_train_vocab_job *job, mc_train_vocab_summary *summary,
                                    mc_error *err);

#ifdef __cplusplus
}
#endif
#endif
