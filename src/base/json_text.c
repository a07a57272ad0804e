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

/* One to seven bytes as a word; some of them stand in it twice, in no order. */
static uint64_t load_short(const char *data, size_t n)
{
    if (n < 4)
        return UINT64_C(0x2020202020000000) | (uint64_t)(unsigned char)data[0] << 16 |
               (uint64_t)(unsigned char)data[n / 2] << 8 | (unsigned char)data[n - 1];
    uint32_t first, last;
    memcpy(&first, data, 4);
    memcpy(&last, data + n - 4, 4);
    return (uint64_t)first << 32 | last;
}

/* Whether no byte is escaped; eight at a time, the last ones with some of those before them. */
static bool is_plain(const char *data, size_t len)
{
    uint64_t word;
    if (len < 8)
        return len == 0 || !needs_escape_in(load_short(data, len));
    for (size_t i = 0; i + 8 < len; i += 8) {
        memcpy(&word, data + i, 8);
        if (needs_escape_in(word))
            return false;
    }
    memcpy(&word, data + len - 8, 8);
    return !needs_escape_in(word);
}

/* How many bytes at the start stand for themselves. */
static size_t plain_run(const char *data, size_t len)
{
    size_t i = 0;
    while (i + 8 <= len && is_plain(data + i, 8))
        i += 8;
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

static mc_status add_escaped(mci_buf *out, mc_str text, mc_error *err)
{
    for (size_t at = 0; at < text.len;) {
        size_t n = plain_run(text.data + at, text.len - at);
        MC_TRY(mci_buf_append(out, text.data + at, n, err));
        at += n;
        if (at < text.len)
            MC_TRY(add_escape(out, (unsigned char)text.data[at++], err));
    }
    return MC_OK;
}

mc_status mci_json_add_string(mci_buf *out, mc_str text, mc_error *err)
{
    MC_TRY(mci_buf_reserve(out, text.len + 2, err));
    out->data[out->len++] = '"';
    if (is_plain(text.data, text.len))
        MC_TRY(mci_buf_add(out, text, err));
    else
        MC_TRY(add_escaped(out, text, err));
    return mci_buf_byte(out, '"', err);
}

static char *put_pair(char *end, unsigned below_100)
{
    *--end = (char)('0' + below_100 % 10);
    *--end = (char)('0' + below_100 / 10);
    return end;
}

mc_status mci_json_add_u64(mci_buf *out, uint64_t value, mc_error *err)
{
    char digits[20], *at = digits + sizeof digits;
    for (; value > UINT32_MAX; value /= 100)
        at = put_pair(at, (unsigned)(value % 100));
    uint32_t rest = (uint32_t)value;
    for (; rest >= 100; rest /= 100)
        at = put_pair(at, rest % 100);
    if (rest >= 10)
        at = put_pair(at, rest);
    else
        *--at = (char)('0' + rest);
    return mci_buf_append(out, at, (size_t)(digits + sizeof digits - at), err);
}
