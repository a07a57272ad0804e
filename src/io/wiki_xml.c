#include "io/wiki_xml.h"

#include <expat.h>
#include <stdlib.h>

#include "base/alloc.h"

typedef enum { IN_OTHER, IN_TITLE, IN_NS, IN_MODEL, IN_TEXT } place;

enum { PIECE_BYTES = 1 << 26 }; /* expat counts in int */

struct mci_wiki_xml {
    XML_Parser parser;
    mci_buf title, ns, model, text;
    place at;
    unsigned depth; /* page is 1, revision and title are 2 */
    bool is_redirect, is_page, is_out_of_memory;
};

static void *reallocate(void *memory, size_t n)
{
    return mci_realloc(memory, n);
}

mc_status mci_wiki_xml_new(mci_wiki_xml **out, mc_error *err)
{
    static const XML_Memory_Handling_Suite memory = { mci_alloc, reallocate, mci_free };
    mci_wiki_xml *xml = mci_alloc_zeroed(1, sizeof *xml);
    if (xml)
        xml->parser = XML_ParserCreate_MM("UTF-8", &memory, NULL);
    if (!xml || !xml->parser) {
        mci_free(xml);
        return mci_nomem(err, sizeof *xml);
    }
    *out = xml;
    return MC_OK;
}

void mci_wiki_xml_free(mci_wiki_xml *xml)
{
    if (!xml)
        return;
    XML_ParserFree(xml->parser);
    mci_buf_release(&xml->title);
    mci_buf_release(&xml->ns);
    mci_buf_release(&xml->model);
    mci_buf_release(&xml->text);
    mci_free(xml);
}

/* ---- what expat calls ---- */

static mci_buf *buffer_of(mci_wiki_xml *xml)
{
    switch (xml->at) {
    case IN_TITLE:
        return &xml->title;
    case IN_NS:
        return &xml->ns;
    case IN_MODEL:
        return &xml->model;
    case IN_TEXT:
        return &xml->text;
    case IN_OTHER:
        break;
    }
    return NULL;
}

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    mci_wiki_xml *xml = user;
    (void)attributes;
    unsigned depth = ++xml->depth;
    xml->at = IN_OTHER;
    if (depth == 1)
        xml->is_page = strcmp(name, "page") == 0;
    else if (depth == 2 && strcmp(name, "title") == 0)
        xml->at = IN_TITLE;
    else if (depth == 2 && strcmp(name, "ns") == 0)
        xml->at = IN_NS;
    else if (depth == 2 && strcmp(name, "redirect") == 0)
        xml->is_redirect = true;
    else if (depth == 3 && strcmp(name, "model") == 0)
        xml->at = IN_MODEL;
    else if (depth == 3 && strcmp(name, "text") == 0)
        xml->at = IN_TEXT;
    mci_buf *buffer = buffer_of(xml);
    if (buffer)
        mci_buf_clear(buffer); /* of several revisions the last one stays */
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    mci_wiki_xml *xml = user;
    (void)name;
    xml->depth--;
    xml->at = IN_OTHER;
}

static void XMLCALL on_text(void *user, const XML_Char *bytes, int n)
{
    mci_wiki_xml *xml = user;
    mci_buf *buffer = buffer_of(xml);
    if (buffer && mci_buf_append(buffer, bytes, (size_t)n, NULL) < 0) {
        xml->is_out_of_memory = true;
        XML_StopParser(xml->parser, XML_FALSE);
    }
}

/* ---- parsing ---- */

static void reset(mci_wiki_xml *xml)
{
    XML_ParserReset(xml->parser, "UTF-8");
    XML_SetUserData(xml->parser, xml);
    XML_SetElementHandler(xml->parser, on_start, on_end);
    XML_SetCharacterDataHandler(xml->parser, on_text);
    mci_buf_clear(&xml->title);
    mci_buf_clear(&xml->ns);
    mci_buf_clear(&xml->model);
    mci_buf_clear(&xml->text);
    xml->at = IN_OTHER;
    xml->depth = 0;
    xml->is_redirect = xml->is_page = xml->is_out_of_memory = false;
}

static enum XML_Status feed(XML_Parser parser, mc_str element)
{
    enum XML_Status status = XML_STATUS_OK;
    do {
        size_t n = element.len < PIECE_BYTES ? element.len : PIECE_BYTES;
        status = XML_Parse(parser, element.data, (int)n, n == element.len);
        element.data += n;
        element.len -= n;
    } while (element.len > 0 && status == XML_STATUS_OK);
    return status;
}

mc_status mci_wiki_xml_parse(mci_wiki_xml *xml, mc_str element, mci_wiki_page *page, mc_error *err)
{
    reset(xml);
    enum XML_Status status = feed(xml->parser, element);
    enum XML_Error code = XML_GetErrorCode(xml->parser);
    if (xml->is_out_of_memory || (status == XML_STATUS_ERROR && code == XML_ERROR_NO_MEMORY))
        return mci_nomem(err, element.len);
    if (status == XML_STATUS_ERROR)
        return mc_fail(err, MC_SKIPPED, "line %lu of the page: %s",
                       (unsigned long)XML_GetCurrentLineNumber(xml->parser), XML_ErrorString(code));
    if (!xml->is_page)
        return mc_fail(err, MC_SKIPPED, "this is no page");
    MC_TRY(mci_buf_terminate(&xml->ns, err));
    *page = (mci_wiki_page){ .title = mci_buf_str(&xml->title),
                             .text = mci_buf_str(&xml->text),
                             .model = mci_buf_str(&xml->model),
                             .ns = strtol(xml->ns.data, NULL, 10),
                             .is_redirect = xml->is_redirect };
    return MC_OK;
}

/* ---- finding pages ---- */

static const char page_start[] = "<page", page_end[] = "</page>";
enum { START_LEN = sizeof page_start - 1, END_LEN = sizeof page_end - 1 };

size_t mci_wiki_find_page(mc_str text, size_t *end)
{
    const char *at = text.data, *stop = text.data + text.len;
    *end = 0;
    while (at && (at = memmem(at, (size_t)(stop - at), page_start, START_LEN))) {
        /* not <pages> or the like */
        if (at + START_LEN == stop || memchr("> \t\r\n", at[START_LEN], 5))
            break;
        at += START_LEN;
    }
    if (!at)
        return text.len;
    const char *close = memmem(at, (size_t)(stop - at), page_end, END_LEN);
    if (close)
        *end = (size_t)(close - text.data) + END_LEN;
    return (size_t)(at - text.data);
}

/* ---- the names of namespaces ---- */

static mc_status add_name(mc_str name, mci_buf *out, mc_error *err)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        MC_TRY(mci_buf_byte(out, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c, err));
    }
    return mci_buf_byte(out, '\n', err);
}

mc_status mci_wiki_namespaces(mc_str head, mci_buf *out, mc_error *err)
{
    static const char *const keys[] = { "<namespace key=\"6\"", "<namespace key=\"14\"" };
    const char *stop = head.data + head.len;
    for (size_t i = 0; i < COUNT_OF(keys) && head.len; i++) {
        const char *at = memmem(head.data, head.len, keys[i], strlen(keys[i]));
        const char *from = at ? memchr(at, '>', (size_t)(stop - at)) : NULL;
        const char *to = from ? memchr(from, '<', (size_t)(stop - from)) : NULL;
        if (to && from[-1] != '/')
            MC_TRY(add_name((mc_str){ from + 1, (size_t)(to - from - 1) }, out, err));
    }
    return MC_OK;
}
