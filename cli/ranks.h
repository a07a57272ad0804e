/* Which one of several processes this is: --shards, else what a launcher put into the
 * environment. */
#ifndef CLI_RANKS_H
#define CLI_RANKS_H

#include <stdbool.h>

typedef struct {
    unsigned rank, n_ranks;
} cli_ranks;

/* "I/N" with I < N, counted from 0. False if it is not of that form. */
bool cli_ranks_parse(const char *text, cli_ranks *out);

/* From Slurm, Open MPI, or the PMI launchers (MPICH, Intel MPI); 0 of 1 if none says anything. */
cli_ranks cli_ranks_of_environment(void);

#endif
