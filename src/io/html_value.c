#include "io/html_value.h"

#include "base/html_refs.h"
#include "base/utf8.h"

/* ---- references ---- */

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static mc_status add_char(mci_buf *out, uint32_t c, mc_error *err)
{
    MC_TRY(mci_buf_reserve(out, 4, err));
    out->len += mci_utf8_encode(c, out->data + out->len);
    return MC_OK;
}

/* text begins behind "&#". *len is 0 if no number stands there. */
static mc_status add_number(mc_str text, mci_buf *out, size_t *len, mc_error *err)
{
    size_t i = text.len > 0 && (text.data[0] == 'x' || text.data[0] == 'X');
    unsigned base = i ? 16 : 10;
    size_t start = i;
    uint64_t number = 0;
    *len = 0;
    for (; i < text.len && mci_html_digit(text.data[i], base) >= 0; i++) {
        number = number * base + (uint64_t)mci_html_digit(text.data[i], base);
        if (number > INT32_MAX)
            return MC_END; /* U+FFFD by the standard; Gumbo's number runs over */
    }
    if (i == start)
        return MC_OK;
    *len = i + (i < text.len && text.data[i] == ';');
    return add_char(out, mci_html_char_of_number(number), err);
}

/* text begins with an & and goes to the end of the value; *len: what has been read of it. */
static mc_status add_reference(mc_str text, mci_buf *out, size_t *len, mc_error *err)
{
    mc_str name = { text.data + 1, text.len - 1 };
    size_t n = 0;
    if (name.len > 0 && name.data[0] == '#') {
        mc_str number = { name.data + 1, name.len - 1 };
        mc_status status = add_number(number, out, &n, err);
        *len = n ? 2 + n : 1;
        return status != MC_OK || n ? status : mci_buf_byte(out, '&', err);
    }
    const mci_html_entity *found = mci_html_entity_find(name, &n);
    bool is_bare = found && name.data[n - 1] != ';';
    /* In an attribute, &copy=1 and &copyright are no references: urls are full of them. */
    if (!found || (is_bare && n < name.len && (name.data[n] == '=' || is_alnum(name.data[n])))) {
        *len = 1;
        return mci_buf_byte(out, '&', err);
    }
    *len = 1 + n;
    MC_TRY(add_char(out, found->first, err));
    return found->second ? add_char(out, found->second, err) : MC_OK;
}

/* ---- characters ---- */

/* NUL, other controls and the characters that are none. */
static bool is_wrong(uint32_t c)
{
    if (c < 0x20)
        return c != '\t' && c != '\n' && c != '\f' && c != '\r';
    return (c >= 0x7F && c <= 0x9F) || (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
}

/* Bytes that may be or begin something that is not taken as it stands. */
static bool is_special(unsigned char c)
{
    return c == '&' || c == '\r' || c == 0x7F || c == 0xC2 || c == 0xEF || c >= 0xF0 ||
           (c < 0x20 && is_wrong(c));
}

static size_t plain_run(mc_str text)
{
    size_t n = 0;
    while (n < text.len && !is_special((unsigned char)text.data[n]))
        n++;
    return n;
}

/* Adds the special character that text begins with; *len: its bytes. */
static mc_status add_special(mc_str text, mci_buf *out, size_t *len, mc_error *err)
{
    if (*text.data == '&')
        return add_reference(text, out, len, err);
    *len = 1;
    if (*text.data == '\r') {
        *len += text.len > 1 && text.data[1] == '\n';
        return mci_buf_byte(out, '\n', err);
    }
    bool is_valid;
    const char *at = text.data;
    uint32_t c = mci_utf8_next(&at, text.data + text.len, &is_valid);
    *len = (size_t)(at - text.data);
    return add_char(out, is_wrong(c) ? MCI_REPLACEMENT : c, err);
}

mc_status mci_html_value(mc_str raw, mci_buf *scratch, mc_str *value, mc_error *err)
{
    size_t n = plain_run(raw);
    *value = raw;
    if (n == raw.len)
        return MC_OK;
    mci_buf_clear(scratch);
    while (raw.len > 0) {
        MC_TRY(mci_buf_append(scratch, raw.data, n, err));
        raw = (mc_str){ raw.data + n, raw.len - n };
        if (raw.len == 0)
            break;
        size_t len;
        mc_status status = add_special(raw, scratch, &len, err);
        if (status != MC_OK)
            return status;
        raw = (mc_str){ raw.data + len, raw.len - len };
        n = plain_run(raw);
    }
    *value = mci_buf_str(scratch);
    return MC_OK;
}
