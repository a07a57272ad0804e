#include "text/bpe_names.h"

#include "base/utf8.h"

enum { FIRST_HIDDEN = 0x100, N_HIDDEN = 68 };

static bool is_seen(unsigned char byte)
{
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
}

/* How many bytes below this one are hidden. */
static unsigned hidden_before(unsigned char byte)
{
    unsigned n = 0;
    for (unsigned i = 0; i < byte; i++)
        n += !is_seen((unsigned char)i);
    return n;
}

unsigned char mci_bpe_byte_at(unsigned place)
{
    unsigned n_seen = MCI_N_BYTES - N_HIDDEN;
    bool wants_seen = place < n_seen;
    unsigned left = wants_seen ? place : place - n_seen;
    unsigned byte = 0;
    for (;; byte++) {
        if (is_seen((unsigned char)byte) == wants_seen && left-- == 0)
            return (unsigned char)byte;
    }
}

size_t mci_bpe_byte_name(unsigned char byte, char out[MCI_NAME_BYTES])
{
    return mci_utf8_encode(is_seen(byte) ? byte : FIRST_HIDDEN + hidden_before(byte), out);
}

/* The byte that a character stands for; -1: none. */
static int byte_of(uint32_t point)
{
    if (point < FIRST_HIDDEN)
        return is_seen((unsigned char)point) ? (int)point : -1;
    if (point >= FIRST_HIDDEN + N_HIDDEN)
        return -1;
    return mci_bpe_byte_at(MCI_N_BYTES - N_HIDDEN + point - FIRST_HIDDEN);
}

mc_status mci_bpe_name_bytes(mc_str name, mci_buf *out, bool *ends_word, mc_error *err)
{
    size_t mark = strlen(MCI_WORD_END);
    *ends_word = name.len >= mark && memcmp(name.data + name.len - mark, MCI_WORD_END, mark) == 0;
    const char *at = name.data, *end = name.data + name.len - (*ends_word ? mark : 0);
    while (at < end) {
        const char *start = at;
        bool valid;
        int byte = byte_of(mci_utf8_next(&at, end, &valid));
        MC_TRY(byte < 0 ? mci_buf_append(out, start, (size_t)(at - start), err)
                        : mci_buf_byte(out, (char)byte, err));
    }
    return MC_OK;
}
