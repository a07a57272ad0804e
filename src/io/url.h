/* Joining of urls, to the byte as CPython 3.11's urllib.parse.urljoin(base, url) does it (3.11.7;
 * the others differ in the scheme rtsps and in what they refuse between brackets). */
#ifndef MCI_IO_URL_H
#define MCI_IO_URL_H

#include "base/buf.h"

/* Puts urljoin(base, url) into out (which is cleared first). Both are valid UTF-8
 * and lie elsewhere.
 * MC_SKIPPED with err where urljoin raises ValueError: "Invalid IPv6 URL", a netloc that NFKC
 * would change into one with other delimiters, ... */
mc_status mci_url_join(mc_str base, mc_str url, mci_buf *out, mc_error *err);

/* The same for many urls of one base, which is taken apart once. One thread at a time. */
typedef struct mci_url_joiner mci_url_joiner;

mc_status mci_url_joiner_new(mci_url_joiner **out, mc_error *err);
void mci_url_joiner_free(mci_url_joiner *joiner);
/* Keeps the view until the next one. */
mc_status mci_url_joiner_set_base(mci_url_joiner *joiner, mc_str base, mc_error *err);
mc_status mci_url_joiner_join(mci_url_joiner *joiner, mc_str url, mci_buf *out, mc_error *err);
/* The same as a view: of url itself where nothing changes, else of room, which is cleared first.
 * Urls of the web that hold nothing odd are not taken apart. */
mc_status mci_url_joiner_resolve(mci_url_joiner *joiner, mc_str url, mci_buf *room, mc_str *out,
                                 mc_error *err);

#endif
