#include "opts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "completion.h"
#include "files_from.h"
#include "manual.h"
#include "suggest.h"
#include "values.h"

/* One run over the command line. */
typedef struct {
    cli *c;
    const cli_opt *opts;
    int at; /* of the argument being read */
    size_t n_inputs, n_listed;
} parser;

int cli_misuse(const cli *c, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "metaclip %s: ", c->command->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nTry 'metaclip help %s'.\n", c->command->name);
    return CLI_MISUSE;
}

char cli_letter(const cli_opt *opt)
{
    bool has_letter = opt->names && (opt->names[1] == '\0' || opt->names[1] == ',');
    return has_letter ? opt->names[0] : '\0';
}

const char *cli_long(const cli_opt *opt)
{
    if (!opt->names || !cli_letter(opt))
        return opt->names;
    return opt->names[1] ? opt->names + 2 : NULL;
}

bool cli_given(const cli *c, const cli_opt *opts, const char *name)
{
    for (size_t i = 0; opts[i].kind != CLI_KIND_END; i++) {
        const char *full = cli_long(&opts[i]);
        bool is_it = name[1] ? full && strcmp(full, name) == 0 : cli_letter(&opts[i]) == name[0];
        if (is_it)
            return c->given >> i & 1;
    }
    return false;
}

int cli_check_state(const cli *c, const char *state_dir, const char *run_id)
{
    if (run_id && !state_dir)
        return cli_misuse(c, "--run-id names the run for --state DIR, which is not given");
    return CLI_GO;
}

int cli_check_t(const cli *c, const cli_opt *opts)
{
    static const char *const names[] = { "t", "target", "tail-ratio" };
    const char *first = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!cli_given(c, opts, names[i]))
            continue;
        if (first)
            return cli_misuse(c, "%s%s and --%s both set t; give one of them",
                              first[1] ? "--" : "-", first, names[i]);
        first = names[i];
    }
    return CLI_GO;
}

static const cli_opt *find_letter(const parser *p, char letter)
{
    for (const cli_opt *opt = p->opts; opt->kind != CLI_KIND_END; opt++) {
        if (cli_letter(opt) == letter)
            return opt;
    }
    return NULL;
}

static const cli_opt *find_long(const parser *p, const char *name, size_t len)
{
    for (const cli_opt *opt = p->opts; opt->kind != CLI_KIND_END; opt++) {
        const char *full = cli_long(opt);
        if (full && strlen(full) == len && memcmp(full, name, len) == 0)
            return opt;
    }
    return NULL;
}

/* Whether a word that stands where a value should is more likely an option: "-o --json". */
static bool looks_like_option(const cli_opt *opt, const char *word)
{
    bool is_name =
        opt->kind == CLI_KIND_WORD || opt->kind == CLI_KIND_LIST || opt->kind == CLI_KIND_SET;
    return word[0] == '-' && word[1] && (is_name || strncmp(word, "--", 2) == 0);
}

static const char *store_word(parser *p, const cli_opt *opt, const char *value, cli_why *why)
{
    if (*value == '\0')
        return "the value is empty";
    if (opt->kind == CLI_KIND_WORD && strchr(opt->value, '|') &&
        !cli_read_choice(value, opt->value, why))
        return why->text;
    if (opt->kind != CLI_KIND_LIST) {
        *opt->to.word = value;
        return NULL;
    }
    const char **values = p->c->words + p->c->argc;
    values[p->n_listed++] = value;
    *opt->to.list.items = values;
    *opt->to.list.n = p->n_listed;
    return NULL;
}

static bool store_uint(const cli_opt *opt, const char *value, cli_why *why)
{
    uint64_t number;
    if (!cli_read_u64(value, opt->min, opt->max, &number, why))
        return false;
    *opt->to.uint = (unsigned)number;
    return true;
}

/* Puts the value where the row says. NULL, or what is wrong with it. */
static const char *store(parser *p, const cli_opt *opt, const char *value, cli_why *why)
{
    bool good = true;
    switch (opt->kind) {
    case CLI_KIND_U64:
        good = cli_read_u64(value, opt->min, opt->max, opt->to.u64, why);
        break;
    case CLI_KIND_UINT:
        good = store_uint(opt, value, why);
        break;
    case CLI_KIND_BYTES:
        good = cli_read_bytes(value, opt->min, opt->max, opt->to.u64, why);
        break;
    case CLI_KIND_SHARE:
        good = cli_read_share(value, opt->to.share, why);
        break;
    case CLI_KIND_SET:
        good = cli_read_set(value, opt->value, opt->to.set, why);
        break;
    default:
        return store_word(p, opt, value, why);
    }
    return good ? NULL : why->text;
}

/* Applies an option. shown is how the user wrote it; attached is its value if it came in the same
 * argument, else NULL. */
static int apply(parser *p, const cli_opt *opt, const char *shown, const char *attached)
{
    cli *c = p->c;
    cli_why why;
    c->given |= (uint64_t)1 << (opt - p->opts);
    if (opt->kind == CLI_KIND_FLAG) {
        *opt->to.flag = true;
        return attached ? cli_misuse(c, "%s takes no value, but \"%s\" follows", shown, attached)
                        : CLI_GO;
    }
    const char *value = attached;
    if (!value && opt->kind == CLI_KIND_MAYBE)
        value = opt->fallback;
    if (!value) {
        if (p->at + 1 >= c->argc)
            return cli_misuse(c, "%s needs a value: %s %s", shown, shown, opt->value);
        value = c->argv[++p->at];
        if (looks_like_option(opt, value))
            return cli_misuse(c, "%s needs a value, but %s follows (a file of that name is ./%s)",
                              shown, value, value);
    }
    const char *wrong = store(p, opt, value, &why);
    return wrong ? cli_misuse(c, "%s: %s", shown, wrong) : CLI_GO;
}

static int unknown_long(const parser *p, const char *name, size_t len)
{
    char typed[64];
    snprintf(typed, sizeof typed, "%.*s", (int)(len < sizeof typed ? len : sizeof typed - 1), name);
    cli_guess guess = { .typed = typed };
    for (const cli_opt *opt = p->opts; opt->kind != CLI_KIND_END; opt++) {
        if (cli_long(opt))
            cli_guess_offer(&guess, cli_long(opt));
    }
    if (guess.best)
        return cli_misuse(p->c, "there is no option --%s; did you mean --%s?", typed, guess.best);
    return cli_misuse(p->c, "there is no option --%s", typed);
}

/* --name or --name=value */
static int take_long(parser *p, const char *arg)
{
    char shown[64];
    const char *name = arg + 2;
    size_t len = strcspn(name, "=");
    const cli_opt *opt = find_long(p, name, len);
    if (!opt)
        return unknown_long(p, name, len);
    snprintf(shown, sizeof shown, "--%s", cli_long(opt));
    return apply(p, opt, shown, name[len] ? name + len + 1 : NULL);
}

/* -a, -abc, -j2, -o FILE */
static int take_letters(parser *p, const char *arg)
{
    for (const char *at = arg + 1; *at; at++) {
        char shown[3] = { '-', *at, '\0' };
        const cli_opt *opt = find_letter(p, *at);
        if (!opt)
            return cli_misuse(p->c, "there is no option -%c%s%s", *at, at > arg + 1 ? " in " : "",
                              at > arg + 1 ? arg : "");
        if (opt->kind != CLI_KIND_FLAG)
            return apply(p, opt, shown, at[1] ? at + 1 : NULL);
        int code = apply(p, opt, shown, NULL);
        if (code != CLI_GO)
            return code;
    }
    return CLI_GO;
}

static int take_input(parser *p, const char *arg)
{
    if (*arg == '\0')
        return cli_misuse(p->c, "the name of an input is empty");
    p->c->words[p->n_inputs++] = arg;
    return CLI_GO;
}

static const cli_opt *find_inputs(const cli_opt *opts)
{
    for (; opts->kind != CLI_KIND_END; opts++) {
        if (opts->kind == CLI_KIND_INPUTS)
            return opts;
    }
    return NULL;
}

static int check_inputs(const parser *p)
{
    const cli_opt *row = find_inputs(p->opts);
    if (!row && p->n_inputs)
        return cli_misuse(p->c, "\"%s\" is too much: it takes no inputs", p->c->words[0]);
    if (!row)
        return CLI_GO;
    size_t n = p->n_inputs;
    int code = p->c->files_from ? cli_add_files(p->c, p->n_inputs, &n) : CLI_GO;
    if (code != CLI_GO)
        return code;
    const char **inputs = p->c->inputs ? p->c->inputs : p->c->words;
    if (n < row->min)
        return cli_misuse(p->c, "no %s was given: name %s", row->value, row->text);
    if (n > row->max)
        return cli_misuse(p->c, "\"%s\" is too much: it takes at most %" PRIu64 " %s",
                          inputs[row->max], row->max, row->value);
    *row->to.list.items = inputs;
    *row->to.list.n = n;
    return CLI_GO;
}

static int check_required(const parser *p)
{
    for (const cli_opt *opt = p->opts; opt->kind != CLI_KIND_END; opt++) {
        if (!opt->required || p->c->given >> (opt - p->opts) & 1)
            continue;
        if (cli_letter(opt))
            return cli_misuse(p->c, "-%c %s is missing: %s", cli_letter(opt), opt->value,
                              opt->text);
        return cli_misuse(p->c, "--%s %s is missing: %s", cli_long(opt), opt->value, opt->text);
    }
    return CLI_GO;
}

/* -h and --help anywhere before "--" win over everything else, also over mistakes. */
static bool asks_for_help(const cli *c)
{
    for (int i = 0; i < c->argc && strcmp(c->argv[i], "--") != 0; i++) {
        if (strcmp(c->argv[i], "--help") == 0 || strcmp(c->argv[i], "-h") == 0)
            return true;
    }
    return false;
}

/* Writes about the command instead of running it. */
static int show(const cli *c, const cli_about *about, const cli_opt *opts)
{
    switch (c->mode) {
    case CLI_SHOW_MAN:
        cli_show_man(c, about, opts);
        break;
    case CLI_SHOW_BASH:
        cli_show_bash(c, opts);
        break;
    case CLI_SHOW_ZSH:
        cli_show_zsh(c, opts);
        break;
    default:
        cli_show_help(c, about, opts);
    }
    return CLI_DONE;
}

static int take_all(parser *p)
{
    const cli *c = p->c;
    bool only_inputs = false;
    for (int code; p->at < c->argc; p->at++) {
        const char *arg = c->argv[p->at];
        if (only_inputs || arg[0] != '-' || arg[1] == '\0') {
            code = take_input(p, arg);
        } else if (strcmp(arg, "--") == 0) {
            only_inputs = true;
            continue;
        } else {
            code = arg[1] == '-' ? take_long(p, arg) : take_letters(p, arg);
        }
        if (code != CLI_GO)
            return code;
    }
    return CLI_GO;
}

int cli_parse(cli *c, const cli_about *about, const cli_opt *opts)
{
    parser p = { .c = c, .opts = opts };
    if (c->mode == CLI_RUN && asks_for_help(c))
        c->mode = CLI_SHOW_HELP;
    if (c->mode != CLI_RUN)
        return show(c, about, opts);
    int code = take_all(&p);
    if (code == CLI_GO)
        code = check_required(&p);
    return code == CLI_GO ? check_inputs(&p) : code;
}
