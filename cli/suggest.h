/* "Did you mean?" */
#ifndef METACLIP_CLI_SUGGEST_H
#define METACLIP_CLI_SUGGEST_H

#include <stddef.h>

/* The best guess so far at what a mistyped word stood for. Start with the word alone. */
typedef struct {
    const char *typed;
    const char *best; /* NULL: nothing is near enough */
    size_t distance;
} cli_guess;

/* Offers a name: it becomes the guess if it is nearer than the best so far and near enough. */
void cli_guess_offer(cli_guess *guess, const char *name);

#endif
