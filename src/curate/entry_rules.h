/* Which strings are no entries. */
#ifndef MCI_CURATE_ENTRY_RULES_H
#define MCI_CURATE_ENTRY_RULES_H

#include "metaclip/base.h"

/* False for what is empty, holds nothing but punctuation and spaces, or is longer than 256
 * characters. Wrong bytes are characters. */
bool mci_may_be_entry(mc_str text);

#endif
