/* Data cards, for the rest of this room; the public part is in metaclip/curate.h. */
#ifndef MCI_CURATE_CARD_H
#define MCI_CURATE_CARD_H

#include "base/buf.h"
#include "io/json.h"
#include "metaclip/curate.h"

/* What mc_card_load does, from parsed JSON. */
mc_status mci_card_parse(mci_json_value root, mc_card *out, mc_error *err);

/* card_lists.c: the member "lists". Appends it, with `between` between lists. */
mc_status mci_card_lists_format(mci_buf *out, const mc_card_list *lists, size_t n,
                                const char *between, mc_error *err);
/* Sets card->lists, which must be parts of card->n_entries that follow one another. */
mc_status mci_card_read_lists(mci_json_value array, mc_card *card, mc_error *err);

/* Appends a list's name, SHA-256, first id and length as members of an object, without braces. */
mc_status mci_list_format(mci_buf *out, const mc_metadata_list *list, mc_error *err);
/* Reads these. MC_E_FORMAT. */
mc_status mci_list_parse(mci_json_value object, mc_metadata_list *out, mc_error *err);
/* MC_E_FORMAT unless the list begins at *n_entries, which grows by its length, and its name is
 * behind `before` (NULL: none). */
mc_status mci_list_follows(const mc_metadata_list *list, const mc_metadata_list *before,
                           uint64_t *n_entries, mc_error *err);

#endif
