/* The folder of a packing: whose it is, what of it is done, and what a killed run left behind. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/json_text.h"
#include "curate/pack_internal.h"
#include "io/output.h"
#include "io/whole.h"

enum { FORMAT = 1 };

/* ---- paths ---- */

mc_status mci_pack_path(const char *dir, size_t shard, const char *suffix, mci_buf *path,
                        mc_error *err)
{
    mci_buf_clear(path);
    return mci_buf_printf(path, err, "%s/%05zu%s", dir, shard, suffix);
}

mc_status mci_pack_stamp_path(const char *dir, size_t shard, mci_buf *path, mc_error *err)
{
    mci_buf_clear(path);
    return mci_buf_printf(path, err, "%s/state/%05zu.json", dir, shard);
}

static mc_status path_in(const char *dir, const char *name, mci_buf *path, mc_error *err)
{
    mci_buf_clear(path);
    return mci_buf_printf(path, err, "%s/%s", dir, name);
}

/* ---- opening ---- */

/* Only a packing's folder may hold something already; hidden files are nobody's business. */
static mc_status check_content(const char *dir, mci_buf *path, mc_error *err)
{
    bool is_empty = true;
    MC_TRY(path_in(dir, "pack.json", path, err));
    if (mci_file_exists(path->data))
        return MC_OK;
    DIR *stream = opendir(dir);
    if (!stream)
        return mci_fail_errno(err, dir, "cannot open it");
    for (struct dirent *it; (it = readdir(stream));)
        is_empty &= it->d_name[0] == '.';
    closedir(stream);
    if (is_empty)
        return MC_OK;
    return mc_fail(err, MC_E_MISMATCH,
                   "%s: something else is in it (it has no pack.json); take a folder of its own",
                   dir);
}

mc_status mci_pack_folder_open(const char *dir, bool *is_new, mc_error *err)
{
    struct stat info;
    mci_buf path = { 0 };
    *is_new = stat(dir, &info) != 0;
    if (!*is_new && !S_ISDIR(info.st_mode))
        return mc_fail(err, MC_E_IO, "%s: this is a file; -o names a folder here", dir);
    mc_status status = path_in(dir, "", &path, err);
    if (status >= 0)
        status = mci_make_folders(path.data, err);
    if (status >= 0)
        status = check_content(dir, &path, err);
    mci_buf_release(&path);
    return status;
}

/* ---- pack.json ---- */

/* The names in their order: another list would be cut into other shards. */
static mc_status hash_names(const mci_pack_list *list, char digits[MC_SHA256_DIGITS + 1],
                            mc_error *err)
{
    mci_sha256 *sha = NULL;
    MC_TRY(mci_sha256_new(&sha, err));
    mc_status status = MC_OK;
    for (size_t i = 0; i < list->n_images && status >= 0; i++) {
        status = mci_sha256_add(sha, list->images[i].name, err);
        if (status >= 0)
            status = mci_sha256_add(sha, (mc_str){ "", 1 }, err);
    }
    if (status >= 0)
        status = mci_sha256_end(sha, digits, err);
    mci_sha256_free(sha);
    return status;
}

static mc_status format_pack(const mc_pack_job *job, const mci_pack_list *list, mci_buf *out,
                             mc_error *err)
{
    char names[MC_SHA256_DIGITS + 1];
    MC_TRY(hash_names(list, names, err));
    return mci_buf_printf(out, err,
                          "{\"format\":%d,\"samples\":%llu,\"max_image_bytes\":%llu,"
                          "\"max_record_bytes\":%llu,\"parquet\":%s,\"images\":%zu,"
                          "\"names_sha256\":\"%s\"}\n",
                          FORMAT, (unsigned long long)job->samples,
                          (unsigned long long)job->max_image_bytes,
                          (unsigned long long)job->pool.max_item_bytes,
                          job->parquet ? "true" : "false", list->n_images, names);
}

static bool same_value(mci_json_value a, mci_json_value b)
{
    uint64_t x = 0, y = 0;
    bool has_x = mci_json_u64(a, &x), has_y = mci_json_u64(b, &y);
    return has_x == has_y && x == y && mci_json_bool(a) == mci_json_bool(b) &&
           mc_str_equal(mci_json_string(a), mci_json_string(b));
}

static mc_status compare_members(const char *dir, mci_json_value was, mci_json_value is,
                                 mc_error *err)
{
    static const struct {
        const char *name, *what;
    } members[] = {
        { "format", "this program's layout" },
        { "samples", "--samples" },
        { "max_image_bytes", "--max-image-bytes" },
        { "max_record_bytes", "--max-record-bytes" },
        { "parquet", "--parquet" },
        { "images", NULL },
        { "names_sha256", NULL },
    };
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        mci_json_value a, b;
        if (mci_json_get(was, members[i].name, &a) && mci_json_get(is, members[i].name, &b) &&
            same_value(a, b))
            continue;
        if (members[i].what)
            return mc_fail(err, MC_E_MISMATCH,
                           "%s: it was begun with another setting of %s; take another folder, or "
                           "remove this one",
                           dir, members[i].what);
        uint64_t n_was = 0, n_is = 0;
        if (mci_json_get(was, "images", &a) && mci_json_get(is, "images", &b)) {
            mci_json_u64(a, &n_was);
            mci_json_u64(b, &n_is);
        }
        return mc_fail(err, MC_E_MISMATCH,
                       "%s: it was begun with other images (%llu then, %llu now%s); take another "
                       "folder, or remove this one",
                       dir, (unsigned long long)n_was, (unsigned long long)n_is,
                       n_was == n_is ? ", of other names" : "");
    }
    return MC_OK;
}

static mc_status compare_texts(const char *dir, mc_str was, mc_str is, mc_error *err)
{
    mci_json *old_json = NULL, *new_json = NULL;
    mci_json_value old_root, new_root;
    mc_status status = mci_json_new(&old_json, err);
    if (status >= 0)
        status = mci_json_new(&new_json, err);
    if (status >= 0)
        status = mci_json_parse(new_json, is, &new_root, NULL, err);
    if (status >= 0)
        status = mci_json_parse(old_json, was, &old_root, NULL, err);
    if (status == MC_SKIPPED)
        status = mc_fail(err, MC_E_MISMATCH, "%s/pack.json: this is no packing's; remove it", dir);
    if (status >= 0)
        status = compare_members(dir, old_root, new_root, err);
    mci_json_free(old_json);
    mci_json_free(new_json);
    return status;
}

/* ---- temporaries ---- */

/* .00012.tar.tmp and its like: five digits, or the name of a file of the whole folder. */
static bool is_own_temporary(const char *name)
{
    static const char *const names[] = { ".pack.json.tmp", ".stats.csv.tmp", ".stats.json.tmp",
                                         ".rows.tmp" };
    static const char *const suffixes[] = { ".tar.tmp", "_stats.json.tmp", ".parquet.tmp",
                                            ".parquet.tmp.parquet", ".json.tmp" };
    size_t n = 1;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    while (name[0] == '.' && isdigit((unsigned char)name[n]))
        n++;
    for (size_t i = 0; i < COUNT_OF(suffixes) && n == 6; i++)
        if (strcmp(name + n, suffixes[i]) == 0)
            return true;
    return false;
}

/* Failures here are no errors: whoever needs a name will say so. */
static void remove_temporaries(const char *path)
{
    DIR *dir = opendir(path);
    for (struct dirent *it; dir && (it = readdir(dir));)
        if (is_own_temporary(it->d_name))
            unlinkat(dirfd(dir), it->d_name, 0);
    if (dir)
        closedir(dir);
}

/* ---- beginning ---- */

typedef struct {
    mci_buf path, was, is;
} pack_file;

static mc_status begin(const mc_pack_job *job, const mci_pack_list *list, pack_file *file,
                       mc_error *err)
{
    bool found;
    const char *dir = job->out_dir;
    MC_TRY(format_pack(job, list, &file->is, err));
    MC_TRY(path_in(dir, "pack.json", &file->path, err));
    MC_TRY(mci_read_file(file->path.data, &file->was, &found, err));
    if (found)
        MC_TRY(compare_texts(dir, mci_buf_str(&file->was), mci_buf_str(&file->is), err));
    else
        MC_TRY(mci_output_file(file->path.data, mci_buf_str(&file->is), err));
    MC_TRY(path_in(dir, "state/", &file->path, err));
    MC_TRY(mci_make_folders(file->path.data, err));
    remove_temporaries(file->path.data);
    remove_temporaries(dir);
    return MC_OK;
}

mc_status mci_pack_folder_begin(const mc_pack_job *job, const mci_pack_list *list, mc_error *err)
{
    pack_file file = { 0 };
    mc_status status = begin(job, list, &file, err);
    mci_buf_release(&file.path);
    mci_buf_release(&file.was);
    mci_buf_release(&file.is);
    return status;
}

mc_status mci_pack_folder_unfinish(const char *dir, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = path_in(dir, "stats.json", &path, err);
    if (status >= 0)
        status = mci_remove_file(path.data, err);
    mci_buf_release(&path);
    return status;
}

/* ---- stamps ---- */

static bool read_stamp(mci_json_value root, mci_pack_stamp *out)
{
    mci_json_value member;
    *out = (mci_pack_stamp){ 0 };
    if (!mci_json_get(root, "made_from", &member))
        return false;
    mc_str digits = mci_json_string(member);
    if (digits.len != MC_SHA256_DIGITS)
        return false;
    memcpy(out->made_from, digits.data, digits.len);
    if (!mci_json_get(root, "parquet_bytes", &member) ||
        !mci_json_u64(member, &out->parquet_bytes) || !mci_json_get(root, "counters", &member))
        return false;
    mci_pack_counters_read(member, &out->n);
    if (!mci_json_get(root, "problems", &member))
        return false;
    mci_problems_read(member, &out->problems);
    return true;
}

mc_status mci_pack_stamp_load(const char *path, mci_pack_stamp *stamp, bool *found, mc_error *err)
{
    mci_json *json;
    mci_json_value root;
    mc_status status = mci_json_recall(path, &json, &root, found, err);
    *found = status >= 0 && *found && read_stamp(root, stamp);
    mci_json_free(json);
    return status;
}

static mc_status format_stamp(const mci_pack_stamp *stamp, mci_buf *out, mc_error *err)
{
    MC_TRY(mci_buf_printf(out, err, "{\"made_from\":\"%s\",\"parquet_bytes\":%llu,\"counters\":{",
                          stamp->made_from, (unsigned long long)stamp->parquet_bytes));
    MC_TRY(mci_pack_counters_json(&stamp->n, true, out, err));
    MC_TRY(mci_buf_add(out, mc_str_of("},\"problems\":"), err));
    MC_TRY(mci_problems_json(&stamp->problems, out, err));
    return mci_buf_add(out, mc_str_of("}\n"), err);
}

mc_status mci_pack_stamp_save(const mci_pack_stamp *stamp, const char *path, mc_error *err)
{
    mci_buf text = { 0 };
    mc_status status = format_stamp(stamp, &text, err);
    if (status >= 0)
        status = mci_output_file(path, mci_buf_str(&text), err);
    mci_buf_release(&text);
    return status;
}
