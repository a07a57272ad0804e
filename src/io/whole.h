/* Small files, read whole and decompressed. */
#ifndef MCI_IO_WHOLE_H
#define MCI_IO_WHOLE_H

#include "base/buf.h"
#include "io/json.h"

/* Beyond what any data card or list of counts needs; a bound against compressed bombs. */
#define MCI_MAX_WHOLE_BYTES ((uint64_t)1 << 30)

/* Puts all bytes of the file into out (which is cleared first); path "-" is standard input.
 * Damage is a failure here. Errors: MC_E_IO, MC_E_FORMAT (damaged), MC_E_LIMIT, MC_E_NOMEM; all
 * name the path. */
mc_status mci_read_whole(const char *path, uint64_t max_bytes, mci_buf *out, mc_error *err);

/* Parses a text that is nothing but one JSON value. *root lives until mci_json_free(*json), which
 * is the caller's to call, after a failure too (*json may then be NULL).
 * Errors: MC_E_FORMAT, MC_E_NOMEM. */
mc_status mci_parse_whole(mc_str text, mci_json **json, mci_json_value *root, mc_error *err);
/* Both, one after the other; all errors name the path. */
mc_status mci_json_load(const char *path, uint64_t max_bytes, mci_json **json, mci_json_value *root,
                        mc_error *err);

/* A small JSON file of our own making, which may be gone, or spoiled, and is then made anew: *found
 * says whether there is one. As for freeing, see above. */
mc_status mci_json_recall(const char *path, mci_json **json, mci_json_value *root, bool *found,
                          mc_error *err);

#endif
