#include "curate/block_line.h"

#include <arpa/inet.h>
#include <strings.h>

#include "base/utf8.h"

static const char *const kind_names[] = { "uuid", "url", "host" };

const char *mci_block_kind_name(mci_block_kind kind)
{
    return kind_names[kind];
}

/* ---- bytes ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* -1 if c is no hex digit. */
static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static mc_str behind(mc_str text, size_t n)
{
    return (mc_str){ text.data + n, text.len - n };
}

/* Where c first stands in text; text.len if it does not. */
static size_t find(mc_str text, char c)
{
    const char *at = text.len ? memchr(text.data, c, text.len) : NULL;
    return at ? (size_t)(at - text.data) : text.len;
}

/* ---- hosts ---- */

/* The text as a string for the system's functions; an empty one if it is too long to be an address
 * or holds a NUL. */
static const char *as_string(mc_str text, char out[INET6_ADDRSTRLEN])
{
    bool fits = text.len < INET6_ADDRSTRLEN && (!text.len || !memchr(text.data, 0, text.len));
    if (fits && text.len)
        memcpy(out, text.data, text.len);
    out[fits ? text.len : 0] = '\0';
    return out;
}

static bool is_ipv4(mc_str text)
{
    if (text.len == 0 || !is_digit(text.data[text.len - 1]))
        return false;
    char string[INET6_ADDRSTRLEN];
    unsigned char address[4];
    return inet_pton(AF_INET, as_string(text, string), address) == 1;
}

/* Puts the address into brackets, in the one form of the many it can be written in. */
static bool take_ipv6(mc_str text, mci_host *out)
{
    char string[INET6_ADDRSTRLEN];
    unsigned char address[16];
    if (inet_pton(AF_INET6, as_string(text, string), address) != 1)
        return false;
    inet_ntop(AF_INET6, address, out->bytes + 1, INET6_ADDRSTRLEN);
    out->len = strlen(out->bytes + 1) + 2;
    out->bytes[0] = '[';
    out->bytes[out->len - 1] = ']';
    out->is_address = true;
    return true;
}

static void take_byte(mci_host *host, char c)
{
    host->bytes[host->len++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static mc_str text_of(const mci_host *host)
{
    return (mc_str){ host->bytes, host->len };
}

/* Whether the last label is a number: an address then, or nothing at all, but no domain. */
static bool ends_in_number(mc_str text)
{
    size_t i = text.len;
    while (i > 0 && is_digit(text.data[i - 1]))
        i--;
    return i < text.len && (i == 0 || text.data[i - 1] == '.');
}

bool mci_domain_above(mc_str *domain)
{
    size_t dot = find(*domain, '.');
    if (dot == domain->len)
        return false;
    *domain = behind(*domain, dot + 1);
    return true;
}

/* ---- the host of a url ---- */

/* The length of "scheme:"; 0 if the url has none. */
static size_t scheme_length(mc_str url)
{
    size_t i = 0;
    while (i < url.len && (is_letter(url.data[i]) ||
                           (i > 0 && (is_digit(url.data[i]) || memchr("+-.", url.data[i], 3)))))
        i++;
    return i > 0 && i < url.len && url.data[i] == ':' ? i + 1 : 0;
}

/* Browsers take any number of slashes for two, and backslashes for slashes, in urls of the web. */
static bool is_of_web(mc_str url)
{
    return strncasecmp(url.data, "http:", 5) == 0 || strncasecmp(url.data, "https:", 6) == 0;
}

static bool is_slash(char c, bool of_web)
{
    return c == '/' || (of_web && c == '\\');
}

/* What stands between "//" and the path; false if there is nothing of the kind. */
static bool cut_authority(mc_str url, mc_str *out)
{
    while (url.len && (unsigned char)url.data[0] <= ' ')
        url = behind(url, 1);
    size_t n = scheme_length(url), n_slashes = 0;
    bool of_web = n >= 5 && is_of_web(url);
    mc_str rest = behind(url, n);
    while (n_slashes < rest.len && is_slash(rest.data[n_slashes], of_web) &&
           (of_web || n_slashes < 2))
        n_slashes++;
    if (n_slashes < 2 && !of_web)
        return false;
    *out = behind(rest, n_slashes);
    size_t end = 0;
    while (end < out->len && !is_slash(out->data[end], of_web) && out->data[end] != '?' &&
           out->data[end] != '#')
        end++;
    out->len = end;
    return true;
}

/* Without "user:password@" and ":port". */
static mc_str host_part(mc_str authority)
{
    for (size_t i = authority.len; i > 0; i--)
        if (authority.data[i - 1] == '@') {
            authority = behind(authority, i);
            break;
        }
    if (authority.len && authority.data[0] == '[')
        return (mc_str){ authority.data, find(authority, ']') };
    return (mc_str){ authority.data, find(authority, ':') };
}

/* Of a long host the end: the whole labels in its last bytes. */
static mc_str cut_to_fit(mc_str host)
{
    if (host.len <= MCI_MAX_HOST_BYTES)
        return host;
    host = behind(host, host.len - MCI_MAX_HOST_BYTES);
    size_t dot = find(host, '.');
    return dot < host.len ? behind(host, dot + 1) : behind(host, dot);
}

static void decode_host(mc_str host, mci_host *out)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.data[i];
        if (c == '%' && host.len - i > 2 && hex_value(host.data[i + 1]) >= 0 &&
            hex_value(host.data[i + 2]) >= 0) {
            c = (char)(hex_value(host.data[i + 1]) * 16 + hex_value(host.data[i + 2]));
            i += 2;
        }
        if (c != '\t' && c != '\r' && c != '\n') /* which urls may hold anywhere, for nothing */
            take_byte(out, c);
    }
    while (out->len && out->bytes[out->len - 1] == '.')
        out->len--;
}

bool mci_host_of_url(mc_str url, mci_host *out)
{
    mc_str authority;
    out->len = 0;
    out->is_address = false;
    if (url.len == 0 || !cut_authority(url, &authority))
        return false;
    mc_str host = host_part(authority);
    if (host.len && host.data[0] == '[' && take_ipv6(behind(host, 1), out))
        return true;
    decode_host(cut_to_fit(host), out);
    out->is_address = ends_in_number(text_of(out));
    return out->len > 0;
}

/* ---- lines ---- */

/* Characters of names, IDNA's among them. Spaces, marks that nobody sees and wide forms are not:
 * they stand in a list by mistake, and never in a url that is fetched. */
static bool is_host_character(uint32_t c)
{
    if (c < 0x80)
        return is_letter((char)c) || is_digit((char)c) || c == '-' || c == '_';
    return (c >= 0xC0 || c == 0xB7) && !(c >= 0x2000 && c <= 0x206F) &&
           !(c >= 0x3000 && c <= 0x3002) && !(c >= 0xFE00 && c <= 0xFE0F) && c != 0xFEFF &&
           !(c >= 0xFF00 && c <= 0xFFFF);
}

/* Labels of such characters with one dot between them; a number at the end is none. */
static bool is_name(mc_str text)
{
    bool at_start = true; /* of a label */
    for (const char *at = text.data, *end = text.data + text.len; at < end;) {
        bool is_valid = true;
        uint32_t c = (unsigned char)*at;
        if (c < 0x80)
            at++;
        else
            c = mci_utf8_next(&at, end, &is_valid);
        if (!is_valid || (c == '.' ? at_start : !is_host_character(c)))
            return false;
        at_start = c == '.';
    }
    return !at_start && !ends_in_number(text);
}

/* What is in front of a domain to say "and all below it", which is meant anyway. */
static mc_str strip_wildcard(mc_str text)
{
    if (text.len > 2 && text.data[0] == '*' && text.data[1] == '.')
        return behind(text, 2);
    return text.len > 1 && text.data[0] == '.' ? behind(text, 1) : text;
}

static bool take_host(mc_str text, mci_block_item *out)
{
    mci_host *host = &out->host;
    host->len = 0;
    host->is_address = false;
    if (text.len > 2 && text.data[0] == '[' && text.data[text.len - 1] == ']') {
        if (!take_ipv6((mc_str){ text.data + 1, text.len - 2 }, host))
            return false;
    } else {
        if (text.len && text.data[text.len - 1] == '.')
            text.len--;
        host->is_address = is_ipv4(text);
        if (!host->is_address)
            text = strip_wildcard(text);
        if (text.len > MCI_MAX_HOST_BYTES || (!host->is_address && !is_name(text)))
            return false;
        for (size_t i = 0; i < text.len; i++)
            take_byte(host, text.data[i]);
    }
    out->kind = MCI_BLOCK_HOST;
    out->text = text_of(host);
    return true;
}

static bool is_uuid(mc_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (hex_value(text.data[i]) < 0)
            return false;
    return text.len == 24 || text.len == 32;
}

/* A single word is more likely a slip than a top-level domain, so that one needs "host:". */
static bool has_dot_or_bracket(mc_str text)
{
    return text.len && (find(text, '.') + 1 < text.len || text.data[0] == '[');
}

static bool is_url(mc_str text)
{
    size_t n = scheme_length(text);
    return n > 0 && text.len - n > 2 && memcmp(text.data + n, "//", 2) == 0;
}

static bool take_by_form(mc_str text, mci_block_item *out)
{
    out->text = text;
    out->kind = is_url(text) ? MCI_BLOCK_URL : MCI_BLOCK_UUID;
    if (mci_trim_space(text).len < text.len)
        return false;
    return is_url(text) || is_uuid(text) || (has_dot_or_bracket(text) && take_host(text, out));
}

/* What follows "url:" or "uuid:" is taken to the byte. */
static bool take_named(mci_block_kind kind, mc_str text, mci_block_item *out)
{
    out->kind = kind;
    out->text = text;
    if (text.len == 0 || mci_trim_space(text).data != text.data)
        return false;
    return kind != MCI_BLOCK_HOST || take_host(text, out);
}

/* The kind that the line's prefix names; MCI_N_BLOCK_KINDS if it has none. *n: its length. */
static mci_block_kind named_kind(mc_str line, size_t *n)
{
    for (int kind = 0; kind < MCI_N_BLOCK_KINDS; kind++) {
        *n = strlen(kind_names[kind]);
        if (line.len > *n && line.data[*n] == ':' &&
            strncasecmp(line.data, kind_names[kind], *n) == 0)
            return (mci_block_kind)kind;
    }
    return MCI_N_BLOCK_KINDS;
}

static mc_status refuse(mc_str line, mc_error *err)
{
    int n = line.len < 80 ? (int)line.len : 80;
    return mc_fail(
        err, MC_E_FORMAT,
        "\"%.*s%s\" is no host, url or uuid; want a domain, an address, scheme://..., 24 "
        "or 32 hex digits, or one of host:, url:, uuid: in front",
        n, line.data, line.len > 80 ? "..." : "");
}

mc_status mci_block_line_parse(mc_str line, mci_block_item *out, mc_error *err)
{
    size_t n;
    if (line.len && line.data[0] == '#')
        return MC_END;
    if (!mci_utf8_valid(line))
        return refuse(line, err);
    if (mci_trim_space(line).len == 0)
        return MC_END;
    mci_block_kind kind = named_kind(line, &n);
    bool is_good = kind == MCI_N_BLOCK_KINDS ? take_by_form(line, out)
                                             : take_named(kind, behind(line, n + 1), out);
    return is_good ? MC_OK : refuse(line, err);
}
