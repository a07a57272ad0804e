/* The images of one page, as WAT and HTML readers deliver them. */
#ifndef MCI_IO_PAGE_H
#define MCI_IO_PAGE_H

#include "base/arena.h"
#include "metaclip/base.h"

enum { MCI_MAX_LINK_TEXTS = 3 }; /* alt, title, data-image-title */

typedef struct {
    mc_str key;  /* of those above; never freed */
    mc_str text; /* trimmed, not empty */
} mci_link_text;

typedef struct {
    mc_str url; /* as written; empty or null stands for the page itself */
    mci_link_text texts[MCI_MAX_LINK_TEXTS];
    size_t n_texts;
} mci_link;

/* Valid UTF-8 throughout. Strings lie in the arena, which the readers reset at their start, or in
 * what was read, where its reader says so.
 * Zero-initialise, release at the end. */
typedef struct {
    mci_arena arena;
    mc_str uri;      /* of the page */
    mc_str base;     /* of its <base href> */
    bool has_base;   /* an empty base differs from none */
    mci_link *links; /* every image with a src, also those without texts */
    size_t n_links, cap_links;
    uint64_t n_texts, n_empty_texts; /* attributes seen, and those empty after trimming */
    uint64_t n_replaced;             /* wrong bytes and lone surrogates that became U+FFFD */
    uint64_t n_skipped_lines;        /* of a WAT record, before the one that was read */
} mci_page;

/* Empties the page, keeps its memory. */
void mci_page_reset(mci_page *page);
void mci_page_release(mci_page *page);
/* A new, empty link at the end; lives in the page's heap array, so the pointer is good until the
 * next call. */
mc_status mci_page_add_link(mci_page *page, mci_link **out, mc_error *err);

#endif
