/* Lists that a user gives as a file of lines, or in one option with commas. */
#ifndef METACLIP_CLI_LINES_H
#define METACLIP_CLI_LINES_H

#include "cli.h"
#include "metaclip/base.h"

typedef struct {
    mc_str *items;
    size_t n;
    char *text; /* that the items point into */
} cli_lines;

/* The lines of a file, without their ends; blank ones are left out. Gives CLI_GO, or says why not.
 */
int cli_lines_read(cli *c, const char *path, cli_lines *out);
/* "a dog, a cat": cut at commas, spaces at both ends taken off. */
int cli_lines_cut(cli *c, const char *text, cli_lines *out);
void cli_lines_release(cli_lines *lines);

#endif
