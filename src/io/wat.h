/* The images of one WAT record: Common Crawl's JSON about a page. */
#ifndef MCI_IO_WAT_H
#define MCI_IO_WAT_H

#include "base/buf.h"
#include "io/json.h"
#include "io/page.h"

/* Fills page from the block of a WAT record: its first line that is valid JSON of an object is
 * read, whatever follows.
 *   uri    Envelope.WARC-Header-Metadata.WARC-Target-URI
 *   base   Envelope.Payload-Metadata.HTTP-Response-Metadata.HTML-Metadata.Head.Base
 *   links  those of ....HTML-Metadata.Links[] whose path begins with "IMG@/src"
 * Texts in the order alt, title, data-image-title: CR and LF become a space, then trimmed; empty
 * ones are counted and dropped. MC_END: a sound record that is about no response with links (a
 * request, ...). MC_SKIPPED with err: nothing in it is readable. `scratch` holds repaired bytes. */
mc_status mci_wat_images(mci_json *json, mci_buf *scratch, mc_str block, mci_page *page,
                         mc_error *err);

#endif
