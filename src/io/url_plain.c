#include "io/url_plain.h"

#include <stdint.h>

static const uint64_t ones = UINT64_C(0x0101010101010101);

/* The high bit of every byte of word that is zero, and perhaps of bytes above one. */
static uint64_t zero_bytes(uint64_t word)
{
    return (word - ones) & ~word & (ones * 0x80);
}

/* Marks with a meaning: those that are always odd, and those that may be. */
static bool has_odd_in(uint64_t word)
{
    return (zero_bytes(word & (ones * 0xE0)) | zero_bytes(word ^ (ones * ';'))) != 0;
}

static bool has_mark_in(uint64_t word)
{
    return (zero_bytes(word ^ (ones * '?')) | zero_bytes(word ^ (ones * '#'))) != 0;
}

static uint64_t load(const char *at, size_t n)
{
    uint64_t word = ones * 'x';
    memcpy(&word, at, n);
    return word;
}

/* Controls, which get lost, and semicolons, which begin parameters. */
static bool is_odd(mc_str url, bool *has_marks)
{
    bool odd = false, marks = false;
    for (size_t i = 0; i < url.len; i += 8) {
        size_t left = url.len - i;
        uint64_t word = left < 8 ? load(url.data + i, left) : load(url.data + i, 8);
        odd |= has_odd_in(word);
        marks |= has_mark_in(word);
    }
    *has_marks = marks;
    return odd;
}

static size_t find(mc_str text, char c)
{
    const char *at = text.len ? memchr(text.data, c, text.len) : NULL;
    return at ? (size_t)(at - text.data) : text.len;
}

/* An empty query or fragment loses its mark. */
static bool keeps_marks(mc_str url)
{
    size_t fragment = find(url, '#');
    if (fragment + 1 == url.len)
        return false;
    url.len = fragment;
    return find(url, '?') + 1 != url.len;
}

static size_t after_scheme(mc_str url)
{
    if (url.len > 7 && memcmp(url.data, "http://", 7) == 0)
        return 7;
    return url.len > 8 && memcmp(url.data, "https://", 8) == 0 ? 8 : 0;
}

/* Whether the host that begins at `from` is there and needs no look: ASCII without brackets. */
static bool has_plain_host(mc_str url, size_t from)
{
    size_t i = from;
    for (; i < url.len; i++) {
        char c = url.data[i];
        if (c == '/' || c == '?' || c == '#')
            break;
        if ((unsigned char)c >= 0x80 || c == '[' || c == ']')
            return false;
    }
    return i > from;
}

/* Dots to resolve and empty segments, which vanish or not; seen wherever they are. */
static bool has_odd_segments(mc_str url)
{
    const char *end = url.data + url.len;
    for (const char *at = url.data; (at = memchr(at, '/', (size_t)(end - at)));)
        if (++at < end && (*at == '.' || *at == '/'))
            return true;
        else if (at == end)
            break;
    return false;
}

mci_url_kind mci_url_kind_of(mc_str url)
{
    bool has_marks;
    if (url.len == 0 || is_odd(url, &has_marks) || (has_marks && !keeps_marks(url)))
        return MCI_URL_ODD;
    size_t host = after_scheme(url);
    if (host > 0)
        return has_plain_host(url, host) ? MCI_URL_WHOLE : MCI_URL_ODD;
    if (has_odd_segments(url))
        return MCI_URL_ODD;
    switch (url.data[0]) {
    case '/':
        return MCI_URL_FROM_ROOT;
    case ' ':
    case '.':
    case '?':
    case '#':
        return MCI_URL_ODD;
    }
    return find(url, ':') == url.len ? MCI_URL_FROM_FOLDER : MCI_URL_ODD;
}
