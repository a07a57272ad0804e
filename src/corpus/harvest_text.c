/* What is counted of a page, of lines of text, and of lines of page views. */
#include "base/utf8.h"
#include "corpus/harvest_internal.h"

enum { MAX_TITLE_CHARACTERS = 256 };

/* ---- words ---- */

static mc_status count_word(void *user, mc_str word, bool follows, mc_error *err)
{
    mci_harvester *h = user;
    uint32_t id = 0;
    MC_TRY(mci_count_word(h->table, word, 1, &id, err));
    h->seen.words++;
    if (follows) {
        MC_TRY(mci_count_pair(h->table, h->last, id, err));
        h->seen.pairs++;
    }
    h->last = id;
    return MC_OK;
}

static mc_status count_text(mci_harvester *h, mc_str text, mc_error *err)
{
    h->seen.prose_bytes += text.len;
    return mci_tokenize(h->tokenizer, text, count_word, h, err);
}

/* ---- pages ---- */

/* Old dumps have no <redirect/>. */
static bool is_redirect(mc_str text)
{
    static const char word[] = "#redirect";
    size_t n = sizeof word - 1;
    while (text.len && memchr(" \t\r\n", text.data[0], 4))
        text = (mc_str){ text.data + 1, text.len - 1 };
    for (size_t i = 0; i < n; i++)
        if (i == text.len || (i == 0 ? text.data[0] != '#' : (text.data[i] | 0x20) != word[i]))
            return false;
    return true;
}

mc_status mci_harvest_page(mci_harvester *h, mc_str element, const char *name, mc_str hidden,
                           mc_error *err)
{
    mci_wiki_page page;
    mc_error why = { 0 };
    h->seen.pages_read++;
    if (h->rule->is_titles)
        return mc_fail(err, MC_E_FORMAT, "%s: this is a dump of pages, not of page views", name);
    mc_status status = element.len > h->rule->max_page_bytes
                           ? mc_fail(&why, MC_SKIPPED, "a page is longer than --max-record-bytes")
                           : mci_wiki_xml_parse(h->xml, element, &page, &why);
    if (status < 0)
        return mc_fail(err, status, "%s", why.text);
    if (status == MC_SKIPPED) {
        h->seen.pages_damaged++;
        mci_harvest_note(h, name, why.text);
        return MC_OK;
    }
    if (page.ns != 0 || (page.model.len && !mc_str_equal(page.model, mc_str_of("wikitext")))) {
        h->seen.pages_other++;
        return MC_OK;
    }
    if (page.is_redirect || is_redirect(page.text)) {
        h->seen.pages_redirect++;
        return MC_OK;
    }
    h->seen.pages_counted++;
    mci_buf_clear(&h->prose);
    MC_TRY(mci_wikitext_to_prose(&h->wikitext, page.text, hidden, &h->prose, err));
    return count_text(h, mci_buf_str(&h->prose), err);
}

/* ---- page views ---- */

/* Cuts the part before the next space off line. */
static mc_str next_field(mc_str *line)
{
    const char *space = line->len ? memchr(line->data, ' ', line->len) : NULL;
    size_t n = space ? (size_t)(space - line->data) : line->len;
    mc_str field = { line->data, n };
    n += space != NULL;
    *line = (mc_str){ line->data + n, line->len - n };
    return field;
}

static bool read_number(mc_str digits, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9' || i == 12)
            return false;
        *value = *value * 10 + (uint64_t)(digits.data[i] - '0');
    }
    return digits.len > 0;
}

/* Whether a title may be an entry: it has a letter or number, and no colon. */
static bool is_title(const mci_harvester *h, mc_str title)
{
    const char *at = title.data, *end = title.data + title.len;
    size_t n = 0;
    bool has_letter = false;
    if (title.len == 0 || memchr(title.data, ':', title.len))
        return false;
    for (bool valid; at < end; n++) {
        uint32_t c = mci_utf8_next(&at, end, &valid);
        if (!valid || c < ' ')
            return false;
        has_letter |= mci_is_letter(h->letters, c);
    }
    return has_letter && n <= MAX_TITLE_CHARACTERS;
}

/* "en Red_car 57 0": wiki, title, views, and a number that is not used any more. */
static mc_status count_views(mci_harvester *h, mc_str line, const char *name, mc_error *err)
{
    const mci_harvest_rule *rule = h->rule;
    h->seen.lines_read++;
    mc_str wiki = next_field(&line), title = next_field(&line), views = next_field(&line);
    uint64_t n = 0, unused = 0;
    if (!read_number(views, &n) || !read_number(line, &unused)) {
        if (h->seen.lines_damaged++ == 0)
            mci_harvest_note(h, name, "a line is not \"wiki title views bytes\"");
        return MC_OK;
    }
    bool is_wanted = mc_str_equal(wiki, rule->domain) ||
                     (rule->mobile_domain.len && mc_str_equal(wiki, rule->mobile_domain));
    if (!is_wanted || n < rule->min_line_views || n == 0 || !is_title(h, title)) {
        h->seen.lines_other++;
        return MC_OK;
    }
    uint32_t id;
    h->seen.lines_counted++;
    h->seen.words += n;
    mci_buf_clear(&h->prose);
    MC_TRY(mci_buf_add(&h->prose, title, err));
    for (size_t i = 0; i < title.len; i++)
        if (h->prose.data[i] == '_')
            h->prose.data[i] = ' ';
    return mci_count_word(h->table, mci_buf_str(&h->prose), n, &id, err);
}

static mc_str next_line(mc_str *lines)
{
    const char *end = memchr(lines->data, '\n', lines->len);
    size_t n = end ? (size_t)(end - lines->data) : lines->len;
    mc_str line = { lines->data, n };
    n += end != NULL;
    *lines = (mc_str){ lines->data + n, lines->len - n };
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* ---- lines ---- */

static bool starts_with(mc_str text, const char *start)
{
    size_t n = strlen(start);
    return text.len >= n && memcmp(text.data, start, n) == 0;
}

/* Where the next line begins that WikiExtractor writes around an article. */
static size_t find_doc(mc_str text, size_t from)
{
    static const char *const starts[] = { "<doc id=", "</doc>" };
    size_t first = text.len;
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        const char *at = text.data + from;
        for (const char *stop = text.data + first; at < stop; at++) {
            at = memmem(at, (size_t)(stop - at), starts[i], strlen(starts[i]));
            if (!at)
                break;
            if (at == text.data || at[-1] == '\n') {
                first = (size_t)(at - text.data);
                break;
            }
        }
    }
    return first;
}

static mc_status count_lines(mci_harvester *h, mc_str text, mc_error *err)
{
    for (size_t at = 0; at < text.len;) {
        size_t end = find_doc(text, at);
        MC_TRY(count_text(h, (mc_str){ text.data + at, end - at }, err));
        mc_str rest = { text.data + end, text.len - end };
        if (starts_with(rest, "<"))
            next_line(&rest);
        at = text.len - rest.len;
    }
    return MC_OK;
}

mc_status mci_harvest_lines(mci_harvester *h, mc_str lines, const char *name, mc_error *err)
{
    if (!h->rule->is_titles)
        return count_lines(h, lines, err);
    while (lines.len)
        MC_TRY(count_views(h, next_line(&lines), name, err));
    return MC_OK;
}
