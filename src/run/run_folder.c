#include "run/run_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/hash.h"
#include "io/output.h"

static const struct {
    const char *folder, *suffix;
    bool is_pairs; /* gets the format's suffix instead */
} parts[MCI_RUN_N_PARTS] = {
    [MCI_RUN_MATCHED] = { "matched", "", true },
    [MCI_RUN_CURATED] = { "curated", "", true },
    [MCI_RUN_POOL] = { "state/pool", "", true },
    [MCI_RUN_POOL_KEYS] = { "state/pool", ".keys", false },
    [MCI_RUN_POOL_COUNTS] = { "state/pool", ".counts", false },
    [MCI_RUN_DROPS] = { "state/drops", ".drops", false },
    [MCI_RUN_COUNTS] = { "state/matched", ".counts", false },
    [MCI_RUN_IMAGE_KEYS] = { "state/images", ".keys", false },
    [MCI_RUN_CHOICES] = { "state/choices", ".choices", false },
    [MCI_RUN_DRAWN_COUNTS] = { "state/curated", ".counts", false },
    [MCI_RUN_POOL_STAMP] = { "state/pool", ".json", false },
    [MCI_RUN_MATCHED_STAMP] = { "state/matched", ".json", false },
    [MCI_RUN_IMAGE_STAMP] = { "state/images", ".json", false },
    [MCI_RUN_CURATED_STAMP] = { "state/curated", ".json", false },
};

/* ---- paths ---- */

const char *mci_run_suffix(mc_pairs_form form)
{
    static const char *const suffixes[MC_N_PAIRS_FORMS] = { ".jsonl", ".jsonl.gz", ".jsonl.zst",
                                                            ".parquet" };
    return suffixes[form];
}

const char *mc_pairs_form_name(mc_pairs_form form)
{
    return mci_run_suffix(form) + 1;
}

mc_status mci_run_path(const mci_run_folder *folder, mci_run_part part, mc_str name, mci_buf *path,
                       mc_error *err)
{
    const char *suffix = parts[part].suffix;
    if (part == MCI_RUN_POOL && folder->format == MC_PARQUET)
        suffix = mci_run_suffix(MC_JSONL_ZST); /* it is to be read by nobody else, and fast */
    else if (parts[part].is_pairs)
        suffix = mci_run_suffix(folder->format);
    unsigned hh = (unsigned)(mci_hash64(name, 0) & 0xFF);
    mci_buf_clear(path);
    return mci_buf_printf(path, err, "%s/%s/%02x/%.*s%s", folder->dir, parts[part].folder, hh,
                          (int)name.len, name.data, suffix);
}

mc_status mci_run_file(const mci_run_folder *folder, const char *file, mci_buf *path, mc_error *err)
{
    mci_buf_clear(path);
    return mci_buf_printf(path, err, "%s/%s", folder->dir, file);
}

mc_status mci_run_path_for_writing(const mci_run_folder *folder, mci_run_part part, mc_str name,
                                   mci_buf *path, mc_error *err)
{
    MC_TRY(mci_run_path(folder, part, name, path, err));
    return mci_make_folders(path->data, err);
}

/* ---- links ---- */

static mc_status copy_file(const char *from, const char *to, mc_error *err)
{
    mci_output *output = NULL;
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mci_fail_errno(err, from, "cannot open it");
    mc_status status = mci_output_open(to, MCI_PLAIN, &output, err);
    char bytes[1 << 14];
    ssize_t n = 1;
    while (status >= 0 && (n = read(fd, bytes, sizeof bytes)) > 0)
        status = mci_output_write(output, (mc_str){ bytes, (size_t)n }, err);
    if (status >= 0 && n < 0)
        status = mci_fail_errno(err, from, "cannot read");
    close(fd);
    if (status >= 0)
        return mci_output_commit(output, err);
    mci_output_abort(output);
    return status;
}

mc_status mci_run_link(const char *from, const char *to, mc_error *err)
{
    mci_buf temporary = { 0 };
    const char *name = strrchr(to, '/') + 1;
    MC_TRY(mci_buf_printf(&temporary, err, "%.*s.%s.tmp", (int)(name - to), to, name));
    unlink(temporary.data);
    mc_status status = MC_OK;
    if (link(from, temporary.data) != 0) {
        status = copy_file(from, to, err);
    } else if (rename(temporary.data, to) != 0) {
        status = mci_fail_errno(err, to, "cannot rename");
        unlink(temporary.data);
    } else {
        unlink(temporary.data); /* still there when `to` was the same file already */
        status = mci_sync_folder_of(to, err);
    }
    mci_buf_release(&temporary);
    return status;
}

/* ---- the folder as a whole ---- */

static bool is_temporary(const char *name)
{
    size_t n = strlen(name);
    return n > 5 && name[0] == '.' && strcmp(name + n - 4, ".tmp") == 0;
}

/* Removes the files in a folder, all or the temporaries among them, and those `depth` levels
 * further down. Failures here are no errors: whoever needs a name will say so. */
static void remove_files(mci_buf *path, bool temporaries_only, unsigned depth)
{
    DIR *dir = opendir(path->data);
    if (!dir)
        return;
    size_t len = path->len;
    for (struct dirent *it; (it = readdir(dir));) {
        if (strcmp(it->d_name, ".") == 0 || strcmp(it->d_name, "..") == 0)
            continue;
        path->len = len;
        if (mci_buf_printf(path, NULL, "/%s", it->d_name) < 0)
            break;
        if (!temporaries_only || is_temporary(it->d_name))
            unlink(path->data);
        else if (depth > 0 && (it->d_type == DT_DIR || it->d_type == DT_UNKNOWN))
            remove_files(path, temporaries_only, depth - 1);
    }
    path->len = len;
    path->data[len] = '\0';
    closedir(dir);
}

mc_status mci_run_empty_folder(const mci_run_folder *folder, const char *name, mci_buf *path,
                               mc_error *err)
{
    MC_TRY(mci_run_file(folder, name, path, err));
    remove_files(path, false, 0);
    return MC_OK;
}

/* Directly in OUT only the temporaries of our own files go: it may be somebody's home. */
static mc_status clean_top(const mci_run_folder *folder, mci_buf *path, mc_error *err)
{
    static const char *const files[] = {
        ".run.json.tmp",       ".entry_count.npy.tmp", ".entry_count.npy.meta.json.tmp",
        ".entry_prob.npy.tmp", ".datacard.json.tmp",   ".summary.json.tmp",
    };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        MC_TRY(mci_run_file(folder, files[i], path, err));
        unlink(path->data);
    }
    return MC_OK;
}

mc_status mci_run_folder_clean(const mci_run_folder *folder, mc_error *err)
{
    static const struct {
        const char *name;
        unsigned depth;
    } folders[] = { { "matched", 1 }, { "curated", 1 }, { "state", 2 } };
    mci_buf path = { 0 };
    mc_status status = clean_top(folder, &path, err);
    for (size_t i = 0; i < COUNT_OF(folders) && status >= 0; i++) {
        status = mci_run_file(folder, folders[i].name, &path, err);
        if (status >= 0)
            remove_files(&path, true, folders[i].depth);
    }
    mci_buf_release(&path);
    return status;
}

/* What another command has made is its own: its files and ours would be taken for one another. */
static mc_status refuse_others(const mci_run_folder *folder, mci_buf *path, mc_error *err)
{
    static const struct {
        const char *file, *command;
    } others[] = { { "pack.json", "pack" }, { "embed.json", "embed" }, { "checkpoints", "train" } };
    MC_TRY(mci_run_file(folder, "run.json", path, err));
    if (mci_file_exists(path->data))
        return MC_OK;
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        MC_TRY(mci_run_file(folder, others[i].file, path, err));
        if (mci_file_exists(path->data))
            return mc_fail(err, MC_E_MISMATCH,
                           "%s: this folder is of `metaclip %s` (it has %s); take one of its own",
                           folder->dir, others[i].command, others[i].file);
    }
    return MC_OK;
}

mc_status mci_run_folder_open(const char *dir, mc_pairs_form format, mci_run_folder *out,
                              mc_error *err)
{
    mci_run_folder folder = { .dir = dir, .format = format };
    mci_buf path = { 0 };
    struct stat info;
    if (stat(dir, &info) == 0 && !S_ISDIR(info.st_mode))
        return mc_fail(err, MC_E_IO, "%s: this is a file; -o names a folder here", dir);
    mc_status status = refuse_others(&folder, &path, err);
    if (status >= 0)
        status = mci_run_file(&folder, "state/", &path, err);
    if (status >= 0)
        status = mci_make_folders(path.data, err);
    mci_buf_release(&path);
    if (status >= 0)
        *out = folder;
    return status;
}
