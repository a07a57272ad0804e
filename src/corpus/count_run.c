#include "corpus/count_run.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/files.h"

static const char magic[] = "mcrun 1\n";
enum { MAGIC_LEN = sizeof magic - 1, LEAST_BUFFER = 1 << 14, MOST_BUFFER = 1 << 20 };

/* ---- writing ---- */

struct mci_run_writer {
    mci_output *output;
    mci_buf last;
    uint64_t n;
};

mc_status mci_run_writer_open(const char *path, mci_run_writer **out, mc_error *err)
{
    mci_run_writer *writer = mci_alloc_zeroed(1, sizeof *writer);
    if (!writer)
        return mci_nomem(err, sizeof *writer);
    mc_status status = mci_output_open(path, MCI_PLAIN, &writer->output, err);
    if (status >= 0)
        status = mci_output_write(writer->output, mc_str_of(magic), err);
    if (status >= 0)
        *out = writer;
    else
        mci_run_writer_end(writer, status, NULL);
    return status;
}

static size_t put_number(char *to, uint64_t value)
{
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        to[n++] = (char)(value | 0x80);
    to[n++] = (char)value;
    return n;
}

static mc_status put_record(mci_run_writer *writer, size_t shared, mc_str rest, uint64_t count,
                            mc_error *err)
{
    char head[32], tail[16];
    size_t n = put_number(head, shared);
    n += put_number(head + n, rest.len);
    MC_TRY(mci_output_write(writer->output, (mc_str){ head, n }, err));
    MC_TRY(mci_output_write(writer->output, rest, err));
    return mci_output_write(writer->output, (mc_str){ tail, put_number(tail, count) }, err);
}

mc_status mci_run_writer_add(mci_run_writer *writer, mc_str key, uint64_t count, mc_error *err)
{
    mc_str last = mci_buf_str(&writer->last);
    size_t shared = 0, most = key.len < last.len ? key.len : last.len;
    while (shared < most && key.data[shared] == last.data[shared])
        shared++;
    MC_TRY(put_record(writer, shared, (mc_str){ key.data + shared, key.len - shared }, count, err));
    writer->last.len = shared;
    MC_TRY(mci_buf_append(&writer->last, key.data + shared, key.len - shared, err));
    writer->n++;
    return MC_OK;
}

mc_status mci_run_writer_end(mci_run_writer *writer, mc_status status, mc_error *err)
{
    if (!writer)
        return status;
    if (status >= 0)
        status = put_record(writer, 0, (mc_str){ 0 }, writer->n, err);
    status = mci_output_end(writer->output, status, err);
    mci_buf_release(&writer->last);
    mci_free(writer);
    return status;
}

/* ---- reading ---- */

typedef struct {
    char *path;
    int fd;
    unsigned char *buffer;
    size_t at, len, cap;
    uint64_t offset, size; /* read, and of the file */
    mci_buf key;
    uint64_t count, n;
    bool is_over;
} run;

static mc_status fail_format(const run *r, mc_error *err)
{
    return mc_fail(err, MC_E_FORMAT,
                   "%s: damaged counts; remove the folder it lies in to count anew", r->path);
}

static mc_status read_on(run *r, mc_error *err)
{
    for (;;) {
        ssize_t n = read(r->fd, r->buffer, r->cap);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mci_fail_errno(err, r->path, "cannot read");
        if (n == 0)
            return fail_format(r, err);
        r->at = 0;
        r->len = (size_t)n;
        r->offset += (uint64_t)n;
        return MC_OK;
    }
}

static mc_status get_byte(run *r, unsigned char *byte, mc_error *err)
{
    if (r->at == r->len)
        MC_TRY(read_on(r, err));
    *byte = r->buffer[r->at++];
    return MC_OK;
}

static mc_status get_number(run *r, uint64_t *value, mc_error *err)
{
    unsigned char byte = 0x80;
    *value = 0;
    for (unsigned shift = 0; byte & 0x80; shift += 7) {
        if (shift > 56)
            return fail_format(r, err);
        MC_TRY(get_byte(r, &byte, err));
        *value |= (uint64_t)(byte & 0x7F) << shift;
    }
    return MC_OK;
}

static mc_status get_bytes(run *r, size_t n, mc_error *err)
{
    while (n > 0) {
        if (r->at == r->len)
            MC_TRY(read_on(r, err));
        size_t held = r->len - r->at, some = n < held ? n : held;
        MC_TRY(mci_buf_append(&r->key, r->buffer + r->at, some, err));
        r->at += some;
        n -= some;
    }
    return MC_OK;
}

/* Reads the next record; is_over at the end. */
static mc_status advance(run *r, mc_error *err)
{
    uint64_t shared, rest;
    MC_TRY(get_number(r, &shared, err));
    MC_TRY(get_number(r, &rest, err));
    if (shared > r->key.len || rest > MCI_MOST_KEY_BYTES - shared || (rest == 0 && shared > 0))
        return fail_format(r, err);
    r->key.len = (size_t)shared;
    MC_TRY(get_bytes(r, (size_t)rest, err));
    MC_TRY(get_number(r, &r->count, err));
    r->is_over = rest == 0;
    if (r->is_over && r->count != r->n)
        return fail_format(r, err);
    r->n++;
    return r->count > MCI_MOST_COUNTED ? fail_format(r, err) : MC_OK;
}

static mc_status open_run(run *r, const char *path, size_t buffer_bytes, mc_error *err)
{
    struct stat info;
    size_t n = strlen(path) + 1;
    r->cap = buffer_bytes;
    r->path = mci_alloc(n);
    r->buffer = mci_alloc(buffer_bytes);
    if (!r->path || !r->buffer)
        return mci_nomem(err, buffer_bytes);
    memcpy(r->path, path, n);
    r->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0 || fstat(r->fd, &info) != 0)
        return mci_fail_errno(err, path, "cannot open it");
    r->size = (uint64_t)info.st_size;
    MC_TRY(get_bytes(r, MAGIC_LEN, err));
    if (memcmp(r->key.data, magic, MAGIC_LEN) != 0)
        return fail_format(r, err);
    mci_buf_clear(&r->key);
    return advance(r, err);
}

static void close_run(run *r)
{
    if (r->fd >= 0)
        close(r->fd);
    mci_free(r->path);
    mci_free(r->buffer);
    mci_buf_release(&r->key);
}

/* ---- merging ---- */

struct mci_run_merge {
    run *runs;
    size_t n_runs;
    size_t *heap; /* of runs, the one with the smallest key on top */
    size_t n_heap;
    mci_buf key;
};

static int compare(mc_str a, mc_str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.data, b.data, n) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static bool is_above(const mci_run_merge *merge, size_t a, size_t b)
{
    return compare(mci_buf_str(&merge->runs[merge->heap[a]].key),
                   mci_buf_str(&merge->runs[merge->heap[b]].key)) < 0;
}

static void sink(mci_run_merge *merge, size_t i)
{
    for (;;) {
        size_t top = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
            if (child < merge->n_heap && is_above(merge, child, top))
                top = child;
        if (top == i)
            return;
        size_t other = merge->heap[i];
        merge->heap[i] = merge->heap[top];
        merge->heap[top] = other;
        i = top;
    }
}

static mc_status open_all(mci_run_merge *merge, const char *const *paths, size_t n,
                          uint64_t memory_bytes, mc_error *err)
{
    uint64_t each = n ? memory_bytes / n : 0;
    each = each < LEAST_BUFFER ? LEAST_BUFFER : each > MOST_BUFFER ? MOST_BUFFER : each;
    merge->runs = mci_alloc_zeroed(n + 1, sizeof *merge->runs);
    merge->heap = mci_alloc_zeroed(n + 1, sizeof *merge->heap);
    if (!merge->runs || !merge->heap)
        return mci_nomem(err, n * sizeof *merge->runs);
    for (size_t i = 0; i < n; i++) {
        run *r = &merge->runs[merge->n_runs++];
        r->fd = -1;
        MC_TRY(open_run(r, paths[i], (size_t)each, err));
        if (!r->is_over)
            merge->heap[merge->n_heap++] = i;
    }
    for (size_t i = merge->n_heap; i-- > 0;)
        sink(merge, i);
    return MC_OK;
}

mc_status mci_run_merge_open(const char *const *paths, size_t n, uint64_t memory_bytes,
                             mci_run_merge **out, mc_error *err)
{
    mci_run_merge *merge = mci_alloc_zeroed(1, sizeof *merge);
    if (!merge)
        return mci_nomem(err, sizeof *merge);
    mc_status status = open_all(merge, paths, n, memory_bytes, err);
    if (status >= 0)
        *out = merge;
    else
        mci_run_merge_close(merge);
    return status;
}

void mci_run_merge_close(mci_run_merge *merge)
{
    if (!merge)
        return;
    for (size_t i = 0; i < merge->n_runs; i++)
        close_run(&merge->runs[i]);
    mci_free(merge->runs);
    mci_free(merge->heap);
    mci_buf_release(&merge->key);
    mci_free(merge);
}

static mc_status pass_top(mci_run_merge *merge, mc_error *err)
{
    run *top = &merge->runs[merge->heap[0]];
    MC_TRY(advance(top, err));
    if (top->is_over)
        merge->heap[0] = merge->heap[--merge->n_heap];
    sink(merge, 0);
    return MC_OK;
}

mc_status mci_run_merge_next(mci_run_merge *merge, mc_str *key, uint64_t *count, mc_error *err)
{
    if (merge->n_heap == 0)
        return MC_END;
    run *top = &merge->runs[merge->heap[0]];
    mci_buf_clear(&merge->key);
    MC_TRY(mci_buf_add(&merge->key, mci_buf_str(&top->key), err));
    *key = mci_buf_str(&merge->key);
    *count = 0;
    do {
        *count += merge->runs[merge->heap[0]].count;
        MC_TRY(pass_top(merge, err));
    } while (merge->n_heap && mc_str_equal(mci_buf_str(&merge->runs[merge->heap[0]].key), *key));
    if (*count > MCI_MOST_COUNTED)
        return mc_fail(err, MC_E_LIMIT, "a count is larger than 2^42");
    return MC_OK;
}

uint64_t mci_run_merge_bytes_read(const mci_run_merge *merge)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < merge->n_runs; i++)
        sum += merge->runs[i].offset;
    return sum;
}

uint64_t mci_run_merge_bytes_total(const mci_run_merge *merge)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < merge->n_runs; i++)
        sum += merge->runs[i].size;
    return sum;
}

mc_status mci_run_merge_to(const char *const *paths, size_t n, uint64_t memory_bytes,
                           const char *path, mc_error *err)
{
    mci_run_merge *merge = NULL;
    mci_run_writer *writer = NULL;
    mc_str key;
    uint64_t count;
    mc_status status = mci_run_merge_open(paths, n, memory_bytes, &merge, err);
    if (status >= 0)
        status = mci_run_writer_open(path, &writer, err);
    while (status >= 0 && (status = mci_run_merge_next(merge, &key, &count, err)) == MC_OK)
        status = mci_run_writer_add(writer, key, count, err);
    mci_run_merge_close(merge);
    return mci_run_writer_end(writer, status == MC_END ? MC_OK : status, err);
}
