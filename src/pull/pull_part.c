#include "pull/pull_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/json_text.h"
#include "io/output.h"
#include "io/whole.h"

enum { READ_BYTES = 1 << 20, MOST_TRIES = 100 };

/* ---- opening ---- */

static mc_status set_name(mci_buf *out, const char *target, const char *suffix, mc_error *err)
{
    size_t n = mci_folder_length(target);
    MC_TRY(mci_buf_printf(out, err, "%.*s.%s%s", (int)n, target, target + n, suffix));
    return mci_buf_terminate(out, err);
}

/* Whether the name still means this file: who had it before may have finished it meanwhile. */
static bool is_named(const mci_part *part)
{
    struct stat own, there;
    return fstat(part->fd, &own) == 0 && stat(part->path.data, &there) == 0 &&
           own.st_dev == there.st_dev && own.st_ino == there.st_ino;
}

static mc_status open_locked(mci_part *part, mc_error *err)
{
    for (int i = 0; i < MOST_TRIES; i++) {
        part->fd = open(part->path.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (part->fd < 0)
            return mci_fail_errno(err, part->path.data, "cannot create it");
        if (flock(part->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
            break;
        if (is_named(part))
            return MC_OK;
        close(part->fd);
        part->fd = -1;
    }
    return mc_fail(err, MC_E_IO, "%s: another process is downloading it", part->target);
}

static void copy_text(char *to, size_t size, mc_str text)
{
    size_t n = text.len < size ? text.len : 0;
    if (n)
        memcpy(to, text.data, n);
    to[n] = '\0';
}

static mc_str member(mci_json_value root, const char *name)
{
    mci_json_value value;
    return mci_json_get(root, name, &value) ? mci_json_string(value) : (mc_str){ 0 };
}

/* What the part is a part of; *is_known says whether that is url. */
static mc_status recall(mci_part *part, const char *url, bool *is_known, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root, value;
    bool found = false;
    mc_status status = mci_json_recall(part->facts_path.data, &json, &root, &found, err);
    *is_known = status >= 0 && found && mc_str_equal(member(root, "url"), mc_str_of(url));
    if (*is_known) {
        copy_text(part->validator, sizeof part->validator, member(root, "validator"));
        copy_text(part->host_sha256, sizeof part->host_sha256, member(root, "host_sha256"));
        part->total = MCI_NO_TOTAL;
        if (mci_json_get(root, "bytes", &value))
            mci_json_u64(value, &part->total);
    }
    mci_json_free(json);
    return status;
}

static mc_status hash_what_is_there(mci_part *part, mc_error *err)
{
    char *bytes = mci_alloc(READ_BYTES);
    mc_status status = bytes ? MC_OK : mci_nomem(err, READ_BYTES);
    while (status >= 0 && part->size < part->total) {
        ssize_t n = pread(part->fd, bytes, READ_BYTES, (off_t)part->size);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            status = mci_fail_errno(err, part->path.data, "cannot read");
        uint64_t left = part->total - part->size;
        if (n > 0 && (uint64_t)n > left)
            n = (ssize_t)left;
        if (n > 0 && status >= 0) {
            status = mci_sha256_add(part->sha, (mc_str){ bytes, (size_t)n }, err);
            part->size += (uint64_t)n;
        }
    }
    mci_free(bytes);
    part->is_resumed = part->size > 0;
    return status;
}

mc_status mci_part_open(const char *target, const char *url, mci_part *part, mc_error *err)
{
    bool is_known = false;
    *part = (mci_part){ .target = target, .fd = -1, .total = MCI_NO_TOTAL };
    MC_TRY(set_name(&part->path, target, ".part", err));
    MC_TRY(set_name(&part->facts_path, target, ".part.json", err));
    MC_TRY(open_locked(part, err));
    MC_TRY(mci_sha256_new(&part->sha, err));
    MC_TRY(recall(part, url, &is_known, err));
    /* Without a validator nobody could say that the rest is of the same file. */
    if (!is_known || !part->validator[0])
        return mci_part_empty(part, err);
    return hash_what_is_there(part, err);
}

void mci_part_close(mci_part *part)
{
    if (part->fd >= 0)
        close(part->fd);
    mci_sha256_free(part->sha);
    mci_buf_release(&part->path);
    mci_buf_release(&part->facts_path);
    *part = (mci_part){ .fd = -1 };
}

/* ---- growing ---- */

mc_status mci_part_empty(mci_part *part, mc_error *err)
{
    mci_sha256_free(part->sha);
    part->sha = NULL;
    part->size = 0;
    part->total = MCI_NO_TOTAL;
    part->validator[0] = part->host_sha256[0] = '\0';
    part->is_resumed = false;
    if (ftruncate(part->fd, 0) != 0)
        return mci_fail_errno(err, part->path.data, "cannot empty it");
    return mci_sha256_new(&part->sha, err);
}

static mc_status write_facts(const mci_part *part, const char *url, mci_buf *text, mc_error *err)
{
    MC_TRY(mci_buf_add(text, mc_str_of("{\"url\":"), err));
    MC_TRY(mci_json_add_string(text, mc_str_of(url), err));
    MC_TRY(mci_buf_add(text, mc_str_of(",\"validator\":"), err));
    MC_TRY(mci_json_add_string(text, mc_str_of(part->validator), err));
    MC_TRY(mci_buf_add(text, mc_str_of(",\"host_sha256\":"), err));
    MC_TRY(mci_json_add_string(text, mc_str_of(part->host_sha256), err));
    if (part->total != MCI_NO_TOTAL) {
        MC_TRY(mci_buf_add(text, mc_str_of(",\"bytes\":"), err));
        MC_TRY(mci_json_add_u64(text, part->total, err));
    }
    MC_TRY(mci_buf_add(text, mc_str_of("}\n"), err));
    return mci_output_file(part->facts_path.data, mci_buf_str(text), err);
}

mc_status mci_part_begin(mci_part *part, const char *url, const mci_http_answer *answer,
                         mc_error *err)
{
    mci_buf text = { 0 };
    part->total = answer->total;
    memcpy(part->validator, answer->validator, sizeof part->validator);
    memcpy(part->host_sha256, answer->sha256, sizeof part->host_sha256);
    mc_status status = write_facts(part, url, &text, err);
    mci_buf_release(&text);
    /* The room is asked for now, and the file's length stays what has come. Not all file systems
     * can; then it shows when the disk is full. */
    if (status >= 0 && part->total != MCI_NO_TOTAL && part->total > 0 &&
        part->total < (uint64_t)INT64_MAX &&
        fallocate(part->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)part->total) != 0 && errno == ENOSPC)
        return mc_fail(err, MC_E_IO,
                       "%s: its %.1f GB do not fit on the disk; make room and try again",
                       part->target, (double)part->total / 1e9);
    return status;
}

mc_status mci_part_add(mci_part *part, mc_str bytes, mc_error *err)
{
    mc_str left = bytes;
    if (bytes.len > part->total - part->size)
        return mc_fail(err, MC_E_IO, "%s: the server sends more than the %llu bytes it stated",
                       part->target, (unsigned long long)part->total);
    while (left.len > 0) {
        uint64_t at = part->size + (bytes.len - left.len);
        ssize_t n = pwrite(part->fd, left.data, left.len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mci_fail_errno(err, part->target, "cannot write");
        left = (mc_str){ left.data + n, left.len - (size_t)n };
    }
    MC_TRY(mci_sha256_add(part->sha, bytes, err));
    part->size += bytes.len;
    return MC_OK;
}

/* ---- the end ---- */

bool mci_part_is_whole(const mci_part *part, bool has_ended)
{
    return part->total == MCI_NO_TOTAL ? has_ended : part->size == part->total;
}

mc_status mci_part_digest(mci_part *part, char digits[MC_SHA256_DIGITS + 1], mc_error *err)
{
    return mci_sha256_end(part->sha, digits, err);
}

mc_status mci_part_finish(mci_part *part, mc_error *err)
{
    /* A write that the disk refused may have left bytes behind the last that counts. */
    if (ftruncate(part->fd, (off_t)part->size) != 0 || fsync(part->fd) != 0)
        return mci_fail_errno(err, part->target, "cannot write");
    if (rename(part->path.data, part->target) != 0)
        return mci_fail_errno(err, part->target, "cannot give it its name");
    MC_TRY(mci_sync_folder_of(part->target, err));
    return mci_remove_file(part->facts_path.data, err);
}

mc_status mci_part_remove(mci_part *part, mc_error *err)
{
    MC_TRY(mci_remove_file(part->path.data, err));
    return mci_remove_file(part->facts_path.data, err);
}
