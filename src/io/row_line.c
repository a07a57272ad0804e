#include "io/row_line.h"

#include "base/json_text.h"
#include "io/json_write.h"

enum { LONGEST_ESCAPE = 6 };

static void fail(mci_row_line *row, mc_status status)
{
    if (row->status == MC_OK)
        row->status = status;
}

/* Appends what a call appends, if nothing went wrong before. */
#define PUT(row, call)              \
    do {                            \
        if ((row)->status == MC_OK) \
            fail(row, (call));      \
    } while (0)

static void put(mci_row_line *row, const char *text)
{
    PUT(row, mci_buf_add(row->line, mc_str_of(text), row->err));
}

static size_t escaped_length(mc_str text)
{
    size_t n = text.len;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        n += c < 0x20 ? LONGEST_ESCAPE - 1 : c == '"' || c == '\\';
    }
    return n;
}

static bool has_room(const mci_row_line *row, mc_str text)
{
    if (row->line->len > row->max_bytes)
        return false;
    size_t room = row->max_bytes - row->line->len;
    if (text.len <= room / LONGEST_ESCAPE)
        return true;
    return text.len <= room && escaped_length(text) <= room;
}

static void put_string(mci_row_line *row, mc_str text)
{
    if (has_room(row, text))
        PUT(row, mci_json_add_string(row->line, text, row->err));
    else
        fail(row, MC_SKIPPED);
}

/* Values are no longer than what they were read from, or little. */
static void put_json(mci_row_line *row, mci_json_value value)
{
    PUT(row, mci_json_write(value, row->line, row->err));
}

static void put_comma(mci_row_line *row)
{
    if (row->n_members++ > 0)
        put(row, ",");
}

void mci_row_begin(mci_row_line *row, mci_buf *line, uint64_t max_bytes, mc_error *err)
{
    *row = (mci_row_line){ .line = line, .err = err };
    row->max_bytes = max_bytes < SIZE_MAX / 2 ? (size_t)max_bytes : SIZE_MAX / 2;
    mci_buf_clear(line);
    put(row, "{");
}

static void put_name(mci_row_line *row, mc_str name)
{
    put_comma(row);
    put_string(row, name);
    put(row, ":");
}

void mci_row_extra(mci_row_line *row, mc_str name, mc_str text)
{
    put_name(row, name);
    put_string(row, text);
}

void mci_row_extra_json(mci_row_line *row, mc_str name, mci_json_value value)
{
    put_name(row, name);
    put_json(row, value);
}

void mci_row_names(mci_row_line *row, mc_str uuid, mc_str url)
{
    if (uuid.len > 0)
        mci_row_extra(row, mc_str_of("uuid"), uuid);
    if (url.len > 0)
        mci_row_extra(row, mc_str_of("url"), url);
    put_name(row, mc_str_of("texts"));
    put(row, "[");
    row->n_members = 0;
}

void mci_row_text(mci_row_line *row, mc_str key, mc_str text, mc_str lang)
{
    put_comma(row);
    put(row, "[");
    put_string(row, key);
    put(row, ",");
    if (text.len > 0)
        put_string(row, text);
    else
        put(row, "null");
    if (lang.len > 0) {
        put(row, ",null,");
        put_string(row, lang);
    }
    put(row, "]");
}

void mci_row_text_json(mci_row_line *row, mci_json_value text)
{
    put_comma(row);
    put_json(row, text);
}

mc_status mci_row_end(mci_row_line *row)
{
    put(row, "]}");
    if (row->status == MC_OK && row->line->len > row->max_bytes)
        row->status = MC_SKIPPED;
    if (row->status == MC_SKIPPED)
        mc_fail(row->err, MC_SKIPPED, "its line of pairs would have more than %zu bytes",
                row->max_bytes);
    if (row->status != MC_OK)
        mci_buf_clear(row->line);
    return row->status;
}
