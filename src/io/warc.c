#include "io/warc.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "io/fields.h"

enum {
    MAX_HEADER_BYTES = 1 << 20,
    FIRST_LOOK = 4096,     /* most headers fit */
    PASS_BYTES = 64 * 1024 /* looked at in one go when passing over something */
};

static const char magic[] = "WARC/";
enum { MAGIC_LEN = sizeof magic - 1 };

struct mci_warc {
    mci_stream *stream;
    uint64_t max_record_bytes;
    mci_buf header;  /* of the current record, unfolded */
    size_t pending;  /* bytes of the window that belong to the record that was given last */
    bool is_started; /* something was read: whatever comes now, this is an archive */
    bool is_lost;    /* between records, to find the next line that begins one */
};

mc_status mci_warc_open(mci_stream *stream, uint64_t max_record_bytes, mci_warc **out,
                        mc_error *err)
{
    mci_warc *warc = mci_alloc_zeroed(1, sizeof *warc);
    if (!warc)
        return mci_nomem(err, sizeof *warc);
    warc->stream = stream;
    warc->max_record_bytes = max_record_bytes < SIZE_MAX ? max_record_bytes : SIZE_MAX - 1;
    *out = warc;
    return MC_OK;
}

void mci_warc_close(mci_warc *warc)
{
    if (!warc)
        return;
    mci_buf_release(&warc->header);
    mci_free(warc);
}

/* ---- finding records ---- */

/* Whether text begins like a record, as far as it goes. */
static bool begins_record(mc_str text)
{
    size_t n = text.len < MAGIC_LEN ? text.len : MAGIC_LEN;
    return memcmp(text.data, magic, n) == 0;
}

/* The line after the first one that begins a record; NULL if there is none. */
static const char *find_record_line(mc_str text)
{
    static const char line[] = "\nWARC/";
    const char *at = text.len > 0 ? memmem(text.data, text.len, line, sizeof line - 1) : NULL;
    return at ? at + 1 : NULL;
}

/* Passes over line ends before a record; gives what follows them as mci_stream_peek does. */
static mc_status pass_line_ends(mci_warc *warc, mc_str *window, mc_error *err)
{
    for (;;) {
        mc_status status = mci_stream_peek(warc->stream, MAGIC_LEN, window, err);
        if (status != MC_OK)
            return status;
        size_t n = 0;
        while (n < window->len && (window->data[n] == '\n' || window->data[n] == '\r'))
            n++;
        if (n == 0)
            return MC_OK;
        mci_stream_skip(warc->stream, n);
    }
}

/* Goes on to the next line that begins a record. */
static mc_status find_record(mci_warc *warc, mc_str *window, mc_error *err)
{
    size_t want = MAGIC_LEN;
    for (bool is_line_start = true;; is_line_start = false) {
        mc_status status = mci_stream_peek(warc->stream, want, window, err);
        if (status != MC_OK)
            return status;
        if (is_line_start && window->len >= MAGIC_LEN && begins_record(*window))
            return MC_OK;
        const char *line = find_record_line(*window);
        if (line) {
            mci_stream_skip(warc->stream, (size_t)(line - window->data));
            return mci_stream_peek(warc->stream, MAGIC_LEN, window, err);
        }
        size_t kept = window->len < want ? 0 : MAGIC_LEN; /* "\nWARC" may go on */
        mci_stream_skip(warc->stream, window->len - kept);
        want = PASS_BYTES;
    }
}

static mc_status not_an_archive(mc_str window, mc_error *err)
{
    static const char arc[] = "filedesc:";
    if (window.len >= sizeof arc - 1 && memcmp(window.data, arc, sizeof arc - 1) == 0)
        return mc_fail(err, MC_E_FORMAT,
                       "this is an ARC file; convert it to WARC first (warcio recompress does)");
    return mc_fail(err, MC_E_FORMAT, "this is no WARC file: it does not begin with \"WARC/\"");
}

/* Stands at the next record's first byte, shown in the window. */
static mc_status next_start(mci_warc *warc, mc_str *window, mc_error *err)
{
    mc_status status =
        warc->is_lost ? find_record(warc, window, err) : pass_line_ends(warc, window, err);
    if (status == MC_SKIPPED)
        warc->is_started = warc->is_lost = true;
    if (status != MC_OK)
        return status;
    if (begins_record(*window)) {
        warc->is_started = true;
        warc->is_lost = false;
        return MC_OK;
    }
    if (!warc->is_started)
        return not_an_archive(*window, err);
    warc->is_lost = true;
    return mc_fail(err, MC_SKIPPED, "no record begins at offset %" PRIu64 ", where one should",
                   mci_stream_offset(warc->stream));
}

/* ---- headers ---- */

/* The length of the header at the window's start, its blank line included; 0 if its end is not in
 * the window. *from is where to look on, kept between calls. */
static size_t header_length(mc_str window, size_t *from)
{
    for (;;) {
        const char *line = window.data + *from;
        const char *end = memchr(line, '\n', window.len - *from);
        if (!end)
            return 0;
        *from = (size_t)(end + 1 - window.data);
        if (end == line || (end == line + 1 && *line == '\r'))
            return *from;
    }
}

/* The stream ended, or has a gap, inside a record, of which `window` is the last that can be read;
 * `what` if it is no gap. Perhaps a length is wrong rather than the file short: records that lie in
 * the window are found again. */
static mc_status leave_cut(mci_warc *warc, mc_str window, const char *what, mc_error *err)
{
    const char *line = find_record_line(window);
    mci_stream_skip(warc->stream, line ? (size_t)(line - window.data) : window.len);
    mc_status status = line ? MC_END : mci_stream_peek(warc->stream, 1, &window, err);
    return status == MC_END ? mc_fail(err, MC_SKIPPED, "%s", what) : status;
}

/* Copies the header, `len` bytes of the window, to warc->header and passes over it. */
static mc_status take_header(mci_warc *warc, mc_str window, size_t len, mc_error *err)
{
    mc_str header = { window.data, len };
    const char *line = find_record_line(header);
    if (line) {
        mci_stream_skip(warc->stream, (size_t)(line - window.data));
        return mc_fail(err, MC_SKIPPED, "its header ends where another record begins");
    }
    mci_buf_clear(&warc->header);
    MC_TRY(mci_buf_add(&warc->header, header, err));
    mci_stream_skip(warc->stream, len);
    return MC_OK;
}

static mc_status read_header(mci_warc *warc, mc_error *err)
{
    size_t from = 0, want = FIRST_LOOK;
    for (;;) {
        mc_str window;
        mc_status status = mci_stream_peek(warc->stream, want, &window, err);
        if (status != MC_OK)
            return status;
        size_t len = header_length(window, &from);
        if (len > 0 && len <= MAX_HEADER_BYTES)
            return take_header(warc, window, len, err);
        if (window.len >= MAX_HEADER_BYTES) {
            mci_stream_skip(warc->stream, MAGIC_LEN); /* or it would be found again */
            return mc_fail(err, MC_SKIPPED, "its header is longer than any should be");
        }
        if (window.len < want)
            return leave_cut(warc, window, "its header is cut", err);
        want = 2 * window.len;
    }
}

/* Folded lines become one: the line end before white space turns into spaces. */
static void unfold(mci_buf *header)
{
    for (size_t i = 0; i + 1 < header->len; i++) {
        if (header->data[i] != '\n' || (header->data[i + 1] != ' ' && header->data[i + 1] != '\t'))
            continue;
        header->data[i] = ' ';
        if (i > 0 && header->data[i - 1] == '\r')
            header->data[i - 1] = ' ';
    }
}

static bool parse_length(mc_str digits, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        unsigned digit = (unsigned char)digits.data[i] - (unsigned)'0';
        if (digit > 9 || value > ((uint64_t)INT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return digits.len > 0;
}

static mci_warc_type type_of(mc_str value)
{
    return mci_field_is(value, "response")     ? MCI_WARC_RESPONSE
           : mci_field_is(value, "metadata")   ? MCI_WARC_METADATA
           : mci_field_is(value, "conversion") ? MCI_WARC_CONVERSION
                                               : MCI_WARC_OTHER;
}

/* wget writes <URI>. */
static mc_str without_brackets(mc_str uri)
{
    if (uri.len >= 2 && uri.data[0] == '<' && uri.data[uri.len - 1] == '>')
        return (mc_str){ uri.data + 1, uri.len - 2 };
    return uri;
}

typedef struct {
    mc_str type, target_uri, content_type, record_id, length;
} header_fields;

static void take_field(header_fields *fields, mc_str name, mc_str value)
{
    const struct {
        const char *name;
        mc_str *value;
    } known[] = {
        { "WARC-Type", &fields->type },
        { "WARC-Target-URI", &fields->target_uri },
        { "Content-Type", &fields->content_type },
        { "WARC-Record-ID", &fields->record_id },
        { "Content-Length", &fields->length },
    };
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (!known[i].value->data && mci_field_is(name, known[i].name))
            *known[i].value = value; /* of repeated ones the first */
}

/* Fills record from warc->header. */
static mc_status parse_header(mci_warc *warc, mci_warc_record *record, mc_error *err)
{
    unfold(&warc->header);
    mc_str text = mci_buf_str(&warc->header), name, value;
    header_fields fields = { 0 };
    mci_field_split(&text, '\n'); /* the version */
    while (mci_field_next(&text, &name, &value))
        take_field(&fields, name, value);
    record->type = type_of(fields.type);
    record->target_uri = without_brackets(fields.target_uri);
    record->content_type = fields.content_type;
    record->record_id = fields.record_id;
    if (!fields.length.data)
        return mc_fail(err, MC_SKIPPED, "it has no Content-Length");
    if (!parse_length(fields.length, &record->n_bytes))
        return mc_fail(err, MC_SKIPPED, "its Content-Length \"%.*s\" is no length",
                       (int)(fields.length.len < 40 ? fields.length.len : 40), fields.length.data);
    return MC_OK;
}

/* ---- blocks ---- */

/* Passes over n bytes, holding none. */
static mc_status pass_over(mci_warc *warc, uint64_t n, mc_error *err)
{
    while (n > 0) {
        mc_str window = { 0 };
        mc_status status = mci_stream_peek(warc->stream, 1, &window, err);
        if (status != MC_OK)
            return status == MC_END ? mc_fail(err, MC_SKIPPED, "it is cut") : status;
        size_t passed = window.len < n ? window.len : (size_t)n;
        mci_stream_skip(warc->stream, passed);
        n -= passed;
    }
    return MC_OK;
}

/* Shows the block in the window. */
static mc_status hold_block(mci_warc *warc, mci_warc_record *record, mc_error *err)
{
    size_t n = (size_t)record->n_bytes;
    mc_str window = { 0 };
    mc_status status = n > 0 ? mci_stream_peek(warc->stream, n, &window, err) : MC_OK;
    if (status < 0 || status == MC_SKIPPED)
        return status;
    if (window.len < n)
        return leave_cut(warc, window, "it is cut", err);
    record->block = (mc_str){ window.data, n };
    warc->pending = n;
    return MC_OK;
}

static mc_status read_block(mci_warc *warc, mci_warc_record *record, mc_error *err)
{
    uint64_t left = mci_stream_most_left(warc->stream);
    if (record->n_bytes > left)
        return mc_fail(err, MC_SKIPPED, "it is cut: of %" PRIu64 " bytes only %" PRIu64 " are left",
                       record->n_bytes, left);
    if (record->type == MCI_WARC_OTHER)
        return pass_over(warc, record->n_bytes, err);
    if (record->n_bytes <= warc->max_record_bytes)
        return hold_block(warc, record, err);
    mc_status status = pass_over(warc, record->n_bytes, err);
    if (status != MC_OK)
        return status;
    return mc_fail(err, MC_SKIPPED, "it has %" PRIu64 " bytes, the limit is %" PRIu64,
                   record->n_bytes, warc->max_record_bytes);
}

mc_status mci_warc_next(mci_warc *warc, mci_warc_record *record, mc_error *err)
{
    *record = (mci_warc_record){ 0 };
    mci_stream_skip(warc->stream, warc->pending);
    warc->pending = 0;
    mc_str window;
    mc_status status = next_start(warc, &window, err);
    if (status != MC_OK)
        return status;
    record->offset = mci_stream_offset(warc->stream);
    status = read_header(warc, err);
    if (status == MC_OK)
        status = parse_header(warc, record, err);
    if (status == MC_OK)
        status = read_block(warc, record, err);
    if (status == MC_SKIPPED) {
        warc->is_lost = true;
        mc_add_context(err, status, "the record at offset %" PRIu64, record->offset);
    }
    return status;
}
