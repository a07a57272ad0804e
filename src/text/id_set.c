#include "text/id_set.h"

#include "base/alloc.h"

/* Up to here counting the smaller ones is faster than bits; found by bench_matcher. */
enum { N_RANKED = 40, LANE = 8 };

#define NO_ID UINT32_MAX

static size_t n_words(size_t n_bits)
{
    return n_bits / 64 + (n_bits % 64 != 0);
}

mc_status mci_id_set_begin(mci_id_set *set, size_t n, mc_error *err)
{
    set->n_fresh = 0;
    if (n <= set->n_bits)
        return MC_OK;
    size_t n_bits_words = n_words(n), n_summary_words = n_words(n_bits_words);
    uint64_t *bits = mci_alloc_zeroed(n_bits_words + n_summary_words, sizeof *bits);
    if (!bits)
        return mci_nomem(err, (n_bits_words + n_summary_words) * sizeof *bits);
    mci_free(set->bits);
    set->bits = bits;
    set->summary = bits + n_bits_words;
    set->n_bits = n_bits_words * 64;
    return MC_OK;
}

static void set_bit(mci_id_set *set, uint32_t id)
{
    size_t word = id >> 6;
    set->n_set += !(set->bits[word] >> (id & 63) & 1);
    set->bits[word] |= UINT64_C(1) << (id & 63);
    set->summary[word >> 6] |= UINT64_C(1) << (word & 63);
}

void mci_id_set_fold(mci_id_set *set)
{
    for (size_t i = 0; i < set->n_fresh; i++)
        set_bit(set, set->fresh[i]);
    set->n_fresh = 0;
}

/* Writes the ids of one word of bits, from its number, and clears it. */
static uint32_t *take_word(mci_id_set *set, size_t word, uint32_t *to)
{
    for (uint64_t left = set->bits[word]; left; left &= left - 1)
        *to++ = (uint32_t)(word << 6) | (uint32_t)__builtin_ctzll(left);
    set->bits[word] = 0;
    return to;
}

/* Writes all ids (if to is not NULL) and clears the bits. */
static void take_bits(mci_id_set *set, uint32_t *to)
{
    size_t n_summary_words = n_words(n_words(set->n_bits));
    for (size_t i = 0; set->n_set && i < n_summary_words; i++) {
        for (uint64_t left = set->summary[i]; left; left &= left - 1) {
            size_t word = i << 6 | (size_t)__builtin_ctzll(left);
            if (to)
                to = take_word(set, word, to);
            else
                set->bits[word] = 0;
        }
        set->summary[i] = 0;
    }
    set->n_set = 0;
}

/* Ranks the ids of one lane against all n: compilers keep the lane in vector registers, which
 * compare signed numbers only. */
static void rank_lane(const uint32_t *ids, size_t n, const uint32_t lane[LANE], uint32_t rank[LANE])
{
    uint32_t smaller[LANE] = { 0 };
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < LANE; k++)
            smaller[k] += (int32_t)ids[i] < (int32_t)lane[k];
    }
    memcpy(rank, smaller, sizeof smaller);
}

/* The place of an id is the number of smaller ones: no branch depends on the ids. Equal ids have
 * one place, so that places stay empty behind it. */
static size_t rank_sort(uint32_t *ids, size_t n, uint32_t *to)
{
    uint32_t places[N_RANKED + LANE], rank[N_RANKED + LANE];
    for (size_t i = 0; i < n + LANE; i++)
        places[i] = NO_ID;
    for (size_t i = 0; i < n; i += LANE)
        rank_lane(ids, n, ids + i, rank + i);
    for (size_t i = 0; i < n; i++)
        places[rank[i]] = ids[i];
    size_t n_unique = 0;
    for (size_t i = 0; i < n; i++) {
        to[n_unique] = places[i];
        n_unique += places[i] != NO_ID;
    }
    return n_unique;
}

void mci_id_set_clear(mci_id_set *set)
{
    set->n_fresh = 0;
    take_bits(set, NULL);
}

size_t mci_id_set_take(mci_id_set *set, uint32_t *to)
{
    if (set->n_set == 0 && set->n_fresh <= N_RANKED && set->n_bits <= (size_t)INT32_MAX) {
        size_t n = rank_sort(set->fresh, set->n_fresh, to);
        set->n_fresh = 0;
        return n;
    }
    mci_id_set_fold(set);
    size_t n = set->n_set;
    take_bits(set, to);
    return n;
}

void mci_id_set_release(mci_id_set *set)
{
    mci_free(set->bits);
    *set = (mci_id_set){ 0 };
}
