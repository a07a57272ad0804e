/* How deep Gumbo would nest the elements of a page, how much memory its tree would take, and how
 * much work: at least that much. A page that comes near a limit of html_tree.c is left to Gumbo, so
 * that it is refused here if and only if it is refused there.
 *
 * open[] holds what Gumbo has open, in its order, and maybe more: an element goes out of it only if
 * Gumbo certainly has closed it, which is when the end tag of the last one comes, or when all of a
 * cell, table or template is closed. Formatting elements are different, as Gumbo opens them again
 * where they were left open (<p><b>x<p>y). It can have no more of them, open or to be opened, than
 * came and were not ended by a tag that found them last; those are n_formatting.
 *
 * Much of the memory may go into errors, as Gumbo notes each with the names of all open elements.
 * An end tag that finds its element last is none, unless open[] has more there than Gumbo. It can
 * have that only for elements that were closed by another tag than their own: at most all that were
 * open, at each of n_loose tags. */
#include "io/html_scan_internal.h"

enum {
    MAX_ATTRIBUTES = 500,  /* of one element */
    LEVELS_OF_A_FRAME = 6, /* table, tbody, tr, td; select, optgroup, option */
    LEVELS_OF_A_PAGE = 8,  /* html, head, body and what a tag may add for its own time */
};

/* Bytes that Gumbo takes, as html_tree.c rounds them up: node 144, vector 32 or more, string 32 or
 * more, attribute 144, error 80. */
enum {
    TEXT_BYTES = 256,
    ELEMENT_BYTES = 384,
    ATTRIBUTE_BYTES = 256,
    ERROR_BYTES = 160,
    LEVEL_BYTES = 16, /* a name in an error */
    CLONES_OF_AN_ADOPTION = 32,
};
#define MAX_BYTES ((uint64_t)400 << 20)
#define MAX_STEPS ((uint64_t)1 << 33)

static size_t depth(const mci_html_scan *scan)
{
    return scan->n_open + scan->n_foreign + 2 * scan->n_formatting + scan->n_lost_markers +
           LEVELS_OF_A_FRAME * scan->n_frames + LEVELS_OF_A_PAGE;
}

static bool is_formatting(mci_tag_kind kind)
{
    return kind == MCI_TAG_FORMATTING || kind == MCI_TAG_ANCHOR;
}

static bool is_heading(mci_tag_key key)
{
    return key >= ('h' | '1' << 8) && key <= ('h' | '6' << 8) && (key & 0xFF) == 'h';
}

void mci_nesting_begin(mci_html_scan *scan)
{
    scan->n_open = scan->n_foreign = 0;
    scan->n_formatting = scan->n_lost_markers = 0;
    scan->are_forms_sure = true;
    scan->max_depth = 0;
    scan->n_start_tags = scan->n_tags = scan->n_attributes = scan->n_root_attributes = 0;
    scan->n_clones = scan->n_clone_bytes = scan->n_adoptions = 0;
    scan->n_error_bytes = scan->n_matched = scan->n_loose = 0;
    scan->n_wrong = 0;
}

/* ---- nesting ---- */

/* The last open element in the frame; 0: nothing is open there. */
static mci_tag_key last_open(const mci_html_scan *scan, const html_frame *top)
{
    return scan->n_open > top->n_open ? scan->open[scan->n_open - 1] : 0;
}

void mci_nesting_end_p(mci_html_scan *scan)
{
    html_frame *top = mci_top(scan);
    if (top->n_p == 0)
        return;
    if (last_open(scan, top) != scan->p) {
        scan->n_loose++;
        return;
    }
    scan->n_open--;
    top->n_p--;
}

/* Whether the start tag of such an element may end others that are open. */
static bool may_end_others(const mci_html_scan *scan, mci_tag_key key, mci_tag_kind kind,
                           mci_tag_key last)
{
    switch (kind) {
    case MCI_TAG_CLOSED_BY_NEXT:
        return key != scan->p && last != scan->ul && last != scan->ol && last != scan->dl;
    case MCI_TAG_ANCHOR:
        return scan->n_formatting > 0;
    case MCI_TAG_FORM:
    case MCI_TAG_LOOSE:
        return true;
    default:
        return is_heading(key) && is_heading(last);
    }
}

void mci_nesting_push(mci_html_scan *scan, mci_tag_key key, mci_tag_kind kind)
{
    html_frame *top = mci_top(scan);
    mci_tag_key last = last_open(scan, top);
    if (kind == MCI_TAG_CLOSED_BY_NEXT && last == key)
        return; /* <li> ends the <li> before it: one goes, one comes */
    scan->n_loose += may_end_others(scan, key, kind, last);
    if (kind == MCI_TAG_ANCHOR && scan->n_formatting > 0)
        scan->n_adoptions++; /* an <a> left open may be among them, and ends here */
    if (is_formatting(kind))
        scan->n_formatting++;
    if (kind == MCI_TAG_OBJECT)
        top->n_objects++;
    if (key == scan->p)
        top->n_p++;
    if (scan->n_open == MAX_OPEN)
        mci_ask(scan, "elements nested deep");
    else
        scan->open[scan->n_open++] = key;
}

/* Whether the end tag certainly ends the last open element. */
static bool ends_last(mci_html_scan *scan, mci_tag_key key, mci_tag_kind kind)
{
    bool is_last = last_open(scan, mci_top(scan)) == key;
    /* </form> may end a form that is not the last one; then the next </form> ends none. */
    if (kind == MCI_TAG_FORM)
        return scan->are_forms_sure &= is_last;
    return is_last && !(is_formatting(kind) && scan->n_lost_markers > 0);
}

void mci_nesting_end_tag(mci_html_scan *scan, mci_tag_key key, mci_tag_kind kind)
{
    html_frame *top = mci_top(scan);
    if (!ends_last(scan, key, kind)) {
        scan->n_loose++;
        scan->n_adoptions += is_formatting(kind);
        return;
    }
    scan->n_matched++;
    scan->n_open--;
    scan->n_formatting -= is_formatting(kind);
    top->n_objects -= kind == MCI_TAG_OBJECT;
    top->n_p -= key == scan->p;
}

/* ---- counting ---- */

static void count_wrong_in_tag(mci_html_scan *scan, const char *at, const char *end)
{
    for (; at < end; at++)
        scan->n_wrong += *at == '"' || *at == '\'' || *at == '`' || *at == '=' || *at == '<' ||
                         *at == '/' || *at == '-';
}

static void count_tag(mci_html_scan *scan, const mci_html_tag *tag, unsigned n_errors)
{
    scan->n_tags++;
    scan->n_attributes += tag->n_attributes;
    if (tag->n_attributes >= MAX_ATTRIBUTES)
        mci_ask(scan, "an element with hundreds of attributes");
    size_t now = depth(scan);
    if (now > scan->max_depth)
        scan->max_depth = now;
    if (now >= MAX_OPEN)
        mci_ask(scan, "elements nested deep");
    scan->n_error_bytes += n_errors * (ERROR_BYTES + LEVEL_BYTES * now);
    /* A text or tag opens again all that was left open: once before the tag and once for it. */
    scan->n_clones += 2 * scan->n_formatting;
    if (scan->is_counting)
        count_wrong_in_tag(scan, tag->name.data, tag->end);
}

/* How many errors a start tag can be: of itself, of each element that it closes, and in places
 * where it should not stand. */
static unsigned errors_of(const mci_html_scan *scan, const mci_html_tag *tag, mci_tag_kind kind)
{
    bool is_void = kind == MCI_TAG_VOID || kind == MCI_TAG_IMG || kind == MCI_TAG_INPUT;
    unsigned n = tag->is_self_closing && !is_void;
    if (scan->n_foreign > 0 || scan->frames[scan->n_frames - 1].place != IN_BODY)
        return n + 4;
    return n + (is_void || kind == MCI_TAG_FORMATTING ? 1 : kind == MCI_TAG_OTHER ? 2 : 4);
}

void mci_count_start_tag(mci_html_scan *scan, const mci_html_tag *tag, mci_tag_kind kind)
{
    count_tag(scan, tag, errors_of(scan, tag, kind));
    scan->n_start_tags++;
    if (kind == MCI_TAG_ROOT) {
        scan->n_root_attributes += tag->n_attributes;
        if (scan->n_root_attributes >= MAX_ATTRIBUTES)
            mci_ask(scan, "<html> or <body> with hundreds of attributes");
    }
    /* Ignored, or closed by what follows in the head. */
    scan->n_loose += tag->is_self_closing && kind == MCI_TAG_OTHER;
    if (is_formatting(kind)) {
        uint64_t n_bytes = TEXT_BYTES + ELEMENT_BYTES + ATTRIBUTE_BYTES * tag->n_attributes +
                           4 * (uint64_t)(tag->end - tag->name.data);
        if (n_bytes > scan->n_clone_bytes)
            scan->n_clone_bytes = n_bytes;
    }
}

void mci_count_end_tag(mci_html_scan *scan, const mci_html_tag *tag, bool has_matched)
{
    count_tag(scan, tag, has_matched ? 0 : 4);
}

void mci_count_declaration(mci_html_scan *scan, const char *at, const char *end)
{
    scan->n_tags++;
    scan->n_error_bytes += ERROR_BYTES + LEVEL_BYTES * depth(scan);
    if (scan->is_counting)
        count_wrong_in_tag(scan, at, end);
}

/* Characters of text or of values that may be an error each. NULs are errors with all names. */
static void count_wrong(mc_str text, uint64_t *n_wrong, uint64_t *n_nuls)
{
    uint64_t wrong = 0, nuls = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool is_space = c == '\t' || c == '\n' || c == '\r';
        nuls += c == 0;
        wrong += (c < 0x20 && !is_space) || c == '&' || c == '<' || c == 0x7F || c == 0xC2 ||
                 c == 0xEF || c >= 0xF0;
    }
    *n_wrong = wrong;
    *n_nuls = nuls;
}

static uint64_t min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t clones(const mci_html_scan *scan)
{
    return scan->n_clones + CLONES_OF_AN_ADOPTION * scan->n_adoptions;
}

/* At the end of the page each open element is an error, and is again when each template is closed.
 */
static uint64_t end_bytes(const mci_html_scan *scan)
{
    uint64_t n_times = 1, n_open = depth(scan);
    for (size_t i = 0; i < scan->n_frames; i++)
        n_times += scan->frames[i].is_template;
    return n_times * n_open * (ERROR_BYTES + LEVEL_BYTES * n_open);
}

static uint64_t tree_bytes(const mci_html_scan *scan, uint64_t len, uint64_t n_wrong,
                           uint64_t n_nuls)
{
    uint64_t n_errors = n_nuls + CLONES_OF_AN_ADOPTION * scan->n_adoptions + LEVELS_OF_A_PAGE +
                        min(scan->n_matched, scan->n_loose * scan->max_depth);
    uint64_t error_bytes = ERROR_BYTES + LEVEL_BYTES * (scan->max_depth + LEVELS_OF_A_PAGE);
    return 8 * len + TEXT_BYTES * (scan->n_tags + LEVELS_OF_A_PAGE) +
           ELEMENT_BYTES * (scan->n_start_tags + LEVELS_OF_A_PAGE) +
           ATTRIBUTE_BYTES * scan->n_attributes + clones(scan) * scan->n_clone_bytes +
           n_wrong * ERROR_BYTES + n_errors * error_bytes + scan->n_error_bytes + end_bytes(scan);
}

uint64_t mci_counted_bytes(const mci_html_scan *scan, mc_str text)
{
    uint64_t n_wrong, n_nuls;
    count_wrong(text, &n_wrong, &n_nuls);
    return tree_bytes(scan, text.len, n_wrong + scan->n_wrong, n_nuls);
}

bool mci_check_effort(mci_html_scan *scan, mc_str text)
{
    /* Nearly every page is far from the limit, even if each of its bytes were wrong. */
    if (tree_bytes(scan, text.len, text.len, text.len) > MAX_BYTES) {
        if (!scan->is_counting)
            return false;
        if (mci_counted_bytes(scan, text) > MAX_BYTES)
            mci_ask(scan, "a page that may take hundreds of megabytes");
    }
    uint64_t n_nodes = 2 * scan->n_tags + clones(scan) + 16;
    if (CLONES_OF_AN_ADOPTION * scan->n_adoptions > MAX_STEPS / n_nodes)
        mci_ask(scan, "many overlapping elements");
    return true;
}
