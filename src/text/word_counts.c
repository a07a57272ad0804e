#include "text/word_counts.h"

#include "base/alloc.h"
#include "base/hash.h"

mc_str mci_word_counts_word(const mci_word_counts *words, size_t i)
{
    uint64_t start = i ? words->ends[i - 1] : 0;
    return (mc_str){ words->bytes.data + start, (size_t)(words->ends[i] - start) };
}

static size_t slot_of(const mci_word_counts *words, mc_str word)
{
    size_t slot = mci_hash64(word, 0) & (words->n_slots - 1);
    while (words->slots[slot] &&
           !mc_str_equal(mci_word_counts_word(words, words->slots[slot] - 1), word))
        slot = (slot + 1) & (words->n_slots - 1);
    return slot;
}

static mc_status make_room(mci_word_counts *words, mc_error *err)
{
    enum { FIRST_SLOTS = 1 << 14 };
    size_t n_slots = words->n_slots ? 2 * words->n_slots : FIRST_SLOTS;
    if (2 * (words->n + 1) <= words->n_slots)
        return MC_OK;
    uint32_t *slots = mci_alloc_zeroed(n_slots, sizeof *slots);
    if (!slots)
        return mci_nomem(err, n_slots * sizeof *slots);
    mci_free(words->slots);
    words->slots = slots;
    words->n_slots = n_slots;
    for (size_t i = 0; i < words->n; i++)
        words->slots[slot_of(words, mci_word_counts_word(words, i))] = (uint32_t)i + 1;
    return MC_OK;
}

mc_status mci_word_counts_add(mci_word_counts *words, mc_str word, mc_error *err)
{
    MC_TRY(make_room(words, err));
    size_t slot = slot_of(words, word), n = words->n;
    if (words->slots[slot]) {
        words->counts[words->slots[slot] - 1]++;
        return MC_OK;
    }
    MC_TRY(mci_grow((void **)&words->ends, &words->cap_ends, n + 1, sizeof(uint64_t), err));
    MC_TRY(mci_grow((void **)&words->counts, &words->cap_counts, n + 1, sizeof(uint64_t), err));
    MC_TRY(mci_buf_add(&words->bytes, word, err));
    words->ends[n] = words->bytes.len;
    words->counts[n] = 1;
    words->n = n + 1;
    words->slots[slot] = (uint32_t)words->n;
    return MC_OK;
}

void mci_word_counts_release(mci_word_counts *words)
{
    mci_buf_release(&words->bytes);
    mci_free(words->ends);
    mci_free(words->counts);
    mci_free(words->slots);
    *words = (mci_word_counts){ 0 };
}
