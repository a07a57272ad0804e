/* The second pass. First every sign that opens or closes something is paired, with a stack:
 *
 *     {{ a {{ b }} c }}   [[ d | e ]]   {| f |}
 *     |    |_____|    |   |         |   |     |
 *     |_______________|   |_________|   |_____|
 *
 * then the text is walked once, and at each sign it is known where its partner stands. */
#include "io/wikitext.h"

#include "base/alloc.h"
#include "io/html_value.h"
#include "io/wikitext_internal.h"

typedef enum { TEMPLATE, LINK, TABLE, N_PAIRS } pair_kind;

typedef struct mci_wiki_mark {
    uint32_t at, partner; /* bytes; a partner of 0: none */
    uint8_t kind;
    bool is_end;
} mark;

typedef struct {
    mci_wikitext *w;
    mc_str text, hidden;
    size_t at, next_mark;
    size_t n_labels; /* external links whose ']' is to come */
    mci_buf *out;
    mc_error *err;
} walker;

enum {
    MAX_REFERENCE = 40, /* bytes of a character reference */
    MAX_VARIANTS = 1000,
    MAX_TARGET = 2048, /* of a link; titles have at most 255 bytes */
};

void mci_wikitext_release(mci_wikitext *w)
{
    mci_buf_release(&w->clean);
    mci_buf_release(&w->scratch);
    mci_free(w->marks);
    mci_free(w->stack);
    *w = (mci_wikitext){ 0 };
}

static bool starts_with(mc_str text, const char *start)
{
    size_t n = strlen(start);
    return text.len >= n && memcmp(text.data, start, n) == 0;
}

/* ---- pairing ---- */

static mc_status add_mark(mci_wikitext *w, size_t at, pair_kind kind, bool is_end, mc_error *err)
{
    void *marks = w->marks;
    MC_TRY(mci_grow(&marks, &w->cap_marks, w->n_marks + 1, sizeof *w->marks, err));
    w->marks = marks;
    w->marks[w->n_marks++] = (mark){ .at = (uint32_t)at, .kind = (uint8_t)kind, .is_end = is_end };
    return MC_OK;
}

/* Whether only spaces, colons and stars stand before `at` in its line. */
static bool begins_line(mc_str text, size_t at)
{
    while (at > 0 && memchr(" \t:*#;", text.data[at - 1], 6))
        at--;
    return at == 0 || text.data[at - 1] == '\n';
}

/* Finds the marks. Two bytes each, so that they never overlap. */
static mc_status find_marks(mci_wikitext *w, mc_str text, mc_error *err)
{
    w->n_marks = 0;
    for (size_t i = 0; i + 1 < text.len; i++) {
        char a = text.data[i], b = text.data[i + 1];
        if (a != '{' && a != '}' && a != '[' && a != ']' && a != '|')
            continue;
        if (a == '{' && b == '{')
            MC_TRY(add_mark(w, i++, TEMPLATE, false, err));
        else if (a == '}' && b == '}')
            MC_TRY(add_mark(w, i++, TEMPLATE, true, err));
        else if (a == '[' && b == '[')
            MC_TRY(add_mark(w, i++, LINK, false, err));
        else if (a == ']' && b == ']')
            MC_TRY(add_mark(w, i++, LINK, true, err));
        else if (a == '{' && b == '|' && begins_line(text, i))
            MC_TRY(add_mark(w, i++, TABLE, false, err));
        else if (a == '|' && b == '}' && (i + 2 == text.len || text.data[i + 2] != '}') &&
                 begins_line(text, i))
            MC_TRY(add_mark(w, i++, TABLE, true, err));
    }
    return MC_OK;
}

static mc_status push(mci_wikitext *w, size_t i, mc_error *err)
{
    void *stack = w->stack;
    MC_TRY(mci_grow(&stack, &w->cap_stack, w->n_stack + 1, sizeof *w->stack, err));
    w->stack = stack;
    w->stack[w->n_stack++] = (uint32_t)i;
    return MC_OK;
}

/* An end closes the last open mark of its kind; what was opened since stands for itself. */
static mc_status pair_marks(mci_wikitext *w, mc_error *err)
{
    size_t n_open[N_PAIRS] = { 0 };
    w->n_stack = 0;
    for (size_t i = 0; i < w->n_marks; i++) {
        mark *m = &w->marks[i];
        if (!m->is_end) {
            MC_TRY(push(w, i, err));
            n_open[m->kind]++;
            continue;
        }
        while (n_open[m->kind] > 0) {
            mark *top = &w->marks[w->stack[--w->n_stack]];
            n_open[top->kind]--;
            if (top->kind == m->kind) {
                top->partner = m->at;
                m->partner = top->at + 1; /* which is not 0 */
                break;
            }
        }
    }
    return MC_OK;
}

/* ---- links ---- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static mc_str trimmed(mc_str text)
{
    while (text.len && memchr(" _\t", text.data[0], 3))
        text = (mc_str){ text.data + 1, text.len - 1 };
    while (text.len && memchr(" _\t", text.data[text.len - 1], 3))
        text.len--;
    return text;
}

static bool is_listed(mc_str name, mc_str list)
{
    while (list.len) {
        const char *end = memchr(list.data, '\n', list.len);
        size_t n = end ? (size_t)(end - list.data) : list.len;
        bool is_it = n == name.len;
        for (size_t i = 0; is_it && i < n; i++)
            is_it = lower(name.data[i]) == list.data[i];
        if (is_it)
            return true;
        n += end != NULL;
        list = (mc_str){ list.data + n, list.len - n };
    }
    return false;
}

/* "fr", "zh-yue", "simple": what a language is called before a colon. */
static bool is_language(mc_str prefix)
{
    size_t n_letters = 0;
    for (size_t i = 0; i < prefix.len; i++) {
        if (prefix.data[i] == '-')
            break;
        if (prefix.data[i] < 'a' || prefix.data[i] > 'z')
            return false;
        n_letters++;
    }
    bool has_region = n_letters < prefix.len;
    return n_letters == 2 || n_letters == 3 || (has_region && n_letters >= 2 && n_letters <= 5) ||
           mci_wiki_is_named(prefix, "simple");
}

/* Whether a link shows nothing where it stands. */
static bool is_hidden_link(const walker *k, mc_str target, bool has_label)
{
    static const char known[] = "file\nimage\ncategory\nmedia\nbild\nfichier\narchivo\n";
    target = trimmed(target);
    const char *colon = memchr(target.data ? target.data : "", ':', target.len);
    if (!colon || colon == target.data)
        return false; /* ":Category:X" is shown */
    mc_str prefix = trimmed((mc_str){ target.data, (size_t)(colon - target.data) });
    return is_listed(prefix, mc_str_of(known)) || is_listed(prefix, k->hidden) ||
           (!has_label && is_language(prefix));
}

/* At a paired "[[". */
static mc_status walk_link(walker *k, const mark *m)
{
    size_t inside = m->at + 2;
    mc_str body = { k->text.data + inside, m->partner - inside };
    size_t most = body.len < MAX_TARGET ? body.len : MAX_TARGET;
    const char *bar = memchr(body.data, '|', most);
    mc_str target = { body.data, bar ? (size_t)(bar - body.data) : most };
    if (is_hidden_link(k, target, bar != NULL)) {
        k->at = m->partner + 2;
        return MC_OK;
    }
    k->at = inside;
    if (memchr(target.data, '\n', target.len))
        return MC_OK; /* no link, its text stands for itself */
    if (bar)
        k->at += target.len + 1;
    else if (target.len && target.data[0] == ':')
        k->at++;
    return MC_OK;
}

/* ---- the other signs ---- */

static bool begins_url(mc_str text)
{
    return starts_with(text, "http://") || starts_with(text, "https://") ||
           starts_with(text, "ftp://");
}

static size_t url_length(mc_str text)
{
    size_t n = 0;
    while (n < text.len && !memchr(" \t\r\n<>[]{}|\"", text.data[n], 12))
        n++;
    return n;
}

/* At a '[' that opens no page link. */
static mc_status walk_bracket(walker *k, mc_str rest)
{
    mc_str inside = { rest.data + 1, rest.len - 1 };
    if (!begins_url(inside) && !starts_with(inside, "//") && !starts_with(inside, "mailto:")) {
        k->at++;
        return mci_buf_byte(k->out, '[', k->err);
    }
    k->at += 1 + url_length(inside);
    k->n_labels++;
    return MC_OK;
}

/* Two apostrophes are italics, three bold, five both; the others of a run stand for themselves. */
static mc_status walk_apostrophes(walker *k, mc_str rest)
{
    size_t n = 0;
    while (n < rest.len && rest.data[n] == '\'')
        n++;
    k->at += n;
    for (size_t own = n == 1 || n == 4 ? 1 : n > 5 ? n - 5 : 0; own > 0; own--)
        MC_TRY(mci_buf_byte(k->out, '\'', k->err));
    return MC_OK;
}

static mc_status walk_reference(walker *k, mc_str rest)
{
    mc_str value;
    size_t most = rest.len < MAX_REFERENCE ? rest.len : MAX_REFERENCE;
    const char *end = memchr(rest.data, ';', most);
    mc_str raw = { rest.data, end ? (size_t)(end - rest.data) + 1 : 1 };
    k->at += raw.len;
    mci_buf_clear(&k->w->scratch);
    mc_status status = mci_html_value(raw, &k->w->scratch, &value, k->err);
    if (status == MC_END)
        return MC_OK; /* a number of no character */
    MC_TRY(status);
    return mci_buf_add(k->out, value, k->err);
}

/* Tags go; those of breaks and blocks part words. */
static mc_status walk_tag(walker *k, mc_str rest)
{
    static const char *const inlines[] = { "b",   "i",      "u",      "s",          "small",
                                           "big", "span",   "font",   "sup",        "sub",
                                           "em",  "strong", "abbr",   "cite",       "bdi",
                                           "del", "ins",    "nowiki", "onlyinclude" };
    mci_wiki_tag tag;
    if (!mci_wiki_read_tag(rest, &tag)) {
        k->at++;
        return mci_buf_byte(k->out, '<', k->err);
    }
    k->at += tag.len;
    for (size_t i = 0; i < COUNT_OF(inlines); i++)
        if (mci_wiki_is_named(tag.name, inlines[i]))
            return MC_OK;
    return mci_buf_byte(k->out, '\n', k->err);
}

/* "__NOTOC__" and the like. */
static mc_status walk_underscore(walker *k, mc_str rest)
{
    size_t n = 2;
    while (n < rest.len && rest.data[n] >= 'A' && rest.data[n] <= 'Z')
        n++;
    if (n > 2 && rest.len >= n + 2 && starts_with(rest, "__") &&
        memcmp(rest.data + n, "__", 2) == 0) {
        k->at += n + 2;
        return MC_OK;
    }
    k->at++;
    return mci_buf_byte(k->out, '_', k->err);
}

/* "-{zh-hans:A;zh-hant:B}-": the first of some variants; "-{A}-" is A. */
static mc_status walk_variants(walker *k, mc_str rest)
{
    size_t most = rest.len < MAX_VARIANTS ? rest.len : MAX_VARIANTS;
    const char *end = starts_with(rest, "-{") && !starts_with(rest, "-{{")
                          ? memmem(rest.data, most, "}-", 2)
                          : NULL;
    if (!end) {
        k->at++;
        return mci_buf_byte(k->out, '-', k->err);
    }
    mc_str inside = { rest.data + 2, (size_t)(end - rest.data) - 2 };
    k->at += inside.len + 4;
    const char *bar = memchr(inside.data, '|', inside.len);
    if (bar)
        inside = (mc_str){ bar + 1, (size_t)(end - bar) - 1 };
    const char *semicolon = memchr(inside.data, ';', inside.len);
    const char *colon = memchr(inside.data, ':', inside.len);
    if (colon && semicolon && colon < semicolon)
        inside = (mc_str){ colon + 1, (size_t)(semicolon - colon) - 1 };
    return mci_buf_add(k->out, inside, k->err);
}

/* At the start of a line: signs of headings, items, indents; a rule's dashes. */
static void pass_line_signs(walker *k)
{
    while (k->at < k->text.len && memchr("=*#:;", k->text.data[k->at], 5))
        k->at++;
}

/* "== Heading ==" ends in signs, too. */
static mc_status walk_equals(walker *k)
{
    size_t from = k->at;
    while (k->at < k->text.len && memchr("= \t", k->text.data[k->at], 3))
        k->at++;
    if (k->at == k->text.len || k->text.data[k->at] == '\n')
        return MC_OK;
    return mci_buf_append(k->out, k->text.data + from, k->at - from, k->err);
}

/* ---- walking ---- */

/* A sign that has a pair, at k->at. */
static mc_status walk_mark(walker *k, const mark *m)
{
    if (m->partner == 0) { /* stands for itself */
        k->at += 2;
        return mci_buf_append(k->out, k->text.data + m->at, 2, k->err);
    }
    if (m->is_end) { /* of a link, or its start would have passed it over */
        k->at += 2;
        return MC_OK;
    }
    if (m->kind == LINK)
        return walk_link(k, m);
    k->at = m->partner + 2;
    return MC_OK;
}

static mc_status walk_sign(walker *k)
{
    mc_str rest = { k->text.data + k->at, k->text.len - k->at };
    switch (rest.data[0]) {
    case '\n':
        k->at++;
        k->n_labels = 0;
        pass_line_signs(k);
        return mci_buf_byte(k->out, '\n', k->err);
    case '[':
        return walk_bracket(k, rest);
    case ']':
        k->at++;
        if (k->n_labels == 0)
            return mci_buf_byte(k->out, ']', k->err);
        k->n_labels--;
        return MC_OK;
    case '\'':
        return walk_apostrophes(k, rest);
    case '&':
        return walk_reference(k, rest);
    case '<':
        return walk_tag(k, rest);
    case '_':
        return walk_underscore(k, rest);
    case '-':
        return walk_variants(k, rest);
    case 'h':
    case 'f':
        if (begins_url(rest)) {
            k->at += url_length(rest);
            return mci_buf_byte(k->out, ' ', k->err);
        }
        break;
    case '=':
        return walk_equals(k);
    default:
        break;
    }
    k->at++;
    return mci_buf_byte(k->out, rest.data[0], k->err);
}

/* Bytes up to the next sign or mark. */
static size_t plain_run(const walker *k, size_t limit)
{
    static const bool signs[256] = {
        ['\n'] = true, ['['] = true, [']'] = true, ['\''] = true, ['&'] = true, ['<'] = true,
        ['_'] = true,  ['-'] = true, ['h'] = true, ['f'] = true,  ['='] = true
    };
    size_t at = k->at;
    while (at < limit && !signs[(unsigned char)k->text.data[at]])
        at++;
    return at - k->at;
}

static mc_status walk(walker *k)
{
    const mci_wikitext *w = k->w;
    pass_line_signs(k);
    while (k->at < k->text.len) {
        while (k->next_mark < w->n_marks && w->marks[k->next_mark].at < k->at)
            k->next_mark++;
        bool has_mark = k->next_mark < w->n_marks;
        size_t limit = has_mark ? w->marks[k->next_mark].at : k->text.len;
        if (k->at == limit) {
            MC_TRY(walk_mark(k, &w->marks[k->next_mark]));
            continue;
        }
        size_t n = plain_run(k, limit);
        MC_TRY(mci_buf_append(k->out, k->text.data + k->at, n, k->err));
        k->at += n;
        if (k->at < limit)
            MC_TRY(walk_sign(k));
    }
    return MC_OK;
}

mc_status mci_wikitext_to_prose(mci_wikitext *w, mc_str text, mc_str hidden, mci_buf *out,
                                mc_error *err)
{
    if (text.len == 0)
        return MC_OK;
    mci_buf_clear(&w->clean);
    MC_TRY(mci_wikitext_clean(text, &w->clean, err));
    if (w->clean.len >= UINT32_MAX)
        return mc_fail(err, MC_E_LIMIT, "a page of more than 4 GiB");
    walker k = { .w = w, .text = mci_buf_str(&w->clean), .hidden = hidden, .out = out, .err = err };
    if (k.text.len == 0)
        return MC_OK;
    MC_TRY(find_marks(w, k.text, err));
    MC_TRY(pair_marks(w, err));
    return walk(&k);
}
