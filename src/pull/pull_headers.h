/* What the header lines of an HTTP answer mean for a download (RFC 9110). */
#ifndef MCI_MODEL_PULL_HEADERS_H
#define MCI_MODEL_PULL_HEADERS_H

#include "pull/pull_http.h"

/* Takes one line of a chain of answers into *answer: a status line begins it anew, but for what was
 * said of the file behind a redirect. Lines that are none are passed over. */
void mci_http_read_line(mci_http_answer *answer, mc_str line);
/* "bytes 5-9/10", or with a star for either part; *first is UINT64_MAX, *total MCI_NO_TOTAL then.
 * False for everything else. */
bool mci_http_content_range(mc_str value, uint64_t *first, uint64_t *total);

#endif
