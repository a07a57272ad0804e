/* The vocabulary of a matcher: every token of its entries, in one hash table whose slots are half a
 * cache line and hold all that matching asks of a token. matcher.c draws it. */
#ifndef MCI_TEXT_WORDS_H
#define MCI_TEXT_WORDS_H

#include "base/buf.h"
#include "text/spacing.h"
#include "text/table_memory.h"

/* The number of a token is its slot. Three kinds of it have fixed ones. */
enum {
    MCI_WORD_UNKNOWN = 0, /* what is in no entry: leads nowhere, so it needs no special case */
    MCI_WORD_EMPTY = 1,   /* what stands between two spaces in a row */
    MCI_WORD_MARKS = 2,   /* the seven marks: MCI_WORD_MARKS + mci_mark_of(byte) - 1 */
    MCI_WORD_FIRST = 10   /* here the hash tables begin; even, so that slots stay in their line */
};

enum { MCI_KEY_BYTES = 16 };

typedef struct {
    uint64_t key[2];       /* up to 16 bytes, zeros behind; longer: hash, place in `long_words` */
    uint32_t len_plus_1;   /* 0: a free slot */
    uint32_t entry_plus_1; /* the entry that is this token alone; 0: none */
    uint32_t successors;   /* filter: tokens that come next in entries that begin with this one */
    uint32_t predecessors; /* filter: tokens that come before this one in any entry */
} mci_word;

/* One of the two hash tables: n_lines pairs of slots, from `first` on. */
typedef struct {
    uint32_t first, n_lines;
} mci_word_table;

static inline uint32_t mci_word_table_end(mci_word_table table)
{
    return table.first + 2 * table.n_lines;
}

typedef struct {
    mci_table_memory memory;
    mci_word *words;     /* the fixed ones, then the slots of both tables */
    mci_word_table hot;  /* words that many entries share: most words of a text are among them */
    mci_word_table cold; /* all others */
    uint32_t n_words;
    mci_buf long_words;
} mci_words;

/* A token made ready for looking it up. */
typedef struct {
    uint64_t key[2];  /* as in mci_word; of a longer one: hash, MCI_KEY_NOWHERE */
    const char *data; /* of a longer one only */
    uint32_t len_plus_1;
    uint32_t home; /* the slot where looking begins */
    uint32_t hash; /* for looking in the cold table */
} mci_token;

#define MCI_KEY_NOWHERE UINT64_MAX /* no word's key is equal to a longer token's: bytes decide */

/* An empty vocabulary; on failure release it all the same. */
mc_status mci_words_init(mci_words *words, mc_error *err);
void mci_words_release(mci_words *words);

/* Adds the token if it is new, and counts how often it was added with is_part, which says that its
 * entry has other tokens too. Errors: MC_E_NOMEM, MC_E_LIMIT (2^30 tokens, or one of 4 GiB). */
mc_status mci_words_add(mci_words *words, mc_str token, bool is_part, mc_error *err);
/* Ends adding: lays the words out anew, by their counts. Only now numbers are settled. */
mc_status mci_words_fit(mci_words *words, mc_error *err);
/* The number of any token, MCI_WORD_UNKNOWN if it is not there. */
uint32_t mci_words_number(const mci_words *words, mc_str token);

/* The first len (<= 16) of the 16 bytes at `at`, zeros behind. */
static inline void mci_key_load(const char *at, size_t len, uint64_t key[2])
{
    /* From its byte 16 - n on it masks the first n bytes. */
    static const uint64_t ones_zeros[4] = { ~UINT64_C(0), ~UINT64_C(0), 0, 0 };
    uint64_t mask[2];
    memcpy(key, at, MCI_KEY_BYTES);
    memcpy(mask, (const char *)ones_zeros + MCI_KEY_BYTES - len, MCI_KEY_BYTES);
    key[0] &= mask[0];
    key[1] &= mask[1];
}

/* The upper half is well mixed; it says where to look. */
static inline uint64_t mci_key_hash(uint64_t first, uint64_t second)
{
    uint64_t h = first * UINT64_C(0x9E3779B97F4A7C15);
    return (h ^ h >> 32 ^ second) * UINT64_C(0xD6E8FEB86659FD93);
}

static inline uint32_t mci_word_home(mci_word_table table, uint32_t hash)
{
    return table.first + 2 * (uint32_t)((uint64_t)hash * table.n_lines >> 32);
}

/* A token of 0..16 bytes that is no mark; 16 bytes at `at` are readable. */
static inline void mci_token_short(mci_word_table hot, const char *at, size_t len, mci_token *token)
{
    uint64_t key[2];
    mci_key_load(at, len, key);
    uint32_t hash = (uint32_t)(mci_key_hash(key[0], key[1]) >> 32);
    token->key[0] = key[0];
    token->key[1] = key[1];
    token->len_plus_1 = (uint32_t)len + 1;
    token->hash = hash;
    token->home = len ? mci_word_home(hot, hash) : MCI_WORD_EMPTY;
}

/* A token of more bytes; nothing beyond them is read. */
void mci_token_long(mci_word_table hot, mc_str text, mci_token *token);

/* The token of a mark, by mci_mark_of. */
static inline void mci_token_mark(unsigned mark, mci_token *token)
{
    token->key[0] = mark;
    token->key[1] = 0;
    token->len_plus_1 = 2;
    token->home = MCI_WORD_MARKS + mark - 1;
}

static inline bool mci_token_is_long(const mci_token *token)
{
    return token->len_plus_1 > MCI_KEY_BYTES + 1;
}

static inline uint64_t mci_word_unlike(const mci_word *word, const mci_token *token)
{
    return (word->key[0] ^ token->key[0]) | (word->key[1] ^ token->key[1]) |
           (word->len_plus_1 ^ token->len_plus_1);
}

/* The slot of the token, looking from `home` on, MCI_WORD_UNKNOWN if a free one comes first. */
uint32_t mci_words_find_from(const mci_words *words, mci_word_table table, uint32_t home,
                             const mci_token *token);

/* The same: most tokens are in the cache line of their home, or a free slot is. */
static inline uint32_t mci_words_find_in(const mci_words *words, mci_word_table table,
                                         uint32_t home, const mci_token *token)
{
    const mci_word *line = &words->words[home];
    uint64_t unlike_first = mci_word_unlike(&line[0], token);
    uint64_t unlike_second = mci_word_unlike(&line[1], token);
    if (unlike_first == 0 || unlike_second == 0)
        return home + (unlike_first != 0);
    return line[0].len_plus_1 == 0 ? MCI_WORD_UNKNOWN
                                   : mci_words_find_from(words, table, home, token);
}

static inline uint32_t mci_words_find_hot(const mci_words *words, const mci_token *token)
{
    return mci_words_find_in(words, words->hot, token->home, token);
}

static inline uint32_t mci_words_find_cold(const mci_words *words, const mci_token *token)
{
    return mci_words_find_in(words, words->cold, mci_word_home(words->cold, token->hash), token);
}

#endif
