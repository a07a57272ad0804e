/* Which t a job draws with. */
#ifndef MCI_CURATE_THIN_H
#define MCI_CURATE_THIN_H

#include "metaclip/curate.h"

/* t itself, or the t of tail_ratio if that is not negative; puts it and the counts' shape under it
 * into the summary. MC_E_ARG: t is 0, or as mc_t_of_tail_ratio. */
mc_status mci_choose_t(const mc_counts *counts, uint64_t t, double tail_ratio, mc_summary *summary,
                       mc_error *err);

#endif
