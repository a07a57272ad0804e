#include "search/feature_paths.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/files.h"

static mc_status add(mci_feature_paths *all, mc_str path, mc_error *err)
{
    char *text = mci_arena_alloc(&all->texts, path.len + 1);
    if (!text)
        return mci_nomem(err, path.len + 1);
    memcpy(text, path.data, path.len);
    text[path.len] = '\0';
    MC_TRY(mci_grow((void **)&all->paths, &all->cap, all->n + 1, sizeof *all->paths, err));
    all->paths[all->n++] = text;
    return MC_OK;
}

/* How many digits stand before ".npy"; 0 if the name is another. */
static size_t digits_of(const char *name)
{
    size_t n = strspn(name, "0123456789");
    return strcmp(name + n, ".npy") == 0 ? n : 0;
}

/* How many files have numbers, and the largest number. */
static mc_status count_files(const char *path, DIR *dir, uint64_t *n, uint64_t *last, mc_error *err)
{
    const struct dirent *entry;
    *n = *last = 0;
    while (errno = 0, (entry = readdir(dir)) != NULL) {
        uint64_t number = 0;
        size_t n_digits = digits_of(entry->d_name);
        if (n_digits < 5 || n_digits > 18 || (n_digits > 5 && entry->d_name[0] == '0'))
            continue;
        for (size_t i = 0; i < n_digits; i++)
            number = number * 10 + (uint64_t)(entry->d_name[i] - '0');
        ++*n;
        *last = number > *last ? number : *last;
    }
    return errno ? mci_fail_errno(err, path, "cannot read the folder") : MC_OK;
}

static mc_status add_files(mci_feature_paths *all, const char *path, uint64_t n, mc_error *err)
{
    mci_buf name = { 0 };
    mc_status status = MC_OK;
    for (uint64_t i = 0; i < n && status >= 0; i++) {
        mci_buf_clear(&name);
        status = mci_buf_printf(&name, err, "%s/%05" PRIu64 ".npy", path, i);
        if (status >= 0)
            status = add(all, mci_buf_str(&name), err);
    }
    mci_buf_release(&name);
    return status;
}

static mc_status add_folder(mci_feature_paths *all, const char *path, mc_error *err)
{
    uint64_t n, last;
    DIR *dir = opendir(path);
    if (!dir)
        return mci_fail_errno(err, path, "cannot read the folder");
    mc_status status = count_files(path, dir, &n, &last, err);
    closedir(dir);
    if (status < 0)
        return status;
    if (n == 0)
        return mc_fail(err, MC_E_FORMAT,
                       "%s: no features lie in this folder: embed --shard-rows would have written "
                       "00000.npy",
                       path);
    if (last != n - 1)
        return mc_fail(err, MC_E_MISMATCH,
                       "%s: %05" PRIu64 ".npy is there, but only %" PRIu64
                       " files in all: embed has not finished them",
                       path, last, n);
    return add_files(all, path, n, err);
}

mc_status mci_feature_paths_add(mci_feature_paths *all, const char *path, mc_error *err)
{
    struct stat facts;
    if (stat(path, &facts) == 0 && S_ISDIR(facts.st_mode))
        return add_folder(all, path, err);
    return add(all, mc_str_of(path), err);
}

void mci_feature_paths_release(mci_feature_paths *all)
{
    mci_free(all->paths);
    mci_arena_release(&all->texts);
    *all = (mci_feature_paths){ 0 };
}
