/* The images of an HTML page, as HTML5 reads it (charsets through ICU). */
#ifndef MCI_IO_HTML_H
#define MCI_IO_HTML_H

#include "io/page.h"

typedef struct mci_html mci_html; /* converters, readers and buffers: one per thread */

/* Who finds the images. Both find the same: the scanner is fast and asks Gumbo, which builds the
 * page's tree, where it is not sure (docs/html.md). */
typedef enum { MCI_HTML_SCAN, MCI_HTML_GUMBO } mci_html_reader;

mc_status mci_html_new(mci_html_reader reader, mci_html **out, mc_error *err);
void mci_html_free(mci_html *html);

/* Fills page with every <img> that has a src, in the order of the parsed tree, and the first
 * <base href>, both as written. Scripting counts as disabled, so <noscript> is read; so are the
 * contents of <template>; an svg's <image> is no <img>, HTML's <image> is one.
 * The charset is that of the byte order mark, else `charset` (the HTTP header's label, may be
 * empty), else of a <meta> or an XML declaration in the first 1024 bytes, else UTF-8 if the bytes
 * are valid as such, else windows-1252; labels are WHATWG's. Texts in the order alt, title,
 * data-image-title: CR and LF are removed, then trimmed; empty ones are counted and dropped.
 * page->uri is uri.
 * MC_SKIPPED with err: the page would take too much memory or time (html_tree.h), or make Gumbo
 * fail (html_trust.c). */
mc_status mci_html_images(mci_html *html, mc_str body, mc_str charset, mc_str uri, mci_page *page,
                          mc_error *err);

/* For what the scanner asked Gumbo to read the last page; NULL: it did not. */
const char *mci_html_asked(const mci_html *html);

#endif
