#include "models_dir.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* A variable that is set to nothing is as good as none. */
static bool put(cli_models_dir *dir, const char *variable, const char *below)
{
    const char *value = getenv(variable);
    if (!value || !value[0])
        return false;
    int n = snprintf(dir->path, sizeof dir->path, "%s%s", value, below);
    return n > 0 && (size_t)n < sizeof dir->path;
}

const char *cli_find_models_dir(cli_models_dir *dir)
{
    bool found = put(dir, "METACLIP_HOME", "") || put(dir, "XDG_CACHE_HOME", "/metaclip") ||
                 put(dir, "HOME", "/.cache/metaclip");
    return found ? dir->path : NULL;
}
