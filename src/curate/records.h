/* From an item to records: what an image's url, uuid and texts are. See docs/rules.md. */
#ifndef MCI_CURATE_RECORDS_H
#define MCI_CURATE_RECORDS_H

#include "base/arena.h"
#include "curate/source.h"
#include "metaclip/io.h"

typedef struct mci_record_parser mci_record_parser; /* one per thread */

typedef struct {
    mc_record *records;
    size_t n, cap;
} mci_record_list;

mc_status mci_record_parser_new(uint64_t max_body_bytes, bool html_by_gumbo,
                                mci_record_parser **out, mc_error *err);
void mci_record_parser_free(mci_record_parser *parser);

/* Appends the item's records to list, their bytes to arena, and counts what was read. `shard` and
 * `position` name a record of a pool that names none itself.
 * MC_SKIPPED with err: the item is malformed. Every item is counted, used or not. */
mc_status mci_parse_item(mci_record_parser *parser, const mci_item *item, mc_str shard,
                         uint64_t position, mci_arena *arena, mci_record_list *list, mc_counters *n,
                         mc_error *err);

#endif
