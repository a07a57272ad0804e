#include "io/html_tags.h"

#include <strings.h>

#include "base/error.h"

/* Names that do not fit into a key and matter: plaintext and blockquote by what they do, the rest
 * because of what they are inside svg and math. */
static const char *const long_names[] = { "plaintext",     "blockquote",     "figcaption",
                                          "foreignobject", "annotation-xml", "malignmark" };

static const struct {
    mci_tag_kind kind;
    unsigned flags;
    const char *names;
} facts[] = {
    { MCI_TAG_IMG, MCI_TAG_LEAVES_FOREIGN, "img" },
    { MCI_TAG_IMAGE, 0, "image" },
    { MCI_TAG_BASE, MCI_TAG_OF_HEAD, "base" },
    { MCI_TAG_VOID, MCI_TAG_OF_HEAD, "basefont bgsound link" },
    { MCI_TAG_VOID, MCI_TAG_OF_HEAD | MCI_TAG_LEAVES_FOREIGN, "meta" },
    { MCI_TAG_VOID, MCI_TAG_LEAVES_FOREIGN, "br embed" },
    { MCI_TAG_VOID, MCI_TAG_LEAVES_FOREIGN | MCI_TAG_ENDS_P, "hr" },
    { MCI_TAG_VOID, 0, "area frame param source track wbr" },
    { MCI_TAG_INPUT, 0, "input keygen" },
    { MCI_TAG_TEXTAREA, 0, "textarea" },
    { MCI_TAG_SCRIPT, MCI_TAG_OF_HEAD, "script" },
    { MCI_TAG_RAW, MCI_TAG_OF_HEAD, "noframes style title" },
    { MCI_TAG_RAW, 0, "xmp iframe noembed" },
    { MCI_TAG_PLAINTEXT, 0, "plaintext" },
    { MCI_TAG_TABLE, MCI_TAG_LEAVES_FOREIGN, "table" },
    { MCI_TAG_CAPTION, 0, "caption" },
    { MCI_TAG_COLUMNS, 0, "col colgroup" },
    { MCI_TAG_SECTION, 0, "tbody tfoot thead" },
    { MCI_TAG_ROW, 0, "tr" },
    { MCI_TAG_CELL, 0, "td th" },
    { MCI_TAG_SELECT, 0, "select" },
    { MCI_TAG_CLOSED_BY_NEXT, 0, "option" },
    { MCI_TAG_FOREIGN, 0, "svg math" },
    { MCI_TAG_TEMPLATE, MCI_TAG_OF_HEAD, "template" },
    { MCI_TAG_FRAMESET, 0, "frameset" },
    { MCI_TAG_ROOT, 0, "html" },
    { MCI_TAG_ROOT, MCI_TAG_LEAVES_FOREIGN, "body" },
    { MCI_TAG_HEAD, MCI_TAG_LEAVES_FOREIGN, "head" },
    { MCI_TAG_OBJECT, 0, "applet marquee object" },
    { MCI_TAG_FORMATTING, MCI_TAG_LEAVES_FOREIGN, "b big code em i s small strike strong tt u" },
    { MCI_TAG_FORMATTING, 0, "font" },
    { MCI_TAG_ANCHOR, 0, "a" },
    { MCI_TAG_ANCHOR, MCI_TAG_LEAVES_FOREIGN, "nobr" },
    { MCI_TAG_CLOSED_BY_NEXT, MCI_TAG_LEAVES_FOREIGN | MCI_TAG_ENDS_P, "p li dd dt" },
    { MCI_TAG_FORM, 0, "form" },
    { MCI_TAG_LOOSE, 0, "button noscript optgroup rb rp rt rtc isindex menuitem command" },
    { MCI_TAG_OTHER, MCI_TAG_LEAVES_FOREIGN | MCI_TAG_ENDS_P,
      "blockquote center div dl h1 h2 h3 h4 h5 h6 listing menu ol pre ul" },
    { MCI_TAG_OTHER, MCI_TAG_LEAVES_FOREIGN, "ruby span sub sup var" },
    { MCI_TAG_OTHER, MCI_TAG_ENDS_P,
      "address article aside details dir fieldset figcaption figure footer header hgroup main nav "
      "section summary" },
};

mci_tag_key mci_tag_key_of(mc_str name)
{
    mci_tag_key key = 0;
    if (name.len <= sizeof key) {
        for (size_t i = 0; i < name.len; i++) {
            unsigned char c = (unsigned char)name.data[i];
            if (c == 0)
                return MCI_LONG_NAME;
            key |= (mci_tag_key)(c >= 'A' && c <= 'Z' ? c + 32 : c) << 8 * i;
        }
        return key;
    }
    for (size_t i = 0; i < COUNT_OF(long_names); i++)
        if (strlen(long_names[i]) == name.len &&
            strncasecmp(long_names[i], name.data, name.len) == 0)
            return MCI_LONG_NAME - 1 - i;
    return MCI_LONG_NAME;
}

static void add_fact(mci_tag_table *table, mci_tag_fact fact)
{
    size_t slot = mci_tag_slot(fact.key);
    while (table->slots[slot].key != 0)
        slot = (slot + 1) % MCI_TAG_SLOTS;
    table->slots[slot] = fact;
}

void mci_tag_table_init(mci_tag_table *table)
{
    memset(table, 0, sizeof *table);
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        const char *name = facts[i].names;
        while (*name) {
            size_t len = strcspn(name, " ");
            add_fact(table, (mci_tag_fact){ .key = mci_tag_key_of((mc_str){ name, len }),
                                            .kind = (uint8_t)facts[i].kind,
                                            .flags = (uint8_t)facts[i].flags });
            name += len + (name[len] == ' ');
        }
    }
}
