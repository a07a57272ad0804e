#include "io/html_scan.h"

#include <strings.h>

#include "base/alloc.h"
#include "io/html_links.h"
#include "io/html_scan_internal.h"
#include "io/html_value.h"

mc_status mci_html_scan_new(mci_html_scan **out, mc_error *err)
{
    mci_html_scan *scan = mci_alloc_zeroed(1, sizeof *scan);
    if (!scan)
        return mci_nomem(err, sizeof *scan);
    mci_tag_table_init(&scan->tags);
    scan->tbody = mci_tag_key_of(mc_str_of("tbody"));
    scan->svg = mci_tag_key_of(mc_str_of("svg"));
    scan->p = mci_tag_key_of(mc_str_of("p"));
    scan->ul = mci_tag_key_of(mc_str_of("ul"));
    scan->ol = mci_tag_key_of(mc_str_of("ol"));
    scan->dl = mci_tag_key_of(mc_str_of("dl"));
    *out = scan;
    return MC_OK;
}

void mci_html_scan_free(mci_html_scan *scan)
{
    if (!scan)
        return;
    for (size_t i = 0; i < COUNT_OF(scan->values); i++)
        mci_buf_release(&scan->values[i]);
    mci_buf_release(&scan->scratch);
    mci_free(scan);
}

/* ---- images and base ---- */

/* The values of these attributes. False: stop. */
static bool read_values(mci_html_scan *scan, const mci_html_tag *tag, const char *const *names,
                        size_t n, mc_str *values, mc_error *err)
{
    if (!mci_html_find_attributes(tag, names, n, values)) {
        mci_ask(scan, "a NUL in the name of an attribute");
        return false;
    }
    for (size_t i = 0; i < n && scan->status == MC_OK; i++)
        if (values[i].data) {
            mc_status status = mci_html_value(values[i], &scan->values[i], &values[i], err);
            if (status == MC_END)
                mci_ask(scan, "a character reference with a huge number");
            else
                scan->status = status;
        }
    return scan->status == MC_OK;
}

static void add_image(mci_html_scan *scan, const mci_html_tag *tag, mc_error *err)
{
    html_frame *top = mci_top(scan);
    mc_str values[MCI_N_IMAGE_ATTRIBUTES];
    if (!read_values(scan, tag, mci_image_attributes, COUNT_OF(values), values, err))
        return;
    if (mci_is_between_cells(top) && values[0].data) {
        if (top->next_fostered != scan->page->n_links) {
            mci_ask(scan, "an image that moves before its table, and so before others");
            return;
        }
        top->next_fostered++;
    }
    scan->status = mci_html_add_image(values, &scan->scratch, scan->page, err);
}

static void set_base(mci_html_scan *scan, const mci_html_tag *tag, mc_error *err)
{
    static const char *const names[] = { "href" };
    mc_str href;
    if (!read_values(scan, tag, names, 1, &href, err) || !href.data)
        return;
    if (mci_is_between_cells(mci_top(scan)) && scan->page->has_base)
        mci_ask(scan, "a base that moves before its table");
    else
        scan->status = mci_html_set_base(href, scan->page, err);
}

/* ---- start tags in HTML ---- */

static void pass_text(mci_html_scan *scan, const mci_html_tag *tag, mci_tag_kind kind)
{
    if (kind == MCI_TAG_PLAINTEXT)
        scan->at = scan->end;
    else if (kind == MCI_TAG_SCRIPT)
        scan->at = mci_html_pass_script(tag->end, scan->end);
    else
        scan->at = mci_html_pass_raw(tag->end, scan->end, tag->name);
}

/* In a select, whether the tag ends it and then counts as if it stood behind it. */
static bool leaves_select(const html_frame *select, mci_tag_kind kind)
{
    if (kind == MCI_TAG_INPUT || kind == MCI_TAG_TEXTAREA)
        return true;
    return select->is_in_table && kind >= MCI_TAG_TABLE && kind <= MCI_TAG_CELL &&
           kind != MCI_TAG_COLUMNS;
}

static void start_in_select(mci_html_scan *scan, const mci_html_tag *tag, mci_tag_kind kind)
{
    if (kind == MCI_TAG_SELECT)
        mci_leave_select(scan);
    else if (kind == MCI_TAG_SCRIPT)
        pass_text(scan, tag, kind);
    else if (kind == MCI_TAG_TEMPLATE)
        mci_ask(scan, "a template in a select");
}

/* Between cells, a template stays in the table, unless it stands in something that moved. */
static void start_template(mci_html_scan *scan)
{
    const html_frame *top = mci_top(scan);
    bool has_images = top->next_fostered != scan->page->n_links;
    if (mci_is_between_cells(top) && (has_images || scan->page->has_base))
        mci_ask(scan, "a template that may move before its table");
    mci_enter_template(scan);
}

/* The first tag in a template says what it is a part of. */
static void choose_template(mci_html_scan *scan, const mci_tag_fact *fact)
{
    if (fact->flags & MCI_TAG_OF_HEAD)
        return;
    if (fact->kind > MCI_TAG_TABLE && fact->kind <= MCI_TAG_CELL)
        mci_ask(scan, "a template for a part of a table");
    mci_top(scan)->place = IN_BODY;
}

static void push_foreign(mci_html_scan *scan, const mci_html_tag *tag, mci_tag_kind kind)
{
    if (tag->is_self_closing)
        return;
    if (scan->n_foreign == MAX_FOREIGN)
        mci_ask(scan, "svg or math nested hundreds deep");
    else if (memchr(tag->name.data, '\v', tag->name.len))
        mci_ask(scan, "an odd name in svg or math");
    else
        scan->foreign[scan->n_foreign++] = (html_foreign){ tag->key, kind, tag->name };
}

static void start_in_html(mci_html_scan *scan, const mci_html_tag *tag, const mci_tag_fact *fact,
                          mc_error *err)
{
    mci_tag_kind kind = fact->kind;
    if (mci_top(scan)->place == IN_SELECT) {
        if (!leaves_select(mci_top(scan), kind)) {
            start_in_select(scan, tag, kind);
            return;
        }
        mci_leave_select(scan);
    }
    if (mci_top(scan)->place == IN_TEMPLATE)
        choose_template(scan, fact);
    if (fact->flags & MCI_TAG_ENDS_P)
        mci_nesting_end_p(scan);
    switch (kind) {
    case MCI_TAG_IMG:
    case MCI_TAG_IMAGE:
        add_image(scan, tag, err);
        break;
    case MCI_TAG_BASE:
        set_base(scan, tag, err);
        break;
    case MCI_TAG_TEXTAREA:
    case MCI_TAG_SCRIPT:
    case MCI_TAG_RAW:
    case MCI_TAG_PLAINTEXT:
        pass_text(scan, tag, kind);
        break;
    case MCI_TAG_TABLE:
    case MCI_TAG_CAPTION:
    case MCI_TAG_COLUMNS:
    case MCI_TAG_SECTION:
    case MCI_TAG_ROW:
    case MCI_TAG_CELL:
        mci_table_start_tag(scan, tag->key, kind);
        break;
    case MCI_TAG_SELECT:
        mci_enter_select(scan);
        break;
    case MCI_TAG_FOREIGN:
        push_foreign(scan, tag, kind);
        break;
    case MCI_TAG_TEMPLATE:
        start_template(scan);
        break;
    case MCI_TAG_FRAMESET:
        mci_ask(scan, "a frameset");
        break;
    case MCI_TAG_VOID:
    case MCI_TAG_INPUT:
    case MCI_TAG_ROOT:
    case MCI_TAG_HEAD:
        break;
    default:
        mci_nesting_push(scan, tag->key, kind);
    }
}

static void end_in_html(mci_html_scan *scan, const mci_html_tag *tag, mci_tag_kind kind)
{
    html_frame *top = mci_top(scan);
    if (top->place == IN_SELECT) {
        bool is_of_table = kind >= MCI_TAG_TABLE && kind <= MCI_TAG_CELL;
        if (kind == MCI_TAG_SELECT ||
            (is_of_table && top->is_in_table && mci_is_open_in_table(top - 1, tag->key, kind)))
            mci_leave_select(scan);
        else if (kind != MCI_TAG_TEMPLATE)
            return;
    }
    if (kind >= MCI_TAG_TABLE && kind <= MCI_TAG_CELL)
        mci_table_end_tag(scan, tag->key, kind);
    else if (kind == MCI_TAG_TEMPLATE)
        mci_leave_template(scan);
    else
        mci_nesting_end_tag(scan, tag->key, kind);
}

/* ---- svg and math ---- */

static void refuse(mci_html_scan *scan, mc_error *err)
{
    scan->status = mc_fail(err, MC_SKIPPED,
                           "an HTML page mixes svg or math with tables in a way that Gumbo cannot "
                           "take");
}

static const char *const html_holders_of_svg[] = { "foreignobject", "desc", "title", NULL };
static const char *const html_holders_of_math[] = { "mi", "mo",    "mn",
                                                    "ms", "mtext", "annotation-xml",
                                                    NULL };

static bool is_one_of(const char *const *names, mc_str name)
{
    for (; *names; names++)
        if (strlen(*names) == name.len && strncasecmp(*names, name.data, name.len) == 0)
            return true;
    return false;
}

bool mci_is_html_holder(mc_str name)
{
    return is_one_of(html_holders_of_svg, name) || is_one_of(html_holders_of_math, name);
}

/* Whether tags inside this element are HTML again. */
static bool holds_html(const mci_html_scan *scan, const html_foreign *element)
{
    bool is_svg = scan->foreign[0].key == scan->svg;
    return is_one_of(is_svg ? html_holders_of_svg : html_holders_of_math, element->name);
}

static bool has_font_attributes(mci_html_scan *scan, const mci_html_tag *tag)
{
    static const char *const names[] = { "color", "face", "size" };
    mc_str values[COUNT_OF(names)];
    if (!mci_html_find_attributes(tag, names, COUNT_OF(names), values))
        mci_ask(scan, "a NUL in the name of an attribute");
    return values[0].data || values[1].data || values[2].data;
}

/* False: the tag leaves svg or math and counts as HTML. */
static bool start_in_foreign(mci_html_scan *scan, const mci_html_tag *tag, const mci_tag_fact *fact,
                             mc_error *err)
{
    if (holds_html(scan, &scan->foreign[scan->n_foreign - 1])) {
        if (mci_has_mistaken(scan))
            refuse(scan, err);
        else
            mci_ask(scan, "HTML inside svg or math");
        return true;
    }
    bool is_font = tag->name.len == 4 && strncasecmp(tag->name.data, "font", 4) == 0;
    if ((fact->flags & MCI_TAG_LEAVES_FOREIGN) || (is_font && has_font_attributes(scan, tag))) {
        scan->n_foreign = 0;
        return false;
    }
    push_foreign(scan, tag, fact->kind);
    return true;
}

static void end_in_foreign(mci_html_scan *scan, const mci_html_tag *tag)
{
    for (size_t i = scan->n_foreign; i > 0; i--) {
        mc_str name = scan->foreign[i - 1].name;
        if (name.len == tag->name.len && strncasecmp(name.data, tag->name.data, name.len) == 0) {
            scan->n_foreign = i - 1;
            return;
        }
    }
    mci_ask(scan, "an end tag in svg or math for an element around it");
}

/* ---- markup ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void read_start_tag(mci_html_scan *scan, const char *name, mc_error *err)
{
    mci_html_tag tag;
    bool is_whole = mci_html_read_tag(name, scan->end, &tag);
    scan->at = tag.end;
    const mci_tag_fact *fact = mci_tag_find(&scan->tags, tag.key);
    mci_count_start_tag(scan, &tag, fact->kind);
    if (!is_whole)
        return;
    if (scan->n_foreign == 0 || !start_in_foreign(scan, &tag, fact, err))
        start_in_html(scan, &tag, fact, err);
}

static void read_end_tag(mci_html_scan *scan, const char *at)
{
    mci_html_tag tag;
    const char *name = at + strlen("</");
    scan->at = name;
    if (name == scan->end)
        return;
    if (!is_letter(*name)) {
        scan->at = mci_html_pass_declaration(name, scan->end);
        return;
    }
    bool is_whole = mci_html_read_tag(name, scan->end, &tag);
    scan->at = tag.end;
    mci_tag_kind kind = mci_tag_find(&scan->tags, tag.key)->kind;
    uint64_t n_matched = scan->n_matched;
    if (is_whole && scan->n_foreign > 0)
        end_in_foreign(scan, &tag);
    else if (is_whole)
        end_in_html(scan, &tag, kind);
    mci_count_end_tag(scan, &tag, scan->n_matched > n_matched);
}

static bool begins(const char *at, const char *end, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(end - at) >= len && memcmp(at, word, len) == 0;
}

static void read_cdata(mci_html_scan *scan, const char *at, mc_error *err)
{
    const html_foreign *in = &scan->foreign[scan->n_foreign - 1];
    scan->at = mci_html_pass_cdata(at + strlen("<![CDATA["), scan->end);
    if (mci_is_between_cells(mci_top(scan)) && mci_is_html_holder(in->name))
        refuse(scan, err);
}

static void read_declaration(mci_html_scan *scan, const char *at, mc_error *err)
{
    if (begins(at, scan->end, "<!--"))
        scan->at = mci_html_pass_comment(at, scan->end);
    else if (scan->n_foreign > 0 && begins(at, scan->end, "<![CDATA["))
        read_cdata(scan, at, err);
    else
        scan->at = mci_html_pass_declaration(at + strlen("<!"), scan->end);
    mci_count_declaration(scan, at, scan->at);
}

/* Reads the next thing that begins with a <. False: there is none. */
static bool read_markup(mci_html_scan *scan, mc_error *err)
{
    size_t n_left = (size_t)(scan->end - scan->at);
    const char *at = n_left > 0 ? memchr(scan->at, '<', n_left) : NULL;
    if (!at || at + 1 == scan->end)
        return false;
    if (is_letter(at[1]))
        read_start_tag(scan, at + 1, err);
    else if (at[1] == '/')
        read_end_tag(scan, at);
    else if (at[1] == '!' || at[1] == '?')
        read_declaration(scan, at, err);
    else
        scan->at = at + 1;
    return scan->status == MC_OK;
}

/* Reads the page; may be stopped by something on which Gumbo has to be asked. */
static void read_page(mci_html_scan *scan, mc_str text, mc_error *err)
{
    scan->at = text.len > 0 ? text.data : "";
    scan->end = scan->at + text.len;
    scan->status = MC_OK;
    scan->why = NULL;
    mci_nesting_begin(scan);
    mci_frames_begin(scan);
    const char *at = scan->at;
    while (read_markup(scan, err))
        at = scan->at;
    if (scan->status == MC_END && mci_may_confuse_gumbo(scan, at))
        refuse(scan, err);
}

mc_status mci_html_scan_images(mci_html_scan *scan, mc_str text, mci_page *page, const char **why,
                               mc_error *err)
{
    scan->page = page;
    scan->is_counting = false;
    read_page(scan, text, err);
    if (scan->status == MC_OK && !mci_check_effort(scan, text)) {
        mci_page_reset(page);
        scan->is_counting = true;
        read_page(scan, text, err);
        if (scan->status == MC_OK)
            mci_check_effort(scan, text);
    }
    *why = scan->why;
    return scan->status;
}

mci_html_effort mci_html_scan_effort(mci_html_scan *scan, mc_str text)
{
    mci_page page = { 0 };
    scan->page = &page;
    scan->is_counting = true;
    read_page(scan, text, NULL);
    mci_page_release(&page);
    return (mci_html_effort){ .n_tree_bytes = mci_counted_bytes(scan, text),
                              .depth = scan->max_depth };
}
