#include "io/html.h"

#include "base/alloc.h"
#include "io/charset.h"
#include "io/html_scan.h"
#include "io/html_tree.h"
#include "io/html_walk.h"
#include "io/json.h"

struct mci_html {
    mci_html_reader reader;
    mci_charset *charset;
    mci_html_scan *scan;
    mci_html_tree *tree;
    mci_html_walk *walk;
    const char *asked;
    mci_buf text; /* the page in UTF-8, if it is not that already */
};

mc_status mci_html_new(mci_html_reader reader, mci_html **out, mc_error *err)
{
    mci_html *html = mci_alloc_zeroed(1, sizeof *html);
    if (!html)
        return mci_nomem(err, sizeof *html);
    html->reader = reader;
    mc_status status = mci_charset_new(&html->charset, err);
    if (status >= 0)
        status = mci_html_scan_new(&html->scan, err);
    if (status >= 0)
        status = mci_html_tree_new(&html->tree, err);
    if (status >= 0)
        status = mci_html_walk_new(&html->walk, err);
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
    mci_html_scan_free(html->scan);
    mci_html_tree_free(html->tree);
    mci_html_walk_free(html->walk);
    mci_buf_release(&html->text);
    mci_free(html);
}

const char *mci_html_asked(const mci_html *html)
{
    return html->asked;
}

/* ---- bytes to text ---- */

static const mci_encoding *guess(mc_str body)
{
    return mci_encoding_of_label(mc_str_of(mci_json_is_utf8(body) ? "utf-8" : "windows-1252"));
}

static mc_status decode(mci_html *html, mc_str body, mc_str label, mc_str *text,
                        uint64_t *n_replaced, mc_error *err)
{
    *text = (mc_str){ 0 };
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
    mc_str bytes = { body.data + n_mark, body.len - n_mark };
    return mci_charset_text(html->charset, encoding, bytes, &html->text, text, n_replaced, err);
}

/* ---- text to images ---- */

static mc_status ask_gumbo(mci_html *html, mc_str text, mci_page *page, mc_error *err)
{
    const GumboNode *document;
    mc_status status = mci_html_tree_parse(html->tree, text, &document, err);
    return status == MC_OK ? mci_html_walk_images(html->walk, document, page, err) : status;
}

mc_status mci_html_images(mci_html *html, mc_str body, mc_str charset, mc_str uri, mci_page *page,
                          mc_error *err)
{
    html->asked = NULL;
    mci_page_reset(page);
    mc_str text;
    uint64_t n_replaced = 0;
    MC_TRY(decode(html, body, charset, &text, &n_replaced, err));
    /* The scanner also knows what Gumbo cannot be given. */
    mc_status status = mci_html_scan_images(html->scan, text, page, &html->asked, err);
    if (status == MC_END || (status == MC_OK && html->reader == MCI_HTML_GUMBO)) {
        mci_page_reset(page); /* of what the scanner had found */
        status = ask_gumbo(html, text, page, err);
    }
    if (status != MC_OK)
        return status;
    page->n_replaced = n_replaced;
    return mci_arena_copy(&page->arena, uri, &page->uri, err);
}
