#include "text/spacing.h"

#include "metaclip/text.h"

/* A byte becomes at most three. */
mc_status mci_space_text(mc_str text, mci_buf *out, mc_error *err)
{
    if (text.len > (SIZE_MAX - 2) / 3)
        return mc_fail(err, MC_E_NOMEM, "out of memory (a text of %zu bytes)", text.len);
    MC_TRY(mci_buf_reserve(out, 3 * text.len + 2, err));
    char *to = out->data + out->len;
    *to++ = ' ';
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];
        bool is_mark = mci_mark_of(byte) != 0;
        if (is_mark)
            *to++ = ' ';
        *to++ = mci_becomes_space(byte) ? ' ' : byte;
        if (is_mark)
            *to++ = ' ';
    }
    *to++ = ' ';
    out->len = (size_t)(to - out->data);
    return MC_OK;
}

/* Why no text can hold the entry, looking at the byte at `i` and what is before it; NULL if
 * nothing speaks against it. */
static const char *obstacle_at(mc_str entry, size_t i)
{
    const char *at = entry.data + i;
    if (mci_becomes_space(*at))
        return "it holds a tab, line feed or carriage return";
    if (!mci_mark_of(*at))
        return NULL;
    if ((i > 0 && at[-1] != ' ') || (i + 1 < entry.len && at[1] != ' '))
        return "it holds a punctuation mark without a space on both sides";
    if (i > 1 && mci_mark_of(at[-2]))
        return "it holds two punctuation marks with a single space between";
    return NULL;
}

bool mc_entry_can_match(mc_str entry, const char **why)
{
    for (size_t i = 0; i < entry.len; i++) {
        const char *obstacle = obstacle_at(entry, i);
        if (!obstacle)
            continue;
        if (why)
            *why = obstacle;
        return false;
    }
    return true;
}
