#include "ranks.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool parse_number(const char *text, const char **end, unsigned *out)
{
    char *behind;
    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    unsigned long value = strtoul(text, &behind, 10);
    *end = behind;
    *out = (unsigned)value;
    return errno == 0 && value <= 1000000;
}

bool cli_ranks_parse(const char *text, cli_ranks *out)
{
    const char *end;
    return parse_number(text, &end, &out->rank) && *end == '/' &&
           parse_number(end + 1, &end, &out->n_ranks) && *end == '\0' && out->rank < out->n_ranks;
}

cli_ranks cli_ranks_of_environment(void)
{
    static const char *const names[][2] = {
        { "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE" },
        { "PMI_RANK", "PMI_SIZE" },
        { "SLURM_PROCID", "SLURM_NTASKS" }, /* last: a launcher may run inside a Slurm job */
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *rank = getenv(names[i][0]), *size = getenv(names[i][1]);
        char text[64];
        cli_ranks found;
        if (!rank || !size || snprintf(text, sizeof text, "%s/%s", rank, size) >= (int)sizeof text)
            continue;
        if (cli_ranks_parse(text, &found))
            return found;
    }
    return (cli_ranks){ 0, 1 };
}
