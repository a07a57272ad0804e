#include "io/items.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/buf.h"

enum { LOOK_AHEAD = 64 * 1024 };

typedef enum {
    AT_START,
    IN_LINES,
    BEFORE_FIRST, /* behind the `[` */
    AFTER_ELEMENT,
    AFTER_ARRAY,
    AT_END
} items_place;

struct mci_items {
    mci_stream *stream;
    size_t max_bytes;
    items_place place;
    size_t n_given; /* bytes of the window that the last item took */
    mci_buf tail;   /* a last line without LF */
};

mc_status mci_items_open(mci_stream *stream, uint64_t max_item_bytes, mci_items **out,
                         mc_error *err)
{
    mci_items *items = mci_alloc_zeroed(1, sizeof *items);
    if (!items)
        return mci_nomem(err, sizeof *items);
    items->stream = stream;
    items->max_bytes = max_item_bytes < SIZE_MAX / 4 ? (size_t)max_item_bytes : SIZE_MAX / 4;
    *out = items;
    return MC_OK;
}

void mci_items_close(mci_items *items)
{
    if (!items)
        return;
    mci_buf_release(&items->tail);
    mci_free(items);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t space_run(mc_str text)
{
    size_t n = 0;
    while (n < text.len && is_space(text.data[n]))
        n++;
    return n;
}

/* How much to ask for when `len` bytes hold no end: twice as much, so that the stream moves its
 * bytes rarely, and no more than it takes to know that an item is too long. */
static size_t more_than(size_t len, size_t most)
{
    size_t want = len < LOOK_AHEAD / 2 ? LOOK_AHEAD : 2 * len;
    return want < most ? want : most;
}

static mc_status too_long(const mci_items *items, const char *what, uint64_t offset, mc_error *err)
{
    return mc_fail(err, MC_SKIPPED, "offset %" PRIu64 ": %s of more than %zu bytes", offset, what,
                   items->max_bytes);
}

static void pass_over_given(mci_items *items)
{
    if (items->n_given)
        mci_stream_skip(items->stream, items->n_given);
    items->n_given = 0;
}

/* Passes over white space; *next is the byte behind it. */
static mc_status pass_over_space(mci_items *items, char *next, mc_error *err)
{
    for (;;) {
        mc_str window;
        mc_status status = mci_stream_peek(items->stream, 1, &window, err);
        if (status != MC_OK)
            return status;
        size_t n = space_run(window);
        mci_stream_skip(items->stream, n);
        if (n < window.len) {
            *next = window.data[n];
            return MC_OK;
        }
    }
}

/* ---- lines ---- */

/* Passes over *window and shows what comes behind it. */
static mc_status next_window(mci_items *items, mc_str *window, mc_error *err)
{
    mci_stream_skip(items->stream, window->len);
    return mci_stream_peek(items->stream, 1, window, err);
}

/* A line that the stream's end or a gap ends: it must be copied to learn which, and one that a gap
 * ends is not whole. */
static mc_status last_line(mci_items *items, mc_str window, mc_str *line, mc_error *err)
{
    uint64_t offset = mci_stream_offset(items->stream);
    mci_buf_clear(&items->tail);
    MC_TRY(mci_buf_add(&items->tail, window, err));
    mc_status status = next_window(items, &window, err);
    if (status == MC_SKIPPED)
        return mc_add_context(err, status, "offset %" PRIu64 ": a line is cut", offset);
    *line = mci_buf_str(&items->tail);
    return status < 0 ? status : MC_OK;
}

static mc_status pass_over_line(mci_items *items, mc_str window, mc_error *err)
{
    uint64_t offset = mci_stream_offset(items->stream);
    const char *end = NULL;
    while (!end) {
        mc_status status = next_window(items, &window, err);
        if (status < 0)
            return status;
        if (status == MC_SKIPPED)
            return mc_add_context(err, status, "offset %" PRIu64 ": a line of more than %zu bytes",
                                  offset, items->max_bytes);
        if (status == MC_END)
            break;
        end = memchr(window.data, '\n', window.len);
    }
    if (end)
        mci_stream_skip(items->stream, (size_t)(end - window.data) + 1);
    return too_long(items, "a line", offset, err);
}

/* One line, blank or not, without its LF. */
static mc_status read_line(mci_items *items, mc_str *line, mc_error *err)
{
    size_t want = 1, n_seen = 0, most = items->max_bytes + 2; /* CR LF */
    for (;;) {
        mc_str window;
        mc_status status = mci_stream_peek(items->stream, want, &window, err);
        if (status != MC_OK)
            return status;
        const char *end = memchr(window.data + n_seen, '\n', window.len - n_seen);
        if (end) {
            *line = (mc_str){ window.data, (size_t)(end - window.data) };
            items->n_given = line->len + 1;
            return MC_OK;
        }
        if (window.len >= most)
            return pass_over_line(items, window, err);
        if (window.len < want)
            return last_line(items, window, line, err);
        n_seen = window.len;
        want = more_than(window.len, most);
    }
}

static mc_status next_line(mci_items *items, mc_str *item, uint64_t *offset, mc_error *err)
{
    for (;;) {
        pass_over_given(items);
        *offset = mci_stream_offset(items->stream);
        mc_str line;
        mc_status status = read_line(items, &line, err);
        if (status != MC_OK)
            return status;
        if (line.len > 0 && line.data[line.len - 1] == '\r')
            line.len--;
        if (line.len > items->max_bytes)
            return too_long(items, "a line", *offset, err);
        if (space_run(line) == line.len)
            continue;
        *item = line;
        return MC_OK;
    }
}

/* ---- elements of an array ---- */

static mc_status broken(mci_items *items, const char *what, mc_error *err)
{
    items->place = AT_END;
    return mc_fail(err, MC_SKIPPED, "offset %" PRIu64 ": %s", mci_stream_offset(items->stream),
                   what);
}

/* The stream's answer where the array should go on. */
static mc_status cut(mci_items *items, mc_status status, mc_error *err)
{
    if (status == MC_SKIPPED) {
        items->place = AT_END;
        return mc_add_context(err, status, "the array is cut");
    }
    return status == MC_END ? broken(items, "the array is cut", err) : status;
}

/* How far into an element we are. Kinds of brackets are not told apart: the element's own parser
 * will. */
typedef struct {
    size_t depth;
    bool is_started, is_word, in_string, is_escaped;
} element_state;

static size_t string_run(const char *data, size_t from, size_t len)
{
    while (from < len && data[from] != '"' && data[from] != '\\')
        from++;
    return from;
}

/* Moves *at over the string's bytes; state->in_string is false behind its end. */
static void scan_string(element_state *state, mc_str window, size_t *at)
{
    if (state->is_escaped) {
        state->is_escaped = false;
        ++*at;
        return;
    }
    *at = string_run(window.data, *at, window.len);
    if (*at == window.len)
        return;
    state->is_escaped = window.data[*at] == '\\';
    state->in_string = state->is_escaped;
    ++*at;
}

static void scan_bracket(element_state *state, char c)
{
    if (c == '"')
        state->in_string = true;
    else if (c == '{' || c == '[')
        state->depth++;
    else if (c == '}' || c == ']')
        state->depth--;
}

/* Goes on at *at; true when the element ends there, false at the end of the window. */
static bool scan_element(element_state *state, mc_str window, size_t *at)
{
    if (!state->is_started) {
        char first = window.data[*at];
        state->is_started = true;
        state->is_word = first != '"' && first != '{' && first != '[';
        if (!state->is_word)
            scan_bracket(state, window.data[(*at)++]);
    }
    while (state->is_word) {
        if (*at == window.len)
            return false;
        char c = window.data[*at];
        if (is_space(c) || c == ',' || c == ']')
            return true;
        ++*at;
    }
    while (state->in_string || state->depth > 0) {
        if (*at == window.len)
            return false;
        if (state->in_string)
            scan_string(state, window, at);
        else
            scan_bracket(state, window.data[(*at)++]);
    }
    return true;
}

static mc_status pass_over_element(mci_items *items, element_state *state, mc_str window,
                                   mc_error *err)
{
    uint64_t offset = mci_stream_offset(items->stream);
    size_t at;
    do {
        mc_status status = next_window(items, &window, err);
        if (status != MC_OK)
            return cut(items, status, err);
        at = 0;
    } while (!scan_element(state, window, &at));
    mci_stream_skip(items->stream, at);
    items->place = AFTER_ELEMENT;
    return too_long(items, "an element", offset, err);
}

/* The element that starts at the window's first byte. */
static mc_status read_element(mci_items *items, mc_str *item, mc_error *err)
{
    size_t want = 1, at = 0, most = items->max_bytes + 1; /* to see the end of a word */
    element_state state = { 0 };
    for (;;) {
        mc_str window;
        mc_status status = mci_stream_peek(items->stream, want, &window, err);
        if (status != MC_OK)
            return cut(items, status, err);
        if (scan_element(&state, window, &at)) {
            items->place = AFTER_ELEMENT;
            items->n_given = at;
            *item = (mc_str){ window.data, at };
            return MC_OK;
        }
        if (window.len >= most)
            return pass_over_element(items, &state, window, err);
        if (window.len < want)
            return cut(items, next_window(items, &window, err), err);
        want = more_than(window.len, most);
    }
}

static mc_status next_element(mci_items *items, mc_str *item, uint64_t *offset, mc_error *err)
{
    char next;
    mc_status status = pass_over_space(items, &next, err);
    if (status == MC_OK && next == ']') {
        mci_stream_skip(items->stream, 1);
        items->place = AFTER_ARRAY;
        return MC_OK;
    }
    if (status == MC_OK && items->place == AFTER_ELEMENT) {
        if (next != ',')
            return broken(items, "the array is broken: want , or ]", err);
        mci_stream_skip(items->stream, 1);
        status = pass_over_space(items, &next, err);
    }
    if (status != MC_OK)
        return cut(items, status, err);
    if (next == ',' || next == ']')
        return broken(items, "the array is broken: an element is missing", err);
    *offset = mci_stream_offset(items->stream);
    status = read_element(items, item, err);
    if (status == MC_OK && item->len > items->max_bytes)
        return too_long(items, "an element", *offset, err);
    return status;
}

static mc_status after_array(mci_items *items, mc_error *err)
{
    char next;
    mc_status status = pass_over_space(items, &next, err);
    if (status == MC_OK)
        return broken(items, "something follows the array", err);
    if (status >= 0)
        items->place = AT_END;
    return status;
}

/* ---- the start ---- */

static mc_status pass_over_byte_order_mark(mci_items *items, mc_error *err)
{
    mc_str window;
    mc_status status = mci_stream_peek(items->stream, 3, &window, err);
    if (status == MC_OK && window.len >= 3 && memcmp(window.data, "\xEF\xBB\xBF", 3) == 0)
        mci_stream_skip(items->stream, 3);
    return status;
}

/* Tells an array from lines. */
static mc_status find_start(mci_items *items, mc_error *err)
{
    char first;
    mc_status status = MC_OK;
    if (mci_stream_offset(items->stream) == 0)
        status = pass_over_byte_order_mark(items, err);
    if (status == MC_OK)
        status = pass_over_space(items, &first, err);
    if (status != MC_OK)
        return status;
    items->place = first == '[' ? BEFORE_FIRST : IN_LINES;
    if (first == '[')
        mci_stream_skip(items->stream, 1);
    return MC_OK;
}

mc_status mci_items_next(mci_items *items, mc_str *item, uint64_t *offset, mc_error *err)
{
    pass_over_given(items);
    *offset = mci_stream_offset(items->stream);
    mc_status status;
    if (items->place == AT_START) {
        status = find_start(items, err);
        if (status != MC_OK)
            return status;
    }
    if (items->place == IN_LINES)
        return next_line(items, item, offset, err);
    if (items->place == BEFORE_FIRST || items->place == AFTER_ELEMENT) {
        status = next_element(items, item, offset, err);
        if (status != MC_OK || items->place == AFTER_ELEMENT)
            return status;
    }
    return items->place == AFTER_ARRAY ? after_array(items, err) : MC_END;
}
