#include "io/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>

#include "base/alloc.h"

enum { PIECE_BYTES = 64 * 1024 };
/* Headers may have lists behind them (pax, sparse files), which libarchive holds in memory. */
#define MAX_HEADER_BYTES ((uint64_t)8 << 20)

struct mci_tar {
    struct archive *archive;
    mci_stream *stream;
    size_t n_lent; /* of the stream's window, to libarchive */
    uint64_t budget;
    uint64_t offset;             /* of the last header that could be read */
    uint64_t last_end;           /* of the member before it, see mci_tar_last_end */
    struct archive_entry *entry; /* libarchive's, until its next header */
    locale_t utf8;               /* names of pax are UTF-8, whatever the process's locale */
    bool has_begun, is_ended, lacks_end;
    bool has_member, is_given; /* libarchive stands at one; the caller knows it */
    mc_status status;          /* of the stream where it failed or has a gap, with its text */
    mc_error err;
};

/* ---- what libarchive reads from ---- */

static la_ssize_t read_more(struct archive *archive, void *user, const void **bytes)
{
    mci_tar *tar = user;
    mc_str window;
    mci_stream_skip(tar->stream, tar->n_lent);
    tar->n_lent = 0;
    mc_status status = mci_stream_peek(tar->stream, 1, &window, &tar->err);
    if (status == MC_OK && window.len > tar->budget)
        status = mc_fail(&tar->err, MC_SKIPPED, "a header of more than %" PRIu64 " bytes",
                         MAX_HEADER_BYTES);
    if (status == MC_END)
        return 0;
    if (status != MC_OK) {
        tar->status = status;
        archive_set_error(archive, EIO, "%s", tar->err.text);
        return ARCHIVE_FATAL;
    }
    if (tar->budget != UINT64_MAX)
        tar->budget -= window.len;
    tar->n_lent = window.len;
    *bytes = window.data;
    return (la_ssize_t)window.len;
}

static la_int64_t pass_over(struct archive *archive, void *user, la_int64_t n)
{
    (void)archive;
    mci_tar *tar = user;
    mci_stream_skip(tar->stream, tar->n_lent);
    tar->n_lent = 0;
    return n > 0 ? (la_int64_t)mci_stream_pass(tar->stream, (uint64_t)n) : 0;
}

mc_status mci_tar_open(mci_stream *stream, mci_tar **out, mc_error *err)
{
    mci_tar *tar = mci_alloc_zeroed(1, sizeof *tar);
    if (!tar)
        return mci_nomem(err, sizeof *tar);
    tar->stream = stream;
    tar->budget = UINT64_MAX;
    tar->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    tar->archive = archive_read_new();
    if (!tar->archive) {
        mci_tar_close(tar);
        return mci_nomem(err, sizeof *tar);
    }
    archive_read_support_format_tar(tar->archive);
    archive_read_set_option(tar->archive, "tar", "read_concatenated_archives", "1");
    archive_read_set_callback_data(tar->archive, tar);
    archive_read_set_read_callback(tar->archive, read_more);
    archive_read_set_skip_callback(tar->archive, pass_over);
    *out = tar;
    return MC_OK;
}

void mci_tar_close(mci_tar *tar)
{
    if (!tar)
        return;
    if (tar->archive)
        archive_read_free(tar->archive);
    if (tar->utf8)
        freelocale(tar->utf8);
    mci_free(tar);
}

/* ---- members ---- */

/* What libarchive has against it; the stream's own words are better where they are the reason. */
static mc_status damaged(mci_tar *tar, mc_error *err)
{
    if (tar->status < 0)
        return mc_fail(err, tar->status, "%s", tar->err.text);
    if (archive_errno(tar->archive) == ENOMEM)
        return mci_nomem(err, PIECE_BYTES);
    const char *why =
        tar->status == MC_SKIPPED ? tar->err.text : archive_error_string(tar->archive);
    return mc_fail(err, MC_SKIPPED, "behind byte %" PRIu64 ": %s", tar->offset,
                   why ? why : "damaged");
}

static int read_header(mci_tar *tar)
{
    int answer = ARCHIVE_OK;
    bool had_member = tar->has_member;
    if (!tar->has_begun)
        answer = archive_read_open1(tar->archive);
    else if (had_member)
        answer = archive_read_data_skip(tar->archive);
    tar->has_begun = true;
    tar->has_member = false;
    if (answer < ARCHIVE_WARN)
        return answer;
    tar->budget = MAX_HEADER_BYTES;
    answer = archive_read_next_header(tar->archive, &tar->entry);
    tar->budget = UINT64_MAX;
    tar->has_member = answer == ARCHIVE_OK || answer == ARCHIVE_WARN;
    uint64_t here = (uint64_t)archive_read_header_position(tar->archive);
    if (had_member)
        tar->last_end = here;
    if (had_member && answer == ARCHIVE_EOF)
        tar->lacks_end = here == mci_stream_offset(tar->stream);
    if (tar->has_member)
        tar->offset = here;
    return answer;
}

/* libarchive turns names into the locale's charset. */
static int read_header_as_utf8(mci_tar *tar)
{
    locale_t before = tar->utf8 ? uselocale(tar->utf8) : (locale_t)0;
    int answer = read_header(tar);
    if (before)
        uselocale(before);
    return answer;
}

static mc_status give_member(mci_tar *tar, mci_tar_member *member)
{
    const char *name = archive_entry_pathname(tar->entry);
    int64_t size = archive_entry_size(tar->entry);
    tar->is_given = true;
    *member = (mci_tar_member){ .name = mc_str_of(name), .offset = tar->offset };
    member->n_bytes = size > 0 ? (uint64_t)size : 0;
    member->is_file =
        archive_entry_filetype(tar->entry) == AE_IFREG && !archive_entry_hardlink(tar->entry);
    return MC_OK;
}

/* Reads on to the next header. What is none is told once, however many blocks it fills. */
static mc_status find_member(mci_tar *tar, mc_error *err)
{
    bool has_damage = false;
    int answer;
    while ((answer = read_header_as_utf8(tar)) == ARCHIVE_RETRY) {
        if (!has_damage)
            damaged(tar, err);
        has_damage = true;
    }
    tar->is_ended = !tar->has_member;
    tar->is_given = false;
    if (tar->status < 0 || (!has_damage && tar->is_ended && answer != ARCHIVE_EOF))
        return damaged(tar, err);
    if (has_damage)
        return MC_SKIPPED;
    return answer == ARCHIVE_EOF ? MC_END : MC_OK;
}

mc_status mci_tar_next(mci_tar *tar, mci_tar_member *member, mc_error *err)
{
    tar->last_end = 0;
    if (tar->is_ended)
        return MC_END;
    mc_status status = tar->has_member && !tar->is_given ? MC_OK : find_member(tar, err);
    return status == MC_OK ? give_member(tar, member) : status;
}

uint64_t mci_tar_last_end(const mci_tar *tar)
{
    return tar->last_end;
}

bool mci_tar_lacks_end(const mci_tar *tar)
{
    return tar->lacks_end;
}

static mc_status too_long(uint64_t max_bytes, mc_error *err)
{
    return mc_fail(err, MC_SKIPPED, "more than %" PRIu64 " bytes", max_bytes);
}

static mc_status read_pieces(mci_tar *tar, uint64_t max_bytes, mci_buf *out, mc_error *err)
{
    while (out->len <= max_bytes) {
        MC_TRY(mci_buf_reserve(out, PIECE_BYTES, err));
        la_ssize_t n = archive_read_data(tar->archive, out->data + out->len, PIECE_BYTES);
        if (n == 0)
            return MC_OK;
        if (n < 0) {
            tar->is_ended = n == ARCHIVE_FATAL;
            return damaged(tar, err);
        }
        out->len += (size_t)n;
    }
    return too_long(max_bytes, err);
}

mc_status mci_tar_read(mci_tar *tar, uint64_t max_bytes, mci_buf *out, mc_error *err)
{
    mci_buf_clear(out);
    int64_t size = archive_entry_size(tar->entry);
    mc_status status = size > 0 && (uint64_t)size > max_bytes
                           ? too_long(max_bytes, err)
                           : read_pieces(tar, max_bytes, out, err);
    if (status != MC_OK)
        mci_buf_clear(out);
    return status;
}

mc_status mci_tar_may_begin(mc_str block, mc_error *err)
{
    struct archive *archive = archive_read_new();
    if (!archive)
        return mci_nomem(err, block.len);
    archive_read_support_format_tar(archive);
    int answer = archive_read_open_memory(archive, block.data, block.len);
    archive_read_free(archive);
    return answer == ARCHIVE_OK ? MC_OK : mc_fail(err, MC_SKIPPED, "an irregular header");
}
