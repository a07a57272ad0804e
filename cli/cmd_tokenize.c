/* metaclip tokenize: texts -> token ids, or a small vocabulary. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "metaclip/tokenizer.h"
#include "model_choice.h"
#include "opts.h"
#include "report.h"
#include "table.h"

static const cli_about about = {
    .usage = "--vocab PATH -o FILE [options] INPUT...\n"
             "--vocab PATH --format text|jsonl [options] INPUT...\n"
             "--train N -o FILE [options] INPUT...",
    .about =
        "Turns texts into the ids that a CLIP model reads: start, the text's own ids, end, and "
        "padding up to the context length; what does not fit is cut off, and the end kept. Row i "
        "of "
        "the array is text i, over all inputs in their order.\n\n"
        "PATH is the folder of a model, or its vocabulary: bpe_simple_vocab_16e6.txt.gz, "
        "vocab.json "
        "with merges.txt, tokenizer.json, or, for the worldwide models of Meta CLIP 2, "
        "sentencepiece.bpe.model or spiece.model.\n\n"
        "A text that cannot be used (longer than 1 MiB, or no JSON string) gives the row of an "
        "empty "
        "one, so that rows stay in step with texts, and is counted.\n\n"
        "With --train it learns a vocabulary of N ids from the texts instead, for models of one's "
        "own. The file is like OpenAI's, and is what --vocab reads.",
    .example = "metaclip tokenize --vocab bpe_simple_vocab_16e6.txt.gz -o t.npy texts.jsonl\n"
               "metaclip tokenize --train 8192 -o vocab.txt.gz captions.txt",
};

typedef struct {
    const char *vocab, *rule, *form, *format, *output;
    const char *const *inputs;
    size_t n_inputs;
    uint64_t train, context;
    unsigned n_threads;
    bool strict;
} request;

static mc_texts_form form_of(const request *r)
{
    return strcmp(r->form, "lines") == 0  ? MC_TEXTS_LINES
           : strcmp(r->form, "json") == 0 ? MC_TEXTS_JSON
                                          : MC_TEXTS_BY_NAME;
}

static mc_tokens_format format_of(const request *r)
{
    return strcmp(r->format, "npy") == 0     ? MC_TOKENS_NPY
           : strcmp(r->format, "jsonl") == 0 ? MC_TOKENS_JSONL
                                             : MC_TOKENS_TEXT;
}

/* ---- what was done ---- */

static void put_count(const char *name, uint64_t value)
{
    char number[32];
    fprintf(stderr, "  %-40s %15s\n", name, cli_grouped(value, number));
}

static void put_problems(const char (*problems)[508], size_t n, uint64_t of)
{
    for (size_t i = 0; i < n; i++) {
        fputs("    ", stderr);
        cli_put_clean(stderr, mc_str_of(problems[i]), SIZE_MAX);
        fputc('\n', stderr);
    }
    if (of > n)
        fprintf(stderr, "    and %" PRIu64 " more\n", of - n);
}

static void put_problems_json(const char (*problems)[508], size_t n)
{
    fputs(",\"problems\":[", stdout);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? "," : "", stdout);
        cli_put_json_string(stdout, mc_str_of(problems[i]));
    }
    fputc(']', stdout);
}

static const char *name_of_kind(mc_vocab_kind kind)
{
    return kind == MC_VOCAB_CLIP ? "clip" : kind == MC_VOCAB_XLMV ? "xlm-v" : "mt5";
}

static void put_tokens(const mc_tokenize_summary *s)
{
    put_count("texts", s->n_texts);
    put_count("tokens, with start and end", s->n_tokens);
    put_count("texts that were cut off", s->n_truncated);
    put_count("texts with wrong UTF-8, repaired", s->n_repaired);
    put_count("texts that cannot be used: empty rows", s->n_unusable);
    put_problems(s->problems, s->n_problems, s->n_unusable);
    fprintf(stderr, "  vocabulary: %s, %zu ids, start %d, end %d, padding %d\n",
            name_of_kind(s->vocab.kind), s->vocab.n_ids, (int)s->vocab.start_id,
            (int)s->vocab.end_id, (int)s->vocab.pad_id);
}

static void put_tokens_json(const mc_tokenize_summary *s)
{
    printf("{\"texts\":%" PRIu64 ",\"tokens\":%" PRIu64 ",\"truncated\":%" PRIu64
           ",\"repaired\":%" PRIu64 ",\"unusable\":%" PRIu64
           ",\"vocabulary\":\"%s\",\"ids\":%zu,\"start\":%d,\"end\":%d,\"padding\":%d",
           s->n_texts, s->n_tokens, s->n_truncated, s->n_repaired, s->n_unusable,
           name_of_kind(s->vocab.kind), s->vocab.n_ids, (int)s->vocab.start_id,
           (int)s->vocab.end_id, (int)s->vocab.pad_id);
    put_problems_json(s->problems, s->n_problems);
    printf(",\"seconds\":%.3f}\n", s->seconds);
}

static void put_vocab(const mc_train_vocab_summary *s)
{
    put_count("texts", s->n_texts);
    put_count("texts with wrong UTF-8, repaired", s->n_repaired);
    put_count("texts that cannot be used, left out", s->n_unusable);
    put_problems(s->problems, s->n_problems, s->n_unusable);
    put_count("words", s->n_words);
    put_count("different words", s->n_different_words);
    put_count("words of more than 256 bytes, left out", s->n_long_words);
    put_count("ids of the vocabulary", s->n_ids);
}

static void put_vocab_json(const mc_train_vocab_summary *s)
{
    printf("{\"texts\":%" PRIu64 ",\"repaired\":%" PRIu64 ",\"unusable\":%" PRIu64
           ",\"words\":%" PRIu64 ",\"different_words\":%" PRIu64 ",\"long_words\":%" PRIu64
           ",\"ids\":%" PRIu64,
           s->n_texts, s->n_repaired, s->n_unusable, s->n_words, s->n_different_words,
           s->n_long_words, s->n_ids);
    put_problems_json(s->problems, s->n_problems);
    printf(",\"seconds\":%.3f}\n", s->seconds);
}

/* ---- doing it ---- */

static int tokenize(cli *c, const request *r)
{
    mc_tokenize_job job = {
        .vocab_path = r->vocab,
        .rule = cli_token_rule(r->rule),
        .inputs = r->inputs,
        .n_inputs = r->n_inputs,
        .form = form_of(r),
        .context = r->context,
        .format = format_of(r),
        .out_path = r->output,
        .n_threads = r->n_threads,
        .strict = r->strict,
    };
    int code = cli_begin(c, r->output, &job.hooks);
    if (code != CLI_GO)
        return code;
    mc_error err = { 0 };
    mc_tokenize_summary summary = { 0 };
    mc_status status = mc_tokenize_run(&job, &summary, &err);
    cli_clear_bar(c);
    if (status < 0)
        return cli_fail(c, status, &err);
    if (c->json)
        put_tokens_json(&summary);
    else if (!c->quiet)
        put_tokens(&summary);
    return CLI_DONE;
}

static int train(cli *c, const request *r)
{
    mc_train_vocab_job job = {
        .inputs = r->inputs,
        .n_inputs = r->n_inputs,
        .form = form_of(r),
        .rule = cli_token_rule(r->rule),
        .n_ids = r->train,
        .out_path = r->output,
        .strict = r->strict,
    };
    int code = cli_begin(c, r->output, &job.hooks);
    if (code != CLI_GO)
        return code;
    mc_error err = { 0 };
    mc_train_vocab_summary summary = { 0 };
    mc_status status = mc_train_vocab_run(&job, &summary, &err);
    cli_clear_bar(c);
    if (status < 0)
        return cli_fail(c, status, &err);
    if (c->json)
        put_vocab_json(&summary);
    else if (!c->quiet)
        put_vocab(&summary);
    return CLI_DONE;
}

int cmd_tokenize(cli *c)
{
    request r = { .rule = "auto", .form = "name", .format = "npy", .context = MC_CLIP_CONTEXT };
    const cli_opt opts[] = {
        CLI_WORD("vocab", "PATH", &r.vocab, "the vocabulary: a folder, or one of its files"),
        { .kind = CLI_KIND_WORD,
          .names = "o,output",
          .value = "FILE",
          .to.word = &r.output,
          .text = "the ids (an array needs a file, no pipe), or the vocabulary that is learnt",
          .fallback = "of lines, -, standard output" },
        CLI_WORD("format", "npy|jsonl|text", &r.format,
                 "an array of int32, [texts, context]; or a line a text, without padding: its ids "
                 "as JSON, or their names"),
        CLI_U64_TO("context", &r.context, 1, MC_MAX_CONTEXT, "ids of a row"),
        CLI_WORD("rule", "auto|openai|hf", &r.rule,
                 "how texts are cleaned and cut, and rows padded: as OpenAI, OpenCLIP and MetaCLIP "
                 "do it, or as Hugging Face does; auto is what a folder of `metaclip train` says, "
                 "else openai"),
        CLI_WORD("texts", "name|lines|json", &r.form,
                 "what the inputs are: a text a line, or JSON strings (JSON Lines, or one array); "
                 "by name, .json and .jsonl are JSON"),
        { .kind = CLI_KIND_U64,
          .names = "train",
          .value = "N",
          .to.u64 = &r.train,
          .text = "learn a vocabulary of N ids (515 to 49408)",
          .fallback = "",
          .min = 515,
          .max = 49408 },
        CLI_FILES_FROM(c),
        CLI_THREADS(r.n_threads, "threads"),
        CLI_FLAG("strict", &r.strict, "take the first text that cannot be used as an error"),
        CLI_TALK(c),
        CLI_INPUTS("INPUT", &r.inputs, &r.n_inputs, 1, SIZE_MAX,
                   "files of texts, gzip and zstd too; - is standard input"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code != CLI_GO)
        return code;
    if (r.train && (r.vocab || cli_given(c, opts, "format") || cli_given(c, opts, "context")))
        return cli_misuse(c, "--train makes a vocabulary: leave out --vocab, --format, --context");
    if (!r.train && !r.vocab)
        return cli_misuse(c, "--vocab PATH is missing: the vocabulary of the model");
    if (!r.output && (r.train || format_of(&r) == MC_TOKENS_NPY))
        return cli_misuse(c, "-o FILE is missing: where the %s goes",
                          r.train ? "vocabulary" : "array");
    if (!r.output)
        r.output = "-";
    return r.train ? train(c, &r) : tokenize(c, &r);
}
