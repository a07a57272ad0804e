/* Writing JSON text. */
#ifndef MCI_BASE_JSON_TEXT_H
#define MCI_BASE_JSON_TEXT_H

#include "base/buf.h"

/* Appends text as a JSON string with its quotes: UTF-8 as it is; `"`, `\` and controls below U+0020
 * escaped (\b \t \n \f \r, the others \u00xx in lower-case hex). text is valid UTF-8. */
mc_status mci_json_add_string(mci_buf *out, mc_str text, mc_error *err);
/* Whether its bytes need no escape, so that the string is text between quotes. */
bool mci_json_is_plain(mc_str text);
/* Appends a number in decimal. */
mc_status mci_json_add_u64(mci_buf *out, uint64_t value, mc_error *err);
/* Appends n numbers with commas between them. */
mc_status mci_json_add_u32s(mci_buf *out, const uint32_t *values, size_t n, mc_error *err);

#endif
