#include "curate/pair_keys.h"

#include "base/alloc.h"
#include "io/output.h"

enum { BUCKET_BITS = 14, N_BUCKETS = 1 << BUCKET_BITS }; /* some 16 keys of a full run in each */

struct mci_key_writer {
    mci_output *file;
    mci_pair_key *pairs, *sorted; /* MCI_KEY_RUN each */
    size_t n;                     /* in pairs */
    uint64_t position;
    uint32_t ends[N_BUCKETS + 1];
};

/* ---- sorting a run ---- */

static bool is_before(const mci_pair_key *a, const mci_pair_key *b)
{
    return a->key.high != b->key.high ? a->key.high < b->key.high : a->key.low < b->key.low;
}

static size_t bucket_of(const mci_pair_key *pair)
{
    return (size_t)(pair->key.high >> (64 - BUCKET_BITS));
}

/* Keys are hashes, so buckets by their first bits are small and even; both steps keep the order of
 * equal keys, which is that of the positions. */
static void sort_run(mci_key_writer *writer)
{
    memset(writer->ends, 0, sizeof writer->ends);
    for (size_t i = 0; i < writer->n; i++)
        writer->ends[bucket_of(&writer->pairs[i]) + 1]++;
    for (size_t b = 0; b < N_BUCKETS; b++)
        writer->ends[b + 1] += writer->ends[b];
    for (size_t i = 0; i < writer->n; i++)
        writer->sorted[writer->ends[bucket_of(&writer->pairs[i])]++] = writer->pairs[i];
    for (size_t i = 1; i < writer->n; i++) {
        mci_pair_key pair = writer->sorted[i];
        size_t j = i;
        for (; j > 0 && is_before(&pair, &writer->sorted[j - 1]); j--)
            writer->sorted[j] = writer->sorted[j - 1];
        writer->sorted[j] = pair;
    }
}

static mc_status write_run(mci_key_writer *writer, mc_error *err)
{
    sort_run(writer);
    mc_str bytes = { (const char *)writer->sorted, writer->n * sizeof *writer->sorted };
    writer->n = 0;
    return mci_output_write(writer->file, bytes, err);
}

/* ---- writing ---- */

mc_status mci_key_writer_open(const char *path, mci_key_writer **out, mc_error *err)
{
    mci_key_writer *writer = mci_alloc_zeroed(1, sizeof *writer);
    if (!writer)
        return mci_nomem(err, sizeof *writer);
    writer->pairs = mci_alloc(MCI_KEY_RUN * sizeof *writer->pairs);
    writer->sorted = mci_alloc(MCI_KEY_RUN * sizeof *writer->sorted);
    mc_status status = writer->pairs && writer->sorted
                           ? mci_output_open(path, MCI_PLAIN, &writer->file, err)
                           : mci_nomem(err, 2 * MCI_KEY_RUN * sizeof *writer->pairs);
    if (status < 0)
        mci_key_writer_abort(writer);
    else
        *out = writer;
    return status;
}

mc_status mci_key_writer_add(mci_key_writer *writer, mci_hash128 key, mc_error *err)
{
    writer->pairs[writer->n++] = (mci_pair_key){ key, writer->position++ };
    return writer->n == MCI_KEY_RUN ? write_run(writer, err) : MC_OK;
}

static void free_writer(mci_key_writer *writer)
{
    mci_free(writer->pairs);
    mci_free(writer->sorted);
    mci_free(writer);
}

mc_status mci_key_writer_commit(mci_key_writer *writer, mc_error *err)
{
    mc_status status = write_run(writer, err);
    if (status >= 0)
        status = mci_output_commit(writer->file, err);
    else
        mci_output_abort(writer->file);
    free_writer(writer);
    return status;
}

void mci_key_writer_abort(mci_key_writer *writer)
{
    if (!writer)
        return;
    mci_output_abort(writer->file);
    free_writer(writer);
}

/* ---- reading ---- */

mc_status mci_key_file_open(const char *path, mci_key_file *out, mc_error *err)
{
    *out = (mci_key_file){ 0 };
    MC_TRY(mci_map_file(path, &out->map, err));
    out->pairs = out->map.data;
    out->n = out->map.n_bytes / sizeof(mci_pair_key);
    if (out->n * sizeof(mci_pair_key) == out->map.n_bytes)
        return MC_OK;
    mci_key_file_close(out);
    return mc_fail(err, MC_E_FORMAT, "%s: it is cut; remove it and start again", path);
}

void mci_key_file_close(mci_key_file *file)
{
    mci_unmap_file(&file->map);
    *file = (mci_key_file){ 0 };
}

size_t mci_key_file_runs(const mci_key_file *file)
{
    return (file->n + MCI_KEY_RUN - 1) / MCI_KEY_RUN;
}

mci_key_range mci_key_range_of(uint64_t i, uint64_t n)
{
    uint64_t step = UINT64_MAX / n;
    return (mci_key_range){ i * step, i + 1 == n ? 0 : (i + 1) * step };
}

/* The first pair of [from, to) whose key's high half is at least `high`. */
static size_t lower_bound(const mci_key_file *file, size_t from, size_t to, uint64_t high)
{
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (file->pairs[middle].key.high < high)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

size_t mci_key_run_range(const mci_key_file *file, size_t run, mci_key_range range,
                         const mci_pair_key **first)
{
    size_t start = run * MCI_KEY_RUN, end = start + MCI_KEY_RUN;
    if (end > file->n)
        end = file->n;
    size_t from = lower_bound(file, start, end, range.from);
    size_t to = range.to ? lower_bound(file, from, end, range.to) : end;
    *first = file->pairs + from;
    return to - from;
}
