#include "io/html_tokens.h"

#include <strings.h>

/* Classes of bytes inside tags. */
enum {
    SPACE = 1,
    NAME_END = 2,     /* of a tag's or an attribute's name, besides = */
    UNQUOTED_END = 4, /* of a value without quotes */
};

static const unsigned char class_of[256] = {
    ['\t'] = SPACE | NAME_END | UNQUOTED_END,
    ['\n'] = SPACE | NAME_END | UNQUOTED_END,
    ['\f'] = SPACE | NAME_END | UNQUOTED_END,
    ['\r'] = SPACE | NAME_END | UNQUOTED_END,
    [' '] = SPACE | NAME_END | UNQUOTED_END,
    ['>'] = NAME_END | UNQUOTED_END,
    ['/'] = NAME_END,
};

static bool is_of(char c, int class)
{
    return class_of[(unsigned char)c] & class;
}

/* ---- tags ---- */

typedef struct {
    mc_str name, value; /* value: as written, without quotes */
} attribute;

/* Behind the value that begins at `at`, which is behind the =; NULL: the text ends first. */
static const char *read_value(const char *at, const char *end, mc_str *value)
{
    while (at < end && is_of(*at, SPACE))
        at++;
    if (at == end)
        return NULL;
    *value = (mc_str){ at, 0 };
    if (*at == '"' || *at == '\'') {
        const char *quote = memchr(at + 1, *at, (size_t)(end - at - 1));
        if (!quote)
            return NULL;
        *value = (mc_str){ at + 1, (size_t)(quote - at - 1) };
        return quote + 1;
    }
    while (at < end && !is_of(*at, UNQUOTED_END))
        at++;
    value->len = (size_t)(at - value->data);
    return at;
}

/* Reads the attribute that begins at `at`, which is no space, / or >. Gives where it ends; NULL:
 * the text ends first. */
static const char *read_attribute(const char *at, const char *end, attribute *out)
{
    const char *name = at++; /* even a = here belongs to the name */
    while (at < end && !is_of(*at, NAME_END) && *at != '=')
        at++;
    out->name = (mc_str){ name, (size_t)(at - name) };
    out->value = (mc_str){ at, 0 };
    while (at < end && is_of(*at, SPACE))
        at++;
    if (at < end && *at == '=')
        return read_value(at + 1, end, &out->value);
    return at;
}

/* To the next attribute, or to the >; *is_behind_slash: a / stands right before it. */
static const char *pass_gap(const char *at, const char *end, bool *is_behind_slash)
{
    *is_behind_slash = false;
    for (; at < end && (is_of(*at, SPACE) || *at == '/'); at++)
        *is_behind_slash = *at == '/';
    return at;
}

bool mci_html_read_tag(const char *at, const char *end, mci_html_tag *tag)
{
    const char *name = at;
    while (at < end && !is_of(*at, NAME_END))
        at++;
    tag->name = (mc_str){ name, (size_t)(at - name) };
    tag->key = mci_tag_key_of(tag->name);
    tag->attributes = at;
    tag->end = end;
    tag->n_attributes = 0;
    for (;;) {
        at = pass_gap(at, end, &tag->is_self_closing);
        if (at == end)
            return false;
        if (*at == '>')
            break;
        attribute passed;
        tag->n_attributes++;
        at = read_attribute(at, end, &passed);
        if (!at)
            return false;
    }
    tag->end = at + 1;
    return true;
}

bool mci_html_find_attributes(const mci_html_tag *tag, const char *const *names, size_t n_names,
                              mc_str *values)
{
    for (size_t i = 0; i < n_names; i++)
        values[i] = (mc_str){ 0 };
    const char *at = tag->attributes;
    for (size_t left = tag->n_attributes; left > 0; left--) {
        bool is_behind_slash;
        attribute found;
        at = pass_gap(at, tag->end, &is_behind_slash);
        at = read_attribute(at, tag->end, &found);
        if (memchr(found.name.data, '\0', found.name.len))
            return false;
        for (size_t i = 0; i < n_names; i++)
            if (!values[i].data && strlen(names[i]) == found.name.len &&
                strncasecmp(names[i], found.name.data, found.name.len) == 0)
                values[i] = found.value;
    }
    return true;
}

/* ---- what is no tag ---- */

const char *mci_html_pass_comment(const char *at, const char *end)
{
    at += strlen("<!--");
    if (at < end && *at == '>')
        return at + 1;
    if (end - at >= 2 && at[0] == '-' && at[1] == '>')
        return at + 2;
    while ((size_t)(end - at) > 2) {
        at = memchr(at, '-', (size_t)(end - at));
        if (!at || at + 1 == end)
            return end;
        const char *dashes = at;
        while (at < end && *at == '-')
            at++;
        if (at - dashes < 2 || at == end)
            continue;
        if (*at == '>')
            return at + 1;
        if (end - at >= 2 && at[0] == '!' && at[1] == '>')
            return at + 2;
    }
    return end;
}

const char *mci_html_pass_declaration(const char *at, const char *end)
{
    const char *close = memchr(at, '>', (size_t)(end - at));
    return close ? close + 1 : end;
}

const char *mci_html_pass_cdata(const char *at, const char *end)
{
    const char *close = memmem(at, (size_t)(end - at), "]]>", 3);
    return close ? close + 3 : end;
}

/* ---- elements that hold text only ---- */

/* Whether name, in any case, and then a space, a / or a > stand at `at`. */
static bool is_name_at(const char *at, const char *end, mc_str name)
{
    return (size_t)(end - at) > name.len && is_of(at[name.len], NAME_END) &&
           strncasecmp(at, name.data, name.len) == 0;
}

const char *mci_html_pass_raw(const char *at, const char *end, mc_str name)
{
    while (at < end && (at = memchr(at, '<', (size_t)(end - at))) != NULL) {
        if (end - at >= 2 && at[1] == '/' && is_name_at(at + 2, end, name))
            return at;
        at++;
    }
    return end;
}

/* Inside a script's <!--: `at` its first dash. To the script's end tag, or behind the --> that ends
 * this. <script> in here hides the next </script>. */
static const char *pass_script_comment(const char *at, const char *end, bool *is_end_tag)
{
    const mc_str script = mc_str_of("script");
    bool is_hidden = false;
    size_t n_dashes = 0;
    *is_end_tag = false;
    for (; at < end; at++) {
        if (*at == '>' && n_dashes >= 2)
            return at + 1;
        n_dashes = *at == '-' ? n_dashes + 1 : 0;
        if (*at != '<')
            continue;
        bool is_slash = end - at >= 2 && at[1] == '/';
        if (!is_name_at(at + 1 + is_slash, end, script))
            continue;
        if (is_slash && !is_hidden) {
            *is_end_tag = true;
            return at;
        }
        is_hidden = !is_slash;
        at += strlen("<") + is_slash + script.len; /* and the character behind the name */
    }
    return end;
}

const char *mci_html_pass_script(const char *at, const char *end)
{
    const mc_str script = mc_str_of("script");
    while (at < end && (at = memchr(at, '<', (size_t)(end - at))) != NULL) {
        if (end - at >= 2 && at[1] == '/' && is_name_at(at + 2, end, script))
            return at;
        bool is_end_tag = false;
        if (end - at >= 4 && memcmp(at, "<!--", 4) == 0)
            at = pass_script_comment(at + 2, end, &is_end_tag);
        else
            at++;
        if (is_end_tag)
            return at;
    }
    return end;
}
