/* What clang-tidy cannot see from one file: a failure is returned as it was given. `make lint` puts
 * this before every file of the library; no build does. */
#include "base/alloc.h"

#define mc_fail(err, status, ...)        (mc_fail(err, status, __VA_ARGS__), (status))
#define mc_add_context(err, status, ...) (mc_add_context(err, status, __VA_ARGS__), (status))
#define mci_nomem(err, n_bytes)          (mci_nomem(err, n_bytes), MC_E_NOMEM)
