#include "io/id_sort.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/files.h"

enum {
    FEW_IDS = 32,        /* sorted by insertion */
    DIGITS = 16,         /* an id's bytes */
    LEAST_IDS = 1 << 8,  /* in memory, and of each run while they are merged */
    FIRST_IDS = 1 << 12, /* that there is room for at first */
};
static const uint64_t default_memory = 256 << 20;

/* A run while it is merged. */
typedef struct {
    uint64_t at, end; /* in the file, in ids: what was not read yet */
    mci_id *ids;      /* read; its part of the memory */
    size_t next, n;
} run;

struct mci_id_sort {
    char *path; /* of the output, for errors */
    int fd;     /* of the temporary file; -1: none */
    mci_id *ids;
    size_t n, cap, max;
    uint64_t *run_ends; /* in the file, in ids */
    size_t n_runs, cap_runs;
    /* merging */
    run *runs;
    size_t *heap; /* of runs, the one with the smallest next id on top */
    size_t n_heap;
    size_t next; /* in ids, if there is no file */
    mci_id last;
    bool has_last;
};

/* ---- in memory ---- */

static int compare(const mci_id *a, const mci_id *b)
{
    if (a->high != b->high)
        return a->high < b->high ? -1 : 1;
    return (a->low > b->low) - (a->low < b->low);
}

static unsigned digit_of(const mci_id *id, unsigned i)
{
    uint64_t half = i < 8 ? id->high : id->low;
    return (unsigned)(half >> (56 - 8 * (i % 8)) & 0xFF);
}

static void sort_few(mci_id *ids, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        mci_id id = ids[i];
        size_t j = i;
        for (; j > 0 && compare(&id, &ids[j - 1]) < 0; j--)
            ids[j] = ids[j - 1];
        ids[j] = id;
    }
}

/* By digits from the first on, in place ("American flag sort"): linear, whatever the ids are. Those
 * that agree in all digits before `digit` are sorted by the others. */
static void sort_ids(mci_id *ids, size_t n, unsigned digit)
{
    size_t next[256], ends[256] = { 0 }, sum = 0;
    if (n <= FEW_IDS) {
        sort_few(ids, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        ends[digit_of(&ids[i], digit)]++;
    for (unsigned d = 0; d < 256; d++) {
        next[d] = sum;
        sum += ends[d];
        ends[d] = sum;
    }
    for (unsigned d = 0; d < 256; d++)
        while (next[d] < ends[d]) {
            mci_id id = ids[next[d]];
            for (unsigned home; (home = digit_of(&id, digit)) != d;) {
                mci_id other = ids[next[home]];
                ids[next[home]++] = id;
                id = other;
            }
            ids[next[d]++] = id;
        }
    for (unsigned d = 0; d < 256 && digit + 1 < DIGITS; d++) {
        size_t start = d ? ends[d - 1] : 0;
        sort_ids(ids + start, ends[d] - start, digit + 1);
    }
}

static void sort_memory(mci_id_sort *sort)
{
    size_t n = 0;
    sort_ids(sort->ids, sort->n, 0);
    for (size_t i = 0; i < sort->n; i++)
        if (n == 0 || compare(&sort->ids[n - 1], &sort->ids[i]) != 0)
            sort->ids[n++] = sort->ids[i];
    sort->n = n;
}

/* ---- the temporary file ---- */

static mc_status open_temporary(mci_id_sort *sort, mc_error *err)
{
    mci_buf name = { 0 };
    size_t n = mci_folder_length(sort->path);
    MC_TRY(mci_buf_printf(&name, err, "%.*s.%s.tmp.sort", (int)n, sort->path, sort->path + n));
    mc_status status = MC_OK;
    unlink(name.data);
    sort->fd = open(name.data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (sort->fd < 0)
        status = mci_fail_errno(err, name.data, "cannot create it");
    else
        unlink(name.data);
    mci_buf_release(&name);
    return status;
}

static mc_status write_at(const mci_id_sort *sort, uint64_t at, mc_error *err)
{
    const char *bytes = (const char *)sort->ids;
    size_t left = sort->n * sizeof *sort->ids;
    at *= sizeof *sort->ids;
    while (left > 0) {
        ssize_t n = pwrite(sort->fd, bytes, left, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mci_fail_errno(err, sort->path, "cannot write ids to be sorted beside it");
        bytes += n;
        left -= (size_t)n;
        at += (uint64_t)n;
    }
    return MC_OK;
}

/* Makes a run of what is in memory. */
static mc_status write_run(mci_id_sort *sort, mc_error *err)
{
    void *ends = sort->run_ends;
    uint64_t at = sort->n_runs ? sort->run_ends[sort->n_runs - 1] : 0;
    if (sort->fd < 0)
        MC_TRY(open_temporary(sort, err));
    MC_TRY(mci_grow(&ends, &sort->cap_runs, sort->n_runs + 1, sizeof *sort->run_ends, err));
    sort->run_ends = ends;
    sort_memory(sort);
    MC_TRY(write_at(sort, at, err));
    sort->run_ends[sort->n_runs++] = at + sort->n;
    sort->n = 0;
    return MC_OK;
}

static mc_status read_run(const mci_id_sort *sort, run *r, size_t room, mc_error *err)
{
    uint64_t want = r->end - r->at < room ? r->end - r->at : room;
    size_t left = (size_t)want * sizeof *r->ids;
    char *to = (char *)r->ids;
    off_t at = (off_t)(r->at * sizeof *r->ids);
    while (left > 0) {
        ssize_t n = pread(sort->fd, to, left, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return mci_fail_errno(err, sort->path, "cannot read the ids sorted beside it");
        to += n;
        left -= (size_t)n;
        at += n;
    }
    r->at += want;
    r->next = 0;
    r->n = (size_t)want;
    return MC_OK;
}

/* ---- merging ---- */

static bool is_above(const mci_id_sort *sort, size_t a, size_t b)
{
    const run *x = &sort->runs[sort->heap[a]], *y = &sort->runs[sort->heap[b]];
    return compare(&x->ids[x->next], &y->ids[y->next]) < 0;
}

/* Lets what stands at i sink to its place. */
static void sink(mci_id_sort *sort, size_t i)
{
    for (;;) {
        size_t top = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
            if (child < sort->n_heap && is_above(sort, child, top))
                top = child;
        if (top == i)
            return;
        size_t other = sort->heap[i];
        sort->heap[i] = sort->heap[top];
        sort->heap[top] = other;
        i = top;
    }
}

static size_t room_of_run(const mci_id_sort *sort)
{
    size_t room = sort->max / sort->n_runs;
    return room < LEAST_IDS ? LEAST_IDS : room;
}

static mc_status open_runs(mci_id_sort *sort, mc_error *err)
{
    size_t room = room_of_run(sort);
    void *ids = mci_realloc(sort->ids, sort->n_runs * room * sizeof *sort->ids);
    sort->runs = mci_alloc_zeroed(sort->n_runs, sizeof *sort->runs);
    sort->heap = mci_alloc_zeroed(sort->n_runs, sizeof *sort->heap);
    if (ids)
        sort->ids = ids;
    if (!ids || !sort->runs || !sort->heap)
        return mci_nomem(err, sort->n_runs * room * sizeof *sort->ids);
    for (size_t i = 0; i < sort->n_runs; i++) {
        run *r = &sort->runs[i];
        *r = (run){ .at = i ? sort->run_ends[i - 1] : 0, .end = sort->run_ends[i] };
        r->ids = sort->ids + i * room;
        MC_TRY(read_run(sort, r, room, err));
        sort->heap[sort->n_heap++] = i;
    }
    for (size_t i = sort->n_heap; i-- > 0;)
        sink(sort, i);
    return MC_OK;
}

static mc_status next_merged(mci_id_sort *sort, mci_id *id, mc_error *err)
{
    if (sort->n_heap == 0)
        return MC_END;
    run *r = &sort->runs[sort->heap[0]];
    *id = r->ids[r->next++];
    if (r->next == r->n && r->at < r->end)
        MC_TRY(read_run(sort, r, room_of_run(sort), err));
    if (r->next == r->n)
        sort->heap[0] = sort->heap[--sort->n_heap];
    sink(sort, 0);
    return MC_OK;
}

/* ---- all of it ---- */

mc_status mci_id_sort_new(const char *path, uint64_t memory_bytes, mci_id_sort **out, mc_error *err)
{
    size_t n = strlen(path) + 1;
    mci_id_sort *sort = mci_alloc_zeroed(1, sizeof *sort);
    char *copy = mci_alloc(n);
    if (!sort || !copy) {
        mci_free(sort);
        mci_free(copy);
        return mci_nomem(err, n);
    }
    memcpy(copy, path, n);
    sort->path = copy;
    sort->fd = -1;
    sort->max = (size_t)((memory_bytes ? memory_bytes : default_memory) / sizeof(mci_id));
    if (sort->max < LEAST_IDS)
        sort->max = LEAST_IDS;
    *out = sort;
    return MC_OK;
}

void mci_id_sort_free(mci_id_sort *sort)
{
    if (!sort)
        return;
    if (sort->fd >= 0)
        close(sort->fd);
    mci_free(sort->ids);
    mci_free(sort->run_ends);
    mci_free(sort->runs);
    mci_free(sort->heap);
    mci_free(sort->path);
    mci_free(sort);
}

/* Twice as much, but never more than there may be. */
static mc_status grow(mci_id_sort *sort, mc_error *err)
{
    size_t cap = sort->cap ? sort->cap * 2 : FIRST_IDS;
    if (cap > sort->max)
        cap = sort->max;
    void *ids = mci_realloc(sort->ids, cap * sizeof *sort->ids);
    if (!ids)
        return mci_nomem(err, cap * sizeof *sort->ids);
    sort->ids = ids;
    sort->cap = cap;
    return MC_OK;
}

mc_status mci_id_sort_add(mci_id_sort *sort, mci_id id, mc_error *err)
{
    if (sort->n == sort->max)
        MC_TRY(write_run(sort, err));
    if (sort->n == sort->cap)
        MC_TRY(grow(sort, err));
    sort->ids[sort->n++] = id;
    return MC_OK;
}

mc_status mci_id_sort_end(mci_id_sort *sort, mc_error *err)
{
    if (sort->n_runs == 0) {
        sort_memory(sort);
        return MC_OK;
    }
    if (sort->n > 0)
        MC_TRY(write_run(sort, err));
    return open_runs(sort, err);
}

mc_status mci_id_sort_next(mci_id_sort *sort, mci_id *id, mc_error *err)
{
    if (sort->n_runs == 0) {
        if (sort->next == sort->n)
            return MC_END;
        *id = sort->ids[sort->next++];
        return MC_OK;
    }
    mc_status status;
    do
        status = next_merged(sort, id, err);
    while (status == MC_OK && sort->has_last && compare(id, &sort->last) == 0);
    sort->last = *id;
    sort->has_last = status == MC_OK;
    return status;
}
