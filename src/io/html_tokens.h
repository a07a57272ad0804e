/* Tokens of HTML: tags with their attributes, and the ends of what is no tag, as the standard's
 * tokenizer has them (html.spec.whatwg.org, "Tokenization"). Works in place, allocates nothing.
 * Text is UTF-8; what stands in it is not looked at before it is asked for. */
#ifndef MCI_IO_HTML_TOKENS_H
#define MCI_IO_HTML_TOKENS_H

#include "io/html_tags.h"

typedef struct {
    mci_tag_key key;
    mc_str name;
    const char *attributes; /* behind the name */
    const char *end;        /* behind the > */
    size_t n_attributes;    /* repeated ones, too */
    bool is_self_closing;
} mci_html_tag;

/* Reads the tag whose name begins at `at` (a letter). False: the text ends first, and with it the
 * page; the tag then has what has been read. */
bool mci_html_read_tag(const char *at, const char *end, mci_html_tag *tag);

/* The first attributes with these names (in lower case), raw, into values; {NULL, 0} without one.
 * False: there is a NUL in the name of an attribute, which readers take differently. */
bool mci_html_find_attributes(const mci_html_tag *tag, const char *const *names, size_t n_names,
                              mc_str *values);

/* Behind the comment that begins at `at`, where "<!--" stands; `end` if it is not closed. */
const char *mci_html_pass_comment(const char *at, const char *end);

/* Behind the next > or, for a CDATA section, ]]>; `end` if there is none. */
const char *mci_html_pass_declaration(const char *at, const char *end);
const char *mci_html_pass_cdata(const char *at, const char *end);

/* At the end tag of an element that holds text only, `at` its start; `end` if there is none. */
const char *mci_html_pass_raw(const char *at, const char *end, mc_str name);
/* The same for a script, in which <!-- and <script have a meaning. */
const char *mci_html_pass_script(const char *at, const char *end);

#endif
