/* Character references as Python's html.unescape takes them, which is not quite what HTML says. */
#ifndef MCI_TEXT_HTML_UNESCAPE_H
#define MCI_TEXT_HTML_UNESCAPE_H

#include "base/buf.h"

/* Appends text (valid UTF-8) with its references replaced, one pass: what a reference gives is not
 * looked at again.
 *   &#65 &#65; &#x41;  a number, the ; may be left out; windows-1252's for U+0080..U+009F; U+FFFD
 *                      for 0, surrogates and what is beyond U+10FFFF; nothing at all for other
 *                      controls and the characters that are none (U+FDD0, U+FFFE, ...)
 *   &amp; &notit;      the longest name that stands there, whatever follows it ("¬it;")
 *   anything else      stays as it is
 * One difference: Python raises on a decimal number of more than 4300 digits; here it is U+FFFD. */
mc_status mci_html_unescape(mc_str text, mci_buf *out, mc_error *err);

#endif
