/* The keys of a shard's pairs on disk, laid out so that any range of keys is read without the rest.
 *
 *     | run 0, sorted by key | run 1, sorted by key | ... | last run |      24 bytes a pair
 *
 * All runs but the last hold MCI_KEY_RUN pairs, so their places need no index. Within a run equal
 * keys stand in the order of their positions, and runs follow each other in that order: whoever
 * reads a range run by run sees the pairs of a key by ascending position. In the machine's byte
 * order: these files never leave the run's state folder. */
#ifndef MCI_CURATE_PAIR_KEYS_H
#define MCI_CURATE_PAIR_KEYS_H

#include "base/files.h"
#include "base/hash.h"

enum { MCI_KEY_RUN = 1 << 18 };

typedef struct {
    mci_hash128 key;
    uint64_t position; /* of the pair in its shard, from 0 */
} mci_pair_key;

/* ---- writing ---- */

typedef struct mci_key_writer mci_key_writer;

/* The file appears, atomically, on commit. 12 MiB of memory, whatever is written. */
mc_status mci_key_writer_open(const char *path, mci_key_writer **out, mc_error *err);
/* Adds the key of the next pair. */
mc_status mci_key_writer_add(mci_key_writer *writer, mci_hash128 key, mc_error *err);
/* Both free the writer; abort takes NULL. */
mc_status mci_key_writer_commit(mci_key_writer *writer, mc_error *err);
void mci_key_writer_abort(mci_key_writer *writer);

/* ---- reading ---- */

/* A mapped file. */
typedef struct {
    mci_mapped map;
    const mci_pair_key *pairs;
    size_t n;
} mci_key_file;

mc_status mci_key_file_open(const char *path, mci_key_file *out, mc_error *err);
void mci_key_file_close(mci_key_file *file);
size_t mci_key_file_runs(const mci_key_file *file);

/* A part of all keys: those whose high half is at least `from` and below `to`, or to the end if
 * `to` is 0. */
typedef struct {
    uint64_t from, to;
} mci_key_range;

/* The range of part i of n equal ones (i < n). */
mci_key_range mci_key_range_of(uint64_t i, uint64_t n);

/* The pairs of a run within the range: *first is set, their number given. */
size_t mci_key_run_range(const mci_key_file *file, size_t run, mci_key_range range,
                         const mci_pair_key **first);

#endif
