/* The marks of a plan: t = 1, 2, 5, 10 and so on. */
#ifndef MCI_CURATE_PLAN_H
#define MCI_CURATE_PLAN_H

#include "curate/expect.h"

/* Puts into grid the marks up to the first that is at least `largest`, and t at its place (0:
 * none). At most MC_MAX_PLAN_ROWS. */
void mci_plan_marks(uint64_t largest, uint64_t t, mci_expect *grid);

#endif
