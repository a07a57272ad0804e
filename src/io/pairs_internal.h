/* The two readers of a line of pairs. For pairs*.c, their tests and fuzzing. */
#ifndef MCI_IO_PAIRS_INTERNAL_H
#define MCI_IO_PAIRS_INTERNAL_H

#include "base/alloc.h"
#include "io/pairs.h"

/* Reads a line as mci_pairs_read does where it does at all. MC_SKIPPED: it does not; anything may
 * be the matter, and err says nothing. */
mc_status mci_pairs_scan(mc_str line, mci_arena *arena, mc_record *out, mc_error *err);

/* The definition: the line is parsed whole. As mci_pairs_parse but for the time it takes. */
mc_status mci_pairs_read(mci_json *json, mci_buf *scratch, mc_str line, mci_arena *arena,
                         mc_record *out, uint64_t *n_replaced, uint64_t *n_empty_texts,
                         mc_error *err);

#endif
