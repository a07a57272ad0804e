/* From the attributes of an <img> or <base> to the page: one rule, whoever reads the markup. */
#ifndef MCI_IO_HTML_LINKS_H
#define MCI_IO_HTML_LINKS_H

#include "base/buf.h"
#include "io/page.h"

/* The attributes of an image that count: its src, then the texts in their order. */
enum { MCI_N_IMAGE_ATTRIBUTES = 1 + MCI_MAX_LINK_TEXTS };
extern const char *const mci_image_attributes[MCI_N_IMAGE_ATTRIBUTES];

/* Adds an image with these values; data is NULL where there is no such attribute. Without a src it
 * is none. scratch is for the call. */
mc_status mci_html_add_image(const mc_str values[MCI_N_IMAGE_ATTRIBUTES], mci_buf *scratch,
                             mci_page *page, mc_error *err);
/* Takes the href of a <base> (NULL: it has none), unless an earlier one had one. */
mc_status mci_html_set_base(mc_str href, mci_page *page, mc_error *err);

#endif
