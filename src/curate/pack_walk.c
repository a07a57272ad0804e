/* The files of a packing's inputs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/files.h"
#include "curate/key_set.h"
#include "curate/pack_internal.h"
#include "io/image_kind.h"

typedef enum { KIND_FILE, KIND_FOLDER, KIND_LINKED_FOLDER, KIND_OTHER } name_kind;

typedef struct {
    mc_str name; /* with a NUL behind it */
    name_kind kind;
    uint64_t n_bytes;
} folder_name;

/* A folder to be looked into. */
typedef struct {
    const char *path; /* without a slash at its end, so "" is the root */
    size_t name_at;   /* where the names of what is in it begin in their paths */
} folder;

typedef struct {
    mci_pack_list *list;
    folder *waiting;
    size_t n_waiting, cap_waiting;
    mci_key_set seen; /* folders, by device and number: each is looked into once */
    struct stat out;  /* the folder that is written to */
    /* of the folder that is looked into */
    mci_arena arena;
    folder_name *names;
    size_t n_names, cap_names;
    mci_buf path;
} walk;

/* ---- one folder ---- */

static int compare_names(const void *x, const void *y)
{
    const folder_name *a = x, *b = y;
    return strcmp(a->name.data, b->name.data);
}

/* What lies behind a name; a link to nothing is a file that cannot be read. */
static name_kind kind_of(int dir_fd, const struct dirent *it, uint64_t *n_bytes)
{
    struct stat info;
    *n_bytes = 0;
    if (it->d_type == DT_DIR)
        return KIND_FOLDER;
    if (fstatat(dir_fd, it->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return KIND_FILE;
    bool is_link = S_ISLNK(info.st_mode);
    if (is_link && fstatat(dir_fd, it->d_name, &info, 0) != 0)
        return KIND_FILE;
    if (S_ISDIR(info.st_mode))
        return is_link ? KIND_LINKED_FOLDER : KIND_FOLDER;
    *n_bytes = (uint64_t)info.st_size;
    return S_ISREG(info.st_mode) ? KIND_FILE : KIND_OTHER;
}

static mc_status note_name(walk *w, int dir_fd, const struct dirent *it, mc_error *err)
{
    void *names = w->names;
    mc_str name = mc_str_of(it->d_name), copy;
    if (name.data[0] == '.') {
        bool is_way = strcmp(name.data, ".") == 0 || strcmp(name.data, "..") == 0;
        w->list->n.files_found += !is_way;
        w->list->n.files_hidden += !is_way;
        return MC_OK;
    }
    MC_TRY(mci_grow(&names, &w->cap_names, w->n_names + 1, sizeof *w->names, err));
    w->names = names;
    MC_TRY(mci_arena_copy(&w->arena, (mc_str){ name.data, name.len + 1 }, &copy, err));
    folder_name *place = &w->names[w->n_names++];
    place->name = (mc_str){ copy.data, name.len };
    place->kind = kind_of(dir_fd, it, &place->n_bytes);
    return MC_OK;
}

/* All names at once: whether an image has a text is a question to its neighbours. */
static mc_status read_names(walk *w, DIR *dir, mc_error *err)
{
    w->n_names = 0;
    mci_arena_reset(&w->arena);
    for (;;) {
        errno = 0;
        struct dirent *it = readdir(dir);
        if (!it)
            break;
        MC_TRY(note_name(w, dirfd(dir), it, err));
    }
    if (errno != 0)
        return mc_fail(err, MC_SKIPPED, "cannot read the folder to its end: %s", strerror(errno));
    return MC_OK;
}

static bool has_suffix(mc_str name, const char *suffix)
{
    size_t n = strlen(suffix);
    return name.len > n && memcmp(name.data + name.len - n, suffix, n) == 0;
}

static bool is_sidecar(mc_str name)
{
    return has_suffix(name, ".txt") || has_suffix(name, ".json");
}

static mc_status has_file(walk *w, mc_str stem, const char *suffix, bool *has, mc_error *err)
{
    mci_buf_clear(&w->path);
    MC_TRY(mci_buf_printf(&w->path, err, "%.*s%s", (int)stem.len, stem.data, suffix));
    folder_name key = { .name = { w->path.data, w->path.len } };
    folder_name *found = bsearch(&key, w->names, w->n_names, sizeof key, compare_names);
    *has = found && found->kind == KIND_FILE;
    return MC_OK;
}

static mc_status add_folder(walk *w, const char *path, size_t name_at, mc_error *err)
{
    void *waiting = w->waiting;
    mc_str copy;
    MC_TRY(mci_grow(&waiting, &w->cap_waiting, w->n_waiting + 1, sizeof *w->waiting, err));
    w->waiting = waiting;
    MC_TRY(mci_arena_copy(&w->list->arena, (mc_str){ path, strlen(path) + 1 }, &copy, err));
    w->waiting[w->n_waiting++] = (folder){ copy.data, name_at };
    return MC_OK;
}

static mc_status add_file(walk *w, const folder *in, const folder_name *is, mc_error *err)
{
    mci_pack_image image = { .n_bytes = is->n_bytes, .is_meant = mci_is_image_name(is->name) };
    mc_str stem = mci_pack_stem(is->name);
    if (is_sidecar(is->name)) {
        w->list->n.files_found++;
        w->list->n.files_sidecar++;
        return MC_OK;
    }
    MC_TRY(has_file(w, stem, ".txt", &image.has_txt, err));
    MC_TRY(has_file(w, stem, ".json", &image.has_json, err));
    mci_buf_clear(&w->path);
    MC_TRY(mci_buf_printf(&w->path, err, "%s/%s", in->path, is->name.data));
    image.path = w->path.data;
    image.name = mc_str_of(w->path.data + in->name_at);
    return mci_pack_list_add(w->list, &image, err);
}

static mc_status take_name(walk *w, const folder *in, const folder_name *is, mc_error *err)
{
    mc_pack_counters *n = &w->list->n;
    switch (is->kind) {
    case KIND_FILE:
        return add_file(w, in, is, err);
    case KIND_FOLDER:
        mci_buf_clear(&w->path);
        MC_TRY(mci_buf_printf(&w->path, err, "%s/%s", in->path, is->name.data));
        return add_folder(w, w->path.data, in->name_at, err);
    case KIND_LINKED_FOLDER:
        n->files_linked++;
        break;
    case KIND_OTHER:
        n->files_other++;
        break;
    }
    n->files_found++;
    return MC_OK;
}

static mc_status is_new_folder(walk *w, DIR *dir, bool *is_new, mc_error *err)
{
    struct stat info;
    *is_new = false;
    if (fstat(dirfd(dir), &info) != 0)
        return mc_fail(err, MC_SKIPPED, "cannot look at the folder: %s", strerror(errno));
    if (info.st_dev == w->out.st_dev && info.st_ino == w->out.st_ino)
        return MC_OK;
    uint64_t where[2] = { info.st_dev, info.st_ino };
    mci_hash128 key =
        mci_hash128_pair((mc_str){ (const char *)where, sizeof where }, (mc_str){ 0 });
    return mci_key_set_add(&w->seen, key, is_new, err);
}

/* What of a folder can be read is taken. */
static mc_status look_into(walk *w, const folder *in, mc_error *err)
{
    bool is_new = false;
    DIR *dir = opendir(in->path[0] ? in->path : "/");
    if (!dir)
        return mc_fail(err, MC_SKIPPED, "cannot open the folder: %s", strerror(errno));
    mc_status status = is_new_folder(w, dir, &is_new, err);
    w->n_names = 0;
    if (status == MC_OK && is_new)
        status = read_names(w, dir, err);
    closedir(dir);
    MC_TRY(status);
    if (w->n_names > 0)
        qsort(w->names, w->n_names, sizeof *w->names, compare_names);
    for (size_t i = 0; i < w->n_names; i++)
        MC_TRY(take_name(w, in, &w->names[i], err));
    return status;
}

/* ---- inputs ---- */

/* An image that was named: what stands beside it is asked for by name. */
static mc_status add_named(walk *w, const char *path, const struct stat *info, mc_error *err)
{
    struct stat beside;
    mc_str stem = mci_pack_stem(mc_str_of(path));
    mci_pack_image image = { .path = path, .n_bytes = (uint64_t)info->st_size, .is_meant = true };
    image.name = mc_str_of(path + mci_folder_length(path));
    mci_buf_clear(&w->path);
    MC_TRY(mci_buf_printf(&w->path, err, "%.*s.txt", (int)stem.len, stem.data));
    image.has_txt = stat(w->path.data, &beside) == 0;
    mci_buf_clear(&w->path);
    MC_TRY(mci_buf_printf(&w->path, err, "%.*s.json", (int)stem.len, stem.data));
    image.has_json = stat(w->path.data, &beside) == 0;
    return mci_pack_list_add(w->list, &image, err);
}

/* The path with its folders' links resolved, not its own: that is a name of its own. */
static mc_status resolve_file(const char *path, mci_buf *out, mc_error *err)
{
    char resolved[PATH_MAX];
    size_t n = mci_folder_length(path);
    mci_buf_clear(out);
    MC_TRY(mci_buf_printf(out, err, "%.*s", n ? (int)n : 1, n ? path : "."));
    if (!realpath(out->data, resolved))
        return mci_fail_errno(err, path, "cannot open it");
    mci_buf_clear(out);
    return mci_buf_printf(out, err, "%s/%s", strcmp(resolved, "/") == 0 ? "" : resolved, path + n);
}

static mc_status add_input(walk *w, const char *path, mci_buf *resolved, mc_error *err)
{
    struct stat info;
    char folder_path[PATH_MAX];
    if (strcmp(path, "-") == 0)
        return mc_fail(err, MC_E_ARG,
                       "pack reads folders and images, not standard input (for a "
                       "list of names there is --files-from)");
    if (stat(path, &info) != 0)
        return mci_fail_errno(err, path, "cannot open it");
    if (S_ISREG(info.st_mode)) {
        MC_TRY(resolve_file(path, resolved, err));
        return add_named(w, resolved->data, &info, err);
    }
    if (!S_ISDIR(info.st_mode))
        return mc_fail(err, MC_E_ARG, "%s: neither a folder nor a file", path);
    if (!realpath(path, folder_path))
        return mci_fail_errno(err, path, "cannot open it");
    if (strcmp(folder_path, "/") == 0)
        folder_path[0] = '\0';
    return add_folder(w, folder_path, strlen(folder_path) + 1, err);
}

/* The last is looked into first: the outer of two inputs, one in the other, gives the names. */
static int compare_folders(const void *x, const void *y)
{
    const folder *a = x, *b = y;
    return -strcmp(a->path, b->path);
}

static mc_status walk_all(walk *w, mc_error *err)
{
    mci_buf resolved = { 0 };
    mc_status status = MC_OK;
    for (size_t i = 0; i < w->list->job->pool.n_inputs && status >= 0; i++)
        status = add_input(w, w->list->job->pool.inputs[i], &resolved, err);
    mci_buf_release(&resolved);
    if (w->n_waiting > 0)
        qsort(w->waiting, w->n_waiting, sizeof *w->waiting, compare_folders);
    while (status >= 0 && w->n_waiting > 0) {
        folder in = w->waiting[--w->n_waiting];
        status = look_into(w, &in, err);
        if (status == MC_SKIPPED)
            status = mci_pack_list_skip(w->list, &w->list->n.folders_unreadable,
                                        in.path[0] ? in.path : "/", err);
    }
    return status < 0 ? status : MC_OK;
}

mc_status mci_pack_walk(mci_pack_list *list, mc_error *err)
{
    walk w = { .list = list };
    if (stat(list->job->out_dir, &w.out) != 0)
        return mci_fail_errno(err, list->job->out_dir, "cannot open it");
    mc_status status = walk_all(&w, err);
    mci_free(w.waiting);
    mci_free(w.names);
    mci_key_set_release(&w.seen);
    mci_arena_release(&w.arena);
    mci_buf_release(&w.path);
    return status;
}
