#include "base/utf8.h"

/* The smallest and largest second byte after `lead` (RFC 3629's table), and the length;
 * 0 when no character starts with `lead`. */
static size_t lead_info(unsigned char lead, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xBF;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 2;
    if (lead >= 0xE0 && lead <= 0xEF) {
        if (lead == 0xE0)
            *low = 0xA0;
        if (lead == 0xED)
            *high = 0x9F;
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        if (lead == 0xF0)
            *low = 0x90;
        if (lead == 0xF4)
            *high = 0x8F;
        return 4;
    }
    return 0;
}

uint32_t mci_utf8_next(const char **at, const char *end, bool *valid)
{
    const unsigned char *p = (const unsigned char *)*at;
    size_t left = (size_t)(end - *at);
    unsigned char low, high;
    size_t len = lead_info(p[0], &low, &high);
    *valid = false;
    if (len == 0) {
        *at += 1;
        return MCI_REPLACEMENT;
    }
    static const unsigned char lead_bits[5] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    uint32_t code_point = p[0] & lead_bits[len];
    for (size_t i = 1; i < len; i++) {
        if (i >= left || p[i] < low || p[i] > high) {
            *at += i;
            return MCI_REPLACEMENT;
        }
        code_point = code_point << 6 | (p[i] & 0x3F);
        low = 0x80;
        high = 0xBF;
    }
    *at += len;
    *valid = true;
    return code_point;
}

size_t mci_ascii_run(mc_str text)
{
    size_t i = 0;
    for (; i + 8 <= text.len; i += 8) { /* eight at a time */
        uint64_t word;
        memcpy(&word, text.data + i, 8);
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    while (i < text.len && (unsigned char)text.data[i] < 0x80)
        i++;
    return i;
}

bool mci_utf8_valid(mc_str text)
{
    if (text.len == 0)
        return true;
    const char *at = text.data, *end = text.data + text.len;
    while (at < end) {
        at += mci_ascii_run((mc_str){ at, (size_t)(end - at) });
        bool valid = true;
        while (at < end && (unsigned char)*at >= 0x80 && valid)
            mci_utf8_next(&at, end, &valid);
        if (!valid)
            return false;
    }
    return true;
}

mc_status mci_utf8_repair(mc_str text, mci_buf *out, uint64_t *n_replaced, mc_error *err)
{
    if (text.len == 0)
        return MC_OK;
    const char *at = text.data, *end = text.data + text.len;
    const char *good = at; /* the start of what is right and not yet copied */
    while (at < end) {
        at += mci_ascii_run((mc_str){ at, (size_t)(end - at) });
        if (at == end)
            break;
        const char *before = at;
        bool valid;
        mci_utf8_next(&at, end, &valid);
        if (valid)
            continue;
        MC_TRY(mci_buf_append(out, good, (size_t)(before - good), err));
        MC_TRY(mci_buf_append(out, "\xEF\xBF\xBD", 3, err));
        ++*n_replaced;
        good = at;
    }
    return mci_buf_append(out, good, (size_t)(end - good), err);
}

size_t mci_utf8_encode(uint32_t code_point, char out[4])
{
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF))
        code_point = MCI_REPLACEMENT;
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    size_t len = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    static const unsigned char marks[5] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    out[0] = (char)(marks[len] | code_point);
    return len;
}

bool mci_is_space(uint32_t c)
{
    if (c <= 0x20)
        return c == 0x20 || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

static bool is_printable_ascii(char c)
{
    return c > 0x20 && c < 0x7F;
}

mc_str mci_trim_space(mc_str text)
{
    if (text.len == 0 ||
        (is_printable_ascii(text.data[0]) && is_printable_ascii(text.data[text.len - 1])))
        return text;
    const char *at = text.data, *end = text.data + text.len;
    bool valid;
    while (at < end) {
        const char *next = at;
        if (!mci_is_space(mci_utf8_next(&next, end, &valid)))
            break;
        at = next;
    }
    while (end > at) {
        const char *start = end - 1;
        while (start > at && ((unsigned char)*start & 0xC0) == 0x80)
            start--;
        const char *behind = start;
        if (!mci_is_space(mci_utf8_next(&behind, end, &valid)) || behind != end)
            break;
        end = start;
    }
    return (mc_str){ at, (size_t)(end - at) };
}
