/* Pages of MediaWiki's XML dumps (export-0.3 to 0.11), which are written page by page:
 *
 *     <mediawiki ...> <siteinfo> ... </siteinfo> <page> ... </page> <page> ... </page> </mediawiki>
 *
 * Each page is parsed alone, by expat: pages can be shared among threads, and one that is damaged
 * loses no other. Source: https://www.mediawiki.org/xml/export-0.11.xsd */
#ifndef MCI_IO_WIKI_XML_H
#define MCI_IO_WIKI_XML_H

#include "base/buf.h"
#include "base/error.h"

typedef struct mci_wiki_xml mci_wiki_xml;

typedef struct {
    mc_str title;
    mc_str text;  /* wikitext of the last revision in the file */
    mc_str model; /* "wikitext"; empty in old dumps */
    long ns;      /* namespace: 0 is articles */
    bool is_redirect;
} mci_wiki_page;

mc_status mci_wiki_xml_new(mci_wiki_xml **out, mc_error *err);
void mci_wiki_xml_free(mci_wiki_xml *xml);

/* element: from "<page" to "</page>". *page lives until the next call. MC_SKIPPED with err: it is
 * no well-formed XML. Errors: MC_E_NOMEM. */
mc_status mci_wiki_xml_parse(mci_wiki_xml *xml, mc_str element, mci_wiki_page *page, mc_error *err);

/* Where the next page begins in text; text.len if none does (then up to 5 bytes at the end may be
 * the beginning of one). *end: behind its "</page>"; 0 if that is not there. */
size_t mci_wiki_find_page(mc_str text, size_t *end);

/* Appends the dump's own names of the namespaces 6 (files) and 14 (categories) from its siteinfo,
 * in lower case, each followed by LF. */
mc_status mci_wiki_namespaces(mc_str head, mci_buf *out, mc_error *err);

#endif
