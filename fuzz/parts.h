/* An input in parts, and what must hold: for targets that make several things of a fuzzer's bytes.
 */
#ifndef METACLIP_FUZZ_PARTS_H
#define METACLIP_FUZZ_PARTS_H

#include <stdlib.h>
#include <string.h>

#include "metaclip/base.h"

static inline void require(bool holds)
{
    if (!holds)
        abort();
}

/* Splits off what stands before the first `mark`. False if there is none. */
static inline bool take_part(mc_str *rest, char mark, mc_str *part)
{
    const char *end = rest->len ? memchr(rest->data, mark, rest->len) : NULL;
    if (!end)
        return false;
    *part = (mc_str){ rest->data, (size_t)(end - rest->data) };
    *rest = (mc_str){ end + 1, rest->len - part->len - 1 };
    return true;
}

#endif
