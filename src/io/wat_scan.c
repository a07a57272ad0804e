/* One pass over the tokens of a WAT record, checking all of it and keeping only the images:
 *
 *   tokens   {  "  :  {  "  :  "  ,  "  :  [  {  "  :  "  ,  ...  }      from simdjson's first
 * stage |  Envelope  |  what no place knows   Links root         envelope                 image
 * links
 *
 * Objects on the way to the links are walked by the table of places, links by read_link, and the
 * rest, most of a record, is only checked: nothing of it is copied or put on a tape. What is rare
 * (a key twice or written with escapes, numbers that are not plain, lone surrogates, depth) is left
 * to the parser, as is everything that may be wrong. */
#include "base/utf8.h"
#include "io/wat_internal.h"

enum { MAX_DEPTH = 64, MAX_PLAIN_DIGITS = 18 };

typedef struct {
    const char *text;
    const uint32_t *at; /* where tokens begin; at[n] is the text's end */
    size_t n, i;
    size_t escape; /* the first backslash at or behind token i; SIZE_MAX: none */
    size_t len;
    unsigned seen; /* places met so far */
    mci_page *page;
    bool has_links;
} scan;

typedef struct {
    mc_str raw;
    bool has_escapes;
} scan_string;

/* ---- tokens ---- */

/* The current token's first byte; 0 behind the last one. */
static inline char token(const scan *s)
{
    return s->i < s->n ? s->text[s->at[s->i]] : '\0';
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* The end of the token's bytes, without white space behind them. */
static inline size_t token_end(const scan *s)
{
    size_t end = s->at[s->i + 1];
    while (is_blank(s->text[end - 1]))
        end--;
    return end;
}

static size_t find_escape(const scan *s, size_t from)
{
    const char *at = from < s->len ? memchr(s->text + from, '\\', s->len - from) : NULL;
    return at ? (size_t)(at - s->text) : SIZE_MAX;
}

static bool read_hex(const char *at, const char *end, unsigned *unit)
{
    *unit = 0;
    if (end - at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)at[i], lower = c | 0x20;
        unsigned digit = c - (unsigned)'0' < 10      ? c - (unsigned)'0'
                         : lower - (unsigned)'a' < 6 ? lower - (unsigned)'a' + 10
                                                     : 16;
        if (digit > 15)
            return false;
        *unit = *unit * 16 + digit;
    }
    return true;
}

/* Reads the escape whose backslash is at *at; false if it is none, or half a character. */
static bool read_escape(const char **at, const char *end, uint32_t *c)
{
    static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *p = *at + 1;
    if (p == end)
        return false;
    if (*p != 'u') {
        const char *letter = memchr(letters, *p, sizeof letters - 1);
        if (!letter)
            return false;
        *c = (unsigned char)values[letter - letters];
        *at = p + 1;
        return true;
    }
    unsigned unit, low;
    if (!read_hex(p + 1, end, &unit))
        return false;
    *at = p + 5;
    *c = unit;
    if ((unit & 0xF800) != 0xD800)
        return true;
    if ((unit & 0xFC00) != 0xD800 || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u' ||
        !read_hex(*at + 2, end, &low) || (low & 0xFC00) != 0xDC00)
        return false;
    *c = 0x10000 + ((unit & 0x3FF) << 10 | (low & 0x3FF));
    *at += 6;
    return true;
}

static bool check_escapes(scan *s, mc_str raw)
{
    const char *at = s->text + s->escape, *end = raw.data + raw.len;
    while (at && at < end) {
        uint32_t c;
        if (!read_escape(&at, end, &c))
            return false;
        at = at < end ? memchr(at, '\\', (size_t)(end - at)) : NULL;
    }
    s->escape = find_escape(s, (size_t)(end - s->text));
    return true;
}

/* Takes the string that the current token opens. */
static inline bool take_string(scan *s, scan_string *out)
{
    size_t start = s->at[s->i] + 1, end = s->at[s->i + 1] - 1;
    if (s->text[end] != '"')
        end = token_end(s) - 1;
    out->raw = (mc_str){ s->text + start, end - start };
    out->has_escapes = s->escape < end;
    s->i++;
    return !out->has_escapes || check_escapes(s, out->raw);
}

static bool is_plain_integer(mc_str text)
{
    size_t start = text.data[0] == '-', n = text.len - start;
    if (n == 0 || n > MAX_PLAIN_DIGITS || (n > 1 && text.data[start] == '0'))
        return false;
    for (size_t i = start; i < text.len; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return true;
}

/* A word or a plain number. */
static bool take_scalar(scan *s)
{
    size_t start = s->at[s->i];
    mc_str text = { s->text + start, token_end(s) - start };
    s->i++;
    switch (text.data[0]) {
    case 't':
        return mc_str_equal(text, (mc_str){ "true", 4 });
    case 'f':
        return mc_str_equal(text, (mc_str){ "false", 5 });
    case 'n':
        return mc_str_equal(text, (mc_str){ "null", 4 });
    }
    return is_plain_integer(text);
}

static inline bool take(scan *s, char c)
{
    if (token(s) != c)
        return false;
    s->i++;
    return true;
}

/* Takes a key and its colon. A key with escapes may be any key. */
static inline bool take_key(scan *s, mc_str *key)
{
    scan_string string;
    if (token(s) != '"' || !take_string(s, &string) || string.has_escapes)
        return false;
    *key = string.raw;
    return take(s, ':');
}

/* ---- what is only checked ---- */

/* Behind a value in a container: closes what ends there. False: wrong. *is_over: at depth 0. */
static bool close_containers(scan *s, uint64_t objects, unsigned *depth, bool *is_over)
{
    mc_str key;
    for (; *depth > 0; --*depth) {
        bool in_object = objects >> (*depth - 1) & 1;
        if (take(s, ',')) {
            *is_over = false;
            return !in_object || take_key(s, &key);
        }
        if (!take(s, in_object ? '}' : ']'))
            return false;
    }
    *is_over = true;
    return true;
}

/* Takes any value; true if it is sound. */
static bool pass_over(scan *s)
{
    uint64_t objects = 0; /* bit i: the container at depth i + 1 is an object */
    unsigned depth = 0;
    bool is_over = false;
    scan_string string;
    mc_str key;
    while (!is_over) {
        char c = token(s);
        if (c == '{' || c == '[') {
            if (depth == MAX_DEPTH)
                return false;
            s->i++;
            if (!take(s, c == '{' ? '}' : ']')) {
                objects = (objects & ~(UINT64_C(1) << depth)) | (uint64_t)(c == '{') << depth;
                depth++;
                if (c == '{' && !take_key(s, &key))
                    return false;
                continue;
            }
        } else if (c == '"') {
            if (!take_string(s, &string))
                return false;
        } else if (c == '\0' || !take_scalar(s)) {
            return false;
        }
        if (!close_containers(s, objects, &depth, &is_over))
            return false;
    }
    return true;
}

/* ---- links ---- */

/* The string as it is meant, CR and LF as spaces if it is a text; of the block, or the arena. */
static mc_status decode(const scan *s, const scan_string *string, bool is_text, mc_str *out,
                        mc_error *err)
{
    *out = string->raw;
    if (!string->has_escapes)
        return MC_OK;
    char *copy = mci_arena_alloc(&s->page->arena, string->raw.len);
    if (!copy)
        return mci_nomem(err, string->raw.len);
    size_t n = 0;
    for (const char *at = string->raw.data, *end = at + string->raw.len; at < end;) {
        uint32_t c;
        if (*at != '\\') {
            copy[n++] = *at++;
            continue;
        }
        read_escape(&at, end, &c);
        if (is_text && (c == '\r' || c == '\n'))
            c = ' ';
        n += mci_utf8_encode(c, copy + n);
    }
    *out = (mc_str){ copy, n };
    return MC_OK;
}

typedef enum { ABSENT, STRING, NOTHING, OTHER } member_kind;

typedef struct {
    member_kind kind;
    scan_string string;
} link_member;

static mc_status add_link(const scan *s, const link_member members[MCI_N_LINK_KEYS], mc_error *err)
{
    mci_link *link;
    MC_TRY(mci_page_add_link(s->page, &link, err));
    if (members[MCI_LINK_URL].kind == STRING)
        MC_TRY(decode(s, &members[MCI_LINK_URL].string, false, &link->url, err));
    for (size_t k = MCI_LINK_TEXT; k < MCI_N_LINK_KEYS; k++) {
        mc_str text;
        if (members[k].kind != STRING)
            continue;
        MC_TRY(decode(s, &members[k].string, true, &text, err));
        text = mci_trim_space(text);
        s->page->n_texts++;
        s->page->n_empty_texts += text.len == 0;
        if (text.len > 0)
            link->texts[link->n_texts++] = (mci_link_text){ mci_link_keys[k], text };
    }
    return MC_OK;
}

static mc_status is_image(const scan *s, const link_member members[MCI_N_LINK_KEYS], bool *out,
                          mc_error *err)
{
    const link_member *path = &members[MCI_LINK_PATH], *url = &members[MCI_LINK_URL];
    mc_str text = { 0 };
    *out = false;
    if (path->kind != STRING || (url->kind != STRING && url->kind != NOTHING))
        return MC_OK;
    MC_TRY(decode(s, &path->string, false, &text, err));
    *out = mci_is_image_path(text);
    return MC_OK;
}

/* Which of mci_link_keys it is; MCI_N_LINK_KEYS: none. Constant names, so that each is a comparison
 * or two of numbers. */
static inline size_t link_key(mc_str key)
{
#define IS(name) (key.len == sizeof(name) - 1 && memcmp(key.data, name, sizeof(name) - 1) == 0)
    return IS("path")               ? MCI_LINK_PATH
           : IS("url")              ? MCI_LINK_URL
           : IS("alt")              ? MCI_LINK_TEXT
           : IS("title")            ? MCI_LINK_TEXT + 1
           : IS("data-image-title") ? MCI_LINK_TEXT + 2
                                    : MCI_N_LINK_KEYS;
#undef IS
}

/* Takes the value of one of a link's members. */
static inline bool take_member(scan *s, link_member *member)
{
    char c = token(s);
    if (c == '"') {
        member->kind = STRING;
        return take_string(s, &member->string);
    }
    member->kind = c == 'n' ? NOTHING : OTHER;
    return pass_over(s);
}

/* MC_SKIPPED: left to the parser. */
static mc_status read_link(scan *s, mc_error *err)
{
    link_member members[MCI_N_LINK_KEYS + 1]; /* the last one is of all other keys */
    for (size_t k = 0; k < MCI_N_LINK_KEYS; k++)
        members[k].kind = ABSENT;
    if (token(s) != '{')
        return pass_over(s) ? MC_OK : MC_SKIPPED;
    s->i++;
    for (bool is_first = true; !take(s, '}'); is_first = false) {
        mc_str key; /* of repeated ones the last counts */
        if (!(is_first || take(s, ',')) || !take_key(s, &key) ||
            !take_member(s, &members[link_key(key)]))
            return MC_SKIPPED;
    }
    bool is = false;
    MC_TRY(is_image(s, members, &is, err));
    return is ? add_link(s, members, err) : MC_OK;
}

static mc_status read_links(scan *s, mc_error *err)
{
    s->i++;
    s->has_links = true;
    for (bool is_first = true; !take(s, ']'); is_first = false) {
        if (!is_first && !take(s, ','))
            return MC_SKIPPED;
        mc_status status = read_link(s, err);
        if (status != MC_OK)
            return status;
    }
    return MC_OK;
}

/* ---- places ---- */

typedef enum { ROOT, ENVELOPE, HEADER, PAYLOAD, RESPONSE, HTML, HEAD, URI, BASE, LINKS } place;

static const struct {
    place in, is;
    const char *key;
} places[] = {
    { ROOT, ENVELOPE, "Envelope" },
    { ENVELOPE, HEADER, "WARC-Header-Metadata" },
    { HEADER, URI, "WARC-Target-URI" },
    { ENVELOPE, PAYLOAD, "Payload-Metadata" },
    { PAYLOAD, RESPONSE, "HTTP-Response-Metadata" },
    { RESPONSE, HTML, "HTML-Metadata" },
    { HTML, HEAD, "Head" },
    { HEAD, BASE, "Base" },
    { HTML, LINKS, "Links" },
};

/* Which place a key leads to; ROOT: none that matters. */
static place find_place(place in, mc_str key)
{
    for (size_t i = 0; i < COUNT_OF(places); i++)
        if (places[i].in == in && strlen(places[i].key) == key.len &&
            memcmp(places[i].key, key.data, key.len) == 0)
            return places[i].is;
    return ROOT;
}

static mc_status walk(scan *s, place in, mc_error *err);

static mc_status take_place_string(scan *s, mc_str *out, mc_error *err)
{
    scan_string string;
    if (!take_string(s, &string))
        return MC_SKIPPED;
    return decode(s, &string, false, out, err);
}

/* Values of a wrong type are as if absent. */
static mc_status enter(scan *s, place at, mc_error *err)
{
    char c = token(s);
    if (at == LINKS && c == '[')
        return read_links(s, err);
    if (at == URI && c == '"')
        return take_place_string(s, &s->page->uri, err);
    if (at == BASE && c == '"') {
        s->page->has_base = true;
        return take_place_string(s, &s->page->base, err);
    }
    if (at != ROOT && at < URI && c == '{')
        return walk(s, at, err);
    return pass_over(s) ? MC_OK : MC_SKIPPED;
}

/* The object at the current token. It recurses along the table of places and no deeper. */
static mc_status walk(scan *s, place in, mc_error *err)
{
    s->i++;
    for (bool is_first = true; !take(s, '}'); is_first = false) {
        mc_str key;
        if (!(is_first || take(s, ',')) || !take_key(s, &key))
            return MC_SKIPPED;
        place at = find_place(in, key);
        if (at != ROOT && s->seen >> at & 1)
            return MC_SKIPPED;
        s->seen |= 1u << at;
        mc_status status = enter(s, at, err);
        if (status != MC_OK)
            return status;
    }
    return MC_OK;
}

mc_status mci_wat_scan(mci_json *json, mc_str line, mci_page *page, mc_error *err)
{
    mci_json_tokens tokens;
    if (!mci_json_index(json, line, &tokens))
        return MC_SKIPPED;
    scan s = { .text = line.data, .at = tokens.at, .n = tokens.n, .len = line.len, .page = page };
    s.escape = find_escape(&s, 0);
    if (token(&s) != '{')
        return MC_SKIPPED;
    mc_status status = walk(&s, ROOT, err);
    if (status == MC_OK && s.i < s.n)
        status = MC_SKIPPED; /* something follows */
    return status == MC_OK && !s.has_links ? MC_END : status;
}
