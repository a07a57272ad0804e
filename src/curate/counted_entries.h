/* Entries from the lists of others: counted ones, and wordnets of other languages. */
#ifndef MCI_CURATE_COUNTED_ENTRIES_H
#define MCI_CURATE_COUNTED_ENTRIES_H

#include "curate/metadata.h"

/* Appends the entries of a counted list (docs/formats/counted-lists.md) in its order: lines
 * "entry TAB count", and what may follow behind another TAB. Errors: MC_E_IO, MC_E_FORMAT (the
 * line). */
mc_status mci_counted_add(mci_entry_list *list, const char *path, mc_error *err);

/* Appends the lemmas of a tab file of Open Multilingual WordNet in its order: lines
 * "00001740-n TAB lemma TAB word", or "fra:lemma". "_" becomes a space, "+" is left out, comments
 * and other lines (definitions, examples) are passed over. Source: https://omwn.org/doc/topics.html
 * Errors: MC_E_IO, MC_E_FORMAT (the line). */
mc_status mci_omw_add(mci_entry_list *list, const char *path, mc_error *err);

#endif
