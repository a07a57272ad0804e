/* From an item to records: what an image's url, uuid and texts are. See docs/rules.md. */
#ifndef MCI_CURATE_RECORDS_H
#define MCI_CURATE_RECORDS_H

#include "base/arena.h"
#include "curate/shards.h"
#include "curate/source.h"
#include "metaclip/io.h"

typedef struct mci_record_parser mci_record_parser; /* one per thread */

typedef struct {
    mc_record *records;
    size_t n, cap;
} mci_record_list;

typedef struct {
    uint64_t max_body_bytes; /* of a page */
    bool html_by_gumbo;
    bool leaves_unnamed; /* the uuids of urls are mci_name_records' to give */
    /* Which members are put into a record's extra, behind what it has; one that is there stays. */
    bool keep_page_url; /* "page_url", of images of pages whose url is known */
    bool keep_source;   /* "source", the shard's */
} mci_record_options;

mc_status mci_record_parser_new(const mci_record_options *options, mci_record_parser **out,
                                mc_error *err);
void mci_record_parser_free(mci_record_parser *parser);

/* Appends the item's records to list and counts what was read. Their bytes lie in arena or in the
 * item, which must stay for as long. The shard's name and `position` name a record of a pool that
 * names none itself.
 * MC_SKIPPED with err: the item is malformed. Every item is counted, used or not. */
mc_status mci_parse_item(mci_record_parser *parser, const mci_item *item, const mci_shard *shard,
                         uint64_t position, mci_arena *arena, mci_record_list *list, mc_counters *n,
                         mc_error *err);

/* Gives the uuids of their urls to the records that have texts and no uuid yet. */
mc_status mci_name_records(mci_record_parser *parser, mci_arena *arena, mci_record_list *list,
                           mc_error *err);

#endif
