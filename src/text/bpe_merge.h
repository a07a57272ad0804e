/* A word's bytes to symbols: of all pairs of neighbours the one of the smallest rank becomes one
 * symbol, wherever it stands, from left to right; and so on until no pair has a rank. */
#ifndef MCI_TEXT_BPE_MERGE_H
#define MCI_TEXT_BPE_MERGE_H

#include "text/bpe_vocab.h"

/* Memory for long words. Zero-initialise, release at the end. */
typedef struct {
    struct mci_bpe_node *nodes;
    uint64_t *heap; /* rank << 32 | place */
    uint32_t *round;
    size_t cap_nodes, cap_heap, cap_round, n_heap;
} mci_bpe_scratch;

/* Puts the ids of a word (not empty, below 2^31 bytes) into ids, which has room for one a byte;
 * gives how many in *n. Short words cost a few lookups, long ones n log n. Errors: MC_E_NOMEM. */
mc_status mci_bpe_word(const mci_bpe_vocab *vocab, mci_bpe_scratch *scratch, mc_str word,
                       int32_t *ids, size_t *n, mc_error *err);
void mci_bpe_scratch_release(mci_bpe_scratch *scratch);

enum { MCI_BPE_SHORT = 48 }; /* bytes of a word that is merged in place; for tests */

#endif
