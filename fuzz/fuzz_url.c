/* Joining of urls: input is base, LF, url. What must hold: a result is UTF-8, bounded in length,
 * and either one of the two as it came or free of tab, CR and LF; the same pair gives the same
 * again, and so does the joiner that knows plain urls. */
#include <stdlib.h>

#include "base/utf8.h"
#include "io/url.h"

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static bool has_line_marks(mc_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '\t' || text.data[i] == '\n' || text.data[i] == '\r')
            return true;
    return false;
}

static void check_joiner(mc_str base, mc_str url, mc_status status, mc_str want)
{
    mci_url_joiner *joiner = NULL;
    mci_buf room = { 0 };
    mc_str got;
    require(mci_url_joiner_new(&joiner, NULL) == MC_OK);
    require(mci_url_joiner_set_base(joiner, base, NULL) == MC_OK);
    require(mci_url_joiner_resolve(joiner, url, &room, &got, NULL) == status);
    require(status != MC_OK || mc_str_equal(got, want));
    mci_buf_release(&room);
    mci_url_joiner_free(joiner);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mci_buf text = { 0 }, joined = { 0 }, again = { 0 };
    uint64_t n_replaced = 0;
    if (mci_utf8_repair((mc_str){ (const char *)data, size }, &text, &n_replaced, NULL) < 0 ||
        mci_buf_terminate(&text, NULL) < 0)
        abort();
    const char *end = memchr(text.data, '\n', text.len);
    size_t n_base = end ? (size_t)(end - text.data) : text.len;
    mc_str base = { text.data, n_base };
    mc_str url = { text.data + n_base + (end != NULL), text.len - n_base - (end != NULL) };

    mc_error err = { 0 };
    mc_status status = mci_url_join(base, url, &joined, &err);
    require(status == MC_OK || (status == MC_SKIPPED && err.text[0]));
    check_joiner(base, url, status, mci_buf_str(&joined));
    if (status == MC_OK) {
        require(mci_utf8_valid(mci_buf_str(&joined)));
        require(joined.len <= base.len + url.len + 4);
        mc_str got = mci_buf_str(&joined);
        require(mc_str_equal(got, base) || mc_str_equal(got, url) || !has_line_marks(got));
        require(mci_url_join(base, url, &again, NULL) == MC_OK);
        require(mc_str_equal(got, mci_buf_str(&again)));
    }
    mci_buf_release(&text);
    mci_buf_release(&joined);
    mci_buf_release(&again);
    return 0;
}
