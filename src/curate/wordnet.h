/* The synsets of WordNet 3.0 as entries. */
#ifndef MCI_CURATE_WORDNET_H
#define MCI_CURATE_WORDNET_H

#include "curate/metadata.h"

/* Appends the name of every synset in data.noun, data.verb, data.adj and data.adv of folder, in
 * this order and in file order, doubles and all. A synset's name is its first lemma, lower case
 * (ASCII), without the marker "(a)", "(p)" or "(ip)" of adjectives, "_" as a space, up to its first
 * dot (so it may be empty).
 * Errors: MC_E_IO, MC_E_FORMAT (file and line), MC_E_NOMEM. */
mc_status mci_wordnet_add(mci_entry_list *list, const char *folder, mc_error *err);
/* The name of file i, in this order. */
enum { MCI_WORDNET_FILES = 4 };
const char *mci_wordnet_file(size_t i);
/* The same for the lines of one file. */
mc_status mci_wordnet_add_lines(mci_entry_list *list, const mci_entry_list *lines, mc_error *err);

#endif
