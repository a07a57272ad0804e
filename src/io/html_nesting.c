/* How deep Gumbo would nest the elements of a page, how much memory its tree would take, and how
 * much work: at least that much. A page that comes near a limit of html_tree.c is left to Gumbo, so
 * that it is refused here if and only if it is refused there.
 *
 * open[] holds what Gumbo has open, in its order, and maybe more: an element goes out of it only if
 * Gumbo certainly has closed it, which is when the end tag of the last one comes, or when all of a
 * cell, table or template is closed. Formatting elements are different, as Gumbo opens them again
 * where they were left open (<p><b>x<p>y). It can have no more of them, open or to be opened, than
 * came and were not ended by a tag that found them last; those are n_formatting. */
#include "io/html_scan_internal.h"

enum {
    MAX_ATTRIBUTES = 500,  /* of one element */
    LEVELS_OF_A_FRAME = 6, /* table, tbody, tr, td; select, optgroup, option */
    LEVELS_OF_A_PAGE = 16, /* html, head, body and what a tag may add for its own time */
};

/* Bytes that Gumbo takes, rounded up to what html_tree.c makes of them. */
enum {
    TAG_BYTES = 1024, /* an element, the text behind it, their places in vectors */
    ATTRIBUTE_BYTES = 256,
    ERROR_BYTES = 256,
    ERRORS_OF_A_TAG = 3,
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

void mci_nesting_begin(mci_html_scan *scan)
{
    scan->n_open = scan->n_foreign = 0;
    scan->n_formatting = scan->n_lost_markers = 0;
    scan->are_forms_sure = true;
    scan->max_depth = 0;
    scan->n_tags = scan->n_attributes = scan->n_root_attributes = 0;
    scan->n_clones = scan->n_clone_bytes = scan->n_adoptions = 0;
}

void mci_nesting_push(mci_html_scan *scan, mci_tag_key key, mci_tag_kind kind)
{
    html_frame *top = mci_top(scan);
    bool has_last = scan->n_open > top->n_open;
    if (kind == MCI_TAG_CLOSED_BY_NEXT && has_last && scan->open[scan->n_open - 1] == key)
        return; /* <p> ends the <p> before it: one goes, one comes */
    if (kind == MCI_TAG_ANCHOR && scan->n_formatting > 0)
        scan->n_adoptions++; /* an <a> left open may be among them, and ends here */
    if (is_formatting(kind))
        scan->n_formatting++;
    if (kind == MCI_TAG_OBJECT)
        top->n_objects++;
    size_t now = depth(scan);
    if (now > scan->max_depth)
        scan->max_depth = now;
    if (now >= MAX_OPEN)
        mci_ask(scan, "elements nested deep");
    else
        scan->open[scan->n_open++] = key;
}

void mci_nesting_end_tag(mci_html_scan *scan, mci_tag_key key, mci_tag_kind kind)
{
    html_frame *top = mci_top(scan);
    bool is_last = scan->n_open > top->n_open && scan->open[scan->n_open - 1] == key;
    if (is_formatting(kind)) {
        if (!is_last || scan->n_lost_markers > 0) {
            scan->n_adoptions++;
            return;
        }
        scan->n_formatting--;
    }
    /* </form> may end a form that is not the last one; then the next </form> ends none. */
    if (kind == MCI_TAG_FORM)
        scan->are_forms_sure &= is_last;
    if (!is_last || (kind == MCI_TAG_FORM && !scan->are_forms_sure))
        return;
    scan->n_open--;
    if (kind == MCI_TAG_OBJECT)
        top->n_objects--;
}

void mci_count_tag(mci_html_scan *scan, const mci_html_tag *tag, mci_tag_kind kind)
{
    scan->n_tags++;
    scan->n_attributes += tag->n_attributes;
    if (tag->n_attributes >= MAX_ATTRIBUTES)
        mci_ask(scan, "an element with hundreds of attributes");
    if (kind == MCI_TAG_ROOT) {
        scan->n_root_attributes += tag->n_attributes;
        if (scan->n_root_attributes >= MAX_ATTRIBUTES)
            mci_ask(scan, "<html> or <body> with hundreds of attributes");
    }
    /* A text or tag opens again all that was left open: once before the tag and once for it. */
    scan->n_clones += 2 * scan->n_formatting;
    if (is_formatting(kind)) {
        uint64_t n_bytes = TAG_BYTES + ATTRIBUTE_BYTES * tag->n_attributes +
                           4 * (uint64_t)(tag->end - tag->name.data);
        if (n_bytes > scan->n_clone_bytes)
            scan->n_clone_bytes = n_bytes;
    }
}

/* Characters that may be an error each. NULs are errors for which Gumbo notes all open elements. */
static void count_wrong(mc_str text, uint64_t *n_wrong, uint64_t *n_nuls)
{
    uint64_t wrong = 0, nuls = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool is_space = c == '\t' || c == '\n' || c == '\r';
        nuls += c == 0;
        wrong += (c < 0x20 && !is_space) || c == '&' || c == '"' || c == '\'' || c == '`' ||
                 c == '=' || c == '<' || c == '/' || c == '-' || c == 0x7F || c == 0xC2 ||
                 c == 0xEF || c >= 0xF0;
    }
    *n_wrong = wrong;
    *n_nuls = nuls;
}

static uint64_t clones(const mci_html_scan *scan)
{
    return scan->n_clones + CLONES_OF_AN_ADOPTION * scan->n_adoptions;
}

static uint64_t tree_bytes(const mci_html_scan *scan, uint64_t len, uint64_t n_wrong,
                           uint64_t n_nuls)
{
    uint64_t error_bytes = ERROR_BYTES + 16 * scan->max_depth;
    return 8 * len + TAG_BYTES * (scan->n_tags + 16) + ATTRIBUTE_BYTES * scan->n_attributes +
           clones(scan) * scan->n_clone_bytes + n_wrong * ERROR_BYTES +
           (n_nuls + ERRORS_OF_A_TAG * scan->n_tags + 16) * error_bytes;
}

mci_html_effort mci_html_scan_effort(const mci_html_scan *scan, mc_str text)
{
    uint64_t n_wrong, n_nuls;
    count_wrong(text, &n_wrong, &n_nuls);
    return (mci_html_effort){ .n_tree_bytes = tree_bytes(scan, text.len, n_wrong, n_nuls),
                              .depth = scan->max_depth };
}

void mci_check_effort(mci_html_scan *scan, mc_str text)
{
    /* Nearly every page is far from the limit, even if each of its bytes were wrong. */
    if (tree_bytes(scan, text.len, text.len, text.len) > MAX_BYTES &&
        mci_html_scan_effort(scan, text).n_tree_bytes > MAX_BYTES)
        mci_ask(scan, "a page that may take hundreds of megabytes");
    uint64_t n_nodes = 2 * scan->n_tags + clones(scan) + 16;
    if (CLONES_OF_AN_ADOPTION * scan->n_adoptions > MAX_STEPS / n_nodes)
        mci_ask(scan, "many overlapping elements");
}
