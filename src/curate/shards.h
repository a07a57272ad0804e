/* Input files as shards: their names and their order. */
#ifndef MCI_CURATE_SHARDS_H
#define MCI_CURATE_SHARDS_H

#include "base/arena.h"
#include "metaclip/curate.h"

typedef struct {
    const char *path; /* the caller's */
    mc_str name;      /* base name without format suffixes, or the path with "_" for "/" */
    mc_str source;    /* what records say they are from: the base name, or the path; valid UTF-8 */
} mci_shard;

typedef struct {
    mci_arena arena;
    mci_shard *shards;
    size_t n;
    uint64_t n_bytes; /* sum of the files' sizes; 0 if one is not known */
} mci_shards;

typedef enum { MCI_AS_GIVEN, MCI_BY_NAME } mci_shard_order;

/* Lists the inputs. By name means the bytes of the name; two equal names are then an error that
 * offers --shard-names path. Errors: MC_E_ARG, MC_E_IO (a file that is not there), MC_E_NOMEM.
 * Release with mci_shards_release. */
mc_status mci_shards_list(const char *const *inputs, size_t n, mci_shard_order order,
                          bool names_from_paths, mci_shards *out, mc_error *err);
/* The inputs of a pool, whose standard input may have a name. */
mc_status mci_shards_of_pool(const mc_pool *pool, mci_shard_order order, bool names_from_paths,
                             mci_shards *out, mc_error *err);
void mci_shards_release(mci_shards *shards);

/* The name of a shard: what is behind the last slash, without .gz .zst .jsonl .json .warc .wat .txt
 * .csv .tsv .tar .tgz .parquet at the end, however many. (Names from paths keep them: they are to
 * tell all files apart.) */
mc_str mci_shard_name(mc_str base_name);

#endif
