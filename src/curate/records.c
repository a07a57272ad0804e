#include "curate/records.h"

#include <strings.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "io/html.h"
#include "io/http.h"
#include "io/pairs.h"
#include "io/url.h"
#include "io/wat.h"

struct mci_record_parser {
    mci_json *json;
    mci_html *html;
    mci_http http;
    mci_page page;
    mci_url_joiner *joiner;
    mci_sha224 *sha;
    mci_buf scratch; /* a reader's */
    mci_buf url;     /* the joined url */
    mci_buf uri;     /* the page's url, valid UTF-8 */
    mci_buf name;    /* what a uuid is made from */
    mci_buf extra;   /* members that are put into a record's */
    mci_record_options options;
};

mc_status mci_record_parser_new(const mci_record_options *options, mci_record_parser **out,
                                mc_error *err)
{
    mci_record_parser *parser = mci_alloc_zeroed(1, sizeof *parser);
    if (!parser)
        return mci_nomem(err, sizeof *parser);
    parser->options = *options;
    mc_status status = mci_json_new(&parser->json, err);
    if (status >= 0)
        status = mci_html_new(options->html_by_gumbo ? MCI_HTML_GUMBO : MCI_HTML_SCAN,
                              &parser->html, err);
    if (status >= 0)
        status = mci_url_joiner_new(&parser->joiner, err);
    if (status >= 0)
        status = mci_sha224_new(&parser->sha, err);
    if (status < 0)
        mci_record_parser_free(parser);
    else
        *out = parser;
    return status;
}

void mci_record_parser_free(mci_record_parser *parser)
{
    if (!parser)
        return;
    mci_json_free(parser->json);
    mci_html_free(parser->html);
    mci_url_joiner_free(parser->joiner);
    mci_sha224_free(parser->sha);
    mci_http_release(&parser->http);
    mci_page_release(&parser->page);
    mci_buf_release(&parser->scratch);
    mci_buf_release(&parser->url);
    mci_buf_release(&parser->uri);
    mci_buf_release(&parser->name);
    mci_buf_release(&parser->extra);
    mci_free(parser);
}

static mc_status add_record(mci_record_list *list, mc_record **out, mc_error *err)
{
    void *records = list->records;
    MC_TRY(mci_grow(&records, &list->cap, list->n + 1, sizeof(mc_record), err));
    list->records = records;
    *out = &list->records[list->n++];
    **out = (mc_record){ 0 };
    return MC_OK;
}

/* ---- uuids ---- */

static mc_status hash_name(const mci_record_parser *parser, mc_str name, mci_arena *arena,
                           mc_str *out, mc_error *err)
{
    char *digits = mci_arena_alloc(arena, MCI_UUID_DIGITS);
    if (!digits)
        return mci_nomem(err, MCI_UUID_DIGITS);
    MC_TRY(mci_sha224_uuid(parser->sha, name, digits, err));
    *out = (mc_str){ digits, MCI_UUID_DIGITS };
    return MC_OK;
}

static mc_status uuid_of_url(mci_record_parser *parser, mc_str url, mci_arena *arena, mc_str *out,
                             mc_error *err)
{
    bool is_name =
        url.len == 0 || (!memchr(url.data, ' ', url.len) && !memchr(url.data, '\t', url.len));
    if (is_name)
        return hash_name(parser, url, arena, out, err);
    mci_buf_clear(&parser->name);
    MC_TRY(mci_buf_reserve(&parser->name, url.len, err));
    for (size_t i = 0; i < url.len; i++)
        if (url.data[i] != ' ' && url.data[i] != '\t')
            parser->name.data[parser->name.len++] = url.data[i];
    return hash_name(parser, mci_buf_str(&parser->name), arena, out, err);
}

static mc_status uuid_of_place(mci_record_parser *parser, mc_str shard, uint64_t position,
                               mci_arena *arena, mc_str *out, mc_error *err)
{
    mci_buf_clear(&parser->name);
    MC_TRY(mci_buf_printf(&parser->name, err, "%.*s:%llu", (int)shard.len, shard.data,
                          (unsigned long long)position));
    return hash_name(parser, mci_buf_str(&parser->name), arena, out, err);
}

mc_status mci_name_records(mci_record_parser *parser, mci_arena *arena, mci_record_list *list,
                           mc_error *err)
{
    for (size_t i = 0; i < list->n; i++) {
        mc_record *record = &list->records[i];
        if (record->uuid.len == 0 && record->n_texts > 0)
            MC_TRY(uuid_of_url(parser, record->url, arena, &record->uuid, err));
    }
    return MC_OK;
}

/* ---- where records are from ---- */

static mc_status add_member(mci_buf *extra, const char *name, mc_str value, mc_error *err)
{
    MC_TRY(mci_buf_printf(extra, err, "%s\"%s\":", extra->len > 0 ? "," : "", name));
    return mci_json_add_string(extra, value, err);
}

/* Members for all records of a page, in one copy. */
static mc_status extra_of_page(mci_record_parser *parser, const mci_shard *shard, mci_arena *arena,
                               mc_str *out, mc_error *err)
{
    mc_str uri = parser->page.uri;
    mci_buf_clear(&parser->extra);
    if (parser->options.keep_page_url && uri.len > 0)
        MC_TRY(add_member(&parser->extra, "page_url", uri, err));
    if (parser->options.keep_source)
        MC_TRY(add_member(&parser->extra, "source", shard->source, err));
    return parser->extra.len > 0 ? mci_arena_copy(arena, mci_buf_str(&parser->extra), out, err)
                                 : MC_OK;
}

/* A record that was read from pairs may say already what it is from. */
static mc_status add_source(mci_record_parser *parser, const mci_shard *shard, mci_arena *arena,
                            mc_str *extra, mc_error *err)
{
    if (!parser->options.keep_source || mci_extra_has(*extra, "source"))
        return MC_OK;
    mci_buf_clear(&parser->extra);
    MC_TRY(mci_buf_add(&parser->extra, *extra, err));
    MC_TRY(add_member(&parser->extra, "source", shard->source, err));
    return mci_arena_copy(arena, mci_buf_str(&parser->extra), extra, err);
}

/* ---- pages ---- */

/* The same bytes for as long as the arena: the item's are good for as long. */
static mc_status keep(mc_str item, mci_arena *arena, mc_str text, mc_str *out, mc_error *err)
{
    uintptr_t start = (uintptr_t)item.data, at = (uintptr_t)text.data;
    *out = text;
    return at >= start && at - start < item.len ? MC_OK : mci_arena_copy(arena, text, out, err);
}

static mc_status keep_texts(mc_str item, const mci_link *link, mci_arena *arena, mc_record *record,
                            mc_error *err)
{
    record->texts = mci_arena_alloc(arena, link->n_texts * sizeof(mc_text));
    if (!record->texts)
        return mci_nomem(err, link->n_texts * sizeof(mc_text));
    record->n_texts = link->n_texts;
    for (size_t i = 0; i < link->n_texts; i++) {
        record->texts[i] = (mc_text){ .key = link->texts[i].key };
        MC_TRY(keep(item, arena, link->texts[i].text, &record->texts[i].text, err));
    }
    return MC_OK;
}

static mc_status record_of_link(mci_record_parser *parser, mc_str item, const mci_link *link,
                                mc_str extra, mci_arena *arena, mci_record_list *list,
                                mc_counters *n, mc_error *err)
{
    mc_str url = { 0 };
    n->records_read++;
    if (link->n_texts == 0) {
        n->records_without_text++;
        return MC_OK;
    }
    mc_status status = mci_url_joiner_resolve(parser->joiner, link->url, &parser->url, &url, err);
    if (status == MC_SKIPPED) {
        n->records_bad_url++;
        n->texts_bad_url += link->n_texts;
        return MC_OK;
    }
    MC_TRY(status);
    mc_record *record;
    MC_TRY(add_record(list, &record, err));
    MC_TRY(keep(item, arena, url, &record->url, err));
    if (!parser->options.leaves_unnamed)
        MC_TRY(uuid_of_url(parser, record->url, arena, &record->uuid, err));
    MC_TRY(keep_texts(item, link, arena, record, err));
    record->extra = extra;
    n->pairs_read += record->n_texts;
    return MC_OK;
}

static mc_status records_of_page(mci_record_parser *parser, mc_str item, const mci_shard *shard,
                                 mci_arena *arena, mci_record_list *list, mc_counters *n,
                                 mc_error *err)
{
    const mci_page *page = &parser->page;
    mc_str extra = { 0 };
    MC_TRY(extra_of_page(parser, shard, arena, &extra, err));
    n->items_used++;
    n->texts_read += page->n_texts;
    n->texts_empty += page->n_empty_texts;
    n->replaced_bytes += page->n_replaced;
    MC_TRY(mci_url_joiner_set_base(parser->joiner, page->has_base ? page->base : page->uri, err));
    for (size_t i = 0; i < page->n_links; i++)
        MC_TRY(record_of_link(parser, item, &page->links[i], extra, arena, list, n, err));
    return MC_OK;
}

static bool is_html(const mci_http_response *response)
{
    static const char *const types[] = { "text/html", "application/xhtml+xml" };
    mc_str type = response->content_type;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        size_t len = strlen(types[i]);
        if (type.len >= len && strncasecmp(type.data, types[i], len) == 0)
            return true;
    }
    /* No type at all: a page if it begins like one. */
    mc_str body = mci_trim_space(response->body);
    return type.len == 0 && body.len > 0 && body.data[0] == '<';
}

/* The page's url is the archive record's, made valid UTF-8. */
static mc_status set_page_uri(mci_record_parser *parser, mc_str uri, mc_counters *n, mc_error *err)
{
    mci_buf_clear(&parser->uri);
    return mci_utf8_repair(uri, &parser->uri, &n->replaced_bytes, err);
}

static mc_status parse_wat(mci_record_parser *parser, const mci_item *item, mc_counters *n,
                           mc_error *err)
{
    mc_status status =
        mci_wat_images(parser->json, &parser->scratch, item->bytes, &parser->page, err);
    n->undecodable_lines += parser->page.n_skipped_lines;
    if (status != MC_OK || item->uri.len == 0)
        return status;
    MC_TRY(set_page_uri(parser, item->uri, n, err));
    parser->page.uri = mci_buf_str(&parser->uri);
    return MC_OK;
}

static mc_status parse_response(mci_record_parser *parser, const mci_item *item, mc_counters *n,
                                mc_error *err)
{
    mci_http_response response;
    mc_status status =
        mci_http_parse(&parser->http, item->bytes, parser->options.max_body_bytes, &response, err);
    if (status != MC_OK)
        return status;
    if (!is_html(&response))
        return MC_END;
    MC_TRY(set_page_uri(parser, item->uri, n, err));
    return mci_html_images(parser->html, response.body, response.charset, mci_buf_str(&parser->uri),
                           &parser->page, err);
}

/* ---- pairs ---- */

static mc_status parse_pairs(mci_record_parser *parser, const mci_item *item,
                             const mci_shard *shard, uint64_t position, mci_arena *arena,
                             mci_record_list *list, mc_counters *n, mc_error *err)
{
    mc_record record;
    uint64_t n_empty = 0;
    mc_status status = mci_pairs_parse(parser->json, &parser->scratch, item->bytes, arena, &record,
                                       &n->replaced_bytes, &n_empty, err);
    if (status != MC_OK)
        return status;
    n->items_used++;
    n->records_read++;
    n->texts_read += record.n_texts + n_empty;
    n->texts_empty += n_empty;
    if (record.n_texts == 0) {
        n->records_without_text++;
        return MC_OK;
    }
    n->pairs_read += record.n_texts;
    if (record.uuid.len == 0 && record.url.len > 0 && !parser->options.leaves_unnamed)
        MC_TRY(uuid_of_url(parser, record.url, arena, &record.uuid, err));
    else if (record.uuid.len == 0 && record.url.len == 0)
        MC_TRY(uuid_of_place(parser, shard->name, position, arena, &record.uuid, err));
    MC_TRY(add_source(parser, shard, arena, &record.extra, err));
    mc_record *place;
    MC_TRY(add_record(list, &place, err));
    *place = record;
    return MC_OK;
}

mc_status mci_parse_item(mci_record_parser *parser, const mci_item *item, const mci_shard *shard,
                         uint64_t position, mci_arena *arena, mci_record_list *list, mc_counters *n,
                         mc_error *err)
{
    mc_status status = MC_OK;
    n->items_read++;
    switch (item->kind) {
    case MCI_ITEM_PAIRS:
        status = parse_pairs(parser, item, shard, position, arena, list, n, err);
        break;
    case MCI_ITEM_WAT:
        status = parse_wat(parser, item, n, err);
        break;
    case MCI_ITEM_RESPONSE:
        status = parse_response(parser, item, n, err);
        break;
    }
    if (status == MC_OK && item->kind != MCI_ITEM_PAIRS)
        return records_of_page(parser, item->bytes, shard, arena, list, n, err);
    if (status == MC_SKIPPED)
        n->items_skipped++;
    if (status == MC_END)
        n->items_passed_over++;
    return status == MC_END ? MC_OK : status;
}
