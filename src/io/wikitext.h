/* The prose of wikitext: what a reader of the article reads in running text.
 *
 *   gone         templates {{...}}, tables {|...|} and <table>, files, categories and links to
 * other languages, references, mathematics, code, galleries and the like, comments, magic words,
 * urls their label  links [[target|label]], [http://... label] their text   all other elements,
 * bold and italics, headings, items of lists decoded      character references
 *
 * Good enough to count words; it is no renderer: templates are not expanded. What is not closed
 * stands for itself. Time is linear in the text, whatever it holds. */
#ifndef MCI_IO_WIKITEXT_H
#define MCI_IO_WIKITEXT_H

#include "base/buf.h"
#include "base/error.h"

/* Memory of one thread. Zero-initialise, release at the end. */
typedef struct {
    mci_buf clean, scratch;
    struct mci_wiki_mark *marks;
    size_t n_marks, cap_marks;
    uint32_t *stack;
    size_t n_stack, cap_stack;
} mci_wikitext;

void mci_wikitext_release(mci_wikitext *w);

/* Appends the prose of text to out. `hidden` names namespaces whose links show nothing, beside
 * those that all wikis know: lower case, each followed by LF (as of mci_wiki_namespaces). Errors:
 * MC_E_NOMEM. */
mc_status mci_wikitext_to_prose(mci_wikitext *w, mc_str text, mc_str hidden, mci_buf *out,
                                mc_error *err);

#endif
