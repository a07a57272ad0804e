/* One HTTP request after the other over kept connections: a file, or the rest of one. */
#ifndef MCI_MODEL_PULL_HTTP_H
#define MCI_MODEL_PULL_HTTP_H

#include "base/error.h"
#include "metaclip/base.h"

typedef struct mci_http mci_http;

enum { MCI_VALIDATOR_BYTES = 256 };

/* What the last server of a chain of redirects said, before the first byte of its body. */
typedef struct {
    long status;    /* 200, 206, ... */
    uint64_t first; /* of a 206: the place of its first byte in the file */
    uint64_t total; /* bytes of the whole file; MCI_NO_TOTAL if it does not say */
    /* By which If-Range tells whether the file is still the same: a strong ETag, else the date of
     * change, else "". */
    char validator[MCI_VALIDATOR_BYTES];
    /* The SHA-256 that a host states of the file behind the redirect (X-Linked-ETag of Hugging
     * Face), or "". */
    char sha256[MC_SHA256_DIGITS + 1];
    unsigned retry_after_s; /* 0: it does not say */
} mci_http_answer;

#define MCI_NO_TOTAL UINT64_MAX

typedef struct {
    const char *url;
    uint64_t from;         /* bytes that are there already: asked for is what follows */
    const char *validator; /* of these; not empty if from > 0 */
    /* Called once for an answer of 200 or 206, before any byte of it. A failure ends the request
     * and is what it returns. */
    mc_status (*start)(void *user, const mci_http_answer *answer, mc_error *err);
    mc_status (*take)(void *user, mc_str bytes, mc_error *err);
    void *user;
} mci_http_request;

/* Loads libcurl. stall_s: a connection that gives nothing for so long is broken. */
mc_status mci_http_open(unsigned stall_s, mci_http **out, mc_error *err);
void mci_http_close(mci_http *http);

/* MC_OK if the answer came to its end. *may_retry says of a failure whether the same request may
 * have more luck: what callbacks returned has not, nor has a status that is the server's last word.
 * *answer is what is known of the answer, status 0 if nothing. Errors: MC_E_IO, with the address
 * and the reason; MC_E_BACKEND; those of the callbacks. */
mc_status mci_http_get(mci_http *http, const mci_http_request *request, mci_http_answer *answer,
                       bool *may_retry, mc_error *err);

#endif
