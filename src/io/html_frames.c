/* Tables, templates and selects: what becomes of an image in them depends on their tags alone,
 * because in HTML nothing else opens or closes them. A div that is open in a cell, for example, is
 * closed with it, and </div> in a cell does not close the table.
 *
 * An image between the cells, as in <table><img><tr>, moves before its table. So does all else that
 * stands there, in order; thus the next one comes behind those that moved already, at next_fostered
 * in the page's list, and before the images of the table's cells. */
#include "io/html_scan_internal.h"

static void enter(mci_html_scan *scan, html_frame frame)
{
    if (scan->n_frames == MAX_FRAMES) {
        mci_ask(scan, "tables or templates nested hundreds deep");
        return;
    }
    frame.n_open = scan->n_open;
    frame.n_formatting = scan->n_formatting;
    frame.next_fostered = scan->page->n_links;
    scan->frames[scan->n_frames++] = frame;
}

/* All that is open inside the frame is closed: in a cell, caption or template with what was
 * formatted there. An object's end tag that does not come leaves a marker in the list of formatting
 * elements, and from then on what can be said of that list is only an upper bound. */
static void close_content(mci_html_scan *scan, html_frame *frame, bool ends_formatting)
{
    scan->n_open = frame->n_open;
    scan->n_lost_markers += frame->n_objects;
    frame->n_objects = frame->n_p = 0;
    if (ends_formatting && scan->n_lost_markers == 0)
        scan->n_formatting = frame->n_formatting;
}

/* Out of the caption or cell, or of what stands between cells. */
static void close_cell(mci_html_scan *scan, html_frame *table)
{
    close_content(scan, table, table->place == IN_CAPTION || table->place == IN_CELL);
}

static void open_cell(mci_html_scan *scan, html_frame *table, html_place place)
{
    table->n_formatting = scan->n_formatting;
    table->place = place;
}

void mci_frames_begin(mci_html_scan *scan)
{
    scan->n_frames = 0;
    enter(scan, (html_frame){ .place = IN_BODY });
}

void mci_enter_template(mci_html_scan *scan)
{
    enter(scan, (html_frame){ .place = IN_TEMPLATE, .is_template = true });
}

void mci_leave_template(mci_html_scan *scan)
{
    size_t i = scan->n_frames;
    while (i > 0 && !scan->frames[i - 1].is_template)
        i--;
    if (i == 0)
        return;
    for (; scan->n_frames > i; scan->n_frames--) {
        const html_frame *inner = mci_top(scan);
        scan->n_lost_markers +=
            inner->n_objects + (inner->place == IN_CAPTION || inner->place == IN_CELL);
    }
    close_content(scan, mci_top(scan), true);
    scan->n_frames--;
}

void mci_enter_select(mci_html_scan *scan)
{
    enter(scan, (html_frame){ .place = IN_SELECT, .is_in_table = mci_is_table(mci_top(scan)) });
}

void mci_leave_select(mci_html_scan *scan)
{
    scan->n_frames--;
}

static void leave_table(mci_html_scan *scan)
{
    close_cell(scan, mci_top(scan));
    scan->n_frames--;
}

void mci_table_start_tag(mci_html_scan *scan, mci_tag_key key, mci_tag_kind kind)
{
    html_frame *table = mci_top(scan);
    if (kind == MCI_TAG_TABLE) {
        if (mci_is_between_cells(table))
            leave_table(scan);
        enter(scan, (html_frame){ .place = IN_TABLE });
        return;
    }
    if (!mci_is_table(table))
        return;
    close_cell(scan, table);
    bool has_section = table->place != IN_TABLE && table->place != IN_CAPTION;
    if (!has_section || kind == MCI_TAG_SECTION)
        table->section = kind == MCI_TAG_SECTION ? key : scan->tbody;
    if (kind == MCI_TAG_CAPTION) {
        open_cell(scan, table, IN_CAPTION);
    } else if (kind == MCI_TAG_CELL) {
        open_cell(scan, table, IN_CELL);
        table->cell = key;
    } else {
        table->place = kind == MCI_TAG_SECTION ? IN_SECTION
                       : kind == MCI_TAG_ROW   ? IN_ROW
                                               : IN_TABLE;
    }
}

bool mci_is_open_in_table(const html_frame *table, mci_tag_key key, mci_tag_kind kind)
{
    html_place place = table->place;
    bool is_in_row = place == IN_ROW || place == IN_CELL;
    switch (kind) {
    case MCI_TAG_TABLE:
        return true;
    case MCI_TAG_CAPTION:
        return place == IN_CAPTION;
    case MCI_TAG_SECTION:
        return (is_in_row || place == IN_SECTION) && key == table->section;
    case MCI_TAG_ROW:
        return is_in_row;
    case MCI_TAG_CELL:
        return place == IN_CELL && key == table->cell;
    default:
        return false;
    }
}

void mci_table_end_tag(mci_html_scan *scan, mci_tag_key key, mci_tag_kind kind)
{
    html_frame *table = mci_top(scan);
    if (!mci_is_table(table) || !mci_is_open_in_table(table, key, kind))
        return;
    if (kind == MCI_TAG_TABLE) {
        leave_table(scan);
        return;
    }
    close_cell(scan, table);
    table->place = kind == MCI_TAG_ROW ? IN_SECTION : kind == MCI_TAG_CELL ? IN_ROW : IN_TABLE;
}
