/* What the scanner remembers of a page: no tree, but where in one it stands. */
#ifndef MCI_IO_HTML_SCAN_INTERNAL_H
#define MCI_IO_HTML_SCAN_INTERNAL_H

#include "base/buf.h"
#include "io/html_scan.h"
#include "io/html_tags.h"
#include "io/html_tokens.h"

enum { MAX_FRAMES = 256, MAX_FOREIGN = 256, MAX_OPEN = 2000 };

/* The standard's insertion modes, as far as they decide what becomes of an image. All from before
 * <html> to behind </html> is BODY; a column group is like the table around it. */
typedef enum {
    IN_BODY,
    IN_TEMPLATE, /* of which nothing is known yet: the first tag may make it BODY */
    IN_SELECT,
    IN_TABLE,
    IN_SECTION,
    IN_ROW,
    IN_CAPTION,
    IN_CELL,
} html_place;

/* The body, and each template, table and select that is open. */
typedef struct {
    html_place place;
    bool is_template;
    bool is_in_table;          /* a select: right inside a table or cell */
    mci_tag_key section, cell; /* the open ones of a table */
    size_t next_fostered;  /* among the page's links: one in a table but in no cell comes here */
    size_t n_open;         /* elements open around it */
    size_t n_formatting;   /* formatting elements open around the template, caption or cell */
    size_t n_objects, n_p; /* open ones in it */
} html_frame;

typedef struct {
    mci_tag_key key;
    mci_tag_kind kind;
    mc_str name;
} html_foreign;

struct mci_html_scan {
    mci_tag_table tags;
    mci_tag_key tbody, svg, p, ul, ol, dl; /* their keys */
    mci_buf values[4], scratch;

    const char *at, *end; /* what is not yet read */
    mci_page *page;
    mc_status status; /* MC_OK: go on */
    const char *why;  /* Gumbo has to be asked (status is MC_END then) */

    html_frame frames[MAX_FRAMES];
    size_t n_frames;
    html_foreign foreign[MAX_FOREIGN]; /* open elements from <svg> or <math> on */
    size_t n_foreign;

    mci_tag_key open[MAX_OPEN]; /* html_nesting.c */
    size_t n_open;
    size_t n_formatting, n_lost_markers;
    bool are_forms_sure;
    size_t max_depth;

    uint64_t n_start_tags, n_tags, n_attributes, n_root_attributes;
    uint64_t n_clones, n_clone_bytes, n_adoptions;
    uint64_t n_error_bytes, n_matched, n_loose;
    bool is_counting; /* the page is read again, for n_wrong */
    uint64_t n_wrong; /* characters of tags and comments that may be an error each */
};

static inline html_frame *mci_top(mci_html_scan *scan)
{
    return &scan->frames[scan->n_frames - 1];
}

static inline bool mci_is_table(const html_frame *frame)
{
    return frame->place >= IN_TABLE;
}

/* In a table, but neither in a caption nor in a cell: what stands here moves before the table. */
static inline bool mci_is_between_cells(const html_frame *frame)
{
    return frame->place >= IN_TABLE && frame->place <= IN_ROW;
}

/* Stops: Gumbo has to be asked. */
static inline void mci_ask(mci_html_scan *scan, const char *why)
{
    if (scan->status == MC_OK) {
        scan->status = MC_END;
        scan->why = why;
    }
}

/* ---- html_frames.c: tables, templates and selects ---- */

void mci_frames_begin(mci_html_scan *scan);
void mci_enter_template(mci_html_scan *scan);
void mci_leave_template(mci_html_scan *scan); /* if there is one */
void mci_enter_select(mci_html_scan *scan);
void mci_leave_select(mci_html_scan *scan);
/* Tags of tables, of kinds TABLE to CELL, anywhere but in a select or in svg and math. */
void mci_table_start_tag(mci_html_scan *scan, mci_tag_key key, mci_tag_kind kind);
void mci_table_end_tag(mci_html_scan *scan, mci_tag_key key, mci_tag_kind kind);
/* Whether the innermost table has such an element open. */
bool mci_is_open_in_table(const html_frame *table, mci_tag_key key, mci_tag_kind kind);

/* ---- html_trust.c: what Gumbo must not be given ---- */

/* Whether tags inside such an element of svg or math are HTML again, in one of the two at least. */
bool mci_is_html_holder(mc_str name);
/* Whether Gumbo may take an svg's or math's element of this kind for HTML's. */
bool mci_is_mistaken_in_foreign(mci_tag_kind kind);
/* Whether such a one is open. */
bool mci_has_mistaken(const mci_html_scan *scan);
/* Whether one may come to hold HTML, from here (unread text) on. */
bool mci_may_confuse_gumbo(const mci_html_scan *scan, const char *at);

/* ---- html_nesting.c: how deep and how much work ---- */

void mci_nesting_begin(mci_html_scan *scan);
/* The start tag of an element that ends an open <p>, and of one that has content. */
void mci_nesting_end_p(mci_html_scan *scan);
void mci_nesting_push(mci_html_scan *scan, mci_tag_key key, mci_tag_kind kind);
void mci_nesting_end_tag(mci_html_scan *scan, mci_tag_key key, mci_tag_kind kind);
/* Count a tag, before anything is done with it; and after it that it was an end tag. */
void mci_count_start_tag(mci_html_scan *scan, const mci_html_tag *tag, mci_tag_kind kind);
void mci_count_end_tag(mci_html_scan *scan, const mci_html_tag *tag, bool has_matched);
void mci_count_declaration(mci_html_scan *scan, const char *at, const char *end);
/* At the end of the page: asks Gumbo if it might take too much memory or time for it. False: that
 * cannot be said yet, read the page again and count. */
bool mci_check_effort(mci_html_scan *scan, mc_str text);
/* The bound on memory, of a page that was counted. */
uint64_t mci_counted_bytes(const mci_html_scan *scan, mc_str text);

#endif
