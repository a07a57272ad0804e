/* Where pulled models lie, unless an option says otherwise. */
#ifndef METACLIP_CLI_MODELS_DIR_H
#define METACLIP_CLI_MODELS_DIR_H

#include <limits.h>

typedef struct {
    char path[PATH_MAX];
} cli_models_dir;

/* What help says of it. */
#define CLI_MODELS_DIR "$METACLIP_HOME, else $XDG_CACHE_HOME/metaclip, else ~/.cache/metaclip"

/* The folder; NULL if the environment tells none, or too long a one. */
const char *cli_find_models_dir(cli_models_dir *dir);

#endif
