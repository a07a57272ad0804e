/* Values that were read as JSON, written as JSON again in one form: compact, UTF-8 unescaped but
 * for `"`, `\` and controls. */
#ifndef MCI_IO_JSON_WRITE_H
#define MCI_IO_JSON_WRITE_H

#include "base/buf.h"
#include "io/json.h"

/* Appends value. Integers of 64 bits stay what they are; all other numbers are written as doubles,
 * with the fewest digits that give the same one and always with a point or an exponent; NaN,
 * Infinity and what is beyond doubles become null. Repeated keys stay. At most 5/3 as long as
 * what was read; what is written is written the same when read again. */
mc_status mci_json_write(mci_json_value value, mci_buf *out, mc_error *err);

#endif
