/* Character encodings of the web: WHATWG's labels, and how a page tells its own
 * (encoding.spec.whatwg.org; html.spec.whatwg.org, "Determining the character encoding"). */
#ifndef MCI_IO_CHARSET_H
#define MCI_IO_CHARSET_H

#include "base/buf.h"

typedef struct mci_encoding mci_encoding; /* constant; never freed */

/* The encoding of a label such as "Latin1" (which is windows-1252); ASCII white space around it and
 * case do not matter. NULL: not known. */
const mci_encoding *mci_encoding_of_label(mc_str label);
/* That of the byte order mark at the start, whose length goes to *n_bytes; NULL and 0: none. */
const mci_encoding *mci_encoding_of_bom(mc_str bytes, size_t *n_bytes);
/* That which the first 1024 bytes of an HTML page name in a <meta>, else in an XML declaration;
 * NULL: they do not. */
const mci_encoding *mci_encoding_of_html(mc_str bytes);
/* WHATWG's name in lower case: "utf-8", "shift_jis", ... */
const char *mci_encoding_name(const mci_encoding *encoding);

/* Decoders, opened when first needed. One per thread. */
typedef struct mci_charset mci_charset;

mc_status mci_charset_new(mci_charset **out, mc_error *err);
void mci_charset_free(mci_charset *charset);

/* Appends bytes as UTF-8; what is wrong becomes U+FFFD and is added to *n_replaced. A byte order
 * mark is a character like others. MC_E_BACKEND: ICU lacks the converter. */
mc_status mci_charset_decode(mci_charset *charset, const mci_encoding *encoding, mc_str bytes,
                             mci_buf *out, uint64_t *n_replaced, mc_error *err);

/* The same as a view: of bytes, if they are UTF-8 as they stand (as ASCII is in most encodings),
 * else of scratch, whose content goes. */
mc_status mci_charset_text(mci_charset *charset, const mci_encoding *encoding, mc_str bytes,
                           mci_buf *scratch, mc_str *text, uint64_t *n_replaced, mc_error *err);

#endif
