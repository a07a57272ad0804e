/* Data cards, for the rest of this room; the public part is in metaclip/curate.h. */
#ifndef MCI_CURATE_CARD_H
#define MCI_CURATE_CARD_H

#include "io/json.h"
#include "metaclip/curate.h"

/* What mc_card_load does, from parsed JSON. */
mc_status mci_card_parse(mci_json_value root, mc_card *out, mc_error *err);

#endif
