#include "text/bpe_train.h"

#include "base/alloc.h"
#include "text/bpe_builder.h"
#include "text/clip_clean.h"
#include "text/clip_split.h"
#include "text/pair_counts.h"
#include "text/word_counts.h"

enum { N_SPECIALS = 2 };

struct mci_bpe_trainer {
    mc_token_rule rule;
    uint64_t max_words;
    mci_nfc *nfc;
    mci_clean clean;
    mci_word_counts words;
    mci_bpe_trainer_facts facts;

    /* while learning */
    uint32_t *symbols; /* of the words, one behind the other; a word's place never moves */
    uint64_t *starts;  /* [words] */
    uint16_t *lens;    /* [words]: symbols that are left */
    mci_pairs pairs;
    mci_bpe_builder *builder; /* knows all names */
    mci_buf names;            /* of the symbols, one behind the other */
    uint64_t *name_ends;
    size_t n_symbols, cap_names;
};

mc_status mci_bpe_trainer_new(mc_token_rule rule, uint64_t max_words, mci_bpe_trainer **out,
                              mc_error *err)
{
    mci_bpe_trainer *trainer = mci_alloc_zeroed(1, sizeof *trainer);
    if (!trainer)
        return mci_nomem(err, sizeof *trainer);
    trainer->rule = rule == MC_RULE_HF ? rule : MC_RULE_OPENAI;
    trainer->max_words = max_words < INT32_MAX ? max_words : INT32_MAX;
    mc_status status = rule == MC_RULE_HF ? mci_nfc_new(&trainer->nfc, err) : MC_OK;
    if (status >= 0)
        status = mci_bpe_builder_new((mc_str){ NULL, 0 }, &trainer->builder, err);
    if (status < 0)
        mci_bpe_trainer_free(trainer);
    else
        *out = trainer;
    return status;
}

void mci_bpe_trainer_free(mci_bpe_trainer *trainer)
{
    if (!trainer)
        return;
    mci_nfc_free(trainer->nfc);
    mci_clean_release(&trainer->clean);
    mci_word_counts_release(&trainer->words);
    mci_free(trainer->symbols);
    mci_free(trainer->starts);
    mci_free(trainer->lens);
    mci_pairs_release(&trainer->pairs);
    mci_bpe_builder_free(trainer->builder);
    mci_buf_release(&trainer->names);
    mci_free(trainer->name_ends);
    mci_free(trainer);
}

mci_bpe_trainer_facts mci_bpe_trainer_tell(const mci_bpe_trainer *trainer)
{
    mci_bpe_trainer_facts facts = trainer->facts;
    facts.n_different = trainer->words.n;
    return facts;
}

/* ---- counting ---- */

mc_status mci_bpe_trainer_add(mci_bpe_trainer *trainer, mc_str text, bool *is_repaired,
                              mc_error *err)
{
    uint64_t n_replaced = 0;
    mc_str word;
    mci_word_kind kind;
    MC_TRY(mci_clip_clean(trainer->rule, trainer->nfc, text, &trainer->clean, &text, &n_replaced,
                          err));
    *is_repaired = n_replaced > 0;
    mci_clip_splitter splitter = mci_clip_split(trainer->rule, text);
    while (mci_clip_next(&splitter, &word, &kind)) {
        if (kind != MCI_WORD_PLAIN)
            continue;
        trainer->facts.n_words++;
        if (word.len > MCI_TRAIN_WORD_BYTES) {
            trainer->facts.n_long++;
            continue;
        }
        MC_TRY(mci_word_counts_add(&trainer->words, word, err));
        if (trainer->words.n > trainer->max_words)
            return mc_fail(err, MC_E_LIMIT,
                           "more than %llu different words: train on fewer texts, or allow more",
                           (unsigned long long)trainer->max_words);
    }
    return MC_OK;
}

/* ---- symbols ---- */

static mc_str name_of(const mci_bpe_trainer *trainer, size_t symbol)
{
    uint64_t start = symbol ? trainer->name_ends[symbol - 1] : 0;
    return (mc_str){ trainer->names.data + start, (size_t)(trainer->name_ends[symbol] - start) };
}

/* Makes the symbol of all that was appended to `names` since the last one. */
static mc_status end_symbol(mci_bpe_trainer *trainer, mc_error *err)
{
    size_t n = trainer->n_symbols;
    MC_TRY(
        mci_grow((void **)&trainer->name_ends, &trainer->cap_names, n + 1, sizeof(uint64_t), err));
    trainer->name_ends[n] = trainer->names.len;
    trainer->n_symbols = n + 1;
    return mci_bpe_builder_next_id(trainer->builder, name_of(trainer, n), err);
}

static mc_status add_bytes(mci_bpe_trainer *trainer, const char *behind, mc_error *err)
{
    for (unsigned place = 0; place < MCI_N_BYTES; place++) {
        char name[MCI_NAME_BYTES];
        size_t len = mci_bpe_byte_name(mci_bpe_byte_at(place), name);
        MC_TRY(mci_buf_append(&trainer->names, name, len, err));
        MC_TRY(mci_buf_add(&trainer->names, mc_str_of(behind), err));
        MC_TRY(end_symbol(trainer, err));
    }
    return MC_OK;
}

/* The symbol of two, with its line in the file. *is_known: there is one of this name already. */
static mc_status join(mci_bpe_trainer *trainer, uint64_t key, mci_buf *file, bool *is_known,
                      mc_error *err)
{
    size_t before = trainer->names.len;
    size_t parts[2] = { (size_t)(key >> 32), (size_t)(key & UINT32_MAX) };
    for (int i = 0; i < 2; i++) {
        MC_TRY(mci_buf_reserve(&trainer->names, name_of(trainer, parts[i]).len, err));
        MC_TRY(mci_buf_add(&trainer->names, name_of(trainer, parts[i]), err));
    }
    mc_str joined = { trainer->names.data + before, trainer->names.len - before };
    *is_known = mci_bpe_builder_knows(trainer->builder, joined);
    if (*is_known) {
        trainer->names.len = before;
        return MC_OK;
    }
    MC_TRY(mci_buf_byte(file, '\n', err));
    MC_TRY(mci_buf_add(file, name_of(trainer, parts[0]), err));
    MC_TRY(mci_buf_byte(file, ' ', err));
    MC_TRY(mci_buf_add(file, name_of(trainer, parts[1]), err));
    return end_symbol(trainer, err);
}

/* ---- words as symbols ---- */

static mc_status lay_words(mci_bpe_trainer *trainer, mc_error *err)
{
    const mci_word_counts *words = &trainer->words;
    uint32_t place_of[MCI_N_BYTES];
    for (uint32_t place = 0; place < MCI_N_BYTES; place++)
        place_of[mci_bpe_byte_at(place)] = place;
    trainer->symbols = mci_alloc(words->bytes.len * sizeof *trainer->symbols);
    trainer->starts = mci_alloc(words->n * sizeof *trainer->starts);
    trainer->lens = mci_alloc(words->n * sizeof *trainer->lens);
    if (!trainer->symbols || !trainer->starts || !trainer->lens)
        return mci_nomem(err, words->bytes.len * sizeof *trainer->symbols);
    for (size_t i = 0; i < words->bytes.len; i++)
        trainer->symbols[i] = place_of[(unsigned char)words->bytes.data[i]];
    for (size_t i = 0; i < words->n; i++) {
        trainer->starts[i] = i ? words->ends[i - 1] : 0;
        trainer->lens[i] = (uint16_t)(words->ends[i] - trainer->starts[i]);
        trainer->symbols[words->ends[i] - 1] += MCI_N_BYTES; /* the end of a word */
    }
    return MC_OK;
}

static uint64_t key_at(const uint32_t *symbols, size_t i)
{
    return (uint64_t)symbols[i] << 32 | symbols[i + 1];
}

static mc_status count_pairs(mci_bpe_trainer *trainer, mc_error *err)
{
    for (size_t w = 0; w < trainer->words.n; w++) {
        const uint32_t *symbols = trainer->symbols + trainer->starts[w];
        for (size_t i = 0; i + 1 < trainer->lens[w]; i++)
            MC_TRY(mci_pairs_add(&trainer->pairs, key_at(symbols, i), trainer->words.counts[w],
                                 (uint32_t)w, true, err));
    }
    return mci_pairs_settle(&trainer->pairs, err);
}

static bool holds(const uint32_t *symbols, size_t n, uint64_t key)
{
    for (size_t i = 0; i + 1 < n; i++) {
        if (key_at(symbols, i) == key)
            return true;
    }
    return false;
}

/* Makes one symbol of the pair wherever it stands, left to right; gives how many symbols are left.
 */
static size_t replace(uint32_t *symbols, size_t n, uint64_t key, uint32_t with)
{
    size_t to = 0;
    for (size_t i = 0; i < n; to++) {
        bool is_pair = i + 1 < n && key_at(symbols, i) == key;
        symbols[to] = is_pair ? with : symbols[i];
        i += is_pair ? 2 : 1;
    }
    return to;
}

/* The same in one word, with the counts of its pairs. */
static mc_status merge_in_word(mci_bpe_trainer *trainer, uint32_t w, uint64_t key, uint32_t with,
                               mc_error *err)
{
    uint32_t *symbols = trainer->symbols + trainer->starts[w];
    uint64_t count = trainer->words.counts[w];
    size_t n = trainer->lens[w];
    if (!holds(symbols, n, key)) /* it lost the pair to another one, or is listed twice */
        return MC_OK;
    for (size_t i = 0; i + 1 < n; i++)
        mci_pairs_take(&trainer->pairs, key_at(symbols, i), count);
    n = replace(symbols, n, key, with);
    trainer->lens[w] = (uint16_t)n;
    for (size_t i = 0; i + 1 < n; i++) {
        bool is_new = symbols[i] == with || symbols[i + 1] == with;
        MC_TRY(mci_pairs_add(&trainer->pairs, key_at(symbols, i), count, w, is_new, err));
    }
    return MC_OK;
}

static mc_status merge_everywhere(mci_bpe_trainer *trainer, uint32_t pair, uint32_t with,
                                  mc_error *err)
{
    uint64_t key = trainer->pairs.pairs[pair].key;
    uint32_t place = mci_pairs_list(&trainer->pairs, pair);
    while (place != MCI_NO_PAIR) {
        MC_TRY(merge_in_word(trainer, trainer->pairs.places[place].word, key, with, err));
        place = mci_pairs_next(&trainer->pairs, place);
    }
    return mci_pairs_settle(&trainer->pairs, err);
}

/* ---- learning ---- */

static mc_status learn(mci_bpe_trainer *trainer, size_t n_symbols, mci_buf *file, mc_error *err)
{
    while (trainer->n_symbols < n_symbols) {
        uint32_t best;
        bool is_known;
        MC_TRY(mci_pairs_best(&trainer->pairs, &best, err));
        if (best == MCI_NO_PAIR)
            break;
        MC_TRY(join(trainer, trainer->pairs.pairs[best].key, file, &is_known, err));
        if (is_known)
            trainer->pairs.pairs[best].is_out = true;
        else
            MC_TRY(merge_everywhere(trainer, best, (uint32_t)trainer->n_symbols - 1, err));
    }
    return MC_OK;
}

mc_status mci_bpe_trainer_learn(mci_bpe_trainer *trainer, size_t n_ids, mci_buf *file,
                                size_t *n_made, mc_error *err)
{
    MC_TRY(mci_buf_add(file, mc_str_of("a byte-level BPE of CLIP's kind, made by metaclip"), err));
    MC_TRY(add_bytes(trainer, "", err));
    MC_TRY(add_bytes(trainer, MCI_WORD_END, err));
    MC_TRY(lay_words(trainer, err));
    MC_TRY(count_pairs(trainer, err));
    MC_TRY(learn(trainer, n_ids - N_SPECIALS, file, err));
    *n_made = trainer->n_symbols + N_SPECIALS;
    return MC_OK;
}
