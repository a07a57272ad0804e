/* The project's own form of pairs: JSON Lines, one record a line,
 *   {"uuid":"...","url":"...","texts":[["alt","a red car",[17,203],"en"],["title","..."]]}
 * Third element: ids (null or absent if not matched yet); fourth: language (absent if unknown).
 * Further members are the record's extra. */
#ifndef MCI_IO_PAIRS_H
#define MCI_IO_PAIRS_H

#include "base/arena.h"
#include "base/buf.h"
#include "io/json.h"
#include "metaclip/io.h"

/* Reads one record (a line, or an element of the original's JSON array) into the arena (not reset
 * here); valid UTF-8 whatever the bytes: wrong ones become U+FFFD and are counted in *n_replaced.
 * A text's second element may be missing or null (then it is passed over and counted in
 * *n_empty_texts), ids must be ascending whole numbers below 2^32. A missing uuid is left empty.
 * Other members go to extra as mci_json_write writes them, in their order; repeated ones stay.
 * `scratch` holds bytes in work.
 * MC_SKIPPED with err: not JSON, or not of this form (it says where). */
mc_status mci_pairs_parse(mci_json *json, mci_buf *scratch, mc_str line, mci_arena *arena,
                          mc_record *out, uint64_t *n_replaced, uint64_t *n_empty_texts,
                          mc_error *err);

/* Whether a record's extra has a member of this name, which holds nothing that JSON escapes. */
bool mci_extra_has(mc_str extra, const char *name);

/* Appends the record and LF, extra behind the texts as it is: no spaces, UTF-8 unescaped but for
 * `"`, `\` and controls. Ids are written where is_matched; a known language of an unmatched text
 * puts null before it. */
mc_status mci_pairs_format(const mc_record *record, mci_buf *out, mc_error *err);
/* Appends the value of "texts" alone. */
mc_status mci_pairs_format_texts(const mc_text *texts, size_t n, mci_buf *out, mc_error *err);

#endif
