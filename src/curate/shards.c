#include "curate/shards.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/utf8.h"

static bool drop_suffix(mc_str *name, const char *suffix)
{
    size_t n = strlen(suffix);
    if (name->len <= n || memcmp(name->data + name->len - n, suffix, n) != 0)
        return false;
    name->len -= n;
    return true;
}

mc_str mci_shard_name(mc_str name)
{
    static const char *const suffixes[] = { ".gz",   ".zst", ".bz2",    ".jsonl", ".json",
                                            ".warc", ".wat", ".txt",    ".csv",   ".tsv",
                                            ".tar",  ".tgz", ".parquet" };
    bool dropped = true;
    while (dropped) {
        dropped = false;
        for (size_t i = 0; i < COUNT_OF(suffixes); i++)
            dropped |= drop_suffix(&name, suffixes[i]);
    }
    return name;
}

/* The path is the caller's, so it is copied only if bytes of it are wrong. */
static mc_status name_source(mci_shards *shards, mci_shard *shard, mc_str name, mc_error *err)
{
    uint64_t n_replaced = 0;
    mci_buf repaired = { 0 };
    shard->source = name;
    if (mci_utf8_valid(name))
        return MC_OK;
    mc_status status = mci_utf8_repair(name, &repaired, &n_replaced, err);
    if (status >= 0)
        status = mci_arena_copy(&shards->arena, mci_buf_str(&repaired), &shard->source, err);
    mci_buf_release(&repaired);
    return status;
}

static mc_status name_shard(mci_shards *shards, mci_shard *shard, const char *stdin_name,
                            bool from_path, mc_error *err)
{
    bool is_stdin = strcmp(shard->path, "-") == 0;
    const char *path = is_stdin && stdin_name ? stdin_name : shard->path;
    mc_str name = mc_str_of(path);
    if (is_stdin && !stdin_name) {
        shard->name = mc_str_of("stdin");
        shard->source = name;
        return MC_OK;
    }
    const char *slash = from_path ? NULL : strrchr(path, '/');
    if (slash)
        name = mc_str_of(slash + 1);
    MC_TRY(name_source(shards, shard, name, err));
    char *copy = mci_arena_alloc(&shards->arena, name.len);
    if (!copy)
        return mci_nomem(err, name.len);
    for (size_t i = 0; i < name.len; i++)
        copy[i] = (char)(name.data[i] == '/' ? '_' : name.data[i]);
    shard->name = (mc_str){ copy, name.len };
    if (!from_path)
        shard->name = mci_shard_name(shard->name);
    return MC_OK;
}

static int compare_names(const void *a, const void *b)
{
    mc_str x = ((const mci_shard *)a)->name, y = ((const mci_shard *)b)->name;
    size_t n = x.len < y.len ? x.len : y.len;
    int order = n ? memcmp(x.data, y.data, n) : 0;
    return order ? order : (x.len > y.len) - (x.len < y.len);
}

static mc_status refuse_equal_names(const mci_shards *shards, bool from_paths, mc_error *err)
{
    const char *way_out = from_paths ? "" : "; --shard-names path tells them apart";
    for (size_t i = 1; i < shards->n; i++) {
        const char *a = shards->shards[i - 1].path, *b = shards->shards[i].path;
        if (!mc_str_equal(shards->shards[i - 1].name, shards->shards[i].name))
            continue;
        if (strcmp(a, b) == 0)
            return mc_fail(err, MC_E_ARG, "%s is given twice; name each input once", a);
        return mc_fail(err, MC_E_ARG, "%s and %s give the same shard name%s", a, b, way_out);
    }
    return MC_OK;
}

static mc_status add_sizes(mci_shards *shards, mc_error *err)
{
    bool known = true;
    for (size_t i = 0; i < shards->n; i++) {
        struct stat info;
        const char *path = shards->shards[i].path;
        if (strcmp(path, "-") == 0) {
            known = false;
            continue;
        }
        if (stat(path, &info) != 0)
            return mc_fail(err, MC_E_IO, "%s: cannot open it: %s", path, strerror(errno));
        if (S_ISDIR(info.st_mode))
            return mc_fail(err, MC_E_IO, "%s: this is a folder, name the files in it", path);
        known &= S_ISREG(info.st_mode);
        shards->n_bytes += (uint64_t)info.st_size;
    }
    if (!known)
        shards->n_bytes = 0;
    return MC_OK;
}

mc_status mci_shards_of_pool(const mc_pool *pool, mci_shard_order order, bool names_from_paths,
                             mci_shards *out, mc_error *err)
{
    mci_shards shards = { 0 };
    size_t n = pool->n_inputs;
    if (n == 0)
        return mc_fail(err, MC_E_ARG, "no input; name at least one file, or - for standard input");
    shards.shards = mci_alloc_zeroed(n, sizeof *shards.shards);
    if (!shards.shards)
        return mci_nomem(err, n * sizeof *shards.shards);
    shards.n = n;
    mc_status status = MC_OK;
    for (size_t i = 0; i < n && status >= 0; i++) {
        shards.shards[i].path = pool->inputs[i];
        status = name_shard(&shards, &shards.shards[i], pool->stdin_name, names_from_paths, err);
    }
    if (status >= 0)
        status = add_sizes(&shards, err);
    if (status >= 0 && order == MCI_BY_NAME) {
        qsort(shards.shards, n, sizeof *shards.shards, compare_names);
        status = refuse_equal_names(&shards, names_from_paths, err);
    }
    if (status < 0)
        mci_shards_release(&shards);
    else
        *out = shards;
    return status;
}

mc_status mci_shards_list(const char *const *inputs, size_t n, mci_shard_order order,
                          bool names_from_paths, mci_shards *out, mc_error *err)
{
    const mc_pool pool = { .inputs = inputs, .n_inputs = n };
    return mci_shards_of_pool(&pool, order, names_from_paths, out, err);
}

void mci_shards_release(mci_shards *shards)
{
    mci_arena_release(&shards->arena);
    mci_free(shards->shards);
    *shards = (mci_shards){ 0 };
}
