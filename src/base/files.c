#include "base/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 16 };

mc_status mci_fail_errno(mc_error *err, const char *path, const char *what)
{
    return mc_fail(err, MC_E_IO, "%s: %s: %s", path, what, strerror(errno));
}

size_t mci_folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

mc_status mci_sync_folder_of(const char *path, mc_error *err)
{
    mci_buf folder = { 0 };
    size_t n = mci_folder_length(path);
    MC_TRY(n ? mci_buf_append(&folder, path, n, err) : mci_buf_byte(&folder, '.', err));
    mc_status status = mci_buf_terminate(&folder, err);
    int fd = status < 0 ? -1 : open(folder.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (status >= 0 && fd < 0)
        status = mci_fail_errno(err, path, "cannot open its folder");
    /* Some file systems cannot sync a folder; that is theirs to answer for. */
    if (fd >= 0 && fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
        status = mci_fail_errno(err, path, "cannot sync its folder");
    if (fd >= 0)
        close(fd);
    mci_buf_release(&folder);
    return status;
}

mc_status mci_make_folders(char *path, mc_error *err)
{
    char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return MC_OK;
    *slash = '\0';
    mc_status status = MC_OK;
    bool is_there = mkdir(path, 0777) == 0 || errno == EEXIST;
    if (!is_there && errno == ENOENT) { /* first those above it */
        status = mci_make_folders(path, err);
        is_there = status >= 0 && (mkdir(path, 0777) == 0 || errno == EEXIST);
    }
    if (status >= 0 && !is_there)
        status = mci_fail_errno(err, path, "cannot make the folder");
    *slash = '/';
    return status;
}

static mc_status read_all(int fd, const char *path, mci_buf *out, mc_error *err)
{
    for (;;) {
        MC_TRY(mci_buf_reserve(out, READ_BYTES, err));
        ssize_t n = read(fd, out->data + out->len, out->cap - out->len);
        if (n == 0)
            return mci_buf_terminate(out, err);
        if (n > 0)
            out->len += (size_t)n;
        else if (errno != EINTR)
            return mci_fail_errno(err, path, "cannot read");
    }
}

mc_status mci_read_file(const char *path, mci_buf *out, bool *found, mc_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *found = fd >= 0;
    if (fd < 0)
        return errno == ENOENT ? MC_OK : mci_fail_errno(err, path, "cannot open it");
    mc_status status = read_all(fd, path, out, err);
    close(fd);
    return status;
}

bool mci_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

bool mci_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static mc_status map_descriptor(int fd, const char *path, mci_mapped *out, mc_error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return mci_fail_errno(err, path, "cannot look at it");
    *out = (mci_mapped){ .n_bytes = (size_t)info.st_size };
    if (out->n_bytes == 0)
        return MC_OK; /* nothing to map */
    void *data = mmap(NULL, out->n_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return mci_fail_errno(err, path, "cannot map it");
    out->data = data;
    return MC_OK;
}

mc_status mci_map_file(const char *path, mci_mapped *out, mc_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mci_fail_errno(err, path, "cannot open it");
    mc_status status = map_descriptor(fd, path, out, err);
    close(fd);
    return status;
}

void mci_unmap_file(mci_mapped *map)
{
    if (map->data)
        munmap((void *)map->data, map->n_bytes);
    *map = (mci_mapped){ 0 };
}

mc_status mci_remove_file(const char *path, mc_error *err)
{
    if (unlink(path) == 0)
        return mci_sync_folder_of(path, err);
    return errno == ENOENT || errno == ENOTDIR ? MC_OK
                                               : mci_fail_errno(err, path, "cannot remove it");
}

static mc_status map_new(int fd, const char *path, size_t n_bytes, mci_mapped *out, mc_error *err)
{
    int why = posix_fallocate(fd, 0, (off_t)n_bytes);
    if (why != 0) {
        errno = why;
        return mci_fail_errno(err, path, "cannot make room for it");
    }
    void *data = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (data == MAP_FAILED)
        return mci_fail_errno(err, path, "cannot map it");
    *out = (mci_mapped){ data, n_bytes };
    return MC_OK;
}

mc_status mci_map_new_file(const char *path, size_t n_bytes, mci_mapped *out, mc_error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return mci_fail_errno(err, path, "cannot create it");
    mc_status status = map_new(fd, path, n_bytes, out, err);
    close(fd);
    return status;
}

/* ---- removing folders ---- */

/* Without the heap: it may be why there is something to remove. */
static void empty_folder(int fd, unsigned depth)
{
    DIR *dir = fdopendir(fd); /* takes fd */
    for (struct dirent *it; dir && (it = readdir(dir));) {
        if (strcmp(it->d_name, ".") == 0 || strcmp(it->d_name, "..") == 0 ||
            unlinkat(dirfd(dir), it->d_name, 0) == 0 || depth == 0)
            continue;
        int inner = openat(dirfd(dir), it->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner >= 0)
            empty_folder(inner, depth - 1);
        unlinkat(dirfd(dir), it->d_name, AT_REMOVEDIR);
    }
    if (dir)
        closedir(dir);
    else
        close(fd);
}

void mci_remove_folder(const char *path, unsigned depth)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0)
        empty_folder(fd, depth);
    rmdir(path);
}
