/* The images of a tree that Gumbo made, in its order. */
#ifndef MCI_IO_HTML_WALK_H
#define MCI_IO_HTML_WALK_H

#include <gumbo.h>

#include "base/buf.h"
#include "io/page.h"

typedef struct mci_html_walk mci_html_walk; /* a way's memory; one per thread */

mc_status mci_html_walk_new(mci_html_walk **out, mc_error *err);
void mci_html_walk_free(mci_html_walk *walk);

/* Adds the images of the tree and the first <base href> to page. */
mc_status mci_html_walk_images(mci_html_walk *walk, const GumboNode *document, mci_page *page,
                               mc_error *err);

#endif
