#include "io/http.h"

#include "io/fields.h"
#include "io/stream.h"

enum { MAX_CODINGS = 8 }; /* more of them are no page but an attack */

typedef struct {
    mc_str content_type;
    mc_str codings[MAX_CODINGS]; /* Content-Encoding, in the order they were applied */
    mc_str transfer[MAX_CODINGS];
    size_t n_codings, n_transfer;
} http_fields;

void mci_http_release(mci_http *http)
{
    mci_buf_release(&http->dechunked);
    mci_buf_release(&http->decoded);
}

/* ---- header ---- */

static void add_codings(mc_str list, mc_str codings[MAX_CODINGS], size_t *n)
{
    while (list.len > 0) {
        mc_str coding = mci_field_trim(mci_field_split(&list, ','));
        if (coding.len > 0 && *n < MAX_CODINGS)
            codings[(*n)++] = coding;
    }
}

static void take_field(http_fields *fields, mc_str name, mc_str value)
{
    if (mci_field_is(name, "Content-Type") && value.len > 0)
        fields->content_type = value; /* of repeated ones the last, as browsers do */
    else if (mci_field_is(name, "Content-Encoding"))
        add_codings(value, fields->codings, &fields->n_codings);
    else if (mci_field_is(name, "Transfer-Encoding"))
        add_codings(value, fields->transfer, &fields->n_transfer);
}

/* The status of "HTTP/1.1 200 OK"; 0 if it has none. */
static int parse_status(mc_str line)
{
    mci_field_split(&line, ' ');
    line = mci_field_trim(line);
    int status = 0;
    for (size_t i = 0; i < 3; i++) {
        if (i >= line.len || line.data[i] < '0' || line.data[i] > '9')
            return 0;
        status = status * 10 + (line.data[i] - '0');
    }
    bool ends = line.len == 3 || line.data[3] < '0' || line.data[3] > '9';
    return ends ? status : 0;
}

static mc_str unquote(mc_str value)
{
    char quote = value.len > 0 ? value.data[0] : '\0';
    if (quote != '"' && quote != '\'')
        return value;
    value.data++;
    value.len--;
    return mci_field_trim(mci_field_split(&value, quote));
}

/* The charset of "text/html; charset=utf-8". */
static mc_str charset_of(mc_str content_type)
{
    mci_field_split(&content_type, ';');
    while (content_type.len > 0) {
        mc_str value = mci_field_split(&content_type, ';');
        mc_str name = mci_field_trim(mci_field_split(&value, '='));
        if (mci_field_is(name, "charset"))
            return unquote(mci_field_trim(value));
    }
    return (mc_str){ 0 };
}

/* ---- body ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Reads "1a;extension" into *size; false if it does not begin with a size. */
static bool parse_chunk_size(mc_str line, uint64_t *size)
{
    line = mci_field_trim(line);
    size_t n = 0;
    *size = 0;
    for (; n < line.len && hex_digit(line.data[n]) >= 0; n++) {
        if (*size >> 60)
            return false;
        *size = *size << 4 | (uint64_t)hex_digit(line.data[n]);
    }
    return n > 0 &&
           (n == line.len || line.data[n] == ';' || line.data[n] == ' ' || line.data[n] == '\t');
}

/* Passes over the line end behind a chunk's bytes; false if something else stands there. */
static bool pass_line_end(mc_str *text)
{
    mc_str line = mci_field_split(text, '\n');
    return line.len == 0 || (line.len == 1 && line.data[0] == '\r');
}

/* Joins the chunks of body in out, as far as they go. False if it does not begin with one. */
static mc_status dechunk(mc_str body, mci_buf *out, bool *is_chunked, mc_error *err)
{
    mci_buf_clear(out);
    *is_chunked = false;
    while (body.len > 0) {
        uint64_t size = 0;
        if (!parse_chunk_size(mci_field_split(&body, '\n'), &size))
            return MC_OK;
        if (size == 0) {
            *is_chunked = true;
            return MC_OK; /* trailers follow, which say nothing about the body */
        }
        mc_str chunk = { body.data, size < body.len ? (size_t)size : body.len };
        body.data += chunk.len;
        body.len -= chunk.len;
        bool is_sound = pass_line_end(&body);
        if (!is_sound && !*is_chunked)
            return MC_OK;
        *is_chunked = true;
        MC_TRY(mci_buf_add(out, chunk, err));
        if (!is_sound)
            return MC_OK;
    }
    return MC_OK;
}

static bool is_gzip(mc_str body)
{
    return body.len >= 2 && memcmp(body.data, "\x1F\x8B", 2) == 0;
}

static bool is_zlib(mc_str body)
{
    if (body.len < 2)
        return false;
    unsigned method = (unsigned char)body.data[0], flags = (unsigned char)body.data[1];
    return (method & 15) == 8 && (method << 8 | flags) % 31 == 0;
}

/* Undoes one coding; a body that is not of the format it is marked with stays as it is. */
static mc_status inflate(mci_http *http, mci_body_format format, uint64_t max, mc_str *body,
                         mc_error *err)
{
    if (body->data == http->decoded.data) { /* the second of a list: its input must stay */
        mci_buf input = http->decoded;
        http->decoded = http->dechunked;
        http->dechunked = input;
    }
    mc_status status = mci_inflate_body(*body, format, max, &http->decoded, err);
    if (status == MC_E_FORMAT) {
        /* Damaged after a while, or no such data at all? Raw data has no mark to tell by. */
        if (format == MCI_BODY_RAW || http->decoded.len == 0)
            return MC_OK;
        status = MC_OK;
    }
    if (status == MC_E_LIMIT)
        return mc_add_context(err, MC_SKIPPED, "the body");
    if (status == MC_OK)
        *body = mci_buf_str(&http->decoded);
    return status;
}

static mc_status undo_coding(mci_http *http, mc_str coding, uint64_t max, mc_str *body,
                             mc_error *err)
{
    /* The last ones are no codings, but servers send them. */
    static const char *const nothing[] = { "identity", "chunked", "none", "utf-8",
                                           "utf8",     "binary",  "8bit", "7bit" };
    for (size_t i = 0; i < COUNT_OF(nothing); i++)
        if (mci_field_is(coding, nothing[i]))
            return MC_OK;
    if (body->len == 0)
        return MC_OK;
    if (mci_field_is(coding, "gzip") || mci_field_is(coding, "x-gzip"))
        return is_gzip(*body) ? inflate(http, MCI_BODY_GZIP, max, body, err) : MC_OK;
    if (mci_field_is(coding, "deflate"))
        return inflate(http, is_zlib(*body) ? MCI_BODY_ZLIB : MCI_BODY_RAW, max, body, err);
    if (mci_field_is(coding, "zstd"))
        return inflate(http, MCI_BODY_ZSTD, max, body, err);
    return mc_fail(err, MC_SKIPPED, "the body has an unknown encoding, \"%.*s\"",
                   (int)(coding.len < 40 ? coding.len : 40), coding.data);
}

static mc_status undo_codings(mci_http *http, const mc_str *codings, size_t n, uint64_t max,
                              mc_str *body, mc_error *err)
{
    while (n > 0) {
        mc_status status = undo_coding(http, codings[--n], max, body, err);
        if (status != MC_OK)
            return status;
    }
    return MC_OK;
}

static bool has_chunked(const http_fields *fields)
{
    for (size_t i = 0; i < fields->n_transfer; i++)
        if (mci_field_is(fields->transfer[i], "chunked"))
            return true;
    return false;
}

static mc_status decode_body(mci_http *http, const http_fields *fields, uint64_t max, mc_str *body,
                             mc_error *err)
{
    if (has_chunked(fields)) {
        bool is_chunked = false;
        MC_TRY(dechunk(*body, &http->dechunked, &is_chunked, err));
        if (is_chunked)
            *body = mci_buf_str(&http->dechunked);
    }
    mc_status status = undo_codings(http, fields->transfer, fields->n_transfer, max, body, err);
    if (status == MC_OK)
        status = undo_codings(http, fields->codings, fields->n_codings, max, body, err);
    if (status == MC_OK && body->len > max)
        return mc_fail(err, MC_SKIPPED, "the body has %zu bytes, the limit is %llu", body->len,
                       (unsigned long long)max);
    return status;
}

mc_status mci_http_parse(mci_http *http, mc_str block, uint64_t max_body_bytes,
                         mci_http_response *out, mc_error *err)
{
    *out = (mci_http_response){ 0 };
    if (block.len < 5 || memcmp(block.data, "HTTP/", 5) != 0)
        return mc_fail(err, MC_SKIPPED, "no HTTP message: it does not begin with \"HTTP/\"");
    mc_str rest = block, name, value;
    http_fields fields = { 0 };
    out->status = parse_status(mci_field_split(&rest, '\n'));
    while (mci_field_next(&rest, &name, &value))
        take_field(&fields, name, value);
    out->content_type = fields.content_type;
    out->charset = charset_of(fields.content_type);
    out->body = rest;
    return decode_body(http, &fields, max_body_bytes, &out->body, err);
}
