/* Which files lie in matched/ and curated/, and whose they are. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "run/verify_internal.h"

static const char *const side_names[] = { "matched", "curated" };

static const char *suffix_of(const mci_verify *v)
{
    return mci_run_suffix(v->options.format);
}

mc_status mci_verify_path(const mci_verify *v, const mci_verify_input *input, int side,
                          mci_buf *path, mc_error *err)
{
    mci_run_folder folder = { .dir = v->job->dir, .format = v->options.format };
    mci_run_part part = side == MCI_VERIFY_MATCHED ? MCI_RUN_MATCHED : MCI_RUN_CURATED;
    return mci_run_path(&folder, part, input->name, path, err);
}

/* ---- names ---- */

static int compare_listed(const void *a, const void *b)
{
    mc_str x = ((const mci_verify_input *)a)->listed, y = ((const mci_verify_input *)b)->listed;
    size_t n = x.len < y.len ? x.len : y.len;
    int order = n ? memcmp(x.data, y.data, n) : 0;
    return order ? order : (x.len > y.len) - (x.len < y.len);
}

/* The input that this file is of. run.json has U+FFFD where a name is not UTF-8, so that several
 * inputs may look alike there: one that has no such file yet. */
static mci_verify_input *find_input(mci_verify *v, mc_str name, mc_str listed, int side)
{
    mci_verify_input want = { .listed = listed };
    size_t low = 0, high = v->n_inputs;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_listed(&v->inputs[middle], &want) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < v->n_inputs && mc_str_equal(v->inputs[low].listed, listed); low++) {
        mci_verify_input *input = &v->inputs[low];
        bool is_taken = input->has[side] || (input->name.data && !mc_str_equal(input->name, name));
        if (!is_taken)
            return input;
    }
    return NULL;
}

static bool is_temporary(const char *file)
{
    size_t n = strlen(file);
    return n > 5 && file[0] == '.' && strcmp(file + n - 4, ".tmp") == 0;
}

/* Notes the file with its input; false if it is none of the run's. */
static mc_status claim(mci_verify *v, int side, const char *folder, const char *file, bool *is_ours,
                       mc_error *err)
{
    size_t n_file = strlen(file), n_suffix = strlen(suffix_of(v));
    char hh[3];
    mci_buf listed = { 0 };
    uint64_t n_replaced = 0;
    *is_ours = false;
    if (n_file <= n_suffix || strcmp(file + n_file - n_suffix, suffix_of(v)) != 0)
        return MC_OK;
    mc_str name = { file, n_file - n_suffix };
    snprintf(hh, sizeof hh, "%02x", (unsigned)(mci_hash64(name, 0) & 0xFF));
    if (strcmp(hh, folder) != 0)
        return MC_OK;
    mc_status status = mci_utf8_repair(name, &listed, &n_replaced, err);
    mci_verify_input *input = status < 0 ? NULL : find_input(v, name, mci_buf_str(&listed), side);
    mci_buf_release(&listed);
    if (!input)
        return status;
    *is_ours = input->has[side] = true;
    return input->name.data ? MC_OK : mci_arena_copy(&v->arena, name, &input->name, err);
}

/* ---- folders ---- */

/* Calls `see` for every name in OUT/folder, in any order. */
typedef mc_status see_fn(mci_verify *v, int side, const char *folder, const char *file,
                         const struct stat *info, mc_error *err);

static mc_status each_file(mci_verify *v, int side, const char *folder, see_fn *see, mc_error *err)
{
    mci_buf path = { 0 };
    struct stat info;
    MC_TRY(mci_buf_printf(&path, err, "%s/%s", v->job->dir, folder));
    size_t len = path.len;
    DIR *dir = opendir(path.data);
    mc_status status = dir ? MC_OK : mci_fail_errno(err, path.data, "cannot open the folder");
    for (struct dirent *it; status >= 0 && (it = readdir(dir));) {
        if (strcmp(it->d_name, ".") == 0 || strcmp(it->d_name, "..") == 0)
            continue;
        path.len = len;
        status = mci_buf_printf(&path, err, "/%s", it->d_name);
        if (status >= 0 && lstat(path.data, &info) != 0)
            status = mci_fail_errno(err, path.data, "cannot look at it");
        if (status >= 0)
            status = see(v, side, folder, it->d_name, &info, err);
    }
    if (dir)
        closedir(dir);
    mci_buf_release(&path);
    return status;
}

static void tell_foreign(mci_verify *v, const char *folder, const char *file)
{
    mci_found(&v->findings, MC_CHECK_files, MCI_PLACE_LAST, "%s/%s: %s", folder, file,
              is_temporary(file) ? "a left-over temporary" : "it is of no input of run.json");
}

static mc_status see_pairs(mci_verify *v, int side, const char *folder, const char *file,
                           const struct stat *info, mc_error *err)
{
    bool is_ours = false;
    mci_checked(&v->findings, MC_CHECK_files, 1);
    if (!S_ISDIR(info->st_mode))
        MC_TRY(claim(v, side, strrchr(folder, '/') + 1, file, &is_ours, err));
    if (!is_ours)
        tell_foreign(v, folder, file);
    else if (info->st_size > 0)
        v->n_bytes += (uint64_t)info->st_size;
    return MC_OK;
}

static mc_status see_folder(mci_verify *v, int side, const char *folder, const char *file,
                            const struct stat *info, mc_error *err)
{
    mci_buf inner = { 0 };
    if (!S_ISDIR(info->st_mode) || strlen(file) != 2) {
        tell_foreign(v, folder, file);
        return MC_OK;
    }
    MC_TRY(mci_buf_printf(&inner, err, "%s/%s", folder, file));
    mc_status status = each_file(v, side, inner.data, see_pairs, err);
    mci_buf_release(&inner);
    return status;
}

/* Beside the run's own files users may keep what they like, but nothing half-written. */
static mc_status see_top(mci_verify *v, int side, const char *folder, const char *file,
                         const struct stat *info, mc_error *err)
{
    (void)side;
    (void)folder;
    (void)info;
    (void)err;
    if (is_temporary(file))
        mci_found(&v->findings, MC_CHECK_files, MCI_PLACE_LAST, "%s: a left-over temporary", file);
    return MC_OK;
}

/* ---- all of it ---- */

static void tell_missing(mci_verify *v, size_t shard)
{
    const mci_verify_input *input = &v->inputs[shard];
    for (int side = 0; side < MCI_VERIFY_N_SIDES; side++)
        if (!input->has[side])
            mci_found(&v->findings, MC_CHECK_files, mci_place(shard, (uint64_t)side),
                      "%s/: the file of input %.*s is missing", side_names[side],
                      (int)(input->listed.len < 300 ? input->listed.len : 300), input->listed.data);
}

mc_status mci_verify_folder(mci_verify *v, mc_error *err)
{
    struct stat info;
    if (v->n_inputs)
        qsort(v->inputs, v->n_inputs, sizeof *v->inputs, compare_listed);
    MC_TRY(each_file(v, 0, ".", see_top, err));
    for (int side = 0; side < MCI_VERIFY_N_SIDES; side++) {
        mci_buf path = { 0 };
        MC_TRY(mci_buf_printf(&path, err, "%s/%s", v->job->dir, side_names[side]));
        bool is_there = stat(path.data, &info) == 0;
        mci_buf_release(&path);
        if (is_there)
            MC_TRY(each_file(v, side, side_names[side], see_folder, err));
    }
    mci_checked(&v->findings, MC_CHECK_files, 0);
    for (size_t i = 0; i < v->n_inputs; i++)
        tell_missing(v, i);
    return MC_OK;
}
