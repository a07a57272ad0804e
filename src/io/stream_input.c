#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/stream_internal.h"

enum {
    READ_BYTES = 1 << 20, /* of one read */
    KEEP_BYTES = 1 << 17, /* more than what damage makes a decoder overrun */
    SLACK_BYTES = 1 << 12,
};

static mc_status find_size(mci_input *in, mc_error *err)
{
    struct stat info;
    if (fstat(in->fd, &info) != 0)
        return mc_fail(err, MC_E_IO, "%s: %s", in->path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return mc_fail(err, MC_E_IO, "%s: this is a folder", in->path);
    if (S_ISREG(info.st_mode) && info.st_size > 0)
        in->size = (uint64_t)info.st_size;
    return MC_OK;
}

static mc_status open_file(mci_input *in, const char *path, mc_error *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    const char *name = is_stdin ? "standard input" : path;
    in->path = mci_alloc(strlen(name) + 1);
    in->cap = KEEP_BYTES + READ_BYTES + SLACK_BYTES;
    in->buffer = mci_alloc(in->cap);
    if (!in->path || !in->buffer)
        return mci_nomem(err, in->cap);
    memcpy(in->path, name, strlen(name) + 1);
    in->begin = in->next = in->buffer;
    in->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (in->fd < 0)
        return mc_fail(err, MC_E_IO, "%s: %s", path, strerror(errno));
    return find_size(in, err);
}

mc_status mci_input_open(mci_input *in, const char *path, mc_error *err)
{
    *in = (mci_input){ .fd = -1 };
    mc_status status = open_file(in, path, err);
    if (status < 0)
        mci_input_close(in);
    return status;
}

void mci_input_lend(mci_input *in, mc_str bytes, size_t piece)
{
    const uint8_t *data = (const uint8_t *)bytes.data;
    *in = (mci_input){ .fd = -1,
                       .begin = data,
                       .next = data,
                       .unseen = bytes.len,
                       .piece = piece ? piece : 1,
                       .size = bytes.len };
}

void mci_input_close(mci_input *in)
{
    if (in->fd > STDIN_FILENO)
        close(in->fd);
    mci_free(in->buffer);
    mci_free(in->path);
    *in = (mci_input){ .fd = -1 };
}

/* Moves what is at hand to the front of the buffer, so that a whole read fits behind it. */
static void slide(mci_input *in)
{
    size_t kept = (size_t)(in->next - in->begin);
    if (kept > KEEP_BYTES)
        kept = KEEP_BYTES;
    memmove(in->buffer, in->next - kept, kept + in->avail);
    in->begin = in->buffer;
    in->next = in->buffer + kept;
}

static mc_status read_on(mci_input *in, mc_error *err)
{
    size_t room = (size_t)(in->buffer + in->cap - (in->next + in->avail));
    if (room < READ_BYTES / 4) {
        slide(in);
        room = (size_t)(in->buffer + in->cap - (in->next + in->avail));
    }
    assert(room > 0);
    for (;;) {
        uint8_t *tail = in->buffer + in->cap - room;
        ssize_t n = read(in->fd, tail, room < READ_BYTES ? room : READ_BYTES);
        if (n >= 0) {
            in->avail += (size_t)n;
            in->at_end = n == 0;
            return MC_OK;
        }
        if (errno == EAGAIN) { /* somebody made our standard input non-blocking */
            struct pollfd readable = { .fd = in->fd, .events = POLLIN };
            poll(&readable, 1, -1);
        } else if (errno != EINTR) {
            return mc_fail(err, MC_E_IO, "%s: %s", in->path, strerror(errno));
        }
    }
}

mc_status mci_input_more(mci_input *in, mc_error *err)
{
    if (in->at_end)
        return MC_OK;
    if (in->buffer)
        return read_on(in, err);
    size_t n = in->unseen < in->piece ? in->unseen : in->piece;
    in->avail += n;
    in->unseen -= n;
    in->at_end = in->unseen == 0;
    return MC_OK;
}

mc_status mci_input_need(mci_input *in, size_t n, mc_error *err)
{
    while (in->avail < n && !in->at_end)
        MC_TRY(mci_input_more(in, err));
    return MC_OK;
}

void mci_input_advance(mci_input *in, size_t n)
{
    assert(n <= in->avail);
    if (n == 0)
        return; /* next may be NULL */
    in->next += n;
    in->avail -= n;
    in->offset += n;
}

uint64_t mci_input_jump(mci_input *in, uint64_t n)
{
    size_t n_held = n < in->avail ? (size_t)n : in->avail;
    mci_input_advance(in, n_held);
    n -= n_held;
    if (n == 0 || !in->buffer || in->offset >= in->size)
        return n_held;
    if (n > in->size - in->offset)
        n = in->size - in->offset;
    if (lseek(in->fd, (off_t)n, SEEK_CUR) < 0)
        return n_held;
    in->begin = in->next = in->buffer; /* nothing is at hand any more */
    in->offset += n;
    return n_held + n;
}

size_t mci_input_back(mci_input *in, uint64_t n)
{
    size_t held = (size_t)(in->next - in->begin);
    size_t back = n < held ? (size_t)n : held;
    in->next -= back;
    in->avail += back;
    in->offset -= back;
    return back;
}
