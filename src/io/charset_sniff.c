#include "io/charset.h"

/* WHATWG's "prescan a byte stream to determine its encoding": a small reader of tags that looks at
 * <meta> only. It knows no more of HTML than the standard gives it. */

enum { PRESCAN_BYTES = 1024 };

typedef struct {
    const char *at, *end;
} cursor;

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The bytes at the cursor, in any case, are those of word (in lower case). */
static bool looking_at(const cursor *in, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(in->end - in->at) < len)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = in->at[i];
        if ((c >= 'A' && c <= 'Z' ? (char)(c + 32) : c) != word[i])
            return false;
    }
    return true;
}

static bool is_word(mc_str text, const char *word)
{
    cursor in = { text.data, text.data + text.len };
    return text.len == strlen(word) && looking_at(&in, word);
}

static void skip_spaces(cursor *in)
{
    while (in->at < in->end && is_space(*in->at))
        in->at++;
}

/* To the first of marks, or to the end. */
static void skip_to(cursor *in, const char *marks)
{
    while (in->at < in->end && !(*in->at && strchr(marks, *in->at)))
        in->at++;
}

static mc_str since(const cursor *in, const char *start)
{
    return (mc_str){ start, (size_t)(in->at - start) };
}

/* A value in quotes, or as far as marks or the end; the cursor stands behind it. */
static mc_str read_value(cursor *in, const char *marks)
{
    if (in->at == in->end)
        return mc_str_of("");
    char quote[2] = { *in->at, '\0' };
    bool is_quoted = quote[0] == '"' || quote[0] == '\'';
    const char *start = in->at += is_quoted;
    skip_to(in, is_quoted ? quote : marks);
    mc_str value = since(in, start);
    if (is_quoted && in->at < in->end)
        in->at++;
    return value;
}

/* "Get an attribute". False: the tag has no more. */
static bool read_attribute(cursor *in, mc_str *name, mc_str *value)
{
    while (in->at < in->end && (is_space(*in->at) || *in->at == '/'))
        in->at++;
    if (in->at == in->end || *in->at == '>')
        return false;
    const char *start = in->at;
    in->at++; /* a = at the start belongs to the name */
    skip_to(in, "=/> \t\n\f\r");
    *name = since(in, start);
    *value = mc_str_of("");
    skip_spaces(in);
    if (in->at == in->end || *in->at != '=')
        return true;
    in->at++;
    skip_spaces(in);
    if (in->at < in->end && *in->at != '>')
        *value = read_value(in, "> \t\n\f\r");
    return true;
}

/* "Extract a character encoding from a meta element": of the content attribute. */
static const mci_encoding *encoding_of_content(mc_str content)
{
    cursor in = { content.data, content.data + content.len };
    for (; in.at < in.end; in.at++) {
        if (!looking_at(&in, "charset"))
            continue;
        in.at += strlen("charset");
        skip_spaces(&in);
        if (in.at == in.end || *in.at != '=') {
            in.at--; /* as the loop moves on */
            continue;
        }
        in.at++;
        skip_spaces(&in);
        bool is_quoted = in.at < in.end && (*in.at == '"' || *in.at == '\'');
        mc_str label = read_value(&in, "; \t\n\f\r");
        bool is_open = is_quoted && in.at == label.data + label.len;
        return is_open ? NULL : mci_encoding_of_label(label);
    }
    return NULL;
}

/* A page that could be read so far is not in these. */
static const mci_encoding *readable(const mci_encoding *encoding)
{
    if (!encoding)
        return NULL;
    const char *name = mci_encoding_name(encoding);
    if (strncmp(name, "utf-16", 6) == 0)
        return mci_encoding_of_label(mc_str_of("utf-8"));
    if (strcmp(name, "x-user-defined") == 0)
        return mci_encoding_of_label(mc_str_of("windows-1252"));
    return encoding;
}

/* The encoding a <meta> names; the cursor stands behind "<meta" and goes to the tag's end. */
static const mci_encoding *encoding_of_meta(cursor *in)
{
    bool got_pragma = false, need_pragma = false;
    bool has_http_equiv = false, has_content = false, has_charset = false;
    const mci_encoding *encoding = NULL;
    mc_str name, value;
    while (read_attribute(in, &name, &value)) {
        if (is_word(name, "http-equiv") && !has_http_equiv) {
            has_http_equiv = true;
            got_pragma = is_word(value, "content-type");
        } else if (is_word(name, "content") && !has_content) {
            has_content = true;
            const mci_encoding *found = has_charset ? NULL : encoding_of_content(value);
            if (found && !encoding) {
                encoding = found;
                need_pragma = true;
            }
        } else if (is_word(name, "charset") && !has_charset) {
            has_charset = true;
            encoding = mci_encoding_of_label(value);
            need_pragma = false;
        }
    }
    bool is_whole = in->at < in->end;
    return is_whole && (!need_pragma || got_pragma) ? readable(encoding) : NULL;
}

/* Past "<!-- ... -->", whose dashes may be shared. */
static void skip_comment(cursor *in)
{
    in->at += strlen("<!");
    while (in->at < in->end && !looking_at(in, "-->"))
        in->at++;
}

static const mci_encoding *prescan(cursor in)
{
    for (; in.at < in.end; in.at++) {
        if (*in.at != '<')
            continue;
        if (looking_at(&in, "<!--")) {
            skip_comment(&in);
            in.at += in.at < in.end ? 2 : 0; /* stands at the > now, or at the end */
            if (in.at == in.end)
                return NULL;
            continue;
        }
        bool is_end_tag = looking_at(&in, "</");
        const char *name = in.at + 1 + is_end_tag;
        if (looking_at(&in, "<meta") && in.end - in.at > 5 &&
            (is_space(in.at[5]) || in.at[5] == '/')) {
            in.at += 5;
            const mci_encoding *encoding = encoding_of_meta(&in);
            if (encoding)
                return encoding;
        } else if (name < in.end && is_letter(*name)) {
            mc_str attribute, value;
            skip_to(&in, "> \t\n\f\r");
            while (read_attribute(&in, &attribute, &value))
                ;
        } else if (is_end_tag || looking_at(&in, "<!") || looking_at(&in, "<?")) {
            skip_to(&in, ">");
        }
        if (in.at == in.end)
            return NULL;
    }
    return NULL;
}

/* UTF-16 without a mark shows in the first characters of an XML declaration. */
static const mci_encoding *encoding_of_utf16_xml(mc_str bytes)
{
    if (bytes.len >= 6 && memcmp(bytes.data, "<\0?\0x", 6) == 0)
        return mci_encoding_of_label(mc_str_of("utf-16le"));
    if (bytes.len >= 6 && memcmp(bytes.data, "\0<\0?\0x", 6) == 0)
        return mci_encoding_of_label(mc_str_of("utf-16be"));
    return NULL;
}

/* <?xml ... encoding="label"?> */
static const mci_encoding *encoding_of_xml(cursor in)
{
    if (!looking_at(&in, "<?xml"))
        return NULL;
    cursor end = in;
    skip_to(&end, ">");
    if (end.at == end.end)
        return NULL;
    in.end = end.at;
    while (in.at < in.end && !looking_at(&in, "encoding"))
        in.at++;
    if (in.at == in.end)
        return NULL;
    in.at += strlen("encoding");
    skip_spaces(&in);
    if (in.at == in.end || *in.at++ != '=')
        return NULL;
    skip_spaces(&in);
    if (in.at == in.end || (*in.at != '"' && *in.at != '\''))
        return NULL;
    return readable(mci_encoding_of_label(read_value(&in, "")));
}

const mci_encoding *mci_encoding_of_html(mc_str bytes)
{
    if (bytes.len == 0)
        return NULL;
    size_t len = bytes.len < PRESCAN_BYTES ? bytes.len : PRESCAN_BYTES;
    cursor in = { bytes.data, bytes.data + len };
    const mci_encoding *encoding = encoding_of_utf16_xml(bytes);
    if (!encoding)
        encoding = prescan(in);
    return encoding ? encoding : encoding_of_xml(in);
}
