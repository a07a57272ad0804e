#include "pull/pull_headers.h"

enum { MOST_WAIT_S = 60 };

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
}

static mc_str trim(mc_str text)
{
    while (text.len && strchr(" \t\r\n", text.data[text.len - 1]))
        text.len--;
    while (text.len && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.len--;
    }
    return text;
}

static bool begins(mc_str text, const char *with)
{
    size_t n = strlen(with);
    if (text.len < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (lower(text.data[i]) != with[i])
            return false;
    }
    return true;
}

/* Reads digits at the start of *text and passes over them; false if there are none, or too many. */
static bool read_number(mc_str *text, uint64_t *out)
{
    uint64_t number = 0;
    size_t n = 0;
    for (; n < text->len && text->data[n] >= '0' && text->data[n] <= '9'; n++) {
        uint64_t digit = (uint64_t)(text->data[n] - '0');
        if (number > (UINT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *text = (mc_str){ text->data + n, text->len - n };
    *out = number;
    return n > 0;
}

static bool pass(mc_str *text, char byte)
{
    if (text->len == 0 || text->data[0] != byte)
        return false;
    *text = (mc_str){ text->data + 1, text->len - 1 };
    return true;
}

/* The value of a line, if its header is this one (in lower case). */
static bool is_header(mc_str line, const char *name, mc_str *value)
{
    size_t n = strlen(name);
    if (!begins(line, name) || line.len == n || line.data[n] != ':')
        return false;
    *value = trim((mc_str){ line.data + n + 1, line.len - n - 1 });
    return true;
}

bool mci_http_content_range(mc_str value, uint64_t *first, uint64_t *total)
{
    uint64_t from = UINT64_MAX, to = UINT64_MAX, all = MCI_NO_TOTAL;
    if (!begins(value, "bytes "))
        return false;
    mc_str rest = { value.data + 6, value.len - 6 };
    if (!pass(&rest, '*') &&
        !(read_number(&rest, &from) && pass(&rest, '-') && read_number(&rest, &to)))
        return false;
    if (!pass(&rest, '/') || (!pass(&rest, '*') && !read_number(&rest, &all)) || rest.len)
        return false;
    if (from != UINT64_MAX && (from > to || (all != MCI_NO_TOTAL && to >= all)))
        return false;
    *first = from;
    *total = all;
    return true;
}

static void set_text(char *to, size_t size, mc_str text)
{
    if (text.len >= size)
        text.len = 0; /* half of it would be another one */
    memcpy(to, text.data, text.len);
    to[text.len] = '\0';
}

/* Strong ETags only: a weak one does not vouch for every byte. They are sent back as they came, so
 * nothing but printable ASCII is taken. */
static void take_etag(mci_http_answer *answer, mc_str value)
{
    if (value.len < 2 || value.data[0] != '"' || value.data[value.len - 1] != '"')
        return;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < 0x21 || value.data[i] > 0x7E)
            return;
    }
    set_text(answer->validator, sizeof answer->validator, value);
}

static void take_date(mci_http_answer *answer, mc_str value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < 0x20 || value.data[i] > 0x7E)
            return;
    }
    if (answer->validator[0] != '"')
        set_text(answer->validator, sizeof answer->validator, value);
}

/* "\"64 hex digits\"" names what Git LFS stores; other ETags are those of small files. */
static void take_linked(mci_http_answer *answer, mc_str value)
{
    if (value.len != MC_SHA256_DIGITS + 2 || value.data[0] != '"')
        return;
    for (size_t i = 1; i <= MC_SHA256_DIGITS; i++) {
        char c = value.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return;
    }
    set_text(answer->sha256, sizeof answer->sha256, (mc_str){ value.data + 1, MC_SHA256_DIGITS });
}

static void take_length(mci_http_answer *answer, mc_str value)
{
    uint64_t length;
    if (answer->status == 200 && read_number(&value, &length) && value.len == 0)
        answer->total = length;
}

static void take_range(mci_http_answer *answer, mc_str value)
{
    uint64_t first, total;
    if (answer->status != 206 || !mci_http_content_range(value, &first, &total))
        return;
    answer->first = first;
    answer->total = total;
}

static void take_wait(mci_http_answer *answer, mc_str value)
{
    uint64_t wait;
    if (read_number(&value, &wait) && value.len == 0)
        answer->retry_after_s = wait < MOST_WAIT_S ? (unsigned)wait : MOST_WAIT_S;
}

/* "HTTP/1.1 206 Partial Content", "HTTP/2 200" */
static void take_status(mci_http_answer *answer, mc_str line)
{
    char sha256[sizeof answer->sha256];
    uint64_t status = 0;
    memcpy(sha256, answer->sha256, sizeof sha256);
    const char *space = memchr(line.data, ' ', line.len);
    if (space) {
        mc_str rest = { space + 1, line.len - (size_t)(space + 1 - line.data) };
        if (!read_number(&rest, &status) || status > 999)
            status = 0;
    }
    *answer =
        (mci_http_answer){ .status = (long)status, .first = UINT64_MAX, .total = MCI_NO_TOTAL };
    memcpy(answer->sha256, sha256, sizeof sha256);
}

void mci_http_read_line(mci_http_answer *answer, mc_str line)
{
    static const struct {
        const char *name;
        void (*take)(mci_http_answer *answer, mc_str value);
    } headers[] = {
        { "etag", take_etag },           { "last-modified", take_date },
        { "content-range", take_range }, { "content-length", take_length },
        { "retry-after", take_wait },    { "x-linked-etag", take_linked },
    };
    mc_str value;
    if (begins(line, "http/")) {
        take_status(answer, line);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        if (is_header(line, headers[i].name, &value))
            headers[i].take(answer, value);
    }
}
