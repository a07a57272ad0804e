/* Names of HTML elements: what a reader of images has to know of each. */
#ifndef MCI_IO_HTML_TAGS_H
#define MCI_IO_HTML_TAGS_H

#include "metaclip/base.h"

typedef enum {
    MCI_TAG_OTHER, /* also every name that is not known */
    MCI_TAG_VOID,  /* has no content */
    MCI_TAG_IMG,
    MCI_TAG_IMAGE, /* HTML's other word for img, and an element of svg */
    MCI_TAG_BASE,
    MCI_TAG_INPUT, /* or keygen: both end a select */
    MCI_TAG_TEXTAREA,
    MCI_TAG_SCRIPT,
    MCI_TAG_RAW, /* the others that hold text only */
    MCI_TAG_PLAINTEXT,
    MCI_TAG_TABLE,
    MCI_TAG_CAPTION,
    MCI_TAG_COLUMNS, /* col, colgroup */
    MCI_TAG_SECTION, /* tbody, tfoot, thead */
    MCI_TAG_ROW,
    MCI_TAG_CELL, /* td, th */
    MCI_TAG_SELECT,
    MCI_TAG_FOREIGN, /* svg, math */
    MCI_TAG_TEMPLATE,
    MCI_TAG_FRAMESET,
    MCI_TAG_ROOT, /* html, body: a second one gives its attributes to the first */
    MCI_TAG_HEAD,
    MCI_TAG_OBJECT,         /* or applet, marquee: what is formatted around them is not inside */
    MCI_TAG_FORMATTING,     /* b, i, ...: go on where they were left open */
    MCI_TAG_ANCHOR,         /* a, nobr: the same, but a second one ends the first */
    MCI_TAG_CLOSED_BY_NEXT, /* p, li, dd, dt, option: by another one right behind */
    MCI_TAG_FORM,
    MCI_TAG_LOOSE, /* others of which there may be one open less than it seems */
} mci_tag_kind;

enum {
    MCI_TAG_LEAVES_FOREIGN = 1, /* its start tag ends svg and math */
    MCI_TAG_OF_HEAD = 2,        /* read in a template without saying what the template is for */
    MCI_TAG_ENDS_P = 4,         /* its start tag certainly ends a <p> */
};

/* A name in lower case: its up to eight bytes; a longer one that is known has a number of its own,
 * all others, and those with a NUL, have MCI_LONG_NAME. */
typedef uint64_t mci_tag_key;
#define MCI_LONG_NAME UINT64_MAX

typedef struct {
    mci_tag_key key;
    uint8_t kind, flags;
} mci_tag_fact;

enum { MCI_TAG_SLOTS = 512 };

/* A hash table of facts; an empty slot's key is 0. */
typedef struct {
    mci_tag_fact slots[MCI_TAG_SLOTS];
} mci_tag_table;

void mci_tag_table_init(mci_tag_table *table);

static inline size_t mci_tag_slot(mci_tag_key key)
{
    return (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 55);
}

/* The fact of a name; one of kind OTHER without flags if nothing is known. */
static inline const mci_tag_fact *mci_tag_find(const mci_tag_table *table, mci_tag_key key)
{
    size_t slot = mci_tag_slot(key);
    while (table->slots[slot].key != key && table->slots[slot].key != 0)
        slot = (slot + 1) % MCI_TAG_SLOTS;
    return &table->slots[slot];
}

/* The key of a name, which may be in upper case. */
mci_tag_key mci_tag_key_of(mc_str name);

#endif
