#include "curate/entry_rules.h"

#include "base/error.h"
#include "base/utf8.h"

enum { MAX_CHARACTERS = 256 };

/* ASCII's, Latin-1's, and the blocks of general, CJK and full-width punctuation, as far as texts
 * use them; the original's lists of marks are among them. */
static bool is_mark(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        { '!', '/' },       { ':', '@' },       { '[', '`' },       { '{', '~' },
        { 0xA1, 0xA1 },     { 0xA7, 0xA7 },     { 0xAB, 0xAB },     { 0xB6, 0xB7 },
        { 0xBB, 0xBB },     { 0xBF, 0xBF },     { 0x2010, 0x2027 }, { 0x2030, 0x205E },
        { 0x3001, 0x3003 }, { 0x3008, 0x3011 }, { 0x3014, 0x301F }, { 0x30FB, 0x30FB },
        { 0xFF01, 0xFF0F }, { 0xFF1A, 0xFF20 }, { 0xFF3B, 0xFF40 }, { 0xFF5B, 0xFF65 },
    };
    for (size_t i = 0; i < COUNT_OF(ranges); i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

bool mci_may_be_entry(mc_str text)
{
    const char *at = text.data, *end = text.data + text.len;
    bool says_something = false, valid;
    size_t n = 0;
    for (; at < end && n <= MAX_CHARACTERS; n++) {
        uint32_t c = mci_utf8_next(&at, end, &valid);
        says_something |= !is_mark(c) && !mci_is_space(c);
    }
    return says_something && n <= MAX_CHARACTERS;
}
