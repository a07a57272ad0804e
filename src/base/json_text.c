#include "base/json_text.h"

static const char *short_escape(unsigned char c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\b':
        return "\\b";
    case '\t':
        return "\\t";
    case '\n':
        return "\\n";
    case '\f':
        return "\\f";
    case '\r':
        return "\\r";
    }
    return NULL;
}

mc_status mci_json_add_string(mci_buf *out, mc_str text, mc_error *err)
{
    MC_TRY(mci_buf_reserve(out, text.len + 2, err));
    MC_TRY(mci_buf_byte(out, '"', err));
    size_t good = 0; /* the start of what is plain and not yet copied */
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        MC_TRY(mci_buf_append(out, text.data + good, i - good, err));
        good = i + 1;
        const char *escape = short_escape(c);
        if (escape)
            MC_TRY(mci_buf_append(out, escape, 2, err));
        else
            MC_TRY(mci_buf_printf(out, err, "\\u%04x", c));
    }
    MC_TRY(mci_buf_append(out, text.data + good, text.len - good, err));
    return mci_buf_byte(out, '"', err);
}

mc_status mci_json_add_u64(mci_buf *out, uint64_t value, mc_error *err)
{
    char digits[20];
    size_t n = 0;
    do
        digits[sizeof digits - ++n] = (char)('0' + value % 10);
    while (value /= 10);
    return mci_buf_append(out, digits + sizeof digits - n, n, err);
}
