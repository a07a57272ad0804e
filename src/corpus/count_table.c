#include "base/alloc.h"
#include "base/hash.h"
#include "corpus/count_run.h"
#include "corpus/count_table_internal.h"

enum { FIRST_SLOTS = 1 << 12 };

mc_status mci_count_table_new(uint64_t memory_bytes, mci_count_table **out, mc_error *err)
{
    mci_count_table *table = mci_alloc_zeroed(1, sizeof *table);
    if (!table)
        return mci_nomem(err, sizeof *table);
    table->memory_bytes = memory_bytes;
    *out = table;
    return MC_OK;
}

void mci_count_table_free(mci_count_table *table)
{
    if (!table)
        return;
    mci_buf_release(&table->bytes);
    mci_free(table->words);
    mci_free(table->word_slots);
    mci_free(table->pairs);
    mci_free(table);
}

/* Full is what the next doubling would make too large. */
bool mci_count_table_is_full(const mci_count_table *table)
{
    uint64_t words = table->bytes.len + table->n_words * sizeof *table->words +
                     table->n_word_slots * sizeof *table->word_slots;
    uint64_t pairs = table->n_pair_slots * sizeof *table->pairs;
    bool pairs_will_grow = table->n_pairs > table->n_pair_slots / 8 * 5;
    return words + pairs + (pairs_will_grow ? 2 * pairs : 0) > table->memory_bytes ||
           table->n_words > UINT32_MAX / 2;
}

bool mci_count_table_is_empty(const mci_count_table *table)
{
    return table->n_words == 0;
}

/* ---- words ---- */

static mc_status grow_word_slots(mci_count_table *table, mc_error *err)
{
    size_t n = table->n_word_slots ? 2 * table->n_word_slots : FIRST_SLOTS;
    uint32_t *slots = mci_alloc_zeroed(n, sizeof *slots);
    if (!slots)
        return mci_nomem(err, n * sizeof *slots);
    for (size_t i = 0; i < table->n_words; i++) {
        size_t slot = table->words[i].hash & (n - 1);
        while (slots[slot])
            slot = (slot + 1) & (n - 1);
        slots[slot] = (uint32_t)i + 1;
    }
    mci_free(table->word_slots);
    table->word_slots = slots;
    table->n_word_slots = n;
    return MC_OK;
}

static mc_status add_word(mci_count_table *table, mc_str word, uint32_t hash, size_t slot,
                          mc_error *err)
{
    void *words = table->words;
    if (word.len > MCI_MOST_KEY_BYTES / 2 - 1)
        return mc_fail(err, MC_E_LIMIT, "a word of %zu bytes", word.len);
    if (table->n_words == UINT32_MAX - 1)
        return mc_fail(err, MC_E_LIMIT, "more than %zu words in memory", table->n_words);
    MC_TRY(mci_grow(&words, &table->cap_words, table->n_words + 1, sizeof *table->words, err));
    table->words = words;
    table->words[table->n_words] =
        (mci_counted_word){ .at = table->bytes.len, .len = (uint32_t)word.len, .hash = hash };
    MC_TRY(mci_buf_add(&table->bytes, word, err));
    table->word_slots[slot] = (uint32_t)++table->n_words;
    return MC_OK;
}

mc_status mci_count_word(mci_count_table *table, mc_str word, uint64_t n, uint32_t *id,
                         mc_error *err)
{
    if (table->n_words >= table->n_word_slots / 2)
        MC_TRY(grow_word_slots(table, err));
    uint32_t hash = (uint32_t)mci_hash64(word, 0);
    size_t mask = table->n_word_slots - 1, slot = hash & mask;
    for (uint32_t held; (held = table->word_slots[slot]); slot = (slot + 1) & mask) {
        mci_counted_word *seen = &table->words[held - 1];
        if (seen->hash == hash && mc_str_equal(mci_counted_str(table, seen), word)) {
            seen->count += n;
            *id = held - 1;
            return MC_OK;
        }
    }
    MC_TRY(add_word(table, word, hash, slot, err));
    *id = (uint32_t)table->n_words - 1;
    table->words[*id].count = n;
    return MC_OK;
}

uint64_t mci_count_of(const mci_count_table *table, mc_str word)
{
    if (table->n_words == 0)
        return 0;
    uint32_t hash = (uint32_t)mci_hash64(word, 0);
    size_t mask = table->n_word_slots - 1, slot = hash & mask;
    for (uint32_t held; (held = table->word_slots[slot]); slot = (slot + 1) & mask) {
        const mci_counted_word *seen = &table->words[held - 1];
        if (seen->hash == hash && mc_str_equal(mci_counted_str(table, seen), word))
            return seen->count;
    }
    return 0;
}

/* ---- pairs ---- */

static size_t slot_of_pair(uint64_t key, size_t mask)
{
    key ^= key >> 32;
    key *= UINT64_C(0x9E3779B97F4A7C15);
    key ^= key >> 29;
    key *= UINT64_C(0xBF58476D1CE4E5B9);
    return (size_t)(key ^ key >> 32) & mask;
}

static void count_key(mci_counted_pair *pairs, size_t mask, uint64_t key, uint64_t n,
                      size_t *n_pairs)
{
    size_t slot = slot_of_pair(key, mask);
    while (pairs[slot].count && pairs[slot].key != key)
        slot = (slot + 1) & mask;
    *n_pairs += pairs[slot].count == 0;
    pairs[slot].key = key;
    pairs[slot].count += n;
}

static mc_status grow_pairs(mci_count_table *table, mc_error *err)
{
    size_t n = table->n_pair_slots ? 2 * table->n_pair_slots : FIRST_SLOTS, n_pairs = 0;
    mci_counted_pair *pairs = mci_alloc_zeroed(n, sizeof *pairs);
    if (!pairs)
        return mci_nomem(err, n * sizeof *pairs);
    for (size_t i = 0; i < table->n_pair_slots; i++)
        if (table->pairs[i].count)
            count_key(pairs, n - 1, table->pairs[i].key, table->pairs[i].count, &n_pairs);
    mci_free(table->pairs);
    table->pairs = pairs;
    table->n_pair_slots = n;
    return MC_OK;
}

mc_status mci_count_flush(mci_count_table *table, mc_error *err)
{
    if (table->n_queued == 0)
        return MC_OK;
    if (table->n_pairs + table->n_queued > table->n_pair_slots / 4 * 3)
        MC_TRY(grow_pairs(table, err));
    for (unsigned i = 0; i < table->n_queued; i++)
        count_key(table->pairs, table->n_pair_slots - 1, table->queue[i], 1, &table->n_pairs);
    table->n_queued = 0;
    return MC_OK;
}

mc_status mci_count_pair(mci_count_table *table, uint32_t first, uint32_t second, mc_error *err)
{
    uint64_t key = (uint64_t)first << 32 | second;
    if (table->n_queued == MCI_PAIR_QUEUE)
        MC_TRY(mci_count_flush(table, err));
    if (table->pairs)
        __builtin_prefetch(&table->pairs[slot_of_pair(key, table->n_pair_slots - 1)], 1);
    table->queue[table->n_queued++] = key;
    return MC_OK;
}
