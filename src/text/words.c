#include "text/words.h"

#include "base/alloc.h"

enum { FIRST_PLACES = 1024, MOST_FIRST_PLACES = 1 << 22, MAX_SEEDS = 64 };

#define KEY_LONG (UINT64_C(0xFF) << MCI_KEY_LEN_SHIFT)

/* ---- long words ---- */

/* 16 bytes at a time, the last 16 perhaps overlapping those before. What a length or 16 bytes give
 * depends on the seed, so that bytes behind them cannot be chosen to undo it. */
uint64_t mci_long_hash(const mci_words *words, mc_str token)
{
    uint64_t hash = mci_key_hash(words, (mci_key){ { token.len, UINT64_MAX } });
    for (size_t i = 0; i < token.len; i += MCI_KEY_BYTES) {
        size_t left = token.len - i;
        mci_key key;
        memcpy(&key, token.data + (left < MCI_KEY_BYTES ? token.len - MCI_KEY_BYTES : i),
               sizeof key);
        key.part[0] ^= hash;
        hash = mci_key_hash(words, key);
    }
    return hash;
}

/* Whether the key is that of this longer token, whose hash is known. */
static bool is_long_key(const mci_words *words, mci_key key, uint64_t hash, mc_str token)
{
    if (key.part[0] != hash || (key.part[1] & KEY_LONG) != KEY_LONG)
        return false;
    const char *at = words->long_words.data + (key.part[1] & ~KEY_LONG);
    uint64_t len;
    memcpy(&len, at, sizeof len);
    return len == token.len && memcmp(at + sizeof len, token.data, token.len) == 0;
}

mci_key mci_words_long_key(const mci_words *words, uint32_t slot, uint64_t hash, mc_str token)
{
    mci_key key = words->words[slot].key;
    return is_long_key(words, key, hash, token) ? key : (mci_key){ { hash, UINT64_MAX } };
}

/* ---- building ---- */

struct mci_words_builder {
    mci_words words; /* its seed and long words */
    mci_key *keys;   /* by index */
    uint64_t *hashes;
    size_t n, cap_keys, cap_hashes;
    uint32_t *places; /* hash table of indices plus 1; at most half full */
    size_t n_places;  /* a power of two */
};

mc_status mci_words_builder_new(const uint64_t seed[2], size_t n_likely, mci_words_builder **out,
                                mc_error *err)
{
    size_t n_places = FIRST_PLACES;
    while (n_places < MOST_FIRST_PLACES && n_places / 2 < n_likely)
        n_places *= 2;
    mci_words_builder *b = mci_alloc_zeroed(1, sizeof *b);
    uint32_t *places = mci_alloc_zeroed(n_places, sizeof *places);
    if (!b || !places) {
        mci_free(b);
        mci_free(places);
        return mci_nomem(err, n_places * sizeof *places);
    }
    memcpy(b->words.seed, seed, sizeof b->words.seed);
    b->places = places;
    b->n_places = n_places;
    *out = b;
    return MC_OK;
}

void mci_words_builder_free(mci_words_builder *builder)
{
    if (!builder)
        return;
    mci_words_release(&builder->words);
    mci_free(builder->keys);
    mci_free(builder->hashes);
    mci_free(builder->places);
    mci_free(builder);
}

static size_t place_of(const mci_words_builder *b, uint64_t hash)
{
    return hash & (b->n_places - 1);
}

static mc_status grow_places(mci_words_builder *b, mc_error *err)
{
    uint32_t *places = mci_alloc_zeroed(2 * b->n_places, sizeof *places);
    if (!places)
        return mci_nomem(err, 2 * b->n_places * sizeof *places);
    mci_free(b->places);
    b->places = places;
    b->n_places *= 2;
    for (size_t i = 0; i < b->n; i++) {
        size_t place = place_of(b, b->hashes[i]);
        while (places[place])
            place = (place + 1) & (b->n_places - 1);
        places[place] = (uint32_t)i + 1;
    }
    return MC_OK;
}

static mc_status append(mci_words_builder *b, mci_key key, uint64_t hash, mc_error *err)
{
    void *keys = b->keys, *hashes = b->hashes;
    if (b->n == MCI_MAX_SLOT_KEYS)
        return mc_fail(err, MC_E_LIMIT, "more than %d different words", (int)MCI_MAX_SLOT_KEYS);
    MC_TRY(mci_grow(&keys, &b->cap_keys, b->n + 1, sizeof *b->keys, err));
    b->keys = keys;
    MC_TRY(mci_grow(&hashes, &b->cap_hashes, b->n + 1, sizeof *b->hashes, err));
    b->hashes = hashes;
    b->keys[b->n] = key;
    b->hashes[b->n++] = hash;
    return MC_OK;
}

static mci_key short_key(mc_str token)
{
    char padded[MCI_KEY_BYTES] = { 0 };
    if (token.len)
        memcpy(padded, token.data, token.len);
    return mci_key_of(padded, token.len);
}

/* The key of a longer token that is new: puts it to the long words. */
static mc_status new_long_key(mci_words *words, mc_str token, uint64_t hash, mci_key *key,
                              mc_error *err)
{
    uint64_t len = token.len;
    *key = (mci_key){ { hash, KEY_LONG | words->long_words.len } };
    MC_TRY(mci_buf_append(&words->long_words, &len, sizeof len, err));
    return mci_buf_add(&words->long_words, token, err);
}

/* A token on its way in. */
typedef struct {
    mci_key key; /* not of a long one */
    uint64_t hash;
} hashed_token;

static bool is_short(mc_str token)
{
    return token.len <= MCI_SHORT_BYTES;
}

static hashed_token hash_token(const mci_words *words, mc_str token)
{
    hashed_token hashed = { 0 };
    if (is_short(token))
        hashed.key = short_key(token);
    hashed.hash = is_short(token) ? mci_key_hash(words, hashed.key) : mci_long_hash(words, token);
    return hashed;
}

static mc_status add_token(mci_words_builder *b, mc_str token, hashed_token hashed, uint32_t *index,
                           mc_error *err)
{
    size_t place = place_of(b, hashed.hash);
    for (; b->places[place]; place = (place + 1) & (b->n_places - 1)) {
        uint32_t i = b->places[place] - 1;
        if (is_short(token) ? mci_key_equal(b->keys[i], hashed.key)
                            : is_long_key(&b->words, b->keys[i], hashed.hash, token)) {
            *index = i;
            return MC_OK;
        }
    }
    if (!is_short(token))
        MC_TRY(new_long_key(&b->words, token, hashed.hash, &hashed.key, err));
    if (token.len > b->words.longest)
        b->words.longest = token.len;
    *index = (uint32_t)b->n;
    MC_TRY(append(b, hashed.key, hashed.hash, err));
    b->places[place] = (uint32_t)b->n;
    return 2 * b->n > b->n_places ? grow_places(b, err) : MC_OK;
}

/* What a step reads, the step before asks for, so that misses overlap. */
mc_status mci_words_add(mci_words_builder *b, const mc_str *tokens, size_t n, uint32_t *indices,
                        mc_error *err)
{
    hashed_token hashed[MCI_WORDS_TOGETHER];
    for (size_t i = 0; i < n; i++) {
        hashed[i] = hash_token(&b->words, tokens[i]);
        __builtin_prefetch(&b->places[place_of(b, hashed[i].hash)], 1);
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t index_plus_1 = b->places[place_of(b, hashed[i].hash)];
        if (index_plus_1)
            __builtin_prefetch(&b->keys[index_plus_1 - 1]);
    }
    for (size_t i = 0; i < n; i++)
        MC_TRY(add_token(b, tokens[i], hashed[i], &indices[i], err));
    return MC_OK;
}

/* Makes the hashes anew with the next seed. */
static void change_seed(mci_words_builder *b)
{
    mci_words *words = &b->words;
    words->seed[0] = mci_mix(words->seed[0] + 1, UINT64_C(0x9E3779B97F4A7C15));
    words->seed[1] = mci_mix(words->seed[1] + 1, UINT64_C(0xD6E8FEB86659FD93));
    for (size_t i = 0; i < b->n; i++) {
        mci_key *key = &b->keys[i];
        if ((key->part[1] & KEY_LONG) == KEY_LONG) {
            const char *at = words->long_words.data + (key->part[1] & ~KEY_LONG);
            uint64_t len;
            memcpy(&len, at, sizeof len);
            key->part[0] = mci_long_hash(words, (mc_str){ at + sizeof len, (size_t)len });
            b->hashes[i] = key->part[0];
        } else {
            b->hashes[i] = mci_key_hash(words, *key);
        }
    }
}

static mc_status place_words(mci_words_builder *b, mc_error *err)
{
    for (int i = 0; i < MAX_SEEDS; i++) {
        bool placed;
        MC_TRY(mci_slots_place(b->hashes, b->n, &placed, &b->words.slots, err));
        if (placed)
            return MC_OK;
        change_seed(b);
    }
    return mc_fail(err, MC_E_LIMIT, "%zu words cannot be told apart by their hashes", b->n);
}

mc_status mci_words_build(mci_words_builder *b, uint32_t *indices, size_t n_indices, mci_words *out,
                          mc_error *err)
{
    MC_TRY(place_words(b, err));
    mci_words *words = &b->words;
    MC_TRY(mci_table_memory_new((size_t)words->slots.n_slots + 1, sizeof *words->words,
                                &words->memory, err));
    words->words = words->memory.data;
    for (size_t i = 0; i < b->n; i++)
        words->words[mci_slot_of(&words->slots, b->hashes[i])].key = b->keys[i];
    for (size_t i = 0; i < n_indices; i++)
        indices[i] = mci_slot_of(&words->slots, b->hashes[indices[i]]);
    *out = *words;
    *words = (mci_words){ 0 };
    return MC_OK;
}

uint32_t mci_words_number(const mci_words *words, mc_str token)
{
    if (token.len > words->longest)
        return MCI_WORD_UNKNOWN;
    bool is_short = token.len <= MCI_SHORT_BYTES;
    mci_key key = { { 0 } };
    if (is_short)
        key = short_key(token);
    uint64_t hash = is_short ? mci_key_hash(words, key) : mci_long_hash(words, token);
    uint32_t slot = mci_slot_of(&words->slots, hash);
    if (!is_short)
        key = mci_words_long_key(words, slot, hash, token);
    return mci_key_equal(key, words->words[slot].key) ? slot : MCI_WORD_UNKNOWN;
}

void mci_words_release(mci_words *words)
{
    mci_table_memory_release(&words->memory);
    mci_slots_release(&words->slots);
    mci_buf_release(&words->long_words);
    *words = (mci_words){ 0 };
}
