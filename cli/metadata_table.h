/* What `metaclip metadata` tells about finished lists. */
#ifndef METACLIP_CLI_METADATA_TABLE_H
#define METACLIP_CLI_METADATA_TABLE_H

#include "cli.h"

/* --stats: each list by its sources, as its sidecar names them. */
int cli_metadata_stats(cli *c, const char *const *paths, size_t n);
/* --diff: two lists. */
int cli_metadata_diff(cli *c, const char *const *paths, size_t n);

#endif
