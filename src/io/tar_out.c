#include "io/tar_out.h"

#include <archive.h>
#include <archive_entry.h>
#include <assert.h>

#include "base/alloc.h"
#include "io/output.h"

/* Of all members: the first second of 2000. (GNU tar calls what is older implausible.) */
enum { MEMBER_TIME = 946684800 };

struct mci_tar_out {
    struct archive *archive;
    struct archive_entry *entry;
    mci_output *file;
    uint64_t n_written; /* of the file */
    uint64_t n_due;     /* of the member, still to come */
    bool is_given_up;   /* nothing is written any more */
    mc_error err;       /* why, if it is the file that failed */
};

/* What libarchive writes to. It never hears of failures, for after one it would not free all that
 * it has; we ask tar->err. */
static la_ssize_t write_bytes(struct archive *archive, void *user, const void *bytes, size_t n)
{
    (void)archive;
    mci_tar_out *tar = user;
    if (!tar->is_given_up)
        tar->is_given_up = mci_output_write(tar->file, (mc_str){ bytes, n }, &tar->err) < 0;
    tar->n_written += n;
    return (la_ssize_t)n;
}

/* The file's own words where it is the file that failed. */
static mc_status failed(mci_tar_out *tar, mc_error *err)
{
    if (tar->err.status < 0)
        return mc_fail(err, tar->err.status, "%s", tar->err.text);
    const char *why = archive_error_string(tar->archive);
    return mc_fail(err, MC_E_BACKEND, "libarchive cannot write a tar: %s",
                   why ? why : "out of memory");
}

static mc_status start(mci_tar_out *tar, mc_error *err)
{
    tar->archive = archive_write_new();
    tar->entry = archive_entry_new();
    if (!tar->archive || !tar->entry)
        return mci_nomem(err, sizeof *tar);
    /* No blocks of its own: the output gathers, and the file ends behind tar's two empty ones. */
    if (archive_write_set_format_pax_restricted(tar->archive) != ARCHIVE_OK ||
        archive_write_set_bytes_per_block(tar->archive, 0) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(tar->archive, 1) != ARCHIVE_OK ||
        archive_write_open(tar->archive, tar, NULL, write_bytes, NULL) != ARCHIVE_OK)
        return failed(tar, err);
    return MC_OK;
}

mc_status mci_tar_out_open(const char *path, mci_tar_out **out, mc_error *err)
{
    mci_tar_out *tar = mci_alloc_zeroed(1, sizeof *tar);
    if (!tar)
        return mci_nomem(err, sizeof *tar);
    mc_status status = mci_output_open(path, MCI_PLAIN, &tar->file, err);
    if (status >= 0)
        status = start(tar, err);
    if (status < 0)
        mci_tar_out_abort(tar);
    else
        *out = tar;
    return status;
}

mc_status mci_tar_out_begin(mci_tar_out *tar, const char *name, uint64_t n_bytes, mc_error *err)
{
    assert(name[0] && !strchr(name, '/'));
    assert(tar->n_due == 0); /* libarchive would fill up with zeros, and nobody would know */
    archive_entry_clear(tar->entry);
    archive_entry_set_pathname(tar->entry, name);
    archive_entry_set_filetype(tar->entry, AE_IFREG);
    archive_entry_set_perm(tar->entry, 0644);
    archive_entry_set_mtime(tar->entry, MEMBER_TIME, 0);
    archive_entry_set_size(tar->entry, (la_int64_t)n_bytes);
    if (archive_write_header(tar->archive, tar->entry) != ARCHIVE_OK || tar->is_given_up)
        return failed(tar, err);
    tar->n_due = n_bytes;
    return MC_OK;
}

mc_status mci_tar_out_write(mci_tar_out *tar, mc_str bytes, mc_error *err)
{
    assert(bytes.len <= tar->n_due); /* it would drop what is too much */
    while (bytes.len > 0) {
        la_ssize_t n = archive_write_data(tar->archive, bytes.data, bytes.len);
        if (n <= 0 || tar->is_given_up)
            return failed(tar, err);
        bytes.data += n;
        bytes.len -= (size_t)n;
        tar->n_due -= (uint64_t)n;
    }
    return MC_OK;
}

mc_status mci_tar_out_add(mci_tar_out *tar, const char *name, mc_str bytes, mc_error *err)
{
    MC_TRY(mci_tar_out_begin(tar, name, bytes.len, err));
    return mci_tar_out_write(tar, bytes, err);
}

mc_status mci_tar_out_commit(mci_tar_out *tar, uint64_t *n_bytes, mc_error *err)
{
    assert(tar->n_due == 0);
    bool is_closed = archive_write_close(tar->archive) == ARCHIVE_OK && !tar->is_given_up;
    mc_status status = is_closed ? MC_OK : failed(tar, err);
    uint64_t n_written = tar->n_written;
    if (status >= 0) {
        status = mci_output_commit(tar->file, err);
        tar->file = NULL;
    }
    mci_tar_out_abort(tar);
    if (status >= 0 && n_bytes)
        *n_bytes = n_written;
    return status;
}

void mci_tar_out_abort(mci_tar_out *tar)
{
    if (!tar)
        return;
    tar->is_given_up = true;
    archive_write_free(tar->archive); /* closes it, which writes */
    archive_entry_free(tar->entry);
    mci_output_abort(tar->file);
    mci_free(tar);
}
