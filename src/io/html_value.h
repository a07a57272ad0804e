/* What the value of an attribute means: character references, line ends, and characters that HTML
 * does not have. */
#ifndef MCI_IO_HTML_VALUE_H
#define MCI_IO_HTML_VALUE_H

#include "base/buf.h"

/* The value of a raw one (UTF-8, without quotes): raw itself where nothing in it has a meaning,
 * else a text in scratch. MC_END: it holds a number that readers take differently. */
mc_status mci_html_value(mc_str raw, mci_buf *scratch, mc_str *value, mc_error *err);

#endif
