#include "io/fields.h"

#include <strings.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

mc_str mci_field_trim(mc_str text)
{
    while (text.len > 0 && is_blank(text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

bool mci_field_is(mc_str text, const char *word)
{
    return text.len == strlen(word) && strncasecmp(text.data, word, text.len) == 0;
}

mc_str mci_field_split(mc_str *text, char mark)
{
    const char *at = text->len > 0 ? memchr(text->data, mark, text->len) : NULL;
    mc_str part = { text->data, at ? (size_t)(at - text->data) : text->len };
    size_t passed = at ? part.len + 1 : part.len;
    if (passed > 0)
        text->data += passed;
    text->len -= passed;
    return part;
}

bool mci_field_next(mc_str *text, mc_str *name, mc_str *value)
{
    if (text->len == 0)
        return false;
    mc_str line = mci_field_split(text, '\n');
    if (line.len == 0 || (line.len == 1 && line.data[0] == '\r'))
        return false;
    while (text->len > 0 && (text->data[0] == ' ' || text->data[0] == '\t')) {
        mci_field_split(text, '\n');
        line.len = (size_t)(text->data - line.data);
    }
    *name = mci_field_trim(mci_field_split(&line, ':'));
    *value = mci_field_trim(line);
    return true;
}
