/* The first pass: comments and elements. */
#include "io/wikitext_internal.h"

enum { MAX_TAG_BYTES = 2048 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c)
{
    c = lower(c);
    return c >= 'a' && c <= 'z';
}

bool mci_wiki_is_named(mc_str text, const char *name)
{
    size_t n = strlen(name);
    if (text.len != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (lower(text.data[i]) != name[i])
            return false;
    return true;
}

bool mci_wiki_read_tag(mc_str text, mci_wiki_tag *tag)
{
    size_t at = 1, most = text.len < MAX_TAG_BYTES ? text.len : MAX_TAG_BYTES;
    tag->is_end = at < most && text.data[at] == '/';
    at += tag->is_end;
    if (at >= most || !is_letter(text.data[at]))
        return false;
    tag->name = (mc_str){ text.data + at, 0 };
    while (at < most &&
           (is_letter(text.data[at]) || (text.data[at] >= '0' && text.data[at] <= '9')))
        at++;
    tag->name.len = (size_t)(text.data + at - tag->name.data);
    if (at < most && !memchr("> /\t\r\n", text.data[at], 6))
        return false;
    while (at < most && text.data[at] != '>' && text.data[at] != '<')
        at++;
    if (at >= most || text.data[at] != '>')
        return false;
    tag->is_closed = text.data[at - 1] == '/';
    tag->len = at + 1;
    return true;
}

/* Elements that show no prose. */
static const char *const hidden[] = {
    "ref",
    "references",
    "math",
    "chem",
    "ce",
    "gallery",
    "timeline",
    "code",
    "pre",
    "source",
    "score",
    "imagemap",
    "syntaxhighlight",
    "hiero",
    "table",
    "graph",
    "inputbox",
    "mapframe",
    "maplink",
    "templatestyles",
    "templatedata",
    "style",
    "script",
    "section",
    "indicator",
    "categorytree",
};
enum { N_HIDDEN = COUNT_OF(hidden), NOWIKI = N_HIDDEN, COMMENT, N_KINDS };

typedef struct {
    mc_str text;
    size_t at;
    uint32_t unclosed; /* bit k: no end of kind k follows any more; keeps this linear */
} cleaner;

static size_t kind_of(const mci_wiki_tag *tag)
{
    for (size_t i = 0; i < N_HIDDEN; i++)
        if (mci_wiki_is_named(tag->name, hidden[i]))
            return i;
    return mci_wiki_is_named(tag->name, "nowiki") ? NOWIKI : N_KINDS;
}

static mc_str rest_of(const cleaner *c, size_t from)
{
    return (mc_str){ c->text.data + from, c->text.len - from };
}

/* Where the end tag of a kind stands behind `from`, and its length; false if nowhere. */
static bool find_end(cleaner *c, size_t kind, size_t from, size_t *at, size_t *len)
{
    const char *name = kind == NOWIKI ? "nowiki" : hidden[kind];
    if (c->unclosed >> kind & 1)
        return false;
    for (;;) {
        mc_str rest = rest_of(c, from);
        const char *end = memmem(rest.data, rest.len, "</", 2);
        if (!end)
            break;
        mci_wiki_tag tag;
        *at = (size_t)(end - c->text.data);
        if (mci_wiki_read_tag(rest_of(c, *at), &tag) && mci_wiki_is_named(tag.name, name)) {
            *len = tag.len;
            return true;
        }
        from = *at + 2;
    }
    c->unclosed |= UINT32_C(1) << kind;
    return false;
}

/* What would mean something elsewhere, as the second pass will read it. */
static mc_status add_verbatim(mc_str text, mci_buf *out, mc_error *err)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c && strchr("[]{}|<>_-'=*#:", c))
            MC_TRY(mci_buf_printf(out, err, "&#%u;", c));
        else
            MC_TRY(mci_buf_byte(out, (char)c, err));
    }
    return MC_OK;
}

static void pass_comment(cleaner *c)
{
    mc_str rest = rest_of(c, c->at + 4);
    const char *end = memmem(rest.data, rest.len, "-->", 3);
    c->at = end ? (size_t)(end - c->text.data) + 3 : c->text.len;
}

/* At a tag of a hidden kind or <nowiki>. */
static mc_status pass_element(cleaner *c, const mci_wiki_tag *tag, size_t kind, mci_buf *out,
                              mc_error *err)
{
    size_t inside = c->at + tag->len, end = 0, end_len = 0;
    c->at = inside;
    if (tag->is_end || tag->is_closed || !find_end(c, kind, inside, &end, &end_len))
        return MC_OK;
    c->at = end + end_len;
    if (kind != NOWIKI)
        return MC_OK;
    return add_verbatim((mc_str){ c->text.data + inside, end - inside }, out, err);
}

static mc_status clean_sign(cleaner *c, mci_buf *out, mc_error *err)
{
    mc_str rest = rest_of(c, c->at);
    mci_wiki_tag tag;
    if (rest.len >= 4 && memcmp(rest.data, "<!--", 4) == 0) {
        pass_comment(c);
        return MC_OK;
    }
    size_t kind = mci_wiki_read_tag(rest, &tag) ? kind_of(&tag) : N_KINDS;
    if (kind != N_KINDS)
        return pass_element(c, &tag, kind, out, err);
    c->at++;
    return mci_buf_byte(out, '<', err);
}

mc_status mci_wikitext_clean(mc_str text, mci_buf *out, mc_error *err)
{
    cleaner c = { .text = text };
    while (c.at < text.len) {
        mc_str rest = rest_of(&c, c.at);
        const char *sign = memchr(rest.data, '<', rest.len);
        size_t n = sign ? (size_t)(sign - rest.data) : rest.len;
        MC_TRY(mci_buf_append(out, rest.data, n, err));
        c.at += n;
        if (sign)
            MC_TRY(clean_sign(&c, out, err));
    }
    return MC_OK;
}
