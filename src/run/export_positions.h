/* Positions of texts in 32 bits, as the original's files have them. */
#ifndef MCI_RUN_EXPORT_POSITIONS_H
#define MCI_RUN_EXPORT_POSITIONS_H

#include "base/error.h"
#include "metaclip/base.h"

/* Whether n texts from position `first` on leave the shard with no more than 2^32 - 1 of them;
 * MC_E_LIMIT otherwise. */
mc_status mci_positions_check(uint64_t first, uint64_t n, mc_error *err);

#endif
