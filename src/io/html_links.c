#include "io/html_links.h"

#include "base/utf8.h"

const char *const mci_image_attributes[MCI_N_IMAGE_ATTRIBUTES] = { "src", "alt", "title",
                                                                   "data-image-title" };

static bool has_line_end(mc_str text)
{
    return text.len > 0 && (memchr(text.data, '\n', text.len) || memchr(text.data, '\r', text.len));
}

/* The value with CR and LF removed and white space trimmed; in scratch, if anything was removed. */
static mc_status clean_value(mc_str value, mci_buf *scratch, mc_str *out, mc_error *err)
{
    *out = mci_trim_space(value);
    if (!has_line_end(*out))
        return MC_OK;
    mci_buf_clear(scratch);
    MC_TRY(mci_buf_reserve(scratch, value.len, err));
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] != '\r' && value.data[i] != '\n')
            scratch->data[scratch->len++] = value.data[i];
    *out = mci_trim_space(mci_buf_str(scratch));
    return MC_OK;
}

mc_status mci_html_add_image(const mc_str values[MCI_N_IMAGE_ATTRIBUTES], mci_buf *scratch,
                             mci_page *page, mc_error *err)
{
    if (!values[0].data)
        return MC_OK;
    mci_link *link;
    MC_TRY(mci_page_add_link(page, &link, err));
    MC_TRY(mci_arena_copy(&page->arena, values[0], &link->url, err));
    for (size_t i = 1; i < MCI_N_IMAGE_ATTRIBUTES; i++) {
        if (!values[i].data)
            continue;
        page->n_texts++;
        mc_str text;
        MC_TRY(clean_value(values[i], scratch, &text, err));
        if (text.len == 0) {
            page->n_empty_texts++;
            continue;
        }
        mci_link_text *to = &link->texts[link->n_texts++];
        to->key = mc_str_of(mci_image_attributes[i]);
        MC_TRY(mci_arena_copy(&page->arena, text, &to->text, err));
    }
    return MC_OK;
}

mc_status mci_html_set_base(mc_str href, mci_page *page, mc_error *err)
{
    if (!href.data || page->has_base)
        return MC_OK;
    page->has_base = true;
    return mci_arena_copy(&page->arena, href, &page->base, err);
}
