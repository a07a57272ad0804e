/* Which pages Gumbo must not be given, as they end in one of its assertions, and with it the
 * process.
 *
 * Mistaken elements: when a table, select or template ends, Gumbo 0.10.1 looks for what it stands
 * in, and takes a <td> of an svg for a cell, a <select> of an svg for a select, and so on. This
 * needs, each inside the one before: an svg or math, such an element of it, an element of it that
 * holds HTML, and there a table, select or template.
 *
 * Sudden text: a CDATA section and then text, in an element of svg or math that holds HTML, right
 * inside a table.
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

/* Tags in the order in which they are dangerous, as far as they have come. */
typedef struct {
    enum { FOREIGN, MISTAKEN, HOLDER, TABLE, DONE } mistaken; /* which one is the next */
    bool has_foreign, has_holder;
} danger;

static void take_name(const mci_html_scan *scan, mc_str name, danger *d)
{
    mci_tag_kind kind = mci_tag_find(&scan->tags, mci_tag_key_of(name))->kind;
    bool is_holder = mci_is_html_holder(name);
    if (d->mistaken == FOREIGN && kind == MCI_TAG_FOREIGN)
        d->mistaken = MISTAKEN;
    else if (d->mistaken == MISTAKEN && mci_is_mistaken_in_foreign(kind))
        d->mistaken = HOLDER;
    else if (d->mistaken == HOLDER && is_holder)
        d->mistaken = TABLE;
    else if (d->mistaken == TABLE &&
             (kind == MCI_TAG_TABLE || kind == MCI_TAG_SELECT || kind == MCI_TAG_TEMPLATE))
        d->mistaken = DONE;
    d->has_holder |= d->has_foreign && is_holder;
    d->has_foreign |= kind == MCI_TAG_FOREIGN;
}

bool mci_may_confuse_gumbo(const mci_html_scan *scan, const char *at)
{
    danger d = { .mistaken = FOREIGN };
    for (size_t i = 0; i < scan->n_foreign; i++) {
        d.has_foreign = true;
        d.has_holder |= mci_is_html_holder(scan->foreign[i].name);
    }
    if (d.has_foreign)
        d.mistaken = !mci_has_mistaken(scan) ? MISTAKEN : d.has_holder ? TABLE : HOLDER;
    while (at < scan->end && (at = memchr(at, '<', (size_t)(scan->end - at))) != NULL) {
        mc_str name = name_at(++at, scan->end);
        if (d.has_holder && name.len >= 8 && memcmp(name.data, "![CDATA[", 8) == 0)
            return true;
        if (name.len > 0)
            take_name(scan, name, &d);
        if (d.mistaken == DONE)
            return true;
    }
    return false;
}
