/* The two passes of wikitext: first elements whose inside is no wikitext, then the rest. */
#ifndef MCI_IO_WIKITEXT_INTERNAL_H
#define MCI_IO_WIKITEXT_INTERNAL_H

#include "io/wikitext.h"

/* A tag of HTML or of an extension. */
typedef struct {
    mc_str name;            /* as it stands */
    size_t len;             /* of the whole tag */
    bool is_end, is_closed; /* </x>, <x/> */
} mci_wiki_tag;

/* Whether a tag begins at text.data[0], which is '<'. */
bool mci_wiki_read_tag(mc_str text, mci_wiki_tag *tag);
/* Whether the names are equal but for ASCII case; name is lower case. */
bool mci_wiki_is_named(mc_str text, const char *name);

/* Appends text without comments and without elements that show no prose, with all signs of wikitext
 * inside <nowiki> as character references. */
mc_status mci_wikitext_clean(mc_str text, mci_buf *out, mc_error *err);

#endif
