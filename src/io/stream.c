#include "io/stream.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "io/stream_internal.h"

enum {
    FIRST_CAP = 512 * 1024,
    STEP_ROOM = 128 * 1024,           /* at least this much is decoded into at once ... */
    STEP_ROOM_MAX = 512 * 1024,       /* ... and no more than this, to stay in the cache */
    IDLE_STEPS = 32,                  /* a decoder that does nothing for so long is stuck */
    GO_BACK_BYTES = 16 * 1024 * 1024, /* see back_to_overrun */
};

typedef enum {
    AT_START, /* nothing was read */
    PLAIN,
    BETWEEN, /* before a gzip member, zstd frame or bzip2 stream */
    IN_GZIP,
    IN_ZSTD,
    IN_BZIP2,
    AT_END
} stream_mode;

struct mci_stream {
    mci_input in;
    stream_mode mode;
    char *buffer; /* the window is buffer[start..end) */
    size_t cap, start, end;
    uint64_t offset;   /* of the window */
    uint64_t frame_at; /* where the current member begins in the file */
    const char *frame_kind;
    uint64_t gone_back; /* bytes of the file that were read again, in all */
    int n_idle;         /* steps since anything moved */
    bool has_gap;       /* to be told when the window is empty */
    mc_error gap;
    mci_gunzip *gunzip;
    mci_unzstd *unzstd;
    mci_bunzip2 *bunzip2;
};

static mc_status new_stream(mci_stream **out, mc_error *err)
{
    mci_stream *stream = mci_alloc_zeroed(1, sizeof *stream);
    char *buffer = stream ? mci_alloc(FIRST_CAP) : NULL;
    if (!buffer) {
        mci_free(stream);
        return mci_nomem(err, FIRST_CAP);
    }
    stream->buffer = buffer;
    stream->cap = FIRST_CAP;
    *out = stream;
    return MC_OK;
}

mc_status mci_stream_open(const char *path, mci_stream **out, mc_error *err)
{
    mci_stream *stream = NULL;
    MC_TRY(new_stream(&stream, err));
    mc_status status = mci_input_open(&stream->in, path, err);
    if (status < 0) {
        mci_stream_close(stream);
        return status;
    }
    *out = stream;
    return MC_OK;
}

mc_status mci_stream_open_pieces(mc_str bytes, size_t piece, mci_stream **out, mc_error *err)
{
    MC_TRY(new_stream(out, err));
    mci_input_lend(&(*out)->in, bytes, piece);
    return MC_OK;
}

mc_status mci_stream_open_bytes(mc_str bytes, mci_stream **out, mc_error *err)
{
    return mci_stream_open_pieces(bytes, SIZE_MAX, out, err);
}

void mci_stream_close(mci_stream *stream)
{
    if (!stream)
        return;
    mci_input_close(&stream->in);
    mci_gunzip_free(stream->gunzip);
    mci_unzstd_free(stream->unzstd);
    mci_bunzip2_free(stream->bunzip2);
    mci_free(stream->buffer);
    mci_free(stream);
}

/* ---- the window ---- */

/* Makes STEP_ROOM free bytes behind the window: by moving it to the front if that is cheap, else
 * with a larger buffer, but never one of more than `want` and a little. */
static mc_status make_room(mci_stream *stream, size_t want, mc_error *err)
{
    size_t held = stream->end - stream->start;
    if (held == 0)
        stream->start = stream->end = 0;
    if (stream->cap - stream->end >= STEP_ROOM)
        return MC_OK;
    if (stream->start > 0) {
        memmove(stream->buffer, stream->buffer + stream->start, held);
        stream->start = 0;
        stream->end = held;
    }
    if (stream->cap - held >= STEP_ROOM)
        return MC_OK;
    size_t cap = stream->cap * 2;
    if (want < SIZE_MAX - 2 * STEP_ROOM && cap > want + 2 * STEP_ROOM)
        cap = want + 2 * STEP_ROOM;
    char *grown = cap > stream->cap ? mci_realloc(stream->buffer, cap) : NULL;
    if (!grown)
        return mci_nomem(err, cap);
    stream->buffer = grown;
    stream->cap = cap;
    return MC_OK;
}

/* ---- damage ---- */

static bool is_like_a_frame(const uint8_t *bytes, size_t n)
{
    return mci_gunzip_likely(bytes, n) || mci_unzstd_likely(bytes, n) ||
           mci_bunzip2_likely(bytes, n);
}

/* Moves to the next place that looks like a member, or to the end. */
static mc_status find_frame(mci_stream *stream, mc_error *err)
{
    mci_input *in = &stream->in;
    for (;;) {
        MC_TRY(mci_input_need(in, MCI_FRAME_LIKELY, err));
        if (in->avail < MCI_FRAME_LIKELY) {
            mci_input_advance(in, in->avail);
            stream->mode = AT_END;
            return MC_OK;
        }
        size_t last = in->avail - MCI_FRAME_LIKELY, n = 0;
        while (n <= last && !is_like_a_frame(in->next + n, MCI_FRAME_LIKELY))
            n++;
        mci_input_advance(in, n);
        if (n <= last) {
            stream->mode = BETWEEN;
            return MC_OK;
        }
    }
}

/* A damaged member makes the decoder run on into what follows it, so the next member may begin
 * before the place where the damage showed. Files made of false members could make this quadratic,
 * hence what is read again in all stays below what is read, and a little. */
static void back_to_overrun(mci_stream *stream)
{
    mci_input *in = &stream->in;
    if (stream->gone_back <= in->offset + GO_BACK_BYTES)
        stream->gone_back += mci_input_back(in, in->offset - stream->frame_at);
    if (in->offset == stream->frame_at)
        mci_input_advance(in, 1);
}

/* Notes that there is a gap and why; the stream stands where it goes on. */
static void note_gap(mci_stream *stream, const char *what, uint64_t seen_at)
{
    char seen[64] = "", next[64] = "nothing readable follows";
    if (seen_at != stream->frame_at)
        snprintf(seen, sizeof seen, " (seen at byte %" PRIu64 ")", seen_at);
    if (stream->mode != AT_END)
        snprintf(next, sizeof next, "going on at byte %" PRIu64, stream->in.offset);
    stream->has_gap = true;
    mc_fail(&stream->gap, MC_SKIPPED, "%s at byte %" PRIu64 " %s%s; %s", stream->frame_kind,
            stream->frame_at, what, seen, next);
}

/* Leaves a member that cannot be read on, for the next one. */
static mc_status leave_frame(mci_stream *stream, const char *what, mc_error *err)
{
    mci_input *in = &stream->in;
    uint64_t seen_at = in->offset;
    back_to_overrun(stream);
    MC_TRY(find_frame(stream, err));
    note_gap(stream, what, seen_at);
    return MC_OK;
}

/* The member ended, but what it gave is not what went in. Its end can be trusted if another one,
 * or nothing, follows. */
static mc_status leave_wrong_frame(mci_stream *stream, mc_error *err)
{
    static const char what[] = "has another checksum or length than it says";
    mci_input *in = &stream->in;
    MC_TRY(mci_input_need(in, MCI_FRAME_LIKELY, err));
    if (in->avail > 0 && !is_like_a_frame(in->next, in->avail))
        return leave_frame(stream, what, err);
    stream->mode = in->avail > 0 ? BETWEEN : AT_END;
    note_gap(stream, what, in->offset);
    return MC_OK;
}

/* ---- reading ---- */

/* Looks at the first bytes to tell plain files from compressed ones. */
static mc_status look_at_start(mci_stream *stream, mc_error *err)
{
    mci_input *in = &stream->in;
    MC_TRY(mci_input_need(in, MCI_FRAME_LIKELY, err));
    bool is_gzip = in->avail >= 2 && in->next[0] == 0x1F && in->next[1] == 0x8B;
    bool is_zstd =
        mci_unzstd_likely(in->next, in->avail) || mci_unzstd_skippable(in->next, in->avail);
    bool is_bzip2 = mci_bunzip2_likely(in->next, in->avail);
    stream->mode = is_gzip || is_zstd || is_bzip2 ? BETWEEN : PLAIN;
    return MC_OK;
}

static mc_status start_gzip(mci_stream *stream, mc_error *err)
{
    if (!stream->gunzip)
        MC_TRY(mci_gunzip_new(&stream->gunzip, err));
    mci_gunzip_start(stream->gunzip, MCI_BODY_GZIP);
    stream->frame_kind = "the gzip member";
    stream->mode = IN_GZIP;
    return MC_OK;
}

static mc_status start_zstd(mci_stream *stream, mc_error *err)
{
    if (!stream->unzstd)
        MC_TRY(mci_unzstd_new(&stream->unzstd, err));
    mci_unzstd_start(stream->unzstd);
    stream->frame_kind = "the zstd frame";
    stream->mode = IN_ZSTD;
    return MC_OK;
}

static mc_status start_bzip2(mci_stream *stream, mc_error *err)
{
    if (!stream->bunzip2)
        MC_TRY(mci_bunzip2_new(&stream->bunzip2, err));
    mci_bunzip2_start(stream->bunzip2);
    stream->frame_kind = "the bzip2 stream";
    stream->mode = IN_BZIP2;
    return MC_OK;
}

/* Enters the next member; zero bytes before it, or before the end, are padding. */
static mc_status enter_frame(mci_stream *stream, mc_error *err)
{
    mci_input *in = &stream->in;
    do {
        size_t n = 0;
        while (n < in->avail && in->next[n] == 0)
            n++;
        mci_input_advance(in, n);
        MC_TRY(mci_input_need(in, MCI_FRAME_LIKELY, err));
    } while (in->avail > 0 && in->next[0] == 0);
    stream->frame_at = in->offset;
    stream->n_idle = 0;
    if (in->avail == 0) {
        stream->mode = AT_END;
        return MC_OK;
    }
    if (in->avail >= 2 && in->next[0] == 0x1F && in->next[1] == 0x8B)
        return start_gzip(stream, err);
    if (mci_unzstd_likely(in->next, in->avail) || mci_unzstd_skippable(in->next, in->avail))
        return start_zstd(stream, err);
    if (mci_bunzip2_likely(in->next, in->avail))
        return start_bzip2(stream, err);
    stream->frame_kind = "what stands";
    return leave_frame(stream, "is neither gzip, zstd nor bzip2", err);
}

static mci_step step_plain(mci_input *in, char *out, size_t room, size_t *n_out)
{
    size_t n = in->avail < room ? in->avail : room;
    if (n > 0)
        memcpy(out, in->next, n);
    mci_input_advance(in, n);
    *n_out = n;
    return n == 0 && in->at_end ? MCI_STEP_ENDED : MCI_STEP_ON;
}

static mci_step step(mci_stream *stream, size_t *n_out, const char **why)
{
    char *out = stream->buffer + stream->end;
    size_t room = stream->cap - stream->end;
    if (room > STEP_ROOM_MAX)
        room = STEP_ROOM_MAX;
    if (stream->mode == IN_GZIP)
        return mci_gunzip_step(stream->gunzip, &stream->in, out, room, n_out, why);
    if (stream->mode == IN_ZSTD)
        return mci_unzstd_step(stream->unzstd, &stream->in, out, room, n_out, why);
    if (stream->mode == IN_BZIP2)
        return mci_bunzip2_step(stream->bunzip2, &stream->in, out, room, n_out, why);
    return step_plain(&stream->in, out, room, n_out);
}

static mc_status leave_damaged(mci_stream *stream, const char *why, mc_error *err)
{
    char what[160];
    snprintf(what, sizeof what, "is damaged: %s", why);
    return leave_frame(stream, what, err);
}

/* Decodes a little more: the window grows, or the member, the stream or its sound part ends. */
static mc_status decode_more(mci_stream *stream, size_t want, mc_error *err)
{
    mci_input *in = &stream->in;
    MC_TRY(make_room(stream, want, err));
    if (in->avail == 0)
        MC_TRY(mci_input_more(in, err));
    const char *why = "";
    size_t n_out = 0;
    uint64_t before = in->offset;
    mci_step answer = step(stream, &n_out, &why);
    stream->end += n_out;
    stream->n_idle = n_out == 0 && in->offset == before ? stream->n_idle + 1 : 0;
    switch (answer) {
    case MCI_STEP_ON:
        break;
    case MCI_STEP_ENDED:
        stream->mode = stream->mode == PLAIN ? AT_END : BETWEEN;
        return MC_OK;
    case MCI_STEP_WRONG_SUM:
        return leave_wrong_frame(stream, err);
    case MCI_STEP_DAMAGED:
        return leave_damaged(stream, why, err);
    case MCI_STEP_NO_MEMORY:
        return mci_nomem(err, STEP_ROOM);
    }
    if (stream->n_idle >= 2 && in->avail == 0 && in->at_end)
        return leave_frame(stream, "is cut: the file ends inside it", err);
    if (stream->n_idle >= IDLE_STEPS)
        return leave_frame(stream, "cannot be read on", err);
    return MC_OK;
}

mc_status mci_stream_peek(mci_stream *stream, size_t want, mc_str *window, mc_error *err)
{
    *window = (mc_str){ 0 };
    if (want == 0)
        want = 1;
    while (stream->end - stream->start < want && !stream->has_gap && stream->mode != AT_END) {
        if (stream->mode == AT_START)
            MC_TRY(look_at_start(stream, err));
        else if (stream->mode == BETWEEN)
            MC_TRY(enter_frame(stream, err));
        else
            MC_TRY(decode_more(stream, want, err));
    }
    if (stream->end > stream->start) {
        *window = (mc_str){ stream->buffer + stream->start, stream->end - stream->start };
        return MC_OK;
    }
    if (!stream->has_gap)
        return MC_END;
    stream->has_gap = false;
    return mc_fail(err, MC_SKIPPED, "%s", stream->gap.text);
}

void mci_stream_skip(mci_stream *stream, size_t n)
{
    assert(n <= stream->end - stream->start);
    stream->start += n;
    stream->offset += n;
}

uint64_t mci_stream_pass(mci_stream *stream, uint64_t n)
{
    size_t held = stream->end - stream->start;
    size_t n_held = n < held ? (size_t)n : held;
    mci_stream_skip(stream, n_held);
    if (n_held == n || stream->mode != PLAIN)
        return n_held;
    uint64_t n_jumped = mci_input_jump(&stream->in, n - n_held);
    stream->offset += n_jumped;
    return n_held + n_jumped;
}

uint64_t mci_stream_offset(const mci_stream *stream)
{
    return stream->offset;
}

uint64_t mci_stream_bytes_read(const mci_stream *stream)
{
    return stream->in.offset;
}

uint64_t mci_stream_bytes_total(const mci_stream *stream)
{
    return stream->in.size;
}

uint64_t mci_stream_most_left(const mci_stream *stream)
{
    uint64_t held = stream->end - stream->start;
    if (stream->mode == AT_END && !stream->has_gap)
        return held;
    if (stream->mode != PLAIN || stream->in.size < stream->in.offset)
        return UINT64_MAX;
    return held + (stream->in.size - stream->in.offset);
}
