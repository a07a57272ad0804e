/* Filling in what metaclip/info.h tells of a file. */
#ifndef MCI_BASE_INFO_FACTS_H
#define MCI_BASE_INFO_FACTS_H

#include "base/error.h"
#include "metaclip/base.h"
#include "metaclip/info.h"

void mci_info_kind(mc_info *info, const char *kind);
/* One more fact, unless there are MC_MAX_FACTS; what does not fit is cut off. */
void mci_info_fact(mc_info *info, const char *name, const char *format, ...) MC_PRINTF(3, 4);
void mci_info_count(mc_info *info, const char *name, uint64_t count);
void mci_info_yes_no(mc_info *info, const char *name, bool is);

#endif
