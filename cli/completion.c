#include "completion.h"

#include <stdio.h>
#include <string.h>

static void print_names(const cli_command *commands)
{
    for (; commands->name; commands++)
        printf("%s%s", commands->name, commands[1].name ? " " : "");
}

/* Lets each command write its part. */
static int show_parts(const cli *c, cli_mode mode)
{
    for (const cli_command *command = c->commands; command->name; command++) {
        cli part = { .command = command, .commands = c->commands, .mode = mode };
        int code = command->run(&part);
        if (code != CLI_DONE)
            return code;
    }
    return CLI_DONE;
}

static bool has_choices(const cli_opt *opt)
{
    return opt->kind == CLI_KIND_SET || (opt->kind == CLI_KIND_WORD && strchr(opt->value, '|'));
}

/* "a|b", or "a,b", as "a b". */
static void print_choices(const char *choices)
{
    for (; *choices; choices++)
        putchar(*choices == '|' || *choices == ',' ? ' ' : *choices);
}

/* ---- bash ---- */

static const char bash_head[] =
    "# Completion of metaclip for bash.\n"
    "_metaclip()\n"
    "{\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=''\n"
    "    # --name=value comes as three words\n"
    "    if [[ $cur == = ]]; then\n"
    "        cur=''\n"
    "    elif [[ $prev == = ]]; then\n"
    "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n"
    "    COMPREPLY=()\n"
    "    if ((COMP_CWORD == 1)); then\n"
    "        words='";

static const char bash_middle[] = " --help --version'\n"
                                  "    else\n"
                                  "        case ${COMP_WORDS[1]}:$prev in\n";

static const char bash_tail[] =
    "        esac\n"
    "    fi\n"
    "    # nothing of ours: the names of files\n"
    "    [[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
    "}\n"
    "complete -o default -o bashdefault -F _metaclip metaclip\n";

int cli_complete_bash(cli *c)
{
    fputs(bash_head, stdout);
    print_names(c->commands);
    fputs(bash_middle, stdout);
    int code = show_parts(c, CLI_SHOW_BASH);
    fputs(bash_tail, stdout);
    return code;
}

/* The pattern of the case that an option's name, as the word before, makes. */
static void print_bash_pattern(const cli *c, const cli_opt *opt)
{
    if (cli_letter(opt))
        printf("%s:-%c", c->command->name, cli_letter(opt));
    if (cli_letter(opt) && cli_long(opt))
        fputs(" | ", stdout);
    if (cli_long(opt))
        printf("%s:--%s", c->command->name, cli_long(opt));
}

static void print_bash_options(const cli *c, const cli_opt *opts)
{
    for (; opts->kind != CLI_KIND_END; opts++) {
        if (opts->names && cli_letter(opts))
            printf("-%c ", cli_letter(opts));
        if (opts->names && cli_long(opts))
            printf("--%s ", cli_long(opts));
    }
    fputs("--help", stdout);
    if (strcmp(c->command->name, "help") == 0) {
        putchar(' ');
        print_names(c->commands);
    }
}

void cli_show_bash(const cli *c, const cli_opt *opts)
{
    for (const cli_opt *opt = opts; opt->kind != CLI_KIND_END; opt++) {
        if (!opt->names || !opt->value || opt->kind == CLI_KIND_MAYBE)
            continue;
        fputs("        ", stdout);
        print_bash_pattern(c, opt);
        fputs(") ", stdout);
        if (has_choices(opt)) {
            fputs("words='", stdout);
            print_choices(opt->value);
            puts("' ;;");
        } else {
            puts(";;");
        }
    }
    /* Options are offered where one was begun; elsewhere the names of files. */
    bool takes_words = strcmp(c->command->name, "help") == 0;
    printf("        %s:*) %swords='", c->command->name, takes_words ? "" : "[[ $cur != -* ]] || ");
    print_bash_options(c, opts);
    puts("' ;;");
}

/* ---- zsh ---- */

/* Text inside '...[text]' of _arguments. */
static void print_zsh_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (strchr("[]:\\", *text))
            printf("\\%c", *text);
        else
            putchar(*text);
    }
}

/* ":FILE:_files", ":a|b:(a b)", ":a,b:_sequence compadd - a b", ":N:" */
static void print_zsh_value(const cli_opt *opt)
{
    if (opt->kind == CLI_KIND_FLAG)
        return;
    printf(":%s:", opt->value);
    if (opt->kind == CLI_KIND_SET) {
        fputs("_sequence compadd - ", stdout);
        print_choices(opt->value);
    } else if (has_choices(opt)) {
        putchar('(');
        print_choices(opt->value);
        putchar(')');
    } else if (strcmp(opt->value, "DIR") == 0) {
        fputs("_files -/", stdout);
    } else if (opt->kind == CLI_KIND_WORD || opt->kind == CLI_KIND_LIST) {
        fputs("_files", stdout);
    }
}

static void print_zsh_spec(const cli_opt *opt, const char *name)
{
    bool is_long = name[1] == '-';
    printf(" \\\n            '%s%s%s[", opt->kind == CLI_KIND_LIST ? "*" : "", name,
           opt->kind == CLI_KIND_FLAG    ? ""
           : opt->kind == CLI_KIND_MAYBE ? "=-"
           : is_long                     ? "="
                                         : "+");
    print_zsh_text(opt->text);
    putchar(']');
    if (opt->kind == CLI_KIND_MAYBE)
        putchar(':'); /* the value is optional */
    print_zsh_value(opt);
    putchar('\'');
}

void cli_show_zsh(const cli *c, const cli_opt *opts)
{
    printf("        %s)\n        _arguments -s -S", c->command->name);
    for (; opts->kind != CLI_KIND_END; opts++) {
        char name[64];
        if (opts->kind == CLI_KIND_INPUTS)
            continue;
        if (cli_letter(opts)) {
            snprintf(name, sizeof name, "-%c", cli_letter(opts));
            print_zsh_spec(opts, name);
        }
        if (cli_long(opts)) {
            snprintf(name, sizeof name, "--%s", cli_long(opts));
            print_zsh_spec(opts, name);
        }
    }
    fputs(" \\\n            '(- *)'{-h,--help}'[this text]' \\\n            ", stdout);
    if (strcmp(c->command->name, "help") == 0) {
        fputs("'1:command:(", stdout);
        print_names(c->commands);
        puts(")' ;;");
    } else {
        puts("'*:file:_files' ;;");
    }
}

int cli_complete_zsh(cli *c)
{
    puts("#compdef metaclip\n"
         "# Completion of metaclip for zsh.\n"
         "_metaclip()\n"
         "{\n"
         "    local -a commands\n"
         "    commands=(");
    for (const cli_command *command = c->commands; command->name; command++) {
        printf("        '%s:", command->name);
        print_zsh_text(command->brief);
        puts("'");
    }
    puts("    )\n"
         "    if ((CURRENT == 2)); then\n"
         "        _describe -t commands 'command' commands\n"
         "        return\n"
         "    fi\n"
         "    local command=$words[2]\n"
         "    shift words\n"
         "    ((CURRENT--))\n"
         "    case $command in");
    int code = show_parts(c, CLI_SHOW_ZSH);
    puts("    esac\n"
         "}\n"
         "_metaclip \"$@\"");
    return code;
}
