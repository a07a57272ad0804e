/* What a harvester is; for harvest*.c. */
#ifndef MCI_CORPUS_HARVEST_INTERNAL_H
#define MCI_CORPUS_HARVEST_INTERNAL_H

#include "corpus/harvest.h"
#include "io/wiki_xml.h"
#include "io/wikitext.h"

struct mci_harvester {
    const mci_harvest_rule *rule;
    const mci_letters *letters;
    mci_count_table *table;
    mci_tokenizer *tokenizer;
    mci_wiki_xml *xml;
    mci_wikitext wikitext;
    mci_buf prose, scratch;
    mc_corpus_summary seen;
    uint32_t last; /* number of the word before */
};

/* Names a thing that was passed over, one of the first. */
void mci_harvest_note(mci_harvester *h, const char *name, const char *what);

/* A page of a dump, from "<page" to "</page>". */
mc_status mci_harvest_page(mci_harvester *h, mc_str element, const char *name, mc_str hidden,
                           mc_error *err);
/* Whole lines: text to count, or page views. */
mc_status mci_harvest_lines(mci_harvester *h, mc_str lines, const char *name, mc_error *err);

#endif
