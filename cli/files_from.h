/* --files-from: names of inputs out of a file, for more of them than a command line holds. */
#ifndef CLI_FILES_FROM_H
#define CLI_FILES_FROM_H

#include "cli.h"

/* Makes c->inputs of the n first words and the lines of c->files_from ("-" is standard input); a
 * line without characters is passed over. Gives CLI_GO and the number of all, or reports and gives
 * CLI_FAILED. */
int cli_add_files(cli *c, size_t n, size_t *n_all);
void cli_free_files(cli *c);

#endif
