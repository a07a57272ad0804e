#include "io/wat_internal.h"

#include "base/utf8.h"

static bool get_path(mci_json_value value, const char *const *keys, size_t n_keys,
                     mci_json_value *out)
{
    for (size_t i = 0; i < n_keys; i++)
        if (!mci_json_get(value, keys[i], &value))
            return false;
    *out = value;
    return true;
}

/* Puts the member `key` into *out if it is a string. */
static bool get_string(mci_json_value value, const char *key, mc_str *out)
{
    mci_json_value member;
    if (!mci_json_get(value, key, &member) || mci_json_type_of(member) != MCI_JSON_STRING)
        return false;
    *out = mci_json_string(member);
    return true;
}

static mc_status set_uri(mci_json_value root, mci_page *page, mc_error *err)
{
    static const char *const keys[] = { "Envelope", "WARC-Header-Metadata" };
    mci_json_value header;
    mc_str uri;
    if (!get_path(root, keys, COUNT_OF(keys), &header) ||
        !get_string(header, "WARC-Target-URI", &uri))
        return MC_OK;
    return mci_arena_copy(&page->arena, uri, &page->uri, err);
}

static mc_status set_base(mci_json_value html, mci_page *page, mc_error *err)
{
    mci_json_value head;
    mc_str base;
    if (!mci_json_get(html, "Head", &head) || !get_string(head, "Base", &base))
        return MC_OK;
    page->has_base = true;
    return mci_arena_copy(&page->arena, base, &page->base, err);
}

/* With spaces for CR and LF, then trimmed; lives in scratch. */
static mc_status clean_text(mc_str raw, mci_buf *scratch, mc_str *out, mc_error *err)
{
    mci_buf_clear(scratch);
    MC_TRY(mci_buf_add(scratch, raw, err));
    for (size_t i = 0; i < scratch->len; i++)
        if (scratch->data[i] == '\r' || scratch->data[i] == '\n')
            scratch->data[i] = ' ';
    *out = raw.len ? mci_trim_space(mci_buf_str(scratch)) : raw;
    return MC_OK;
}

#define KEY(text)              \
    {                          \
        text, sizeof(text) - 1 \
    }
const mc_str mci_link_keys[MCI_N_LINK_KEYS] = { KEY("path"), KEY("url"), KEY("alt"), KEY("title"),
                                                KEY("data-image-title") };
#undef KEY

/* Fills members, by one look at each; has[k] says which are there. Of repeated keys the last. */
static void find_members(mci_json_value link, mci_json_value members[MCI_N_LINK_KEYS],
                         bool has[MCI_N_LINK_KEYS])
{
    mc_str key;
    mci_json_value member;
    for (mci_json_iter it = mci_json_iterate(link); mci_json_next(&it, &key, &member);)
        for (size_t k = 0; k < MCI_N_LINK_KEYS; k++)
            if (mc_str_equal(key, mci_link_keys[k])) {
                members[k] = member;
                has[k] = true;
            }
}

static mc_status add_text(mc_str key, mc_str raw, mci_buf *scratch, mci_page *page, mci_link *link,
                          mc_error *err)
{
    mc_str clean;
    page->n_texts++;
    MC_TRY(clean_text(raw, scratch, &clean, err));
    if (clean.len == 0) {
        page->n_empty_texts++;
        return MC_OK;
    }
    mci_link_text *text = &link->texts[link->n_texts++];
    text->key = key;
    return mci_arena_copy(&page->arena, clean, &text->text, err);
}

bool mci_is_image_path(mc_str path)
{
    static const char image[] = "IMG@/src"; /* IMG@/srcset too: the original's rule */
    return path.len >= sizeof image - 1 && memcmp(path.data, image, sizeof image - 1) == 0;
}

static mc_status add_link(mci_json_value from, mci_buf *scratch, mci_page *page, mc_error *err)
{
    mci_json_value members[MCI_N_LINK_KEYS];
    bool has[MCI_N_LINK_KEYS] = { false };
    mci_link *link;
    if (mci_json_type_of(from) != MCI_JSON_OBJECT)
        return MC_OK;
    find_members(from, members, has);
    if (!has[MCI_LINK_PATH] || !mci_is_image_path(mci_json_string(members[MCI_LINK_PATH])) ||
        !has[MCI_LINK_URL])
        return MC_OK;
    mci_json_type url_type = mci_json_type_of(members[MCI_LINK_URL]);
    if (url_type != MCI_JSON_STRING && url_type != MCI_JSON_NULL)
        return MC_OK;
    MC_TRY(mci_page_add_link(page, &link, err));
    MC_TRY(mci_arena_copy(&page->arena, mci_json_string(members[MCI_LINK_URL]), &link->url, err));
    for (size_t k = MCI_LINK_TEXT; k < MCI_N_LINK_KEYS; k++)
        if (has[k] && mci_json_type_of(members[k]) == MCI_JSON_STRING)
            MC_TRY(
                add_text(mci_link_keys[k], mci_json_string(members[k]), scratch, page, link, err));
    return MC_OK;
}

static mc_status read_record(mci_json_value root, mci_buf *scratch, mci_page *page, mc_error *err)
{
    static const char *const keys[] = { "Envelope", "Payload-Metadata", "HTTP-Response-Metadata",
                                        "HTML-Metadata" };
    mci_json_value html, links, link;
    if (!get_path(root, keys, COUNT_OF(keys), &html) || !mci_json_get(html, "Links", &links) ||
        mci_json_type_of(links) != MCI_JSON_ARRAY)
        return MC_END;
    MC_TRY(set_base(html, page, err));
    for (mci_json_iter it = mci_json_iterate(links); mci_json_next(&it, NULL, &link);)
        MC_TRY(add_link(link, scratch, page, err));
    return MC_OK;
}

static bool is_blank(mc_str line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
            return false;
    return true;
}

static mc_str take_line(mc_str *rest)
{
    const char *end = memchr(rest->data, '\n', rest->len);
    size_t len = end ? (size_t)(end - rest->data) : rest->len;
    size_t taken = end ? len + 1 : len;
    mc_str line = { rest->data, len };
    rest->data += taken;
    rest->len -= taken;
    return line;
}

/* The first line that is a JSON object. */
static mc_status find_object(mci_json *json, mc_str block, mci_page *page, mci_json_value *root,
                             mc_error *err)
{
    bool has_text = false;
    while (block.len > 0) {
        mc_str line = take_line(&block);
        if (is_blank(line))
            continue;
        has_text = true;
        /* Wrong UTF-8 is refused by the parser, so such a line is skipped here too. */
        uint64_t n_replaced = 0;
        mc_status status = mci_json_parse(json, line, root, &n_replaced, err);
        if (status < 0)
            return status;
        if (status == MC_OK && mci_json_type_of(*root) == MCI_JSON_OBJECT) {
            page->n_replaced += n_replaced;
            return MC_OK;
        }
        if (status == MC_OK)
            mc_fail(err, MC_SKIPPED, "JSON, but not an object");
        page->n_skipped_lines++;
    }
    if (!has_text)
        return mc_fail(err, MC_SKIPPED, "an empty record");
    return mc_add_context(err, MC_SKIPPED, "no line can be read");
}

mc_status mci_wat_parse(mci_json *json, mci_buf *scratch, mc_str block, mci_page *page,
                        mc_error *err)
{
    mci_page_reset(page);
    mci_json_value root;
    mc_status status = find_object(json, block, page, &root, err);
    if (status != MC_OK)
        return status;
    MC_TRY(set_uri(root, page, err));
    return read_record(root, scratch, page, err);
}

mc_status mci_wat_images(mci_json *json, mci_buf *scratch, mc_str block, mci_page *page,
                         mc_error *err)
{
    mci_page_reset(page);
    for (mc_str rest = block; rest.len > 0;) {
        mc_str line = take_line(&rest);
        if (is_blank(line))
            continue;
        mc_status status = mci_wat_scan(json, line, page, err);
        if (status != MC_SKIPPED)
            return status;
        break;
    }
    return mci_wat_parse(json, scratch, block, page, err);
}
