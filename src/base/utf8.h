/* UTF-8: checking, repairing, and the few facts about characters that readers need. */
#ifndef MCI_BASE_UTF8_H
#define MCI_BASE_UTF8_H

#include "base/buf.h"

enum { MCI_REPLACEMENT = 0xFFFD };

bool mci_utf8_valid(mc_str text);
/* How many bytes at the start are ASCII. */
size_t mci_ascii_run(mc_str text);

/* Reads one character at *at (< end), moves *at behind it. Wrong bytes give MCI_REPLACEMENT and
 * advance over the longest prefix of a character (Unicode's "maximal subpart", as WHATWG and
 * Python's errors="replace" do); *valid says which it was. */
uint32_t mci_utf8_next(const char **at, const char *end, bool *valid);

/* Appends text with every wrong sequence replaced by U+FFFD; adds their number to *n_replaced. */
mc_status mci_utf8_repair(mc_str text, mci_buf *out, uint64_t *n_replaced, mc_error *err);

/* Writes code_point (a surrogate or one above U+10FFFF becomes U+FFFD), gives the length 1..4. */
size_t mci_utf8_encode(uint32_t code_point, char out[4]);

/* The characters of Python's str.isspace (Unicode 14): what extraction trims. */
bool mci_is_space(uint32_t code_point);

/* text without those at both ends; text is valid UTF-8. */
mc_str mci_trim_space(mc_str text);

#endif
