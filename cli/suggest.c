#include "suggest.h"

#include <string.h>

enum { MAX_WORD = 40, FAR = 1000 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Letters to insert, remove, change, or swap with the next to get from a to b. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t cost[MAX_WORD + 1][MAX_WORD + 1];
    size_t n = strlen(a), m = strlen(b);
    if (n > MAX_WORD || m > MAX_WORD)
        return FAR;
    for (size_t i = 0; i <= n; i++) {
        for (size_t j = 0; j <= m; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            cost[i][j] = smallest(cost[i - 1][j] + 1, cost[i][j - 1] + 1,
                                  cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = smallest(cost[i][j], cost[i - 2][j - 2] + 1, FAR);
        }
    }
    return cost[n][m];
}

void cli_guess_offer(cli_guess *guess, const char *name)
{
    size_t len = strlen(guess->typed);
    size_t distance = edit_distance(guess->typed, name);
    /* A name that was only begun is a good guess, however long the rest of it. */
    if (len >= 3 && strncmp(guess->typed, name, len) == 0)
        distance = 1;
    if (distance > 2 || distance >= strlen(name))
        return;
    if (!guess->best || distance < guess->distance) {
        guess->best = name;
        guess->distance = distance;
    }
}
