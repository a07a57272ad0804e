/* The scanner beside Gumbo: the same images with the same texts in the same order, the same base,
 * and the same refusals, or the scanner asks. The first byte: how often the rest is repeated, so
 * that the limits of depth and memory are reached. Each @ becomes another letter. Where the scanner
 * is done, its bounds on what Gumbo takes must hold. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "io/html_scan.h"
#include "io/html_tree.h"
#include "io/html_walk.h"

enum { MAX_REPEATED = 20000 };

static void fail(const char *what)
{
    fprintf(stderr, "the scanner and Gumbo differ: %s\n", what);
    abort();
}

static void require(bool is_true, const char *what)
{
    if (!is_true)
        fail(what);
}

static void compare(const mci_page *scanned, const mci_page *walked)
{
    require(scanned->n_links == walked->n_links, "number of images");
    require(scanned->n_texts == walked->n_texts, "number of texts");
    require(scanned->n_empty_texts == walked->n_empty_texts, "number of empty texts");
    require(scanned->has_base == walked->has_base, "whether there is a base");
    require(mc_str_equal(scanned->base, walked->base), "base");
    for (size_t i = 0; i < walked->n_links; i++) {
        const mci_link *a = &scanned->links[i], *b = &walked->links[i];
        require(mc_str_equal(a->url, b->url), "url");
        require(a->n_texts == b->n_texts, "texts of an image");
        for (size_t k = 0; k < b->n_texts; k++) {
            require(mc_str_equal(a->texts[k].key, b->texts[k].key), "key");
            require(mc_str_equal(a->texts[k].text, b->texts[k].text), "text");
        }
    }
}

static void check(mci_html_scan *scan, mci_html_tree *tree, mci_html_walk *walk, mc_str text)
{
    mci_page scanned = { 0 }, walked = { 0 };
    const char *why = NULL;
    const GumboNode *document;
    mc_error err = { 0 };
    mc_status status = mci_html_scan_images(scan, text, &scanned, &why, &err);
    require(status == MC_OK || (status == MC_END && why) || (status == MC_SKIPPED && err.text[0]),
            "status of the scanner");
    if (status == MC_OK) {
        status = mci_html_tree_parse(tree, text, &document, &err);
        require(status == MC_OK, "refused by Gumbo's bounds alone");
        mci_html_effort effort = mci_html_scan_effort(scan, text);
        /* 400 MB are asked about, 512 are refused: so much is for what lies idle in chunks. */
        uint64_t bound = effort.n_tree_bytes + effort.n_tree_bytes / 4 + (1 << 20);
        require(mci_html_tree_bytes(tree) <= bound, "bound on memory");
        require(mci_html_walk_images(walk, document, &walked, &err) == MC_OK, "walk");
        compare(&scanned, &walked);
    }
    mci_page_release(&scanned);
    mci_page_release(&walked);
}

/* Makes each @ another letter, so that the order of images shows. */
static void number(mci_buf *text)
{
    char next = 'a';
    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] == '@') {
            text->data[i] = next;
            next = next == 'z' ? 'a' : (char)(next + 1);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static mci_html_scan *scan; /* kept: what a page leaves behind must not change the next one */
    static mci_html_tree *tree;
    static mci_html_walk *walk;
    if (!scan && (mci_html_scan_new(&scan, NULL) < 0 || mci_html_tree_new(&tree, NULL) < 0 ||
                  mci_html_walk_new(&walk, NULL) < 0))
        abort();
    if (size == 0)
        return 0;
    size_t n = data[0] < 253 ? 1 : data[0] < 255 ? 20 : 500;
    mci_buf page = { 0 }, text = { 0 };
    uint64_t n_replaced = 0;
    for (size_t i = 0; i < n && page.len < MAX_REPEATED; i++)
        if (mci_buf_append(&page, data + 1, size - 1, NULL) < 0)
            abort();
    if (mci_utf8_repair(mci_buf_str(&page), &text, &n_replaced, NULL) < 0)
        abort();
    number(&text);
    char *copy = malloc(text.len ? text.len : 1); /* so that a sanitizer sees the end */
    if (text.len)
        memcpy(copy, text.data, text.len);
    check(scan, tree, walk, (mc_str){ copy, text.len });
    free(copy);
    mci_buf_release(&page);
    mci_buf_release(&text);
    return 0;
}
