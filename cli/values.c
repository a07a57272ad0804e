#include "values.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char units[] = " KMGT"; /* each 1024 times the one before */

__attribute__((format(printf, 2, 3))) static bool fail(cli_why *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return false;
}

static bool add_digit(uint64_t *number, char digit)
{
    return !__builtin_mul_overflow(*number, 10u, number) &&
           !__builtin_add_overflow(*number, (uint64_t)(digit - '0'), number);
}

/* Reads the digits at text; *end is what follows them. False if there are too many. */
static bool read_digits(const char *text, uint64_t *number, const char **end)
{
    bool fits = true;
    *number = 0;
    while (isdigit((unsigned char)*text))
        fits = add_digit(number, *text++) && fits;
    *end = text;
    return fits;
}

static bool is_negative(const char *text)
{
    return text[0] == '-' && isdigit((unsigned char)text[1]) &&
           text[1 + strspn(text + 1, "0123456789")] == '\0';
}

bool cli_read_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out, cli_why *why)
{
    const char *end;
    uint64_t number;
    if (is_negative(text))
        return fail(why, "%.40s is too small: at least %" PRIu64, text, min);
    bool fits = read_digits(text, &number, &end);
    if (end == text || *end)
        return fail(why, "\"%.80s\" is not a whole number", text);
    if (!fits || number > max)
        return fail(why, "%.40s is too large: at most %" PRIu64, text, max);
    if (number < min)
        return fail(why, "%.40s is too small: at least %" PRIu64, text, min);
    *out = number;
    return true;
}

/* The shift of a unit: "" 0, "K" 10, "MiB" 20; -1 if it is none. */
static int unit_shift(const char *unit)
{
    if (*unit == '\0')
        return 0;
    const char *at = strchr(units + 1, toupper((unsigned char)*unit));
    if (!at || (unit[1] && strcasecmp(unit + 1, "B") != 0 && strcasecmp(unit + 1, "iB") != 0))
        return -1;
    return 10 * (int)(at - units);
}

bool cli_read_bytes(const char *text, uint64_t min, uint64_t max, uint64_t *out, cli_why *why)
{
    char shown[32];
    const char *end;
    uint64_t number;
    if (is_negative(text))
        return fail(why, "%.40s is too small: at least %s", text, cli_show_bytes(min, shown));
    bool fits = read_digits(text, &number, &end);
    int shift = unit_shift(end);
    if (end == text || shift < 0)
        return fail(why, "\"%.80s\" is not a size; write it like 65536, 64M or 1G", text);
    if (!fits || number > max >> shift)
        return fail(why, "%.40s is too large: at most %s", text, cli_show_bytes(max, shown));
    if (number << shift < min)
        return fail(why, "%.40s is too small: at least %s", text, cli_show_bytes(min, shown));
    *out = number << shift;
    return true;
}

bool cli_read_share(const char *text, double *out, cli_why *why)
{
    char *end;
    double number = strtod(text, &end);
    /* strtod also takes spaces, "nan", "inf" and hexadecimal. */
    if (*text == '\0' || *end || text[strspn(text, "+-.0123456789eE")])
        return fail(why, "\"%.80s\" is not a number", text);
    if (!(number >= 0 && number <= 1))
        return fail(why, "%.40s is not in the range 0 to 1", text);
    *out = number;
    return true;
}

bool cli_read_choice(const char *text, const char *choices, cli_why *why)
{
    size_t len = strlen(text);
    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL) {
        if (len == strcspn(at, "|") && memcmp(at, text, len) == 0)
            return true;
    }
    return fail(why, "\"%.80s\" is not one of %s", text, choices);
}

/* The place of a word in "a,b,c"; -1 if it is not there. */
static int place_of_word(const char *word, size_t len, const char *words)
{
    for (int place = 0;; place++) {
        size_t n = strcspn(words, ",");
        if (len == n && memcmp(words, word, n) == 0)
            return place;
        if (words[n] == '\0')
            return -1;
        words += n + 1;
    }
}

bool cli_read_set(const char *text, const char *words, bool *const flags[], cli_why *why)
{
    uint64_t named = 0;
    for (const char *at = text;;) {
        size_t len = strcspn(at, ",");
        int place = place_of_word(at, len, words);
        if (place < 0)
            return fail(why, "\"%.*s\" is not one of %s", (int)(len < 80 ? len : 80), at, words);
        named |= (uint64_t)1 << place;
        if (at[len] == '\0')
            break;
        at += len + 1;
    }
    *flags[0] = named & 1;
    for (int place = 1; (words = strchr(words, ',')); place++, words++)
        *flags[place] = named >> place & 1;
    return true;
}

const char *cli_show_bytes(uint64_t bytes, char out[32])
{
    int unit = 0;
    while (bytes && bytes % 1024 == 0 && unit < 4) {
        bytes /= 1024;
        unit++;
    }
    snprintf(out, 32, "%" PRIu64 "%.*s", bytes, unit ? 1 : 0, &units[unit]);
    return out;
}
