/* Two ways: ASCII without references, which most captions are, eight bytes at a time; and the rest,
 * step by step. */
#include "text/clip_clean.h"

#include "base/utf8.h"
#include "text/html_unescape.h"
#include "text/unicode_table.h"

static const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);

/* ---- ASCII ---- */

/* Eight ASCII characters in lower case. */
static inline uint64_t lower_eight(uint64_t word)
{
    uint64_t from_a = word + ones * (0x80 - 'A'), beyond_z = word + ones * (0x7F - 'Z');
    return word | ((from_a ^ beyond_z) & highs) >> 2;
}

/* The high bit of some byte is set if a byte is `c`. */
static inline uint64_t has_byte(uint64_t word, char c)
{
    uint64_t x = word ^ ones * (unsigned char)c;
    return (x - ones) & ~x & highs;
}

/* Puts text in lower case into `to`, which has room for eight bytes more. False if it holds what is
 * not ASCII, or the mark; then `to` means nothing. */
static bool lower_ascii(char *to, mc_str text, char mark)
{
    uint64_t word = 0, found = 0;
    size_t i = 0;
    for (; i + 8 <= text.len; i += 8) {
        memcpy(&word, text.data + i, 8);
        found |= (word & highs) | has_byte(word, mark);
        word = lower_eight(word & ~highs);
        memcpy(to + i, &word, 8);
    }
    word = 0;
    if (text.len > i)
        memcpy(&word, text.data + i, text.len - i);
    found |= (word & highs) | has_byte(word, mark);
    word = lower_eight(word & ~highs);
    memcpy(to + i, &word, 8);
    return found == 0;
}

/* ---- everything else ---- */

/* Whether a capital sigma at `at` is the last letter of a word: something cased before it
 * (was_cased says), nothing cased behind, where characters like an apostrophe are looked through.
 */
static bool is_final_sigma(const char *behind, const char *end, bool was_cased)
{
    while (was_cased && behind < end) {
        bool valid;
        const mci_char *c = mci_char_of(mci_utf8_next(&behind, end, &valid));
        if (!c->ignorable)
            return !c->cased;
    }
    return was_cased;
}

/* Writes text in lower case, which takes at most three bytes for two; gives the length. With
 * sigmas, the Greek one at the end of a word is told from the others, as Python does. */
static size_t lower_all(char *to, mc_str text, bool sigmas)
{
    enum { DOTTED_I = 0x130, COMBINING_DOT = 0x307, SIGMA = 0x3A3, FINAL_SIGMA = 0x3C2 };
    const char *at = text.data, *end = text.len ? text.data + text.len : at;
    bool was_cased = false, valid;
    size_t n = 0;
    while (at < end) {
        uint32_t point = mci_utf8_next(&at, end, &valid);
        const mci_char *c = mci_char_of(point);
        if (point == DOTTED_I) {
            to[n++] = 'i';
            n += mci_utf8_encode(COMBINING_DOT, to + n);
        } else if (point == SIGMA && sigmas && is_final_sigma(at, end, was_cased)) {
            n += mci_utf8_encode(FINAL_SIGMA, to + n);
        } else {
            n += mci_utf8_encode((uint32_t)((int32_t)point + c->to_lower), to + n);
        }
        if (!c->ignorable)
            was_cased = c->cased;
    }
    return n;
}

/* Below U+0300 every character is composed already. */
static bool may_compose(mc_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.data[i] >= 0xCC)
            return true;
    }
    return false;
}

static bool holds_mark(mc_str text)
{
    return text.len > 0 && memchr(text.data, '&', text.len) != NULL;
}

/* text with its wrong bytes replaced. */
static mc_status repair(mc_str *text, mci_buf *step, uint64_t *n_replaced, mc_error *err)
{
    if (mci_utf8_valid(*text))
        return MC_OK;
    mci_buf_clear(step);
    MC_TRY(mci_utf8_repair(*text, step, n_replaced, err));
    *text = mci_buf_str(step);
    return MC_OK;
}

static mc_status unescape_twice(mc_str *text, mci_buf steps[2], mc_error *err)
{
    for (int i = 1; i >= 0 && holds_mark(*text); i--) { /* the text may lie in steps[0] */
        mci_buf_clear(&steps[i]);
        MC_TRY(mci_html_unescape(*text, &steps[i], err));
        *text = mci_buf_str(&steps[i]);
    }
    return MC_OK;
}

static mc_status compose(const mci_nfc *nfc, mc_str *text, mci_buf *step, mc_error *err)
{
    if (!may_compose(*text))
        return MC_OK;
    mci_buf_clear(step);
    MC_TRY(mci_nfc_add(nfc, *text, step, err));
    *text = mci_buf_str(step);
    return MC_OK;
}

mc_status mci_clip_clean(mc_token_rule rule, const mci_nfc *nfc, mc_str text, mci_clean *scratch,
                         mc_str *out, uint64_t *n_replaced, mc_error *err)
{
    bool is_openai = rule == MC_RULE_OPENAI;
    mci_buf_clear(&scratch->clean);
    MC_TRY(mci_buf_reserve(&scratch->clean, text.len + MCI_CLEAN_PAD + 8, err));
    mc_str clean = { scratch->clean.data, text.len };
    /* The other rule has no mark that matters; a byte that is not ASCII is none. */
    if (!lower_ascii(scratch->clean.data, text, is_openai ? '&' : '\xFF')) {
        MC_TRY(repair(&text, &scratch->steps[0], n_replaced, err));
        MC_TRY(is_openai ? unescape_twice(&text, scratch->steps, err)
                         : compose(nfc, &text, &scratch->steps[1], err));
        if (is_openai)
            text = mci_trim_space(text);
        MC_TRY(mci_buf_reserve(&scratch->clean, text.len + text.len / 2 + MCI_CLEAN_PAD + 8, err));
        clean.data = scratch->clean.data;
        clean.len = lower_all(scratch->clean.data, text, is_openai);
    } else if (is_openai) {
        clean = mci_trim_space(clean);
    }
    memset(scratch->clean.data + (clean.data - scratch->clean.data) + clean.len, 0, MCI_CLEAN_PAD);
    *out = clean;
    return MC_OK;
}

void mci_clean_release(mci_clean *scratch)
{
    mci_buf_release(&scratch->steps[0]);
    mci_buf_release(&scratch->steps[1]);
    mci_buf_release(&scratch->clean);
}
