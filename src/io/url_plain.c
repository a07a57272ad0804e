#include "io/url_plain.h"

#include <stdint.h>

/* What the bytes of a url may be, found for all of them at once. */
typedef struct {
    bool has_odd;   /* controls, which get lost, or semicolons, which begin parameters */
    bool has_marks; /* ? or # */
    bool has_rare;  /* beyond ASCII, or brackets: odd in a host */
} url_bytes;

enum { STEP = 16 };
typedef uint8_t step_bytes __attribute__((vector_size(STEP)));

static bool has_any(step_bytes mask)
{
    uint64_t halves[2];
    memcpy(halves, &mask, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

/* Sixteen bytes from `at` on; at the end with some before them, or with letters behind them. */
static step_bytes load_step(mc_str url, size_t at)
{
    step_bytes bytes;
    memset(&bytes, 'x', sizeof bytes);
    if (url.len < STEP)
        memcpy(&bytes, url.data, url.len);
    else
        memcpy(&bytes, url.data + (url.len - at < STEP ? url.len - STEP : at), STEP);
    return bytes;
}

static url_bytes look_at_bytes(mc_str url)
{
    step_bytes odd = { 0 }, marks = { 0 }, rare = { 0 };
    for (size_t i = 0; i < url.len; i += STEP) {
        step_bytes bytes = load_step(url, i);
        odd |= (step_bytes)(bytes < 0x20) | (step_bytes)(bytes == ';');
        marks |= (step_bytes)(bytes == '?') | (step_bytes)(bytes == '#');
        rare |=
            (step_bytes)(bytes >= 0x7F) | (step_bytes)(bytes == '[') | (step_bytes)(bytes == ']');
    }
    return (url_bytes){ has_any(odd), has_any(marks), has_any(rare) };
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
static bool has_plain_host(mc_str url, size_t from, const url_bytes *bytes)
{
    size_t i = from;
    if (!bytes->has_marks && !bytes->has_rare)
        return url.data[from] != '/';
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
    url_bytes bytes = look_at_bytes(url);
    if (url.len == 0 || bytes.has_odd || (bytes.has_marks && !keeps_marks(url)))
        return MCI_URL_ODD;
    size_t host = after_scheme(url);
    if (host > 0)
        return has_plain_host(url, host, &bytes) ? MCI_URL_WHOLE : MCI_URL_ODD;
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
