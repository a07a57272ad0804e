#include "search/search_names.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "io/json.h"

enum { STEP = 64 };

/* Behind the line that begins at `at`: behind its LF, or at the end. */
static size_t behind_line(mc_str text, size_t at)
{
    const char *end = memchr(text.data + at, '\n', text.len - at);
    return end ? (size_t)(end - text.data) + 1 : text.len;
}

static mc_str text_of(const mci_names *names)
{
    return (mc_str){ names->map.data, names->map.n_bytes };
}

/* The line at `at` without its LF. */
static mc_str line_at(mc_str text, size_t at)
{
    size_t end = behind_line(text, at);
    if (end > at && text.data[end - 1] == '\n')
        end--;
    return (mc_str){ text.data + at, end - at };
}

static mc_status mark(mci_names *names, size_t *cap, size_t at, mc_error *err)
{
    if (names->n % STEP == 0) {
        size_t i = (size_t)(names->n / STEP);
        MC_TRY(mci_grow((void **)&names->marks, cap, i + 1, sizeof *names->marks, err));
        names->marks[i] = at;
    }
    names->n++;
    return MC_OK;
}

/* ---- lists of inputs ---- */

/* Takes a text off the front of rest. */
static bool take(mc_str *rest, const char *text)
{
    size_t n = strlen(text);
    if (rest->len < n || memcmp(rest->data, text, n) != 0)
        return false;
    *rest = (mc_str){ rest->data + n, rest->len - n };
    return true;
}

static bool take_number(mc_str *rest, uint64_t *out)
{
    size_t i = 0;
    uint64_t value = 0;
    for (; i < rest->len && i < 19 && rest->data[i] >= '0' && rest->data[i] <= '9'; i++)
        value = value * 10 + (uint64_t)(rest->data[i] - '0');
    *rest = (mc_str){ rest->data + i, rest->len - i };
    *out = value;
    return i > 0;
}

/* Up to the closing quote. *has_escape: what lies before it is not the text itself. */
static bool take_string(mc_str *rest, mc_str *inside, bool *has_escape)
{
    size_t i = 0;
    *has_escape = false;
    while (i < rest->len && rest->data[i] != '"') {
        bool is_escape = rest->data[i] == '\\';
        *has_escape |= is_escape;
        i += is_escape ? 2 : 1;
    }
    if (i >= rest->len)
        return false;
    *inside = (mc_str){ rest->data, i };
    *rest = (mc_str){ rest->data + i + 1, rest->len - i - 1 };
    return true;
}

typedef struct {
    bool has_row, has_escape;
    uint64_t row;
    mc_str inside; /* the quotes of the input */
} list_line;

static bool read_line(mc_str line, list_line *out)
{
    *out = (list_line){ 0 };
    if (!take(&line, "{\"row\":"))
        return false;
    out->has_row = !take(&line, "null");
    if (out->has_row && !take_number(&line, &out->row))
        return false;
    return take(&line, ",\"input\":\"") && take_string(&line, &out->inside, &out->has_escape) &&
           line.len > 0 && line.data[line.len - 1] == '}';
}

static mc_status decode(mci_names *names, mci_json **json, mc_str line, mc_error *err)
{
    mci_json_value root, input;
    mc_str name;
    if (!*json)
        MC_TRY(mci_json_new(json, err));
    mc_status status = mci_json_parse(*json, line, &root, NULL, err);
    if (status != MC_OK)
        return status < 0 ? status : mc_fail(err, MC_E_FORMAT, "is no JSON");
    if (!mci_json_get(root, "input", &input) || mci_json_type_of(input) != MCI_JSON_STRING)
        return mc_fail(err, MC_E_FORMAT, "has no input");
    MC_TRY(mci_arena_copy(&names->texts, mci_json_string(input), &name, err));
    MC_TRY(mci_grow((void **)&names->decoded, &names->cap_decoded, names->n_decoded + 1,
                    sizeof *names->decoded, err));
    names->decoded[names->n_decoded++] = (mci_decoded_name){ names->n, name };
    return MC_OK;
}

static mc_status mark_rows(mci_names *names, mci_json **json, mc_error *err)
{
    mc_str text = text_of(names);
    size_t cap = 0;
    uint64_t n_lines = 0;
    for (size_t at = 0; at < text.len; at = behind_line(text, at)) {
        list_line line;
        n_lines++;
        if (!read_line(line_at(text, at), &line) || (line.has_row && line.row != names->n))
            return mc_fail(err, MC_E_FORMAT,
                           "line %" PRIu64 " is not what embed writes of row %" PRIu64, n_lines,
                           names->n);
        if (!line.has_row)
            continue;
        mc_status status = line.has_escape ? decode(names, json, line_at(text, at), err) : MC_OK;
        if (status < 0)
            return mc_add_context(err, status, "line %" PRIu64, n_lines);
        MC_TRY(mark(names, &cap, at, err));
    }
    return MC_OK;
}

mc_status mci_names_mark_list(mci_names *names, mc_error *err)
{
    mci_json *json = NULL;
    names->is_list = true;
    mc_status status = mark_rows(names, &json, err);
    mci_json_free(json);
    return status;
}

static mc_str decoded_at(const mci_names *names, uint64_t row)
{
    size_t low = 0, high = names->n_decoded;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (names->decoded[middle].row < row)
            low = middle + 1;
        else
            high = middle;
    }
    return names->decoded[low].name; /* it is there: its line has an escape */
}

static mc_str input_at(const mci_names *names, uint64_t row)
{
    mc_str text = text_of(names);
    size_t at = names->marks[row / STEP];
    list_line line;
    while (read_line(line_at(text, at), &line), !line.has_row || line.row < row)
        at = behind_line(text, at);
    return line.has_escape ? decoded_at(names, row) : line.inside;
}

/* ---- lines ---- */

static mc_status mark_lines(mci_names *names, mc_error *err)
{
    mc_str text = text_of(names);
    size_t cap = 0;
    for (size_t at = 0; at < text.len; at = behind_line(text, at))
        MC_TRY(mark(names, &cap, at, err));
    return MC_OK;
}

static mc_str named_line_at(const mci_names *names, uint64_t i)
{
    mc_str text = text_of(names);
    size_t at = names->marks[i / STEP];
    for (uint64_t line = i / STEP * STEP; line < i; line++)
        at = behind_line(text, at);
    return line_at(text, at);
}

/* ---- both ---- */

static mc_status check_n(const mci_names *names, uint64_t n, mc_error *err)
{
    if (names->n == n)
        return MC_OK;
    if (names->is_list)
        return mc_fail(err, MC_E_MISMATCH,
                       "it has %" PRIu64 " rows, the features beside it %" PRIu64
                       "; embed again, or remove the list",
                       names->n, n);
    return mc_fail(err, MC_E_MISMATCH,
                   "%" PRIu64 " lines for %" PRIu64 " rows of features; there must be one a row",
                   names->n, n);
}

static mc_status names_open(const char *path, uint64_t n, bool is_list, mci_names *out,
                            mc_error *err)
{
    mci_names names = { 0 };
    MC_TRY(mci_map_file(path, &names.map, err));
    mc_status status = is_list ? mci_names_mark_list(&names, err) : mark_lines(&names, err);
    if (status >= 0)
        status = check_n(&names, n, err);
    if (status < 0) {
        mci_names_close(&names);
        return mc_add_context(err, status, "%s", path);
    }
    *out = names;
    return MC_OK;
}

mc_status mci_names_open(const char *path, uint64_t n, mci_names *out, mc_error *err)
{
    return names_open(path, n, false, out, err);
}

mc_status mci_names_open_list(const char *path, uint64_t n, mci_names *out, mc_error *err)
{
    return names_open(path, n, true, out, err);
}

void mci_names_close(mci_names *names)
{
    mci_free(names->marks);
    mci_free(names->decoded);
    mci_arena_release(&names->texts);
    mci_unmap_file(&names->map);
    *names = (mci_names){ 0 };
}

mc_str mci_names_at(const mci_names *names, uint64_t i)
{
    if (i >= names->n)
        return (mc_str){ 0 };
    return names->is_list ? input_at(names, i) : named_line_at(names, i);
}
