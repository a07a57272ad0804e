/* What a line of a block list means (docs/formats/block-lists.md), and the host of a url, which is
 * what its hosts are held against. */
#ifndef MCI_CURATE_BLOCK_LINE_H
#define MCI_CURATE_BLOCK_LINE_H

#include "base/error.h"
#include "metaclip/base.h"

/* In the order in which a record is asked about them. */
typedef enum { MCI_BLOCK_UUID, MCI_BLOCK_URL, MCI_BLOCK_HOST, MCI_N_BLOCK_KINDS } mci_block_kind;

/* "uuid", "url", "host": what stands before the colon of a line. */
const char *mci_block_kind_name(mci_block_kind kind);

/* Beyond what DNS can hold (253 bytes, as UTF-8 at most some 950). */
enum { MCI_MAX_HOST_BYTES = 1024 };

/* A host as it is compared: A-Z in lower case, no dot at the end, an IPv6 address in brackets and
 * in its shortest form. */
typedef struct {
    char bytes[MCI_MAX_HOST_BYTES];
    size_t len;
    bool is_address; /* IPv4 or IPv6: no domain, so nothing is above it */
} mci_host;

typedef struct {
    mci_block_kind kind;
    mc_str text; /* normalised; of the line, or of host below */
    mci_host host;
} mci_block_item;

/* Reads a line, without its line end. MC_OK; MC_END: a comment, or nothing; MC_E_FORMAT: it names
 * nothing that could be blocked. *out is written on MC_OK; it must not be moved afterwards. */
mc_status mci_block_line_parse(mc_str line, mci_block_item *out, mc_error *err);

/* The host that url would be fetched from: without user, password and port, and with %XX decoded.
 * Of one that is too long the end, which begins with a label. False if the url has none. */
bool mci_host_of_url(mc_str url, mci_host *out);

/* From a domain to the one above it, in the same bytes: "a.b.example", "b.example", "example".
 * False at the top. */
bool mci_domain_above(mc_str *domain);

#endif
