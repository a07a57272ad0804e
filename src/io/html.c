#include "io/html.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "io/charset.h"
#include "io/html_tree.h"

/* A place on the way through the tree: a node and which of its children comes next. */
typedef struct {
    const GumboVector *children;
    unsigned next;
} walk_level;

struct mci_html {
    mci_charset *charset;
    mci_html_tree *tree;
    mci_buf text;  /* the page in UTF-8 */
    mci_buf value; /* an attribute without line ends */
    walk_level *levels;
    size_t n_levels, cap_levels;
};

mc_status mci_html_new(mci_html **out, mc_error *err)
{
    mci_html *html = mci_alloc_zeroed(1, sizeof *html);
    if (!html)
        return mci_nomem(err, sizeof *html);
    mc_status status = mci_charset_new(&html->charset, err);
    if (status >= 0)
        status = mci_html_tree_new(&html->tree, err);
    if (status < 0) {
        mci_html_free(html);
        return status;
    }
    *out = html;
    return MC_OK;
}

void mci_html_free(mci_html *html)
{
    if (!html)
        return;
    mci_charset_free(html->charset);
    mci_html_tree_free(html->tree);
    mci_buf_release(&html->text);
    mci_buf_release(&html->value);
    mci_free(html->levels);
    mci_free(html);
}

/* ---- bytes to text ---- */

static const mci_encoding *guess(mc_str body)
{
    return mci_encoding_of_label(mc_str_of(mci_utf8_valid(body) ? "utf-8" : "windows-1252"));
}

static mc_status decode(mci_html *html, mc_str body, mc_str label, uint64_t *n_replaced,
                        mc_error *err)
{
    mci_buf_clear(&html->text);
    if (body.len == 0)
        return MC_OK;
    size_t n_mark;
    const mci_encoding *encoding = mci_encoding_of_bom(body, &n_mark);
    if (!encoding)
        encoding = mci_encoding_of_label(label);
    if (!encoding)
        encoding = mci_encoding_of_html(body);
    if (!encoding)
        encoding = guess(body);
    mc_str text = { body.data + n_mark, body.len - n_mark };
    return mci_charset_decode(html->charset, encoding, text, &html->text, n_replaced, err);
}

/* ---- elements to links ---- */

/* The attribute's value with CR and LF removed and white space trimmed, in html->value. */
static mc_status clean_value(mci_html *html, const char *value, mc_str *out, mc_error *err)
{
    size_t len = strlen(value);
    mci_buf_clear(&html->value);
    MC_TRY(mci_buf_reserve(&html->value, len + 1, err));
    for (size_t i = 0; i < len; i++)
        if (value[i] != '\r' && value[i] != '\n')
            html->value.data[html->value.len++] = value[i];
    *out = mci_trim_space(mci_buf_str(&html->value));
    return MC_OK;
}

static mc_status add_image(mci_html *html, const GumboVector *attributes, mci_page *page,
                           mc_error *err)
{
    static const char *const keys[MCI_MAX_LINK_TEXTS] = { "alt", "title", "data-image-title" };
    const GumboAttribute *src = gumbo_get_attribute(attributes, "src");
    if (!src)
        return MC_OK;
    mci_link *link;
    MC_TRY(mci_page_add_link(page, &link, err));
    MC_TRY(mci_arena_copy(&page->arena, mc_str_of(src->value), &link->url, err));
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const GumboAttribute *attribute = gumbo_get_attribute(attributes, keys[i]);
        if (!attribute)
            continue;
        page->n_texts++;
        mc_str text;
        MC_TRY(clean_value(html, attribute->value, &text, err));
        if (text.len == 0) {
            page->n_empty_texts++;
            continue;
        }
        mci_link_text *to = &link->texts[link->n_texts++];
        to->key = mc_str_of(keys[i]);
        MC_TRY(mci_arena_copy(&page->arena, text, &to->text, err));
    }
    return MC_OK;
}

static mc_status set_base(const GumboVector *attributes, mci_page *page, mc_error *err)
{
    const GumboAttribute *href = gumbo_get_attribute(attributes, "href");
    if (!href || page->has_base)
        return MC_OK;
    page->has_base = true;
    return mci_arena_copy(&page->arena, mc_str_of(href->value), &page->base, err);
}

static mc_status look_at_element(mci_html *html, const GumboElement *element, mci_page *page,
                                 mc_error *err)
{
    if (element->tag_namespace != GUMBO_NAMESPACE_HTML)
        return MC_OK;
    if (element->tag == GUMBO_TAG_IMG)
        return add_image(html, &element->attributes, page, err);
    if (element->tag == GUMBO_TAG_BASE)
        return set_base(&element->attributes, page, err);
    return MC_OK;
}

/* ---- the tree, without recursion ---- */

static mc_status enter(mci_html *html, const GumboVector *children, mc_error *err)
{
    void *levels = html->levels;
    MC_TRY(mci_grow(&levels, &html->cap_levels, html->n_levels + 1, sizeof(walk_level), err));
    html->levels = levels;
    html->levels[html->n_levels++] = (walk_level){ .children = children };
    return MC_OK;
}

static mc_status walk(mci_html *html, const GumboNode *document, mci_page *page, mc_error *err)
{
    html->n_levels = 0;
    MC_TRY(enter(html, &document->v.document.children, err));
    while (html->n_levels > 0) {
        walk_level *level = &html->levels[html->n_levels - 1];
        if (level->next == level->children->length) {
            html->n_levels--;
            continue;
        }
        const GumboNode *node = level->children->data[level->next++];
        if (node->type != GUMBO_NODE_ELEMENT && node->type != GUMBO_NODE_TEMPLATE)
            continue;
        MC_TRY(look_at_element(html, &node->v.element, page, err));
        MC_TRY(enter(html, &node->v.element.children, err));
    }
    return MC_OK;
}

mc_status mci_html_images(mci_html *html, mc_str body, mc_str charset, mc_str uri, mci_page *page,
                          mc_error *err)
{
    mci_page_reset(page);
    MC_TRY(mci_arena_copy(&page->arena, uri, &page->uri, err));
    MC_TRY(decode(html, body, charset, &page->n_replaced, err));
    const GumboNode *document;
    mc_status status = mci_html_tree_parse(html->tree, mci_buf_str(&html->text), &document, err);
    return status == MC_OK ? walk(html, document, page, err) : status;
}
