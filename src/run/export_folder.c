/* What a finished run folder holds. Its files of pairs are found by looking, whatever form they
 * have; run.json says which shards there must be. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "curate/sidecar.h"
#include "io/whole.h"
#include "run/export_internal.h"
#include "run/run_folder.h"

bool mci_is_folder(const char *path)
{
    struct stat info;
    return strcmp(path, "-") != 0 && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* ---- files of pairs ---- */

typedef struct {
    mc_str name; /* of the shard */
    const char *path;
} found_file;

typedef struct {
    mci_export_folder *folder;
    const char *part; /* "matched" */
    found_file *files;
    size_t n, cap;
} search;

/* The name of the shard that a file in OUT/PART/HH is of; empty if it is no file of pairs. */
static mc_str shard_of_file(const char *file, const char *hh)
{
    static const char *const suffixes[] = { ".jsonl.zst", ".jsonl.gz", ".jsonl", ".parquet" };
    char want[3];
    size_t n = strlen(file);
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        size_t n_suffix = strlen(suffixes[i]);
        if (n <= n_suffix || strcmp(file + n - n_suffix, suffixes[i]) != 0)
            continue;
        mc_str name = { file, n - n_suffix };
        snprintf(want, sizeof want, "%02x", (unsigned)(mci_hash64(name, 0) & 0xFF));
        return strcmp(want, hh) == 0 ? name : (mc_str){ 0 };
    }
    return (mc_str){ 0 };
}

static mc_status add_file(search *s, const char *path, mc_str name, mc_error *err)
{
    mci_arena *arena = &s->folder->arena;
    mc_str copy = { path, strlen(path) + 1 };
    void *files = s->files;
    MC_TRY(mci_grow(&files, &s->cap, s->n + 1, sizeof *s->files, err));
    s->files = files;
    found_file *file = &s->files[s->n];
    MC_TRY(mci_arena_copy(arena, copy, &copy, err));
    MC_TRY(mci_arena_copy(arena, name, &file->name, err));
    file->path = copy.data;
    s->n++;
    return MC_OK;
}

static mc_status see_file(search *s, const char *path, const char *hh, const char *file,
                          mc_error *err)
{
    mc_str name = shard_of_file(file, hh);
    if (name.len == 0)
        return mc_fail(err, MC_E_FORMAT,
                       "%s: it is no file of the run; `metaclip verify %s` tells more", path,
                       s->folder->dir);
    return add_file(s, path, name, err);
}

/* Calls itself for the folders HH in OUT/PART, where `hh` is NULL. Hidden files are others' work.
 */
static mc_status look_into(search *s, mci_buf *path, const char *hh, mc_error *err)
{
    size_t len = path->len;
    DIR *dir = opendir(path->data);
    if (!dir)
        return mci_fail_errno(err, path->data, "cannot open the folder");
    mc_status status = MC_OK;
    for (struct dirent *it; status >= 0 && (it = readdir(dir));) {
        if (it->d_name[0] == '.')
            continue;
        path->len = len;
        status = mci_buf_printf(path, err, "/%s", it->d_name);
        if (status >= 0 && hh)
            status = see_file(s, path->data, hh, it->d_name, err);
        else if (status >= 0 && mci_is_folder(path->data))
            status = look_into(s, path, it->d_name, err);
    }
    closedir(dir);
    path->len = len;
    return status;
}

static int compare_names(mc_str x, mc_str y)
{
    size_t n = x.len < y.len ? x.len : y.len;
    int order = n ? memcmp(x.data, y.data, n) : 0;
    return order ? order : (x.len > y.len) - (x.len < y.len);
}

static int compare_files(const void *a, const void *b)
{
    return compare_names(((const found_file *)a)->name, ((const found_file *)b)->name);
}

static mc_status find_files(search *s, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = mci_buf_printf(&path, err, "%s/%s", s->folder->dir, s->part);
    if (status >= 0)
        status = look_into(s, &path, NULL, err);
    mci_buf_release(&path);
    if (status >= 0 && s->n)
        qsort(s->files, s->n, sizeof *s->files, compare_files);
    return status;
}

/* ---- run.json ---- */

static mc_status want_u64(mci_json_value root, const char *name, uint64_t *out, mc_error *err)
{
    mci_json_value value;
    if (mci_json_get(root, name, &value) && mci_json_u64(value, out))
        return MC_OK;
    return mc_fail(err, MC_E_FORMAT, "\"%s\" is missing or no whole number", name);
}

static mc_status read_options(mci_json_value root, mci_export_folder *folder, mc_error *err)
{
    mci_json_value value;
    uint64_t format = 0;
    MC_TRY(want_u64(root, "format", &format, err));
    if (format != MCI_RUN_VERSION)
        return mc_fail(err, MC_E_FORMAT, "a run folder of version %" PRIu64 ", want %d", format,
                       MCI_RUN_VERSION);
    MC_TRY(want_u64(root, "entries", &folder->n_entries, err));
    MC_TRY(want_u64(root, "max_item_bytes", &folder->max_item_bytes, err));
    folder->max_item_bytes =
        mci_max_own_bytes(&(mc_pool){ .max_item_bytes = folder->max_item_bytes });
    if (!mci_json_get(root, "metadata_sha256", &value) || !mci_is_sha256(mci_json_string(value)))
        return mc_fail(err, MC_E_FORMAT, "\"metadata_sha256\" is missing or no SHA-256");
    memcpy(folder->metadata_sha256, mci_json_string(value).data, MC_SHA256_DIGITS);
    folder->names_from_paths =
        mci_json_get(root, "names_from_paths", &value) && mci_json_bool(value);
    return MC_OK;
}

static mc_status tell_difference(const search *s, mc_str listed, const found_file *file,
                                 mc_error *err)
{
    if (file && (listed.len == 0 || compare_names(file->name, listed) < 0))
        return mc_fail(err, MC_E_FORMAT,
                       "%s: it is of no input of run.json; `metaclip verify %s` tells more",
                       file->path, s->folder->dir);
    return mc_fail(err, MC_E_FORMAT,
                   "%s: the file of input %.*s in %s/ is missing; `metaclip verify %s` tells more",
                   s->folder->dir, (int)(listed.len < 200 ? listed.len : 200), listed.data, s->part,
                   s->folder->dir);
}

/* Both are sorted by the names' bytes, but in run.json a name that is not UTF-8 is repaired. */
static mc_status compare_inputs(const search *s, mci_json_value inputs, mc_error *err)
{
    mci_json_value input, name;
    mci_buf shown = { 0 };
    size_t i = 0;
    mc_status status = MC_OK;
    for (mci_json_iter it = mci_json_iterate(inputs);
         status >= 0 && mci_json_next(&it, NULL, &input); i++) {
        uint64_t n_replaced = 0;
        mc_str listed = { 0 };
        if (mci_json_get(input, "name", &name))
            listed = mci_json_string(name);
        mci_buf_clear(&shown);
        if (i < s->n)
            status = mci_utf8_repair(s->files[i].name, &shown, &n_replaced, err);
        if (status >= 0 && (i >= s->n || !mc_str_equal(mci_buf_str(&shown), listed)))
            status = tell_difference(s, listed, i < s->n ? &s->files[i] : NULL, err);
    }
    mci_buf_release(&shown);
    if (status >= 0 && i < s->n)
        status = tell_difference(s, (mc_str){ 0 }, &s->files[i], err);
    return status;
}

/* ---- all of it ---- */

static mc_status take_files(const search *s, bool matched, mc_error *err)
{
    mci_export_folder *folder = s->folder;
    if (!folder->shards) {
        folder->shards = mci_alloc_zeroed(s->n + 1, sizeof *folder->shards);
        if (!folder->shards)
            return mci_nomem(err, s->n * sizeof *folder->shards);
        folder->n = s->n;
    }
    for (size_t i = 0; i < s->n; i++) {
        folder->shards[i].name = s->files[i].name;
        *(matched ? &folder->shards[i].matched : &folder->shards[i].curated) = s->files[i].path;
    }
    return MC_OK;
}

static mc_status open_part(mci_export_folder *folder, mci_json_value root, bool matched,
                           mc_error *err)
{
    search s = { .folder = folder, .part = matched ? "matched" : "curated" };
    mci_json_value inputs;
    if (!mci_json_get(root, "inputs", &inputs) || mci_json_type_of(inputs) != MCI_JSON_ARRAY)
        return mc_fail(err, MC_E_FORMAT, "%s/run.json: \"inputs\" is missing or no array",
                       folder->dir);
    mc_status status = find_files(&s, err);
    if (status >= 0)
        status = compare_inputs(&s, inputs, err);
    if (status >= 0)
        status = take_files(&s, matched, err);
    mci_free(s.files);
    return status;
}

static mc_status open_folder(mci_export_folder *folder, int parts, mci_buf *path, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    MC_TRY(mci_buf_printf(path, err, "%s/run.json", folder->dir));
    if (!mci_file_exists(path->data))
        return mc_fail(err, MC_E_FORMAT,
                       "%s: this folder has no run.json, so it is no run folder of curate; name "
                       "the files in it",
                       folder->dir);
    mc_status status = mci_json_load(path->data, MCI_MAX_WHOLE_BYTES, &json, &root, err);
    if (status >= 0) {
        status = read_options(root, folder, err);
        if (status < 0)
            mc_add_context(err, status, "%s", path->data);
    }
    mci_buf_clear(path);
    if (status >= 0)
        status = mci_buf_printf(path, err, "%s/summary.json", folder->dir);
    if (status >= 0 && !mci_file_exists(path->data))
        status = mc_fail(err, MC_E_FORMAT,
                         "%s: the run is not finished (it has no summary.json); give the command "
                         "that began it again",
                         folder->dir);
    if (status >= 0 && parts & MCI_EXPORT_MATCHED)
        status = open_part(folder, root, true, err);
    if (status >= 0 && parts & MCI_EXPORT_CURATED)
        status = open_part(folder, root, false, err);
    mci_json_free(json);
    return status;
}

mc_status mci_export_folder_open(const char *dir, int parts, mci_export_folder *out, mc_error *err)
{
    mci_export_folder folder = { .dir = dir };
    mci_buf path = { 0 };
    mc_status status = open_folder(&folder, parts, &path, err);
    mci_buf_release(&path);
    if (status < 0)
        mci_export_folder_release(&folder);
    else
        *out = folder;
    return status;
}

void mci_export_folder_release(mci_export_folder *folder)
{
    mci_arena_release(&folder->arena);
    mci_free(folder->shards);
    *folder = (mci_export_folder){ 0 };
}

const mci_export_shard *mci_export_folder_find(const mci_export_folder *folder, mc_str name)
{
    size_t low = 0, high = folder->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_names(folder->shards[middle].name, name);
        if (order == 0)
            return &folder->shards[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
