#include "base/json_text.h"

#include "base/alloc.h"

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

/* Eight at a time, the last ones with some of those before them. */
static inline bool is_plain(const char *data, size_t len)
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

bool mci_json_is_plain(mc_str text)
{
    return is_plain(text.data, text.len);
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

enum { U64_DIGITS = 20, U32_DIGITS = 10 };

/* Puts the digits before end, gives where they begin. */
static char *put_u32(char *end, uint32_t value)
{
    do
        *--end = (char)('0' + value % 10);
    while (value /= 10);
    return end;
}

mc_status mci_json_add_u64(mci_buf *out, uint64_t value, mc_error *err)
{
    char digits[U64_DIGITS], *end = digits + sizeof digits, *at = end;
    for (; value > UINT32_MAX; value /= 10)
        *--at = (char)('0' + value % 10);
    at = put_u32(at, (uint32_t)value);
    return mci_buf_append(out, at, (size_t)(end - at), err);
}

static unsigned n_digits(uint32_t value)
{
    unsigned n = 1;
    for (uint64_t power = 10; value >= power; power *= 10)
        n++;
    return n;
}

mc_status mci_json_add_u32s(mci_buf *out, const uint32_t *values, size_t n, mc_error *err)
{
    if (n > SIZE_MAX / (U32_DIGITS + 1))
        return mci_nomem(err, SIZE_MAX);
    MC_TRY(mci_buf_reserve(out, n * (U32_DIGITS + 1), err));
    char *at = out->data + out->len;
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            *at++ = ',';
        at += n_digits(values[i]);
        put_u32(at, values[i]);
    }
    out->len = (size_t)(at - out->data);
    return MC_OK;
}
