#include "corpus/text_inputs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/json_text.h"
#include "base/threads.h"
#include "base/utf8.h"

enum { MAX_DEPTH = 32, READ_BYTES = 1 << 20 };

void mci_text_inputs_release(mci_text_inputs *inputs)
{
    for (size_t i = 0; i < inputs->n; i++)
        mci_free(inputs->items[i].path);
    mci_free(inputs->items);
    *inputs = (mci_text_inputs){ 0 };
}

/* ---- finding ---- */

static mc_status add_file(mci_text_inputs *inputs, const char *path, uint64_t n_bytes,
                          mc_error *err)
{
    void *items = inputs->items;
    size_t n = strlen(path) + 1;
    MC_TRY(mci_grow(&items, &inputs->cap, inputs->n + 1, sizeof *inputs->items, err));
    inputs->items = items;
    char *copy = mci_alloc(n);
    if (!copy)
        return mci_nomem(err, n);
    memcpy(copy, path, n);
    const char *slash = strrchr(copy, '/');
    inputs->items[inputs->n++] =
        (mci_text_input){ .path = copy, .name = slash ? slash + 1 : copy, .n_bytes = n_bytes };
    inputs->n_bytes += n_bytes;
    return MC_OK;
}

static mc_status add_path(mci_text_inputs *inputs, const char *path, unsigned depth, mc_error *err);

static mc_status add_folder(mci_text_inputs *inputs, const char *path, unsigned depth,
                            mc_error *err)
{
    if (depth == MAX_DEPTH)
        return mc_fail(err, MC_E_LIMIT, "%s: folders are nested too deeply", path);
    DIR *dir = opendir(path);
    if (!dir)
        return mci_fail_errno(err, path, "cannot look into it");
    mci_buf inner = { 0 };
    mc_status status = MC_OK;
    for (struct dirent *it; status >= 0 && (it = readdir(dir));) {
        if (it->d_name[0] == '.')
            continue;
        mci_buf_clear(&inner);
        status = mci_buf_printf(&inner, err, "%s/%s", path, it->d_name);
        if (status >= 0)
            status = add_path(inputs, inner.data, depth + 1, err);
    }
    mci_buf_release(&inner);
    closedir(dir);
    return status;
}

static mc_status add_path(mci_text_inputs *inputs, const char *path, unsigned depth, mc_error *err)
{
    struct stat info;
    if (strcmp(path, "-") == 0)
        return mc_fail(err, MC_E_ARG,
                       "standard input cannot be an input here: it is read twice, and again after "
                       "a restart");
    if (stat(path, &info) != 0)
        return mci_fail_errno(err, path, "cannot look at it");
    if (S_ISDIR(info.st_mode))
        return add_folder(inputs, path, depth, err);
    if (!S_ISREG(info.st_mode))
        return mc_fail(err, MC_E_ARG, "%s: this is neither a file nor a folder", path);
    return add_file(inputs, path, (uint64_t)info.st_size, err);
}

static int compare(const void *a, const void *b)
{
    const mci_text_input *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->path, y->path);
}

mc_status mci_text_inputs_find(const char *const *paths, size_t n, mci_text_inputs *inputs,
                               mc_error *err)
{
    for (size_t i = 0; i < n; i++)
        MC_TRY(add_path(inputs, paths[i], 0, err));
    if (inputs->n == 0)
        return mc_fail(err, MC_E_ARG, "there is no file to read");
    qsort(inputs->items, inputs->n, sizeof *inputs->items, compare);
    for (size_t i = 1; i < inputs->n; i++)
        if (strcmp(inputs->items[i - 1].path, inputs->items[i].path) == 0)
            return mc_fail(err, MC_E_ARG, "%s: it is named twice", inputs->items[i].path);
    return MC_OK;
}

/* ---- hashing ---- */

typedef struct {
    mci_text_inputs *inputs;
    const mc_hooks *hooks;
    atomic_uint_least64_t done;
} hasher;

static mc_status hash_bytes(hasher *h, int fd, const char *path, mci_sha256 *sha, char *buffer,
                            bool speaks, mc_error *err)
{
    for (;;) {
        ssize_t n = read(fd, buffer, READ_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mci_fail_errno(err, path, "cannot read");
        if (n == 0)
            return MC_OK;
        MC_TRY(mci_sha256_add(sha, (mc_str){ buffer, (size_t)n }, err));
        uint64_t done = atomic_fetch_add(&h->done, (uint64_t)n) + (uint64_t)n;
        mc_progress progress = { .phase = "hash", .done = done, .total = h->inputs->n_bytes };
        if (speaks && h->hooks->progress)
            h->hooks->progress(h->hooks->user, &progress);
    }
}

/* Only worker 0, the caller, speaks of progress. */
static mc_status hash_file(void *user, size_t task, unsigned worker, mc_error *err)
{
    hasher *h = user;
    mci_text_input *input = &h->inputs->items[task];
    mci_sha256 *sha = NULL;
    char *buffer = mci_alloc(READ_BYTES);
    int fd = open(input->path, O_RDONLY | O_CLOEXEC);
    mc_status status = MC_OK;
    if (!buffer)
        status = mci_nomem(err, READ_BYTES);
    else if (fd < 0)
        status = mci_fail_errno(err, input->path, "cannot open it");
    if (status >= 0)
        status = mci_sha256_new(&sha, err);
    if (status >= 0)
        status = hash_bytes(h, fd, input->path, sha, buffer, worker == 0, err);
    if (status >= 0)
        status = mci_sha256_end(sha, input->sha256, err);
    if (fd >= 0)
        close(fd);
    mci_sha256_free(sha);
    mci_free(buffer);
    return status;
}

mc_status mci_text_inputs_hash(mci_text_inputs *inputs, unsigned n_threads, const mc_hooks *hooks,
                               mc_error *err)
{
    hasher h = { .inputs = inputs, .hooks = hooks };
    return mci_run_tasks(n_threads, inputs->n, hash_file, &h, err);
}

mc_status mci_text_inputs_json(const mci_text_inputs *inputs, mci_buf *out, mc_error *err)
{
    mci_buf name = { 0 };
    uint64_t n_replaced = 0;
    mc_status status = mci_buf_printf(out, err, "\"inputs\":[");
    for (size_t i = 0; i < inputs->n && status >= 0; i++) {
        const mci_text_input *input = &inputs->items[i];
        mci_buf_clear(&name);
        status = mci_utf8_repair(mc_str_of(input->name), &name, &n_replaced, err);
        if (status >= 0)
            status = mci_buf_printf(out, err, "%s{\"name\":", i ? ",\n" : "\n");
        if (status >= 0)
            status = mci_json_add_string(out, mci_buf_str(&name), err);
        if (status >= 0)
            status = mci_buf_printf(out, err, ",\"bytes\":%" PRIu64 ",\"sha256\":\"%s\"}",
                                    input->n_bytes, input->sha256);
    }
    mci_buf_release(&name);
    return status < 0 ? status : mci_buf_printf(out, err, "]");
}
