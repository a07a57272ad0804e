/* The images of one WAT record: Common Crawl's JSON about a page. */
#ifndef MCI_IO_WAT_H
#define MCI_IO_WAT_H

#include "base/buf.h"
#include "io/json.h"
#include "io/page.h"

/* Fills page from the block of a WAT record: its first line that is a JSON object is read, whatever
 * follows. Lines before it that are none, or no valid UTF-8, are counted in page->n_skipped_lines;
 * blank ones are not.
 *   uri    Envelope.WARC-Header-Metadata.WARC-Target-URI; empty if absent (the header of the WAT
 *          record names it too, and the original looks only there)
 *   base   Envelope.Payload-Metadata.HTTP-Response-Metadata.HTML-Metadata.Head.Base
 *   links  those of ....HTML-Metadata.Links[] with a url and a path that begins with "IMG@/src"
 * Values of a wrong type are as if absent; a null url stands for the page, as an empty one does.
 * Texts in the order alt, title, data-image-title: CR and LF become a space, then trimmed; empty
 * ones are counted and dropped. `scratch` holds bytes in work.
 * Most strings of the page are views of the block: it must stay for as long.
 * MC_END: a sound record that is about no response with links (a request, ...). MC_SKIPPED with
 * err: nothing in it is readable. */
mc_status mci_wat_images(mci_json *json, mci_buf *scratch, mc_str block, mci_page *page,
                         mc_error *err);

#endif
