/* Which pages Gumbo must not be given.
 *
 * When a table, select or template ends, Gumbo 0.10.1 looks for what it stands in, and takes a <td>
 * of an svg for a cell, a <select> of an svg for a select, and so on. What it does then ends in an
 * assertion, and with it the process. This needs, each inside the one before: an svg or math, such
 * an element of it, an element of it that holds HTML, and there a table, select or template.
 *
 * As far as the scanner reads, it knows what stands in what. Behind that, tags in this order are
 * enough to be suspected. Pages have none of this unless somebody wants it. */
#include "io/html_scan_internal.h"

bool mci_is_mistaken_in_foreign(mci_tag_kind kind)
{
    return (kind > MCI_TAG_TABLE && kind <= MCI_TAG_SELECT) || kind == MCI_TAG_TEMPLATE ||
           kind == MCI_TAG_FRAMESET || kind == MCI_TAG_ROOT;
}

bool mci_has_mistaken(const mci_html_scan *scan)
{
    for (size_t i = 0; i < scan->n_foreign; i++)
        if (mci_is_mistaken_in_foreign(scan->foreign[i].kind))
            return true;
    return false;
}

static bool is_name_end(char c)
{
    return c == '>' || c == '/' || c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static mc_str name_at(const char *at, const char *end)
{
    const char *start = at;
    while (at < end && !is_name_end(*at))
        at++;
    return (mc_str){ start, (size_t)(at - start) };
}

bool mci_may_confuse_gumbo(const mci_html_scan *scan, const char *at)
{
    enum {
        FOREIGN,
        MISTAKEN,
        HTML,
        TABLE
    } next = scan->n_foreign == 0     ? FOREIGN
             : mci_has_mistaken(scan) ? HTML
                                      : MISTAKEN;
    while (at < scan->end && (at = memchr(at, '<', (size_t)(scan->end - at))) != NULL) {
        mc_str name = name_at(++at, scan->end);
        if (name.len == 0)
            continue;
        mci_tag_kind kind = mci_tag_find(&scan->tags, mci_tag_key_of(name))->kind;
        if (next == FOREIGN && kind == MCI_TAG_FOREIGN)
            next = MISTAKEN;
        else if (next == MISTAKEN && mci_is_mistaken_in_foreign(kind))
            next = HTML;
        else if (next == HTML && mci_is_html_holder(name))
            next = TABLE;
        else if (next == TABLE &&
                 (kind == MCI_TAG_TABLE || kind == MCI_TAG_SELECT || kind == MCI_TAG_TEMPLATE))
            return true;
    }
    return false;
}
