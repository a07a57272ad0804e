#include "text/worldwide.h"

#include "base/utf8.h"

uint32_t mci_character_rare(const char **at, const char *end)
{
    const char *p = *at;
    bool valid;
    uint32_t c = mci_utf8_next(&p, end, &valid);
    if (!valid) {
        c = MCI_WRONG_BYTE + (unsigned char)**at;
        p = *at + 1;
    }
    *at = p;
    return c;
}

bool mci_character_is_open(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } open[] = {
        { 0x21, 0x2F }, /* ASCII punctuation */
        { 0x3A, 0x40 },       { 0x5B, 0x60 },       { 0x7B, 0x7E },
        { 0x0E00, 0x0EFF },                       /* Thai, Lao */
        { 0x0F00, 0x0FFF },                       /* Tibetan */
        { 0x1000, 0x109F },                       /* Burmese */
        { 0x1780, 0x17FF },                       /* Khmer */
        { 0x2014, 0x2014 },                       /* em dash */
        { 0x2018, 0x2019 },   { 0x201C, 0x201D }, /* quotation marks */
        { 0x2E80, 0x2FDF },                       /* radicals */
        { 0x2FF0, 0x2FFF },   { 0x3001, 0x3002 }, /* ideographic comma, full stop */
        { 0x3008, 0x3011 },                       /* brackets */
        { 0x3400, 0x4DBF },   { 0x4E00, 0x9FFF },   { 0xF900, 0xFAFF }, /* ideographs */
        { 0xFF01, 0xFF01 },   { 0xFF08, 0xFF09 },   { 0xFF0C, 0xFF0C }, /* full-width marks */
        { 0xFF1A, 0xFF1B },   { 0xFF1F, 0xFF1F },   { 0xFF5E, 0xFF5E },
        { 0x20000, 0x2A6DF }, { 0x2A700, 0x2EBEF }, /* more ideographs */
    };
    size_t i = 0;
    while (i < COUNT_OF(open) && c > open[i].last)
        i++;
    return i < COUNT_OF(open) && c >= open[i].first;
}

mci_open_sides mci_entry_open_sides(mc_str entry)
{
    mci_open_sides sides = { false, false };
    if (entry.len == 0)
        return sides;
    const char *end = entry.data + entry.len, *at = entry.data, *last = end - 1;
    sides.left = mci_character_is_open(mci_character_next(&at, end));
    while (last > entry.data && end - last < 4 && ((unsigned char)*last & 0xC0) == 0x80)
        last--;
    uint32_t c = mci_character_next(&last, end);
    sides.right = last == end && mci_character_is_open(c);
    return sides;
}
