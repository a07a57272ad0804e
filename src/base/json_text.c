#include "base/json_text.h"

/* 0: stands for itself; 'u': \u00xx; else the letter behind the backslash. */
static char escape_of(unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        return (char)c;
    case '\b':
        return 'b';
    case '\t':
        return 't';
    case '\n':
        return 'n';
    case '\f':
        return 'f';
    case '\r':
        return 'r';
    }
    return c < 0x20 ? 'u' : 0;
}

/* The high bit of every byte of word that is zero, and perhaps of bytes above one. */
static uint64_t zero_bytes(uint64_t word)
{
    return (word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080);
}

static bool needs_escape_in(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t controls = zero_bytes(word & (ones * 0xE0)); /* below 0x20 */
    return (controls | zero_bytes(word ^ (ones * '"')) | zero_bytes(word ^ (ones * '\\'))) != 0;
}

/* How many bytes at the start stand for themselves, eight at a time. */
static size_t plain_run(const char *data, size_t len)
{
    size_t i = 0;
    for (; i + 8 <= len; i += 8) {
        uint64_t word;
        memcpy(&word, data + i, 8);
        if (needs_escape_in(word))
            break;
    }
    while (i < len && !escape_of((unsigned char)data[i]))
        i++;
    return i;
}

static mc_status add_escape(mci_buf *out, unsigned char c, mc_error *err)
{
    static const char hex[] = "0123456789abcdef";
    char escape[6] = { '\\', escape_of(c), '0', '0', hex[c >> 4], hex[c & 15] };
    return mci_buf_append(out, escape, escape[1] == 'u' ? 6 : 2, err);
}

mc_status mci_json_add_string(mci_buf *out, mc_str text, mc_error *err)
{
    MC_TRY(mci_buf_reserve(out, text.len + 2, err));
    MC_TRY(mci_buf_byte(out, '"', err));
    for (size_t at = 0; at < text.len;) {
        size_t n = plain_run(text.data + at, text.len - at);
        MC_TRY(mci_buf_append(out, text.data + at, n, err));
        at += n;
        if (at < text.len)
            MC_TRY(add_escape(out, (unsigned char)text.data[at++], err));
    }
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
