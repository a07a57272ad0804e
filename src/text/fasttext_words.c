/* What a text is made of for fastText: its words, their n-grams of characters, and n-grams of
 * words. Each has a row; their sum in this order, divided by their number, is what the labels
 * judge.
 *
 *   "a red"  ->  a <a a>   red <r <re re red ed> d> ...   </s>   a+red red+</s>
 *                word's own row, then those of its n-grams      by hash into buckets
 *
 * The rows lie anywhere in a file of a hundred megabytes and more, so they are asked for some time
 * before they are added; and so are the slots, entries and texts by which words are looked up. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "text/fasttext_internal.h"

static const char label_prefix[] = "__label__";
static const char line_end[] = "</s>";

enum { LONGEST_PROBE = 4096 }; /* slots: chance makes none of a hundred */

/* ---- the dictionary ---- */

static uint32_t hash_of(mc_str text)
{
    return (uint32_t)mci_hash64(text, 0);
}

/* From `slot` on, the first one with this hash, or a free one. */
static uint32_t next_slot(const mci_ft_dictionary *d, uint32_t slot, uint32_t hash)
{
    while (d->slots[slot].entry && d->slots[slot].hash != hash)
        slot = (slot + 1) & d->slot_mask;
    return slot;
}

/* From such a slot on, the index of the entry with this text; UINT32_MAX: none. */
static uint32_t find_entry(const mci_ft_dictionary *d, uint32_t slot, uint32_t hash, mc_str text)
{
    while (d->slots[slot].entry) {
        const mci_ft_entry *entry = &d->entries[d->slots[slot].entry - 1];
        if (mc_str_equal(text, (mc_str){ entry->text, entry->len }))
            return d->slots[slot].entry - 1;
        slot = next_slot(d, (slot + 1) & d->slot_mask, hash);
    }
    return UINT32_MAX;
}

static mc_status add_entry(mci_ft_dictionary *d, uint32_t index, mc_error *err)
{
    mc_str text = { d->entries[index].text, d->entries[index].len };
    uint32_t hash = hash_of(text), slot = hash & d->slot_mask;
    for (int n = 0; d->slots[slot].entry; n++) {
        const mci_ft_entry *other = &d->entries[d->slots[slot].entry - 1];
        bool is_same =
            d->slots[slot].hash == hash && mc_str_equal(text, (mc_str){ other->text, other->len });
        if (is_same || n == LONGEST_PROBE)
            return mc_fail(err, MC_E_FORMAT,
                           "this fastText model is damaged: a word stands in it twice");
        slot = (slot + 1) & d->slot_mask;
    }
    d->slots[slot] = (mci_ft_slot){ index + 1, hash };
    return MC_OK;
}

mc_status mci_ft_index_entries(mci_ft_dictionary *d, mc_error *err)
{
    size_t n = (size_t)d->n_words + d->n_labels, n_slots = 16;
    while (n_slots < 2 * n)
        n_slots *= 2;
    if (!(d->slots = mci_alloc_zeroed(n_slots, sizeof *d->slots)))
        return mci_nomem(err, n_slots * sizeof *d->slots);
    d->slot_mask = (uint32_t)(n_slots - 1);
    for (size_t i = 0; i < n; i++)
        MC_TRY(add_entry(d, (uint32_t)i, err));
    return MC_OK;
}

/* ---- kept n-grams ---- */

typedef struct {
    int32_t bucket, row;
} pair;

static int by_bucket(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    return (x->bucket > y->bucket) - (x->bucket < y->bucket);
}

enum { PARTS = 32 };

/* Which of all parts of bins a bucket is in: ascending with it. */
static uint64_t part_of(const mci_ft_kept *kept, uint32_t bucket)
{
    return (uint64_t)((unsigned __int128)kept->scale * bucket >> 32);
}

/* From pairs in order. */
static mc_status fill_kept(const pair *pairs, uint32_t n_buckets, mci_ft_kept *kept, mc_error *err)
{
    for (uint32_t i = 0; i < kept->n; i++) {
        if (pairs[i].bucket < 0 || (uint32_t)pairs[i].bucket >= n_buckets || pairs[i].row < 0)
            return mc_fail(err, MC_E_FORMAT,
                           "this fastText model is damaged: an n-gram is of no bucket");
        if (i > 0 && pairs[i].bucket == pairs[i - 1].bucket)
            return mc_fail(err, MC_E_FORMAT,
                           "this fastText model is damaged: an n-gram stands in it twice");
        kept->buckets[i] = (uint32_t)pairs[i].bucket;
        kept->rows[i] = (uint32_t)pairs[i].row;
    }
    kept->scale = (uint64_t)(((unsigned __int128)kept->n * PARTS << 32) / n_buckets);
    for (uint32_t bin = 0, i = 0; bin <= kept->n; bin++) {
        kept->bins[bin] = (struct mci_ft_bin){ i, 0 };
        for (; i < kept->n && part_of(kept, kept->buckets[i]) / PARTS == bin; i++)
            kept->bins[bin].parts |= UINT32_C(1) << part_of(kept, kept->buckets[i]) % PARTS;
    }
    return MC_OK;
}

mc_status mci_ft_index_kept(const char *bytes, uint32_t n, uint32_t n_buckets, mci_ft_kept *out,
                            mc_error *err)
{
    if (n == 0)
        return MC_OK;
    pair *pairs = mci_alloc(n * sizeof *pairs);
    out->buckets = mci_alloc(n * sizeof *out->buckets);
    out->rows = mci_alloc(n * sizeof *out->rows);
    out->bins = mci_alloc(((size_t)n + 1) * sizeof *out->bins);
    out->n = n;
    mc_status status = MC_OK;
    if (!pairs || !out->buckets || !out->rows || !out->bins)
        status = mci_nomem(err, n * sizeof *pairs);
    if (status >= 0) {
        memcpy(pairs, bytes, n * sizeof *pairs);
        qsort(pairs, n, sizeof *pairs, by_bucket);
        status = fill_kept(pairs, n_buckets, out, err);
    }
    mci_free(pairs);
    return status;
}

/* The row of a bucket's n-gram, counted from the first n-gram's; UINT32_MAX: it was pruned. */
static uint32_t kept_row(const mci_ft_kept *kept, uint32_t bucket)
{
    uint64_t part = part_of(kept, bucket);
    const struct mci_ft_bin *bin = &kept->bins[part / PARTS];
    if (!(bin[0].parts >> part % PARTS & 1))
        return UINT32_MAX;
    uint32_t low = bin[0].first, high = bin[1].first;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (kept->buckets[middle] == bucket)
            return kept->rows[middle];
        if (kept->buckets[middle] < bucket)
            low = middle + 1;
        else
            high = middle;
    }
    return UINT32_MAX;
}

/* ---- rows ---- */

typedef float float4 __attribute__((vector_size(16)));

enum { BLOCK = 16 }; /* numbers of a sum that stay in registers */

/* Adds BLOCK numbers of each row, which begin at `from`. */
static void add_block(const mci_ft_matrix *m, const uint32_t *rows, size_t n, uint32_t from,
                      float *sum)
{
    float4 sums[BLOCK / 4], numbers[BLOCK / 4];
    memcpy(sums, sum + from, sizeof sums);
    for (size_t i = 0; i < n; i++) {
        memcpy(numbers, m->floats + ((size_t)rows[i] * m->dim + from) * sizeof(float),
               sizeof numbers);
        for (int k = 0; k < BLOCK / 4; k++)
            sums[k] += numbers[k];
    }
    memcpy(sum + from, sums, sizeof sums);
}

static void add_plain(const mci_ft_matrix *m, const uint32_t *rows, size_t n, float *sum)
{
    uint32_t from = 0;
    for (; from + BLOCK <= m->dim; from += BLOCK)
        add_block(m, rows, n, from, sum);
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = from; k < m->dim; k++)
            sum[k] += mci_ft_float(m->floats + ((size_t)rows[i] * m->dim + k) * sizeof(float));
}

static void add_codes(const mci_ft_matrix *m, uint32_t row, float *sum)
{
    const unsigned char *codes = m->codes + (size_t)row * m->n_parts;
    float norm = m->norm_codes ? m->norms[m->norm_codes[row]] : 1;
    const float *of_part = m->centroids;
    for (uint32_t p = 0; p < m->n_parts; p++) {
        uint32_t n = p + 1 == m->n_parts ? m->last_part : m->part;
        const float *numbers = of_part + (size_t)codes[p] * n;
        for (uint32_t i = 0; i < n; i++)
            sum[i] += norm * numbers[i];
        of_part += (size_t)MCI_FT_CENTROIDS * n;
        sum += n;
    }
}

static void add_quantised(const mci_ft_matrix *m, const uint32_t *rows, size_t n, float *sum)
{
    for (size_t i = 0; i < n; i++)
        add_codes(m, rows[i], sum);
}

static void prefetch_row(const mci_ft_matrix *m, uint32_t row)
{
    if (m->floats) {
        const char *at = m->floats + (size_t)row * m->dim * sizeof(float);
        __builtin_prefetch(at);
        __builtin_prefetch(at + 63); /* rows of lid.176 have 64 bytes, seldom in one line */
    } else {
        __builtin_prefetch(m->codes + (size_t)row * m->n_parts);
    }
}

/* Buckets become rows, or go. */
static void look_up_buckets(const mci_fasttext *model, mci_fasttext_scratch *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_rows; i++) {
        uint32_t row = s->rows[i];
        if (row & MCI_FT_IS_BUCKET) {
            row = kept_row(&model->dictionary.kept, row & ~MCI_FT_IS_BUCKET);
            if (row == UINT32_MAX)
                continue;
            row += model->dictionary.n_words;
            prefetch_row(&model->input, row);
        }
        s->rows[n++] = row;
    }
    s->n_rows = n;
}

static void add_rows(const mci_fasttext *model, mci_fasttext_scratch *s)
{
    if (model->dictionary.is_pruned)
        look_up_buckets(model, s);
    if (model->input.floats)
        add_plain(&model->input, s->rows, s->n_rows, s->hidden);
    else
        add_quantised(&model->input, s->rows, s->n_rows, s->hidden);
    s->n_added += s->n_rows;
    s->n_rows = 0;
}

static void push_row(const mci_fasttext *model, mci_fasttext_scratch *s, uint32_t row)
{
    if (s->n_rows == COUNT_OF(s->rows))
        add_rows(model, s);
    s->rows[s->n_rows++] = row;
    prefetch_row(&model->input, row);
}

static void push_bucket(const mci_fasttext *model, mci_fasttext_scratch *s, uint32_t bucket)
{
    const mci_ft_dictionary *d = &model->dictionary;
    if (!d->is_pruned) {
        push_row(model, s, d->n_words + bucket);
        return;
    }
    if (d->kept.n == 0)
        return;
    if (s->n_rows == COUNT_OF(s->rows))
        add_rows(model, s);
    s->rows[s->n_rows++] = bucket | MCI_FT_IS_BUCKET;
    __builtin_prefetch(&d->kept.bins[part_of(&d->kept, bucket) / PARTS]);
}

/* ---- words ---- */

static bool is_inside_character(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* The n-grams of minn to maxn characters of "<word>", but < and > alone. */
static void push_subwords(const mci_fasttext *model, mci_fasttext_scratch *s, mc_str word)
{
    char *text = s->word;
    size_t len = word.len + 2;
    text[0] = '<';
    memcpy(text + 1, word.data, word.len);
    text[len - 1] = '>';
    for (size_t i = 0; i < len; i++) {
        if (is_inside_character(text[i]))
            continue;
        uint32_t hash = MCI_FT_FNV_START;
        size_t j = i;
        for (uint32_t n = 1; j < len && n <= model->maxn; n++) {
            do
                hash = mci_ft_fnv(hash, text[j++]);
            while (j < len && is_inside_character(text[j]));
            if (n >= model->minn && !(n == 1 && (i == 0 || j == len)))
                push_bucket(model, s, mci_ft_bucket(model, hash));
        }
    }
}

static bool is_line_end(mc_str word)
{
    return mc_str_equal(word, (mc_str){ line_end, sizeof line_end - 1 });
}

static bool looks_like_label(mc_str word)
{
    size_t n = sizeof label_prefix - 1;
    return word.len >= n && memcmp(word.data, label_prefix, n) == 0;
}

/* A word that was read, on its way to be looked up. */
typedef struct {
    mc_str text;
    uint32_t hash, slot;
} coming;

static void look_up_soon(const mci_ft_dictionary *d, mc_str text, coming *word)
{
    *word = (coming){ .text = text, .hash = hash_of(text) };
    word->slot = word->hash & d->slot_mask;
    __builtin_prefetch(&d->slots[word->slot]);
}

/* *n_hashes: words so far. */
static void push_word(const mci_fasttext *model, mci_fasttext_scratch *s, const coming *word,
                      size_t *n_hashes)
{
    const mci_ft_dictionary *d = &model->dictionary;
    mc_str text = word->text;
    uint32_t entry = find_entry(d, word->slot, word->hash, text);
    if (entry == UINT32_MAX ? looks_like_label(text) : entry >= d->n_words)
        return;
    if (entry != UINT32_MAX)
        push_row(model, s, entry);
    if (model->maxn > 0 && !is_line_end(text))
        push_subwords(model, s, text);
    if (!s->hashes)
        return;
    uint32_t hash = MCI_FT_FNV_START;
    for (size_t i = 0; i < text.len; i++)
        hash = mci_ft_fnv(hash, text.data[i]);
    s->hashes[(*n_hashes)++] = (int32_t)hash;
}

/* In three steps, each of which asks for what the next one needs. */
static void push_words(const mci_fasttext *model, mci_fasttext_scratch *s, coming *words, size_t n,
                       size_t *n_hashes)
{
    const mci_ft_dictionary *d = &model->dictionary;
    for (size_t i = 0; i < n; i++) {
        words[i].slot = next_slot(d, words[i].slot, words[i].hash);
        if (d->slots[words[i].slot].entry)
            __builtin_prefetch(&d->entries[d->slots[words[i].slot].entry - 1]);
    }
    for (size_t i = 0; i < n; i++)
        if (d->slots[words[i].slot].entry)
            __builtin_prefetch(d->entries[d->slots[words[i].slot].entry - 1].text);
    for (size_t i = 0; i < n; i++)
        push_word(model, s, &words[i], n_hashes);
}

/* fastText keeps hashes of words with a sign, which the wider product then sees. */
static void push_word_ngrams(const mci_fasttext *model, mci_fasttext_scratch *s, size_t n_hashes)
{
    for (size_t i = 0; i < n_hashes; i++) {
        uint64_t hash = (uint64_t)(int64_t)s->hashes[i];
        for (size_t j = i + 1; j < n_hashes && j < i + model->word_ngrams; j++) {
            hash = hash * 116049371 + (uint64_t)(int64_t)s->hashes[j];
            push_bucket(model, s, (uint32_t)(hash % model->bucket));
        }
    }
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r') || byte == '\0';
}

/* The next word; false at the end. */
static bool next_word(mc_str text, size_t *at, mc_str *word)
{
    while (*at < text.len && is_space(text.data[*at]))
        (*at)++;
    size_t from = *at;
    while (*at < text.len && !is_space(text.data[*at]))
        (*at)++;
    if (*at > from)
        *word = (mc_str){ text.data + from, *at - from };
    return *at > from;
}

/* At most what is looked at, and no part of a character. */
static mc_str shortened(mc_str text)
{
    if (text.len > MCI_FASTTEXT_TEXT) {
        text.len = MCI_FASTTEXT_TEXT;
        while (text.len > 0 && is_inside_character(text.data[text.len]))
            text.len--;
    }
    return text;
}

/* Pushes the text's words, and that of the line's end behind them; gives their number. */
static size_t push_text(const mci_fasttext *model, mci_fasttext_scratch *s, mc_str text,
                        size_t *n_hashes)
{
    enum { AHEAD = 16 };
    coming words[AHEAD + 1];
    mc_str word = { NULL, 0 };
    size_t at = 0, n_words = 0;
    bool more = true;
    while (more) {
        size_t n = 0;
        while (n < AHEAD && more && (more = next_word(text, &at, &word))) {
            look_up_soon(&model->dictionary, word, &words[n++]);
            more = !is_line_end(word);
        }
        n_words += n;
        if (!more && n_words > 0 && !(n > 0 && is_line_end(words[n - 1].text)))
            look_up_soon(&model->dictionary, mc_str_of(line_end), &words[n++]);
        push_words(model, s, words, n, n_hashes);
    }
    return n_words;
}

bool mci_ft_hidden(const mci_fasttext *model, mci_fasttext_scratch *s, mc_str text)
{
    size_t n_hashes = 0;
    s->n_rows = 0;
    s->n_added = 0;
    memset(s->hidden, 0, model->dim * sizeof *s->hidden);
    if (push_text(model, s, shortened(text), &n_hashes) == 0)
        return false;
    push_word_ngrams(model, s, n_hashes);
    add_rows(model, s);
    if (s->n_added == 0)
        return false;
    float share = (float)(1.0 / (double)s->n_added);
    for (uint32_t i = 0; i < model->dim; i++)
        s->hidden[i] *= share;
    return true;
}
