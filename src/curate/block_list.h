/* Hosts, urls and uuids that must not be in a result: what block lists name, as hashes of 128 bits
 * (XXH3-128 of the kind's name, a zero byte, the item), in some 17 bytes an item. */
#ifndef MCI_CURATE_BLOCK_LIST_H
#define MCI_CURATE_BLOCK_LIST_H

#include "curate/block_line.h"
#include "io/stream.h"
#include "metaclip/curate.h"
#include "metaclip/io.h"

/* Immutable once loaded, shared by any number of threads. */
typedef struct mci_block_list mci_block_list;

/* Loads all files as one list; "-" is standard input. Without any, *out is NULL: no list, which all
 * functions below take. Errors name file and line: MC_E_IO, MC_E_FORMAT (a line that means nothing,
 * damage: a list is taken whole or not at all), MC_E_LIMIT (2^32 - 1 items of a kind), MC_E_NOMEM.
 * Free with mci_block_list_free. */
mc_status mci_block_list_load(const char *const *paths, size_t n, mci_block_list **out,
                              mc_error *err);
/* The same from one stream; errors name the line. For tests and fuzzing. */
mc_status mci_block_list_parse(mci_stream *stream, mci_block_list **out, mc_error *err);
void mci_block_list_free(mci_block_list *list);

/* Whether the list names the record: its uuid, its url, or the url's host or a domain above that.
 * *kind is the first of these that it does; set only then, and may be NULL. */
bool mci_block_list_has(const mci_block_list *list, const mc_record *record, mci_block_kind *kind);

/* Distinct items of a kind. */
uint64_t mci_block_list_len(const mci_block_list *list, mci_block_kind kind);
/* SHA-256 of the hashes of all distinct items: uuids, then urls, then hosts, each kind ascending
 * and each hash as 16 big-endian bytes. It is of what the lists mean, not of how they say it:
 * order, comments, repeated lines and the number of files do not change it. NULL for no list. */
const char *mci_block_list_sha256(const mci_block_list *list);

/* Puts hash and lengths into the summary. */
void mci_summary_set_block_list(mc_summary *summary, const mci_block_list *list);

#endif
