/* What the command's parts share: the context of one run, and how it ends. */
#ifndef METACLIP_CLI_H
#define METACLIP_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes. CLI_GO is none: go on. */
enum { CLI_GO = -1, CLI_DONE = 0, CLI_FAILED = 1, CLI_MISUSE = 2 };

enum { CLI_WIDTH = 80 }; /* columns of help texts, and of a terminal that does not say */

/* A command is one function with one table of options. Most calls run it; the others have
 * cli_parse write about the table instead, which is why no text can get out of step with it. */
typedef enum { CLI_RUN, CLI_SHOW_HELP, CLI_SHOW_MAN, CLI_SHOW_BASH, CLI_SHOW_ZSH } cli_mode;

typedef struct cli cli;

typedef struct {
    const char *name;
    const char *brief; /* one line, no full stop */
    int (*run)(cli *c);
} cli_command;

/* The progress bar: what it measures from, and when it was last drawn. */
typedef struct {
    bool is_wanted, is_terminal, is_drawn;
    char phase[32];
    uint64_t first_done; /* what was done when the phase began */
    double began, last;  /* seconds of the monotonic clock */
} cli_bar;

struct cli {
    const cli_command *command;  /* the one that runs */
    const cli_command *commands; /* all of them; the last has no name */
    int argc;                    /* what follows the command's name */
    char **argv;
    cli_mode mode;
    const char **words;     /* room for 2 * argc: inputs, then the values of a repeated option */
    uint64_t given;         /* bit i: row i of the command's table was given */
    bool quiet, json;       /* --quiet, --json */
    const char *files_from; /* --files-from; NULL if not given */
    const char **inputs;    /* then: all inputs, in memory of their own */
    char *input_text;
    const char *output; /* the -o of this run, "-" for standard output */
    cli_bar bar;
};

#endif
