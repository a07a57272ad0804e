/* A folder of lists, one a language, as one list:
 *
 *     DIR/en.json     ["car","red car"]     ids 0 1
 *     DIR/other.json  ["auto"]                  2
 *     DIR/zh.json     ["汽车","猫"]             3 4
 *
 * So counts, duplicates, drawing and every file of ids stay as they are, and only where a text goes
 * (list_route.h) and which t an entry has (limits.h) depend on the language. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/files.h"
#include "curate/metadata.h"

/* A file of the folder. */
typedef struct {
    char name[MC_LIST_NAME];
    const char *suffix; /* of its name: a constant */
} list_file;

typedef struct {
    const char *dir;
    list_file *files;
    size_t n, cap;
    mci_buf path;
} folder;

/* ---- which files ---- */

/* The length of a file's name without its suffix; 0 if it is no list's. */
static size_t length_of_name(const char *file, const char **suffix)
{
    static const char *const suffixes[] = { ".json", ".json.gz", ".json.zst" };
    size_t n = strlen(file);
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        size_t n_suffix = strlen(suffixes[i]);
        *suffix = suffixes[i];
        if (n > n_suffix && strcmp(file + n - n_suffix, suffixes[i]) == 0)
            return n - n_suffix;
    }
    return 0;
}

static bool ends_in(const char *name, size_t n, const char *end)
{
    size_t n_end = strlen(end);
    return n >= n_end && memcmp(name + n - n_end, end, n_end) == 0;
}

static bool is_of_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

bool mci_list_name_is_valid(mc_str name)
{
    size_t i = 0;
    while (i < name.len && is_of_name(name.data[i]))
        i++;
    return name.len > 0 && i == name.len && name.len < MC_LIST_NAME;
}

/* What is hidden, and what lies beside a list (NAME.json.meta.json), is none. */
bool mci_is_list_file(const char *name)
{
    const char *suffix;
    size_t n = length_of_name(name, &suffix);
    return n > 0 && name[0] != '.' && !ends_in(name, n, ".meta");
}

static mc_status add_file(folder *f, const char *file, mc_error *err)
{
    void *files = f->files;
    const char *suffix;
    size_t n = length_of_name(file, &suffix);
    if (!mci_is_list_file(file))
        return MC_OK;
    if (!mci_list_name_is_valid((mc_str){ file, n }))
        return mc_fail(err, MC_E_FORMAT,
                       "%s: %s: a list is called by its language, in letters, digits, - and _, at "
                       "most %d of them",
                       f->dir, file, MC_LIST_NAME - 1);
    MC_TRY(mci_grow(&files, &f->cap, f->n + 1, sizeof *f->files, err));
    f->files = files;
    f->files[f->n] = (list_file){ .suffix = suffix };
    memcpy(f->files[f->n++].name, file, n);
    return MC_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const list_file *)a)->name, ((const list_file *)b)->name);
}

static mc_status check_files(const folder *f, mc_error *err)
{
    if (f->n == 0)
        return mc_fail(err, MC_E_FORMAT, "%s: no list LANG.json lies in this folder", f->dir);
    for (size_t i = 1; i < f->n; i++)
        if (strcmp(f->files[i - 1].name, f->files[i].name) == 0)
            return mc_fail(err, MC_E_FORMAT, "%s: %s%s and %s%s are two lists of one name", f->dir,
                           f->files[i - 1].name, f->files[i - 1].suffix, f->files[i].name,
                           f->files[i].suffix);
    return MC_OK;
}

static mc_status find_files(folder *f, mc_error *err)
{
    DIR *dir = opendir(f->dir);
    if (!dir)
        return mci_fail_errno(err, f->dir, "cannot open it");
    mc_status status = MC_OK;
    errno = 0;
    for (struct dirent *it; status >= 0 && (it = readdir(dir)); errno = 0)
        status = add_file(f, it->d_name, err);
    if (status >= 0 && errno != 0)
        status = mci_fail_errno(err, f->dir, "cannot read it");
    closedir(dir);
    if (f->n > 0)
        qsort(f->files, f->n, sizeof *f->files, by_name);
    return status < 0 ? status : check_files(f, err);
}

/* ---- one behind the other ---- */

static mc_status append(const mc_metadata *metadata, mci_entry_list *all, mc_error *err)
{
    for (size_t i = 0; i < mc_metadata_len(metadata); i++)
        MC_TRY(mci_entry_list_add(all, mc_metadata_entry(metadata, i), err));
    return MC_OK;
}

static mc_status append_file(folder *f, const list_file *file, mci_entry_list *all,
                             mc_metadata_list *list, mc_error *err)
{
    mc_metadata *metadata = NULL;
    mci_buf_clear(&f->path);
    MC_TRY(mci_buf_printf(&f->path, err, "%s/%s%s", f->dir, file->name, file->suffix));
    MC_TRY(mc_metadata_load(f->path.data, &metadata, err));
    *list = (mc_metadata_list){ .first_id = all->n, .n_entries = mc_metadata_len(metadata) };
    memcpy(list->name, file->name, sizeof list->name);
    memcpy(list->sha256, mc_metadata_sha256(metadata), sizeof list->sha256);
    mc_status status = append(metadata, all, err);
    mc_metadata_free(metadata);
    return status < 0 ? mc_add_context(err, status, "%s", f->path.data) : status;
}

static mc_status load_files(folder *f, mc_metadata_list *lists, mc_metadata **out, mc_error *err)
{
    mci_entry_list all = { 0 };
    mc_status status = MC_OK;
    for (size_t i = 0; i < f->n && status >= 0; i++)
        status = append_file(f, &f->files[i], &all, &lists[i], err);
    if (status >= 0)
        return mci_metadata_new(&all, out, err);
    mci_entry_list_release(&all);
    return status;
}

static mc_status load_folder(folder *f, mc_metadata **out, mc_error *err)
{
    mc_metadata *metadata = NULL;
    MC_TRY(find_files(f, err));
    mc_metadata_list *lists = mci_alloc_zeroed(f->n, sizeof *lists);
    if (!lists)
        return mci_nomem(err, f->n * sizeof *lists);
    mc_status status = load_files(f, lists, &metadata, err);
    if (status < 0) {
        mci_free(lists);
        return status;
    }
    mci_metadata_set_lists(metadata, lists, f->n);
    *out = metadata;
    return MC_OK;
}

mc_status mc_metadata_load_lists(const char *path, mc_metadata **out, mc_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return mc_metadata_load(path, out, err);
    folder f = { .dir = path };
    mc_status status = load_folder(&f, out, err);
    mci_free(f.files);
    mci_buf_release(&f.path);
    return status;
}
