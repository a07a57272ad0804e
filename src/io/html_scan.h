/* A fast reader of HTML that looks for images and builds no tree. What it says is what Gumbo's tree
 * says; a page on which it cannot be sure of that it leaves to Gumbo. See docs/html.md. */
#ifndef MCI_IO_HTML_SCAN_H
#define MCI_IO_HTML_SCAN_H

#include "io/page.h"

typedef struct mci_html_scan mci_html_scan; /* one per thread */

mc_status mci_html_scan_new(mci_html_scan **out, mc_error *err);
void mci_html_scan_free(mci_html_scan *scan);

/* Adds the images of text (valid UTF-8) and the first <base href> to page, which has none yet.
 * MC_END: Gumbo has to be asked, *why says for what; page may then hold some images.
 * MC_SKIPPED with err: Gumbo must not be asked (html_trust.c). */
mc_status mci_html_scan_images(mci_html_scan *scan, mc_str text, mci_page *page, const char **why,
                               mc_error *err);

/* Bounds on what Gumbo takes for text, which the scanner reads once more: its memory, and how many
 * elements it ever has open. For tests. */
typedef struct {
    uint64_t n_tree_bytes;
    size_t depth;
} mci_html_effort;
mci_html_effort mci_html_scan_effort(mci_html_scan *scan, mc_str text);

#endif
