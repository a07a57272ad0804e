#include "corpus/tokens.h"

#include <unicode/ubrk.h>
#include <unicode/ucasemap.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>

#include "base/alloc.h"
#include "base/utf8.h"

enum {
    N_CODE_POINTS = 0x110000,
    MAX_CHARACTERS = 256, /* of a word */
    RIGHT_QUOTE = 0x2019,
};

typedef enum { OTHER, SPACE, WORD, UNSPACED } letter_class;

struct mci_letters {
    uint8_t classes[N_CODE_POINTS];
};

struct mci_tokenizer {
    const mci_letters *letters;
    UBreakIterator *breaks;
    UCaseMap *cases; /* NULL: words keep their case */
    mci_buf word, folded;
    mci_buf wide;    /* UTF-16 of a run of an unspaced script */
    bool has_before; /* the next word follows another */
    mci_word_fn *give;
    void *user;
};

/* ---- what characters are ---- */

static bool is_unspaced_script(UChar32 c)
{
    UErrorCode code = U_ZERO_ERROR;
    switch (uscript_getScript(c, &code)) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_THAI:
    case USCRIPT_LAO:
    case USCRIPT_KHMER:
    case USCRIPT_MYANMAR:
    case USCRIPT_TIBETAN:
        return true;
    default:
        return c == 0x30FC || c == 0xFF70; /* the long vowel marks of kana, common to scripts */
    }
}

static letter_class class_of(UChar32 c)
{
    uint32_t mask = U_GET_GC_MASK(c);
    if (mask & (U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK))
        return is_unspaced_script(c) ? UNSPACED : WORD;
    if (c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029 || c == '\v' || c == '\f')
        return OTHER; /* lines part pairs */
    return mci_is_space((uint32_t)c) || c == 0xAD || c == 0x200B ? SPACE : OTHER;
}

mc_status mci_letters_new(mci_letters **out, mc_error *err)
{
    mci_letters *letters = mci_alloc(sizeof *letters);
    if (!letters)
        return mci_nomem(err, sizeof *letters);
    for (UChar32 c = 0; c < N_CODE_POINTS; c++)
        letters->classes[c] = (uint8_t)class_of(c);
    *out = letters;
    return MC_OK;
}

void mci_letters_free(mci_letters *letters)
{
    mci_free(letters);
}

bool mci_is_unspaced(const mci_letters *letters, uint32_t code_point)
{
    return code_point < N_CODE_POINTS && letters->classes[code_point] == UNSPACED;
}

bool mci_is_letter(const mci_letters *letters, uint32_t code_point)
{
    return code_point < N_CODE_POINTS && letters->classes[code_point] >= WORD;
}

bool mci_join_unspaced(const mci_letters *letters, mc_str first, mc_str second)
{
    if (first.len == 0 || second.len == 0)
        return false;
    const char *at = first.data + first.len - 1, *begin = second.data;
    bool valid;
    while (at > first.data && ((unsigned char)*at & 0xC0) == 0x80)
        at--;
    uint32_t last = mci_utf8_next(&at, first.data + first.len, &valid);
    uint32_t next = mci_utf8_next(&begin, second.data + second.len, &valid);
    return mci_is_unspaced(letters, last) && mci_is_unspaced(letters, next);
}

void mci_tokens_version(char out[32])
{
    UVersionInfo version;
    u_getVersion(version);
    u_versionToString(version, out);
}

/* ---- giving words ---- */

static mc_status fold(mci_tokenizer *t, mc_str *word, mc_error *err)
{
    UErrorCode code = U_ZERO_ERROR;
    MC_TRY(mci_buf_reserve(&t->folded, 4 * word->len + 16, err));
    int32_t n = ucasemap_utf8ToLower(t->cases, t->folded.data, (int32_t)t->folded.cap, word->data,
                                     (int32_t)word->len, &code);
    if (U_FAILURE(code))
        return mc_fail(err, MC_E_BACKEND, "ICU cannot fold a word: %s", u_errorName(code));
    *word = (mc_str){ t->folded.data, (size_t)n };
    return MC_OK;
}

static mc_status give(mci_tokenizer *t, mc_str word, size_t n_characters, mc_error *err)
{
    bool follows = t->has_before;
    t->has_before = n_characters <= MAX_CHARACTERS;
    if (n_characters > MAX_CHARACTERS)
        return MC_OK;
    if (t->cases)
        MC_TRY(fold(t, &word, err));
    return t->give(t->user, word, follows, err);
}

/* ---- scripts without spaces ---- */

/* The run in UTF-16. It is valid UTF-8, of at most as many units as bytes. */
static mc_status widen(mci_tokenizer *t, mc_str run, int32_t *n, mc_error *err)
{
    UErrorCode code = U_ZERO_ERROR;
    mci_buf_clear(&t->wide);
    MC_TRY(mci_buf_reserve(&t->wide, (run.len + 1) * sizeof(UChar), err));
    u_strFromUTF8((UChar *)(void *)t->wide.data, (int32_t)run.len + 1, n, run.data,
                  (int32_t)run.len, &code);
    return U_FAILURE(code) ? mc_fail(err, MC_E_BACKEND, "ICU: %s", u_errorName(code)) : MC_OK;
}

static mc_status give_wide(mci_tokenizer *t, const UChar *units, int32_t n, mc_error *err)
{
    char bytes[4 * (MAX_CHARACTERS + 1)];
    UErrorCode code = U_ZERO_ERROR;
    int32_t len = 0;
    if (n == 1 && (units[0] == '-' || units[0] == '\'')) { /* ICU parts there */
        t->has_before = false;
        return MC_OK;
    }
    if (n > MAX_CHARACTERS)
        return give(t, (mc_str){ 0 }, MAX_CHARACTERS + 1, err);
    u_strToUTF8(bytes, sizeof bytes, &len, units, n, &code);
    if (U_FAILURE(code))
        return mc_fail(err, MC_E_BACKEND, "ICU: %s", u_errorName(code));
    return give(t, (mc_str){ bytes, (size_t)len }, 1, err);
}

static mc_status break_run(mci_tokenizer *t, mc_str run, mc_error *err)
{
    UErrorCode code = U_ZERO_ERROR;
    int32_t n = 0;
    MC_TRY(widen(t, run, &n, err));
    const UChar *units = (const UChar *)(const void *)t->wide.data;
    ubrk_setText(t->breaks, units, n, &code);
    if (U_FAILURE(code))
        return mc_fail(err, MC_E_BACKEND, "ICU cannot break words: %s", u_errorName(code));
    int32_t from = ubrk_first(t->breaks);
    for (int32_t to; (to = ubrk_next(t->breaks)) != UBRK_DONE; from = to)
        MC_TRY(give_wide(t, units + from, to - from, err));
    return MC_OK;
}

/* ---- all of them ---- */

typedef struct {
    const char *at, *end;
    letter_class class;
    uint32_t c;
    const char *next; /* behind the character */
} looker;

static void look(const mci_tokenizer *t, looker *l)
{
    bool valid = true;
    l->next = l->at;
    if (l->at == l->end) {
        l->class = OTHER;
        l->c = 0;
        return;
    }
    unsigned char byte = (unsigned char)*l->at;
    if (byte < 0x80) {
        l->c = byte;
        l->next++;
    } else {
        l->c = mci_utf8_next(&l->next, l->end, &valid);
    }
    l->class = valid ? (letter_class)t->letters->classes[l->c] : OTHER;
}

/* Whether the character at l, which is no letter, stands inside a word. */
static bool joins(const mci_tokenizer *t, const looker *l)
{
    bool is_joiner = l->c == 0x200C || l->c == 0x200D; /* of Persian and Indic scripts */
    if (l->c != '\'' && l->c != '-' && l->c != RIGHT_QUOTE && !is_joiner)
        return false;
    looker after = { .at = l->next, .end = l->end };
    look(t, &after);
    return after.class == WORD && l->next < l->end;
}

/* At the first character of a run; leaves l behind it. */
static mc_status take_run(mci_tokenizer *t, looker *l, mc_error *err)
{
    size_t n_characters = 0;
    bool has_unspaced = false;
    const char *from = l->at;
    mci_buf_clear(&t->word);
    for (;;) {
        bool is_letter = l->class == WORD || l->class == UNSPACED;
        if (!is_letter && (has_unspaced || !joins(t, l)))
            break;
        has_unspaced |= l->class == UNSPACED;
        if (l->c == RIGHT_QUOTE) { /* what came before, then its own sign */
            MC_TRY(mci_buf_append(&t->word, from, (size_t)(l->at - from), err));
            MC_TRY(mci_buf_byte(&t->word, '\'', err));
            from = l->next;
        }
        n_characters++;
        l->at = l->next;
        look(t, l);
    }
    mc_str word = { from, (size_t)(l->at - from) };
    if (t->word.len) {
        MC_TRY(mci_buf_add(&t->word, word, err));
        word = mci_buf_str(&t->word);
    }
    if (has_unspaced && word.len < INT32_MAX / 4)
        return break_run(t, word, err);
    return give(t, word, n_characters, err);
}

mc_status mci_tokenize(mci_tokenizer *t, mc_str text, mci_word_fn *give_word, void *user,
                       mc_error *err)
{
    t->give = give_word;
    t->user = user;
    t->has_before = false;
    looker l = { .at = text.data, .end = text.data + text.len };
    for (look(t, &l); l.at < l.end;) {
        if (l.class == WORD || l.class == UNSPACED) {
            MC_TRY(take_run(t, &l, err));
            continue;
        }
        t->has_before &= l.class == SPACE;
        l.at = l.next;
        look(t, &l);
    }
    return MC_OK;
}

/* ---- making ---- */

mc_status mci_tokenizer_new(const mci_letters *letters, const char *language, bool folds,
                            mci_tokenizer **out, mc_error *err)
{
    UErrorCode code = U_ZERO_ERROR;
    mci_tokenizer *t = mci_alloc_zeroed(1, sizeof *t);
    if (!t)
        return mci_nomem(err, sizeof *t);
    t->letters = letters;
    t->breaks = ubrk_open(UBRK_WORD, language, NULL, 0, &code);
    if (folds && U_SUCCESS(code))
        t->cases = ucasemap_open("", 0, &code);
    if (U_FAILURE(code)) {
        mci_tokenizer_free(t);
        return mc_fail(err, MC_E_BACKEND, "ICU cannot break words of language \"%s\": %s", language,
                       u_errorName(code));
    }
    *out = t;
    return MC_OK;
}

void mci_tokenizer_free(mci_tokenizer *t)
{
    if (!t)
        return;
    ubrk_close(t->breaks);
    ucasemap_close(t->cases);
    mci_buf_release(&t->word);
    mci_buf_release(&t->folded);
    mci_buf_release(&t->wide);
    mci_free(t);
}
