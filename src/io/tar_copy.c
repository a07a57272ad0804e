#include "io/tar_copy.h"

#include <inttypes.h>

#include "base/alloc.h"

enum { BLOCK = 512, RECORD = 20 * BLOCK };

struct mci_tar_copy {
    mci_stream *stream;
    mci_tar_sink *sink;
    void *user;
    uint64_t n_bytes;
    mci_buf key; /* of the sample copied last */
    uint64_t number;
    bool has_sample;
};

mc_status mci_tar_copy_open(mci_stream *stream, mci_tar_sink *sink, void *user, mci_tar_copy **out,
                            mc_error *err)
{
    mci_tar_copy *copy = mci_alloc_zeroed(1, sizeof *copy);
    if (!copy)
        return mci_nomem(err, sizeof *copy);
    *copy = (mci_tar_copy){ .stream = stream, .sink = sink, .user = user };
    *out = copy;
    return MC_OK;
}

void mci_tar_copy_close(mci_tar_copy *copy)
{
    if (!copy)
        return;
    mci_buf_release(&copy->key);
    mci_free(copy);
}

uint64_t mci_tar_copy_bytes(const mci_tar_copy *copy)
{
    return copy->n_bytes;
}

static mc_status put(mci_tar_copy *copy, mc_str bytes, mc_error *err)
{
    copy->n_bytes += bytes.len;
    return copy->sink(copy->user, bytes, err);
}

/* ---- the stream ---- */

/* All that is asked for was there when the sample was read. */
static mc_status peek(mci_tar_copy *copy, size_t want, mc_str *window, mc_error *err)
{
    mc_status status = mci_stream_peek(copy->stream, want, window, err);
    if (status < 0)
        return status;
    if (status == MC_OK && window->len >= want)
        return MC_OK;
    return mc_fail(err, MC_E_IO, "it ends at byte %" PRIu64 " now: it changed while it was read",
                   mci_stream_offset(copy->stream) + window->len);
}

/* Forward only: where the stream stands behind offset already, there were zero blocks. */
static mc_status go_to(mci_tar_copy *copy, uint64_t offset, mc_error *err)
{
    while (mci_stream_offset(copy->stream) < offset) {
        mc_str window;
        if (mci_stream_pass(copy->stream, offset - mci_stream_offset(copy->stream)) == 0)
            MC_TRY(peek(copy, 1, &window, err));
    }
    return MC_OK;
}

/* Where tars stand one behind the other, the end of the one before is at the start of the other's
 * first member: blocks of zeros, at which many a reader would stop. */
static mc_status pass_zero_blocks(mci_tar_copy *copy, uint64_t end, mc_str *window, mc_error *err)
{
    static const char zeros[BLOCK];
    for (;;) {
        MC_TRY(peek(copy, BLOCK, window, err));
        if (memcmp(window->data, zeros, BLOCK) != 0)
            return MC_OK;
        if (end - mci_stream_offset(copy->stream) <= BLOCK)
            return mc_fail(err, MC_E_IO, "a member without a header: it changed while it was read");
        mci_stream_skip(copy->stream, BLOCK);
    }
}

static mc_status copy_member(mci_tar_copy *copy, mci_tar_extent member, mc_error *err)
{
    mc_str window;
    MC_TRY(go_to(copy, member.start, err));
    MC_TRY(pass_zero_blocks(copy, member.end, &window, err));
    for (uint64_t left; (left = member.end - mci_stream_offset(copy->stream)) > 0;) {
        MC_TRY(peek(copy, 1, &window, err));
        if (window.len > left)
            window.len = (size_t)left;
        MC_TRY(put(copy, window, err));
        mci_stream_skip(copy->stream, window.len);
    }
    return MC_OK;
}

/* ---- samples ---- */

/* A reader sees where a sample ends by the next one's key, so two of one key need what stood
 * between them. */
static bool would_join(const mci_tar_copy *copy, const mci_tar_sample *sample)
{
    return copy->has_sample && mc_str_equal(mci_buf_str(&copy->key), sample->key) &&
           sample->number != copy->number + 1;
}

static mc_status check_sample(const mci_tar_copy *copy, const mci_tar_sample *sample, mc_error *err)
{
    if (sample->is_spoiled)
        return mc_fail(err, MC_SKIPPED, "something in it, or right behind it, is damaged");
    if (sample->lacks_end)
        return mc_fail(err, MC_SKIPPED,
                       "the file ends right behind it, without the blocks of zeros that end a tar, "
                       "so it may be cut");
    if (sample->n_members > MCI_MAX_SAMPLE_MEMBERS)
        return mc_fail(err, MC_SKIPPED, "%zu members of one key, at most %d are taken for a sample",
                       sample->n_members, MCI_MAX_SAMPLE_MEMBERS);
    if (would_join(copy, sample))
        return mc_fail(err, MC_SKIPPED,
                       "it would become one with the sample of this key before it, as those "
                       "between them are left out");
    return MC_OK;
}

/* Whether the first sample's first header can be a file's first. */
static mc_status check_begin(mci_tar_copy *copy, const mci_tar_sample *sample, mc_error *err)
{
    mc_str window;
    MC_TRY(go_to(copy, sample->members[0].start, err));
    MC_TRY(pass_zero_blocks(copy, sample->members[0].end, &window, err));
    return mci_tar_may_begin((mc_str){ window.data, BLOCK }, err);
}

mc_status mci_tar_copy_sample(mci_tar_copy *copy, const mci_tar_sample *sample, mc_error *err)
{
    mc_status status = check_sample(copy, sample, err);
    if (status == MC_OK && !copy->has_sample)
        status = check_begin(copy, sample, err);
    if (status != MC_OK)
        return status;
    mci_buf_clear(&copy->key);
    MC_TRY(mci_buf_add(&copy->key, sample->key, err));
    copy->number = sample->number;
    copy->has_sample = true;
    for (size_t i = 0; i < sample->n_members; i++)
        MC_TRY(copy_member(copy, sample->members[i], err));
    return MC_OK;
}

mc_status mci_tar_copy_end(mci_tar_copy *copy, mc_error *err)
{
    static const char zeros[RECORD];
    size_t n = RECORD - (size_t)(copy->n_bytes % RECORD);
    if (n < 2 * BLOCK)
        n += RECORD;
    for (; n > RECORD; n -= RECORD)
        MC_TRY(put(copy, (mc_str){ zeros, RECORD }, err));
    return put(copy, (mc_str){ zeros, n }, err);
}
