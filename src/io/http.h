/* The HTTP message in a WARC response record (RFC 9112): status, headers, and the body with its
 * transfer and content encodings undone. */
#ifndef MCI_IO_HTTP_H
#define MCI_IO_HTTP_H

#include "base/buf.h"

typedef struct {
    int status;          /* 200, ...; 0 if the status line is unreadable */
    mc_str content_type; /* the header's value; empty if absent */
    mc_str charset;      /* its charset parameter, unquoted; empty if absent */
    mc_str body;
} mci_http_response;

typedef struct {
    mci_buf dechunked, decoded; /* reused from message to message */
} mci_http;

void mci_http_release(mci_http *http);

/* Views live until the next call, and as long as block. Chunked bodies that are cut give what is
 * there; bodies marked chunked that are not are taken as they are, and so are bodies marked gzip
 * that are not. gzip, x-gzip, deflate (zlib and raw) and zstd are undone, up to max_body_bytes, in
 * lists of them too; what follows damage in them is lost, checksums are not looked at. identity and
 * such words servers send for it ("none", "utf-8") mean nothing. A folded value is given as
 * written. MC_SKIPPED with err: no HTTP message, an encoding that is not known (br, named), or a
 * body beyond the limit; status and content_type are then set if they could be read. */
mc_status mci_http_parse(mci_http *http, mc_str block, uint64_t max_body_bytes,
                         mci_http_response *out, mc_error *err);

#endif
