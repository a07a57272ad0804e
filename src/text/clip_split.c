#include "text/clip_split.h"

#include "base/utf8.h"
#include "text/unicode_table.h"

/* mci_char_class of ASCII; MANY for the bytes of longer characters. */
enum { S = MCI_CLASS_SPACE, L = MCI_CLASS_LETTER, N = MCI_CLASS_NUMBER, O = MCI_CLASS_OTHER, MANY };

/* clang-format off */
static const uint8_t class_of_byte[256] = {
    O, O, O, O, O, O, O, O, O, S, S, S, S, S, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
    S, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, N, N, N, N, N, N, N, N, N, N, O, O, O, O, O, O,
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O,
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O,
#define SIXTEEN MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY
    SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN,
#undef SIXTEEN
};
/* clang-format on */

static const char long_s[] = "\xC5\xBF"; /* U+017F, an s where case does not count */

/* The class of the character at `at`, and its length. */
static unsigned look(const mci_clip_splitter *s, const char *at, size_t *len)
{
    unsigned class = class_of_byte[(unsigned char)*at];
    *len = 1;
    if (class != MANY)
        return class;
    const char *behind = at;
    bool valid;
    const mci_char *c = mci_char_of(mci_utf8_next(&behind, s->end, &valid));
    *len = (size_t)(behind - at);
    return s->rule == MC_RULE_OPENAI ? c->pattern : c->category;
}

static bool starts_with(const mci_clip_splitter *s, const char *at, const char *word)
{
    size_t len = strlen(word); /* known when compiled; the padding may be read */
    return (size_t)(s->end - at) >= len && memcmp(at, word, len) == 0;
}

/* The length of the special token at `at`, a '<'; 0 if there is none. Of the original's pattern
 * "<\u017Ftart_of_text>" is a match too, but no special token: a word as it stands. */
static size_t special(const mci_clip_splitter *s, const char *at, mci_word_kind *kind)
{
    static const char *const names[][2] = {
        [MC_RULE_OPENAI] = { "<start_of_text>", "<end_of_text>" },
        [MC_RULE_HF] = { "<|startoftext|>", "<|endoftext|>" },
    };
    static const char odd_start[] = "<\xC5\xBFtart_of_text>";
    for (int i = 0; i < 2; i++) {
        const char *name = names[s->rule][i];
        if (starts_with(s, at, name)) {
            *kind = i ? MCI_WORD_STOP : MCI_WORD_START;
            return strlen(name);
        }
    }
    bool is_odd = s->rule == MC_RULE_OPENAI && starts_with(s, at, odd_start);
    return is_odd ? strlen(odd_start) : 0;
}

/* The length of the contraction at `at`, an apostrophe; 0 if there is none. */
static size_t contraction(const mci_clip_splitter *s, const char *at)
{
    if (s->end - at < 2)
        return 0;
    char next = at[1], third = s->end - at > 2 ? at[2] : '\0';
    if (next == 's' || next == 't' || next == 'm' || next == 'd')
        return 2;
    if ((next == 'r' && third == 'e') || (next == 'v' && third == 'e') ||
        (next == 'l' && third == 'l'))
        return 3;
    return s->rule == MC_RULE_OPENAI && starts_with(s, at + 1, long_s) ? 3 : 0;
}

/* Where the run of this class that `at` is in ends. */
static const char *end_of_run(const mci_clip_splitter *s, const char *at, unsigned class)
{
    size_t len;
    mci_word_kind kind;
    for (; at < s->end && look(s, at, &len) == class; at += len) {
        /* Hugging Face finds its special tokens before words, so also inside of such a run. */
        if (*at == '<' && s->rule == MC_RULE_HF && special(s, at, &kind))
            break;
    }
    return at;
}

static const char *end_of_letters(const mci_clip_splitter *s, const char *at)
{
    while (class_of_byte[(unsigned char)*at] == L) /* stops at the padding */
        at++;
    return class_of_byte[(unsigned char)*at] == MANY ? end_of_run(s, at, L) : at;
}

/* The length of the word that begins at `at`, a character of this class and length. */
static size_t word_length(const mci_clip_splitter *s, const char *at, unsigned class, size_t len,
                          mci_word_kind *kind)
{
    if (class == L)
        return (size_t)(end_of_letters(s, at + len) - at);
    if (class == N)
        return len;
    size_t fixed = *at == '\'' ? contraction(s, at) : *at == '<' ? special(s, at, kind) : 0;
    return fixed ? fixed : (size_t)(end_of_run(s, at + len, O) - at);
}

bool mci_clip_next(mci_clip_splitter *s, mc_str *word, mci_word_kind *kind)
{
    while (s->at < s->end) {
        size_t len;
        unsigned class = look(s, s->at, &len);
        if (class == S) {
            s->at += len;
            continue;
        }
        *kind = MCI_WORD_PLAIN;
        *word = (mc_str){ s->at, word_length(s, s->at, class, len, kind) };
        s->at += word->len;
        return true;
    }
    return false;
}
