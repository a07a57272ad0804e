#include "base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *mc_status_text(mc_status status)
{
    switch (status) {
#define X(name, value, text) \
    case MC_##name:          \
        return text;
        MC_STATUS_LIST(X)
#undef X
    }
    return "unknown status";
}

/* A cut must not leave half a UTF-8 character behind. */
static void end_at_whole_character(char *text, size_t size)
{
    size_t len = strnlen(text, size - 1);
    text[len] = '\0';
    if (len < size - 1)
        return;
    size_t start = len;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start > 0 && (unsigned char)text[start - 1] >= 0xC0)
        text[start - 1] = '\0';
}

mc_status mc_fail(mc_error *err, mc_status status, const char *format, ...)
{
    if (!err)
        return status;
    err->status = status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    end_at_whole_character(err->text, sizeof err->text);
    return status;
}

/* Whether text begins with the first n bytes of context and ": ". */
static bool stands_before(const char *text, const char *context, size_t n)
{
    return strncmp(text, context, n) == 0 && text[n] == ':' && text[n + 1] == ' ';
}

mc_status mc_add_context(mc_error *err, mc_status status, const char *format, ...)
{
    if (!err)
        return status;
    char text[2 * sizeof err->text + 2];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof err->text, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof err->text)
        n = n < 0 ? 0 : (int)sizeof err->text - 1;
    const char *what = err->text[0] ? err->text : mc_status_text(status);
    err->status = status;
    if (stands_before(what, text, (size_t)n))
        return status;
    snprintf(text + n, sizeof text - (size_t)n, ": %s", what);
    memcpy(err->text, text, sizeof err->text);
    err->text[sizeof err->text - 1] = '\0';
    end_at_whole_character(err->text, sizeof err->text);
    return status;
}
