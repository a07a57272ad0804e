/* The words met last, each in a line of the cache:
 *
 *     | word, 15 bytes | length + 1 | n ids, 4 bytes | ids, 11 of 4 bytes |
 *
 * A word has one place, by its hash, and takes it from whatever was there: of captions, nineteen
 * words of twenty are found. Longer words, and words of more ids, are merged each time. */
#include "text/clip_encode.h"

#include "base/alloc.h"
#include "text/clip_split.h"
#include "text/words.h"

enum { N_WORDS = 1 << 15, WORD_IDS = 11 };

typedef struct {
    mci_key key; /* all zero: nothing is here */
    uint32_t n;
    int32_t ids[WORD_IDS];
} known_word;

_Static_assert(sizeof(known_word) == 64, "a word fills a line of the cache");
_Static_assert((int)MCI_CLEAN_PAD >= (int)MCI_KEY_BYTES, "a key is read in one go");

mc_status mci_clip_scratch_init(mci_clip_scratch *out, mc_error *err)
{
    mci_clip_scratch scratch = { 0 };
    MC_TRY(mci_table_memory_new(N_WORDS, sizeof(known_word), &scratch.words, err));
    *out = scratch;
    return MC_OK;
}

void mci_clip_scratch_release(mci_clip_scratch *scratch)
{
    mci_clean_release(&scratch->clean);
    mci_bpe_scratch_release(&scratch->merging);
    mci_table_memory_release(&scratch->words);
    mci_free(scratch->ids);
    *scratch = (mci_clip_scratch){ 0 };
}

/* Room for `more` ids behind the n that are there. */
static mc_status make_room(mci_clip_scratch *scratch, size_t n, size_t more, mc_error *err)
{
    return mci_grow((void **)&scratch->ids, &scratch->cap_ids, n + more, sizeof *scratch->ids, err);
}

static known_word *place_of(const mci_bpe_vocab *vocab, mci_clip_scratch *scratch, mci_key key)
{
    uint64_t hash = mci_mix(key.part[0] ^ vocab->seed, key.part[1] ^ UINT64_C(0x9E3779B97F4A7C15));
    return (known_word *)scratch->words.data + (hash & (N_WORDS - 1));
}

static mc_status merge_word(const mci_bpe_vocab *vocab, mci_clip_scratch *scratch, mc_str word,
                            size_t *n, mc_error *err)
{
    size_t n_new;
    MC_TRY(make_room(scratch, *n, word.len + WORD_IDS, err));
    MC_TRY(mci_bpe_word(vocab, &scratch->merging, word, scratch->ids + *n, &n_new, err));
    *n += n_new;
    return MC_OK;
}

/* There is room for WORD_IDS more ids. */
static mc_status add_word(const mci_bpe_vocab *vocab, mci_clip_scratch *scratch, mc_str word,
                          size_t *n, mc_error *err)
{
    if (word.len > MCI_SHORT_BYTES || !scratch->words.data)
        return merge_word(vocab, scratch, word, n, err);
    mci_key key = mci_key_of(word.data, word.len);
    known_word *known = place_of(vocab, scratch, key);
    if (mci_key_equal(known->key, key)) {
        memcpy(scratch->ids + *n, known->ids, sizeof known->ids); /* all: a fixed size is faster */
        *n += known->n;
        return MC_OK;
    }
    size_t before = *n;
    MC_TRY(merge_word(vocab, scratch, word, n, err));
    if (*n - before <= WORD_IDS) {
        known->key = key;
        known->n = (uint32_t)(*n - before);
        memcpy(known->ids, scratch->ids + before, sizeof known->ids);
    }
    return MC_OK;
}

mc_status mci_clip_encode(const mci_bpe_vocab *vocab, mc_token_rule rule, const mci_nfc *nfc,
                          mci_clip_scratch *scratch, mc_str text, size_t most, const int32_t **ids,
                          size_t *n, uint64_t *n_replaced, mc_error *err)
{
    mc_str word;
    mci_word_kind kind;
    *n = 0;
    MC_TRY(mci_clip_clean(rule, nfc, text, &scratch->clean, &text, n_replaced, err));
    MC_TRY(make_room(scratch, 0, most + 1 + WORD_IDS, err));
    mci_clip_splitter splitter = mci_clip_split(rule, text);
    while (*n <= most && mci_clip_next(&splitter, &word, &kind)) {
        if (kind == MCI_WORD_PLAIN)
            MC_TRY(add_word(vocab, scratch, word, n, err));
        else
            scratch->ids[(*n)++] = kind == MCI_WORD_START ? vocab->start_id : vocab->end_id;
    }
    *ids = scratch->ids;
    return MC_OK;
}
