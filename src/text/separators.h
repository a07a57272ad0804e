/* Finding the bytes that end a token: space, tab, LF, CR and the seven marks. */
#ifndef MCI_TEXT_SEPARATORS_H
#define MCI_TEXT_SEPARATORS_H

#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { MCI_SEPARATOR_STEP = 64 };

#ifdef __SSE2__
static inline uint64_t mci_separators16(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)at);
    /* Bytes that differ in one bit are compared together. */
    __m128i bit0 = _mm_or_si128(bytes, _mm_set1_epi8(1));
    __m128i bit1 = _mm_or_si128(bytes, _mm_set1_epi8(2));
    __m128i space_bang = _mm_cmpeq_epi8(bit0, _mm_set1_epi8('!')); /* 20 21 */
    __m128i colons = _mm_cmpeq_epi8(bit0, _mm_set1_epi8(';'));     /* 3A 3B */
    __m128i comma_stop = _mm_cmpeq_epi8(bit1, _mm_set1_epi8('.')); /* 2C 2E */
    __m128i question = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('?'));
    __m128i backquote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('`'));
    __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
    __m128i line_feed = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n'));
    __m128i carriage_return = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r'));
    __m128i any = _mm_or_si128(
        _mm_or_si128(_mm_or_si128(space_bang, colons), _mm_or_si128(comma_stop, question)),
        _mm_or_si128(_mm_or_si128(backquote, tab), _mm_or_si128(line_feed, carriage_return)));
    return (uint64_t)_mm_movemask_epi8(any);
}
#else
static inline uint64_t mci_separators16(const char *at)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < 16; i++) {
        unsigned char c = (unsigned char)at[i];
        bits |= (uint64_t)((c | 1) == '!' || (c | 1) == ';' || (c | 2) == '.' || c == '?' ||
                           c == '`' || c == '\t' || c == '\n' || c == '\r')
                << i;
    }
    return bits;
}
#endif

/* Bit i: byte i of the 64 at `at` is a separator. */
static inline uint64_t mci_separators64(const char *at)
{
    return mci_separators16(at) | mci_separators16(at + 16) << 16 |
           mci_separators16(at + 32) << 32 | mci_separators16(at + 48) << 48;
}

#endif
