/* The plain definition of spacing, which metaclip/text.h states: what stands between two spaces of
 * the spaced text is a token. */
#ifndef MCI_TEXT_SPACING_H
#define MCI_TEXT_SPACING_H

#include "base/buf.h"

enum { MCI_N_MARKS = 7 };

/* Which of `, . ; : ? ! `` ` `` byte is, from 1; 0 if it is none. */
static inline unsigned mci_mark_of(char byte)
{
    static const unsigned char marks[256] = {
        [','] = 1, ['.'] = 2, [';'] = 3, [':'] = 4, ['?'] = 5, ['!'] = 6, ['`'] = 7
    };
    return marks[(unsigned char)byte];
}

/* Tab, LF and CR, which spacing makes a space. */
static inline bool mci_becomes_space(char byte)
{
    return byte == '\t' || byte == '\n' || byte == '\r';
}

/* What a token never holds. */
static inline bool mci_ends_token(char byte)
{
    return byte == ' ' || mci_becomes_space(byte) || mci_mark_of(byte) != 0;
}

/* Appends the spaced text to out. */
mc_status mci_space_text(mc_str text, mci_buf *out, mc_error *err);

#endif
