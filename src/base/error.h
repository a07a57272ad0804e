/* Inside the library: shorthand around metaclip/error.h. */
#ifndef MCI_BASE_ERROR_H
#define MCI_BASE_ERROR_H

#include "metaclip/error.h"

/* Returns a failure of `call` at once. Not for `_next` functions: positives are dropped. */
#define MC_TRY(call)                    \
    do {                                \
        mc_status try_status_ = (call); \
        if (try_status_ < 0)            \
            return try_status_;         \
    } while (0)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
