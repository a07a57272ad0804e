/* Completion for shells, out of the tables of commands and options. */
#ifndef METACLIP_CLI_COMPLETION_H
#define METACLIP_CLI_COMPLETION_H

#include "opts.h"

/* A whole script; for each command it calls the command in the mode that gives its part. */
int cli_complete_bash(cli *c);
int cli_complete_zsh(cli *c);

/* The part of one command. */
void cli_show_bash(const cli *c, const cli_opt *opts);
void cli_show_zsh(const cli *c, const cli_opt *opts);

#endif
