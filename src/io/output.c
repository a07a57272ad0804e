#include "io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/files.h"

enum { PENDING_BYTES = 256 * 1024, ZSTD_LEVEL = 3, ZSTD_FAST_LEVEL = -3 };

struct mci_output {
    int fd;
    bool is_direct; /* nothing to rename */
    mci_codec codec;
    char *path;         /* where it shall appear; as the caller wrote it for direct ones */
    char *temporary;    /* NULL for direct ones */
    mci_buf pending;    /* what was not handed to the codec or the file yet */
    mci_buf compressed; /* the codec's output */
    struct isal_zstream *gzip;
    uint8_t *gzip_levels;
    ZSTD_CCtx *zstd;
};

static bool ends_with(const char *path, const char *suffix)
{
    size_t n = strlen(path), m = strlen(suffix);
    return n > m && strcmp(path + n - m, suffix) == 0;
}

mci_codec mci_codec_of(const char *path)
{
    return ends_with(path, ".gz") ? MCI_GZIP : ends_with(path, ".zst") ? MCI_ZSTD : MCI_PLAIN;
}

/* ---- codecs ---- */

static mc_status start_gzip(mci_output *output, mc_error *err)
{
    output->gzip = mci_alloc(sizeof *output->gzip);
    output->gzip_levels = mci_alloc(ISAL_DEF_LVL1_DEFAULT);
    if (!output->gzip || !output->gzip_levels)
        return mci_nomem(err, ISAL_DEF_LVL1_DEFAULT);
    isal_deflate_init(output->gzip);
    output->gzip->gzip_flag = IGZIP_GZIP;
    output->gzip->level = 1;
    output->gzip->level_buf = output->gzip_levels;
    output->gzip->level_buf_size = ISAL_DEF_LVL1_DEFAULT;
    return MC_OK;
}

static mc_status start_codec(mci_output *output, mc_error *err)
{
    if (output->codec == MCI_GZIP)
        MC_TRY(start_gzip(output, err));
    if (output->codec == MCI_ZSTD || output->codec == MCI_ZSTD_FAST) {
        int level = output->codec == MCI_ZSTD ? ZSTD_LEVEL : ZSTD_FAST_LEVEL;
        output->zstd = ZSTD_createCCtx();
        if (!output->zstd)
            return mci_nomem(err, 0);
        ZSTD_CCtx_setParameter(output->zstd, ZSTD_c_compressionLevel, level);
        ZSTD_CCtx_setParameter(output->zstd, ZSTD_c_checksumFlag, 1);
    }
    return MC_OK;
}

static mc_status write_all(mci_output *output, mc_str bytes, mc_error *err)
{
    while (bytes.len > 0) {
        ssize_t n = write(output->fd, bytes.data, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mci_fail_errno(err, output->path, "cannot write");
        bytes.data += n;
        bytes.len -= (size_t)n;
    }
    return MC_OK;
}

static mc_status deflate_pending(mci_output *output, bool is_last, mc_error *err)
{
    struct isal_zstream *z = output->gzip;
    z->next_in = (uint8_t *)output->pending.data;
    z->avail_in = (uint32_t)output->pending.len;
    z->end_of_stream = is_last;
    do {
        MC_TRY(mci_buf_reserve(&output->compressed, PENDING_BYTES, err));
        z->next_out = (uint8_t *)output->compressed.data;
        z->avail_out = PENDING_BYTES;
        if (isal_deflate(z) != COMP_OK)
            return mc_fail(err, MC_E_BACKEND, "%s: gzip compression failed", output->path);
        mc_str done = { output->compressed.data, PENDING_BYTES - z->avail_out };
        MC_TRY(write_all(output, done, err));
    } while (z->avail_out == 0);
    return MC_OK;
}

static mc_status zstd_pending(mci_output *output, bool is_last, mc_error *err)
{
    ZSTD_inBuffer in = { output->pending.data, output->pending.len, 0 };
    size_t left;
    do {
        MC_TRY(mci_buf_reserve(&output->compressed, PENDING_BYTES, err));
        ZSTD_outBuffer done = { output->compressed.data, PENDING_BYTES, 0 };
        left =
            ZSTD_compressStream2(output->zstd, &done, &in, is_last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return mc_fail(err, MC_E_BACKEND, "%s: zstd compression failed: %s", output->path,
                           ZSTD_getErrorName(left));
        mc_str bytes = { output->compressed.data, done.pos };
        MC_TRY(write_all(output, bytes, err));
    } while (is_last ? left != 0 : in.pos < in.size);
    return MC_OK;
}

static mc_status flush_pending(mci_output *output, bool is_last, mc_error *err)
{
    mc_status status = MC_OK;
    switch (output->codec) {
    case MCI_PLAIN:
        status = write_all(output, mci_buf_str(&output->pending), err);
        break;
    case MCI_GZIP:
        status = deflate_pending(output, is_last, err);
        break;
    case MCI_ZSTD:
    case MCI_ZSTD_FAST:
        status = zstd_pending(output, is_last, err);
        break;
    }
    mci_buf_clear(&output->pending);
    return status;
}

/* ---- names ---- */

static char *copy_text(const char *text, size_t len)
{
    char *copy = mci_alloc(len + 1);
    if (copy) {
        memcpy(copy, text, len);
        copy[len] = '\0';
    }
    return copy;
}

/* Where the bytes shall appear: a link to a file is followed, so that the file behind is replaced.
 */
static mc_status set_path(mci_output *output, const char *path, mc_error *err)
{
    char resolved[PATH_MAX];
    struct stat info;
    if (!output->is_direct && lstat(path, &info) == 0 && S_ISLNK(info.st_mode) &&
        realpath(path, resolved))
        path = resolved;
    output->path = copy_text(path, strlen(path));
    return output->path ? MC_OK : mci_nomem(err, strlen(path));
}

static mc_status open_temporary(mci_output *output, mc_error *err)
{
    mci_buf name = { 0 };
    size_t n = mci_folder_length(output->path);
    mc_status status =
        mci_buf_printf(&name, err, "%.*s.%s.tmp", (int)n, output->path, output->path + n);
    if (status < 0)
        return status;
    output->temporary = name.data;
    /* A file of its own, not the one that is there: that may still be somebody's. */
    unlink(output->temporary);
    output->fd = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (output->fd >= 0)
        return MC_OK;
    status = mci_fail_errno(err, output->path, "cannot create it");
    mci_free(output->temporary);
    output->temporary = NULL; /* what has the name is not this one's to remove */
    return status;
}

static mc_status open_file(mci_output *output, const char *path, mc_error *err)
{
    struct stat info;
    bool exists = stat(path, &info) == 0;
    if (exists && S_ISDIR(info.st_mode))
        return mc_fail(err, MC_E_IO, "%s: this is a folder, name a file", path);
    bool is_stdout = strcmp(path, "-") == 0;
    output->is_direct = is_stdout || (exists && !S_ISREG(info.st_mode));
    MC_TRY(set_path(output, is_stdout ? "standard output" : path, err));
    if (is_stdout)
        output->fd = STDOUT_FILENO;
    else if (output->is_direct)
        output->fd = open(path, O_WRONLY | O_CLOEXEC);
    else
        MC_TRY(open_temporary(output, err));
    return output->fd < 0 ? mci_fail_errno(err, path, "cannot open it for writing") : MC_OK;
}

mc_status mci_output_open(const char *path, mci_codec codec, mci_output **out, mc_error *err)
{
    mci_output *output = mci_alloc_zeroed(1, sizeof *output);
    if (!output)
        return mci_nomem(err, sizeof *output);
    output->fd = -1;
    output->codec = codec;
    mc_status status = open_file(output, path, err);
    if (status >= 0)
        status = start_codec(output, err);
    if (status < 0)
        mci_output_abort(output);
    else
        *out = output;
    return status;
}

mc_status mci_output_write(mci_output *output, mc_str bytes, mc_error *err)
{
    while (bytes.len > 0) {
        size_t room = PENDING_BYTES - output->pending.len;
        size_t n = bytes.len < room ? bytes.len : room;
        MC_TRY(mci_buf_append(&output->pending, bytes.data, n, err));
        bytes.data += n;
        bytes.len -= n;
        if (output->pending.len == PENDING_BYTES)
            MC_TRY(flush_pending(output, false, err));
    }
    return MC_OK;
}

mc_status mci_output_patch(mci_output *output, uint64_t at, mc_str bytes, mc_error *err)
{
    if (output->is_direct || output->codec != MCI_PLAIN)
        return mc_fail(err, MC_E_IO,
                       "%s: its first bytes are known at the end only, so it must be a plain file",
                       output->path);
    MC_TRY(flush_pending(output, false, err));
    while (bytes.len > 0) {
        ssize_t n = pwrite(output->fd, bytes.data, bytes.len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mci_fail_errno(err, output->path, "cannot write");
        bytes.data += n;
        bytes.len -= (size_t)n;
        at += (uint64_t)n;
    }
    return MC_OK;
}

/* ---- the end ---- */

/* Whether the temporary name still means the file that was written. */
static bool is_own_temporary(const mci_output *output)
{
    struct stat own, there;
    return fstat(output->fd, &own) == 0 && stat(output->temporary, &there) == 0 &&
           own.st_dev == there.st_dev && own.st_ino == there.st_ino;
}

static mc_status appear(mci_output *output, mc_error *err)
{
    if (!is_own_temporary(output))
        return mc_fail(err, MC_E_IO, "%s: another process has begun to write it", output->path);
    if (fsync(output->fd) != 0)
        return mci_fail_errno(err, output->path, "cannot sync");
    int fd = output->fd;
    output->fd = -1;
    if (close(fd) != 0)
        return mci_fail_errno(err, output->path, "cannot close");
    if (rename(output->temporary, output->path) != 0)
        return mci_fail_errno(err, output->path, "cannot rename the finished file");
    mci_free(output->temporary);
    output->temporary = NULL;
    return mci_sync_folder_of(output->path, err);
}

mc_status mci_output_commit(mci_output *output, mc_error *err)
{
    mc_status status = flush_pending(output, true, err);
    if (status >= 0 && !output->is_direct)
        status = appear(output, err);
    if (status >= 0 && output->is_direct && output->fd != STDOUT_FILENO) {
        int fd = output->fd;
        output->fd = -1;
        if (close(fd) != 0)
            status = mci_fail_errno(err, output->path, "cannot close");
    }
    mci_output_abort(output);
    return status;
}

void mci_output_abort(mci_output *output)
{
    if (!output)
        return;
    if (output->temporary && (output->fd < 0 || is_own_temporary(output)))
        unlink(output->temporary);
    if (output->fd >= 0 && output->fd != STDOUT_FILENO)
        close(output->fd);
    ZSTD_freeCCtx(output->zstd);
    mci_free(output->gzip);
    mci_free(output->gzip_levels);
    mci_buf_release(&output->pending);
    mci_buf_release(&output->compressed);
    mci_free(output->temporary);
    mci_free(output->path);
    mci_free(output);
}

mc_status mci_output_end(mci_output *output, mc_status status, mc_error *err)
{
    if (output && status >= 0)
        return mci_output_commit(output, err);
    mci_output_abort(output);
    return status;
}

mc_status mci_output_file(const char *path, mc_str bytes, mc_error *err)
{
    mci_output *output = NULL;
    MC_TRY(mci_output_open(path, mci_codec_of(path), &output, err));
    return mci_output_end(output, mci_output_write(output, bytes, err), err);
}
