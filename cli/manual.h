/* Help on the terminal and man pages, both out of the tables of commands and options. */
#ifndef METACLIP_CLI_MANUAL_H
#define METACLIP_CLI_MANUAL_H

#include <stdio.h>

#include "opts.h"

/* `metaclip help COMMAND`, `metaclip help`. */
void cli_show_help(const cli *c, const cli_about *about, const cli_opt *opts);
void cli_show_overview(const cli_command *commands, FILE *to);

/* The pages metaclip-COMMAND.1 and metaclip.1, in roff with the man macros. */
void cli_show_man(const cli *c, const cli_about *about, const cli_opt *opts);
void cli_show_man_overview(const cli_command *commands);

/* Room for an option as help heads it, "-o, --output FILE", with all its choices. */
enum { CLI_HEADING = 160 };
const char *cli_heading(const cli_opt *opt, char out[CLI_HEADING]);
/* Its default in words, empty if there is none. */
const char *cli_default(const cli_opt *opt, char out[64]);

#endif
