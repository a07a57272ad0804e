#include "text/clip_naive.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "text/html_unescape.h"
#include "text/unicode_table.h"

/* A text as code points. */
typedef struct {
    uint32_t *points;
    size_t n;
} points;

typedef struct {
    const mci_bpe_vocab *vocab;
    mc_token_rule rule;
    int32_t *ids;
    size_t n, cap;
} writer;

/* ---- cleaning ---- */

static mc_status to_points(mc_str text, points *out, mc_error *err)
{
    const char *at = text.data, *end = text.len ? text.data + text.len : at;
    bool valid;
    out->n = 0;
    out->points = mci_alloc(2 * text.len * sizeof *out->points); /* lower-casing may add one */
    if (!out->points)
        return mci_nomem(err, 2 * text.len * sizeof *out->points);
    while (at < end)
        out->points[out->n++] = mci_utf8_next(&at, end, &valid);
    return MC_OK;
}

static bool is_white_space(uint32_t c)
{
    return mci_char_of(c)->category == MCI_CLASS_SPACE;
}

static void strip(points *text)
{
    while (text->n > 0 && mci_is_space(text->points[text->n - 1]))
        text->n--;
    size_t start = 0;
    while (start < text->n && mci_is_space(text->points[start]))
        start++;
    text->n -= start;
    memmove(text->points, text->points + start, text->n * sizeof *text->points);
}

static void collapse(points *text)
{
    size_t n = 0;
    for (size_t i = 0; i < text->n; i++) {
        if (!is_white_space(text->points[i]))
            text->points[n++] = text->points[i];
        else if (i == 0 || !is_white_space(text->points[i - 1]))
            text->points[n++] = ' ';
        else
            continue;
    }
    text->n = n;
}

/* Unicode's Final_Sigma: something cased before, nothing cased behind, and what may be ignored
 * is looked through on both sides. */
static bool is_final(const points *text, size_t at)
{
    size_t before = at, behind = at + 1;
    while (before > 0 && mci_char_of(text->points[before - 1])->ignorable)
        before--;
    while (behind < text->n && mci_char_of(text->points[behind])->ignorable)
        behind++;
    return before > 0 && mci_char_of(text->points[before - 1])->cased &&
           (behind == text->n || !mci_char_of(text->points[behind])->cased);
}

static mc_status lower(points *text, bool sigmas, mc_error *err)
{
    points lowered = { mci_alloc(2 * text->n * sizeof *text->points), 0 };
    if (!lowered.points)
        return mci_nomem(err, 2 * text->n * sizeof *text->points);
    for (size_t i = 0; i < text->n; i++) {
        uint32_t c = text->points[i];
        if (c == 0x130) {
            lowered.points[lowered.n++] = 'i';
            lowered.points[lowered.n++] = 0x307;
        } else if (c == 0x3A3 && sigmas && is_final(text, i)) {
            lowered.points[lowered.n++] = 0x3C2;
        } else {
            lowered.points[lowered.n++] = (uint32_t)((int32_t)c + mci_char_of(c)->to_lower);
        }
    }
    mci_free(text->points);
    *text = lowered;
    return MC_OK;
}

static mc_status unescape_or_compose(mc_token_rule rule, const mci_nfc *nfc, mc_str text,
                                     mci_buf steps[3], mc_error *err)
{
    uint64_t n_replaced = 0;
    MC_TRY(mci_utf8_repair(text, &steps[0], &n_replaced, err));
    if (rule == MC_RULE_HF)
        return mci_nfc_add(nfc, mci_buf_str(&steps[0]), &steps[2], err);
    MC_TRY(mci_html_unescape(mci_buf_str(&steps[0]), &steps[1], err));
    return mci_html_unescape(mci_buf_str(&steps[1]), &steps[2], err);
}

static mc_status clean(mc_token_rule rule, const mci_nfc *nfc, mc_str text, points *out,
                       mc_error *err)
{
    mci_buf steps[3] = { 0 };
    mc_status status = unescape_or_compose(rule, nfc, text, steps, err);
    if (status >= 0)
        status = to_points(mci_buf_str(&steps[2]), out, err);
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        mci_buf_release(&steps[i]);
    MC_TRY(status);
    if (rule == MC_RULE_OPENAI)
        strip(out);
    collapse(out);
    if (rule == MC_RULE_OPENAI)
        strip(out);
    return lower(out, rule == MC_RULE_OPENAI, err);
}

/* ---- cutting ---- */

static unsigned class_of(mc_token_rule rule, uint32_t c)
{
    return rule == MC_RULE_OPENAI ? mci_char_of(c)->pattern : mci_char_of(c)->category;
}

/* Whether the word stands at `at`; with fold a long s is an s. */
static bool stands(const points *text, size_t at, const char *word, bool fold)
{
    for (; *word; word++, at++) {
        if (at >= text->n)
            return false;
        bool is_s = fold && *word == 's' && text->points[at] == 0x17F;
        if (!is_s && text->points[at] != (unsigned char)*word)
            return false;
    }
    return true;
}

static const char *const specials[][2] = {
    [MC_RULE_OPENAI] = { "<start_of_text>", "<end_of_text>" },
    [MC_RULE_HF] = { "<|startoftext|>", "<|endoftext|>" },
};

/* How many characters the pattern's next match has that begins at `at`: the first of its
 * alternatives that stands there. 0: none does. */
static size_t match(mc_token_rule rule, const points *text, size_t at)
{
    static const char *const contractions[] = { "'s", "'t", "'re", "'ve", "'m", "'ll", "'d" };
    bool fold = rule == MC_RULE_OPENAI;
    for (size_t i = 0; i < 2; i++) {
        if (stands(text, at, specials[rule][i], fold))
            return strlen(specials[rule][i]);
    }
    for (size_t i = 0; i < COUNT_OF(contractions); i++) {
        if (stands(text, at, contractions[i], fold))
            return strlen(contractions[i]);
    }
    unsigned class = class_of(rule, text->points[at]);
    if (class == MCI_CLASS_SPACE)
        return 0;
    size_t n = 1;
    while (class != MCI_CLASS_NUMBER && at + n < text->n &&
           class_of(rule, text->points[at + n]) == class)
        n++;
    return n;
}

/* ---- merging ---- */

static const mci_bpe_merge *best_pair(const mci_bpe_vocab *vocab, const uint32_t *symbols, size_t n)
{
    const mci_bpe_merge *best = NULL;
    for (size_t i = 0; i + 1 < n; i++) {
        const mci_bpe_merge *merge = mci_bpe_find(vocab, symbols[i], symbols[i + 1]);
        if (merge && (!best || merge->rank < best->rank))
            best = merge;
    }
    return best;
}

static size_t apply(const mci_bpe_merge *merge, uint32_t *symbols, size_t n)
{
    size_t to = 0;
    for (size_t i = 0; i < n; to++) {
        bool is_pair = i + 1 < n && ((uint64_t)symbols[i] << 32 | symbols[i + 1]) == merge->key;
        symbols[to] = is_pair ? merge->symbol : symbols[i];
        i += is_pair ? 2 : 1;
    }
    return to;
}

static mc_status add_word(writer *w, mc_str word, mc_error *err)
{
    uint32_t *symbols = mci_alloc(word.len * sizeof *symbols);
    size_t n = word.len;
    if (!symbols)
        return mci_nomem(err, word.len * sizeof *symbols);
    for (size_t i = 0; i < n; i++)
        symbols[i] = i + 1 < n ? w->vocab->inner[(unsigned char)word.data[i]]
                               : w->vocab->last[(unsigned char)word.data[i]];
    for (const mci_bpe_merge *merge; (merge = best_pair(w->vocab, symbols, n));)
        n = apply(merge, symbols, n);
    mc_status status = mci_grow((void **)&w->ids, &w->cap, w->n + n, sizeof *w->ids, err);
    for (size_t i = 0; status >= 0 && i < n; i++)
        w->ids[w->n++] = w->vocab->ids[symbols[i]];
    mci_free(symbols);
    return status;
}

/* A match: a special token, or a word. */
static mc_status add_match(writer *w, const points *text, size_t at, size_t n, mci_buf *word,
                           mc_error *err)
{
    const int32_t special_ids[] = { w->vocab->start_id, w->vocab->end_id };
    for (size_t i = 0; i < 2; i++) {
        if (!stands(text, at, specials[w->rule][i], false))
            continue;
        MC_TRY(mci_grow((void **)&w->ids, &w->cap, w->n + 1, sizeof *w->ids, err));
        w->ids[w->n++] = special_ids[i];
        return MC_OK;
    }
    mci_buf_clear(word);
    MC_TRY(mci_buf_reserve(word, 4 * n, err));
    for (size_t i = 0; i < n; i++)
        word->len += mci_utf8_encode(text->points[at + i], word->data + word->len);
    return add_word(w, mci_buf_str(word), err);
}

/* Matches one behind the other. A special token of Hugging Face's parts what it stands in. */
static mc_status add_matches(writer *w, const points *text, mci_buf *word, mc_error *err)
{
    for (size_t at = 0; at < text->n;) {
        size_t n = match(w->rule, text, at);
        for (size_t i = 1; w->rule == MC_RULE_HF && i < n; i++) {
            if (stands(text, at + i, specials[w->rule][0], false) ||
                stands(text, at + i, specials[w->rule][1], false))
                n = i;
        }
        if (n > 0)
            MC_TRY(add_match(w, text, at, n, word, err));
        at += n ? n : 1;
    }
    return MC_OK;
}

mc_status mci_clip_encode_naive(const mci_bpe_vocab *vocab, mc_token_rule rule, const mci_nfc *nfc,
                                mc_str text, int32_t **ids, size_t *n, mc_error *err)
{
    points cleaned = { 0 };
    mci_buf word = { 0 };
    writer w = { .vocab = vocab, .rule = rule };
    mc_status status = clean(rule, nfc, text, &cleaned, err);
    if (status >= 0)
        status = add_matches(&w, &cleaned, &word, err);
    mci_free(cleaned.points);
    mci_buf_release(&word);
    if (status < 0) {
        mci_free(w.ids);
        return status;
    }
    *ids = w.ids;
    *n = w.n;
    return MC_OK;
}
