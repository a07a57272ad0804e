/* The block of a WAT record: no crash; what comes out is valid UTF-8, trimmed and not empty, and
 * the same that parsing it gives. */
#include <stdlib.h>

#include "base/utf8.h"
#include "io/wat_internal.h"

static void expect(bool truth)
{
    if (!truth)
        abort();
}

static bool is_sound(mc_str text)
{
    return text.len == 0 || mci_utf8_valid(text);
}

static void check_page(const mci_page *page)
{
    uint64_t n_texts = 0;
    expect(is_sound(page->uri) && is_sound(page->base));
    for (size_t i = 0; i < page->n_links; i++) {
        const mci_link *link = &page->links[i];
        expect(is_sound(link->url) && link->n_texts <= MCI_MAX_LINK_TEXTS);
        n_texts += link->n_texts;
        for (size_t k = 0; k < link->n_texts; k++) {
            mc_str text = link->texts[k].text;
            expect(text.len > 0 && is_sound(text) && mci_trim_space(text).len == text.len);
            expect(!memchr(text.data, '\n', text.len) && !memchr(text.data, '\r', text.len));
        }
    }
    expect(page->n_texts == n_texts + page->n_empty_texts);
}

static void expect_same_link(const mci_link *a, const mci_link *b)
{
    expect(mc_str_equal(a->url, b->url) && a->n_texts == b->n_texts);
    for (size_t k = 0; k < a->n_texts; k++)
        expect(mc_str_equal(a->texts[k].key, b->texts[k].key) &&
               mc_str_equal(a->texts[k].text, b->texts[k].text));
}

static void expect_same_page(const mci_page *a, const mci_page *b)
{
    expect(mc_str_equal(a->uri, b->uri) && mc_str_equal(a->base, b->base));
    expect(a->has_base == b->has_base && a->n_links == b->n_links);
    expect(a->n_texts == b->n_texts && a->n_empty_texts == b->n_empty_texts);
    expect(a->n_replaced == b->n_replaced && a->n_skipped_lines == b->n_skipped_lines);
    for (size_t i = 0; i < a->n_links; i++)
        expect_same_link(&a->links[i], &b->links[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mci_json *json = NULL;
    if (mci_json_new(&json, NULL) != MC_OK)
        return 0;
    mci_page page = { 0 }, parsed = { 0 };
    mci_buf scratch = { 0 };
    mc_error err = { 0 };
    mc_str block = { (const char *)data, size };
    mc_status status = mci_wat_images(json, &scratch, block, &page, &err);
    expect(status == MC_OK || page.n_links == 0);
    expect(status != MC_SKIPPED || err.text[0]);
    expect(status >= 0);
    check_page(&page);
    expect(mci_wat_parse(json, &scratch, block, &parsed, NULL) == status);
    if (status != MC_END)
        expect_same_page(&page, &parsed);
    mci_page_release(&parsed);
    mci_page_release(&page);
    mci_buf_release(&scratch);
    mci_json_free(json);
    return 0;
}
