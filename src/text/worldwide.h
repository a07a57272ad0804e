/* The worldwide rule, which metaclip/text.h states: which sides of an entry want a space. */
#ifndef MCI_TEXT_WORLDWIDE_H
#define MCI_TEXT_WORLDWIDE_H

#include "base/buf.h"

/* A character is a code point, or a byte that belongs to none: MCI_WRONG_BYTE + the byte. Reading a
 * text gives one for each wrong byte, so that places where a character or ASCII begins are the same
 * wherever reading begins, and texts equal in bytes are equal in characters. */
#define MCI_WRONG_BYTE   UINT32_C(0x110000)
#define MCI_N_CHARACTERS (MCI_WRONG_BYTE + 256)

/* What follows, for any character. */
uint32_t mci_character_rare(const char **at, const char *end);

/* Reads the character at *at (< end), moves *at behind it. */
static inline uint32_t mci_character_next(const char **at, const char *end)
{
    const unsigned char *p = (const unsigned char *)*at;
    size_t left = (size_t)(end - *at);
    uint32_t c = p[0];
    if (c >= 0xE1 && c <= 0xEC && left > 2 && (p[1] & 0xC0) == 0x80 && (p[2] & 0xC0) == 0x80) {
        *at += 3; /* most of what is beyond ASCII, and all lead bytes whose second one is any */
        return (c & 0xF) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
    }
    if (c < 0x80) {
        *at += 1;
        return c;
    }
    return mci_character_rare(at, end);
}

/* A script that is written without spaces, or punctuation: no space is wanted beside it. */
bool mci_character_is_open(uint32_t character);

typedef struct {
    bool left, right; /* no space is wanted there */
} mci_open_sides;

mci_open_sides mci_entry_open_sides(mc_str entry);

#endif
