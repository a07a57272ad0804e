/* Gumbo, kept within bounds. By itself it takes whatever memory a page makes it take, walks long
 * lists again and again, and frees its trees by recursion; here a page that would misuse that is
 * refused, and a tree is freed in one go. */
#ifndef MCI_IO_HTML_TREE_H
#define MCI_IO_HTML_TREE_H

#include <gumbo.h>

#include "base/error.h"
#include "metaclip/base.h"

typedef struct mci_html_tree mci_html_tree; /* a parser's memory; one per thread */

mc_status mci_html_tree_new(mci_html_tree **out, mc_error *err);
void mci_html_tree_free(mci_html_tree *tree);

/* Parses text, which is valid UTF-8 (that of a byte order mark is a character like others), and
 * lends the document node until the next call; it points into text, too. Scripting counts as
 * disabled. MC_SKIPPED with err: elements nested thousands deep, thousands of attributes on one
 * element, or more than half a gigabyte of nodes. */
mc_status mci_html_tree_parse(mci_html_tree *tree, mc_str text, const GumboNode **document,
                              mc_error *err);
/* What it takes for that. */
size_t mci_html_tree_bytes(const mci_html_tree *tree);

#endif
