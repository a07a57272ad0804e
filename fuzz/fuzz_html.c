/* Pages of any bytes: the first byte chooses the HTTP header's charset. What is delivered must be
 * UTF-8, trimmed, counted, and the same when it is read again. */
#include <stdlib.h>

#include "base/utf8.h"
#include "io/html.h"

static const char *const charsets[] = {
    "",
    "",
    "utf-8",
    "windows-1252",
    "windows-1255",
    "gbk",
    "big5",
    "euc-jp",
    "shift_jis",
    "euc-kr",
    "iso-2022-jp",
    "utf-16le",
    "utf-16be",
    "iso-2022-kr",
    "koi8-u",
    "nonsense",
    "x-user-defined",
    "iso-8859-16",
};

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static uint64_t check_page(const mci_page *page)
{
    uint64_t sum = 0, n_texts = 0;
    for (size_t i = 0; i < page->n_links; i++) {
        const mci_link *link = &page->links[i];
        require(mci_utf8_valid(link->url));
        sum = sum * 31 + link->url.len;
        for (size_t k = 0; k < link->n_texts; k++) {
            mc_str text = link->texts[k].text;
            require(text.len > 0 && mci_utf8_valid(text));
            require(!memchr(text.data, '\n', text.len) && !memchr(text.data, '\r', text.len));
            require(mci_trim_space(text).len == text.len);
            sum = sum * 31 + text.len;
            n_texts++;
        }
    }
    require(page->n_texts - page->n_empty_texts == n_texts);
    require(mci_utf8_valid(page->base));
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    mc_str charset = mc_str_of(charsets[data[0] % COUNT_OF(charsets)]);
    mc_str body = { (const char *)data + 1, size - 1 };
    mci_html *html = NULL;
    mci_page page = { 0 };
    if (mci_html_new(MCI_HTML_SCAN, &html, NULL) < 0)
        abort();
    uint64_t first = 0;
    for (int again = 0; again < 2; again++) {
        mc_error err = { 0 };
        mc_status status = mci_html_images(html, body, charset, mc_str_of("u"), &page, &err);
        require(status == MC_OK || (status == MC_SKIPPED && err.text[0]));
        uint64_t sum = status == MC_OK ? check_page(&page) : 0;
        require(again == 0 || sum == first);
        first = sum;
    }
    mci_page_release(&page);
    mci_html_free(html);
    return 0;
}
