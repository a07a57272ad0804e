#include "io/url.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "io/url_plain.h"

/* What follows is the reading of CPython 3.11.7, whose steps are not those of RFC 3986 or WHATWG:
 * control characters and spaces go from the start only, tab, CR and LF from everywhere, ;params
 * belong to the last segment of some schemes, and a scheme nobody listed is never joined. */

enum { RELATIVE = 1, NETLOC = 2, PARAMS = 4 };

static const struct {
    const char *name;
    unsigned traits;
} schemes[] = {
    { "", RELATIVE | NETLOC | PARAMS },
    { "http", RELATIVE | NETLOC | PARAMS },
    { "https", RELATIVE | NETLOC | PARAMS },
    { "file", RELATIVE | NETLOC },
    { "ftp", RELATIVE | NETLOC | PARAMS },
    { "git", NETLOC },
    { "git+ssh", NETLOC },
    { "gopher", RELATIVE | NETLOC },
    { "hdl", PARAMS },
    { "imap", RELATIVE | NETLOC | PARAMS },
    { "mms", RELATIVE | NETLOC | PARAMS },
    { "nfs", NETLOC },
    { "nntp", RELATIVE | NETLOC },
    { "prospero", RELATIVE | NETLOC | PARAMS },
    { "rsync", NETLOC },
    { "rtsp", RELATIVE | NETLOC | PARAMS },
    { "rtsps", RELATIVE | NETLOC | PARAMS },
    { "rtspu", RELATIVE | NETLOC | PARAMS },
    { "sftp", RELATIVE | NETLOC | PARAMS },
    { "shttp", RELATIVE | NETLOC | PARAMS },
    { "sip", PARAMS },
    { "sips", PARAMS },
    { "snews", NETLOC },
    { "svn", RELATIVE | NETLOC },
    { "svn+ssh", RELATIVE | NETLOC },
    { "tel", PARAMS },
    { "telnet", NETLOC },
    { "wais", RELATIVE | NETLOC },
    { "ws", RELATIVE | NETLOC },
    { "wss", RELATIVE | NETLOC },
};

/* scheme:[//netloc]path;params?query#fragment, each without its mark; scheme in any case. */
typedef struct {
    mc_str scheme, netloc, path, params, query, fragment;
} url_parts;

/* ---- views ---- */

static mc_str part(mc_str text, size_t from, size_t to)
{
    return (mc_str){ text.len ? text.data + from : text.data, to - from };
}

/* Where byte first occurs at or after `from`; text.len if it does not. */
static size_t find(mc_str text, char byte, size_t from)
{
    if (from >= text.len)
        return text.len;
    const char *at = memchr(text.data + from, byte, text.len - from);
    return at ? (size_t)(at - text.data) : text.len;
}

static bool has(mc_str text, char byte)
{
    return find(text, byte, 0) < text.len;
}

/* Cuts text at the first `mark`; what is behind it, empty if it is not there. */
static mc_str cut_at(mc_str *text, char mark)
{
    size_t at = find(*text, mark, 0);
    mc_str behind = part(*text, at < text->len ? at + 1 : at, text->len);
    text->len = at;
    return behind;
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f');
}

static bool equal_without_case(mc_str a, mc_str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (to_lower(a.data[i]) != to_lower(b.data[i]))
            return false;
    return true;
}

static bool scheme_has(mc_str scheme, unsigned trait)
{
    for (size_t i = 0; i < COUNT_OF(schemes); i++)
        if (equal_without_case(scheme, mc_str_of(schemes[i].name)))
            return schemes[i].traits & trait;
    return false;
}

/* ---- hosts that are refused ---- */

/* Exactly four decimal numbers to 255 without leading zeros. */
static bool is_ipv4(mc_str text)
{
    for (int i = 0; i < 4; i++) {
        if (i == 3 ? has(text, '.') : !has(text, '.'))
            return false;
        mc_str rest = cut_at(&text, '.');
        if (text.len == 0 || text.len > 3 || (text.data[0] == '0' && text.len > 1))
            return false;
        int value = 0;
        for (size_t k = 0; k < text.len; k++) {
            if (!is_digit(text.data[k]))
                return false;
            value = value * 10 + (text.data[k] - '0');
        }
        if (value > 255)
            return false;
        text = rest;
    }
    return true;
}

static bool is_hextet(mc_str text)
{
    if (text.len == 0 || text.len > 4)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!is_hex(text.data[i]))
            return false;
    return true;
}

/* Eight groups and the one colon more that "::" at an end brings. */
enum { N_GROUPS = 8, MAX_PARTS = N_GROUPS + 1 };

/* Splits at colons; an IPv4 tail becomes two groups. 0: too many or too few, or a wrong tail. */
static size_t split_ipv6(mc_str text, mc_str parts[MAX_PARTS + 1])
{
    size_t n = 0, at = 0;
    for (;;) {
        if (n == MAX_PARTS)
            return 0;
        size_t colon = find(text, ':', at);
        parts[n++] = part(text, at, colon);
        if (colon == text.len)
            break;
        at = colon + 1;
    }
    if (n < 3)
        return 0;
    if (has(parts[n - 1], '.')) {
        if (!is_ipv4(parts[n - 1]))
            return 0;
        parts[n - 1] = parts[n] = mc_str_of("0");
        n++;
    }
    return n <= MAX_PARTS ? n : 0;
}

static bool is_ipv6(mc_str text)
{
    if (has(text, '%')) {
        mc_str scope = cut_at(&text, '%');
        if (scope.len == 0 || has(scope, '%'))
            return false;
    }
    mc_str parts[MAX_PARTS + 1];
    size_t n = split_ipv6(text, parts);
    if (n == 0)
        return false;
    size_t skip = 0; /* the empty part inside, which stands for a run of zero groups */
    for (size_t i = 1; i + 1 < n; i++) {
        if (parts[i].len == 0 && skip)
            return false;
        if (parts[i].len == 0)
            skip = i;
    }
    size_t n_empty = 0;
    for (size_t i = 0; i < n; i++) {
        /* An end may be empty only next to the run. */
        bool may_be_empty =
            skip && (i == skip || (i == 0 && skip == 1) || (i == n - 1 && skip == n - 2));
        if (parts[i].len == 0 && may_be_empty)
            n_empty++;
        else if (!is_hextet(parts[i]))
            return false;
    }
    return skip ? n - n_empty < N_GROUPS : n == N_GROUPS;
}

/* "v", hex digits, a dot, and anything. */
static bool is_ip_future(mc_str text)
{
    size_t i = 1;
    while (i < text.len && is_hex(text.data[i]))
        i++;
    return i > 1 && i + 1 < text.len && text.data[i] == '.';
}

static bool is_bracketing_wrong(mc_str netloc)
{
    if (has(netloc, '[') != has(netloc, ']'))
        return true;
    if (!has(netloc, '['))
        return false;
    mc_str host = cut_at(&netloc, '[');
    cut_at(&host, ']');
    if (host.len > 0 && host.data[0] == 'v')
        return !is_ip_future(host);
    return !is_ipv6(host);
}

/* All characters that NFKC changes into something with one of / ? # @ : in it. As no such mark
 * takes part in a composition, this list is the whole of the normalization that matters here;
 * decompositions never change, so neither does the list for the characters of Unicode 14. */
static bool hides_delimiter(uint32_t c)
{
    static const uint16_t chars[] = {
        0x2047, 0x2048, 0x2049, 0x2100, 0x2101, 0x2105, 0x2106, 0x2A74, 0xFE13, 0xFE16,
        0xFE55, 0xFE56, 0xFE5F, 0xFE6B, 0xFF03, 0xFF0F, 0xFF1A, 0xFF1F, 0xFF20,
    };
    for (size_t i = 0; i < COUNT_OF(chars); i++)
        if (chars[i] == c)
            return true;
    return false;
}

static mc_status check_netloc(mc_str netloc, mc_error *err)
{
    if (is_bracketing_wrong(netloc))
        return mc_fail(err, MC_SKIPPED, "no IP address in the brackets of \"%.*s\"",
                       (int)(netloc.len < 200 ? netloc.len : 200), netloc.data);
    const char *at = netloc.data, *end = netloc.data + netloc.len;
    while (at < end) {
        bool valid;
        if ((unsigned char)*at < 0x80) {
            at++;
            continue;
        }
        uint32_t c = mci_utf8_next(&at, end, &valid);
        if (hides_delimiter(c))
            return mc_fail(err, MC_SKIPPED, "U+%04X in a host stands for a delimiter", (unsigned)c);
    }
    return MC_OK;
}

/* ---- taking apart ---- */

static bool is_scheme_char(char c)
{
    return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '+' || c == '-' ||
           c == '.';
}

/* How long the scheme at the start of url is; 0 if there is none. */
static size_t scheme_length(mc_str url)
{
    size_t colon = find(url, ':', 0);
    if (colon == url.len || colon == 0 || to_lower(url.data[0]) < 'a' ||
        to_lower(url.data[0]) > 'z')
        return 0;
    for (size_t i = 0; i < colon; i++)
        if (!is_scheme_char(url.data[i]))
            return 0;
    return colon;
}

/* url without controls and spaces at its start, and without tab, CR and LF anywhere; a view of url
 * or of scratch. */
static mc_status clean(mc_str url, mci_buf *scratch, mc_str *out, mc_error *err)
{
    size_t start = 0;
    while (start < url.len && (unsigned char)url.data[start] <= 0x20)
        start++;
    url = part(url, start, url.len);
    *out = url;
    if (!has(url, '\t') && !has(url, '\n') && !has(url, '\r'))
        return MC_OK;
    MC_TRY(mci_buf_reserve(scratch, url.len, err));
    for (size_t i = 0; i < url.len; i++)
        if (url.data[i] != '\t' && url.data[i] != '\n' && url.data[i] != '\r')
            scratch->data[scratch->len++] = url.data[i];
    *out = mci_buf_str(scratch);
    return MC_OK;
}

/* The parameters: what follows the first ; of the last segment. */
static mc_str cut_params(mc_str *path)
{
    const char *slash = path->len ? memrchr(path->data, '/', path->len) : NULL;
    size_t at = find(*path, ';', slash ? (size_t)(slash - path->data) : 0);
    mc_str params = part(*path, at < path->len ? at + 1 : at, path->len);
    path->len = at;
    return params;
}

static mc_status take_apart(mc_str url, mc_str default_scheme, mci_buf *scratch, url_parts *out,
                            mc_error *err)
{
    *out =
        (url_parts){ .scheme = default_scheme, .netloc = mc_str_of(""), .params = mc_str_of("") };
    MC_TRY(clean(url, scratch, &url, err));
    size_t scheme_len = scheme_length(url);
    if (scheme_len > 0) {
        out->scheme = part(url, 0, scheme_len);
        url = part(url, scheme_len + 1, url.len);
    }
    if (url.len >= 2 && url.data[0] == '/' && url.data[1] == '/') {
        size_t end = 2;
        while (end < url.len && url.data[end] != '/' && url.data[end] != '?' &&
               url.data[end] != '#')
            end++;
        out->netloc = part(url, 2, end);
        url = part(url, end, url.len);
    }
    out->fragment = cut_at(&url, '#');
    out->query = cut_at(&url, '?');
    if (scheme_has(out->scheme, PARAMS))
        out->params = cut_params(&url);
    out->path = url;
    return check_netloc(out->netloc, err);
}

/* ---- putting together ---- */

static mc_status add_marked(mci_buf *out, char mark, mc_str text, mc_error *err)
{
    if (text.len == 0)
        return MC_OK;
    MC_TRY(mci_buf_byte(out, mark, err));
    return mci_buf_add(out, text, err);
}

static mc_status put_together(const url_parts *url, mci_buf *out, mc_error *err)
{
    for (size_t i = 0; i < url->scheme.len; i++)
        MC_TRY(mci_buf_byte(out, to_lower(url->scheme.data[i]), err));
    if (url->scheme.len > 0)
        MC_TRY(mci_buf_byte(out, ':', err));
    bool has_slash = url->path.len > 0 && url->path.data[0] == '/';
    bool has_two = has_slash && url->path.len > 1 && url->path.data[1] == '/';
    if (url->netloc.len > 0 ||
        (url->scheme.len > 0 && !has_two && scheme_has(url->scheme, NETLOC))) {
        MC_TRY(mci_buf_append(out, "//", 2, err));
        MC_TRY(mci_buf_add(out, url->netloc, err));
        if (!has_slash && url->path.len + url->params.len > 0)
            MC_TRY(mci_buf_byte(out, '/', err));
    }
    MC_TRY(mci_buf_add(out, url->path, err));
    MC_TRY(add_marked(out, ';', url->params, err));
    MC_TRY(add_marked(out, '?', url->query, err));
    return add_marked(out, '#', url->fragment, err);
}

/* ---- resolving ---- */

/* A path under construction: its segments, joined by slashes. */
typedef struct {
    mci_buf *out;
    size_t n_segments;
} path_builder;

static mc_status push_segment(path_builder *path, mc_str segment, mc_error *err)
{
    if (path->n_segments++ > 0)
        MC_TRY(mci_buf_byte(path->out, '/', err));
    return mci_buf_add(path->out, segment, err);
}

static void pop_segment(path_builder *path)
{
    if (path->n_segments == 0)
        return;
    const char *slash =
        --path->n_segments ? memrchr(path->out->data, '/', path->out->len) : path->out->data;
    path->out->len = slash ? (size_t)(slash - path->out->data) : 0;
}

/* Adds the segments of text. Without keep_empty, empty ones are left out unless they are the very
 * first or (is_last) the very last. */
static mc_status add_segments(path_builder *path, mc_str text, bool keep_empty, bool is_first,
                              bool is_last, mc_error *err)
{
    for (size_t at = 0;;) {
        size_t slash = find(text, '/', at);
        mc_str segment = part(text, at, slash);
        bool is_end = is_last && slash == text.len;
        bool is_up = mc_str_equal(segment, mc_str_of(".."));
        bool is_dot = is_up || mc_str_equal(segment, mc_str_of("."));
        if (is_up)
            pop_segment(path);
        if (!is_dot && (segment.len > 0 || keep_empty || (is_first && at == 0) || is_end))
            MC_TRY(push_segment(path, segment, err));
        if (is_dot && is_end)
            return push_segment(path, mc_str_of(""), err);
        if (slash == text.len)
            return MC_OK;
        at = slash + 1;
    }
}

static mc_status resolve_path(mc_str base, mc_str path, mci_buf *out, mc_error *err)
{
    path_builder builder = { .out = out };
    if (path.len > 0 && path.data[0] == '/') {
        MC_TRY(add_segments(&builder, path, true, true, true, err));
    } else {
        /* Of the base all but its last segment; a base of one (not empty) segment gives none. */
        const char *slash = base.len ? memrchr(base.data, '/', base.len) : NULL;
        bool has_base = slash || base.len == 0;
        if (has_base)
            MC_TRY(add_segments(&builder, part(base, 0, slash ? (size_t)(slash - base.data) : 0),
                                false, true, false, err));
        MC_TRY(add_segments(&builder, path, false, !has_base, true, err));
    }
    return out->len > 0 ? MC_OK : mci_buf_byte(out, '/', err);
}

/* ---- joining ---- */

struct mci_url_joiner {
    mc_str base_text;
    url_parts base;
    mc_status base_status; /* MC_SKIPPED: nothing can be joined with it */
    mc_error base_err;
    mci_buf base_room, url_room, path; /* what the parts are views of, if not of the texts */
    mci_buf prefix;                    /* what comes before plain urls, */
    size_t n_root, n_folder;           /* up to the host's end or the last slash; 0: not known */
};

static bool is_of_the_web(mc_str scheme)
{
    return equal_without_case(scheme, mc_str_of("https")) ||
           equal_without_case(scheme, mc_str_of("http"));
}

static mc_status set_base(mci_url_joiner *joiner, mc_str base, mc_error *err)
{
    mc_error *why = &joiner->base_err;
    mci_buf_clear(&joiner->base_room);
    joiner->base_text = base;
    joiner->base_status = take_apart(base, mc_str_of(""), &joiner->base_room, &joiner->base, why);
    return joiner->base_status < 0 ? mc_fail(err, joiner->base_status, "%s", why->text) : MC_OK;
}

static mc_status join(mci_url_joiner *joiner, mc_str url_text, mci_buf *out, mc_error *err)
{
    const url_parts *base = &joiner->base;
    url_parts url;
    mci_buf_clear(&joiner->url_room);
    mci_buf_clear(&joiner->path);
    mc_status status = take_apart(url_text, base->scheme, &joiner->url_room, &url, err);
    if (status != MC_OK)
        return status;
    if (!equal_without_case(url.scheme, base->scheme) || !scheme_has(url.scheme, RELATIVE))
        return mci_buf_add(out, url_text, err); /* untouched: not even cleaned */
    if (url.netloc.len > 0)
        return put_together(&url, out, err); /* every scheme that is relative has a netloc */
    url.netloc = base->netloc;
    if (url.path.len == 0 && url.params.len == 0) {
        url.path = base->path;
        url.params = base->params;
        if (url.query.len == 0)
            url.query = base->query;
        return put_together(&url, out, err);
    }
    MC_TRY(resolve_path(base->path, url.path, &joiner->path, err));
    url.path = mci_buf_str(&joiner->path);
    return put_together(&url, out, err);
}

mc_status mci_url_joiner_join(mci_url_joiner *joiner, mc_str url, mci_buf *out, mc_error *err)
{
    mci_buf_clear(out);
    if (joiner->base_text.len == 0)
        return mci_buf_add(out, url, err);
    if (url.len == 0)
        return mci_buf_add(out, joiner->base_text, err);
    if (joiner->base_status != MC_OK)
        return mc_fail(err, joiner->base_status, "%s", joiner->base_err.text);
    return join(joiner, url, out, err);
}

/* Finds what comes before plain urls by joining one. */
static mc_status find_prefix(mci_url_joiner *joiner, mc_error *err)
{
    const url_parts *base = &joiner->base;
    joiner->n_root = joiner->n_folder = 0;
    if (joiner->base_status != MC_OK || base->netloc.len == 0 || !is_of_the_web(base->scheme))
        return MC_OK;
    MC_TRY(mci_url_joiner_join(joiner, mc_str_of("x"), &joiner->prefix, err));
    joiner->n_root = base->scheme.len + strlen("://") + base->netloc.len;
    joiner->n_folder = joiner->prefix.len - 1;
    return MC_OK;
}

mc_status mci_url_joiner_set_base(mci_url_joiner *joiner, mc_str base, mc_error *err)
{
    MC_TRY(set_base(joiner, base, err));
    return find_prefix(joiner, err);
}

mc_status mci_url_joiner_resolve(mci_url_joiner *joiner, mc_str url, mci_buf *room, mc_str *out,
                                 mc_error *err)
{
    mci_url_kind kind = joiner->n_root > 0 ? mci_url_kind_of(url) : MCI_URL_ODD;
    *out = url;
    if (kind == MCI_URL_WHOLE)
        return MC_OK;
    if (kind == MCI_URL_ODD) {
        mc_status status = mci_url_joiner_join(joiner, url, room, err);
        *out = mci_buf_str(room);
        return status;
    }
    size_t n = kind == MCI_URL_FROM_ROOT ? joiner->n_root : joiner->n_folder;
    mci_buf_clear(room);
    MC_TRY(mci_buf_append(room, joiner->prefix.data, n, err));
    MC_TRY(mci_buf_add(room, url, err));
    *out = mci_buf_str(room);
    return MC_OK;
}

static void release_rooms(mci_url_joiner *joiner)
{
    mci_buf_release(&joiner->base_room);
    mci_buf_release(&joiner->url_room);
    mci_buf_release(&joiner->path);
    mci_buf_release(&joiner->prefix);
}

mc_status mci_url_join(mc_str base, mc_str url, mci_buf *out, mc_error *err)
{
    mci_url_joiner joiner = { 0 };
    mc_status status = set_base(&joiner, base, err);
    if (status >= 0)
        status = mci_url_joiner_join(&joiner, url, out, err);
    release_rooms(&joiner);
    return status;
}

mc_status mci_url_joiner_new(mci_url_joiner **out, mc_error *err)
{
    *out = mci_alloc_zeroed(1, sizeof **out);
    return *out ? MC_OK : mci_nomem(err, sizeof **out);
}

void mci_url_joiner_free(mci_url_joiner *joiner)
{
    if (joiner)
        release_rooms(joiner);
    mci_free(joiner);
}
