/* metaclip help: the tables of commands and options, written out for people and for shells. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "completion.h"
#include "manual.h"
#include "opts.h"
#include "suggest.h"

static const cli_about about = {
    .usage = "[--man] [COMMAND]\n"
             "--completion bash|zsh",
    .about = "Lists the commands, or tells about one of them. With --man it writes the manual "
             "page instead, with --completion the script that makes a shell complete commands "
             "and options.",
    .example = "metaclip help curate\n"
               "metaclip help --completion bash > ~/.local/share/bash-completion/completions/"
               "metaclip",
};

static int show_command(const cli *c, const char *name, cli_mode mode)
{
    cli_guess guess = { .typed = name };
    for (const cli_command *command = c->commands; command->name; command++) {
        cli shown = { .command = command, .commands = c->commands, .mode = mode };
        if (strcmp(command->name, name) == 0)
            return command->run(&shown);
        cli_guess_offer(&guess, command->name);
    }
    return guess.best
               ? cli_misuse(c, "there is no command '%s'; did you mean '%s'?", name, guess.best)
               : cli_misuse(c, "there is no command '%s'", name);
}

int cmd_help(cli *c)
{
    const char *const *names = NULL;
    const char *completion = NULL;
    size_t n = 0;
    bool man = false;
    const cli_opt opts[] = {
        CLI_FLAG("man", &man, "write the manual page, in roff"),
        CLI_WORD("completion", "bash|zsh", &completion,
                 "write the completion script of this shell"),
        CLI_INPUTS("COMMAND", &names, &n, 0, 1, "one of those that 'metaclip help' lists"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code != CLI_GO)
        return code;
    if (completion && (man || n))
        return cli_misuse(c, "--completion stands alone: one script serves all commands");
    if (completion)
        return strcmp(completion, "zsh") == 0 ? cli_complete_zsh(c) : cli_complete_bash(c);
    if (n)
        return show_command(c, names[0], man ? CLI_SHOW_MAN : CLI_SHOW_HELP);
    if (man)
        cli_show_man_overview(c->commands);
    else
        cli_show_overview(c->commands, stdout);
    return CLI_DONE;
}
