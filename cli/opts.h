/* Options as a table: a command says what it takes and where it goes, and everything else (parsing,
 * messages, help, man page, completion) follows.
 *
 * GNU conventions: --name VALUE, --name=VALUE, -nVALUE, -n VALUE, -abc for flags, options anywhere
 * among the inputs, "--" ends them, the last of a repeated option counts. Long names are not
 * abbreviated, so that a new option never breaks a script. */
#ifndef METACLIP_CLI_OPTS_H
#define METACLIP_CLI_OPTS_H

#include "cli.h"

typedef enum {
    CLI_KIND_END,
    CLI_KIND_FLAG,
    CLI_KIND_WORD,   /* a path, or one of the choices that `value` lists: "a|b" */
    CLI_KIND_MAYBE,  /* --name alone means `fallback`; another value only as --name=VALUE */
    CLI_KIND_LIST,   /* may be repeated; one such row a table at most */
    CLI_KIND_SET,    /* some of the words that `value` lists: "a,b"; each has its flag */
    CLI_KIND_U64,    /* min..max */
    CLI_KIND_UINT,   /* min..max */
    CLI_KIND_BYTES,  /* min..max; takes K, M, G, T */
    CLI_KIND_SHARE,  /* 0..1 */
    CLI_KIND_INPUTS, /* what is no option; min..max of them */
} cli_kind;

typedef struct {
    cli_kind kind;
    const char *names; /* "o,output", "seed", "t" */
    const char *value; /* "FILE", "a|b"; NULL for flags */
    const char *text;  /* what it does, no full stop */
    union {
        bool *flag;
        bool *set[4]; /* in the order of the words */
        const char **word;
        uint64_t *u64;
        unsigned *uint;
        double *share;
        struct {
            const char *const **items;
            size_t *n;
        } list;
    } to;
    /* What help gives as the default. NULL: what `to` holds before parsing; "": nothing. */
    const char *fallback;
    uint64_t min, max;
    bool required;
} cli_opt;

/* clang-format off */
#define CLI_FLAG(names_, to_, text_) \
    { .kind = CLI_KIND_FLAG, .names = names_, .to.flag = to_, .text = text_ }
#define CLI_WORD(names_, value_, to_, text_) \
    { .kind = CLI_KIND_WORD, .names = names_, .value = value_, .to.word = to_, .text = text_ }
#define CLI_NEED(names_, value_, to_, text_)                                              \
    { .kind = CLI_KIND_WORD, .names = names_, .value = value_, .to.word = to_,            \
      .text = text_, .required = true }
#define CLI_MAYBE(names_, value_, alone_, to_, text_)                                     \
    { .kind = CLI_KIND_MAYBE, .names = names_, .value = value_, .to.word = to_,           \
      .text = text_, .fallback = alone_ }
#define CLI_LIST(names_, value_, items_, n_, text_)                                       \
    { .kind = CLI_KIND_LIST, .names = names_, .value = value_, .to.list = { items_, n_ }, \
      .text = text_ }
#define CLI_U64(names_, to_, min_, text_) CLI_U64_TO(names_, to_, min_, UINT64_MAX, text_)
#define CLI_U64_TO(names_, to_, min_, max_, text_)                                        \
    { .kind = CLI_KIND_U64, .names = names_, .value = "N", .to.u64 = to_, .text = text_,  \
      .min = min_, .max = max_ }
/* One that need not be: then it stays 0, of which help says nothing. */
#define CLI_U64_IF(names_, to_, max_, text_)                                              \
    { .kind = CLI_KIND_U64, .names = names_, .value = "N", .to.u64 = to_, .text = text_,  \
      .fallback = "", .min = 1, .max = max_ }
#define CLI_BYTES(names_, to_, min_, text_)                                               \
    { .kind = CLI_KIND_BYTES, .names = names_, .value = "SIZE", .to.u64 = to_,            \
      .text = text_, .min = min_, .max = (uint64_t)1 << 50 }
#define CLI_SHARE(names_, to_, text_)                                                     \
    { .kind = CLI_KIND_SHARE, .names = names_, .value = "P", .to.share = to_,             \
      .text = text_, .fallback = "" }
#define CLI_INPUTS(value_, items_, n_, min_, max_, text_)                                 \
    { .kind = CLI_KIND_INPUTS, .value = value_, .to.list = { items_, n_ }, .text = text_, \
      .min = min_, .max = max_ }
#define CLI_METADATA(to_) \
    CLI_NEED("m,metadata", "FILE", to_,                                                          \
             "the list of entries: a JSON array, or one entry a line; or a folder of lists, one a " \
             "language: LANG.json, other.json")

/* What every command c has that reads a pool; p is its mc_pool. */
#define CLI_POOL(c, p)                                                                          \
    CLI_FILES_FROM(c), CLI_THREADS((p).n_threads, "threads"),                                   \
        CLI_RECORD_BYTES((p).max_item_bytes, "a longer line or archive record is skipped", NULL), \
        CLI_STRICT(p)
/* Its parts, for commands with words of their own about them. */
#define CLI_FILES_FROM(c)                                                                       \
    CLI_WORD("T,files-from", "FILE", &(c)->files_from,                                          \
             "also take inputs from FILE, one name a line; - is standard input")
#define CLI_THREADS(place, says)                                                                \
    { .kind = CLI_KIND_UINT, .names = "j,threads", .value = "N", .to.uint = &(place),           \
      .text = says, .min = 1, .max = 1024, .fallback = "one a processor" }
#define CLI_RECORD_BYTES(place, says, without)                                                  \
    { .kind = CLI_KIND_BYTES, .names = "max-record-bytes", .value = "SIZE", .to.u64 = &(place), \
      .text = says, .min = 1024, .max = (uint64_t)1 << 40, .fallback = without }
#define CLI_STRICT(p)                                                                           \
    CLI_FLAG("strict", &(p).strict, "take the first thing that would be skipped as an error")
/* What every command has that reads archives; word is a const char * and holds "scan" before. */
#define CLI_HTML(word)                                                                          \
    CLI_WORD("html", "scan|gumbo", word,                                                        \
             "how images are found in HTML: by a scanner, which asks Gumbo where it is not "    \
             "sure, or by Gumbo alone; the same comes out, at another speed")
#define CLI_MAX_RECORD ((uint64_t)64 << 20)

/* What every command has that writes records of a pool p, or drops some of them by name; job is its
 * mc_..._job. */
#define CLI_KEEP(p)                                                                             \
    { .kind = CLI_KIND_SET, .names = "keep", .value = "page_url,source",                        \
      .to.set = { &(p).keep_page_url, &(p).keep_source },                                       \
      .text = "write into each record where it is from: the url of its page (of WAT and WARC), "\
              "the name of its input, or both" }
#define CLI_STDIN_NAME(p)                                                                       \
    CLI_WORD("stdin-name", "NAME", &(p).stdin_name,                                              \
             "take standard input for a file of this name: captions.txt is a caption a line, "    \
             "x.csv and x.tsv are tables")
#define CLI_WORLDWIDE(to)                                                                       \
    CLI_FLAG("worldwide", to,                                                                    \
             "match by the rule for any language: entries of scripts without spaces, and "        \
             "punctuation, match inside a word")
#define CLI_LANG(pool)                                                                          \
    CLI_WORD("lang", "CODE[,CODE]...", &(pool).languages,                                        \
             "keep the texts of these languages, by what a text says of itself or what is "       \
             "identified; und is undecided, as CLD2 is of most short texts: en,und is the usual " \
             "choice for English"),                                                               \
        CLI_WORD("lid-model", "FILE", &(pool).lid_model,                                          \
                 "identify languages not by CLD2 but by this fastText model, such as lid.176.bin; "\
                 "its labels are the codes"),                                                     \
        CLI_SHARE("lid-least", &(pool).lid_least,                                                 \
                  "with --lid-model: a text is und whose best label is less probable than this")
#define CLI_BLOCK(job)                                                                          \
    CLI_LIST("block", "FILE", &(job).block_paths, &(job).n_block_paths,                         \
             "drop the images that FILE names, by host, url or uuid, one a line; may be given "  \
             "several times")

/* What every command has that balances; job is its mc_..._job. cli_check_t goes with it. */
#define CLI_CHOOSE_T(job)                                                                       \
    CLI_U64("t,limit", &(job).t, 1, "thin entries that are counted more than N times"),         \
    { .kind = CLI_KIND_U64, .names = "target", .value = "N", .to.u64 = &(job).target,           \
      .text = "instead of -t: choose the smallest t that is expected to keep N pairs",          \
      .fallback = "", .min = 1, .max = UINT64_MAX },                                            \
    CLI_SHARE("tail-ratio", &(job).tail_ratio,                                                  \
              "instead of -t: choose t so that tail entries have this share of the matches")

#define CLI_ONE_TEXT(to_)                                                                       \
    CLI_FLAG("one-text", to_,                                                                   \
             "of an image's matched pairs only one, chosen by a hash, can be kept")

#define CLI_STATE(job)                                                                          \
    CLI_WORD("state", "DIR", &(job).state_dir,                                                  \
             "leave out the pairs that earlier runs with this DIR had; when this run is complete, " \
             "DIR has its pairs too"),                                                          \
        CLI_WORD("run-id", "NAME", &(job).run_id,                                               \
                 "what this run is called there, if not by the name of its output")

#define CLI_QUIET(c) CLI_FLAG("q,quiet", &(c)->quiet, "no progress and no summary")
#define CLI_JSON(c, text) CLI_FLAG("json", &(c)->json, text)
#define CLI_TALK(c) \
    CLI_QUIET(c), CLI_JSON(c, "print the summary as one JSON object on standard output")
#define CLI_END { .kind = CLI_KIND_END }
/* clang-format on */

/* What a command says of itself beside its options. */
typedef struct {
    const char *usage;   /* what follows the name, a form a line */
    const char *about;   /* paragraphs, an empty line between them */
    const char *example; /* lines that can be pasted */
} cli_about;

/* Reads the command line into the table's targets. Gives CLI_GO, or the exit code when there is
 * nothing to run: help was asked for, or wrong usage was reported. */
int cli_parse(cli *c, const cli_about *about, const cli_opt *opts);

/* Whether the option with this name (long, or its letter) was given. */
bool cli_given(const cli *c, const cli_opt *opts, const char *name);

/* CLI_GO if at most one of the options of CLI_CHOOSE_T was given, else CLI_MISUSE. */
int cli_check_t(const cli *c, const cli_opt *opts);

/* CLI_GO unless a run is named (CLI_STATE) that nobody keeps the pairs of. */
int cli_check_state(const cli *c, const char *state_dir, const char *run_id);

/* Prints "metaclip COMMAND: " and the sentence, and where help is; gives CLI_MISUSE. */
int cli_misuse(const cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The parts of `names`: the letter ('\0' if none) and the long name (NULL if none). */
char cli_letter(const cli_opt *opt);
const char *cli_long(const cli_opt *opt);

#endif
