#include "io/delimited.h"

#include <inttypes.h>

#include "base/alloc.h"

void mci_delimited_init(mci_delimited *rows, mci_stream *stream, int delimiter, size_t max_fields,
                        uint64_t max_item_bytes)
{
    *rows = (mci_delimited){ .stream = stream, .delimiter = delimiter, .max_fields = max_fields };
    rows->max_bytes = max_item_bytes < SIZE_MAX / 4 ? (size_t)max_item_bytes : SIZE_MAX / 4;
}

void mci_delimited_release(mci_delimited *rows)
{
    mci_buf_release(&rows->bytes);
    mci_free(rows->ends);
    rows->ends = NULL;
    rows->n_ends = rows->cap_ends = 0;
}

mc_str mci_delimited_field(const mci_delimited *rows, size_t i)
{
    size_t start = i > 0 ? rows->ends[i - 1] : 0, len = rows->ends[i] - start;
    return len > 0 ? (mc_str){ rows->bytes.data + start, len } : (mc_str){ 0 };
}

mc_status mci_delimited_name_row(const mci_delimited *rows, mc_status status, mc_error *err)
{
    return mc_add_context(err, status, "row %" PRIu64 " at byte %" PRIu64, rows->row, rows->offset);
}

/* ---- fields ---- */

static mc_status add_bytes(mci_delimited *rows, const char *data, size_t n, mc_error *err)
{
    if (n == 0 || rows->is_too_long || rows->n_fields >= rows->max_fields)
        return MC_OK;
    rows->is_too_long = n > rows->max_bytes - rows->bytes.len;
    return rows->is_too_long ? MC_OK : mci_buf_append(&rows->bytes, data, n, err);
}

static mc_status end_field(mci_delimited *rows, mc_error *err)
{
    rows->place = MCI_AT_FIELD;
    if (rows->n_fields++ >= rows->max_fields)
        return MC_OK;
    void *ends = rows->ends;
    MC_TRY(mci_grow(&ends, &rows->cap_ends, rows->n_ends + 1, sizeof *rows->ends, err));
    rows->ends = ends;
    rows->ends[rows->n_ends++] = rows->bytes.len;
    return MC_OK;
}

static mc_status take_quoted(mci_delimited *rows, mc_str window, size_t *at, mc_error *err)
{
    const char *from = window.data + *at, *quote = memchr(from, '"', window.len - *at);
    size_t n = quote ? (size_t)(quote - from) : window.len - *at;
    *at += n;
    if (quote) {
        rows->place = MCI_BEHIND_QUOTE;
        ++*at;
    }
    return add_bytes(rows, from, n, err);
}

static mc_status take_behind_quote(mci_delimited *rows, mc_str window, size_t *at, mc_error *err)
{
    if (window.data[*at] != '"') {
        rows->place = MCI_IN_FIELD;
        return MC_OK;
    }
    rows->place = MCI_IN_QUOTES;
    return add_bytes(rows, window.data + (*at)++, 1, err);
}

static mc_status take_unquoted(mci_delimited *rows, mc_str window, size_t *at, mc_error *err)
{
    size_t from = *at, to = from;
    int c = 0, delimiter = rows->delimiter;
    while (to < window.len && (c = (unsigned char)window.data[to]) != delimiter && c != '\n' &&
           c != '\r')
        to++;
    *at = to;
    MC_TRY(add_bytes(rows, window.data + from, to - from, err));
    if (to == window.len)
        return MC_OK;
    ++*at;
    rows->is_whole = c != delimiter;
    rows->skips_lf = c == '\r';
    return end_field(rows, err);
}

/* Goes on with the row at *at, to its end or the window's. */
static mc_status take_row(mci_delimited *rows, mc_str window, size_t *at, mc_error *err)
{
    while (*at < window.len && !rows->is_whole) {
        switch (rows->place) {
        case MCI_AT_FIELD:
            rows->place = MCI_IN_FIELD;
            if (window.data[*at] == '"' && rows->delimiter != MCI_NOT_DELIMITED) {
                rows->place = MCI_IN_QUOTES;
                rows->has_quotes = true;
                ++*at;
            }
            break;
        case MCI_IN_FIELD:
            MC_TRY(take_unquoted(rows, window, at, err));
            break;
        case MCI_IN_QUOTES:
            MC_TRY(take_quoted(rows, window, at, err));
            break;
        case MCI_BEHIND_QUOTE:
            MC_TRY(take_behind_quote(rows, window, at, err));
            break;
        }
    }
    return MC_OK;
}

/* ---- rows ---- */

static mc_status too_long(mci_delimited *rows, mc_error *err)
{
    mc_fail(err, MC_SKIPPED, "more than %zu bytes", rows->max_bytes);
    return mci_delimited_name_row(rows, MC_SKIPPED, err);
}

/* Passes over what a byte order mark or the row before left. */
static mc_status find_row(mci_delimited *rows, mc_error *err)
{
    mc_str window;
    mc_status status = MC_OK;
    if (mci_stream_offset(rows->stream) == 0) {
        status = mci_stream_peek(rows->stream, 3, &window, err);
        if (status == MC_OK && window.len >= 3 && memcmp(window.data, "\xEF\xBB\xBF", 3) == 0)
            mci_stream_skip(rows->stream, 3);
    }
    while (status == MC_OK && rows->is_lost) {
        status = mci_stream_peek(rows->stream, 1, &window, err);
        const char *end = status == MC_OK ? memchr(window.data, '\n', window.len) : NULL;
        mci_stream_skip(rows->stream, end ? (size_t)(end - window.data) + 1 : window.len);
        rows->is_lost = !end;
    }
    if (status == MC_OK && rows->skips_lf) {
        status = mci_stream_peek(rows->stream, 1, &window, err);
        if (status == MC_OK && window.data[0] == '\n')
            mci_stream_skip(rows->stream, 1);
        rows->skips_lf = false;
    }
    rows->is_lost |= status == MC_SKIPPED;
    return status;
}

/* The stream answered with its end or a gap. */
static mc_status end_of_stream(mci_delimited *rows, mc_status status, mc_error *err)
{
    rows->is_lost = status == MC_SKIPPED;
    if (status < 0 || !rows->has_begun)
        return status;
    if (status == MC_SKIPPED) {
        mc_add_context(err, status, "it is cut");
        return mci_delimited_name_row(rows, status, err);
    }
    if (rows->place == MCI_IN_QUOTES) {
        mc_fail(err, MC_SKIPPED, "a quote is not closed");
        return mci_delimited_name_row(rows, MC_SKIPPED, err);
    }
    rows->is_whole = true;
    return end_field(rows, err);
}

static void begin_row(mci_delimited *rows)
{
    mci_buf_clear(&rows->bytes);
    rows->n_fields = rows->n_ends = 0;
    rows->place = MCI_AT_FIELD;
    rows->has_begun = rows->has_quotes = rows->is_whole = rows->is_too_long = false;
}

static mc_status read_row(mci_delimited *rows, mc_error *err)
{
    begin_row(rows);
    mc_status status = find_row(rows, err);
    while (status == MC_OK && !rows->is_whole) {
        mc_str window;
        size_t n = 0;
        status = mci_stream_peek(rows->stream, 1, &window, err);
        if (status != MC_OK) {
            status = end_of_stream(rows, status, err);
            continue;
        }
        if (!rows->has_begun)
            rows->offset = mci_stream_offset(rows->stream);
        rows->has_begun = true;
        status = take_row(rows, window, &n, err);
        mci_stream_skip(rows->stream, n);
    }
    return status;
}

static bool is_blank(const mci_delimited *rows)
{
    return rows->n_fields == 1 && rows->bytes.len == 0 && !rows->has_quotes && !rows->is_too_long;
}

mc_status mci_delimited_next(mci_delimited *rows, mc_error *err)
{
    mc_status status;
    rows->row++;
    do
        status = read_row(rows, err);
    while (status == MC_OK && is_blank(rows));
    return status == MC_OK && rows->is_too_long ? too_long(rows, err) : status;
}
