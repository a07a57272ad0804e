#include "io/image_inputs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/image_kind.h"
#include "io/stream.h"
#include "io/tar.h"

enum { TAR_BLOCK = 512 };

/* A folder that is looked through: its names, sorted, each with a NUL. */
typedef struct {
    mci_buf path; /* with a slash at its end */
    mci_buf text;
    size_t *names; /* where they begin in text */
    size_t n, cap, next;
} level;

struct mci_image_inputs {
    const char *const *paths;
    size_t n_paths, next_path;
    uint64_t max_image_bytes;
    level *levels; /* the folder, and those that it is in */
    size_t n_levels, cap_levels;
    mci_buf path; /* of what is looked at */
    /* the tar that is read */
    mci_buf tar_path;
    mci_stream *stream;
    mci_tar *tar;
    uint64_t n_passed_over;
};

void mci_image_input_release(mci_image_input *input)
{
    mci_buf_release(&input->name);
    mci_buf_release(&input->bytes);
}

mc_status mci_image_inputs_open(const char *const *paths, size_t n_paths, uint64_t max_image_bytes,
                                mci_image_inputs **out, mc_error *err)
{
    mci_image_inputs *in = mci_alloc_zeroed(1, sizeof *in);
    if (!in)
        return mci_nomem(err, sizeof *in);
    in->paths = paths;
    in->n_paths = n_paths;
    in->max_image_bytes = max_image_bytes;
    *out = in;
    return MC_OK;
}

static void close_tar(mci_image_inputs *in)
{
    mci_tar_close(in->tar);
    mci_stream_close(in->stream);
    in->tar = NULL;
    in->stream = NULL;
}

static void leave_folder(mci_image_inputs *in)
{
    level *last = &in->levels[--in->n_levels];
    mci_buf_release(&last->path);
    mci_buf_release(&last->text);
    mci_free(last->names);
}

void mci_image_inputs_close(mci_image_inputs *in)
{
    if (!in)
        return;
    close_tar(in);
    while (in->n_levels > 0)
        leave_folder(in);
    mci_free(in->levels);
    mci_buf_release(&in->path);
    mci_buf_release(&in->tar_path);
    mci_free(in);
}

uint64_t mci_image_inputs_passed_over(const mci_image_inputs *in)
{
    return in->n_passed_over;
}

static mc_status set_name(mci_image_input *input, mc_error *err, const char *path,
                          const char *slash, mc_str member)
{
    mci_buf_clear(&input->name);
    mci_buf_clear(&input->bytes);
    input->has_bytes = false;
    MC_TRY(mci_buf_add(&input->name, mc_str_of(path), err));
    MC_TRY(mci_buf_add(&input->name, mc_str_of(slash), err));
    MC_TRY(mci_buf_add(&input->name, member, err));
    return mci_buf_terminate(&input->name, err);
}

/* ---- folders ---- */

static int compare_names(const void *x, const void *y, void *text)
{
    return strcmp((char *)text + *(const size_t *)x, (char *)text + *(const size_t *)y);
}

static mc_status add_name(level *to, const char *name, mc_error *err)
{
    void *names = to->names;
    MC_TRY(mci_grow(&names, &to->cap, to->n + 1, sizeof *to->names, err));
    to->names = names;
    to->names[to->n] = to->text.len;
    MC_TRY(mci_buf_append(&to->text, name, strlen(name) + 1, err));
    to->n++;
    return MC_OK;
}

static mc_status read_names(level *to, DIR *dir, mc_error *err)
{
    for (;;) {
        errno = 0;
        struct dirent *it = readdir(dir);
        if (!it)
            break;
        if (it->d_name[0] != '.')
            MC_TRY(add_name(to, it->d_name, err));
    }
    if (errno != 0)
        return mc_fail(err, MC_SKIPPED, "cannot read the folder to its end: %s", strerror(errno));
    if (to->n > 1)
        qsort_r(to->names, to->n, sizeof *to->names, compare_names, to->text.data);
    return MC_OK;
}

/* A folder that cannot be read is left again at once, and is an input without an image. */
static mc_status enter_folder(mci_image_inputs *in, const char *path, mc_error *err)
{
    void *levels = in->levels;
    MC_TRY(mci_grow(&levels, &in->cap_levels, in->n_levels + 1, sizeof *in->levels, err));
    in->levels = levels;
    DIR *dir = opendir(path);
    if (!dir)
        return mc_fail(err, MC_SKIPPED, "cannot open the folder: %s", strerror(errno));
    level *to = &in->levels[in->n_levels++];
    *to = (level){ 0 };
    bool has_slash = path[0] && path[strlen(path) - 1] == '/';
    mc_status status = mci_buf_printf(&to->path, err, "%s%s", path, has_slash ? "" : "/");
    if (status == MC_OK)
        status = read_names(to, dir, err);
    closedir(dir);
    if (status != MC_OK)
        leave_folder(in);
    return status;
}

/* The next file of the folder. MC_END: it has no more. */
static mc_status next_in_folder(mci_image_inputs *in, mci_image_input *input, mc_error *err)
{
    for (;;) {
        level *at = &in->levels[in->n_levels - 1];
        struct stat info;
        if (at->next == at->n)
            return MC_END;
        const char *name = at->text.data + at->names[at->next++];
        mci_buf_clear(&in->path);
        MC_TRY(mci_buf_printf(&in->path, err, "%s%s", at->path.data, name));
        bool is_there = lstat(in->path.data, &info) == 0;
        if (is_there && S_ISDIR(info.st_mode)) {
            mc_status status = enter_folder(in, in->path.data, err);
            if (status == MC_OK)
                continue;
            MC_TRY(status);
            MC_TRY(set_name(input, err, in->path.data, "", (mc_str){ 0 }));
            return status;
        }
        bool is_link = is_there && S_ISLNK(info.st_mode);
        bool is_folder = is_link && stat(in->path.data, &info) == 0 && S_ISDIR(info.st_mode);
        if (!is_folder && mci_is_image_name(mc_str_of(name)))
            return set_name(input, err, in->path.data, "", (mc_str){ 0 });
        in->n_passed_over++;
    }
}

/* ---- tars ---- */

static mc_status next_in_tar(mci_image_inputs *in, mci_image_input *input, mc_error *err)
{
    for (;;) {
        mci_tar_member member;
        mc_status status = mci_tar_next(in->tar, &member, err);
        if (status < 0 || status == MC_END)
            return status;
        if (status == MC_SKIPPED) {
            MC_TRY(set_name(input, err, in->tar_path.data, "", (mc_str){ 0 }));
            return status;
        }
        if (!member.is_file || !mci_is_image_name(member.name)) {
            in->n_passed_over++;
            continue;
        }
        MC_TRY(set_name(input, err, in->tar_path.data, "/", member.name));
        status = mci_tar_read(in->tar, in->max_image_bytes, &input->bytes, err);
        input->has_bytes = status == MC_OK;
        return status;
    }
}

/* The rest of a stream, as one image. */
static mc_status read_stream(mci_stream *stream, uint64_t max, mci_buf *out, mc_error *err)
{
    mc_str window;
    mc_status status;
    mci_buf_clear(out);
    while ((status = mci_stream_peek(stream, 1, &window, err)) == MC_OK) {
        if (window.len > max - out->len)
            return mc_fail(err, MC_SKIPPED, "longer than the limit of %" PRIu64 " bytes", max);
        MC_TRY(mci_buf_add(out, window, err));
        mci_stream_skip(stream, window.len);
    }
    return status == MC_END ? MC_OK : status;
}

/* What is no file that can be opened twice, as a pipe, is read here and now. */
static mc_status take_stream(mci_image_inputs *in, const char *path, bool is_file,
                             mci_image_input *input, mc_error *err)
{
    mc_str window = { 0 };
    mc_status status = mci_stream_peek(in->stream, TAR_BLOCK, &window, err);
    MC_TRY(status);
    mc_str block = { window.data, window.len < TAR_BLOCK ? window.len : TAR_BLOCK };
    mc_error why;
    bool is_tar = status == MC_OK && block.len == TAR_BLOCK &&
                  mci_image_kind_of(block, NULL) == MCI_IMAGE_NONE &&
                  mci_tar_may_begin(block, &why) == MC_OK;
    if (is_tar) {
        mci_buf_clear(&in->tar_path);
        MC_TRY(mci_buf_add(&in->tar_path, mc_str_of(path), err));
        MC_TRY(mci_buf_terminate(&in->tar_path, err));
        return mci_tar_open(in->stream, &in->tar, err);
    }
    MC_TRY(set_name(input, err, path, "", (mc_str){ 0 }));
    if (status == MC_OK && !is_file) {
        status = read_stream(in->stream, in->max_image_bytes, &input->bytes, err);
        input->has_bytes = status == MC_OK;
    }
    close_tar(in);
    return status == MC_END ? MC_OK : status;
}

/* ---- inputs ---- */

/* The name is told apart from the reason here. */
static mc_status without_path(const char *path, mc_error *err)
{
    size_t n = strlen(path);
    if (err && strncmp(err->text, path, n) == 0 && strncmp(err->text + n, ": ", 2) == 0)
        memmove(err->text, err->text + n + 2, strlen(err->text + n + 2) + 1);
    return MC_SKIPPED;
}

/* MC_OK with an image, or with none if a tar or a folder was begun. */
static mc_status take_path(mci_image_inputs *in, const char *path, mci_image_input *input,
                           bool *has_image, mc_error *err)
{
    struct stat info;
    bool is_stdin = strcmp(path, "-") == 0;
    MC_TRY(set_name(input, err, path, "", (mc_str){ 0 }));
    if (!is_stdin && stat(path, &info) != 0)
        return mc_fail(err, MC_SKIPPED, "cannot open it: %s", strerror(errno));
    if (!is_stdin && S_ISDIR(info.st_mode))
        return enter_folder(in, path, err);
    bool is_file = !is_stdin && S_ISREG(info.st_mode);
    *has_image = true;
    if (is_file && mci_is_image_name(mc_str_of(path)))
        return MC_OK;
    mc_status status = mci_stream_open(path, &in->stream, err);
    if (status == MC_E_IO)
        return without_path(path, err);
    if (status == MC_OK)
        status = take_stream(in, path, is_file, input, err);
    *has_image = in->tar == NULL;
    return status;
}

mc_status mci_image_inputs_next(mci_image_inputs *in, mci_image_input *input, mc_error *err)
{
    for (;;) {
        mc_status status = MC_END;
        bool has_image = false;
        if (in->tar) {
            status = next_in_tar(in, input, err);
            if (status == MC_END)
                close_tar(in);
        } else if (in->n_levels > 0) {
            status = next_in_folder(in, input, err);
            if (status == MC_END)
                leave_folder(in);
        } else if (in->next_path < in->n_paths) {
            status = take_path(in, in->paths[in->next_path++], input, &has_image, err);
            if (status == MC_OK && !has_image)
                continue;
        } else {
            return MC_END;
        }
        if (status != MC_END)
            return status;
    }
}

/* ---- bytes ---- */

static mc_status fail_errno(mc_error *err, const char *what)
{
    return mc_fail(err, MC_E_IO, "%s: %s", what, strerror(errno));
}

static mc_status read_all(int file, uint64_t max, mci_buf *out, mc_error *err)
{
    struct stat info;
    if (fstat(file, &info) != 0)
        return fail_errno(err, "cannot look at it");
    uint64_t n = (uint64_t)info.st_size;
    if (n > max)
        return mc_fail(err, MC_E_LIMIT,
                       "%" PRIu64 " bytes, more than the limit of %" PRIu64 " for an image", n,
                       max);
    MC_TRY(mci_buf_reserve(out, n + 1, err));
    for (;;) {
        ssize_t got = read(file, out->data + out->len, out->cap - out->len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(err, "cannot read it");
        out->len += (size_t)got;
        if (got == 0)
            return MC_OK;
        if (out->len > max)
            return mc_fail(err, MC_E_LIMIT, "more than the limit of %" PRIu64 " bytes", max);
        MC_TRY(mci_buf_reserve(out, 1, err));
    }
}

mc_status mci_image_input_read(mci_image_input *input, uint64_t max_image_bytes, mc_error *err)
{
    if (input->has_bytes)
        return MC_OK;
    mci_buf_clear(&input->bytes);
    int file = open(input->name.data, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return fail_errno(err, "cannot open it");
    mc_status status = read_all(file, max_image_bytes, &input->bytes, err);
    close(file);
    return status;
}
