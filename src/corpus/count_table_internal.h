/* How tables of counts are laid out; for count_table*.c. */
#ifndef MCI_CORPUS_COUNT_TABLE_INTERNAL_H
#define MCI_CORPUS_COUNT_TABLE_INTERNAL_H

#include "base/buf.h"
#include "corpus/count_table.h"

typedef struct {
    size_t at; /* in bytes */
    uint32_t len;
    uint32_t hash;
    uint64_t count;
} mci_counted_word;

typedef struct {
    uint64_t key;   /* first << 32 | second */
    uint64_t count; /* 0: free */
} mci_counted_pair;

enum { MCI_PAIR_QUEUE = 32 };

struct mci_count_table {
    uint64_t memory_bytes;
    mci_buf bytes; /* of all words */
    mci_counted_word *words;
    size_t n_words, cap_words;
    uint32_t *word_slots;    /* number + 1; 0: free */
    size_t n_word_slots;     /* a power of two */
    mci_counted_pair *pairs; /* open addressing */
    size_t n_pairs, n_pair_slots;
    /* Pairs whose slot is on its way from memory. */
    uint64_t queue[MCI_PAIR_QUEUE];
    unsigned n_queued;
};

static inline mc_str mci_counted_str(const mci_count_table *table, const mci_counted_word *word)
{
    return (mc_str){ table->bytes.data + word->at, word->len };
}

#endif
