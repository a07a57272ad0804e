#include "curate/key_runs.h"

#include <assert.h>

#include "base/alloc.h"
#include "io/output.h"

/* Records are arrays of words here: the halves of the hash first. */
enum { HIGH, LOW };
static_assert(sizeof(mci_hash128) == 2 * sizeof(uint64_t), "a hash is its two halves");

/* Some 16 records of a full run in each bucket, as hashes are; more than FEW are sorted by merging,
 * in case somebody chose them to be alike. */
enum { BUCKET_BITS = 14, N_BUCKETS = 1 << BUCKET_BITS, FEW = 64 };

struct mci_key_writer {
    mci_output *file;
    size_t words;               /* of a record */
    uint64_t *records, *sorted; /* MCI_KEY_RUN records each */
    size_t n;                   /* in records */
    uint64_t n_added;
    uint32_t ends[N_BUCKETS + 1];
};

/* ---- sorting a run: all steps keep the order of equal hashes ---- */

static inline bool is_before(const uint64_t *a, const uint64_t *b)
{
    return a[HIGH] != b[HIGH] ? a[HIGH] < b[HIGH] : a[LOW] < b[LOW];
}

static inline void copy(uint64_t *to, const uint64_t *from, size_t words)
{
    memcpy(to, from, words * sizeof *to);
}

static inline size_t bucket_of(const uint64_t *record)
{
    return (size_t)(record[HIGH] >> (64 - BUCKET_BITS));
}

static inline __attribute__((always_inline)) void sort_by_inserting(uint64_t *records, size_t n,
                                                                    size_t words, uint64_t *moved)
{
    for (size_t i = 1; i < n; i++) {
        size_t j = i;
        copy(moved, records + i * words, words);
        for (; j > 0 && is_before(moved, records + (j - 1) * words); j--)
            copy(records + j * words, records + (j - 1) * words, words);
        copy(records + j * words, moved, words);
    }
}

/* a [n_a] and b [n_b] into `to`. */
static void merge(const uint64_t *a, size_t n_a, const uint64_t *b, size_t n_b, size_t words,
                  uint64_t *to)
{
    while (n_a + n_b > 0) {
        const bool takes_b = n_a == 0 || (n_b > 0 && is_before(b, a));
        copy(to, takes_b ? b : a, words);
        to += words;
        *(takes_b ? &b : &a) += words;
        *(takes_b ? &n_b : &n_a) -= 1;
    }
}

static void sort_by_merging(uint64_t *records, size_t n, size_t words, uint64_t *room)
{
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t i = 0; i < n; i += 2 * width) {
            const size_t n_a = n - i < width ? n - i : width,
                         n_b = n - i - n_a < width ? n - i - n_a : width;
            merge(records + i * words, n_a, records + (i + n_a) * words, n_b, words,
                  room + i * words);
        }
        memcpy(records, room, n * words * sizeof *records);
    }
}

/* Into writer->sorted; what is in writer->records is lost. */
static inline __attribute__((always_inline)) void sort_words(mci_key_writer *writer, size_t words)
{
    uint32_t *ends = writer->ends, from = 0;
    memset(ends, 0, sizeof writer->ends);
    for (size_t i = 0; i < writer->n; i++)
        ends[bucket_of(writer->records + i * words) + 1]++;
    for (size_t b = 0; b < N_BUCKETS; b++)
        ends[b + 1] += ends[b];
    for (size_t i = 0; i < writer->n; i++) {
        const uint64_t *record = writer->records + i * words;
        copy(writer->sorted + ends[bucket_of(record)]++ * words, record, words);
    }
    for (size_t b = 0; b < N_BUCKETS; from = ends[b++]) {
        uint64_t *bucket = writer->sorted + from * words;
        if (ends[b] - from > FEW)
            sort_by_merging(bucket, ends[b] - from, words, writer->records);
        else
            sort_by_inserting(bucket, ends[b] - from, words, writer->records);
    }
}

/* Copies of a size that the compiler knows take less time. */
static void sort_run(mci_key_writer *writer)
{
    switch (writer->words) {
    case 3:
        sort_words(writer, 3);
        break;
    case 4:
        sort_words(writer, 4);
        break;
    default:
        sort_words(writer, writer->words);
    }
}

static mc_status write_run(mci_key_writer *writer, mc_error *err)
{
    sort_run(writer);
    mc_str bytes = { (const char *)writer->sorted,
                     writer->n * writer->words * sizeof *writer->sorted };
    writer->n = 0;
    return mci_output_write(writer->file, bytes, err);
}

/* ---- writing ---- */

mc_status mci_key_writer_open(const char *path, size_t record_bytes, mci_key_writer **out,
                              mc_error *err)
{
    mci_key_writer *writer = mci_alloc_zeroed(1, sizeof *writer);
    if (!writer)
        return mci_nomem(err, sizeof *writer);
    writer->words = record_bytes / sizeof(uint64_t);
    writer->records = mci_alloc(MCI_KEY_RUN * record_bytes);
    writer->sorted = mci_alloc(MCI_KEY_RUN * record_bytes);
    mc_status status = writer->records && writer->sorted
                           ? mci_output_open(path, MCI_PLAIN, &writer->file, err)
                           : mci_nomem(err, 2 * MCI_KEY_RUN * record_bytes);
    if (status < 0)
        return mci_key_writer_end(writer, status, err);
    *out = writer;
    return MC_OK;
}

mc_status mci_key_writer_add(mci_key_writer *writer, mc_str bytes, mc_error *err)
{
    const size_t record_bytes = writer->words * sizeof(uint64_t);
    for (size_t left = bytes.len / record_bytes; left > 0;) {
        const size_t room = MCI_KEY_RUN - writer->n, n = left < room ? left : room;
        memcpy(writer->records + writer->n * writer->words, bytes.data, n * record_bytes);
        bytes.data += n * record_bytes;
        left -= n;
        writer->n += n;
        writer->n_added += n;
        if (writer->n == MCI_KEY_RUN)
            MC_TRY(write_run(writer, err));
    }
    return MC_OK;
}

uint64_t mci_key_writer_n(const mci_key_writer *writer)
{
    return writer->n_added;
}

mc_status mci_key_writer_end(mci_key_writer *writer, mc_status status, mc_error *err)
{
    if (!writer)
        return status;
    if (status >= 0)
        status = write_run(writer, err);
    status = mci_output_end(writer->file, status, err);
    mci_free(writer->records);
    mci_free(writer->sorted);
    mci_free(writer);
    return status;
}

/* ---- reading ---- */

mc_status mci_key_file_open(const char *path, size_t record_bytes, mci_key_file *out, mc_error *err)
{
    *out = (mci_key_file){ .record_bytes = record_bytes };
    MC_TRY(mci_map_file(path, &out->map, err));
    out->n = out->map.n_bytes / record_bytes;
    if (out->n * record_bytes == out->map.n_bytes)
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

static const uint64_t *record_at(const mci_key_file *file, size_t i)
{
    return (const uint64_t *)file->map.data + i * (file->record_bytes / sizeof(uint64_t));
}

/* The first record of [from, to) whose hash's high half is at least `high`. */
static size_t lower_bound(const mci_key_file *file, size_t from, size_t to, uint64_t high)
{
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (record_at(file, middle)[HIGH] < high)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

const void *mci_key_file_range(const mci_key_file *file, size_t run, mci_key_range range, size_t *n)
{
    size_t start = run * MCI_KEY_RUN, end = start + MCI_KEY_RUN;
    if (end > file->n)
        end = file->n;
    size_t from = lower_bound(file, start, end, range.from);
    size_t to = range.to ? lower_bound(file, from, end, range.to) : end;
    *n = to - from;
    return record_at(file, from);
}
