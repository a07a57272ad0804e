/* Plain C, which says what kernels do. */
#include <string.h>

#include "text/kernels_internal.h"
#include "text/spacing.h"

static void lay(char *to, const char *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = from[i] == MCI_TEXT_END ? ' ' : from[i];
}

static size_t find_ends(const char *bytes, size_t n, uint32_t *ends)
{
    size_t n_ends = 0;
    for (size_t i = 0; i < n; i++) {
        ends[n_ends] = (uint32_t)i;
        n_ends += mci_ends_token(bytes[i]);
    }
    return n_ends;
}

const mci_kernels mci_kernels_plain = { .name = "plain", .lay = lay, .find_ends = find_ends };
