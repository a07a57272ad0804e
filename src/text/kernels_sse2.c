/* SSE2: 16 bytes at a time. */
#include "text/kernels_internal.h"

#ifdef __x86_64__
#include <emmintrin.h>
#include <string.h>

/* ---- laying ---- */

static inline void lay16(char *to, const char *from)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)from);
    __m128i is_end = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(MCI_TEXT_END));
    __m128i spaces = _mm_and_si128(is_end, _mm_set1_epi8(' '));
    _mm_storeu_si128((__m128i *)to, _mm_or_si128(_mm_andnot_si128(is_end, bytes), spaces));
}

/* Less than 16 bytes, none behind them being read: two words that overlap, or one by one. */
static void lay_few(char *to, const char *from, size_t n)
{
    char few[16] = { 0 };
    if (n >= 8) {
        memcpy(few, from, 8);
        memcpy(few + n - 8, from + n - 8, 8);
    } else if (n >= 4) {
        memcpy(few, from, 4);
        memcpy(few + n - 4, from + n - 4, 4);
    } else {
        for (size_t i = 0; i < n; i++)
            few[i] = from[i];
    }
    lay16(to, few);
}

static inline size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The last 64 bytes, or less, go in four pieces that overlap: their number could not be guessed. */
static void lay(char *to, const char *from, size_t n)
{
    if (n < 16) {
        lay_few(to, from, n);
        return;
    }
    size_t last = n - 16, at = 0;
    for (; at + 64 < n; at += 16)
        lay16(to + at, from + at);
    for (size_t i = 0; i < 64; i += 16)
        lay16(to + least(at + i, last), from + least(at + i, last));
}

/* ---- ends of tokens ---- */

static inline uint64_t ends16(const char *at)
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

static size_t find_ends(const char *bytes, size_t n, uint32_t *ends)
{
    uint32_t *to = ends;
    for (size_t at = 0; at < n; at += 64) {
        uint64_t left = ends16(bytes + at) | ends16(bytes + at + 16) << 16 |
                        ends16(bytes + at + 32) << 32 | ends16(bytes + at + 48) << 48;
        if (n - at < 64)
            left &= (UINT64_C(1) << (n - at)) - 1;
        for (; left; left &= left - 1)
            *to++ = (uint32_t)at + (uint32_t)__builtin_ctzll(left);
    }
    return (size_t)(to - ends);
}

const mci_kernels mci_kernels_sse2 = { .name = "sse2", .lay = lay, .find_ends = find_ends };
#endif
