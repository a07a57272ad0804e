/* How a command speaks while it runs and when it ends. Results go to standard output, everything
 * else to standard error. */
#ifndef METACLIP_CLI_REPORT_H
#define METACLIP_CLI_REPORT_H

#include "cli.h"
#include "metaclip/curate.h"

/* To be called before the work. Remembers the output, refuses --json where the output itself goes
 * to standard output, and makes the hooks show progress and warnings. Gives CLI_GO or CLI_MISUSE.
 * output is NULL for a command that writes no file. */
int cli_begin(cli *c, const char *output, mc_hooks *hooks);

/* Takes the progress bar off the screen. */
void cli_clear_bar(cli *c);

/* Says what failed and gives the exit code: CLI_MISUSE for MC_E_ARG, else CLI_FAILED. Says nothing
 * if the reader of standard output went away. */
int cli_fail(cli *c, mc_status status, const mc_error *err);

/* Prints the JSON that a call of the library made, and frees it; or what failed, if that did. */
int cli_print_json(cli *c, mc_status status, char *json, const mc_error *err);

/* The end of a job: its failure, or its summary as --json and --quiet ask. */
int cli_finish(cli *c, mc_status status, const mc_summary *summary, const mc_error *err);

/* What a command that passes over what it cannot use ends with: CLI_DONE, or, if of n `things`
 * ("images") it could use not a single one, CLI_FAILED with a word about that. */
int cli_done_with(const cli *c, uint64_t n, uint64_t n_failed, const char *things);

/* Flushes standard output; a failure to write makes of a CLI_DONE a CLI_FAILED. */
int cli_flush(cli *c, int code);

#endif
