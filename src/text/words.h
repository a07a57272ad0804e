/* The vocabulary of a matcher: every token of its entries, each in a slot of its own that holds all
 * that matching asks of a token. matcher.c draws it. */
#ifndef MCI_TEXT_WORDS_H
#define MCI_TEXT_WORDS_H

#include "base/buf.h"
#include "text/slots.h"

/* A token's number is its slot. */
enum { MCI_WORD_UNKNOWN = 0 }; /* what is in no entry: leads nowhere, so it needs no special case */

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "this file wants a little-endian machine"
#endif

/* A token as 16 bytes: keys are equal if and only if the tokens are. No token's key is all zero.
 *
 *   up to 15 bytes   | the token, zeros behind                   | length + 1 |
 *   longer           | hash, 8 bytes | place in `long_words`, 7  |    0xFF    |
 *
 * Before a longer token was found, it has no key. */
typedef struct {
    uint64_t part[2];
} mci_key;

enum { MCI_KEY_BYTES = 16, MCI_SHORT_BYTES = MCI_KEY_BYTES - 1, MCI_KEY_LEN_SHIFT = 56 };

typedef struct {
    mci_key key;
    uint64_t successors;   /* filter: tokens that come next in entries that begin with this one */
    uint32_t predecessors; /* filter: tokens that come before this one in any entry */
    uint32_t entry_plus_1; /* the entry that is this token alone; 0: none */
} mci_word;

typedef struct {
    mci_word *words; /* [slots.n_slots + 1] */
    mci_slots slots;
    uint64_t seed[2];   /* of hashes */
    mci_buf long_words; /* length, 8 bytes, then the bytes */
    size_t longest;     /* bytes of a word */
    mci_table_memory memory;
} mci_words;

/* ---- looking up ---- */

/* The first len (<= 15) of the 16 bytes at `at`. */
static inline mci_key mci_key_of(const char *at, size_t len)
{
    /* From its byte 16 - n on it masks the first n bytes. */
    static const uint64_t ones_zeros[4] = { ~UINT64_C(0), ~UINT64_C(0), 0, 0 };
    mci_key key, mask;
    memcpy(&key, at, sizeof key);
    memcpy(&mask, (const char *)ones_zeros + MCI_KEY_BYTES - len, sizeof mask);
    key.part[0] &= mask.part[0];
    key.part[1] &= mask.part[1];
    key.part[1] |= (uint64_t)(len + 1) << MCI_KEY_LEN_SHIFT;
    return key;
}

static inline mci_key mci_key_of_byte(char byte)
{
    return (mci_key){ { (unsigned char)byte, UINT64_C(2) << MCI_KEY_LEN_SHIFT } };
}

static inline bool mci_key_equal(mci_key a, mci_key b)
{
    return ((a.part[0] ^ b.part[0]) | (a.part[1] ^ b.part[1])) == 0;
}

static inline uint64_t mci_key_hash(const mci_words *words, mci_key key)
{
    return mci_mix(key.part[0] ^ words->seed[0], key.part[1] ^ words->seed[1]);
}

/* The hash of a token of 16 bytes or more; nothing beyond them is read. */
uint64_t mci_long_hash(const mci_words *words, mc_str token);
/* The key of such a token with this hash if the word in the slot is that token, else one that no
 * word has. */
mci_key mci_words_long_key(const mci_words *words, uint32_t slot, uint64_t hash, mc_str token);
/* The number of any token, MCI_WORD_UNKNOWN if it is not there. */
uint32_t mci_words_number(const mci_words *words, mc_str token);

/* ---- building ---- */

typedef struct mci_words_builder mci_words_builder;

/* The seed should depend on the list, so that no list can be made to collide. n_likely: how many
 * tokens there will be; a guess. */
mc_status mci_words_builder_new(const uint64_t seed[2], size_t n_likely, mci_words_builder **out,
                                mc_error *err);
void mci_words_builder_free(mci_words_builder *builder);
/* Adds those of the n tokens that are new, n up to MCI_WORDS_TOGETHER. Each one's index: how many
 * were there before it. Errors: MC_E_NOMEM, MC_E_LIMIT (2^30 tokens). */
enum { MCI_WORDS_TOGETHER = 32 };
mc_status mci_words_add(mci_words_builder *builder, const mc_str *tokens, size_t n,
                        uint32_t *indices, mc_error *err);
/* Gives each word its slot, and takes all from the builder; `indices` become numbers. On failure
 * release *out all the same. */
mc_status mci_words_build(mci_words_builder *builder, uint32_t *indices, size_t n_indices,
                          mci_words *out, mc_error *err);
void mci_words_release(mci_words *words);

#endif
