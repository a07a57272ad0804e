#include "corpus/text_pieces.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/files.h"
#include "io/stream.h"
#include "io/wiki_xml.h"

enum { HEAD_BYTES = 1 << 16, PIECE_BYTES = 1 << 20, MAGIC_BYTES = 10 };

struct mci_piece_reader {
    const mci_text_inputs *inputs;
    size_t input;
    uint64_t at;       /* in the input, when it is opened */
    uint64_t n_before; /* bytes of the inputs before this one */
    bool is_open, is_xml;
    mci_stream *stream;
    mci_bzip2_cutter *cutter;
    mci_buf hidden;
};

void mci_piece_release(mci_piece *piece)
{
    mci_bzip2_span_release(&piece->span);
    mci_buf_release(&piece->text);
    mci_buf_release(&piece->hidden);
}

mc_status mci_piece_reader_open(const mci_text_inputs *inputs, size_t next_input, uint64_t next_at,
                                mci_piece_reader **out, mc_error *err)
{
    mci_piece_reader *reader = mci_alloc_zeroed(1, sizeof *reader);
    if (!reader)
        return mci_nomem(err, sizeof *reader);
    reader->inputs = inputs;
    reader->input = next_input;
    reader->at = next_at;
    for (size_t i = 0; i < next_input && i < inputs->n; i++)
        reader->n_before += inputs->items[i].n_bytes;
    *out = reader;
    return MC_OK;
}

static void close_input(mci_piece_reader *reader)
{
    mci_stream_close(reader->stream);
    mci_bzip2_cutter_close(reader->cutter);
    reader->stream = NULL;
    reader->cutter = NULL;
    reader->is_open = false;
}

void mci_piece_reader_close(mci_piece_reader *reader)
{
    if (!reader)
        return;
    close_input(reader);
    mci_buf_release(&reader->hidden);
    mci_free(reader);
}

uint64_t mci_piece_reader_bytes_read(const mci_piece_reader *reader)
{
    uint64_t own = reader->cutter   ? mci_bzip2_cutter_bytes_read(reader->cutter)
                   : reader->stream ? mci_stream_bytes_read(reader->stream)
                                    : 0;
    return reader->n_before + own;
}

/* ---- opening a file ---- */

static mc_status read_magic(const char *path, char bytes[MAGIC_BYTES], size_t *n, mc_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mci_fail_errno(err, path, "cannot open it");
    ssize_t got = read(fd, bytes, MAGIC_BYTES);
    mc_status status = got < 0 ? mci_fail_errno(err, path, "cannot read") : MC_OK;
    *n = got < 0 ? 0 : (size_t)got;
    close(fd);
    return status;
}

static bool starts_with(mc_str text, const char *start)
{
    size_t n = strlen(start);
    return text.len >= n && memcmp(text.data, start, n) == 0;
}

/* A dump begins with its root element, or (cut out of one) with a page. */
static bool is_dump(mc_str head)
{
    if (starts_with(head, "\xEF\xBB\xBF"))
        head = (mc_str){ head.data + 3, head.len - 3 };
    while (head.len && memchr(" \t\r\n", head.data[0], 4))
        head = (mc_str){ head.data + 1, head.len - 1 };
    if (starts_with(head, "<?xml"))
        return memmem(head.data, head.len < 4096 ? head.len : 4096, "<mediawiki", 10) != NULL;
    return starts_with(head, "<mediawiki") || starts_with(head, "<page>");
}

/* Looks at how the text begins. */
static mc_status look_at_head(mci_piece_reader *reader, const char *path, mc_error *err)
{
    mc_str head = { 0 };
    mc_status status = mci_stream_peek(reader->stream, HEAD_BYTES, &head, err);
    mci_buf_clear(&reader->hidden);
    reader->is_xml = false;
    if (status == MC_SKIPPED) { /* damaged from the start, so the name must tell */
        reader->is_xml = strstr(path, ".xml") != NULL;
        mci_stream_close(reader->stream); /* from the start: the gap is to be told once more */
        reader->stream = NULL;
        return mci_stream_open(path, &reader->stream, err);
    }
    MC_TRY(status);
    if (head.len && memchr(head.data, '\0', head.len))
        return mc_fail(err, MC_E_FORMAT, "%s: this is no text: it holds zero bytes", path);
    reader->is_xml = is_dump(head);
    return reader->is_xml ? mci_wiki_namespaces(head, &reader->hidden, err) : MC_OK;
}

static mc_status pass_to(mci_stream *stream, uint64_t at, mc_error *err)
{
    while (mci_stream_offset(stream) < at) {
        mc_str window;
        uint64_t left = at - mci_stream_offset(stream);
        if (mci_stream_pass(stream, left) > 0)
            continue;
        mc_status status = mci_stream_peek(stream, 1, &window, err);
        if (status == MC_END)
            return mc_fail(err, MC_E_IO, "it is shorter than it was");
        if (status < 0)
            return status;
    }
    return MC_OK;
}

static mc_status open_input(mci_piece_reader *reader, mc_error *err)
{
    const char *path = reader->inputs->items[reader->input].path;
    char magic[MAGIC_BYTES];
    size_t n = 0;
    reader->is_open = true;
    MC_TRY(read_magic(path, magic, &n, err));
    MC_TRY(mci_stream_open(path, &reader->stream, err));
    MC_TRY(look_at_head(reader, path, err));
    if (!mci_bzip2_is((mc_str){ magic, n })) {
        mc_status status = pass_to(reader->stream, reader->at, err);
        return status < 0 ? mc_add_context(err, status, "%s", path) : MC_OK;
    }
    mci_stream_close(reader->stream);
    reader->stream = NULL;
    return mci_bzip2_cutter_open(path, reader->at, &reader->cutter, err);
}

/* ---- pieces ---- */

static mc_status next_span(mci_piece_reader *reader, mci_piece *piece, mc_error *err)
{
    mc_status status = mci_bzip2_cutter_next(reader->cutter, &piece->span, err);
    piece->is_span = status == MC_OK;
    if (status == MC_OK) {
        piece->gap = piece->span.gap;
        piece->next_at = piece->span.next_bit;
    }
    return status;
}

static mc_status next_text(mci_piece_reader *reader, mci_piece *piece, mc_error *err)
{
    mc_str window;
    mc_status status = mci_stream_peek(reader->stream, PIECE_BYTES, &window, err);
    if (status == MC_SKIPPED) {
        mc_fail(&piece->gap, MC_SKIPPED, "%s", err ? err->text : "damaged");
        status = MC_OK;
    }
    if (status != MC_OK)
        return status;
    size_t n = window.len < PIECE_BYTES ? window.len : PIECE_BYTES;
    MC_TRY(mci_buf_append(&piece->text, window.data, n, err));
    mci_stream_skip(reader->stream, n);
    piece->next_at = mci_stream_offset(reader->stream);
    return MC_OK;
}

mc_status mci_piece_reader_next(mci_piece_reader *reader, mci_piece *piece, mc_error *err)
{
    mci_buf_clear(&piece->text);
    mci_buf_clear(&piece->hidden);
    piece->span.n_blocks = 0;
    piece->gap = (mc_error){ 0 };
    piece->is_span = piece->is_end = false;
    if (reader->input == reader->inputs->n)
        return MC_END;
    if (!reader->is_open)
        MC_TRY(open_input(reader, err));
    piece->input = piece->next_input = reader->input;
    piece->is_xml = reader->is_xml;
    MC_TRY(mci_buf_add(&piece->hidden, mci_buf_str(&reader->hidden), err));
    mc_error why = { 0 };
    mc_status status =
        reader->cutter ? next_span(reader, piece, &why) : next_text(reader, piece, &why);
    if (status < 0)
        return mc_fail(err, status, "%s", why.text);
    if (status == MC_OK)
        return MC_OK;
    close_input(reader);
    reader->n_before += reader->inputs->items[reader->input].n_bytes;
    reader->input++;
    reader->at = 0;
    piece->is_end = true;
    piece->next_input = reader->input;
    piece->next_at = 0;
    return MC_OK;
}
