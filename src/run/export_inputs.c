/* The inputs of an export as one list of files of pairs, and what must not be written over. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/files.h"
#include "curate/metadata_facts.h"
#include "run/export_internal.h"

/* ---- the list ---- */

static mc_status make_room(mci_export_inputs *inputs, size_t need, mc_error *err)
{
    if (need <= inputs->cap)
        return MC_OK;
    size_t cap = need > 2 * inputs->cap ? need : 2 * inputs->cap;
    void *paths = mci_realloc(inputs->paths, cap * sizeof *inputs->paths);
    if (paths)
        inputs->paths = paths;
    void *names = paths ? mci_realloc(inputs->names, cap * sizeof *inputs->names) : NULL;
    if (names)
        inputs->names = names;
    void *folders = names ? mci_realloc(inputs->folder_of, cap * sizeof *inputs->folder_of) : NULL;
    if (!folders)
        return mci_nomem(err, cap * sizeof *inputs->names);
    inputs->folder_of = folders;
    inputs->cap = cap;
    return MC_OK;
}

static void add_file(mci_export_inputs *inputs, const char *path, mc_str name,
                     const mci_export_folder *folder)
{
    inputs->paths[inputs->n] = path;
    inputs->names[inputs->n] = name;
    inputs->folder_of[inputs->n++] = folder;
}

static mc_status add_folder(mci_export_inputs *inputs, const char *dir, int part, mc_error *err)
{
    mci_export_folder *folder = &inputs->folders[inputs->n_folders];
    MC_TRY(mci_export_folder_open(dir, part, folder, err));
    inputs->n_folders++;
    MC_TRY(make_room(inputs, inputs->n + folder->n, err));
    for (size_t i = 0; i < folder->n; i++) {
        const mci_export_shard *shard = &folder->shards[i];
        bool matched = part & MCI_EXPORT_MATCHED;
        add_file(inputs, matched ? shard->matched : shard->curated, shard->name, folder);
    }
    if (folder->max_item_bytes > inputs->max_item_bytes)
        inputs->max_item_bytes = folder->max_item_bytes;
    return MC_OK;
}

static mc_status add_input(mci_export_inputs *inputs, const char *path, int part, mc_error *err)
{
    if (mci_is_folder(path))
        return add_folder(inputs, path, part, err);
    MC_TRY(make_room(inputs, inputs->n + 1, err));
    add_file(inputs, path, (mc_str){ 0 }, NULL);
    return MC_OK;
}

mc_status mci_export_inputs_open(const char *const *paths, size_t n, int part,
                                 mci_export_inputs *out, mc_error *err)
{
    mci_export_inputs inputs = { 0 };
    inputs.folders = mci_alloc_zeroed(n + 1, sizeof *inputs.folders);
    mc_status status = inputs.folders ? MC_OK : mci_nomem(err, n * sizeof *inputs.folders);
    for (size_t i = 0; i < n && status >= 0; i++)
        status = add_input(&inputs, paths[i], part, err);
    if (status < 0)
        mci_export_inputs_release(&inputs);
    else
        *out = inputs;
    return status;
}

void mci_export_inputs_release(mci_export_inputs *inputs)
{
    for (size_t i = 0; i < inputs->n_folders; i++)
        mci_export_folder_release(&inputs->folders[i]);
    mci_free(inputs->folders);
    mci_free(inputs->paths);
    mci_free(inputs->names);
    mci_free(inputs->folder_of);
    *inputs = (mci_export_inputs){ 0 };
}

mc_status mci_export_list_of(const mci_export_inputs *inputs, size_t i, mci_export_list *out,
                             mc_error *err)
{
    const mci_export_folder *folder = inputs->folder_of[i];
    bool found = false;
    *out = (mci_export_list){ 0 };
    if (!folder)
        return mci_list_of_file(inputs->paths[i], out->sha256, &out->n_entries, &found, err);
    memcpy(out->sha256, folder->metadata_sha256, sizeof out->sha256);
    out->n_entries = folder->n_entries;
    return MC_OK;
}

void mci_export_warn_unknown(const mc_hooks *hooks, const char *first, size_t n)
{
    char more[48] = "", text[512];
    if (n == 0 || !hooks->warn)
        return;
    if (n > 1)
        snprintf(more, sizeof more, " (and %zu more)", n - 1);
    snprintf(text, sizeof text,
             "nobody says which metadata the ids in %s%s belong to, so the output does not either",
             strcmp(first, "-") == 0 ? "standard input" : first, more);
    hooks->warn(hooks->user, text);
}

mc_status mci_export_reading_open(const mc_pool *pool, const char *const *paths, size_t n, int part,
                                  mci_export_reading *out, mc_error *err)
{
    mci_export_reading reading = { .pool = *pool };
    mci_export_inputs *inputs = &reading.inputs;
    MC_TRY(mci_export_inputs_open(paths, n, part, inputs, err));
    mc_status status =
        mci_shards_list(inputs->paths, inputs->n, MCI_AS_GIVEN, false, &reading.shards, err);
    if (status < 0) {
        mci_export_inputs_release(inputs);
        return status;
    }
    for (size_t i = 0; i < inputs->n; i++)
        if (inputs->names[i].len)
            reading.shards.shards[i].name = inputs->names[i];
    reading.pool.inputs = inputs->paths;
    reading.pool.n_inputs = inputs->n;
    if (pool->max_item_bytes == 0)
        reading.pool.max_item_bytes = inputs->max_item_bytes;
    *out = reading;
    return MC_OK;
}

void mci_export_reading_close(mci_export_reading *reading)
{
    mci_shards_release(&reading->shards);
    mci_export_inputs_release(&reading->inputs);
}

/* ---- outputs ---- */

mc_status mci_export_make_dir(const char *dir, mc_error *err)
{
    mci_buf path = { 0 };
    struct stat info;
    if (strcmp(dir, "-") == 0 || (stat(dir, &info) == 0 && !S_ISDIR(info.st_mode)))
        return mc_fail(err, MC_E_ARG, "%s: this form is a file for each shard; -o names a folder",
                       dir);
    mc_status status = mci_buf_printf(&path, err, "%s/", dir);
    if (status >= 0)
        status = mci_make_folders(path.data, err);
    mci_buf_release(&path);
    return status;
}

mc_status mci_export_path(const char *dir, mc_str name, const char *suffix, mci_buf *path,
                          mc_error *err)
{
    mci_buf_clear(path);
    return mci_buf_printf(path, err, "%s/%.*s%s", dir, (int)name.len, name.data, suffix);
}

/* A file by what it is, not by how it is called. */
struct mci_export_file {
    dev_t device;
    ino_t number;
};

static int compare_identities(const void *a, const void *b)
{
    const struct mci_export_file *x = a, *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

mc_status mci_export_guard_add(mci_export_guard *guard, const char *path, mc_error *err)
{
    struct stat info;
    void *files = guard->files;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return MC_OK; /* whoever reads it will say so */
    MC_TRY(mci_grow(&files, &guard->cap, guard->n + 1, sizeof *guard->files, err));
    guard->files = files;
    guard->files[guard->n++] = (struct mci_export_file){ info.st_dev, info.st_ino };
    return MC_OK;
}

void mci_export_guard_ready(mci_export_guard *guard)
{
    if (guard->n)
        qsort(guard->files, guard->n, sizeof *guard->files, compare_identities);
}

mc_status mci_export_guard_check(const mci_export_guard *guard, const char *path, mc_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return MC_OK;
    struct mci_export_file file = { info.st_dev, info.st_ino };
    if (guard->n && bsearch(&file, guard->files, guard->n, sizeof file, compare_identities))
        return mc_fail(err, MC_E_ARG, "%s: it would replace what is read; give -o another folder",
                       path);
    return MC_OK;
}

void mci_export_guard_release(mci_export_guard *guard)
{
    mci_free(guard->files);
    *guard = (mci_export_guard){ 0 };
}
