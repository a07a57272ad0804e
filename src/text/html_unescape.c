#include "text/html_unescape.h"

#include "base/html_refs.h"
#include "base/utf8.h"

/* Numbers for which nothing is written. (U+0080..U+009F have characters of windows-1252.) */
static bool is_dropped(uint64_t n)
{
    return (n >= 0x1 && n <= 0x8) || n == 0xB || (n >= 0xE && n <= 0x1F) || n == 0x7F ||
           (n >= 0xFDD0 && n <= 0xFDEF) || (n <= 0x10FFFF && (n & 0xFFFE) == 0xFFFE);
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
        if (number <= 0x10FFFF) /* beyond, it is all the same */
            number = number * base + (uint64_t)mci_html_digit(text.data[i], base);
    }
    if (i == start)
        return MC_OK;
    *len = i + (i < text.len && text.data[i] == ';');
    return is_dropped(number) ? MC_OK : add_char(out, mci_html_char_of_number(number), err);
}

/* text begins behind an &. *len: what has been read of it; 0: no reference stands there. */
static mc_status add_reference(mc_str text, mci_buf *out, size_t *len, mc_error *err)
{
    *len = 0;
    if (text.len > 0 && text.data[0] == '#') {
        mc_status status = add_number((mc_str){ text.data + 1, text.len - 1 }, out, len, err);
        *len += *len > 0;
        return status;
    }
    const mci_html_entity *found = mci_html_entity_find(text, len);
    if (!found) {
        *len = 0;
        return MC_OK;
    }
    MC_TRY(add_char(out, found->first, err));
    return found->second ? add_char(out, found->second, err) : MC_OK;
}

mc_status mci_html_unescape(mc_str text, mci_buf *out, mc_error *err)
{
    while (text.len > 0) {
        const char *mark = memchr(text.data, '&', text.len);
        size_t plain = mark ? (size_t)(mark - text.data) : text.len, len = 0;
        MC_TRY(mci_buf_append(out, text.data, plain, err));
        if (!mark)
            break;
        text = (mc_str){ mark + 1, text.len - plain - 1 };
        MC_TRY(add_reference(text, out, &len, err));
        if (len == 0)
            MC_TRY(mci_buf_byte(out, '&', err));
        text = (mc_str){ text.data + len, text.len - len };
    }
    return MC_OK;
}
