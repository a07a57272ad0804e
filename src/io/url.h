/* Joining of urls, to the byte as CPython 3.11's urllib.parse.urljoin(base, url) does it. */
#ifndef MCI_IO_URL_H
#define MCI_IO_URL_H

#include "base/buf.h"

/* Puts urljoin(base, url) into out (which is cleared first). Both are valid UTF-8.
 * MC_SKIPPED with err where urljoin raises ValueError: "Invalid IPv6 URL", a netloc that NFKC
 * would change into one with other delimiters, ... */
mc_status mci_url_join(mc_str base, mc_str url, mci_buf *out, mc_error *err);

#endif
