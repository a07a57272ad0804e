#include "text/words.h"

#include "base/alloc.h"

enum { FIRST_LINES = 512, MAX_WORDS = 1 << 30, MAX_HOT = 1 << 14, N_COUNTS = 256 };

/* The hot table is sparse, so that most looks end in their first cache line. */
static uint32_t hot_lines_for(uint32_t n_words)
{
    return (n_words + 1) * 3 / 2;
}

static uint32_t cold_lines_for(uint32_t n_words)
{
    return (uint32_t)((uint64_t)n_words * 7 / 8 + 1);
}

static mc_status allocate(mci_words *words, uint32_t n_hot_lines, uint32_t n_cold_lines,
                          mc_error *err)
{
    mci_word_table hot = { MCI_WORD_FIRST, n_hot_lines };
    mci_word_table cold = { mci_word_table_end(hot), n_cold_lines };
    MC_TRY(
        mci_table_memory_new(mci_word_table_end(cold), sizeof *words->words, &words->memory, err));
    words->words = words->memory.data;
    words->hot = hot;
    words->cold = cold;
    words->n_words = 0;
    words->words[MCI_WORD_EMPTY].len_plus_1 = 1;
    for (unsigned mark = 1; mark <= MCI_N_MARKS; mark++) {
        mci_token token;
        mci_token_mark(mark, &token);
        words->words[token.home].key[0] = token.key[0];
        words->words[token.home].len_plus_1 = token.len_plus_1;
    }
    return MC_OK;
}

mc_status mci_words_init(mci_words *words, mc_error *err)
{
    *words = (mci_words){ 0 };
    return allocate(words, hot_lines_for(0), FIRST_LINES, err);
}

void mci_words_release(mci_words *words)
{
    mci_table_memory_release(&words->memory);
    mci_buf_release(&words->long_words);
    *words = (mci_words){ 0 };
}

static void load16(const char *at, uint64_t out[2])
{
    memcpy(out, at, MCI_KEY_BYTES);
}

/* 16 bytes at a time, the last 16 perhaps overlapping those before. */
static uint64_t hash_long(mc_str text)
{
    uint64_t hash = text.len, part[2];
    for (size_t i = 0; i < text.len; i += MCI_KEY_BYTES) {
        size_t left = text.len - i;
        load16(text.data + (left < MCI_KEY_BYTES ? text.len - MCI_KEY_BYTES : i), part);
        hash = mci_key_hash(hash ^ part[0], part[1]);
    }
    return hash;
}

void mci_token_long(mci_word_table hot, mc_str text, mci_token *token)
{
    /* No token of 4 GiB is ever added, so its length is no word's. */
    bool never = text.len >= UINT32_MAX;
    token->key[0] = hash_long(text);
    token->key[1] = MCI_KEY_NOWHERE;
    token->data = text.data;
    token->len_plus_1 = never ? UINT32_MAX : (uint32_t)text.len + 1;
    token->hash = (uint32_t)(token->key[0] >> 32);
    token->home = never ? MCI_WORD_UNKNOWN : mci_word_home(hot, token->hash);
}

static bool is_same(const mci_words *words, const mci_word *word, const mci_token *token)
{
    if (!mci_token_is_long(token))
        return mci_word_unlike(word, token) == 0;
    return word->key[0] == token->key[0] && word->len_plus_1 == token->len_plus_1 &&
           memcmp(words->long_words.data + word->key[1], token->data, token->len_plus_1 - 1) == 0;
}

uint32_t mci_words_find_from(const mci_words *words, mci_word_table table, uint32_t home,
                             const mci_token *token)
{
    uint32_t i = home;
    while (words->words[i].len_plus_1) {
        if (is_same(words, &words->words[i], token))
            return i;
        if (++i == mci_word_table_end(table))
            i = table.first;
    }
    return MCI_WORD_UNKNOWN;
}

static mci_token token_of(const mci_words *words, mc_str text)
{
    mci_token token;
    unsigned mark = text.len == 1 ? mci_mark_of(text.data[0]) : 0;
    if (mark) {
        mci_token_mark(mark, &token);
    } else if (text.len > MCI_KEY_BYTES) {
        mci_token_long(words->hot, text, &token);
    } else {
        char padded[MCI_KEY_BYTES] = { 0 };
        if (text.len)
            memcpy(padded, text.data, text.len);
        mci_token_short(words->hot, padded, text.len, &token);
    }
    return token;
}

static uint32_t find(const mci_words *words, const mci_token *token)
{
    uint32_t hot = mci_words_find_hot(words, token);
    return hot == MCI_WORD_UNKNOWN ? mci_words_find_cold(words, token) : hot;
}

uint32_t mci_words_number(const mci_words *words, mc_str token)
{
    mci_token ready = token_of(words, token);
    return find(words, &ready);
}

/* Puts a word that is not there into the first free slot from its home on. */
static uint32_t put(mci_words *words, mci_word_table table, const mci_word *word)
{
    bool is_long = word->len_plus_1 > MCI_KEY_BYTES + 1;
    uint64_t hash = is_long ? word->key[0] : mci_key_hash(word->key[0], word->key[1]);
    uint32_t i = mci_word_home(table, (uint32_t)(hash >> 32));
    while (words->words[i].len_plus_1) {
        if (++i == mci_word_table_end(table))
            i = table.first;
    }
    words->words[i] = *word;
    words->n_words++;
    return i;
}

/* While words are added, all are in the cold table, and `successors` is their count. */
static uint32_t *count_of(mci_word *word)
{
    return &word->successors;
}

static mc_status grow(mci_words *words, mc_error *err)
{
    mci_words old = *words;
    MC_TRY(allocate(words, hot_lines_for(0), old.cold.n_lines * 2, err));
    for (uint32_t i = old.cold.first; i < mci_word_table_end(old.cold); i++) {
        if (old.words[i].len_plus_1)
            put(words, words->cold, &old.words[i]);
    }
    mci_table_memory_release(&old.memory);
    return MC_OK;
}

mc_status mci_words_add(mci_words *words, mc_str token, bool is_part, mc_error *err)
{
    if (token.len >= UINT32_MAX)
        return mc_fail(err, MC_E_LIMIT, "a word of %zu bytes", token.len);
    mci_token ready = token_of(words, token);
    uint32_t number = find(words, &ready);
    if (number == MCI_WORD_UNKNOWN) {
        mci_word word = { .key = { ready.key[0], ready.key[1] }, .len_plus_1 = ready.len_plus_1 };
        if (words->n_words == MAX_WORDS)
            return mc_fail(err, MC_E_LIMIT, "more than %d different words", (int)MAX_WORDS);
        if (mci_token_is_long(&ready)) {
            word.key[1] = words->long_words.len;
            MC_TRY(mci_buf_add(&words->long_words, token, err));
        }
        if (words->n_words >= words->cold.n_lines / 2 * 3)
            MC_TRY(grow(words, err));
        number = put(words, words->cold, &word);
    }
    uint32_t *count = count_of(&words->words[number]);
    *count += is_part && *count < N_COUNTS - 1;
    return MC_OK;
}

/* The smallest count, 2 or more, that no more than MAX_HOT words reach; *n_hot is how many do. */
static uint32_t hot_count(const mci_words *words, uint32_t *n_hot)
{
    uint32_t n_with[N_COUNTS] = { 0 }, count = N_COUNTS;
    for (uint32_t i = words->cold.first; i < mci_word_table_end(words->cold); i++)
        n_with[*count_of(&words->words[i])]++;
    for (*n_hot = 0; count > 2 && *n_hot + n_with[count - 1] <= MAX_HOT; count--)
        *n_hot += n_with[count - 1];
    return count;
}

mc_status mci_words_fit(mci_words *words, mc_error *err)
{
    mci_words old = *words;
    uint32_t n_hot, least = hot_count(words, &n_hot);
    MC_TRY(allocate(words, hot_lines_for(n_hot), cold_lines_for(old.n_words - n_hot), err));
    for (uint32_t i = old.cold.first; i < mci_word_table_end(old.cold); i++) {
        mci_word word = old.words[i];
        bool is_hot = *count_of(&word) >= least;
        *count_of(&word) = 0;
        if (word.len_plus_1)
            put(words, is_hot ? words->hot : words->cold, &word);
    }
    mci_table_memory_release(&old.memory);
    return MC_OK;
}
